//! Preflight: each fault alone is found by its own condition, each fix turns only that back, a good org raises no alarm;
//! what stops, stops orders, and what advises stops nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    calls::{LIST, USERS},
    object::Object,
    sandbox::is_strict,
    scene::{Scene, scene},
    shipment::Handle,
    until,
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
    /// The app's key is gone, and another comes.
    Key,
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

/// A fault, what shall be told of it, and how it is made and mended.
struct Wrong {
    kind: &'static str,
    reason: &'static str,
    weight: Weight,
    spoil: Spoil,
}

const fn wrong(kind: &'static str, reason: &'static str, weight: Weight, spoil: Spoil) -> Wrong {
    Wrong { kind, reason, weight, spoil }
}

fn down() -> Value {
    json!({"kind": "status", "status": 503})
}

/// The org itself, and what it lets the app do.
fn faults_of_the_org() -> Vec<Wrong> {
    use Spoil::{App, Command, Key, Setting, Stranger};
    let feature = |on: bool| json!({"preregistrationEnabled": on});
    let others =
        json!(["okta.authenticators.read", "okta.policies.read", "okta.domains.read", "okta.logs.read"]);
    vec![
        wrong("ClockSynchronized", "ClockSkew", Stop, Setting("clockSkewSeconds", json!(200), json!(0))),
        wrong("OktaReachable", "OktaUnauthorized", Fault, Key),
        wrong(
            "ScopesGranted",
            "ScopeMissing",
            Fault,
            App(json!({"scopes": others}), json!({"scopes": SCOPES})),
        ),
        wrong("RoleAssigned", "RoleMissing", Fault, App(json!({"role": false}), json!({"role": true}))),
        wrong(
            "PreRegistrationEnabled",
            "FeatureOff",
            Fault,
            Command("/settings", feature(false), feature(true)),
        ),
        wrong("IdentityEngine", "ClassicEngine", Stop, Setting("pipeline", json!("v1"), json!("idx"))),
        wrong("OnlyOrderingTool", "AnotherOrderingTool", Advice, Stranger),
    ]
}

/// The authenticator and the hosts.
fn faults_of_the_authenticator() -> Vec<Wrong> {
    use Spoil::{Command, Setting, Spec};
    let verification = |how: &str| json!({"userVerification": how});
    let domains = |list: Value| json!({"domains": list});
    let rp_id = |id: &str| json!({"rpId": id});
    let ours = |id: &str| json!({"okta": {"rpId": id}});
    let status = |one: &str| json!(one);
    vec![
        wrong(
            "WebAuthnEnabled",
            "WebAuthnOff",
            Stop,
            Setting("webauthnStatus", status("INACTIVE"), status("ACTIVE")),
        ),
        wrong(
            "UserVerification",
            "UserVerificationDiscouraged",
            Advice,
            Command("/okta", verification("DISCOURAGED"), verification("PREFERRED")),
        ),
        wrong(
            "KeyAllowed",
            "OnlyBuiltInAllowed",
            Stop,
            Setting("attachment", json!("BUILT_IN"), json!("ANY")),
        ),
        wrong("KeyAllowed", "ModelNotAllowed", Advice, Setting("fipsCompliant", json!(true), json!(false))),
        wrong(
            "KeyAllowed",
            "ModelNotAllowed",
            Advice,
            Setting("enrollAaguidGroups", json!(["others"]), json!([])),
        ),
        wrong("RPIDMatches", "RPIDMismatch", Stop, Command("/okta", rp_id("keys.example.com"), rp_id(""))),
        wrong(
            "SignInHostMatches",
            "SignInHostMismatch",
            Stop,
            Spec(ours("elsewhere.example"), ours("localhost")),
        ),
        wrong(
            "CustomDomainsKnown",
            "SignInHostNotNamed",
            Advice,
            Command("/okta", domains(json!(["login.example.com"])), domains(json!([]))),
        ),
    ]
}

/// The policies.
fn faults_of_policies() -> Vec<Wrong> {
    use Spoil::Setting;
    let enroll = |how: &str| Setting("enroll", json!(how), json!("REQUIRED"));
    let session = |setting| wrong("SessionPolicyFits", "SessionPolicyDiffers", Advice, setting);
    vec![
        wrong("EnrollmentPolicyFits", "EnrollmentForbidden", Stop, enroll("NOT_ALLOWED")),
        wrong("EnrollmentPolicyFits", "EnrollmentNotRequired", Advice, enroll("OPTIONAL")),
        session(Setting("primaryFactor", json!("PASSWORD_IDP"), json!("PASSWORD_IDP_ANY_FACTOR"))),
        session(Setting("requireFactor", json!(false), json!(true))),
        session(Setting("factorPromptMode", json!("DEVICE"), json!("ALWAYS"))),
    ]
}

/// `YubiEnterprise`, and what the connection names there.
fn faults_of_yubico() -> Vec<Wrong> {
    use Spoil::{Calls, Command, Expired, Region, Spec};
    let set = |set: &str, shown: &str| json!({"set": set, "as": shown});
    let published =
        |name: &'static str, shown: &str| Command("/keys/publish", set(name, shown), set(name, "whole"));
    let stock = |quantity: u32| json!({"inventoryProductId": 106, "quantity": quantity});
    let pays =
        |products: Value| json!({"inventoryProductId": 106, "quantity": 500, "productMapping": products});
    let countries = |list: Value| json!({"countries": list});
    let model = |change: Value| Spec(keys(change), keys(json!({})));
    let (transport, signing) = ("TransportKeysUsable", "SigningKeysUsable");
    // A refusal that is a web page may be anybody's between.
    let refused = if is_strict() { "YubicoUnavailable" } else { "YubicoUnauthorized" };
    vec![
        wrong("YubicoReachable", refused, Fault, Expired),
        wrong("TokenRegionMatches", "TokenOfAnotherRegion", Stop, Region),
        wrong("ProductsKnown", "ProductUnknown", Stop, model(json!({"productId": 2900}))),
        wrong("InventoriesKnown", "InventoryUnknown", Stop, model(json!({"inventoryProductId": 1060}))),
        wrong(
            "ProductsMapped",
            "PairNotMapped",
            Stop,
            Command("/stock", pays(json!([1])), pays(json!([1, 29, 54, 55]))),
        ),
        wrong("StockSufficient", "StockLow", Advice, Command("/stock", stock(9), stock(500))),
        wrong(
            "CountriesEnabled",
            "CountryOff",
            Advice,
            Command("/countries", countries(json!(["US", "CA"])), countries(json!(COUNTRIES))),
        ),
        wrong(transport, "VendorKeysUnusable", Stop, published("transport", "empty")),
        wrong(signing, "VendorKeysUnusable", Stop, published("signing", "another-curve")),
        wrong(transport, "YubicoUnavailable", Fault, Calls("GetTransportKeys", down())),
        wrong(signing, "YubicoUnavailable", Fault, Calls("GetSigningKeys", down())),
    ]
}

/// The connection alone.
fn faults_of_the_cluster(cluster: &str) -> Vec<Wrong> {
    let bound = json!({"orderingCluster": cluster});
    let spoil = Spoil::Spec(json!({"orderingCluster": null}), bound);
    vec![wrong("OrderingClusterSet", "OrderingClusterUnset", Advice, spoil)]
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

fn mount(scene: &Scene, token: &Value) {
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
                return json!(scene.sandbox.fault_always(operation, effect.clone()).await);
            }
            Self::App(wrong, _) => app(scene, wrong).await,
            Self::Key => {
                let (app, key) = (scene.sandbox.says("clientId"), scene.sandbox.says("keyId"));
                scene.sandbox.delete(&format!("/apps/{app}/keys/{key}")).await;
                scene.sandbox.post("/tokens/expire", json!({})).await;
            }
            Self::Region => {
                let other = json!({"name": "emea", "okta": false, "countries": ["FR", "SE"]});
                let made = scene.sandbox.post("/orgs", other).await;
                mount(scene, &made["yubicoApiToken"]);
            }
            Self::Expired => {
                scene.sandbox.post("/tokens/expire", json!({"okta": false, "yubico": true})).await;
            }
            Self::Stranger => {
                // Lists that lag are other tests': a look sees it an hour later, or when it is asked for.
                scene.sandbox.post("/settings", json!({"enrollmentListLagMs": 0})).await;
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
            Self::Key => {
                let path = format!("/apps/{}/keys", scene.sandbox.says("clientId"));
                let made = scene.sandbox.post(&path, json!({})).await;
                scene.mount.set("okta-private-key", made["privateKeyPem"].as_str().unwrap().as_bytes());
                let auth = json!({"privateKeyJwt": {"keyId": made["keyId"]}});
                scene.connection().change(json!({"okta": {"auth": auth}})).await;
            }
            Self::Region | Self::Expired => {
                let made = scene.sandbox.post("/tokens/yubico", json!({})).await;
                mount(scene, &made["token"]);
            }
            Self::Stranger => scene.sandbox.delete(&format!("/enrollments/{}", left.as_str().unwrap())).await,
        }
    }
}

/// Looks until the condition has the reason: a look may come before what the shipments show is seen.
async fn until_told(connection: &Handle, kind: &str, reason: &str) -> Object {
    let told = until(async || {
        connection.look_now().await;
        Some(connection.get().await).filter(|object| object.reason_of(kind) == reason && object.is_current())
    });
    told.await.unwrap_or_else(|| panic!("{} did not come to: {kind} {reason}", connection.name))
}

#[tokio::test]
async fn each_fault_of_the_org_is_found_by_its_own_condition_and_its_fix_turns_only_that_back() {
    let faults = |_: &str| [faults_of_the_org(), faults_of_policies()].into_iter().flatten().collect();
    each_is_found_alone("preorg", faults).await;
}

#[tokio::test]
async fn each_fault_of_the_authenticator_is_found_by_its_own_condition_and_its_fix_turns_only_that_back() {
    each_is_found_alone("preauth", |_| faults_of_the_authenticator()).await;
}

#[tokio::test]
async fn each_fault_of_yubico_is_found_by_its_own_condition_and_its_fix_turns_only_that_back() {
    let faults =
        |cluster: &str| [faults_of_yubico(), faults_of_the_cluster(cluster)].into_iter().flatten().collect();
    each_is_found_alone("preyubico", faults).await;
}

async fn each_is_found_alone(name: &str, faults: impl Fn(&str) -> Vec<Wrong>) {
    scene(name)
        .connection(good())
        .play(async |scene| {
            let connection = scene.connection();
            let cluster = connection.until_reason("Succeeded").await.text("/status/cluster").to_owned();
            connection.change(json!({"orderingCluster": cluster})).await;
            connection.look_now().await;
            let before = conditions(&connection.get().await);
            no_alarm(&before);
            let login = scene.person("kim", "ACTIVE").await;
            for wrong in faults(&cluster) {
                wrong.is_found_alone(scene, &before, &login).await;
            }
        })
        .await;
}

impl Wrong {
    async fn is_found_alone(&self, scene: &Scene, before: &Conditions, login: &str) {
        let Self { kind, reason, weight, spoil } = self;
        let connection = scene.connection();
        let left = spoil.break_it(scene).await;
        let told = until_told(&connection, kind, reason).await;
        assert_eq!(different(before, &conditions(&told)), [*kind], "{reason}");
        assert_eq!(told.is(kind), "False", "{reason}");
        says_what_to_do(&told, kind, *weight);
        stops(&told, reason, *weight);
        if told.is("Stalled") == "True" {
            no_key_is_ordered(scene, login, reason).await;
        }
        spoil.mend_it(scene, &left).await;
        let well = until_told(&connection, kind, "Succeeded").await;
        assert_eq!(different(before, &conditions(&well)), Vec::<String>::new(), "{reason} mended");
        assert_eq!((well.is("Ready"), well.reason()), ("True", "Succeeded"), "{reason} mended");
    }
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

/// Answers in the place of a vendor's, none of which says that it takes the token.
fn outages() -> [(&'static str, &'static str, Value); 4] {
    let page = json!({"kind": "webPage", "status": 403, "body": "<html><body>Forbidden</body></html>"});
    let refusal = json!({"code": "unauthorized", "message": "The API token is wrong or has expired."});
    [
        ("GetInventory", "YubicoReachable", json!({"kind": "status", "status": 401, "body": refusal})),
        ("GetInventory", "YubicoReachable", page),
        ("GetTransportKeys", "TransportKeysUsable", down()),
        ("GetSigningKeys", "SigningKeysUsable", json!({"kind": "truncate"})),
    ]
}

/// What was read before the outage is no answer during it.
#[tokio::test]
async fn an_outage_at_yubico_is_said_as_long_as_it_lasts_and_no_longer() {
    scene("outage")
        .connection(good())
        .play(async |scene| {
            let connection = scene.connection();
            connection.until_reason("Succeeded").await;
            for (operation, kind, effect) in outages() {
                let rule = scene.sandbox.fault_always(operation, effect.clone()).await;
                connection.look_now().await;
                let asked = scene.sandbox.count(operation).await;
                let told = connection.get().await;
                assert_eq!((told.is(kind), told.is("Ready")), ("False", "False"), "{operation} {effect}");
                // By itself, without anybody who asks for a look.
                scene.sandbox.counts(operation, asked + 1).await;
                let still = connection.get().await;
                assert_eq!((still.is(kind), still.is("Ready")), ("False", "False"), "{operation} {effect}");
                scene.sandbox.mend(rule).await;
                connection.look_now().await;
                connection.until_reason("Succeeded").await;
            }
        })
        .await;
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
            scene.sandbox.refuses_in_json().await;
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
            // Eight countries, one inventory and four products, two a page: without totals a page more shows the end.
            let (countries, inventories, products) = if is_strict() { (5, 2, 3) } else { (1, 1, 1) };
            let expected = [
                ("GetCountries", countries),
                ("GetInventory", inventories),
                ("GetProducts", products),
                ("GetSigningKeys", 1),
                ("GetTransportKeys", 1),
                ("getWellknownOrgMetadata", 1),
                ("listAuthenticatorMethods", 1),
                ("listAuthenticators", 1),
                ("listCustomDomains", 1),
                ("listLogEvents", 1),
                ("listPolicies", 2),
                ("listPolicyRules", 1),
                (USERS, 1),
                (LIST, 1),
            ];
            let expected = expected.map(|(operation, times)| (operation.to_owned(), times));
            assert_eq!(asked, BTreeMap::from(expected), "and no token more");
            let after = connection.get().await;
            let all = |object: &Object| object.0.pointer("/status/conditions").cloned();
            assert_eq!(all(&version), all(&after), "no condition is written anew");
        })
        .await;
}
