//! The cluster is built anew from Git: manifests without status meet keys that the vendors know.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, LIST, ORDER},
    now,
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
};

/// The places of the road where a status may be lost.
const PHASES: [&str; 5] = ["enrolled", "ordered", "shipped", "delivered", "activated"];

/// A shipment at one place of the road.
struct Placed {
    phase: &'static str,
    shipment: Handle,
    user: String,
    login: String,
}

/// One shipment at each place, each of a person of its own.
async fn along_the_road(scene: &Scene) -> Vec<Placed> {
    let mut all = Vec::new();
    for phase in PHASES {
        let login = scene.login(phase);
        let user = scene.sandbox.person(&login, "ACTIVE").await;
        all.push(place(scene, phase, user, login).await);
    }
    all
}

async fn place(scene: &Scene, phase: &'static str, user: String, login: String) -> Placed {
    if phase == "enrolled" {
        // The second look fails, so that the pass ends between enrolment and order.
        let down = json!({"kind": "status", "status": 503});
        scene.sandbox.fault_at(LIST, &user, (2, 0), down).await;
    }
    let waits = json!({"activation": {"after": "Approval"}});
    let more = if phase == "activated" { json!({}) } else { waits };
    let shipment = scene.ship_with(phase, &login, more).await;
    if phase == "enrolled" {
        shipment.until_phase("Enrolled").await;
        return Placed { phase, shipment, user, login };
    }
    let object = shipment.until_ordered().await;
    let order = object.text("/status/order/shipmentId");
    let (state, reached) = match phase {
        "shipped" => (103, "Shipped"),
        "delivered" => (104, "Delivered"),
        "activated" => (104, "PinSent"),
        _ => return Placed { phase, shipment, user, login },
    };
    scene.sandbox.set_state(order, state).await;
    shipment.until(reached, |object| object.is(reached) == "True").await;
    Placed { phase, shipment, user, login }
}

async fn enrollment_of(scene: &Scene, user: &str) -> Value {
    let all = scene.sandbox.enrollments().await;
    let mut ours = all.into_iter().filter(|enrollment| enrollment["userId"] == user);
    let only = ours.next().expect("the person has an enrolment");
    assert!(ours.next().is_none(), "one key a person");
    only
}

/// Ended by the policy Hold: what was found, and the ways on.
async fn held(scene: &Scene, placed: &Placed) {
    let object = placed.shipment.until_reason("ExistingKey").await;
    says_what_and_how(&object, enrollment_of(scene, &placed.user).await["id"].as_str().unwrap());
}

fn says_what_and_how(object: &Object, enrollment: &str) {
    assert_eq!((object.phase(), object.is("Stalled")), ("Held", "True"));
    for word in [enrollment, "existingKeyPolicy", "answer this hold"] {
        assert!(object.message().contains(word), "{word} in: {}", object.message());
    }
    let choices = object.0.pointer("/status/hold/choices").unwrap().to_string();
    assert!(choices.contains("AdoptOrder") && choices.contains("CancelOrder"), "{choices}");
}

#[tokio::test]
async fn a_status_that_is_lost_anywhere_on_the_road_is_held_and_orders_nothing() {
    scene("emptied")
        .play(async |scene| {
            let all = along_the_road(scene).await;
            scene.sandbox.delete("/faults").await;
            let since = scene.sandbox.last_call().await;
            for placed in &all {
                placed.shipment.change_status(Value::Null).await;
            }
            for placed in &all {
                held(scene, placed).await;
            }
            let sent = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "nothing is sent: {sent:#?}");
            assert_eq!((scene.sandbox.orders().await.len(), scene.sandbox.enrollments().await.len()), (4, 5));
        })
        .await;
}

#[tokio::test]
async fn a_status_that_is_lost_is_linked_again_where_adopt_is_the_policy_and_the_road_goes_on() {
    scene("relinked")
        .connection(json!({
            "calls": {"timeout": "3s", "settle": "16s"}, "defaults": {"existingKeyPolicy": "Adopt"},
        }))
        .play(async |scene| {
            let all = along_the_road(scene).await;
            scene.sandbox.delete("/faults").await;
            let orders = scene.sandbox.orders().await;
            for placed in &all {
                placed.shipment.change_status(Value::Null).await;
            }
            for placed in all {
                if placed.phase == "enrolled" {
                    // There is no order to link, and the requests for one are lost.
                    held(scene, &placed).await;
                } else {
                    linked_again(scene, &placed, &orders).await;
                }
            }
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (4, 4));
            assert_eq!(scene.sandbox.enrollments().await.len(), 5);
        })
        .await;
}

async fn linked_again(scene: &Scene, placed: &Placed, orders: &[Value]) {
    let order = orders.iter().find(|order| order["recipientEmail"] == placed.login.as_str()).unwrap();
    let order = order["id"].as_str().unwrap();
    let object = placed.shipment.until_ordered().await;
    assert_eq!(object.text("/status/order/shipmentId"), order);
    let enrollment = enrollment_of(scene, &placed.user).await;
    assert_eq!(object.text("/status/enrollment/id"), enrollment["id"].as_str().unwrap());
    scene.sandbox.set_state(order, 104).await;
    placed.shipment.change(json!({"activation": {"after": "Delivery"}})).await;
    placed.shipment.until_reason("Activated").await;
    assert_eq!(enrollment_of(scene, &placed.user).await["status"], "ACTIVE");
}

#[tokio::test]
async fn another_key_beside_an_old_one_is_ordered_once_however_often_the_status_is_lost() {
    scene("another")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            let old = scene.sandbox.post(&path, json!({"status": "ACTIVE", "ageMinutes": 600})).await;
            let before = (now() - SignedDuration::from_mins(5)).strftime("%Y-%m-%dT%H:%M:%SZ");
            let wish = json!({
                "existingKeyPolicy": "OrderAnother", "existingKeyBefore": before.to_string(),
                "activation": {"after": "Shipment"},
            });
            let shipment = scene.ship_with("kim", &login, wish).await;
            let ordered = shipment.until_ordered().await;
            let ours = ordered.text("/status/enrollment/id").to_owned();
            for _ in 0..2 {
                shipment.change_status(Value::Null).await;
                let object = shipment.until_reason("ExistingKey").await;
                assert!(object.message().contains(&ours), "its own newer key: {}", object.message());
                assert!(!object.message().contains(old["id"].as_str().unwrap()), "{}", object.message());
            }
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.enrollments().await.len()), (1, 2));
        })
        .await;
}

#[tokio::test]
async fn a_shipment_torn_away_and_a_cluster_built_anew_order_nothing_again() {
    own_scene("rebuilt")
        .connection(json!({"calls": {"timeout": "3s", "settle": "16s"}}))
        .play(async |scene| {
            let (kim, sam) = (scene.person("kim", "ACTIVE").await, scene.person("sam", "ACTIVE").await);
            let adopt = json!({"existingKeyPolicy": "Adopt"});
            for (name, login, more) in [("kim", &kim, json!({})), ("sam", &sam, adopt.clone())] {
                scene.ship_with(name, login, more).await.until_ordered().await;
            }
            scene.rest_operator();
            let since = scene.sandbox.last_call().await;
            // Finalizer stripped, deleted, applied again.
            Handle::shipment(&scene.client, &scene.name, "kim").tear_away().await;
            let shipment = scene.ship("kim", &kim).await;
            scene.start_operator().await;
            shipment.until_reason("ExistingKey").await;
            scene.rest_operator();

            scene.plane().rebuild().await;
            scene.namespace(&scene.name).await;
            let mut connection = scene.connection_spec();
            connection["calls"] = json!({"timeout": "3s", "settle": "16s"});
            scene.connect(&scene.name, connection).await;
            let shipment = scene.ship("kim", &kim).await;
            let adopted = scene.ship_with("sam", &sam, adopt).await;
            scene.start_operator().await;
            let held = shipment.until_reason("ExistingKey").await;
            assert!(held.message().contains("existingKeyPolicy"), "{}", held.message());
            let object = adopted.until_ordered().await;
            let sent = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "nothing is sent: {sent:#?}");
            scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
            adopted.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (2, 2));
            assert_eq!(scene.sandbox.enrollments().await.len(), 2);
        })
        .await;
}

async fn crew(scene: &Scene, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(scene.sandbox.person(&scene.login(name), "ACTIVE").await);
    }
    ids
}

fn list(ids: &[String]) -> Value {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"users": {"list": list, "interval": "1m"}})
}

/// Names of all shipments, in order.
async fn names(scene: &Scene) -> Vec<String> {
    let mut names: Vec<_> =
        scene.shipments().await.iter().map(|object| object.text("/metadata/name").to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_rollout_from_git_in_a_cluster_built_anew_serves_nobody_twice_and_links_them_again() {
    own_scene("rebuilt-rollout")
        .connection(json!({"calls": {"timeout": "3s", "settle": "16s"}}))
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let ids = crew(scene, &["ann", "bob", "kim"]).await;
            let rollout = scene.roll("crew", list(&ids), json!({})).await;
            scene.until_orders(3).await;
            rollout.until("all are served", |object| object.tally("served") == 3).await;
            let order = scene.sandbox.orders().await[0]["id"].as_str().unwrap().to_owned();
            scene.sandbox.set_state(&order, 104).await;
            rollout.until("one has its key", |object| object.tally("activated") == 1).await;
            let before = names(scene).await;
            scene.rest_operator();
            let since = scene.sandbox.last_call().await;
            scene.plane().rebuild().await;
            scene.namespace(&scene.name).await;
            let mut connection = scene.connection_spec();
            connection["calls"] = json!({"timeout": "3s", "settle": "16s"});
            scene.connect(&scene.name, connection).await;
            let rollout = scene.roll("crew", list(&ids), json!({})).await;
            scene.start_operator().await;
            let told = rollout.until("all are passed over", |o| o.skipped("PreRegisteredKey") == 3).await;
            told.adds_up();
            assert!(scene.shipments().await.is_empty());
            let adopt = json!({"template": {"spec": {"existingKeyPolicy": "Adopt"}}, "skip": {"preRegisteredKey": false}});
            rollout.change(adopt).await;
            let linked = rollout.until("all are linked", |object| object.tally("served") == 3).await;
            linked.adds_up();
            assert_eq!(names(scene).await, before, "under the same names");
            let done = scene.deliver_until(&rollout, "all have their keys", |o| o.tally("activated") == 3).await;
            done.adds_up();
            let made: Vec<_> = scene.sandbox.effects_since(since).await.into_iter().map(|call| call.operation).collect();
            for effect in [ENROLL, ORDER] {
                assert!(!made.contains(&effect.to_owned()), "{made:?}");
            }
            assert_eq!((scene.sandbox.orders().await.len(), scene.sandbox.enrollments().await.len()), (3, 3));
        })
        .await;
}

#[tokio::test]
async fn a_rollout_whose_ledger_is_lost_takes_its_shipments_in_and_counts_them_again() {
    own_scene("ledgerless")
        .play(async |scene| {
            let ids = crew(scene, &["ann", "bob", "kim", "lou"]).await;
            let rollout = scene.roll("crew", list(&ids[..3]), json!({"budget": 3})).await;
            scene.until_orders(3).await;
            rollout.until("all are served", |object| object.tally("served") == 3).await;
            let order = scene.sandbox.orders().await[0]["id"].as_str().unwrap().to_owned();
            scene.sandbox.set_state(&order, 104).await;
            rollout.until("one has its key", |object| object.tally("activated") == 1).await;
            let before = names(scene).await;
            // As a backup without status puts it back.
            scene.rest_operator();
            rollout.change_status(Value::Null).await;
            scene.start_operator().await;
            let taken = rollout.until("they are taken in", |object| object.tally("served") == 3).await;
            taken.adds_up();
            // The budget is used up by those who were served before the loss.
            rollout.change(json!({"source": list(&ids)})).await;
            let full = rollout.until_reason("BudgetExhausted").await;
            assert_eq!((full.tally("served"), full.tally("waiting")), (3, 1));
            assert_eq!(names(scene).await, before);
            rollout.change(json!({"budget": 4})).await;
            let done =
                scene.deliver_until(&rollout, "all have their keys", |o| o.tally("activated") == 4).await;
            done.adds_up();
            assert_eq!(scene.sandbox.orders().await.len(), 4);
        })
        .await;
}
