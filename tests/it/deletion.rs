//! Deleting leaves the vendors in order: first the order goes, then the pending enrolment, then the resource.

use serde_json::{Value, json};

use crate::support::{
    calls::{ACTIVATE, CANCEL, DISCARD, ENROLL, LIST, MAIL, ORDER},
    hours_ago,
    scene::{Scene, Setting, scene},
    shipment::Handle,
    until,
};

async fn ordered(scene: &Scene) -> (Handle, String) {
    ordered_with(scene, json!({})).await
}

async fn ordered_with(scene: &Scene, spec: Value) -> (Handle, String) {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship_with("kim", &login, spec).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

#[tokio::test]
async fn deleted_before_the_order_the_enrolment_is_discarded() {
    scene("early")
        .play(async |scene| {
            // The second look fails, so that the pass ends between enrolment and order.
            let second_look = json!({"operation": LIST, "nth": 2, "times": 0});
            let rule = json!({"match": second_look, "effect": {"kind": "status", "status": 503}});
            let rule = scene.sandbox.post("/faults", rule).await["id"].as_u64().unwrap();
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_phase("Enrolled").await;
            shipment.delete().await;
            scene.sandbox.mend(rule).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn deleted_after_the_order_it_is_cancelled_first_and_then_the_enrolment_is_discarded() {
    scene("cancel")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            let orders = scene.sandbox.orders().await;
            assert!(orders.iter().any(|o| o["id"] == order.as_str() && o["deleted"] == true), "{orders:#?}");
            assert!(scene.sandbox.enrollments().await.is_empty());
            let calls = scene.sandbox.calls().await;
            let at = |operation: &str| calls.iter().position(|call| call.operation == operation).unwrap();
            assert!(
                at(CANCEL) < at(DISCARD),
                "the other way round a parcel would arrive that can never sign in"
            );
        })
        .await;
}

#[tokio::test]
async fn deleted_too_late_the_parcel_is_followed_and_its_key_never_signs_in() {
    scene("late")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            scene.sandbox.set_state(&order, 100).await;
            shipment.delete().await;
            let told =
                shipment.until("it says why it waits", |o| o.message().contains("too late to cancel")).await;
            assert!(told.message().contains("Orphan"), "and how to let go: {}", told.message());
            for state in [103, 104] {
                assert!(shipment.find().await.is_some(), "it is followed until the parcel is delivered");
                scene.sandbox.set_state(&order, state).await;
            }
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            assert_eq!(scene.sandbox.count(MAIL).await, 0);
        })
        .await;
}

#[tokio::test]
async fn orphan_lets_go_at_once_and_writes_the_ids_to_an_event_on_the_connection() {
    scene("orphan")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            let enrolment = shipment.get().await.text("/status/enrollment/id").to_owned();
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            let events = scene.events("default", &scene.name).await;
            let told = events.iter().any(|(_, note)| note.contains(&order) && note.contains(&enrolment));
            assert!(told, "{order} and {enrolment} outlive the resource: {events:#?}");
        })
        .await;
}

#[tokio::test]
async fn each_shipment_that_is_let_go_has_its_own_event_on_the_connection() {
    scene("orphans")
        .play(async |scene| {
            let mut orders = Vec::new();
            for name in ["kim", "lou", "max"] {
                let login = scene.person(name, "ACTIVE").await;
                let spec = json!({"deletionPolicy": "Orphan"});
                let shipment = scene.ship_with(name, &login, spec).await;
                let object = shipment.until_ordered().await;
                orders.push(object.text("/status/order/shipmentId").to_owned());
                shipment.delete().await;
                shipment.until_gone().await;
            }
            let events = scene.events("default", &scene.name).await;
            for order in orders {
                let told = events.iter().any(|(_, note)| note.contains(&order));
                assert!(told, "{order} is in none of {events:#?}");
            }
        })
        .await;
}

#[tokio::test]
async fn a_shipment_whose_connection_never_existed_goes_at_once() {
    scene("nowhere")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment =
                scene.ship_with("kim", &login, json!({"connectionRef": {"name": "no-such-thing"}})).await;
            let waiting = shipment.until_reason("ConnectionNotFound").await;
            assert!(waiting.message().contains("no-such-thing"), "{}", waiting.message());
            shipment.delete().await;
            shipment.until_gone().await;
        })
        .await;
}

/// Its order is cancelled, nothing is under way at that moment, and its enrolment is still to be removed.
#[tokio::test]
async fn a_connection_stays_until_a_shipment_that_goes_is_done_with_the_vendors() {
    scene("needed-still")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            let rule = scene.sandbox.fault_always(LIST, json!({"kind": "status", "status": 503})).await;
            shipment.delete().await;
            shipment.until("its order is cancelled", |object| object.phase() == "Cancelled").await;
            scene.connection().delete().await;
            let kept =
                scene.connection().until("it is kept", |object| object.is("Terminating") == "True").await;
            assert!(kept.message_of("Terminating").contains("kim"), "{}", kept.message_of("Terminating"));
            scene.sandbox.mend(rule).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            scene.connection().until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn a_connection_stays_while_an_order_needs_it() {
    scene("needed")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.connection().delete().await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty(), "it was still there to clean up with");
            scene.connection().until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn an_order_whose_connection_was_torn_away_goes_with_orphan() {
    scene("torn")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.connection().wipe().await;
            scene.connection().until_gone().await;
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn a_cancelled_shipment_frees_the_person_for_another() {
    scene("again")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            let login = scene.login("kim");
            let next = scene.ship("kim", &login).await.until_ordered().await;
            assert_ne!(next.text("/status/order/shipmentId"), order);
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 1);
        })
        .await;
}

#[tokio::test]
async fn a_connection_that_was_torn_away_is_not_used_any_more() {
    scene("forgotten")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            scene.connection().wipe().await;
            scene.connection().until_gone().await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_reason("ConnectionNotFound").await;
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}

/// Every cancellation is answered so; the shipment says that, and its parcel is followed to the delivery.
async fn cancelled_in_vain(name: &str, effect: Value, says: &str) {
    scene(name)
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            scene.sandbox.fault_always(CANCEL, effect).await;
            shipment.delete().await;
            shipment.until("it says why it waits", |o| o.message().contains(says)).await;
            assert_eq!(scene.sandbox.enrollments().await.len(), 1, "a key on its way keeps its enrolment");
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
        })
        .await;
}

#[tokio::test]
async fn a_cancellation_that_is_refused_is_followed_to_the_delivery() {
    let refusal = json!({"code": "shipment_locked", "message": "The shipment is locked for changes."});
    let effect = json!({"kind": "status", "status": 403, "body": refusal});
    cancelled_in_vain("refused-cancel", effect, "too late to cancel").await;
}

#[tokio::test]
async fn a_cancellation_that_a_web_page_answers_is_nobodys_refusal_and_is_followed_to_the_delivery() {
    let effect = json!({"kind": "webPage", "status": 403, "body": "<html><body>Forbidden</body></html>"});
    cancelled_in_vain("paged-cancel", effect, "web page").await;
}

#[tokio::test]
async fn a_cancellation_that_never_reached_yubico_is_tried_again() {
    scene("cancel-again")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.sandbox.fault(CANCEL, json!({"kind": "drop", "when": "before"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0);
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_cancellation_whose_answer_is_lost_is_not_taken_for_done_without_a_person() {
    scene("cancel-lost")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.sandbox.fault(CANCEL, json!({"kind": "drop", "when": "after"})).await;
            shipment.delete().await;
            shipment.until("it was missed once", |object| object.has("/status/order/missingSince")).await;
            assert_eq!(scene.sandbox.count(DISCARD).await, 0, "a 404 alone proves nothing");
            shipment.set_status(json!({"order": {"missingSince": hours_ago(2)}})).await;
            shipment.until_held("OrderNotFound", &["ConfirmCancelled", "AdoptOrder"]).await;
            scene.answer(&shipment, "ConfirmCancelled", json!({})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn where_a_person_cancels_in_the_console_the_deletion_waits_for_the_persons_word() {
    scene("console")
        .connection(json!({"yubico": {"cancelBy": "Console"}}))
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            shipment.delete().await;
            let held = shipment.until_held("CancelInConsole", &["ConfirmCancelled", "AdoptOrder"]).await;
            assert!(held.message().contains("ConfirmCancelled"), "{}", held.message());
            scene.sandbox.delete(&format!("/shipments/{order}")).await;
            shipment.until("the 404 was seen", |object| object.has("/status/order/missingSince")).await;
            let still = shipment.get().await;
            assert_eq!(
                still.text("/status/hold/id"),
                held.text("/status/hold/id"),
                "it can still be answered"
            );
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": "nosuchorder"})).await;
            shipment.until("why not", |o| o.message().contains("shows no such order")).await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            scene.answer(&shipment, "ConfirmCancelled", json!({})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

fn hasty(name: &str) -> Setting {
    scene(name).connection(json!({"calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"}}))
}

/// An order of unknown outcome that the search does not find.
async fn unknown_in(scene: &Scene, namespace: &str, when: &str) -> Handle {
    scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
    scene.sandbox.fault(ORDER, json!({"kind": "drop", "when": when})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship_in(namespace, "kim", &login, json!({})).await;
    shipment.until_held("OrderOutcomeUnknown", &["RetryOrder", "AdoptOrder", "CancelOrder"]).await;
    shipment
}

/// A deletion came to its end for now: what held before holds still, and can be answered.
async fn waits_deleted(shipment: &Handle, reason: &str) {
    shipment.delete().await;
    still_held(shipment, reason).await;
}

async fn still_held(shipment: &Handle, reason: &str) {
    shipment.look_now().await;
    let object = shipment.get().await;
    assert!(object.has("/metadata/deletionTimestamp") && object.is_current());
    assert_eq!(object.text("/status/hold/reason"), reason);
}

#[tokio::test]
async fn an_unknown_order_keeps_the_shipment_until_a_person_says_that_there_is_none() {
    hasty("unknown-none")
        .play(async |scene| {
            let shipment = unknown_in(scene, &scene.name, "before").await;
            waits_deleted(&shipment, "OrderOutcomeUnknown").await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
        })
        .await;
}

#[tokio::test]
async fn an_unknown_order_that_a_person_names_is_cancelled_by_the_deletion() {
    hasty("unknown-named")
        .play(async |scene| {
            let shipment = unknown_in(scene, &scene.name, "after").await;
            waits_deleted(&shipment, "OrderOutcomeUnknown").await;
            let order = scene.sandbox.orders().await[0]["id"].as_str().unwrap().to_owned();
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": order})).await;
            shipment.until_gone().await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0);
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_retry_answered_to_a_deleted_shipment_orders_nothing() {
    hasty("unknown-retry")
        .play(async |scene| {
            let shipment = unknown_in(scene, &scene.name, "before").await;
            waits_deleted(&shipment, "OrderOutcomeUnknown").await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_deletion_with_a_lost_enrolment_waits_for_the_person_who_knows_whose_it_is() {
    hasty("lost-enrolment")
        .play(async |scene| {
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let choices = ["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"];
            shipment.until_held("EnrollOutcomeUnknown", &choices).await;
            waits_deleted(&shipment, "EnrollOutcomeUnknown").await;
            let id = scene.sandbox.enrollments().await[0]["id"].clone();
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": id})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count(ORDER).await, 0);
        })
        .await;
}

#[tokio::test]
async fn a_namespace_with_an_unknown_order_ends_once_it_is_let_go() {
    hasty("namespace")
        .play(async |scene| {
            let namespace = format!("{}-b", scene.name);
            scene.namespace(&namespace).await;
            let shipment = unknown_in(scene, &namespace, "after").await;
            let object = shipment.get().await;
            scene.kubectl().run(&["delete", "namespace", &namespace, "--wait=false"]).await.fine();
            shipment.until("its deletion", |o| o.has("/metadata/deletionTimestamp")).await;
            still_held(&shipment, "OrderOutcomeUnknown").await;
            let hold = shipment.get().await.text("/status/hold/id").to_owned();
            let decision = Handle::decision(&scene.client, &namespace, "late");
            let spec = json!({
                "shipmentRef": {"name": "kim"}, "holdID": hold, "action": "CancelOrder",
                "requestedBy": scene.whoami().await,
            });
            let why = decision.try_create("YubiKeyDecision", spec).await.expect_err("nothing is taken there");
            assert!(why.contains("terminated"), "{why}");
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.until_gone().await;
            let gone = until(async || {
                (!scene.kubectl().run(&["get", "namespace", &namespace]).await.ok).then_some(())
            });
            assert!(gone.await.is_some(), "the namespace ends");
            let events = scene.events("default", &scene.name).await;
            let enrolment = object.text("/status/enrollment/id");
            let told = events.iter().any(|(_, note)| note.contains(enrolment) && note.contains("unknown"));
            assert!(told, "what is known outlives the namespace: {events:#?}");
        })
        .await;
}

async fn activated(scene: &Scene) -> Handle {
    let (shipment, order) = ordered(scene).await;
    scene.sandbox.set_state(&order, 104).await;
    shipment.until_reason("Activated").await;
    shipment
}

#[tokio::test]
async fn an_active_key_stays_unless_it_is_to_be_revoked() {
    scene("active")
        .play(async |scene| {
            let shipment = activated(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!(scene.sandbox.enrollments().await[0]["status"], "ACTIVE");
            assert_eq!(scene.sandbox.count(DISCARD).await, 0);
        })
        .await;
}

#[tokio::test]
async fn revoke_removes_an_active_key_where_the_connection_allows_it() {
    scene("revoke")
        .connection(json!({"policy": {"revoke": "Allow"}}))
        .play(async |scene| {
            let shipment = activated(scene).await;
            shipment.change(json!({"deletionPolicy": "Revoke"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count(DISCARD).await, 1);
        })
        .await;
}

#[tokio::test]
async fn revoke_removes_nothing_active_where_the_connection_forbids_it() {
    scene("revoke-not")
        .play(async |scene| {
            let shipment = activated(scene).await;
            shipment.change(json!({"deletionPolicy": "Revoke"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!(scene.sandbox.enrollments().await[0]["status"], "ACTIVE");
            assert_eq!(scene.sandbox.count(DISCARD).await, 0);
        })
        .await;
}
