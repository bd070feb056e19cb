//! Orders and enrolments whose answer was lost, or whose status was: found again, taken over, never made twice.

use serde_json::{Value, json};

use crate::support::{
    calls::{CANCEL, DISCARD, ENROLL, ORDER},
    hours_ago,
    object::Object,
    scene::{Scene, Setting, scene},
    shipment::Handle,
};

const ORDERING: [&str; 3] = ["RetryOrder", "AdoptOrder", "CancelOrder"];

/// Outcomes are judged soon.
fn hasty(name: &str) -> Setting {
    scene(name).connection(json!({"calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"}}))
}

async fn lost_order(scene: &Scene, when: &str) -> Handle {
    scene.sandbox.fault(ORDER, json!({"kind": "drop", "when": when})).await;
    let login = scene.person("kim", "ACTIVE").await;
    scene.ship("kim", &login).await
}

/// Yubico's list does not show pre-registered orders, as it may be.
async fn hide_orders(scene: &Scene) {
    scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
}

async fn order_ids(scene: &Scene) -> Vec<String> {
    let orders = scene.sandbox.orders().await;
    orders.iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

fn order_of(object: &Object) -> String {
    object.text("/status/order/shipmentId").to_owned()
}

async fn activates(scene: &Scene, shipment: &Handle, order: &str) {
    scene.sandbox.set_state(order, 104).await;
    shipment.until_reason("Activated").await;
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_found_and_taken_over_without_a_person() {
    hasty("search")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let shipment = lost_order(scene, "after").await;
            let object = shipment.until_ordered().await;
            assert_eq!(order_ids(scene).await, [order_of(&object)]);
            assert_eq!(object.0["status"]["order"]["adopted"], true);
            assert!(object.0["status"]["decisions"].is_null(), "nobody was asked");
            activates(scene, &shipment, &order_of(&object)).await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
        })
        .await;
}

#[tokio::test]
async fn an_order_taken_over_without_a_person_is_never_cancelled_by_a_deletion() {
    hasty("search-delete")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let shipment = lost_order(scene, "after").await;
            let object = shipment.until_ordered().await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            let events = scene.events("default", &scene.name).await;
            let told = events.iter().any(|(_, note)| note.contains(&order_of(&object)));
            assert!(told, "the id outlives the resource: {events:#?}");
        })
        .await;
}

async fn unknown(scene: &Scene, when: &str) -> (Handle, String) {
    hide_orders(scene).await;
    let shipment = lost_order(scene, when).await;
    let held = shipment.until_held("OrderOutcomeUnknown", &ORDERING).await;
    (shipment, held.text("/status/hold/id").to_owned())
}

/// Orders a key for somebody else and lets go of it; the answer is the order, which no resource claims then.
async fn stray_order(scene: &Scene, name: &str, spec: Value) -> String {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship_with(name, &login, spec).await;
    let order = order_of(&shipment.until_ordered().await);
    shipment.change(json!({"deletionPolicy": "Orphan"})).await;
    shipment.delete().await;
    shipment.until_gone().await;
    order
}

#[tokio::test]
async fn a_person_names_the_order_and_what_contradicts_a_wrong_one_is_said() {
    hasty("named")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (shipment, hold) = unknown(scene, "after").await;
            let [ours] = order_ids(scene).await.try_into().expect("one order");
            let product = json!({"key": {
                "model": null, "productId": 1, "inventoryProductId": 106, "customizationId": "RXJN83",
            }});
            let other_product = stray_order(scene, "lou", product).await;
            let other_recipient = stray_order(scene, "max", json!({})).await;
            let login = scene.person("pat", "ACTIVE").await;
            let claimed = order_of(&scene.ship("pat", &login).await.until_ordered().await);
            let orders = scene.sandbox.count(ORDER).await;
            for (id, why) in [
                ("nosuchorder", "shows no such order"),
                (&*other_product, "another product id"),
                (&*other_recipient, "recipient differs"),
                (&*claimed, "/pat has it"),
            ] {
                scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": id})).await;
                let told = shipment
                    .until(why, |object| object.message().contains(id) && object.message().contains(why))
                    .await;
                assert_eq!(told.text("/status/hold/id"), hold, "the hold stays");
                assert_eq!(told.is("Ordered"), "Unknown");
            }
            assert_eq!(scene.sandbox.count(ORDER).await, orders);
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": ours})).await;
            let object = shipment.until_ordered().await;
            assert_eq!(order_of(&object), ours);
            activates(scene, &shipment, &ours).await;
            assert_eq!(scene.sandbox.count(ORDER).await, orders);
        })
        .await;
}

#[tokio::test]
async fn an_order_that_was_never_accepted_is_ordered_again_only_by_an_answer() {
    hasty("never")
        .play(async |scene| {
            let (shipment, _) = unknown(scene, "before").await;
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1, "nothing found is no leave to order");
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            let object = shipment.until_ordered().await;
            assert_eq!(order_ids(scene).await, [order_of(&object)]);
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(DISCARD).await), (2, 1));
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn an_order_of_unknown_outcome_that_a_person_gives_up_frees_the_enrolment() {
    hasty("giveup")
        .play(async |scene| {
            let (shipment, _) = unknown(scene, "before").await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            shipment.until_phase("Cancelled").await;
            scene.sandbox.counts(DISCARD, 1).await;
            assert!(order_ids(scene).await.is_empty());
        })
        .await;
}

async fn this_cluster(scene: &Scene) -> String {
    let arguments = ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"];
    scene.kubectl().run(&arguments).await.fine()
}

#[tokio::test]
async fn a_lost_enrolment_of_a_bound_connection_is_removed_and_made_again_without_a_person() {
    hasty("bound")
        .play(async |scene| {
            scene.connection().change(json!({"orderingCluster": "ThisCluster"})).await;
            scene.connection().until("bound", Object::is_current).await;
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let object = shipment.until_ordered().await;
            assert!(object.0["status"]["decisions"].is_null(), "nobody was asked");
            assert_eq!(order_ids(scene).await, [order_of(&object)]);
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(DISCARD).await), (2, 1));
            let left = scene.sandbox.enrollments().await;
            assert!(left.len() == 1 && left[0]["id"] == object.text("/status/enrollment/id"), "{left:#?}");
            activates(scene, &shipment, &order_of(&object)).await;
        })
        .await;
}

#[tokio::test]
async fn a_bound_connection_enrols_again_by_itself_what_never_reached_okta() {
    hasty("bound-lost")
        .play(async |scene| {
            let uid = this_cluster(scene).await;
            scene.connection().change(json!({"orderingCluster": uid})).await;
            scene.connection().until("bound", Object::is_current).await;
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "before"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(DISCARD).await), (2, 0));
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

/// Ordered, let go, and declared again as from Git.
async fn rebuilt(scene: &Scene, spec: Value) -> (Handle, String, String) {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let object = shipment.until_ordered().await;
    shipment.change(json!({"deletionPolicy": "Orphan"})).await;
    shipment.delete().await;
    shipment.until_gone().await;
    let again = scene.ship_with("kim", &login, spec).await;
    (again, object.text("/status/enrollment/id").to_owned(), order_of(&object))
}

#[tokio::test]
async fn a_rebuilt_shipment_with_adopt_finds_its_enrolment_and_order_again() {
    hasty("rebuilt")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (shipment, enrolment, order) = rebuilt(scene, json!({"existingKeyPolicy": "Adopt"})).await;
            let object = shipment.until_ordered().await;
            assert_eq!((object.text("/status/enrollment/id"), &*order_of(&object)), (&*enrolment, &*order));
            activates(scene, &shipment, &order).await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_rebuilt_shipment_is_held_and_a_person_names_its_order() {
    hasty("rebuilt-named")
        .play(async |scene| {
            let (shipment, enrolment, order) = rebuilt(scene, json!({})).await;
            shipment.until_held("ExistingKey", &ORDERING).await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": order})).await;
            let object = shipment.until_ordered().await;
            assert_eq!((object.text("/status/enrollment/id"), &*order_of(&object)), (&*enrolment, &*order));
            // A person said whose it is: a deletion may cancel it.
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (1, 1));
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn what_was_taken_over_by_policy_is_left_alone_by_a_deletion() {
    hasty("rebuilt-delete")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (shipment, _, order) = rebuilt(scene, json!({"existingKeyPolicy": "Adopt"})).await;
            shipment.until_ordered().await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            assert_eq!(order_ids(scene).await, [order]);
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
        })
        .await;
}

/// A backup of the moment of the enrolment's mark, restored two hours later.
async fn restored(scene: &Scene) -> (Handle, String) {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let order = order_of(&shipment.until_ordered().await);
    let then = hours_ago(2);
    let enrollment = json!({
        "attempt": 1, "outcome": "Open", "mark": {"at": then, "oktaTime": then, "shown": null},
        "id": null, "keyId": null, "rpIds": null, "createdAt": null,
    });
    shipment.set_status(json!({"enrollment": enrollment, "order": null, "times": null, "hold": null})).await;
    let choices = ["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"];
    shipment.until_held("StatusBehindVendors", &choices).await;
    (shipment, order)
}

#[tokio::test]
async fn after_a_restored_backup_a_person_names_the_order_that_exists() {
    hasty("restored")
        .play(async |scene| {
            let (shipment, order) = restored(scene).await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1, "nothing is sent on the word of an old status");
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": order})).await;
            let object = shipment.until_ordered().await;
            assert_eq!(order_of(&object), order);
            activates(scene, &shipment, &order).await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn after_a_restored_backup_a_retry_alone_orders_no_second_key() {
    hasty("restored-retry")
        .play(async |scene| {
            let (shipment, _) = restored(scene).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_held("ExistingKey", &ORDERING).await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

/// An order of somebody else, and a shipment held for its own whose person's profile is incomplete by now.
async fn faulty_beside_a_strangers_order(scene: &Scene) -> (Handle, String) {
    let strangers = stray_order(scene, "lou", json!({})).await;
    let (shipment, _) = unknown(scene, "after").await;
    let kim = scene.login("kim");
    scene.sandbox.change_person(&kim, json!({"profile": {"primaryPhone": null}})).await;
    (shipment, strangers)
}

#[tokio::test]
async fn a_shipment_without_usable_details_of_its_own_takes_over_no_order() {
    hasty("faulty")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let (shipment, strangers) = faulty_beside_a_strangers_order(scene).await;
            let hold = shipment.get().await.text("/status/hold/id").to_owned();
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": strangers})).await;
            let told =
                shipment.until("why not", |object| object.message().contains("was not taken over")).await;
            assert!(told.message().contains("primaryPhone"), "{}", told.message());
            assert_eq!((told.text("/status/hold/id"), told.is("Ordered")), (&*hold, "Unknown"));
            // Corrected, and the right one named.
            let kim = scene.login("kim");
            scene.sandbox.change_person(&kim, json!({"profile": {"primaryPhone": "+1 555 010 0199"}})).await;
            let ids = order_ids(scene).await;
            let ours = ids.iter().find(|id| **id != strangers).unwrap();
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": ours})).await;
            assert_eq!(order_of(&shipment.until_ordered().await), *ours);
            assert_eq!(scene.sandbox.count(CANCEL).await, 0);
        })
        .await;
}

#[tokio::test]
async fn a_comparison_that_fails_for_now_is_waited_for_before_an_order_is_taken_over() {
    hasty("unseen")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let strangers = stray_order(scene, "lou", json!({})).await;
            let (shipment, _) = unknown(scene, "after").await;
            let rule = scene
                .sandbox
                .fault_always("GetShipmentExactById", json!({"kind": "status", "status": 503}))
                .await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": strangers})).await;
            // What a person has to answer stays in front: a read that failed never takes its place.
            let fails = |object: &Object| object.text("/status/failure/reason") == "YubicoUnavailable";
            let told = shipment.until("it is tried again", fails).await;
            assert_eq!(told.reason(), "OrderOutcomeUnknown");
            assert_ne!(shipment.get().await.is("Ordered"), "True");
            scene.sandbox.mend(rule).await;
            let differs = |object: &Object| object.message().contains("recipient differs");
            let told = shipment.until("whose it is", differs).await;
            assert_eq!(told.is("Ordered"), "Unknown");
        })
        .await;
}

/// Where only the details of the order show whose it is and when it was made.
#[tokio::test]
async fn what_the_details_of_an_order_show_is_compared_too() {
    hasty("details")
        .play(async |scene| {
            scene
                .sandbox
                .post("/settings", json!({"exactKnowsPrereg": false, "preregShowsRecipient": true}))
                .await;
            let strangers = stray_order(scene, "lou", json!({})).await;
            let (shipment, _) = unknown(scene, "after").await;
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": strangers})).await;
            let told =
                shipment.until("why not", |object| object.message().contains("recipient differs")).await;
            assert_eq!(told.is("Ordered"), "Unknown");
        })
        .await;
}
