//! `kubectl yubikey audit --credentials-dir`: what a restore forgot, or the vendors changed, is found beside both vendors,
//! and the commands that it names resolve it. It writes nothing anywhere.

use std::path::PathBuf;

use kube_test::{Access, User};
use serde_json::{Value, json};

use crate::support::{
    calls::LIST,
    hours_ago,
    plugin::Ran,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
};

/// The operator does not look by itself, so that a contradiction stays until it is found.
fn rarely() -> Value {
    json!({"polling": {"firstAfter": "1h", "interval": "6h"}})
}

/// The connection of the scene as a file, so that no other one is asked.
async fn declared(scene: &Scene, folder: &tempfile::TempDir) -> PathBuf {
    let object = scene.connection().get().await.0;
    let file = folder.path().join("connection.yaml");
    let manifest = json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": scene.name}, "spec": object["spec"],
    });
    std::fs::write(&file, manifest.to_string()).unwrap();
    file
}

struct Auditor<'a> {
    scene: &'a Scene,
    folder: tempfile::TempDir,
}

impl<'a> Auditor<'a> {
    async fn of(scene: &'a Scene) -> Self {
        let folder = tempfile::tempdir().unwrap();
        declared(scene, &folder).await;
        Self { scene, folder }
    }

    async fn audit(&self, more: &[&str]) -> Ran {
        let file = self.folder.path().join("connection.yaml").display().to_string();
        let files = self.scene.sandbox.credentials("default").display().to_string();
        let arguments = ["audit", "-A", "--credentials-dir", &files, "-f", &file];
        let before = self.scene.sandbox.last_call().await;
        let said = self.scene.plugin(&[&arguments, more].concat()).await;
        let operator = self.scene.sandbox.effects_since(before).await;
        assert!(operator.is_empty(), "nothing is changed at a vendor: {operator:#?}");
        for secret in self.scene.sandbox.secrets().await {
            let told = secret.value.len() >= 8
                && (said.out.contains(&secret.value) || said.err.contains(&secret.value));
            assert!(!told, "{} is told", secret.kind);
        }
        said
    }

    /// What is found of the scene's own objects: word and first commands.
    async fn found(&self) -> Vec<Value> {
        let said = self.audit(&["-o", "json"]).await;
        assert!([0, 3].contains(&said.code), "{said:?}");
        let all: Vec<Value> = serde_json::from_str(&said.out).unwrap();
        let own = |one: &Value| one["object"].as_str().unwrap().contains(&self.scene.name);
        let all: Vec<_> = all.into_iter().filter(own).collect();
        assert!(said.code == 3 || all.is_empty(), "{said:?}");
        all
    }

    async fn one(&self, word: &str) -> Value {
        let mut found = self.found().await;
        assert_eq!(
            found.iter().map(|one| one["word"].as_str().unwrap()).collect::<Vec<_>>(),
            [word],
            "{found:#?}"
        );
        found.remove(0)
    }

    /// Runs a command that was named, as a person pastes it.
    async fn run(&self, finding: &Value, part: &str, more: &[&str]) -> Ran {
        let commands = finding["commands"].as_array().unwrap();
        let command = commands.iter().filter_map(Value::as_str).find(|command| command.contains(part));
        let command = command.unwrap_or_else(|| panic!("no command has {part}: {finding:#?}"));
        let words: Vec<_> = command
            .strip_prefix("kubectl yubikey ")
            .unwrap()
            .split(' ')
            .chain(more.iter().copied())
            .collect();
        self.scene.plugin(&words).await
    }
}

async fn ordered(scene: &Scene, name: &str) -> (Handle, String) {
    let login = scene.person(name, "ACTIVE").await;
    // Let go, a deletion touches no vendor: the cluster alone forgets.
    let shipment = scene.ship_with(name, &login, json!({"deletionPolicy": "Orphan"})).await;
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    (shipment, order)
}

async fn forget(shipment: &Handle) {
    shipment.delete().await;
    shipment.until_gone().await;
}

/// Longer ago than Okta's list may lag.
async fn enrolled_long_ago(shipment: &Handle) {
    let then = hours_ago(2);
    shipment.change_status(json!({"enrollment": {"createdAt": then, "mark": {"at": then}}})).await;
}

#[tokio::test]
async fn a_parcel_that_moved_is_found_and_the_look_that_is_named_resolves_it() {
    own_scene("audit")
        .connection(rarely())
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (shipment, order) = ordered(scene, "kim").await;
            let auditor = Auditor::of(scene).await;
            let clean = auditor.audit(&[]).await.ends(0);
            assert!(
                clean.out.is_empty() && clean.err.contains("with both vendors, 0 contradictions"),
                "{clean:?}"
            );
            assert!(clean.err.contains("Asking both vendors"), "long work shows progress: {clean:?}");

            scene.sandbox.set_state(&order, 103).await;
            let object = shipment.get().await;
            let moved = auditor.one("ParcelMoved").await;
            assert!(moved["what"].as_str().unwrap().contains("103 (Shipped)"), "{moved:#?}");
            assert_eq!(shipment.get().await.0, object.0, "an audit writes nothing");
            auditor.run(&moved, "look", &[]).await.fine();
            shipment.until_phase("Shipped").await;
            auditor.audit(&[]).await.ends(0);

            // The connections of the cluster serve as well as a file.
            let files = scene.sandbox.credentials("default").display().to_string();
            scene.plugin(&["audit", "-A", "--credentials-dir", &files]).await.ends(0);
            scene.sandbox.set_state(&order, 104).await;
            for (format, part) in [("yaml", "word: ParcelMoved"), ("table", "OBJECT"), ("wide", "FINDING")] {
                let said = auditor.audit(&["-o", format]).await.ends(3);
                assert!(
                    said.out.contains(part) && said.out.contains("ParcelMoved"),
                    "{format}: {}",
                    said.out
                );
            }
            // Names only on request.
            let name = json!({"profile": {"firstName": "Kimberly", "lastName": "Doe"}});
            scene.sandbox.change_person(&scene.login("kim"), name).await;
            assert!(!auditor.audit(&[]).await.ends(3).out.contains("Kimberly"));
            assert!(auditor.audit(&["--person"]).await.ends(3).out.contains("Kimberly Doe"));
        })
        .await;
}

#[tokio::test]
async fn an_order_that_a_lost_status_does_not_know_is_found_and_taken_over_by_the_command_that_is_named() {
    scene("audit-lost")
        .connection(rarely())
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (first, order) = ordered(scene, "kim").await;
            // The cluster is built anew from Git.
            forget(&first).await;
            let shipment = scene.ship("kim", &scene.login("kim")).await;
            shipment.until_held("ExistingKey", &["RetryOrder", "AdoptOrder", "CancelOrder"]).await;
            let auditor = Auditor::of(scene).await;
            let lost = auditor.one("OrderUnknownToStatus").await;
            assert!(lost["what"].as_str().unwrap().contains(&order), "{lost:#?}");
            assert!(
                lost["next"].as_str().unwrap().contains("this shipment's"),
                "what one must be sure of: {lost:#?}"
            );
            let said = auditor.run(&lost, &order, &["--yes", "--reason", "audit"]).await;
            said.ends(0);
            let taken = shipment.until_ordered().await;
            assert_eq!(taken.text("/status/order/shipmentId"), order);
            assert_eq!(scene.sandbox.orders().await.len(), 1, "no second key");
            assert_eq!(auditor.found().await, Vec::<Value>::new());
        })
        .await;
}

#[tokio::test]
async fn what_the_vendors_deleted_or_switched_off_is_found() {
    scene("audit-gone")
        .connection(rarely())
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let auditor = Auditor::of(scene).await;
            let (order_gone, order) = ordered(scene, "kim").await;
            scene.sandbox.delete(&format!("/shipments/{order}")).await;
            let found = auditor.one("OrderNotFound").await;
            assert!(found["commands"][1].as_str().unwrap().contains("ConfirmCancelled"), "{found:#?}");
            forget(&order_gone).await;

            let (unenrolled, _) = ordered(scene, "bo").await;
            let own = unenrolled.get().await.text("/status/enrollment/id").to_owned();
            scene.sandbox.delete(&format!("/enrollments/{own}")).await;
            assert!(auditor.found().await.is_empty(), "Okta's list may lag");
            enrolled_long_ago(&unenrolled).await;
            let found = auditor.one("EnrollmentGone").await;
            assert!(found["what"].as_str().unwrap().contains("never sign in"), "{found:#?}");
            let order = unenrolled.get().await.text("/status/order/shipmentId").to_owned();
            forget(&unenrolled).await;
            scene.sandbox.delete(&format!("/shipments/{order}")).await;

            let (active, order) = ordered(scene, "cy").await;
            scene.sandbox.set_state(&order, 104).await;
            active.look_now().await;
            let key = active.until_reason("Activated").await.text("/status/enrollment/id").to_owned();
            assert!(auditor.found().await.is_empty());
            scene.sandbox.post(&format!("/enrollments/{key}"), json!({"status": "INACTIVE"})).await;
            let found = auditor.one("KeyNotActive").await;
            assert!(found["what"].as_str().unwrap().contains("does not show it as ACTIVE"), "{found:#?}");
            forget(&active).await;
            scene.sandbox.delete(&format!("/enrollments/{key}")).await;

            // An order whose shipment is gone from the cluster: nobody follows it.
            let (forgotten, order) = ordered(scene, "di").await;
            forget(&forgotten).await;
            let found = auditor.one("OrderUnclaimed").await;
            assert!(found["what"].as_str().unwrap().contains(&order), "{found:#?}");
            assert_eq!(found["object"], format!("ykc/{}", scene.name));
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_compared_is_no_clean_audit() {
    scene("audit-away")
        .connection(rarely())
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            ordered(scene, "kim").await;
            let auditor = Auditor::of(scene).await;
            for operation in [LIST, "ListShipmentsExact"] {
                let rule =
                    scene.sandbox.fault_always(operation, json!({"kind": "status", "status": 503})).await;
                let found = auditor.found().await;
                assert!(found.iter().any(|one| one["word"] == "NotCompared"), "{operation}: {found:#?}");
                scene.sandbox.mend(rule).await;
            }
            let empty = tempfile::tempdir().unwrap();
            let file = auditor.folder.path().join("connection.yaml").display().to_string();
            let none = empty.path().display().to_string();
            let said = scene.plugin(&["audit", "-A", "--credentials-dir", &none, "-f", &file]).await.ends(3);
            assert!(
                said.out.contains("NotCompared") && said.out.contains("Okta could not be asked"),
                "{}",
                said.out
            );
            let nowhere = scene
                .plugin(&["audit", "-A", "--credentials-dir", "/no/such/dir", "-f", &file])
                .await
                .ends(1);
            assert!(nowhere.err.contains("is not there") && nowhere.err.contains("next:"), "{}", nowhere.err);
            assert!(scene.plugin(&["audit", "-f", &file]).await.ends(2).err.contains("--credentials-dir"));
            assert!(scene.plugin(&["audit", "--person"]).await.ends(2).err.contains("--credentials-dir"));
        })
        .await;
}

#[tokio::test]
async fn who_may_read_one_namespace_only_audits_it_with_a_file_of_the_connection() {
    scene("audit-reader")
        .connection(rarely())
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (_, order) = ordered(scene, "kim").await;
            scene.sandbox.set_state(&order, 103).await;
            let auditor = Auditor::of(scene).await;
            let reader = User::new(&format!("reader-{}", scene.name));
            let binding = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": scene.name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": reader.name()}],
            });
            scene.kubectl().apply(&binding.to_string()).await.fine();
            let access = Access::new("list", "yubikeyshipments.fidoprereg.dev").in_namespace(&scene.name);
            scene.plane().cluster.until_allowed(&reader, &access, true).await.unwrap();
            let files = scene.sandbox.credentials("default").display().to_string();
            let file = auditor.folder.path().join("connection.yaml").display().to_string();
            let with_file = ["audit", "--credentials-dir", &files, "-f", &file];
            let said = scene.plugin_as(Some(&reader), &with_file).await.ends(3);
            assert!(said.out.contains("ParcelMoved"), "{}", said.out);
            // Without the file there is nothing that it may read the connections from.
            let without = scene.plugin_as(Some(&reader), &["audit", "--credentials-dir", &files]).await.ends(1);
            assert!(without.err.contains("no connection whose vendors") && without.err.contains("-f FILE"), "{}", without.err);
            // Not its namespace.
            let elsewhere = ["audit", "-A", "--credentials-dir", &files, "-f", &file];
            scene.plugin_as(Some(&reader), &elsewhere).await.ends(4);
        })
        .await;
}
