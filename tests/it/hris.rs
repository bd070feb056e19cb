//! Recipient data from an HRIS: what it says wins over the profile and is never half of an address, and nothing is made
//! while it does not answer.

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER},
    leak::{Haystack, find},
    scene::{Scene, scene},
    until,
};

const ASKED: &str = "GetRecipient";

/// A person whose profile has an address of its own, and a connection that asks the HRIS.
pub async fn with_hris(scene: &Scene) {
    let from = std::path::PathBuf::from(scene.sandbox.says("hrisCredentials"));
    scene.mount.copy_file(&from, "hris-token");
    scene.mount.copy_file(&from, "hris-ca.crt");
    name_the_hris(scene).await;
    usable(scene).await;
}

async fn name_the_hris(scene: &Scene) {
    let source = json!({"recipientSource": {"http": {"url": scene.sandbox.says("hris")}}});
    scene.connection().change(source).await;
}

async fn usable(scene: &Scene) {
    let looked = |object: &crate::support::object::Object| {
        object.0["status"]["observedGeneration"] == object.0["metadata"]["generation"]
            && object.is("Ready") == "True"
    };
    scene.connection().until("it can be used", looked).await;
}

pub async fn record(scene: &Scene, login: &str, record: Value) {
    scene.sandbox.post(&format!("/hris/{login}"), record).await;
}

/// What was ordered, of the one order.
async fn ordered(scene: &Scene) -> Value {
    let orders = scene.sandbox.orders().await;
    assert_eq!(orders.len(), 1);
    orders[0].clone()
}

async fn nothing_made(scene: &Scene) {
    for effect in [ENROLL, ORDER, "ValidateAddress"] {
        assert_eq!(scene.sandbox.count(effect).await, 0, "{effect}");
    }
}

#[tokio::test]
async fn the_hris_wins_over_the_profile_and_the_shipment_over_both_and_no_address_is_mixed() {
    scene("hriswins")
        .connection(json!({
            "policy": {"recipientOverride": "Allow"}, "recipientDefaults": {"company": "Default Inc"},
        }))
        .play(async |scene| {
            with_hris(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.sandbox.change_person(&login, json!({"profile": {"organization": null}})).await;
            // Neither state nor second line: the profile's state belongs to another address.
            let home = json!({
                "firstName": "Kimberly", "phone": "+49 30 5550123", "addressLine1": "Geheime Gasse 7", "city": "Berlin",
                "postalCode": "10115", "countryCode": "Germany", "lastName": "  ", "company": null,
            });
            record(scene, &login, home).await;
            let more = json!({"recipient": {"firstName": "Kimmy"}});
            let shipment = scene.ship_with("kim", &login, more).await;
            let status = shipment.until_ordered().await;
            let order = ordered(scene).await;
            let recipient = &order["recipient"];
            assert_eq!(recipient["recipient_firstname"], "Kimmy", "the shipment");
            assert_eq!(recipient["recipient_telephone"], "+49 30 5550123", "the HRIS");
            assert_eq!(recipient["recipient_lastname"], "Doe", "the profile");
            assert_eq!(recipient["recipient_company"], "Default Inc", "the connection");
            let address = &order["address"];
            assert_eq!(
                (&address["street_line1"], &address["city"], &address["postal_code"], &address["country_code_2"]),
                (&json!("Geheime Gasse 7"), &json!("Berlin"), &json!("10115"), &json!("DE"))
            );
            assert!(["", "null"].contains(&address["region"].as_str().unwrap_or("null")), "{address}");
            assert!(!status.0.to_string().contains("Geheime"), "no personal data in the status");
            let calls = scene.sandbox.calls().await;
            assert!(calls.iter().all(|call| call.operation != ASKED || call.status == Some(200)));
            no_leak(scene).await;
        })
        .await;
}

async fn no_leak(scene: &Scene) {
    let secrets: Vec<_> = scene.sandbox.secrets().await;
    let ours =
        secrets.into_iter().filter(|secret| ["street", "phone", "hrisToken"].contains(&secret.kind.as_str()));
    let ours: Vec<_> = ours.collect();
    assert!(ours.iter().any(|secret| secret.value.contains("Geheime")), "the sandbox knows of it");
    assert!(ours.iter().any(|secret| secret.kind == "hrisToken"));
    let objects =
        scene.kubectl().run(&["get", "yks,ykc,events", "-n", &scene.name, "-o", "json"]).await.fine();
    let log = scene.operator().as_ref().unwrap().said();
    let haystacks = [
        Haystack { name: "objects", text: objects, may_hold_jwes: true },
        Haystack { name: "log", text: log, may_hold_jwes: true },
    ];
    assert_eq!(find(&ours, &haystacks), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_made_while_the_hris_does_not_answer_and_it_goes_on_by_itself() {
    scene("hrisdown")
        .play(async |scene| {
            with_hris(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            for (number, effect) in [
                json!({"kind": "status", "status": 503}),
                json!({"kind": "truncate"}),
                json!({"kind": "malformed"}),
                json!({"kind": "expiredToken"}),
                json!({"kind": "drop"}),
            ]
            .into_iter()
            .enumerate()
            {
                let rule = scene.sandbox.fault_always(ASKED, effect.clone()).await;
                let shipment = scene.ship(&format!("kim{number}"), &login).await;
                let waiting = shipment.until_reason("RecipientSourceUnavailable").await;
                assert_eq!((waiting.is("Ready"), waiting.is("Stalled")), ("False", ""), "{effect}");
                nothing_made(scene).await;
                assert_eq!(
                    scene.connection().get().await.is("Ready"),
                    "True",
                    "the vendors are not at fault"
                );
                // Before the HRIS is well again: the shipment would go on.
                shipment.delete().await;
                shipment.until_gone().await;
                scene.sandbox.mend(rule).await;
            }
            let rule = scene.sandbox.fault_always(ASKED, json!({"kind": "status", "status": 500})).await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason("RecipientSourceUnavailable").await;
            scene.sandbox.mend(rule).await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn whom_the_hris_does_not_know_or_knows_by_half_is_held_until_it_is_told() {
    scene("hrishalf")
        .play(async |scene| {
            with_hris(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            record(scene, &login, Value::Null).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("InvalidRecipient").await;
            assert!(held.message().contains("HRIS does not know"), "{}", held.message());
            record(scene, &login, json!({"city": "Bonn", "countryCode": "DE"})).await;
            shipment.look_now().await;
            let held = shipment.until("it is told what is missing", |o| o.message().contains("hris.")).await;
            for field in
                ["Street address (hris.addressLine1) is missing", "Zip Code (hris.postalCode) is missing"]
            {
                assert!(held.message().contains(field), "{}", held.message());
            }
            assert!(!held.message().contains("Bonn"), "{}", held.message());
            nothing_made(scene).await;
            // It leaves the address to the profile.
            record(scene, &login, json!({"city": null, "phone": "+1 617-555-0100"})).await;
            shipment.look_now().await;
            shipment.until_ordered().await;
            assert_eq!(ordered(scene).await["address"]["city"], "Concord");
        })
        .await;
}

#[tokio::test]
async fn a_key_on_its_way_does_not_wait_for_the_hris() {
    scene("hrisgone")
        .play(async |scene| {
            with_hris(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            let asked = scene.sandbox.count(ASKED).await;
            scene.sandbox.fault_always(ASKED, json!({"kind": "status", "status": 503})).await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.look_now().await;
            shipment.until_reason("Activated").await;
            assert_eq!(scene.sandbox.count(ASKED).await, asked, "its address is settled");
        })
        .await;
}

#[tokio::test]
async fn the_hris_is_trusted_by_its_own_files_only() {
    scene("hrisfiles")
        .play(async |scene| {
            let from = std::path::PathBuf::from(scene.sandbox.says("hrisCredentials"));
            name_the_hris(scene).await;
            let told = scene.connection().until_reason("CredentialsMissing").await;
            assert!(told.message().contains("`hris-token`"), "{}", told.message());

            scene.mount.set("hris-token", b"not-the-token\n");
            usable(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            // The CA of the vendors does not speak for the HRIS.
            let told = shipment.until_reason("RecipientSourceUnavailable").await;
            assert!(told.message().contains("`hris-ca.crt`"), "{}", told.message());

            scene.mount.copy_file(&from, "hris-ca.crt");
            let says = |word: &'static str| {
                let shipment = &shipment;
                async move {
                    let told = until(async || {
                        shipment.look_now().await;
                        let object = shipment.get().await;
                        object.message().contains(word).then_some(())
                    });
                    assert!(told.await.is_some(), "{word}");
                }
            };
            says("`hris-token`").await;
            nothing_made(scene).await;
            scene.mount.copy_file(&from, "hris-token");
            shipment.until_ordered().await;
        })
        .await;
}

/// A profile without an address says nothing against a person whose address is in the HRIS.
#[tokio::test]
async fn a_rollout_leaves_the_question_to_its_shipments() {
    scene("hrisroll")
        .play(async |scene| {
            with_hris(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            let nothing = json!({"streetAddress": null, "city": null, "zipCode": null, "primaryPhone": null});
            scene.sandbox.change_person(&login, json!({"profile": nothing})).await;
            let home = json!({
                "phone": "+49 30 5550123", "addressLine1": "Linden 7", "city": "Berlin", "postalCode": "10115",
                "countryCode": "DE",
            });
            record(scene, &login, home).await;
            let source = json!({"users": {"list": [{"login": login}]}});
            let rollout = scene.roll("batch", source, json!({"mode": "DryRun"})).await;
            let told = rollout.until_reason("DryRun").await;
            assert_eq!((told.tally("members"), told.tally("eligible")), (1, 1));
            assert_eq!(scene.sandbox.count(ASKED).await, 0, "a dry run asks nobody for addresses");
            rollout.change(json!({"mode": "Order"})).await;
            let ordered = until(async || (!scene.sandbox.orders().await.is_empty()).then_some(())).await;
            assert!(ordered.is_some(), "it is ordered");
            assert_eq!(scene.sandbox.orders().await[0]["address"]["city"], "Berlin");
        })
        .await;
}
