//! Every hold, its ways on, and what an answer does.

use serde_json::{Value, json};

use crate::{
    states::at_yubico,
    support::{
        answers::answered,
        calls::{ACTIVATE, DISCARD, ENROLL, LIST, MAIL, ORDER, PARCEL},
        hours_ago, now,
        object::Object,
        scene::{Scene, Setting, scene},
        shipment::Handle,
        until,
    },
};

const ORDERING: [&str; 3] = ["RetryOrder", "AdoptOrder", "CancelOrder"];
const ENROLLING: [&str; 4] = ["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"];

/// Outcomes are judged soon.
fn hasty(name: &str) -> Setting {
    scene(name).connection(json!({"calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"}}))
}

async fn ordered(scene: &Scene, spec: Value) -> (Handle, String) {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship_with("kim", &login, spec).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

async fn foreign_key(scene: &Scene, login: &str, made: Value) -> String {
    let enrolment = scene.sandbox.post(&format!("/people/{login}/enrollments"), made).await;
    enrolment["id"].as_str().unwrap().to_owned()
}

async fn remove_key(scene: &Scene, id: &str) {
    scene.sandbox.delete(&format!("/enrollments/{id}")).await;
}

async fn effects(scene: &Scene) -> [usize; 4] {
    let count = async |operation| scene.sandbox.count(operation).await;
    [count(ENROLL).await, count(ORDER).await, count(DISCARD).await, count(ACTIVATE).await]
}

fn enrolment_of(object: &Object) -> String {
    object.text("/status/enrollment/id").to_owned()
}

#[tokio::test]
async fn existing_key_retried_orders_once_the_key_is_gone() {
    scene("existing-retry")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let there = foreign_key(scene, &login, json!({"status": "ACTIVE", "ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_held("ExistingKey", &ORDERING).await;
            let first = held.text("/status/hold/id").to_owned();
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_held_anew(&held, "ExistingKey").await;
            assert_eq!(effects(scene).await, [0; 4], "the key is still there");
            let late = scene.decide_on("kim", &first, "RetryOrder", json!({})).await;
            let why = scene.declined("kim", &late).await;
            assert!(why.contains(&first) && why.contains("status.hold.id"), "{why}");
            remove_key(scene, &there).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(effects(scene).await, [1, 1, 0, 0]);
        })
        .await;
}

#[tokio::test]
async fn existing_key_given_up_orders_nothing_and_leaves_the_key_alone() {
    scene("existing-cancel")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            foreign_key(scene, &login, json!({"ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_held("ExistingKey", &ORDERING).await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            let over = shipment.until_phase("Cancelled").await;
            assert_eq!(over.reason(), "OrderCancelled");
            assert_eq!(effects(scene).await, [0; 4]);
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn the_second_of_two_shipments_for_a_person_is_given_up_and_the_first_goes_on() {
    scene("rival-answer")
        .play(async |scene| {
            let (first, order) = ordered(scene, json!({})).await;
            let second = scene.ship("kim-again", &scene.login("kim")).await;
            let held = second.until_held("AnotherOrderForUser", &ORDERING).await;
            scene.answer(&second, "RetryOrder", json!({})).await;
            second.until_held_anew(&held, "AnotherOrderForUser").await;
            // The order of the other shipment is not taken away from it.
            scene.answer(&second, "AdoptOrder", json!({"shipmentID": order})).await;
            let told = second.until("whose it is", |o| o.message().contains("/kim has it")).await;
            assert_eq!(told.text("/status/hold/reason"), "AnotherOrderForUser");
            scene.answer(&second, "CancelOrder", json!({})).await;
            second.until_phase("Cancelled").await;
            assert_eq!(first.get().await.is("Ordered"), "True");
            assert_eq!(effects(scene).await, [1, 1, 0, 0]);
        })
        .await;
}

/// Makes the second look fail, so that the pass ends between enrolment and order; the answer ends the fault.
async fn enrolled(scene: &Scene) -> (Handle, u64) {
    let matching = json!({"operation": LIST, "nth": 2, "times": 0});
    let effect = json!({"kind": "status", "status": 503});
    let rule = scene.sandbox.post("/faults", json!({"match": matching, "effect": effect})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_phase("Enrolled").await;
    (shipment, rule["id"].as_u64().unwrap())
}

/// The shipment is enrolled by its status, as if for sixteen minutes: what Okta's list does not show now is no lag.
async fn gone_for_long(scene: &Scene, shipment: &Handle) {
    remove_key(scene, &enrolment_of(&shipment.get().await)).await;
    let then = format!("{:.6}", now() - jiff::SignedDuration::from_mins(16));
    let old = json!({"createdAt": then, "mark": {"at": then}});
    shipment.change_status(json!({"enrollment": old})).await;
}

#[tokio::test]
async fn an_older_key_of_other_hands_comes_first_until_it_is_gone_and_the_hold_is_answered() {
    scene("older")
        .play(async |scene| {
            let (shipment, rule) = enrolled(scene).await;
            let theirs = foreign_key(scene, &scene.login("kim"), json!({"ageMinutes": 10})).await;
            scene.sandbox.mend(rule).await;
            let held = shipment.until_held("AnotherOrderForUser", &ORDERING).await;
            assert!(held.message().contains(&theirs), "{}", held.message());
            assert_eq!(effects(scene).await, [1, 0, 1, 0], "ours is removed, nothing is ordered");
            remove_key(scene, &theirs).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(effects(scene).await, [2, 1, 1, 0]);
        })
        .await;
}

async fn lost_enrolment(scene: &Scene) -> (Handle, String) {
    scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "after"})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_held("EnrollOutcomeUnknown", &ENROLLING).await;
    let there = scene.sandbox.enrollments().await;
    assert_eq!(there.len(), 1, "{there:#?}");
    (shipment, there[0]["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_lost_enrolment_that_a_person_names_is_removed_and_made_again() {
    hasty("lost-discard")
        .play(async |scene| {
            let (shipment, lost) = lost_enrolment(scene).await;
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": lost})).await;
            let object = shipment.until_ordered().await;
            assert_ne!(enrolment_of(&object), lost);
            assert_eq!(effects(scene).await, [2, 1, 1, 0]);
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_lost_enrolment_that_was_removed_at_okta_is_made_again() {
    hasty("lost-retry")
        .play(async |scene| {
            let (shipment, lost) = lost_enrolment(scene).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_held("ExistingKey", &ORDERING).await;
            remove_key(scene, &lost).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(effects(scene).await, [2, 1, 0, 0]);
        })
        .await;
}

#[tokio::test]
async fn a_lost_enrolment_stays_held_if_the_order_that_a_person_names_is_not_there() {
    hasty("lost-adopt")
        .play(async |scene| {
            let (shipment, _) = lost_enrolment(scene).await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": "nosuchorder"})).await;
            let told = shipment.until("why", |o| o.message().contains("shows no such order")).await;
            assert_eq!(told.text("/status/hold/reason"), "EnrollOutcomeUnknown");
            assert_eq!(effects(scene).await, [1, 0, 0, 0]);
        })
        .await;
}

#[tokio::test]
async fn a_lost_enrolment_given_up_orders_nothing() {
    hasty("lost-cancel")
        .play(async |scene| {
            let (shipment, _) = lost_enrolment(scene).await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            shipment.until_phase("Cancelled").await;
            assert_eq!(effects(scene).await, [1, 0, 0, 0], "nobody said that the enrolment is ours");
        })
        .await;
}

async fn refused(scene: &Scene) -> Handle {
    scene.sandbox.fault(ORDER, json!({"kind": "status", "status": 422})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_held("OrderRefused", &ORDERING).await;
    shipment
}

#[tokio::test]
async fn a_refused_order_retried_gets_a_fresh_enrolment() {
    scene("refused-retry")
        .play(async |scene| {
            let shipment = refused(scene).await;
            let before = enrolment_of(&shipment.get().await);
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            let object = shipment.until_ordered().await;
            assert_ne!(enrolment_of(&object), before);
            assert_eq!(effects(scene).await, [2, 2, 1, 0]);
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_refused_order_given_up_removes_the_enrolment() {
    scene("refused-cancel")
        .play(async |scene| {
            let shipment = refused(scene).await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            shipment.until_phase("Cancelled").await;
            let gone = until(async || scene.sandbox.enrollments().await.is_empty().then_some(()));
            assert!(gone.await.is_some(), "a pending enrolment is of no use any more");
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_refused_order_stays_held_if_the_order_that_a_person_names_is_not_there() {
    scene("refused-adopt")
        .play(async |scene| {
            let shipment = refused(scene).await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": "nosuchorder"})).await;
            let told =
                shipment.until("why it was not taken over", |o| o.message().contains("nosuchorder")).await;
            assert_eq!(told.text("/status/hold/reason"), "OrderRefused");
            assert!(told.message().contains("shows no such order"), "{}", told.message());
            shipment.look_now().await;
            assert!(shipment.get().await.message().contains("nosuchorder"), "it is still said");
            assert_eq!(effects(scene).await, [1, 1, 0, 0]);
        })
        .await;
}

#[tokio::test]
async fn a_status_behind_the_vendors_is_answered_after_a_look_at_them() {
    scene("behind")
        .play(async |scene| {
            let (shipment, rule) = enrolled(scene).await;
            gone_for_long(scene, &shipment).await;
            let theirs = foreign_key(scene, &scene.login("kim"), json!({})).await;
            scene.sandbox.mend(rule).await;
            let held = shipment.until_held("StatusBehindVendors", &ENROLLING).await;
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": theirs})).await;
            shipment.until_held_anew(&held, "StatusBehindVendors").await;
            assert!(scene.sandbox.enrollments().await.is_empty(), "the named one is removed");
            assert_eq!(scene.sandbox.count(ORDER).await, 0);
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_status_behind_the_vendors_can_be_given_up() {
    scene("behind-cancel")
        .play(async |scene| {
            let (shipment, rule) = enrolled(scene).await;
            gone_for_long(scene, &shipment).await;
            scene.sandbox.mend(rule).await;
            shipment.until_held("StatusBehindVendors", &ENROLLING).await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            shipment.until_phase("Cancelled").await;
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}

/// The enrolment is gone, the shipment has ended and frees the person for another.
async fn ends_without_a_key(scene: &Scene, shipment: &Handle) {
    let over = shipment.until_phase("Failed").await;
    assert_eq!((over.is("Ready"), over.is("Stalled"), over.is("Enrolled")), ("False", "True", "False"));
    assert!(over.message().contains("declare another"), "{}", over.message());
    assert!(scene.sandbox.enrollments().await.is_empty());
    assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
    let login = scene.login("kim");
    scene.ship("kim-next", &login).await.until_ordered().await;
    shipment.delete().await;
    shipment.until_gone().await;
    assert_eq!(scene.sandbox.enrollments().await.len(), 1, "the next one's is not touched");
}

#[tokio::test]
async fn a_lost_parcel_given_up_ends_the_shipment_and_frees_the_person() {
    scene("lost-parcel")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 105).await;
            let held = shipment.until_held("ParcelLost", &["DiscardEnrollment"]).await;
            let id = enrolment_of(&held);
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": id})).await;
            ends_without_a_key(scene, &shipment).await;
        })
        .await;
}

async fn found_again(scene: &Scene) -> (Handle, String) {
    let (shipment, order) = ordered(scene, json!({})).await;
    scene.sandbox.set_state(&order, 107).await;
    shipment.until_reason("OrderFailed").await;
    scene.sandbox.set_state(&order, 104).await;
    shipment.look_now().await;
    let held = shipment.until_held("ParcelFound", &["DiscardEnrollment", "ApproveActivation"]).await;
    assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
    (shipment, enrolment_of(&held))
}

#[tokio::test]
async fn a_parcel_found_again_is_activated_by_an_answer() {
    scene("found-approve")
        .play(async |scene| {
            let (shipment, _) = found_again(scene).await;
            scene.answer(&shipment, "ApproveActivation", json!({})).await;
            shipment.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ACTIVATE).await, scene.sandbox.count(MAIL).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_parcel_found_again_is_given_up_by_an_answer() {
    scene("found-discard")
        .play(async |scene| {
            let (shipment, id) = found_again(scene).await;
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": id})).await;
            ends_without_a_key(scene, &shipment).await;
        })
        .await;
}

#[tokio::test]
async fn an_enrolment_whose_responses_are_another_ones_is_given_up_by_an_answer() {
    scene("wrong-answer")
        .play(async |scene| {
            let lou = scene.person("lou", "ACTIVE").await;
            let other = scene.ship("lou", &lou).await.until_ordered().await;
            let other = other.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&other, 103).await;
            let (shipment, order) = ordered(scene, json!({})).await;
            // Yubico's answer about this order, with the responses of the other one.
            let mut answer = at_yubico(scene, &other).await;
            answer["shipment_id"] = json!(order);
            let matching = json!({"operation": PARCEL, "path": order, "times": 0});
            let effect = json!({"kind": "status", "status": 200, "body": answer});
            scene.sandbox.post("/faults", json!({"match": matching, "effect": effect})).await;
            let held = shipment.until_held("WrongResponses", &["DiscardEnrollment"]).await;
            let id = enrolment_of(&held);
            scene.answer(&shipment, "DiscardEnrollment", json!({"enrollmentID": id})).await;
            shipment.until_phase("Failed").await;
            let left = scene.sandbox.enrollments().await;
            assert!(left.len() == 1 && left[0]["id"] != id.as_str(), "{left:#?}");
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
        })
        .await;
}

#[tokio::test]
async fn an_order_that_is_gone_is_confirmed_cancelled_by_a_person() {
    scene("gone-confirm")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.delete(&format!("/shipments/{order}")).await;
            missing_for_long(&shipment).await;
            shipment.until_held("OrderNotFound", &["ConfirmCancelled", "AdoptOrder"]).await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": order})).await;
            let told = shipment.until("why not", |o| o.message().contains("shows no such order")).await;
            assert_eq!(told.text("/status/hold/reason"), "OrderNotFound");
            scene.answer(&shipment, "ConfirmCancelled", json!({})).await;
            shipment.until_phase("Cancelled").await;
            let gone = until(async || scene.sandbox.enrollments().await.is_empty().then_some(()));
            assert!(gone.await.is_some(), "the pending enrolment is removed");
        })
        .await;
}

#[tokio::test]
async fn an_order_that_is_shown_again_is_taken_over_by_a_person() {
    scene("gone-adopt")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            let body = json!({"errors": [{"message": "not found"}]});
            let effect = json!({"kind": "status", "status": 404, "body": body});
            let rule = scene.sandbox.fault_always(PARCEL, effect).await;
            missing_for_long(&shipment).await;
            shipment.until_held("OrderNotFound", &["ConfirmCancelled", "AdoptOrder"]).await;
            scene.sandbox.mend(rule).await;
            scene.sandbox.set_state(&order, 104).await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": order})).await;
            shipment.until_reason("Activated").await;
            assert_eq!(effects(scene).await, [1, 1, 0, 1]);
        })
        .await;
}

/// An hour passes after the first 404.
async fn missing_for_long(shipment: &Handle) {
    shipment.until("it was missed once", |object| object.has("/status/order/missingSince")).await;
    shipment.set_status(json!({"order": {"missingSince": hours_ago(2)}})).await;
}

#[tokio::test]
async fn a_signing_key_that_is_gone_is_submitted_only_by_an_answer() {
    scene("signing")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 103).await;
            let shipped = shipment.until_phase("Shipped").await;
            assert!(shipped.has("/status/responses/signingKeys/0"), "kept beside the responses");
            scene.sandbox.post("/keys/rotate", json!({"set": "signing", "old": "unlisted"})).await;
            // Keys are kept for ten minutes, unless the connection is examined.
            scene.connection().look_now().await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_held("SigningKeyGone", &["ActivateWithKeptKeys"]).await;
            assert_eq!(shipment.get().await.is("Activated"), "False");
            scene.answer(&shipment, "ActivateWithKeptKeys", json!({})).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn a_carrier_that_stays_silent_is_answered_by_a_person_who_asked() {
    scene("silent-answer")
        .play(async |scene| {
            let spec = json!({"activation": {"deliveryTimeout": "1s", "onTimeout": "Hold"}});
            let (shipment, order) = ordered(scene, spec).await;
            scene.sandbox.set_state(&order, 103).await;
            shipment.until_held("DeliveryTimedOut", &["ApproveActivation"]).await;
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            scene.answer(&shipment, "ApproveActivation", json!({})).await;
            let active = shipment.until_reason("Activated").await;
            assert_eq!(active.is("Delivered"), "False");
        })
        .await;
}

#[tokio::test]
async fn activation_and_pin_each_wait_for_their_own_approval() {
    scene("approvals")
        .play(async |scene| {
            let spec = json!({"activation": {"after": "Approval"}, "pin": {"after": "Approval"}});
            let (shipment, order) = ordered(scene, spec).await;
            scene.sandbox.set_state(&order, 104).await;
            let gate = shipment.until_held("AwaitingApproval", &["ApproveActivation"]).await;
            assert_eq!((gate.is("Ready"), gate.is("Stalled")), ("True", ""));
            scene.answer(&shipment, "ApproveActivation", json!({})).await;
            shipment.until("active", |object| object.is("Activated") == "True").await;
            let anew = shipment.until_held_anew(&gate, "AwaitingApproval").await;
            assert_eq!(anew.0["status"]["hold"]["choices"], json!(["ApprovePin"]));
            assert_eq!(scene.sandbox.count(MAIL).await, 0);
            scene.answer(&shipment, "ApprovePin", json!({})).await;
            shipment.until_reason("Activated").await;
            assert_eq!(scene.sandbox.count(MAIL).await, 1);
        })
        .await;
}

#[tokio::test]
async fn a_pin_is_mailed_again_by_its_number_and_at_most_three_times_a_day() {
    scene("resend")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            for mails in [1, 2] {
                let last = format!("pin-{}", shipment.get().await.number("/status/pin/id").unwrap());
                let again = scene.decide_on("kim", &last, "ResendPin", json!({})).await;
                scene.accepted("kim", &again).await;
                scene.sandbox.counts(MAIL, mails + 1).await;
                shipment
                    .until("the next mail has a number", |o| {
                        o.number("/status/pin/id") == i64::try_from(mails + 1).ok()
                    })
                    .await;
                let copy = scene.decide_on("kim", &last, "ResendPin", json!({})).await;
                let why = scene.declined("kim", &copy).await;
                assert!(why.contains(&last), "a copy of an old decision mails nothing: {why}");
            }
            let again = scene.decide_on("kim", "pin-3", "ResendPin", json!({})).await;
            scene.accepted("kim", &again).await;
            let resting = shipment.until_reason("PinLimitReached").await;
            assert_eq!(resting.is("Ready"), "True");
            assert_eq!(scene.sandbox.count(MAIL).await, 3);
        })
        .await;
}

#[tokio::test]
async fn answers_that_fit_no_hold_change_nothing_and_say_what_to_do() {
    scene("misfits")
        .play(async |scene| {
            let shipment = refused(scene).await;
            let hold = shipment.get().await.text("/status/hold/id").to_owned();
            let before = effects(scene).await;
            let other = scene.decide_on("kim", "order-1-zzzzzz", "RetryOrder", json!({})).await;
            let why = scene.declined("kim", &other).await;
            assert!(why.contains("order-1-zzzzzz") && why.contains("status.hold.id"), "{why}");
            let unfit = scene.decide_on("kim", &hold, "ApproveActivation", json!({})).await;
            let why = scene.declined("kim", &unfit).await;
            for choice in ORDERING {
                assert!(why.contains(choice), "{choice} is a way on: {why}");
            }
            assert_eq!(shipment.get().await.text("/status/hold/id"), hold, "the hold stays");
            assert_eq!(effects(scene).await, before);
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            let second = scene.decide_on("kim", &hold, "RetryOrder", json!({})).await;
            scene.declined("kim", &second).await;
            shipment.until_phase("Cancelled").await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
        })
        .await;
}

#[tokio::test]
async fn a_decision_without_a_shipment_says_that_there_is_none() {
    scene("nobody")
        .play(async |scene| {
            let decision = scene.decide_on("kim", "order-1-zzzzzz", "RetryOrder", json!({})).await;
            let said = answered(&decision).await;
            assert_eq!((said.is("Ready"), said.reason()), ("False", "Declined"));
            assert!(said.message().contains("no shipment kim"), "{}", said.message());
        })
        .await;
}

#[tokio::test]
async fn a_corrected_decision_may_have_the_name_of_the_one_it_replaces() {
    scene("corrected")
        .play(async |scene| {
            let shipment = refused(scene).await;
            let hold = shipment.get().await.text("/status/hold/id").to_owned();
            let unfit = scene.decide_as("same", "kim", &hold, "ApprovePin", json!({})).await;
            scene.declined("kim", &unfit).await;
            unfit.delete().await;
            unfit.until_gone().await;
            let fit = scene.decide_as("same", "kim", &hold, "RetryOrder", json!({})).await;
            let said = answered(&fit).await;
            assert_eq!(said.reason(), "Accepted", "{}", said.message());
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn nobody_decides_in_another_ones_name() {
    scene("names")
        .play(async |scene| {
            let spec = json!({
                "shipmentRef": {"name": "kim"}, "holdID": "order-1-zzzzzz", "action": "RetryOrder",
                "requestedBy": "somebody-else",
            });
            // The policy is in force a little after it was applied.
            let decision = Handle::decision(&scene.client, &scene.name, "forged");
            let refused = until(async || match decision.try_create("YubiKeyDecision", spec.clone()).await {
                Ok(()) => {
                    decision.delete().await;
                    None
                }
                Err(why) => Some(why),
            });
            let why = refused.await.expect("it is refused");
            assert!(why.contains("requestedBy") && why.contains(&scene.whoami().await), "{why}");
        })
        .await;
}
