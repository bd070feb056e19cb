//! Preflight: each fault alone is found by its own condition, each fix turns only that back, a good org raises no alarm;
//! what stops, stops orders, and what advises stops nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
};

/// The conditions about all others.
const SUMMARY: [&str; 3] = ["Ready", "Stalled", "Reconciling"];

/// Status and reason of each condition.
type Conditions = BTreeMap<String, (String, String)>;

fn conditions(object: &Object) -> Conditions {
    let all = object.0.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |c: &Value| (text(&c["type"]), (text(&c["status"]), text(&c["reason"])));
    all.iter().map(entry).filter(|(kind, _)| !SUMMARY.contains(&kind.as_str())).collect()
}

fn different(before: &Conditions, after: &Conditions) -> Vec<String> {
    let kinds = before.keys().chain(after.keys());
    let mut changed: Vec<_> = kinds.filter(|kind| before.get(*kind) != after.get(*kind)).cloned().collect();
    changed.sort();
    changed.dedup();
    changed
}

/// What a fault does to orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Weight {
    Advice,
    Stop,
    Fault,
}
use Weight::{Advice, Fault, Stop};

/// How something is spoiled and mended.
enum Spoil {
    /// A member of the org's settings, and what it was.
    Setting(&'static str, Value, Value),
    /// Two bodies for one path of the control API.
    Command(&'static str, Value, Value),
    /// A change of the connection's spec, and the way back.
    Spec(Value, Value),
    /// Calls of this operation fail until the rule goes.
    Calls(&'static str, Value),
    /// The app lacks something; tokens end with the change.
    App(Value, Value),
    /// A token of Yubico's other organization.
    Region,
    /// The token of Yubico ends, and a new one comes.
    Expired,
    /// Somebody else orders after the Console's Add.
    Stranger,
}

/// A connection that is as the guides want it, in a world that is.
fn good() -> Value {
    json!({
        "okta": {"rpId": "localhost"}, "yubico": {"countries": ["US", "DE"]},
        "orderingCluster": "none",
        "keys": [{"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83", "lowStock": 10}],
    })
}

fn keys(change: Value) -> Value {
    let mut key = good()["keys"][0].clone();
    crate::support::scene::merge(&mut key, change);
    json!({"keys": [key]})
}

/// Everything that can be shown wrong from outside, alone.
fn faults(cluster: &str) -> Vec<(&'static str, &'static str, Weight, Spoil)> {
    use Spoil::{App, Calls, Command, Expired, Region, Setting, Spec, Stranger};
    let down = || json!({"kind": "status", "status": 503});
    let set = |set: &str, shown: &str| json!({"set": set, "as": shown});
    let stock = |quantity: u32| json!({"inventoryProductId": 106, "quantity": quantity});
    let mapped =
        |products: Value| json!({"inventoryProductId": 106, "quantity": 500, "productMapping": products});
    vec![
        ("ClockSynchronized", "ClockSkew", Stop, Setting("clockSkewSeconds", json!(200), json!(0))),
        ("IdentityEngine", "ClassicEngine", Stop, Setting("pipeline", json!("v1"), json!("idx"))),
        (
            "WebAuthnEnabled",
            "WebAuthnOff",
            Stop,
            Setting("webauthnStatus", json!("INACTIVE"), json!("ACTIVE")),
        ),
        (
            "UserVerification",
            "UserVerificationDiscouraged",
            Advice,
            Command(
                "/okta",
                json!({"userVerification": "DISCOURAGED"}),
                json!({"userVerification": "PREFERRED"}),
            ),
        ),
        ("KeyAllowed", "OnlyBuiltInAllowed", Stop, Setting("attachment", json!("BUILT_IN"), json!("ANY"))),
        ("KeyAllowed", "ModelNotAllowed", Advice, Setting("fipsCompliant", json!(true), json!(false))),
        (
            "KeyAllowed",
            "ModelNotAllowed",
            Advice,
            Setting("enrollAaguidGroups", json!(["others"]), json!([])),
        ),
        (
            "RPIDMatches",
            "RPIDMismatch",
            Stop,
            Command("/okta", json!({"rpId": "keys.example.com"}), json!({"rpId": ""})),
        ),
        (
            "SignInHostMatches",
            "SignInHostMismatch",
            Stop,
            Spec(json!({"okta": {"rpId": "elsewhere.example"}}), json!({"okta": {"rpId": "localhost"}})),
        ),
        (
            "CustomDomainsKnown",
            "SignInHostNotNamed",
            Advice,
            Command("/okta", json!({"domains": ["login.example.com"]}), json!({"domains": []})),
        ),
        (
            "EnrollmentPolicyFits",
            "EnrollmentForbidden",
            Stop,
            Setting("enroll", json!("NOT_ALLOWED"), json!("REQUIRED")),
        ),
        (
            "EnrollmentPolicyFits",
            "EnrollmentNotRequired",
            Advice,
            Setting("enroll", json!("OPTIONAL"), json!("REQUIRED")),
        ),
        (
            "SessionPolicyFits",
            "SessionPolicyDiffers",
            Advice,
            Setting("primaryFactor", json!("PASSWORD_IDP"), json!("PASSWORD_IDP_ANY_FACTOR")),
        ),
        (
            "SessionPolicyFits",
            "SessionPolicyDiffers",
            Advice,
            Setting("requireFactor", json!(false), json!(true)),
        ),
        (
            "SessionPolicyFits",
            "SessionPolicyDiffers",
            Advice,
            Setting("factorPromptMode", json!("DEVICE"), json!("ALWAYS")),
        ),
        (
            "PreRegistrationEnabled",
            "FeatureOff",
            Fault,
            Command(
                "/settings",
                json!({"preregistrationEnabled": false}),
                json!({"preregistrationEnabled": true}),
            ),
        ),
        ("RoleAssigned", "RoleMissing", Fault, App(json!({"role": false}), json!({"role": true}))),
        (
            "ScopesGranted",
            "ScopeMissing",
            Fault,
            App(
                json!({"scopes": ["okta.authenticators.read", "okta.policies.read", "okta.domains.read", "okta.logs.read"]}),
                json!({"scopes": SCOPES}),
            ),
        ),
        ("OktaReachable", "OktaUnavailable", Fault, Calls("token", down())),
        ("OnlyOrderingTool", "AnotherOrderingTool", Advice, Stranger),
        ("YubicoReachable", "YubicoUnauthorized", Fault, Expired),
        ("TokenRegionMatches", "TokenOfAnotherRegion", Stop, Region),
        ("ProductsKnown", "ProductUnknown", Stop, Spec(keys(json!({"productId": 2900})), keys(json!({})))),
        (
            "InventoriesKnown",
            "InventoryUnknown",
            Stop,
            Spec(keys(json!({"inventoryProductId": 1060})), keys(json!({}))),
        ),
        (
            "ProductsMapped",
            "PairNotMapped",
            Stop,
            Command("/stock", mapped(json!([1])), mapped(json!([1, 29, 54, 55]))),
        ),
        ("StockSufficient", "StockLow", Advice, Command("/stock", stock(9), stock(500))),
        (
            "CountriesEnabled",
            "CountryOff",
            Advice,
            Command("/countries", json!({"countries": ["US", "CA"]}), json!({"countries": COUNTRIES})),
        ),
        (
            "TransportKeysUsable",
            "VendorKeysUnusable",
            Stop,
            Command("/keys/publish", set("transport", "empty"), set("transport", "whole")),
        ),
        (
            "SigningKeysUsable",
            "VendorKeysUnusable",
            Stop,
            Command("/keys/publish", set("signing", "another-curve"), set("signing", "whole")),
        ),
        ("TransportKeysUsable", "YubicoUnavailable", Fault, Calls("GetTransportKeys", down())),
        ("SigningKeysUsable", "YubicoUnavailable", Fault, Calls("GetSigningKeys", down())),
        (
            "OrderingClusterSet",
            "OrderingClusterUnset",
            Advice,
            Spec(json!({"orderingCluster": null}), json!({"orderingCluster": cluster})),
        ),
    ]
}

const SCOPES: [&str; 7] = [
    "okta.users.manage",
    "okta.users.read",
    "okta.groups.read",
    "okta.authenticators.read",
    "okta.policies.read",
    "okta.domains.read",
    "okta.logs.read",
];
const COUNTRIES: [&str; 8] = ["US", "CA", "DE", "GB", "FR", "NL", "SE", "IN"];

async fn set(scene: &Scene, name: &str, value: &Value) {
    scene.sandbox.post("/okta", json!({"settings": {name: value}})).await;
}

async fn app(scene: &Scene, change: &Value) {
    let path = format!("/apps/{}", scene.sandbox.says("clientId"));
    scene.sandbox.post(&path, change.clone()).await;
    // What is left of the tokens shows nothing of it.
    scene.sandbox.post("/tokens/expire", json!({})).await;
}

async fn mount(scene: &Scene, token: &Value) {
    scene.mount.set("yubico-api-token", token.as_str().unwrap().as_bytes());
}

impl Spoil {
    /// Spoils it; what undoes it where that is not known before.
    async fn break_it(&self, scene: &Scene) -> Value {
        match self {
            Self::Setting(name, wrong, _) => set(scene, name, wrong).await,
            Self::Command(path, wrong, _) => drop(scene.sandbox.post(path, wrong.clone()).await),
            Self::Spec(wrong, _) => scene.connection().change(wrong.clone()).await,
            Self::Calls(operation, effect) => {
                if *operation == "token" {
                    scene.sandbox.post("/tokens/expire", json!({})).await;
                }
                return json!(scene.sandbox.fault_always(operation, effect.clone()).await);
            }
            Self::App(wrong, _) => app(scene, wrong).await,
            Self::Region => {
                let other = json!({"name": "emea", "okta": false, "countries": ["FR", "SE"]});
                let made = scene.sandbox.post("/orgs", other).await;
                mount(scene, &made["yubicoApiToken"]).await;
            }
            Self::Expired => {
                scene.sandbox.post("/tokens/expire", json!({"okta": false, "yubico": true})).await;
            }
            Self::Stranger => {
                let login = scene.person("uma", "ACTIVE").await;
                let ids =
                    json!({"productId": "29", "inventoryProductId": "106", "customizationId": "RXJN83"});
                scene.sandbox.post(&format!("/people/{login}/console-order"), ids).await;
                let made = scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({})).await;
                return made["id"].clone();
            }
        }
        Value::Null
    }

    async fn mend_it(&self, scene: &Scene, left: &Value) {
        match self {
            Self::Setting(name, _, right) => set(scene, name, right).await,
            Self::Command(path, _, right) => drop(scene.sandbox.post(path, right.clone()).await),
            Self::Spec(_, right) => scene.connection().change(right.clone()).await,
            Self::Calls(..) => scene.sandbox.mend(left.as_u64().unwrap()).await,
            Self::App(_, right) => app(scene, right).await,
            Self::Region | Self::Expired => {
                let made = scene.sandbox.post("/tokens/yubico", json!({})).await;
                mount(scene, &made["token"]).await;
            }
            Self::Stranger => scene.sandbox.delete(&format!("/enrollments/{}", left.as_str().unwrap())).await,
        }
    }
}

/// Looks until the condition has the reason, or is as it was; what stands then.
async fn until_told(connection: &Handle, kind: &str, reason: &str) -> Object {
    connection.look_now().await;
    let met = |object: &Object| object.reason_of(kind) == reason && object.is_current();
    connection.until(&format!("{kind} {reason}"), met).await
}

#[tokio::test]
async fn each_fault_alone_is_found_by_its_own_condition_and_its_fix_turns_only_that_back() {
    scene("preflight")
        .connection(good())
        .play(async |scene| {
            let connection = scene.connection();
            let cluster = connection.until_reason("Succeeded").await.text("/status/cluster").to_owned();
            connection.change(json!({"orderingCluster": cluster})).await;
            connection.look_now().await;
            let before = conditions(&connection.get().await);
            no_alarm(&before);
            let login = scene.person("kim", "ACTIVE").await;
            for (kind, reason, weight, spoil) in faults(&cluster) {
                let left = spoil.break_it(scene).await;
                let told = until_told(&connection, kind, reason).await;
                assert_eq!(different(&before, &conditions(&told)), [kind], "{reason}");
                assert_eq!(told.is(kind), "False", "{reason}");
                says_what_to_do(&told, kind, weight);
                stops(&told, reason, weight);
                if told.is("Stalled") == "True" {
                    no_key_is_ordered(scene, &login, reason).await;
                }
                spoil.mend_it(scene, &left).await;
                let well = until_told(&connection, kind, "Succeeded").await;
                assert_eq!(different(&before, &conditions(&well)), Vec::<String>::new(), "{reason} mended");
                assert_eq!((well.is("Ready"), well.reason()), ("True", "Succeeded"), "{reason} mended");
            }
        })
        .await;
}

/// Whoever asks for a key now waits with the same reason, and nothing is written at a vendor.
async fn no_key_is_ordered(scene: &Scene, login: &str, reason: &str) {
    let before = scene.sandbox.last_call().await;
    let waiting = scene.ship("kim", login).await;
    let told = waiting.until_reason(reason).await;
    assert!(told.is("Ready") == "False" && told.message().contains(&scene.name), "{}", told.message());
    waiting.delete().await;
    waiting.until_gone().await;
    assert_eq!(scene.sandbox.effects_since(before).await.len(), 0, "{reason} keeps orders back");
}

/// Only what nobody can know is unknown.
fn no_alarm(all: &Conditions) {
    for (kind, (status, reason)) in all {
        let expected = match kind.as_str() {
            "CredentialsExpiring" => ("False", "TokenValid"),
            // Orders show it, and there were none.
            "CustomizationsKnown" => ("Unknown", "NotShown"),
            _ => ("True", "Succeeded"),
        };
        assert_eq!((status.as_str(), reason.as_str()), expected, "{kind}");
    }
}

fn says_what_to_do(object: &Object, kind: &str, weight: Weight) {
    let message = object.message_of(kind);
    let end = match weight {
        Stop => "No key is ordered until then.",
        Advice => "Nothing stops for it.",
        Fault => return assert!(!message.is_empty()),
    };
    assert!(message.contains(" Wanted is ") && message.contains(" Change it "), "{kind}: {message}");
    assert!(message.ends_with(end), "{kind}: {message}");
}

fn stops(object: &Object, reason: &str, weight: Weight) {
    if weight == Advice {
        assert_eq!((object.is("Ready"), object.is("Stalled")), ("True", ""), "{reason} is advice");
    } else {
        assert_eq!((object.is("Ready"), object.reason()), ("False", reason), "{}", object.message());
    }
}

#[tokio::test]
async fn what_stops_holds_new_orders_back_and_lets_those_under_way_go_on() {
    scene("stops")
        .connection(json!({"okta": {"rpId": "localhost"}}))
        .play(async |scene| {
            let connection = scene.connection();
            let first = scene.person("ann", "ACTIVE").await;
            let under_way = scene.ship("ann", &first).await;
            let ordered = under_way.until_ordered().await;
            set(scene, "webauthnStatus", &json!("INACTIVE")).await;
            until_told(&connection, "WebAuthnEnabled", "WebAuthnOff").await;
            let before = scene.sandbox.last_call().await;
            let login = scene.person("kim", "ACTIVE").await;
            let waiting = scene.ship("kim", &login).await;
            let told = waiting.until_reason("WebAuthnOff").await;
            assert_eq!((told.is("Ready"), told.is("Stalled")), ("False", ""));
            assert!(told.message().contains(&scene.name), "{}", told.message());
            assert_eq!(scene.sandbox.effects_since(before).await.len(), 0, "nothing is written at a vendor");
            let order = ordered.text("/status/order/shipmentId");
            scene.sandbox.set_state(order, 104).await;
            under_way.until_phase("Activated").await;
            assert_eq!(scene.sandbox.orders().await.len(), 1);
            set(scene, "webauthnStatus", &json!("ACTIVE")).await;
            connection.look_now().await;
            waiting.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn advice_stops_no_order() {
    scene("advice")
        .connection(json!({"okta": {"rpId": "localhost"}}))
        .play(async |scene| {
            scene.sandbox.post("/okta", json!({"userVerification": "DISCOURAGED"})).await;
            set(scene, "primaryFactor", &json!("PASSWORD_IDP")).await;
            until_told(&scene.connection(), "SessionPolicyFits", "SessionPolicyDiffers").await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn what_the_app_may_not_look_at_is_unknown_and_no_alarm() {
    scene("hidden")
        .connection(json!({"okta": {"rpId": "localhost"}}))
        .play(async |scene| {
            app(scene, &json!({"scopes": ["okta.users.manage", "okta.users.read"]})).await;
            let told = until_told(&scene.connection(), "SessionPolicyFits", "ScopeNotGranted").await;
            for (kind, scope) in [
                ("WebAuthnEnabled", "okta.authenticators.read"),
                ("EnrollmentPolicyFits", "okta.policies.read"),
                ("CustomDomainsKnown", "okta.domains.read"),
                ("OnlyOrderingTool", "okta.logs.read"),
            ] {
                assert_eq!((told.is(kind), told.reason_of(kind)), ("Unknown", "ScopeNotGranted"), "{kind}");
                assert!(told.message_of(kind).contains(scope), "{}", told.message_of(kind));
            }
            assert_eq!((told.is("Ready"), told.is("Stalled")), ("True", ""));
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn orders_show_whether_a_customization_id_is_taken() {
    scene("custom")
        .connection(good_here())
        .play(async |scene| {
            let connection = scene.connection();
            let ship = async |name: &str| {
                let login = scene.person(name, "ACTIVE").await;
                scene.ship(name, &login).await
            };
            ship("ann").await.until_ordered().await;
            until_told(&connection, "CustomizationsKnown", "Succeeded").await;
            connection.change(keys(json!({"customizationId": "WRONG1"}))).await;
            connection.look_now().await;
            for name in ["bob", "cy"] {
                ship(name).await.until_reason("OrderRefused").await;
            }
            let told = until_told(&connection, "CustomizationsKnown", "CustomizationDoubtful").await;
            assert!(told.message_of("CustomizationsKnown").contains("WRONG1"));
            stops(&told, "CustomizationDoubtful", Advice);
            connection.change(keys(json!({}))).await;
            connection.look_now().await;
            ship("dee").await.until_ordered().await;
            until_told(&connection, "CustomizationsKnown", "Succeeded").await;
        })
        .await;
}

/// As [`good`], for a cluster that orders.
fn good_here() -> Value {
    let mut spec = good();
    spec.as_object_mut().unwrap().remove("orderingCluster");
    spec
}

#[tokio::test]
async fn a_look_that_is_asked_for_costs_so_many_calls_and_changes_nothing() {
    scene("calls")
        .connection(good())
        .play(async |scene| {
            let connection = scene.connection();
            connection.until_reason("Succeeded").await;
            let (before, version) = (scene.sandbox.last_call().await, connection.get().await);
            connection.look_now().await;
            let mut asked = BTreeMap::new();
            for call in scene.sandbox.calls_since(before).await {
                *asked.entry(call.operation).or_insert(0) += 1;
            }
            let expected = [
                ("GetCountries", 1),
                ("GetInventory", 1),
                ("GetProducts", 1),
                ("GetSigningKeys", 1),
                ("GetTransportKeys", 1),
                ("getWellknownOrgMetadata", 1),
                ("listAuthenticatorMethods", 1),
                ("listAuthenticators", 1),
                ("listCustomDomains", 1),
                ("listLogEvents", 1),
                ("listPolicies", 2),
                ("listPolicyRules", 1),
                ("listUsers", 1),
                ("listWebAuthnPreregistrationFactors", 1),
            ];
            let expected = expected.map(|(operation, times)| (operation.to_owned(), times));
            assert_eq!(asked, BTreeMap::from(expected), "and no token more");
            let after = connection.get().await;
            let all = |object: &Object| object.0.pointer("/status/conditions").cloned();
            assert_eq!(all(&version), all(&after), "no condition is written anew");
        })
        .await;
}
