//! Okta's list of enrolments lags for longer than the second look waits: nothing is ordered before it shows ours, and
//! nobody is asked.

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER},
    now,
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
};

const WAITS: &str = "EnrollmentNotListed";

/// New enrolments show in the list after that many minutes.
async fn lag(scene: &Scene, minutes: u32) {
    scene.sandbox.post("/settings", json!({"enrollmentListLagMs": minutes * 60_000})).await;
}

/// Enrolled, and not listed yet.
async fn waiting(scene: &Scene) -> (Handle, Object) {
    lag(scene, 60).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let object = shipment.until_reason(WAITS).await;
    (shipment, object)
}

async fn made(scene: &Scene) -> (usize, usize) {
    (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await)
}

#[tokio::test]
async fn a_list_that_lags_is_waited_for_and_then_the_key_is_ordered_once() {
    scene("lags")
        .play(async |scene| {
            let (shipment, waits) = waiting(scene).await;
            assert_eq!((waits.phase(), waits.is("Ready"), waits.is("Stalled")), ("Enrolled", "False", ""));
            assert_eq!((waits.is("Reconciling"), waits.text("/status/hold/id")), ("True", ""));
            assert!(waits.message().contains("nothing is ordered"), "{}", waits.message());
            shipment.look_now().await;
            assert_eq!(made(scene).await, (1, 0));
            lag(scene, 0).await;
            shipment.look_now().await;
            let ordered = shipment.until_ordered().await;
            assert!(ordered.0["status"]["decisions"].is_null(), "nobody was asked");
            assert_eq!(made(scene).await, (1, 1));
        })
        .await;
}

#[tokio::test]
async fn what_another_tool_enrolled_before_is_seen_when_the_list_shows_it() {
    scene("lags-rival")
        .play(async |scene| {
            lag(scene, 60).await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({})).await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason(WAITS).await;
            lag(scene, 0).await;
            shipment.look_now().await;
            shipment.until_reason("AnotherOrderForUser").await;
            assert_eq!(made(scene).await, (1, 0));
            assert_eq!(scene.sandbox.enrollments().await.len(), 1, "ours was removed");
        })
        .await;
}

#[tokio::test]
async fn deleted_before_it_is_listed_the_enrolment_is_removed_all_the_same() {
    scene("lags-deleted")
        .play(async |scene| {
            let (shipment, _) = waiting(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(made(scene).await, (1, 0));
        })
        .await;
}

#[tokio::test]
async fn an_enrolment_that_somebody_removed_is_asked_about_once_the_time_is_over() {
    scene("lags-gone")
        .play(async |scene| {
            let (shipment, waits) = waiting(scene).await;
            let id = waits.text("/status/enrollment/id");
            scene.sandbox.delete(&format!("/enrollments/{id}")).await;
            lag(scene, 0).await;
            shipment.look_now().await;
            assert_eq!(shipment.get().await.reason(), WAITS, "it may still be the list");
            // As if it had been made sixteen minutes ago.
            let then = format!("{:.6}", now() - jiff::SignedDuration::from_mins(16));
            let old = json!({"createdAt": then, "mark": {"at": then}});
            shipment.change_status(json!({"enrollment": old})).await;
            let choices = ["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"];
            let held = shipment.until_held("StatusBehindVendors", &choices).await;
            assert!(held.message().contains("does not show"), "{}", held.message());
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(made(scene).await, (2, 1));
        })
        .await;
}

#[tokio::test]
async fn an_operator_that_is_killed_in_the_wait_goes_on_with_the_same_enrolment() {
    own_scene("lags-killed")
        .play(async |scene| {
            let (shipment, waits) = waiting(scene).await;
            let operator = scene.operator().take().unwrap();
            operator.kill();
            lag(scene, 0).await;
            scene.start_operator().await;
            let ordered = shipment.until_ordered().await;
            assert_eq!(ordered.text("/status/enrollment/id"), waits.text("/status/enrollment/id"));
            assert_eq!(made(scene).await, (1, 1));
            assert_ne!(ordered.0["status"]["enrollment"], Value::Null);
        })
        .await;
}
