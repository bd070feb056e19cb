//! Every bound of the two specs, tried on both sides at the API server.

use serde_json::{Value, json};

use crate::support::{
    manifest::{self, asked, set},
    scene::scene,
    schema::{KINDS, Node, nodes, served},
};

const BOUNDS: [&str; 9] = [
    "maxLength",
    "minLength",
    "pattern",
    "minimum",
    "maximum",
    "maxItems",
    "minItems",
    "maxProperties",
    "enum",
];

/// Where a rule is nearer than the schema's bound: the longest text that is taken.
const NEARER: [(&str, usize); 13] = [
    ("spec.recipient.firstName", 15),
    ("spec.recipient.lastName", 20),
    ("spec.recipient.company", 20),
    ("spec.recipient.email", 80),
    ("spec.address.line1", 60),
    ("spec.address.line2", 60),
    ("spec.address.city", 60),
    ("spec.address.region", 50),
    ("spec.address.postalCode", 20),
    // The pattern of a time and that of a duration end before their length does.
    ("spec.existingKeyBefore", 30),
    ("spec.orderBefore", 30),
    ("spec.template.spec.existingKeyBefore", 30),
    ("spec.template.spec.orderBefore", 30),
];

/// A name that fits the schema and is not the tester's own: the admission policy speaks after the schema.
const BY_POLICY: &str = "spec.requestedBy must be your own user name";

/// A manifest with this value in this place, and what belongs beside it.
fn manifest_with(kind: &str, path: &str, value: Value) -> Value {
    let mut whole = match kind {
        "YubiKeyShipment" => manifest::shipment(),
        "YubiKeyDecision" if ["spec.rolloutRef.name", "spec.userIDs", "spec.userIDs[]"].contains(&path) => {
            manifest::rollout_decision()
        }
        "YubiKeyDecision" => manifest::decision(),
        "YubiKeyRollout" => rollout_with(path),
        _ => manifest::connection(),
    };
    if path == "spec.enrollmentID" {
        whole = manifest::with(
            whole,
            json!({"spec": {"action": "DiscardEnrollment", "shipmentID": null, "enrollmentID": "e"}}),
        );
    }
    if let Some((key, id)) = path.split_once(".key.")
        && kind == "YubiKeyRollout"
        && id != "model"
    {
        let ids = json!({"productId": 1, "inventoryProductId": 1, "customizationId": "R"});
        set(&mut whole, &format!("{key}.key"), ids);
    }
    if path.starts_with("spec.key.") && path != "spec.key.model" {
        whole["spec"]["key"] = json!({"productId": 1, "inventoryProductId": 1, "customizationId": "R"});
    }
    if path == "spec.userRef.id" {
        whole["spec"]["userRef"] = json!({"id": "00u1"});
    }
    if path.starts_with("spec.allowedNamespaces.selector") {
        let expression = json!({"key": "k", "operator": "In", "values": ["v"]});
        let selector = json!({"matchLabels": {"k": "v"}, "matchExpressions": [expression]});
        whole["spec"]["allowedNamespaces"] = json!({"from": "Selector", "selector": selector});
    }
    set(&mut whole, path, value);
    whole
}

/// A rollout in which this place stands.
fn rollout_with(path: &str) -> Value {
    let whole = manifest::rollout();
    let key = json!({"model": "m"});
    let group = if path.contains("groups[].id") {
        json!({"id": "00g1", "key": key})
    } else {
        json!({"name": "g", "key": key})
    };
    let users = |place: Value| manifest::with(whole.clone(), json!({"spec": {"source": {"users": place}}}));
    match path {
        p if p.starts_with("spec.source.oktaGroup") => {
            manifest::with_source(whole, json!({"oktaGroup": {"groups": [group], "interval": "1h"}}))
        }
        p if p.starts_with("spec.source.oktaConsole") => {
            manifest::with_source(whole, json!({"oktaConsole": {"maxAge": "24h", "interval": "1m"}}))
        }
        p if p.starts_with("spec.source.users.configMap") => {
            users(json!({"list": null, "configMap": {"name": "m", "key": "k"}}))
        }
        "spec.source.users.list[].id" => users(json!({"list": [{"id": "00u1", "key": key}]})),
        "spec.waves[].count" => manifest::with(whole, json!({"spec": {"waves": [{"count": 1}]}})),
        _ => whole,
    }
}

/// A text of this length that fits the pattern of the place, as far as that goes.
fn text(node: &Node, length: usize) -> String {
    let pattern = node.schema["pattern"].as_str().unwrap_or_default();
    match pattern {
        p if p.starts_with("^https?") => format!("https://{}", "a".repeat(length.saturating_sub(8))),
        p if p.contains("[A-Z]{2}") => "A".repeat(length.max(2)),
        // A minute in all: every rule about durations is content with that.
        p if p.contains("ms") => duration(length),
        _ if node.schema["format"] == "date-time" => time(length),
        _ if node.path.ends_with("phone") => "1".repeat(length),
        _ => "a".repeat(length),
    }
}

fn duration(length: usize) -> String {
    let most = "00000ms00000ms00000ms60000ms";
    if length > 32 { "1".repeat(length - 1) + "s" } else { most.to_owned() }
}

fn time(length: usize) -> String {
    format!("2030-01-01T00:00:00.{}Z", "0".repeat(length.saturating_sub(21)))
}

/// A list of this length of elements that may stand together.
fn list(path: &str, length: u64) -> Value {
    let element = |number: u64| match path {
        "spec.keys" => {
            json!({"name": format!("m{number}"), "productId": 1, "inventoryProductId": 1, "customizationId": "R"})
        }
        "spec.yubico.countries" => {
            let letter = |index: u64| char::from(b'A' + u8::try_from(index % 26).unwrap());
            json!(format!("{}{}", letter(number / 26), letter(number)))
        }
        "spec.waves" => json!({"count": 1}),
        "spec.source.oktaGroup.groups" => json!({"name": format!("g{number}")}),
        "spec.source.users.list" => json!({"login": format!("u{number}@example.com")}),
        "spec.skip.userStatuses" => json!("ACTIVE"),
        path if path.ends_with(".matchExpressions") => {
            json!({"key": format!("k{number}"), "operator": "Exists"})
        }
        _ => json!(format!("g{number}")),
    };
    (0..length).map(element).collect()
}

fn labels(count: u64) -> Value {
    (0..count).map(|number| (format!("k{number}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
}

/// By two-letter codes.
fn codes(count: u64) -> Value {
    let letter = |index: u64| char::from(b'A' + u8::try_from(index % 26).unwrap());
    let code = |number: u64| format!("{}{}", letter(number / 26), letter(number));
    (0..count).map(|number| (code(number), json!("0000"))).collect::<serde_json::Map<_, _>>().into()
}

/// A pattern stands as a rule, whose sentence says more than the pattern does.
fn with_its_pattern(mut node: Node) -> Node {
    let rules = node.schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
    let pattern = rules.iter().find_map(|rule| {
        let pattern = rule["rule"].as_str()?.strip_prefix("self.matches('")?.strip_suffix("')")?;
        Some(pattern.to_owned())
    });
    if let Some(pattern) = pattern {
        node.schema["pattern"] = json!(pattern);
    }
    node
}

/// A value just outside the bound, and one just inside.
fn both_sides(node: &Node, bound: &str) -> (Value, Value) {
    let limit = &node.schema[bound];
    let number = || limit.as_u64().unwrap();
    let length = || usize::try_from(number()).unwrap();
    match bound {
        "maxLength" => {
            let nearer = NEARER.iter().find(|(path, _)| *path == node.path).map(|(_, length)| *length);
            let nearer = if node.schema["pattern"] == "^[A-Z]{2}$" { Some(2) } else { nearer };
            (json!(text(node, length() + 1)), json!(text(node, nearer.unwrap_or_else(length))))
        }
        "minLength" => {
            (json!("a".repeat(length() - 1)), json!(text(node, length().max(9 * usize::from(is_url(node))))))
        }
        "minimum" => (json!(number() - 1), json!(number())),
        "maximum" => (json!(number() + 1), json!(number())),
        "maxItems" => (list(&node.path, number() + 1), list(&node.path, number())),
        "maxProperties" if node.path.ends_with("postalCodes") => (codes(number() + 1), codes(number())),
        "maxProperties" => (labels(number() + 1), labels(number())),
        "minItems" => (list(&node.path, number() - 1), list(&node.path, number())),
        "enum" => (json!("SomethingElse"), limit[0].clone()),
        _ => (json!(misfit(limit.as_str().unwrap())), json!(fit(node))),
    }
}

fn is_url(node: &Node) -> bool {
    node.schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^https?"))
}

/// One letter away from what the pattern admits.
fn misfit(pattern: &str) -> &'static str {
    match pattern {
        p if p.starts_with("^https?") => "https://acme.okta.com/a?b",
        p if p.contains("[A-Z]{2}") => "Us",
        p if p.contains("ms") => "1d",
        p if p.contains("A-Za-z0-9_") => "00u1@",
        _ => "acme-",
    }
}

fn fit(node: &Node) -> String {
    let shortest = node.schema["minLength"].as_u64().map_or(2, |length| usize::try_from(length).unwrap());
    if is_url(node) { "https://acme.okta.com/a".to_owned() } else { text(node, shortest.max(2)) }
}

/// What must stand beside an enumerated value for the rules to be content.
fn fitted(path: &str, value: &Value, mut whole: Value) -> Value {
    if path == "spec.allowedNamespaces.from" && value == "All" {
        whole["spec"]["allowedNamespaces"] = json!({"from": "All"});
    }
    // A rule compares the two.
    if path == "spec.calls.settle" {
        whole = manifest::with(whole, json!({"spec": {"calls": {"timeout": "1s"}}}));
    }
    if path == "spec.action" && value != "AdoptOrder" {
        whole = manifest::with(whole, json!({"spec": {"shipmentID": null}}));
    }
    whole
}

#[tokio::test]
async fn every_bound_refuses_what_lies_just_outside_and_takes_what_lies_just_inside() {
    scene("bounds")
        .play(async |scene| {
            let mut tried = 0;
            for (kind, plural) in KINDS {
                let all: Vec<_> = nodes(&served(&scene.kubectl(), plural).await)
                    .into_iter()
                    .map(with_its_pattern)
                    .collect();
                for node in all.iter().filter(|node| node.path.starts_with("spec.")) {
                    for bound in BOUNDS.iter().filter(|bound| !node.schema[**bound].is_null()) {
                        let at = format!("{kind} {} {bound}", node.path);
                        let (outside, inside) = both_sides(node, bound);
                        // Of a map the first value is the one of its only key.
                        let place = node
                            .path
                            .replace("matchLabels[]", "matchLabels.k")
                            .replace("postalCodes[]", "postalCodes.HK");
                        let place =
                            place.replace("labels[]", "labels.k").replace("annotations[]", "annotations.k");
                        let refused = manifest_with(kind, &place, outside);
                        let refusal = asked(&scene.client, &scene.name, &refused).await;
                        let refusal = refusal.err().unwrap_or_else(|| panic!("{at}: it is taken"));
                        assert!(refusal.contains(&place.replace("[]", "[0]")), "{at}: {refusal}");
                        let taken = fitted(&node.path, &inside, manifest_with(kind, &place, inside.clone()));
                        if let Err(refusal) = asked(&scene.client, &scene.name, &taken).await
                            && !refusal.contains(BY_POLICY)
                        {
                            panic!("{at}: {inside} is refused: {refusal}");
                        }
                        tried += 1;
                    }
                }
            }
            assert!(tried > 100, "only {tried} bounds were found");
        })
        .await;
}
