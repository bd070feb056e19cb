//! A connection that is deleted and made again under the same name is a new one: nothing that was learned of the one
//! before is used, and what waits for a person waits on.

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, LIST, ORDER, PARCEL},
    mount::Mount,
    scene::{Scene, scene},
    shipment::Handle,
};

/// As `kubectl replace --force` does it: deleted and created, generation 1 both times.
async fn replace(scene: &Scene, spec: &Value) {
    let manifest = json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": scene.name}, "spec": spec,
    });
    let before = scene.connection().get().await.text("/metadata/uid").to_owned();
    scene.kubectl().with_input(&["replace", "--force", "-f", "-"], &manifest.to_string()).await.fine();
    let again = scene.connection().get().await;
    assert_ne!(again.text("/metadata/uid"), before);
    assert_eq!(again.number("/metadata/generation"), Some(1));
}

/// Torn away and made again, as where somebody removes finalizers.
async fn remake(scene: &Scene, spec: Value) {
    scene.connection().patch(json!({"metadata": {"finalizers": null}})).await;
    // The operator may put it back in between.
    while scene.connection().find().await.is_some() {
        scene.connection().wipe().await;
    }
    scene.connect(&scene.name, spec).await;
}

/// Another Okta org and Yubico organization with the same person in it; the answer is the connection's spec, the login
/// and where its credentials are.
async fn other_org(scene: &Scene, login: &str) -> (Value, std::path::PathBuf) {
    let name = format!("{}-b", scene.name);
    let org = scene.sandbox.post("/orgs", json!({"name": name, "countries": ["US"]})).await;
    let there = format!("/people?org={}", org["oktaOrganization"].as_str().unwrap());
    let mut person = scene.sandbox.get(&format!("/people/{login}")).await;
    scene.sandbox.post(&there, json!({"profile": person["profile"].take(), "status": "ACTIVE"})).await;
    let mut spec = scene.connection_spec();
    spec["okta"]["orgUrl"] = org["okta"].clone();
    for member in ["clientId", "keyId", "algorithm"] {
        spec["okta"]["auth"]["privateKeyJwt"][member] = org[member].clone();
    }
    (spec, scene.sandbox.credentials(&name))
}

fn take_files(mount: &Mount, from: &std::path::Path) {
    for file in std::fs::read_dir(from).unwrap().flatten() {
        mount.copy_file(from, file.file_name().to_str().unwrap());
    }
}

#[tokio::test]
async fn a_connection_made_again_with_another_url_sends_nothing_to_the_org_before() {
    scene("again")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let login = scene.person("kim", "ACTIVE").await;
            let (spec, credentials) = other_org(scene, &login).await;
            let before = scene.connection().get().await.text("/status/oktaOrganization").to_owned();
            // The same files: they open the org before, and not this one.
            replace(scene, &spec).await;
            let shipment = scene.ship("kim", &login).await;
            let told = scene.connection().until("it was looked at anew", |c| c.is("Ready") == "False").await;
            shipment.until_reason(told.reason()).await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (0, 0));
            take_files(&scene.mount, &credentials);
            let ordered = shipment.until_ordered().await;
            let org = ordered.text("/status/org/okta");
            assert_ne!(org, before, "it is ordered where the connection leads now");
            assert_eq!(scene.connection().get().await.text("/status/oktaOrganization"), org);
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_corrected_client_id_heals_a_connection_that_was_made_again() {
    scene("clientid")
        .connection(json!({"okta": {"auth": {"privateKeyJwt": {"clientId": "0oaNobody"}}}}))
        .play(async |scene| {
            scene.connection().until_reason("OktaUnauthorized").await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason("OktaUnauthorized").await;
            replace(scene, &scene.connection_spec()).await;
            scene.connection().until_reason("Succeeded").await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn another_url_of_yubienterprise_counts_at_once() {
    scene("yubico")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let mut spec = scene.connection_spec();
            spec["yubico"]["apiUrl"] = json!(format!("https://localhost:{}/v1", crate::support::NOBODY));
            replace(scene, &spec).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason("Unreachable").await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (0, 0));
        })
        .await;
}

#[tokio::test]
async fn what_was_ordered_under_another_org_is_neither_looked_for_nor_touched() {
    scene("elsewhere")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            let (spec, credentials) = other_org(scene, &login).await;
            take_files(&scene.mount, &credentials);
            remake(scene, spec).await;
            scene.connection().until_reason("Succeeded").await;
            shipment.until_reason("ConnectionChanged").await;
            let began = scene.sandbox.last_call().await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.look_now().await;
            let about = scene.sandbox.calls_since(began).await;
            let about: Vec<_> = about.iter().filter(|call| call.operation == PARCEL).collect();
            assert!(about.is_empty(), "{about:#?}");
            // The vendors it was ordered with are there again: it goes on by itself.
            take_files(&scene.mount, &scene.sandbox.credentials("default"));
            remake(scene, scene.connection_spec()).await;
            shipment.until_reason("Activated").await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
        })
        .await;
}

/// The operator has looked at all shipments of the connection since.
async fn until_noticed(scene: &Scene, name: &str, reason: &str) -> Handle {
    let login = scene.person(name, "ACTIVE").await;
    let witness = scene.ship(name, &login).await;
    witness.until_reason(reason).await;
    witness
}

#[tokio::test]
async fn a_hold_that_only_a_person_ends_survives_its_connection() {
    scene("survives")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            let there = scene.sandbox.post(&path, json!({"status": "PENDING", "ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("ExistingKey").await;
            scene.connection().delete().await;
            scene.connection().until_gone().await;
            let witness = until_noticed(scene, "lou", "ConnectionNotFound").await;
            // Gone from Okta's list, which says nothing about parcels.
            scene.sandbox.delete(&format!("/enrollments/{}", there["id"].as_str().unwrap())).await;
            scene.connect(&scene.name, scene.connection_spec()).await;
            witness.until_ordered().await;
            shipment.look_now().await;
            let now = shipment.get().await;
            for member in ["id", "since", "reason", "message"] {
                let pointer = format!("/status/hold/{member}");
                assert_eq!(now.text(&pointer), held.text(&pointer));
            }
            assert_eq!((now.reason(), now.message()), (held.reason(), held.message()));
            assert_eq!(scene.sandbox.count(ENROLL).await, 1, "for the witness only");
            let answer = json!({"shipmentRef": {"name": "kim"}, "holdID": now.text("/status/hold/id"),
                                "action": "RetryOrder", "requestedBy": "admin"});
            Handle::decision(&scene.client, &scene.name, "retry").create("YubiKeyDecision", answer).await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn a_hold_survives_a_closed_namespace_a_suspension_and_a_failed_read() {
    scene("passing")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            scene.sandbox.post(&path, json!({"status": "ACTIVE", "ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("ExistingKey").await;
            let stays = async |what: &str| {
                shipment.look_now().await;
                let now = shipment.get().await;
                assert_eq!(now.0["status"]["hold"], held.0["status"]["hold"], "{what}");
                assert_eq!((now.reason(), now.phase()), ("ExistingKey", "Held"), "{what}");
            };
            scene
                .connection()
                .change(json!({"allowedNamespaces": {"from": "Names", "names": ["elsewhere"]}}))
                .await;
            let witness = until_noticed(scene, "lou", "ForbiddenByConnection").await;
            stays("the namespace is not admitted").await;
            scene.connection().change(json!({"allowedNamespaces": {"from": "All", "names": null}})).await;
            witness.until_ordered().await;
            stays("the namespace is admitted again").await;
            for suspend in [true, false] {
                shipment.change(json!({"suspend": suspend})).await;
                shipment.until("it was looked at", crate::support::object::Object::is_current).await;
                stays("suspended and back").await;
            }
            let rule = scene.sandbox.fault_always(LIST, json!({"kind": "status", "status": 503})).await;
            stays("Okta's list cannot be read").await;
            scene.sandbox.mend(rule).await;
            stays("it can be read again").await;
        })
        .await;
}
