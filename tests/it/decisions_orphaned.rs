//! An answer to something that goes in the same moment is answered to as well: nobody is left with a decision that says
//! nothing. The operator is away while both happen, so that the order of things is the same in each run.

use serde_json::{Value, json};

use crate::support::{
    calls::ORDER,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

/// It says that there is no such thing any more, and what to do.
async fn declined(scene: &Scene, decision: &Handle, what: &str) {
    let said = decision.until("it is answered to", |object| object.is("Ready") == "False").await;
    assert_eq!((said.reason(), said.is("Stalled")), ("Declined", "True"), "{}", said.message());
    assert!(said.message().contains(what), "{}", said.message());
    assert!(said.message().contains("decide again"), "{}", said.message());
    let events = until(async || {
        let events = scene.events(&scene.name, &decision.name).await;
        events.iter().any(|(reason, _)| reason == "DecisionDeclined").then_some(())
    });
    assert!(events.await.is_some(), "an Event says so too");
}

/// A shipment that is held before anything was sent for it.
async fn held(scene: &Scene, name: &str, more: Value) -> Handle {
    let login = scene.person(name, "ACTIVE").await;
    scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({"ageMinutes": 600})).await;
    let shipment = scene.ship_with(name, &login, more).await;
    shipment.until_reason("ExistingKey").await;
    shipment
}

#[tokio::test]
async fn an_answer_to_a_shipment_that_goes_at_once_says_so() {
    own_scene("answered-gone")
        .play(async |scene| {
            let untouched = held(scene, "kim", json!({})).await;
            let orphan = held(scene, "lou", json!({"deletionPolicy": "Orphan"})).await;
            scene.rest_operator();
            let mut answers = Vec::new();
            for shipment in [&untouched, &orphan] {
                answers.push(scene.decide(shipment, "CancelOrder", json!({})).await);
                shipment.delete().await;
            }
            scene.start_operator().await;
            for (shipment, answer) in [&untouched, &orphan].into_iter().zip(&answers) {
                shipment.until_gone().await;
                declined(scene, answer, "no shipment").await;
            }
        })
        .await;
}

#[tokio::test]
async fn an_answer_to_a_shipment_that_is_torn_away_says_so() {
    own_scene("answered-torn")
        .play(async |scene| {
            let shipment = held(scene, "kim", json!({})).await;
            scene.rest_operator();
            let answer = scene.decide(&shipment, "CancelOrder", json!({})).await;
            shipment.tear_away().await;
            scene.start_operator().await;
            declined(scene, &answer, "no shipment").await;
        })
        .await;
}

#[tokio::test]
async fn an_answer_to_a_rollout_that_goes_says_so() {
    own_scene("answered-rollout")
        .play(async |scene| {
            let mut list = Vec::new();
            for name in ["ann", "bob"] {
                list.push(json!({"login": scene.person(name, "ACTIVE").await}));
            }
            let source = json!({"users": {"list": list}});
            let rollout = scene.roll("batch", source, json!({"waves": [{"count": 1}]})).await;
            let asked = rollout.until_reason("AwaitingApproval").await;
            scene.sandbox.counts(ORDER, 1).await;
            scene.rest_operator();
            let answer = scene.proceed(&rollout, &asked.hold("AwaitingApproval"), json!({})).await;
            rollout.delete().await;
            scene.start_operator().await;
            rollout.until_gone().await;
            declined(scene, &answer, "no rollout").await;
            assert_eq!(scene.sandbox.orders().await.len(), 1, "nobody more is ordered for");
        })
        .await;
}
