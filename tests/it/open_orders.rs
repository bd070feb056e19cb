//! More shipments than a namespace may have open orders, all at once: they wait, and none is held.

use serde_json::json;

use crate::support::{scene::scene, until};

const MOST: usize = 2;
const ALL: usize = 7;

#[tokio::test]
async fn over_the_limit_shipments_wait_for_a_place_and_are_not_held() {
    scene("places")
        .connection(json!({"policy": {"maxOpenOrders": MOST}}))
        .play(async |scene| {
            let elsewhere = format!("{}-b", scene.name);
            scene.namespace(&elsewhere).await;
            let mut logins = Vec::new();
            for number in 0..ALL {
                logins.push(scene.person(&format!("kim-{number}"), "ACTIVE").await);
            }
            // The first look of each comes at the same moment: when the connection can be used.
            let other = scene.person("lou", "ACTIVE").await;
            scene.connection().change(json!({"orderingCluster": "none"})).await;
            scene
                .connection()
                .until("it orders nothing", |o| o.is("Ready") == "True" && o.is_current())
                .await;
            let mut shipments = Vec::new();
            for (number, login) in logins.iter().enumerate() {
                shipments.push(scene.ship(&format!("kim-{number}"), login).await);
            }
            for shipment in &shipments {
                shipment.until_reason("NotOrderingCluster").await;
            }
            scene.connection().change(json!({"orderingCluster": null})).await;

            let (waiting, ordered) = until(async || {
                let (mut waiting, mut ordered) = (Vec::new(), Vec::new());
                for shipment in &shipments {
                    let object = shipment.get().await;
                    if object.reason() == "TooManyOpenOrders" {
                        waiting.push(object);
                    } else if object.is("Ordered") == "True" {
                        ordered.push(object);
                    }
                }
                (waiting.len() + ordered.len() == ALL).then_some((waiting, ordered))
            })
            .await
            .expect("each is ordered or waits");
            assert_eq!(ordered.len(), MOST);
            assert_eq!(scene.sandbox.orders().await.len(), MOST, "not one more, however many looked at once");
            for object in &waiting {
                assert_eq!(
                    (object.is("Ready"), object.is("Reconciling"), object.is("Stalled")),
                    ("False", "True", "")
                );
                assert!(!object.has("/status/hold"), "nobody has to answer anything: {}", object.message());
                assert_eq!(object.phase(), "Pending");
            }
            // Another namespace has places of its own.
            scene.ship_in(&elsewhere, "lou", &other, json!({})).await.until_ordered().await;

            for object in &ordered {
                scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
            }
            let more = until(async || (scene.sandbox.orders().await.len() > MOST + 1).then_some(())).await;
            assert!(more.is_some(), "a place that became free is taken");
        })
        .await;
}
