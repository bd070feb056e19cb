//! One person whom Okta denies the app is that person's matter: the connection goes on, and so does everybody else.

use serde_json::json;

use crate::support::{
    calls::LIST,
    scene::{Scene, scene},
    shipment::Handle,
};

const ORGANIZATION: &str = "getWellknownOrgMetadata";

/// Everything about these people is denied, as where they left the resource set of the app's role.
async fn deny(scene: &Scene, people: &[String]) -> Vec<u64> {
    let body = json!({"errorCode": "E0000006", "errorSummary": "You do not have permission.", "errorId": "oae1",
                      "errorLink": "E0000006", "errorCauses": []});
    let mut rules = Vec::new();
    for id in people {
        let path = format!("/users/{id}(/|$)");
        let effect = json!({"kind": "status", "status": 403, "body": body});
        let rule = scene
            .sandbox
            .post("/faults", json!({"match": {"path": path, "times": 0}, "effect": effect}))
            .await;
        rules.push(rule["id"].as_u64().unwrap());
    }
    rules
}

async fn looked_at(scene: &Scene) -> (String, String) {
    scene.connection().look_now().await;
    let seen = scene.connection().get().await;
    (seen.is("Ready").to_owned(), seen.reason_of("RoleAssigned").to_owned())
}

/// Three people with a key, ordered and activated.
async fn served(scene: &Scene) -> (Vec<String>, Vec<Handle>) {
    let (mut ids, mut shipments) = (Vec::new(), Vec::new());
    for name in ["kim", "lou", "max"] {
        let login = scene.login(name);
        ids.push(scene.sandbox.person(&login, "ACTIVE").await);
        shipments.push(scene.ship(name, &login).await);
    }
    for shipment in &shipments {
        let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
        scene.sandbox.set_state(&order, 104).await;
        shipment.until_reason("Activated").await;
    }
    (ids, shipments)
}

#[tokio::test]
async fn a_denied_person_takes_no_connection_down_and_a_role_that_is_gone_does() {
    scene("denied")
        .play(async |scene| {
            let (ids, _) = served(scene).await;
            let expected = ("True".to_owned(), "Succeeded".to_owned());
            for id in &ids {
                let rules = deny(scene, std::slice::from_ref(id)).await;
                assert_eq!(looked_at(scene).await, expected, "{id} is denied, the others are not");
                for rule in rules {
                    scene.sandbox.mend(rule).await;
                }
            }
            deny(scene, &ids[..2]).await;
            assert_eq!(looked_at(scene).await, expected, "one of three is left");
            let login = scene.person("noa", "ACTIVE").await;
            scene.ship("noa", &login).await.until_ordered().await;
            // Nobody at all: that is the role.
            let body =
                json!({"errorCode": "E0000006", "errorSummary": "x", "errorId": "oae1", "errorCauses": []});
            scene.sandbox.fault_always(LIST, json!({"kind": "status", "status": 403, "body": body})).await;
            assert_eq!(looked_at(scene).await, ("False".to_owned(), "RoleMissing".to_owned()));
        })
        .await;
}

#[tokio::test]
async fn a_denied_persons_shipment_says_so_and_the_connection_is_not_looked_at_for_it() {
    scene("refuses")
        .play(async |scene| {
            let login = scene.login("kim");
            let id = scene.sandbox.person(&login, "ACTIVE").await;
            let rules = deny(scene, std::slice::from_ref(&id)).await;
            let before = scene.sandbox.count(ORGANIZATION).await;
            let denied = scene.ship("kim", &login).await;
            let told = denied.until_reason("UserForbidden").await;
            assert_eq!((told.phase(), told.is("Stalled")), ("Held", "True"));
            for _ in 0..5 {
                denied.look_now().await;
            }
            let other = scene.person("lou", "ACTIVE").await;
            scene.ship("lou", &other).await.until_ordered().await;
            assert_eq!(scene.connection().get().await.is("Ready"), "True");
            assert_eq!(
                scene.sandbox.count(ORGANIZATION).await,
                before,
                "one person is no reason to look at the connection"
            );
            assert_eq!(denied.get().await.reason(), "UserForbidden");
            // Back in the role: the next look goes on by itself.
            for rule in rules {
                scene.sandbox.mend(rule).await;
            }
            denied.patch(json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": "again"}}})).await;
            denied.until_ordered().await;
        })
        .await;
}
