//! Nothing that must stay secret is written where others read, whatever the log's level.

use serde_json::{Value, json};
use testbed::leaks::{Secret, forms};

use crate::hris;
use crate::support::{
    calls::{ACTIVATE, ENROLL, ORDER},
    leak::{Haystack, find},
    scene::{Scene, own_scene},
    shipment::Handle,
};

#[tokio::test]
async fn no_secret_is_in_logs_events_objects_or_metrics_even_at_trace() {
    own_scene("leaks")
        .rust_log("trace")
        .connection(json!({"policy": {"createUsers": "Allow", "sources": {"oktaConsole": "Allow"}}}))
        .play(async |scene| {
            good_road(scene).await;
            bad_roads(scene).await;
            rollouts(scene).await;
            let secrets = scene.sandbox.secrets().await;
            let kinds = [
                "accessToken",
                "clientAssertion",
                "dpopProof",
                "yubicoApiToken",
                "hrisToken",
                "privateKey",
                "pin",
                "street",
                "phone",
                "jwe",
            ];
            for kind in kinds {
                assert!(secrets.iter().any(|secret| secret.kind == kind), "the sandbox knows a {kind}");
            }
            let mut haystacks = readable(scene).await;
            assert_eq!(find(&secrets, &haystacks), Vec::<String>::new());
            planted_leaks_are_found(&secrets, &mut haystacks);
        })
        .await;
}

async fn good_road(scene: &Scene) {
    hris::with_hris(scene).await;
    let login = scene.person("kim", "STAGED").await;
    let home = json!({
        "phone": "+49 30 5550199", "addressLine1": "Geheime Gasse 7", "city": "Berlin", "postalCode": "10115", "countryCode": "DE",
    });
    hris::record(scene, &login, home).await;
    let shipment = scene.ship("kim", &login).await;
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 103).await;
    shipment.until_phase("Shipped").await;
    scene.sandbox.set_state(&order, 104).await;
    shipment.until_reason("Activated").await;
}

/// Every failure there is, and vendors that repeat what they were sent.
async fn bad_roads(scene: &Scene) {
    let login = scene.person("unfit", "ACTIVE").await;
    scene.sandbox.change_person(&login, json!({"profile": {"city": "x".repeat(70)}})).await;
    scene.ship("unfit", &login).await.until_reason("InvalidRecipient").await;
    let undeliverable =
        json!({"status": "undeliverable", "details": [{"description": "no house at 7 Granite Terrace"}]});
    fails(scene, "address", "ValidateAddress", 400, undeliverable)
        .await
        .until_reason("AddressUndeliverable")
        .await;
    fails(scene, "order", ORDER, 400, echo()).await.until_reason("OrderRefused").await;
    fails(scene, "enroll", ENROLL, 400, echo()).await.until("refused", |o| o.has("/status/failure")).await;
    let shipment = fails(scene, "activate", ACTIVATE, 400, echo()).await;
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 104).await;
    shipment.until("refused", |object| object.has("/status/failure") || object.phase() == "Activated").await;
    scene.sandbox.post("/tokens/expire", json!({"okta": true, "nonces": true})).await;
    shipment.look_now().await;
}

/// Every source, its people and its ledger, and vendors that repeat what they were sent.
async fn rollouts(scene: &Scene) {
    let mut ids = Vec::new();
    for name in ["ann", "bob", "cut"] {
        ids.push(scene.sandbox.person(&scene.login(name), "ACTIVE").await);
    }
    scene.sandbox.change_person(&ids[2], json!({"profile": {"city": "x".repeat(70)}})).await;
    scene.sandbox.post("/groups", json!({"name": "Staff", "members": ids})).await;
    for listing in ["listGroupUsers", "listLogEvents"] {
        scene.sandbox.fault(listing, json!({"kind": "status", "status": 400, "body": echo()})).await;
    }
    let group = json!({"oktaGroup": {"groups": [{"name": "Staff"}], "interval": "1m"}});
    let staff = scene.roll("staff", group, json!({})).await;
    let told = |object: &crate::support::object::Object| {
        object.tally("activated") == 2 && object.skipped("InvalidRecipient") + object.tally("held") == 1
    };
    let done = scene.deliver_until(&staff, "two have keys, and one is told of", told).await;
    assert_eq!((done.ledger(&ids[0]), done.ledger(&ids[1])), ("Activated", "Activated"));

    // A person whom the rollout creates, from a list that holds an address.
    let new = json!({"login": scene.login("new"), "profile": {
        "firstName": "Kim", "lastName": "New", "email": scene.login("new"), "secondEmail": "kim@home.example",
        "primaryPhone": "+1 617-555-0177", "organization": "Example Inc", "streetAddress": "9 Hidden Lane",
        "city": "Concord", "state": "MA", "zipCode": "01742", "countryCode": "US",
    }});
    let users = json!({"users": {
        "list": [new, {"login": scene.login("nobody")}], "createMissing": "Staged", "interval": "1m",
    }});
    scene.sandbox.fault("createUser", json!({"kind": "status", "status": 400, "body": echo()})).await;
    let batch = scene.roll("batch", users, json!({})).await;
    batch.until("it says what is wrong", |object| object.has("/status/problems/0")).await;
    batch.until("the person is created and served", |object| object.tally("served") == 1).await;

    // The button: each press is an entry of the ledger.
    let pressed = scene.sandbox.person(&scene.login("pressed"), "ACTIVE").await;
    let console = scene.roll("console", json!({"oktaConsole": {}}), json!({})).await;
    console.until("it listens", |object| object.has("/status/cursor/next")).await;
    let order = json!({"productId": "29", "inventoryProductId": "106", "customizationId": "RXJN83"});
    scene.sandbox.post(&format!("/people/{pressed}/console-order"), order).await;
    console.look_now().await;
    console.until("it is served", |object| !object.ledger(&pressed).is_empty()).await;
}

fn echo() -> Value {
    json!({
        "errorCode": "E0000001", "errorSummary": "cannot use 7 Granite Terrace, +1 617-555-0142", "errorId": "oae1",
        "errorCauses": [{"errorSummary": "7 Granite Terrace"}], "message": "7 Granite Terrace",
        "errors": [{"message": "7 Granite Terrace"}], "detail": "+1 617-555-0142",
    })
}

async fn fails(scene: &Scene, name: &str, operation: &str, status: u16, body: Value) -> Handle {
    scene.sandbox.fault(operation, json!({"kind": "status", "status": status, "body": body})).await;
    let login = scene.person(name, "ACTIVE").await;
    scene.ship(name, &login).await
}

/// All that is not the vendors' own.
async fn readable(scene: &Scene) -> Vec<Haystack> {
    let kubectl = scene.kubectl();
    let all = |kinds: &'static str| {
        let kubectl = kubectl.clone();
        async move {
            kubectl
                .run(&["get", kinds, "--all-namespaces", "-o", "json", "--show-managed-fields"])
                .await
                .fine()
        }
    };
    let (log, address) = {
        let operator = scene.operator();
        let operator = operator.as_ref().unwrap();
        (std::fs::read_to_string(&operator.log).unwrap(), operator.address.clone())
    };
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says all it has to say");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = http.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("yubikey_shipment_operator"), "{metrics}");
    vec![
        Haystack { name: "the log", text: log, may_hold_jwes: false },
        Haystack { name: "the events", text: all("events.events.k8s.io").await, may_hold_jwes: false },
        Haystack { name: "the metrics", text: metrics, may_hold_jwes: false },
        Haystack {
            name: "the objects",
            text: all("yubikeyshipments,yubikeyconnections,yubikeydecisions").await,
            may_hold_jwes: true,
        },
        Haystack {
            name: "the rollouts",
            text: undeclared(&all("yubikeyrollouts").await),
            may_hold_jwes: false,
        },
    ]
}

/// Rollouts without the list that a person declared: what stands there is theirs to read, and may be nowhere else.
fn undeclared(rollouts: &str) -> String {
    let mut list: Value = serde_json::from_str(rollouts).unwrap();
    let all = list["items"].as_array_mut().unwrap();
    assert_eq!(all.len(), 3, "each source has one");
    for rollout in all {
        assert!(rollout["status"]["ledger"].is_object(), "each has a ledger: {}", rollout["status"]);
        rollout["spec"].as_object_mut().unwrap().remove("source");
    }
    list.to_string()
}

/// The search can fail: each form of a secret, hidden in each text, is found.
fn planted_leaks_are_found(secrets: &[Secret], haystacks: &mut [Haystack]) {
    for kind in ["accessToken", "pin", "street", "phone"] {
        let secret = secrets.iter().find(|secret| secret.kind == kind).unwrap();
        for (form, needle) in forms(&secret.value) {
            for haystack in haystacks.iter_mut() {
                let clean = haystack.text.len();
                haystack.text.extend(["\nlevel=trace body=\"", &needle, "\" more"]);
                let found = find(secrets, std::slice::from_ref(haystack));
                assert!(!found.is_empty(), "{kind} as {form} in {}", haystack.name);
                haystack.text.truncate(clean);
            }
        }
    }
}
