//! What the schema does not know: which fields a sequence may touch, and values that mean something to the vendors.

use serde_json::{Value, json};
use testbed::dice::Dice;

use crate::{
    schema::{self, Field},
    step::Kind,
};

/// People of a world. The last one stands in refused objects only: nobody may ever hear of them.
pub(crate) const PEOPLE: usize = 8;

/// Whom only refused objects name.
pub(crate) const UNHEARD_OF: usize = PEOPLE - 1;

/// Attributes of a profile that Okta has, one that it has not, and one without a value.
const ATTRIBUTES: [&str; 5] = ["city", "organization", "lastName", "noSuchAttribute", "nickName"];

/// Fields of a connection that reach the vendors at all, or set the pace of the run: they stay.
const FIXED: [&str; 9] = [
    "okta.orgUrl",
    "okta.auth",
    "okta.rpId",
    "okta.signInHost",
    "yubico.apiUrl",
    "yubico.signingKeysUrl",
    "yubico.transportKeysUrl",
    "recipientSource",
    "calls",
];

/// Fields of a connection that a change may touch.
pub(crate) fn of_connection(schema: &Value) -> Vec<Field> {
    let stays =
        |path: &str| FIXED.iter().any(|fixed| path == *fixed || path.starts_with(&format!("{fixed}.")));
    // The whole of it would change what stays.
    let whole = ["okta", "yubico", "polling", "allowedNamespaces"];
    let all = schema::fields(&schema["properties"]["spec"]).into_iter();
    let within = |path: &str| ["allowedNamespaces.", "polling."].iter().any(|part| path.starts_with(part));
    all.filter(|field| !stays(&field.path) && !within(&field.path) && !whole.contains(&&*field.path))
        .chain([named("allowedNamespaces"), named("polling")])
        .collect()
}

fn named(path: &str) -> Field {
    Field { path: path.to_owned(), schema: json!({"type": "object"}) }
}

/// Fields of a shipment or rollout that a change may touch.
pub(crate) fn of_kind(kind: Kind, schema: &Value) -> Vec<Field> {
    let all = schema::fields(&schema["properties"]["spec"]).into_iter();
    all.filter(|field| kind == Kind::Shipment || !field.path.starts_with("source.")).collect()
}

/// Fields that cannot change once declared.
pub(crate) fn is_immutable(kind: Kind, path: &str) -> bool {
    let roots: &[&str] = match kind {
        Kind::Shipment => &["connectionRef", "userRef", "key"],
        Kind::Rollout => &["connectionRef"],
    };
    roots.iter().any(|root| path == *root || path.starts_with(&format!("{root}.")))
}

/// Changes of what cannot change: by another value, by another member, by taking it away.
pub(crate) fn immutable(kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Shipment => vec![
            json!({"userRef": {"login": null, "id": "00uAnother"}}),
            json!({"userRef": {"login": "another@example.com", "id": null}}),
            json!({"key": {"model": "another"}}),
            json!({"key": {"customizationId": "ANOTHER"}}),
            json!({"connectionRef": {"name": "another"}}),
            json!({"connectionRef": null}),
        ],
        Kind::Rollout => vec![
            json!({"connectionRef": {"name": "another"}}),
            json!({"source": {"oktaGroup": null, "users": null, "oktaConsole": {}}}),
        ],
    }
}

/// A value for a field: one that means something here, else one that the schema admits.
pub(crate) fn value(field: &Field, dice: &mut Dice) -> Value {
    let among = meaningful(&field.path);
    if among.is_empty() {
        schema::fitting(&field.schema, dice)
    } else {
        among[schema::index(dice, among.len())].clone()
    }
}

fn meaningful(path: &str) -> Vec<Value> {
    let key = json!({"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"});
    let other = json!({"name": "yubikey-5-nfc", "productId": 1, "inventoryProductId": 106, "customizationId": "RXJN83"});
    if path.starts_with("recipientMapping.") {
        return ATTRIBUTES.map(|name| json!(name)).to_vec();
    }
    match path {
        "key.model" => vec![json!("yubikey-5c-nfc"), json!("no-such-model")],
        "keys" => vec![json!([key]), json!([key, other]), json!([other]), json!([])],
        "orderingCluster" => {
            vec![json!("@cluster"), json!("ThisCluster"), json!("none"), json!("another-cluster")]
        }
        "yubico.countries" => vec![json!(["US"]), json!(["DE"]), json!(["US", "DE"]), Value::Null],
        "allowedNamespaces" => vec![
            json!({"from": "All", "names": null, "selector": null}),
            json!({"from": "Names", "names": ["@namespace"], "selector": null}),
            json!({"from": "Names", "names": ["elsewhere"], "selector": null}),
            json!({"from": "Selector", "names": null, "selector": {"matchLabels": {"team": "none"}}}),
        ],
        "polling" => {
            vec![
                json!({"firstAfter": "1s", "interval": "1s"}),
                json!({"firstAfter": "2s", "interval": "2s", "listFrom": 1}),
            ]
        }
        "policy.userGroups.allow" | "policy.userGroups.deny" => vec![json!(["@group"]), Value::Null],
        "policy.sources.oktaGroups.allow" => vec![json!(["@group"]), json!(["another"]), Value::Null],
        "policy.maxOpenOrders" => vec![json!(1), json!(2), json!(100)],
        "recipient.email" => vec![json!("desk@example.com"), json!("no-address")],
        "address" => vec![
            json!({"line1": "7 Granite Terrace", "city": "Concord", "region": "MA", "postalCode": "01742", "countryCode": "US"}),
            json!({"line1": "Hauptstr. 1", "city": "Berlin", "postalCode": "10115", "countryCode": "DE"}),
            Value::Null,
        ],
        "source.users.list" => {
            vec![json!([{"login": "@login:0"}]), json!([{"login": "@login:1"}, {"id": "@id:2"}])]
        }
        "budget" => vec![json!(1), json!(3), json!(100)],
        "waves" => vec![json!([{"count": 1}]), json!([{"percent": 50}, {"percent": 100}]), Value::Null],
        "template.metadata" | "template.metadata.labels" => vec![json!({"team": "red"}), Value::Null],
        "template.metadata.annotations" => vec![json!({"note": "red"}), Value::Null],
        _ => Vec::new(),
    }
}

/// A profile change: what an HRIS would write, good and bad.
pub(crate) fn profile(dice: &mut Dice) -> Value {
    match dice.between(0, 6) {
        0 => json!({"city": null}),
        1 => json!({"countryCode": "DE", "state": null, "zipCode": "10115", "city": "Berlin"}),
        2 => json!({"firstName": "Maximiliane-Charlotte"}),
        3 => json!({"primaryPhone": "ext. five"}),
        4 => json!({"organization": null}),
        5 => json!({"streetAddress": "2 Granite Terrace"}),
        _ => good_profile(),
    }
}

/// What puts every change of [`profile`] right again.
pub(crate) fn good_profile() -> Value {
    json!({
        "city": "Concord", "countryCode": "US", "state": "MA", "zipCode": "01742", "firstName": "Kim",
        "primaryPhone": "+1 617-555-0100", "organization": "Example Inc", "streetAddress": "1000 Granite Terrace",
    })
}
