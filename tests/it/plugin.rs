//! `kubectl yubikey` against a real API server: what waits is shown, and a real hold ends by a real answer.

use kube_test::User;
use serde_json::{Value, json};

use crate::support::{
    scene::{Scene, scene},
    shipment::Handle,
};

async fn delivered(scene: &Scene, shipment: &Handle) {
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 104).await;
    shipment.look_now().await;
}

#[tokio::test]
async fn a_question_is_shown_and_its_answer_ends_the_hold_in_ones_own_name() {
    scene("plugin-decide")
        .play(async |scene| {
            let (shipment, held) = scene.existing_key().await;
            let id = held.text("/status/hold/id");
            let waiting = scene.plugin(&["holds"]).await.ends(3);
            for part in
                ["yks/kim", "ExistingKey", "pre-registered key at Okta already", "kubectl yubikey decide"]
            {
                assert!(waiting.out.contains(part), "{part}: {}", waiting.out);
            }
            let tree = scene.plugin(&["status"]).await.fine();
            assert!(tree.contains("Held") && tree.contains("kubectl yubikey decide yks/kim"), "{tree}");
            // Nobody is asked without a terminal, and nothing is decided.
            let asked = scene.plugin(&["decide", "kim"]).await.ends(2);
            assert!(
                asked.err.contains("be sure that") && asked.err.contains("may pay for another key"),
                "{}",
                asked.err
            );
            let stale = ["decide", "kim", "--hold", "enroll-9-abcdef", "--choice", "CancelOrder", "--yes"];
            assert!(scene.plugin(&stale).await.ends(1).err.contains(id));
            let wrong = ["decide", "kim", "--choice", "ApprovePin", "--yes"];
            assert!(scene.plugin(&wrong).await.ends(2).err.contains("RetryOrder, AdoptOrder, CancelOrder"));
            let answer = ["decide", "kim", "--choice", "CancelOrder", "--reason", "has a key", "--yes"];
            let said = scene.plugin(&answer).await.ends(0);
            assert!(said.err.contains("Accepted") && said.out.contains("yubikeydecision/kim-"), "{said:?}");
            let over = shipment.until_phase("Cancelled").await;
            let record = &over.0["status"]["decisions"][0];
            assert_eq!(
                (record["holdID"].as_str(), record["requestedBy"].as_str()),
                (Some(id), Some(scene.whoami().await.as_str()))
            );
            let none = scene.plugin(&["holds", "--answerable"]).await.ends(0);
            assert!(none.out.is_empty() && none.err.contains("Nothing waits"), "{none:?}");
        })
        .await;
}

#[tokio::test]
async fn who_may_not_decide_sees_why_and_whom_to_ask_and_nothing_is_decided() {
    scene("plugin-denied")
        .play(async |scene| {
            scene.existing_key().await;
            let nobody = User::new("plugin-nobody");
            for arguments in [
                &["status"][..],
                &["holds"],
                &["decide", "kim", "--choice", "CancelOrder", "--yes"],
                &["suspend", "kim"],
                &["look", "kim"],
                &["report"],
                &["audit"],
                &["check"],
            ] {
                let said = scene.plugin_as(Some(&nobody), arguments).await.ends(4);
                assert!(said.err.contains("forbidden") && said.err.contains("docs/rights.md"), "{arguments:?}: {}", said.err);
            }
            // Who may read and not decide is refused by the API server at the decision itself.
            let namespace = &scene.name;
            let role = json!({
                "apiVersion": "v1", "kind": "List", "items": [
                    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader", "namespace": namespace},
                     "rules": [{"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyshipments"], "verbs": ["get", "list", "watch"]}]},
                    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": namespace},
                     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
                     "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "plugin-reader"}]},
                ],
            });
            scene.kubectl().apply(&role.to_string()).await.fine();
            let reader = User::new("plugin-reader");
            let access = kube_test::Access::new("list", "yubikeyshipments.fidoprereg.dev").in_namespace(namespace);
            scene.plane().cluster.until_allowed(&reader, &access, true).await.unwrap();
            let seen = scene.plugin_as(Some(&reader), &["holds"]).await.ends(3);
            assert!(seen.out.contains("ExistingKey") && seen.err.contains("questions of rollouts are left out"), "{seen:?}");
            let refused = ["decide", "kim", "--choice", "CancelOrder", "--yes"];
            let said = scene.plugin_as(Some(&reader), &refused).await.ends(4);
            assert!(said.err.contains("yubikeydecisions"), "{}", said.err);
            let list = scene.kubectl().run(&["get", "ykd", "-n", namespace, "-o", "name"]).await.fine();
            assert_eq!(list, "");
        })
        .await;
}

#[tokio::test]
async fn gates_are_approved_the_pin_is_mailed_again_and_a_fourth_time_is_said_to_wait() {
    scene("plugin-approve")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let spec = json!({"activation": {"after": "Approval"}, "pin": {"after": "Approval"}});
            let shipment = scene.ship_with("kim", &login, spec).await;
            let early = scene.plugin(&["resend-pin", "kim", "--yes"]).await.ends(1);
            assert!(early.err.contains("no PIN was mailed"), "{}", early.err);
            delivered(scene, &shipment).await;
            let gate = shipment.until_held("AwaitingApproval", &["ApproveActivation"]).await;
            scene.plugin(&["approve", "kim", "--yes", "--reason", "has the parcel"]).await.ends(0);
            shipment.until_held_anew(&gate, "AwaitingApproval").await;
            scene.plugin(&["approve", "kim", "--yes"]).await.ends(0);
            shipment.until_reason("Activated").await;
            let nothing = scene.plugin(&["approve", "kim", "--yes"]).await.ends(1);
            assert!(nothing.err.contains("no hold"), "{}", nothing.err);
            for mails in 2..=3 {
                scene.plugin(&["resend-pin", "kim", "--yes"]).await.ends(0);
                shipment
                    .until("mailed again", |o| {
                        o.0["status"]["pin"]["mails"].as_array().is_some_and(|all| all.len() == mails)
                    })
                    .await;
            }
            let fourth = scene.plugin(&["resend-pin", "kim", "--yes"]).await.ends(0);
            assert!(fourth.err.contains("three mails"), "{}", fourth.err);
            let one = scene.plugin(&["status", "kim"]).await.fine();
            for part in
                ["enrolment:", "order:", "parcel:", "delivered", "the key can sign in", "mailed by Okta"]
            {
                assert!(one.contains(part), "{part}: {one}");
            }
        })
        .await;
}

#[tokio::test]
async fn the_daily_ones_suspend_resume_and_look() {
    scene("plugin-daily")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            shipment.until_reason("Suspended").await;
            assert!(scene.plugin(&["suspend", "kim"]).await.fine().contains("already"));
            let tree = scene.plugin(&["status"]).await.fine();
            assert!(tree.contains("kubectl yubikey resume kim"), "{tree}");
            assert_eq!(scene.plugin(&["resume", "yks/kim"]).await.fine(), "yks/kim resumed\n");
            shipment.until_ordered().await;
            assert_eq!(scene.plugin(&["suspend", "kim"]).await.fine(), "yks/kim suspended\n");
            assert_eq!(shipment.get().await.0["spec"]["suspend"], true);
            let missing = scene.plugin(&["suspend", "kim", "lee"]).await.ends(1);
            assert!(missing.err.contains("no shipment or rollout lee"), "{}", missing.err);
            scene.plugin(&["resume", "kim"]).await.fine();
            let connection = format!("ykc/{}", scene.name);
            let looked = scene.plugin(&["look", "kim", &connection]).await.fine();
            assert!(looked.contains("yks/kim looked at: ") && looked.contains(&connection), "{looked}");
            let asked = shipment.get().await;
            assert_eq!(
                asked.text("/status/lastHandledReconcileAt"),
                asked.0["metadata"]["annotations"]["fidoprereg.dev/requestedAt"]
            );
        })
        .await;
}

#[tokio::test]
async fn what_is_printed_for_programs_is_a_document_and_names_no_secret() {
    scene("plugin-json")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            delivered(scene, &shipment).await;
            shipment.until_reason("Activated").await;
            let text = scene.plugin(&["status", "-o", "json"]).await.fine();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["shipments"][0]["name"], "kim");
            assert_eq!(value["shipments"][0]["phase"], "Activated");
            let yaml = scene.plugin(&["status", "kim", "-o", "yaml"]).await.fine();
            assert!(yaml.contains("phase: Activated"), "{yaml}");
            let wide = scene.plugin(&["status", "-o", "wide"]).await.fine();
            assert!(wide.starts_with("NAMESPACE"), "{wide}");
            let none = scene.plugin(&["holds", "-o", "json"]).await.ends(0);
            assert_eq!(none.out.trim(), "[]");
            let secrets = scene.sandbox.secrets().await;
            let all = [text, yaml, wide].concat();
            assert!(secrets.iter().all(|secret| !all.contains(&secret.value)), "a secret is printed");
        })
        .await;
}
