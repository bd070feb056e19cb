//! More people at once than Okta's limit admits: they wait their turn, without a failure, and nobody is read for nothing.

use serde_json::json;

use crate::support::{
    calls::{ENROLL, USERS},
    scene::scene,
    until,
};

const PEOPLE: usize = 8;

/// Half of the limit is ours: two roads of four calls a window, and a little for the connection itself.
const LIMIT: u32 = 20;

#[tokio::test]
async fn a_crowd_waits_its_turn_without_failure_and_nobody_is_read_for_nothing() {
    scene("crowd")
        // What becomes of the orders is not looked at.
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let mut logins = Vec::new();
            for number in 0..PEOPLE {
                logins.push(scene.person(&format!("kim-{number}"), "ACTIVE").await);
            }
            let limits = json!({"oktaRequestsAMinute": LIMIT, "oktaWindowSeconds": 4});
            scene.sandbox.post("/settings", limits).await;
            let mut shipments = Vec::new();
            for (number, login) in logins.iter().enumerate() {
                shipments.push(scene.ship(&format!("kim-{number}"), login).await);
            }
            let mut waited = 0;
            let ordered = until(async || {
                let mut ordered = 0;
                for shipment in &shipments {
                    let object = shipment.get().await;
                    waited += usize::from(object.reason() == "RateLimited");
                    assert_eq!(object.is("Stalled"), "", "{}: {}", object.reason(), object.message());
                    assert!(!object.has("/status/failure"), "a wait is no failure: {:?}", object.0["status"]);
                    ordered += usize::from(object.is("Ordered") == "True");
                }
                (ordered == PEOPLE).then_some(())
            });
            ordered.await.expect("all are ordered");
            assert!(waited > 0, "the limit was met");
            assert_eq!(scene.sandbox.enrollments().await.len(), PEOPLE);
            // Where a busy machine lets a window end early, Okta refuses a call, and it is made again.
            let calls = scene.sandbox.calls().await;
            let enrols: Vec<_> = calls.iter().filter(|call| call.operation == ENROLL).collect();
            let taken = enrols.iter().filter(|call| call.status != Some(429)).count();
            assert_eq!(taken, PEOPLE, "what is refused by the limit only is made again: {enrols:?}");
            assert!(enrols.len() <= PEOPLE + PEOPLE / 2, "{} tries for {PEOPLE} people", enrols.len());
            let read = scene.sandbox.count(USERS).await;
            // A window that ends early by somebody else's call may cost a read; each try of each would cost hundreds.
            assert!(read <= PEOPLE + PEOPLE / 2, "{read} reads of {PEOPLE} people");
        })
        .await;
}
