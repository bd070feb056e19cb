//! `policy.showLogin`: the help desk reads whose key it is, or no status holds a login.

use serde_json::{Value, json};

use crate::support::scene::{Scene, scene};

async fn of_a_group(scene: &Scene) -> (String, Value) {
    let login = scene.person("kim", "ACTIVE").await;
    scene.sandbox.post("/groups", json!({"name": "Staff", "members": [login]})).await;
    (login, json!({"oktaGroup": {"groups": [{"name": "Staff"}]}}))
}

/// Every status of the namespace, as text.
async fn statuses(scene: &Scene) -> String {
    let kinds = "yubikeyshipments,yubikeyrollouts";
    let list =
        scene.kubectl().run(&["get", kinds, "-n", &scene.name, "-o", "jsonpath={.items[*].status}"]).await;
    list.fine()
}

#[tokio::test]
async fn the_shipment_of_a_group_shows_whose_key_it_is() {
    scene("login-shown")
        .play(async |scene| {
            let (login, source) = of_a_group(scene).await;
            let rollout = scene.roll("staff", source, json!({})).await;
            scene.deliver_until(&rollout, "all have keys", |o| o.tally("activated") == 1).await;
            let shipment = &scene.shipments().await[0];
            assert!(shipment.text("/spec/userRef/id").starts_with("00u"), "the manifest names the id");
            assert_eq!(shipment.text("/status/display/user"), login);
            let table = scene.kubectl().run(&["get", "yks", "-n", &scene.name]).await.fine();
            assert!(table.contains(&login), "{table}");
            let tree = scene.plugin(&["status"]).await.fine();
            assert!(tree.contains(&login), "{tree}");
        })
        .await;
}

#[tokio::test]
async fn where_the_connection_forbids_it_no_status_holds_a_login() {
    scene("login-hidden")
        .connection(json!({"policy": {"showLogin": "Forbid"}}))
        .play(async |scene| {
            let (_, source) = of_a_group(scene).await;
            let rollout = scene.roll("staff", source, json!({})).await;
            scene.deliver_until(&rollout, "all have keys", |o| o.tally("activated") == 1).await;
            // By login, in a list, and a person whom Okta does not know.
            let lee = scene.person("lee", "ACTIVE").await;
            scene.ship("lee", &lee).await.until_ordered().await;
            scene.ship("nobody", &scene.login("nobody")).await.until_reason("UserNotFound").await;
            let ron = scene.person("ron", "ACTIVE").await;
            let list = json!({"users": {"list": [{"login": ron}, {"login": ron}, {"login": scene.login("absent")}]}});
            let listed = scene.roll("listed", list, json!({})).await;
            let told = listed.until("problems are told", |o| o.has("/status/problems/1")).await;
            let problems = told.0["status"]["problems"].to_string();
            assert!(problems.contains("entry 2") && problems.contains("entry 3"), "{problems}");
            for shipment in scene.shipments().await {
                let shown = shipment.text("/status/display/user");
                assert!(shown.is_empty() || shown.starts_with("00u"), "{shown}");
            }
            let all = statuses(scene).await;
            assert!(!all.contains('@'), "{all}");
        })
        .await;
}
