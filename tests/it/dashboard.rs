//! The page against a real API server: a real hold ends by an answer given there, in the name of whoever gave it.

use kube_test::Access;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{
    dashboard::Dashboard,
    object::Object,
    scene::{Scene, scene},
};

fn decide(scene: &Scene, held: &Object, choice: &str) -> String {
    let id = held.text("/status/hold/id");
    format!("/decide?namespace={}&object=yks%2Fkim&hold={id}&choice={choice}", scene.name)
}

const SURE: [(&str, &str); 2] = [("sure", "yes"), ("reason", "has a key")];

#[tokio::test]
async fn a_question_is_answered_on_the_page_in_ones_own_name_and_changes_are_told_live() {
    scene("page")
        .play(async |scene| {
            let page = scene.dashboard().await;
            let mut events = page.events().await;
            assert_eq!(events.status(), StatusCode::OK);
            events.chunk().await.unwrap().expect("it tells that it looks");
            let (shipment, held) = scene.existing_key().await;
            let told = events.chunk().await.unwrap().expect("it tells that something changed");
            assert!(String::from_utf8_lossy(&told).contains("changed"), "{told:?}");
            let overview = page.get("/").await.fine();
            assert!(overview.contains("ExistingKey") && overview.contains(&scene.login("kim")), "{overview}");
            assert!(page.get("/?q=nobody-has-this").await.fine().contains("No shipment has"));
            let questions = page.get("/holds").await.fine();
            assert!(questions.contains("pre-registered key at Okta already"), "{questions}");
            let asked = page.get(&decide(scene, &held, "CancelOrder")).await.fine();
            let elsewhere = page.send_from("http://evil.example", &asked, "/decisions", &SURE).await;
            assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
            let said = page.send(&asked, "/decisions", &SURE).await;
            assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
            page.until_shown(&said.location, "Accepted").await;
            let over = shipment.until_phase("Cancelled").await;
            let record = &over.0["status"]["decisions"][0];
            assert_eq!(
                (record["holdID"].as_str(), record["requestedBy"].as_str(), record["action"].as_str()),
                (
                    Some(held.text("/status/hold/id")),
                    Some(scene.whoami().await.as_str()),
                    Some("CancelOrder")
                )
            );
            let again = page.send(&asked, "/decisions", &SURE).await;
            assert_eq!(again.status, StatusCode::CONFLICT, "one question is answered once: {}", again.text);
            for stranger in ["/", "/holds", "/events"] {
                assert_eq!(page.stranger().get(stranger).await.status, StatusCode::UNAUTHORIZED);
            }
        })
        .await;
}

#[tokio::test]
async fn a_whole_road_is_a_journey_with_numbers_and_the_pin_is_mailed_again_from_its_page() {
    scene("page-road")
        .play(async |scene| {
            let page = scene.dashboard().await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            let path = format!("/shipments/{}/kim", scene.name);
            let ordered = page.get(&path).await.fine();
            assert!(
                ordered.contains(&order) && ordered.contains("the address of an order cannot be changed")
            );
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            let through = page.get(&path).await.fine();
            let serial = shipment.get().await.text("/status/key/serial").to_owned();
            for part in ["Delivered", "Activated", "Send the PIN once more", &serial] {
                assert!(through.contains(part), "{part}: {through}");
            }
            for search in [&order, &serial, &login] {
                assert!(page.get(&format!("/?q={search}")).await.fine().contains(&path), "{search}");
            }
            let pin = shipment.get().await.number("/status/pin/id").unwrap();
            let wish =
                format!("/decide?namespace={}&object=yks%2Fkim&hold=pin-{pin}&choice=ResendPin", scene.name);
            let asked = page.get(&wish).await.fine();
            let said = page.send(&asked, "/decisions", &[("sure", "yes")]).await;
            page.until_shown(&said.location, "Accepted").await;
            shipment
                .until("mailed again", |o| {
                    o.0["status"]["pin"]["mails"].as_array().is_some_and(|all| all.len() == 2)
                })
                .await;
            let before =
                shipment.get().await.text("/metadata/annotations/fidoprereg.dev~1requestedAt").to_owned();
            assert_eq!(page.send(&through, "/look", &[]).await.location, path);
            shipment
                .until("looked at", |o| {
                    let at = o.text("/status/lastHandledReconcileAt");
                    at != before && at == o.text("/metadata/annotations/fidoprereg.dev~1requestedAt")
                })
                .await;
            let connections = page.get("/connections").await.fine();
            assert!(
                connections.contains(&scene.name) && connections.contains("StockSufficient"),
                "{connections}"
            );
            let secrets = scene.sandbox.secrets().await;
            let all = [through, asked, connections].concat();
            assert!(secrets.iter().all(|secret| !all.contains(&secret.value)), "a secret is shown");
        })
        .await;
}

async fn account(scene: &Scene, page: &Dashboard, name: &str) -> Dashboard {
    let made = ["create", "serviceaccount", name, "-n", &scene.name];
    scene.kubectl().run(&made).await.fine();
    let account = scene.plane().cluster.service_account(&scene.name, name);
    page.of_caller(&account.token(std::time::Duration::from_secs(1_000)).await.unwrap())
}

async fn allow(scene: &Scene, name: &str, rules: serde_json::Value) {
    let namespace = &scene.name;
    let role = json!({
        "apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name, "namespace": namespace}, "rules": rules},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
             "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]},
        ],
    });
    scene.kubectl().apply(&role.to_string()).await.fine();
    let user = scene.plane().cluster.service_account(namespace, name).user();
    let access = Access::new("list", "yubikeyshipments.fidoprereg.dev").in_namespace(namespace);
    scene.plane().cluster.until_allowed(&user, &access, true).await.unwrap();
}

#[tokio::test]
async fn in_the_cluster_each_caller_sees_and_does_what_is_their_own_right_and_the_page_has_none() {
    scene("page-callers")
        .play(async |scene| {
            let (shipment, held) = scene.existing_key().await;
            let page = scene.dashboard_for_callers("yubikeys.example.com").await;
            let here = format!("ns={}", scene.name);
            let nobody = page.get("/").await;
            assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
            assert!(nobody.text.contains("no bearer token"), "{}", nobody.text);
            let wrong = page.of_caller("not-a-token").get("/").await;
            assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{}", wrong.text);
            assert_eq!(page.get("/healthz").await.status, StatusCode::OK);

            let stranger = account(scene, &page, "stranger").await;
            let denied = stranger.get(&format!("/holds?{here}")).await;
            assert_eq!(denied.status, StatusCode::FORBIDDEN);
            for part in ["cannot list resource", "yubikeyshipments", "stranger", &scene.name] {
                assert!(denied.text.contains(part), "{part}: {}", denied.text);
            }

            let read = json!({"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyshipments", "yubikeyrollouts"], "verbs": ["get", "list", "watch"]});
            let mut reader = account(scene, &page, "reader").await;
            allow(scene, "reader", json!([read])).await;
            assert!(reader.get("/").await.text.contains("name it above"), "not everywhere");
            assert!(reader.visit(&format!("/?{here}")).await.contains("ExistingKey"));
            let asked = reader.visit(&format!("{}&{here}", decide(scene, &held, "CancelOrder"))).await;
            let refused = reader.send(&asked, "/decisions", &SURE).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert!(refused.text.contains("cannot create resource") && refused.text.contains("yubikeydecisions"), "{}", refused.text);

            let mut desk = account(scene, &page, "desk").await;
            let decide_too = json!({"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeydecisions"], "verbs": ["create", "get", "list", "watch"]});
            allow(scene, "desk", json!([read, decide_too])).await;
            let asked = desk.visit(&format!("{}&{here}", decide(scene, &held, "CancelOrder"))).await;
            let elsewhere = desk.send_from("https://evil.example", &asked, "/decisions", &SURE).await;
            assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
            let said = desk.send(&asked, "/decisions", &SURE).await;
            assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
            let over = shipment.until_phase("Cancelled").await;
            let by = over.0["status"]["decisions"][0]["requestedBy"].as_str().unwrap().to_owned();
            assert_eq!(by, format!("system:serviceaccount:{}:desk", scene.name));
        })
        .await;
}

fn deletion(scene: &Scene, name: &str) -> String {
    format!("/delete?namespace={}&name={name}", scene.name)
}

#[tokio::test]
async fn a_leavers_shipment_is_deleted_from_the_page_after_its_name_was_typed_and_followed_to_its_end() {
    scene("page-delete")
        .play(async |scene| {
            let page = scene.dashboard().await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            let shown = page.get(&format!("/shipments/{}/kim", scene.name)).await.fine();
            assert!(shown.contains("Delete the shipment") && shown.contains("/delete?"), "{shown}");
            let asked = page.get(&deletion(scene, "kim")).await.fine();
            for part in ["Shall this shipment be deleted?", "The order is cancelled", "Type the name", &login] {
                assert!(asked.contains(part), "{part}: {asked}");
            }
            // Another page of the browser, a form without its token, and a slip of the hand change nothing.
            let typed = [("typed", "kim")];
            let elsewhere = page.send_from("http://evil.example", &asked, "/deletions", &typed).await;
            assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
            let without = page.send("", "/deletions", &typed).await;
            assert_eq!(without.status, StatusCode::FORBIDDEN, "{}", without.text);
            for wrong in [&[][..], &[("typed", "")], &[("typed", "Kim")], &[("typed", "bo")]] {
                let said = page.send(&asked, "/deletions", wrong).await;
                assert_eq!(said.status, StatusCode::BAD_REQUEST, "{}", said.text);
                assert!(said.text.contains("nothing was done"), "{}", said.text);
            }
            let looked = page.get("/deletions").await;
            assert_eq!(looked.status, StatusCode::METHOD_NOT_ALLOWED, "an address alone deletes nothing");
            assert!(!shipment.get().await.has("/metadata/deletionTimestamp"));
            // Where Git has the manifest, Git is the place.
            let mark = |value: serde_json::Value| json!({"metadata": {"labels": {"argocd.argoproj.io/instance": value}}});
            shipment.patch(mark(json!("team"))).await;
            let managed = page.send(&asked, "/deletions", &typed).await;
            assert_eq!(managed.status, StatusCode::CONFLICT, "{}", managed.text);
            assert!(managed.text.contains("Argo CD") && managed.text.contains("Remove it in Git"), "{}", managed.text);
            shipment.patch(mark(json!(null))).await;

            let said = page.send(&asked, "/deletions", &typed).await;
            assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
            page.until_shown(&said.location, "It is gone.").await;
            shipment.until_gone().await;
            assert!(scene.sandbox.orders().await.iter().all(|one| one["id"] != order.as_str() || one["deleted"] == true));
            assert!(scene.sandbox.enrollments().await.is_empty(), "no key of it signs in");
            // Declared anew it is another one: what was confirmed before is not meant for it.
            let again = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            again.until_reason("Suspended").await;
            let stale = page.send(&asked, "/deletions", &typed).await;
            assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text);
            assert!(again.find().await.is_some());
        })
        .await;
}

#[tokio::test]
async fn who_may_not_delete_sees_why_and_nothing_is_deleted() {
    scene("page-keep")
        .play(async |scene| {
            let (shipment, _) = scene.existing_key().await;
            let page = scene.dashboard_for_callers("yubikeys.example.com").await;
            let read = json!({"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyshipments", "yubikeyrollouts"], "verbs": ["get", "list", "watch"]});
            let mut reader = account(scene, &page, "reader").await;
            allow(scene, "reader", json!([read])).await;
            let asked = reader.visit(&format!("{}&ns={}", deletion(scene, "kim"), scene.name)).await;
            let refused = reader.send(&asked, "/deletions", &[("typed", "kim")]).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            for part in ["cannot delete resource", "yubikeyshipments", "reader"] {
                assert!(refused.text.contains(part), "{part}: {}", refused.text);
            }
            assert!(!shipment.get().await.has("/metadata/deletionTimestamp"));
        })
        .await;
}
