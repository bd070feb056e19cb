//! Every CEL rule of the definitions: refused with its sentence, and taken right beside the limit.

use serde_json::{Value, json};

use crate::support::{
    manifest::{asked, connection, decision, rollout, rollout_decision, shipment, with, with_source},
    scene::{Scene, scene},
    schema::{KINDS, Node, nodes, served},
    shipment::Handle,
};

/// One rule: the beginning of its sentence, manifests that it refuses, and their neighbours that it takes.
struct Case {
    says: &'static str,
    refused: Vec<Value>,
    taken: Vec<Value>,
}

fn of_spec(whole: &Value, says: &'static str, refused: Vec<Value>, taken: Vec<Value>) -> Case {
    let all = |changes: Vec<Value>| {
        changes.into_iter().map(|spec| with(whole.clone(), json!({"spec": spec}))).collect()
    };
    Case { says, refused: all(refused), taken: all(taken) }
}

fn long(letters: usize) -> String {
    "a".repeat(letters)
}

/// One field of the recipient or the address whose length ends at the vendor's limit.
fn limit(says: &'static str, part: &str, field: &str, most: usize) -> Case {
    let of = |letters| json!({part: {field: long(letters)}});
    of_spec(&shipment(), says, vec![of(most + 1)], vec![of(most)])
}

fn shipment_cases() -> Vec<Case> {
    let whole_key = json!({"model": null, "productId": 1, "inventoryProductId": 1, "customizationId": "R"});
    let address =
        |country: &str, region: Value| json!({"address": {"countryCode": country, "region": region}});
    let parts = ["line1", "line2", "city", "region", "postalCode", "countryCode"];
    let alone = |kept: &str| {
        let all: serde_json::Map<_, _> = parts
            .iter()
            .filter(|part| **part != kept)
            .map(|part| ((*part).to_owned(), Value::Null))
            .collect();
        json!({"address": all})
    };
    vec![
        of_spec(
            &shipment(),
            "spec.existingKeyPolicy OrderAnother needs",
            vec![json!({"existingKeyPolicy": "OrderAnother", "existingKeyBefore": null})],
            vec![json!({"existingKeyPolicy": "OrderAnother"}), json!({"existingKeyBefore": null})],
        ),
        of_spec(
            &shipment(),
            "spec.userRef takes exactly one",
            vec![json!({"userRef": {"id": "00u1"}}), json!({"userRef": {"login": null}})],
            vec![json!({"userRef": {"login": null, "id": "00u1"}}), json!({})],
        ),
        of_spec(
            &shipment(),
            "spec.key takes either model or all",
            vec![
                json!({"key": {"productId": 1}}),
                json!({"key": {"model": null}}),
                json!({"key": {"model": null, "productId": 1, "inventoryProductId": 1}}),
            ],
            vec![json!({}), json!({"key": whole_key})],
        ),
        limit("spec.recipient.firstName has at most 15", "recipient", "firstName", 15),
        limit("spec.recipient.lastName has at most 20", "recipient", "lastName", 20),
        limit("spec.recipient.company has at most 20", "recipient", "company", 20),
        limit("spec.recipient.email has at most 80", "recipient", "email", 80),
        of_spec(
            &shipment(),
            "spec.recipient.phone may hold only",
            vec![json!({"recipient": {"phone": "+49 30 1x"}}), json!({"recipient": {"phone": "1/2"}})],
            vec![json!({"recipient": {"phone": "+49 (30) 55-1"}})],
        ),
        of_spec(
            &shipment(),
            "spec.address is all or nothing",
            parts.into_iter().map(alone).chain([json!({"address": {"postalCode": null}})]).collect(),
            vec![alone("none"), json!({"address": {"line2": null, "region": null}})],
        ),
        of_spec(
            &shipment(),
            "spec.address.region must be the two-letter",
            vec![address("US", json!("Mass")), address("CA", Value::Null), address("US", json!("ma"))],
            vec![address("US", json!("MA")), address("CA", json!("ON")), address("DE", Value::Null)],
        ),
        limit("spec.address.line1 has at most 60", "address", "line1", 60),
        limit("spec.address.line2 has at most 60", "address", "line2", 60),
        limit("spec.address.city has at most 60", "address", "city", 60),
        limit("spec.address.region has at most 50", "address", "region", 50),
        limit("spec.address.postalCode has at most 20", "address", "postalCode", 20),
    ]
}

fn connection_cases() -> Vec<Case> {
    let spec = |says, refused, taken| of_spec(&connection(), says, refused, taken);
    let named = |letters| with(connection(), json!({"metadata": {"name": long(letters)}}));
    let url = |url: &str| json!({"okta": {"orgUrl": url}});
    let plain = |field: &str| json!({"yubico": {field: "http://y/x"}});
    let two = |other: &str| {
        let key = |name: &str| json!({"name": name, "productId": 1, "inventoryProductId": 1, "customizationId": "R"});
        json!({"keys": [key("m"), key(other)]})
    };
    let key = json!({"clientId": "c", "keyId": "k"});
    vec![
        Case { says: "metadata.name has at most 63", refused: vec![named(64)], taken: vec![named(63)] },
        spec(
            "spec: every URL must begin with https://",
            vec![url("http://a"), plain("apiUrl"), plain("transportKeysUrl"), plain("signingKeysUrl")],
            vec![
                url("https://a"),
                json!({"okta": {"orgUrl": "http://localhost:1"}, "allowInsecureLoopback": true}),
            ],
        ),
        spec(
            "spec.recipientSource.http.url must begin with https://",
            vec![json!({"recipientSource": {"http": {"url": "http://h/x"}}})],
            vec![
                json!({"recipientSource": {"http": {"url": "https://h/x"}}}),
                json!({"recipientSource": {"http": {"url": "http://localhost:1"}}, "allowInsecureLoopback": true}),
                json!({"recipientSource": null}),
            ],
        ),
        spec("spec.keys: each name may stand once", vec![two("m")], vec![two("n")]),
        spec(
            "spec.okta.orgUrl must be the org's own URL",
            vec![url("https://acme-admin.okta.com")],
            vec![url("https://acme-admins.okta.com"), url("https://admin.okta.com")],
        ),
        spec(
            "spec.okta.auth takes exactly one",
            vec![
                json!({"okta": {"auth": {"privateKeyJwt": null}}}),
                json!({"okta": {"auth": {"privateKeyJwt": key, "apiToken": {}}}}),
            ],
            vec![json!({"okta": {"auth": {"privateKeyJwt": null, "apiToken": {}}}})],
        ),
        spec(
            "spec.polling: firstAfter and interval are at least 1s",
            vec![json!({"polling": {"firstAfter": "999ms"}}), json!({"polling": {"interval": "999ms"}})],
            vec![json!({"polling": {"firstAfter": "1s", "interval": "1s"}})],
        ),
        spec(
            "spec.calls.settle must be at least twice",
            vec![
                json!({"calls": {"timeout": "30s", "settle": "69s999ms"}}),
                json!({"calls": {"timeout": "1s", "settle": "2s"}}),
                json!({"calls": {"timeout": "5m", "settle": "10m"}}),
            ],
            vec![
                json!({"calls": {"timeout": "30s", "settle": "70s"}}),
                json!({"calls": {"timeout": "1s", "settle": "12s"}}),
            ],
        ),
        spec(
            "spec.calls.timeout must lie between",
            vec![
                json!({"calls": {"timeout": "999ms"}}),
                json!({"calls": {"timeout": "5m1ms", "settle": "1h"}}),
            ],
            vec![
                json!({"calls": {"timeout": "1s"}}),
                json!({"calls": {"timeout": "5m", "settle": "10m10s"}}),
            ],
        ),
        spec(
            "spec.calls.lookDelay is at most 1m",
            vec![json!({"calls": {"lookDelay": "1m1ms"}})],
            vec![json!({"calls": {"lookDelay": "1m"}})],
        ),
        spec(
            "spec.allowedNamespaces: names goes with",
            vec![
                json!({"allowedNamespaces": {"from": "All"}}),
                json!({"allowedNamespaces": {"names": null}}),
                json!({"allowedNamespaces": {"from": "Selector", "names": null}}),
                json!({"allowedNamespaces": {"selector": {}}}),
            ],
            vec![
                json!({"allowedNamespaces": {"from": "All", "names": null}}),
                json!({"allowedNamespaces": {"from": "Selector", "names": null, "selector": {}}}),
            ],
        ),
    ]
}

/// Forms of single values: what stands in a field of this form in each kind, and what does not.
fn form_cases() -> Vec<Case> {
    let shipments = |says, refused, taken| of_spec(&shipment(), says, refused, taken);
    let connections = |says, refused, taken| of_spec(&connection(), says, refused, taken);
    let timeout = |text: &str| json!({"activation": {"deliveryTimeout": text}});
    let mut durations = shipments(
        "spec: a duration is made of",
        ["14d", "2 weeks", "1w", "1.5h", "-5m", "5", "P14D", "1h 30m", "336H", "two hours"]
            .map(timeout)
            .to_vec(),
        ["336h", "1h30m", "90m", "1500ms", "0s"].map(timeout).to_vec(),
    );
    let others = [
        with(connection(), json!({"spec": {"polling": {"firstAfter": "20 min"}}})),
        with(connection(), json!({"spec": {"polling": {"interval": "1d"}}})),
        with(connection(), json!({"spec": {"calls": {"timeout": "0.5m"}}})),
        with(connection(), json!({"spec": {"calls": {"settle": "5min"}}})),
        with(connection(), json!({"spec": {"calls": {"lookDelay": "2"}}})),
        with(rollout(), json!({"spec": users(&json!({"interval": "1d"}))})),
        groups(json!({"oktaGroup": {"interval": "hourly"}})),
        console(&json!({"maxAge": "1d"})),
        console(&json!({"interval": "60"})),
    ];
    durations.refused.extend(others);
    let url = |url: &str| json!({"yubico": {"apiUrl": url}});
    let host = |host: &str| json!({"okta": {"signInHost": host}});
    let name = |name: &str| json!({"keys": [{"name": name, "productId": 1, "inventoryProductId": 1, "customizationId": "R"}]});
    let phone = |phone: &str| json!({"recipientDefaults": {"phone": phone}});
    let codes = |codes: Value| json!({"recipientDefaults": {"postalCodes": codes}});
    let id = |id: &str| json!({"userRef": {"login": null, "id": id}});
    vec![
        durations,
        case(
            "spec: a country is its ISO 3166-1 code",
            vec![
                with(shipment(), json!({"spec": {"address": {"countryCode": "Germany"}}})),
                with(shipment(), json!({"spec": {"address": {"countryCode": "de"}}})),
                with(connection(), json!({"spec": {"recipientDefaults": {"countryCode": "USA"}}})),
                with(connection(), json!({"spec": {"yubico": {"countries": ["US", "Canada"]}}})),
            ],
            vec![with(connection(), json!({"spec": {"yubico": {"countries": ["US", "CA"]}}}))],
        ),
        connections(
            "spec: a URL is a scheme",
            vec![url("api.example.com"), url("https://a/x?y=1"), url("https://u:p@a"), url("https://a b")],
            vec![url("https://a"), url("https://[::1]:8443/v1"), url("https://api.example.com:443/v1")],
        ),
        connections(
            "spec: a host name has small letters",
            vec![
                host("https://login.acme.com"),
                host("Login.acme.com"),
                host("login.acme.com:443"),
                host("a/"),
            ],
            vec![host("login.acme.com"), host("a")],
        ),
        connections(
            "spec: the name of a key has",
            vec![name("YubiKey 5C"), name("5c_nfc"), name("-x")],
            vec![name("yubikey-5c-nfc"), name("5.7")],
        ),
        case(
            "spec: the name of a connection has",
            vec![
                with(shipment(), json!({"spec": {"connectionRef": {"name": "Acme"}}})),
                with(shipment(), json!({"spec": {"connectionRef": {"name": "acme.com"}}})),
                with(rollout(), json!({"spec": {"connectionRef": {"name": "acme_emea"}}})),
            ],
            vec![with(shipment(), json!({"spec": {"connectionRef": {"name": "acme-emea"}}}))],
        ),
        shipments(
            "spec: an id of Okta has",
            vec![id("ann.lee@example.com"), id("00u 1"), id("00u1/2")],
            vec![id("00u1a2b3c4d5e6f7g8h9")],
        ),
        connections(
            "spec: a telephone number has",
            vec![phone("555.0100"), phone("555 ext 7"), phone("+49/30")],
            vec![phone("+49 (30) 555-1")],
        ),
        connections(
            "spec.recipientDefaults.postalCodes goes by",
            vec![codes(json!({"hk": "000"})), codes(json!({"Hong Kong": "000"}))],
            vec![codes(json!({"HK": "000", "AE": "00000"}))],
        ),
    ]
}

fn decision_cases() -> Vec<Case> {
    let spec = |says, refused, taken| of_spec(&decision(), says, refused, taken);
    let discard = || json!({"action": "DiscardEnrollment", "shipmentID": null, "enrollmentID": "fwf1"});
    vec![
        spec(
            "spec.shipmentID goes with",
            vec![json!({"shipmentID": null}), json!({"action": "CancelOrder"})],
            vec![json!({}), json!({"action": "CancelOrder", "shipmentID": null})],
        ),
        spec(
            "spec.enrollmentID goes with",
            vec![json!({"enrollmentID": "fwf1"}), json!({"action": "DiscardEnrollment", "shipmentID": null})],
            vec![discard()],
        ),
    ]
}

/// A rollout of groups, with a change to its source.
fn groups(change: Value) -> Value {
    let mut source = json!({"oktaGroup": {"groups": [{"name": "g"}]}});
    crate::support::scene::merge(&mut source, change);
    with_source(rollout(), source)
}

/// A rollout of the console.
fn console(change: &Value) -> Value {
    with_source(rollout(), json!({"oktaConsole": change}))
}

/// A change to the list of a rollout.
fn users(change: &Value) -> Value {
    json!({"source": {"users": change}})
}

fn case(says: &'static str, refused: Vec<Value>, taken: Vec<Value>) -> Case {
    Case { says, refused, taken }
}

fn rollout_cases() -> Vec<Case> {
    let spec = |says, refused, taken| of_spec(&rollout(), says, refused, taken);
    let no_key = json!({"spec": {"template": {"spec": {"key": null}}}});
    let named = |letters: usize| with(rollout(), json!({"metadata": {"name": long(letters)}}));
    let orphan = |change: Value| {
        let mut spec = json!({"template": {"spec": {"deletionPolicy": "Orphan"}}});
        crate::support::scene::merge(&mut spec, change);
        spec
    };
    vec![
        case("metadata.name has at most 50", vec![named(51)], vec![named(50)]),
        case(
            "spec.template.spec.key is needed",
            vec![
                with(groups(json!({})), no_key.clone()),
                with(
                    with(rollout(), no_key.clone()),
                    json!({"spec": users(&json!({"list": [{"id": "00u1"}]}))}),
                ),
            ],
            vec![
                groups(json!({})),
                with(rollout(), no_key.clone()),
                with(
                    groups(json!({"oktaGroup": {"groups": [{"name": "g", "key": {"model": "m"}}]}})),
                    no_key.clone(),
                ),
            ],
        ),
        case(
            "spec.template.spec.key does not go",
            vec![with(console(&json!({})), json!({"spec": {"template": {"spec": {"key": {"model": "m"}}}}}))],
            vec![console(&json!({}))],
        ),
        spec(
            "spec.onLeave and spec.onDelete",
            vec![orphan(json!({"onLeave": "CancelIfNotShipped"})), orphan(json!({"onDelete": "Cancel"}))],
            vec![orphan(json!({})), json!({"onLeave": "CancelIfNotShipped", "onDelete": "Cancel"})],
        ),
        spec(
            "spec.template.metadata may not",
            ["labels", "annotations"]
                .map(|kind| json!({"template": {"metadata": {kind: {"fidoprereg.dev/rollout": "x"}}}}))
                .to_vec(),
            vec![json!({"template": {"metadata": {"labels": {"example.com/fidoprereg.dev": "x"}}}})],
        ),
        spec(
            "spec.template.spec.existingKeyPolicy OrderAnother needs",
            vec![
                json!({"template": {"spec": {"existingKeyPolicy": "OrderAnother", "existingKeyBefore": null}}}),
            ],
            vec![json!({"template": {"spec": {"existingKeyPolicy": "OrderAnother"}}})],
        ),
        spec(
            "spec.waves takes exactly one",
            vec![json!({"waves": [{"percent": 5, "count": 5}]}), json!({"waves": [{}]})],
            vec![json!({"waves": [{"percent": 5}, {"count": 5}]})],
        ),
    ]
}

fn source_cases() -> Vec<Case> {
    let spec = |says, refused, taken| of_spec(&rollout(), says, refused, taken);
    vec![
        case(
            "spec.source takes exactly one",
            vec![
                with_source(rollout(), json!({})),
                with(rollout(), json!({"spec": {"source": {"oktaGroup": {"groups": [{"name": "g"}]}}}})),
            ],
            vec![rollout()],
        ),
        case(
            "spec.source.oktaGroup.interval",
            vec![
                groups(json!({"oktaGroup": {"interval": "59s"}})),
                groups(json!({"oktaGroup": {"interval": "1s"}})),
            ],
            vec![groups(json!({"oktaGroup": {"interval": "1m"}}))],
        ),
        case(
            "spec.source.oktaGroup.groups takes",
            vec![
                groups(json!({"oktaGroup": {"groups": [{"name": "g", "id": "00g1"}]}})),
                groups(json!({"oktaGroup": {"groups": [{}]}})),
            ],
            vec![groups(json!({"oktaGroup": {"groups": [{"id": "00g1"}]}}))],
        ),
        spec(
            "spec.source.users takes exactly one",
            vec![users(&json!({"configMap": {"name": "m", "key": "k"}})), users(&json!({"list": null}))],
            vec![users(&json!({"list": null, "configMap": {"name": "m", "key": "k"}}))],
        ),
        spec(
            "spec.source.users.interval",
            vec![users(&json!({"interval": "59s999ms"})), users(&json!({"interval": "1s"}))],
            vec![users(&json!({"interval": "1m"}))],
        ),
        spec(
            "spec.source.users.list takes",
            vec![
                users(&json!({"list": [{"login": "kim@example.com", "id": "00u1"}]})),
                users(&json!({"list": [{}]})),
            ],
            vec![users(&json!({"list": [{"id": "00u1"}]}))],
        ),
        case(
            "spec.source.oktaConsole: maxAge",
            vec![console(&json!({"maxAge": "59s"})), console(&json!({"interval": "59s"}))],
            vec![console(&json!({"maxAge": "1m", "interval": "1m"}))],
        ),
    ]
}

fn rollout_decision_cases() -> Vec<Case> {
    let spec = |says, refused, taken| of_spec(&rollout_decision(), says, refused, taken);
    vec![
        spec(
            "spec takes exactly one of shipmentRef and rolloutRef",
            vec![json!({"shipmentRef": {"name": "s"}}), json!({"rolloutRef": null})],
            vec![json!({})],
        ),
        spec(
            "spec.action Proceed goes with rolloutRef",
            vec![json!({"action": "RetryOrder"}), json!({"rolloutRef": null, "shipmentRef": {"name": "s"}})],
            vec![json!({"userIDs": null})],
        ),
        spec(
            "spec.userIDs goes with rolloutRef",
            vec![json!({"rolloutRef": null, "shipmentRef": {"name": "s"}, "action": "RetryOrder"})],
            vec![
                json!({"rolloutRef": null, "shipmentRef": {"name": "s"}, "action": "RetryOrder", "userIDs": null}),
            ],
        ),
    ]
}

/// Rules that compare with what was, tried by changes of a stored object.
const OF_CHANGES: [&str; 6] = [
    "spec.recipient, spec.address and spec.delivery are fixed",
    "spec.connectionRef cannot change",
    "spec.userRef cannot change",
    "spec.key cannot change",
    "spec of a decision cannot change",
    "spec.source cannot change to another kind",
];

async fn messages(scene: &Scene) -> Vec<String> {
    let mut all = Vec::new();
    for (_, plural) in KINDS {
        all.extend(nodes(&served(&scene.kubectl(), plural).await).iter().flat_map(Node::rules));
    }
    all
}

#[tokio::test]
async fn every_rule_refuses_with_its_sentence_and_takes_the_neighbour() {
    scene("rules")
        .play(async |scene| {
            let cases: Vec<_> = [
                shipment_cases(),
                connection_cases(),
                decision_cases(),
                rollout_cases(),
                source_cases(),
                rollout_decision_cases(),
                form_cases(),
            ]
            .into_iter()
            .flatten()
            .collect();
            let rules = messages(scene).await;
            for message in &rules {
                let known = cases.iter().map(|case| case.says).chain(OF_CHANGES);
                assert_eq!(
                    known.filter(|says| message.starts_with(says)).count(),
                    1,
                    "one case for: {message}"
                );
            }
            for case in &cases {
                let sentence = rules.iter().find(|message| message.starts_with(case.says));
                let sentence = sentence.unwrap_or_else(|| panic!("there is no rule {}", case.says));
                for manifest in &case.refused {
                    let refusal = asked(&scene.client, &scene.name, manifest).await.err();
                    let refusal = refusal.unwrap_or_else(|| panic!("{} takes {manifest}", case.says));
                    assert!(refusal.contains(sentence), "{sentence}\nin: {refusal}");
                }
                for manifest in &case.taken {
                    if let Err(refusal) = asked(&scene.client, &scene.name, manifest).await {
                        panic!("{}: {manifest}\nis refused: {refusal}", case.says);
                    }
                }
            }
        })
        .await;
}

#[tokio::test]
async fn every_refusal_is_one_sentence_that_names_the_field_and_a_remedy() {
    scene("sentences")
        .play(async |scene| {
            for message in messages(scene).await {
                let named = message.starts_with("spec") || message.starts_with("metadata.name");
                let (rule, remedy) =
                    message.split_once("; ").unwrap_or_else(|| panic!("no remedy in: {message}"));
                assert!(named && !rule.is_empty() && remedy.len() > 5, "{message}");
                let plain = message.replace("e.g. ", "");
                assert!(!plain.contains(". ") && !plain.ends_with('.'), "one sentence: {message}");
            }
        })
        .await;
}

#[tokio::test]
async fn whom_what_and_with_what_to_order_cannot_change() {
    scene("fixed")
        .play(async |scene| {
            let stored = stored(scene).await;
            let changes = [
                (OF_CHANGES[1], json!({"connectionRef": {"name": "other"}})),
                (OF_CHANGES[2], json!({"userRef": {"login": "lou@example.com"}})),
                (OF_CHANGES[2], json!({"userRef": {"login": null, "id": "00u1"}})),
                (OF_CHANGES[3], json!({"key": {"model": "n"}})),
            ];
            for (says, spec) in changes {
                let refusal = stored.try_patch(json!({"spec": spec})).await.unwrap_err();
                assert!(refusal.contains(says), "{says} in: {refusal}");
            }
            let same = shipment()["spec"].clone();
            stored.try_patch(json!({"spec": same})).await.expect("the same once more is no change");
            stored.change(json!({"suspend": true, "deletionPolicy": "Orphan"})).await;
        })
        .await;
}

#[tokio::test]
async fn what_a_person_decided_cannot_change() {
    scene("decided")
        .play(async |scene| {
            let stored = Handle::decision(&scene.client, &scene.name, "whole");
            stored.create("YubiKeyDecision", decision()["spec"].clone()).await;
            for spec in
                [json!({"action": "CancelOrder", "shipmentID": null}), json!({"reason": "Another one."})]
            {
                let refusal = stored.try_patch(json!({"spec": spec})).await.unwrap_err();
                assert!(refusal.contains(OF_CHANGES[4]), "{refusal}");
            }
            stored.try_patch(json!({"metadata": {"labels": {"a": "b"}}})).await.expect("labels stay free");
        })
        .await;
}

#[tokio::test]
async fn what_a_rollout_counts_cannot_change() {
    scene("counted")
        .play(async |scene| {
            let stored = Handle::rollout(&scene.client, &scene.name, "whole");
            stored.create("YubiKeyRollout", rollout()["spec"].clone()).await;
            let groups = json!({"users": null, "oktaGroup": {"groups": [{"name": "g"}]}});
            for (says, spec) in [
                (OF_CHANGES[5], json!({"source": groups})),
                (OF_CHANGES[1], json!({"connectionRef": {"name": "other"}})),
            ] {
                let refusal = stored.try_patch(json!({"spec": spec})).await.unwrap_err();
                assert!(refusal.contains(says), "{says} in: {refusal}");
            }
            let others =
                json!({"source": {"users": {"list": [{"id": "00u2"}]}}, "budget": 20, "mode": "Order"});
            stored.change(others).await;
        })
        .await;
}

/// A stored shipment that waits for a connection which does not exist.
async fn stored(scene: &Scene) -> Handle {
    let handle = Handle::shipment(&scene.client, &scene.name, "whole");
    handle.create("YubiKeyShipment", shipment()["spec"].clone()).await;
    handle
}

#[tokio::test]
async fn recipient_address_and_delivery_are_fixed_from_the_mark_of_the_order_until_it_is_refused_or_cancelled()
 {
    scene("marked")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            shipment.until_reason("Suspended").await;
            changes(&shipment, "Never", true).await;
            for (outcome, free) in [
                ("Open", false),
                ("Unknown", false),
                ("Accepted", false),
                ("Refused", true),
                ("Cancelled", true),
            ] {
                marked(scene, outcome).await;
                changes(&shipment, outcome, free).await;
            }
        })
        .await;
}

/// Writes an outcome as the operator would.
async fn marked(scene: &Scene, outcome: &str) {
    let order = json!({"attempt": 1, "mark": "2026-01-01T00:00:00.000000Z", "outcome": outcome});
    let patch = json!({"status": {"order": order}}).to_string();
    let arguments =
        ["patch", "yks", "kim", "-n", &scene.name, "--subresource=status", "--type=merge", "-p", &patch];
    scene.kubectl().run(&arguments).await.fine();
}

async fn changes(shipment: &Handle, outcome: &str, free: bool) {
    let address = json!({"line1": "1 Elm", "city": "Bonn", "postalCode": "53111", "countryCode": "DE"});
    let fixed = [
        json!({"delivery": "Expedited"}),
        json!({"delivery": "Standard"}),
        json!({"recipient": {"firstName": "Kim"}}),
        json!({"recipient": {"firstName": "Lou"}}),
        json!({"recipient": null}),
        json!({"address": address}),
        json!({"address": {"line1": "2 Elm"}}),
        json!({"address": null}),
    ];
    for (number, spec) in fixed.into_iter().enumerate() {
        let result = shipment.try_patch(json!({"spec": spec})).await;
        match result {
            Ok(()) => assert!(free || unchanged(number), "{outcome}: {spec} is taken"),
            Err(refusal) => assert!(!free && refusal.contains(OF_CHANGES[0]), "{outcome}: {spec}: {refusal}"),
        }
    }
    let others = json!({"activation": {"after": "Shipment"}, "pin": {"after": "Delivery"}, "deletionPolicy": "Cancel"});
    shipment.try_patch(json!({"spec": others})).await.expect("what concerns later steps stays free");
}

/// Where nothing was set before, these change nothing.
fn unchanged(number: usize) -> bool {
    [1, 4, 7].contains(&number)
}
