//! Budget, waves, pace, pause, deletion, and who comes first when two want the same person.

use serde_json::{Value, json};

use crate::support::{
    calls::DISCARD,
    now,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    until,
};

async fn people(scene: &Scene, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(scene.sandbox.person(&scene.login(&format!("c{number}")), "ACTIVE").await);
    }
    ids
}

fn list(ids: &[String]) -> Value {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"users": {"list": list, "interval": "1m"}})
}

/// As limits count days: in UTC.
fn today() -> jiff::civil::Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

async fn proceed(scene: &Scene, rollout: &Handle, reason: &str) {
    let held = rollout.until("a person is asked", |object| !object.hold(reason).is_empty()).await;
    let decision = scene.proceed(rollout, &held.hold(reason), json!({})).await;
    scene.accepted_by_rollout(&decision).await;
}

#[tokio::test]
async fn waves_wait_for_a_person_and_the_budget_is_never_passed() {
    scene("waves")
        .play(async |scene| {
            let ids = people(scene, 6).await;
            let limits = json!({"waves": [{"count": 1}, {"percent": 50}], "budget": 5});
            let rollout = scene.roll("waves", list(&ids), limits).await;
            for served in [1, 4] {
                let object = rollout.until_reason("AwaitingApproval").await;
                object.adds_up();
                assert_eq!((object.tally("served"), object.is("Ready")), (served, "True"));
                assert_eq!(scene.shipments().await.len(), usize::try_from(served).unwrap());
                proceed(scene, &rollout, "AwaitingApproval").await;
                rollout.until("the next wave", |o| o.tally("served") > served).await;
            }
            let object = rollout.until_reason("BudgetExhausted").await;
            assert_eq!(
                (object.tally("served"), object.tally("waiting"), object.is("Stalled")),
                (5, 1, "True")
            );
            rollout.change(json!({"budget": 6})).await;
            let done = scene.deliver_until(&rollout, "all have keys", |o| o.tally("activated") == 6).await;
            done.adds_up();
            assert_eq!(scene.sandbox.orders().await.len(), 6);
        })
        .await;
}

#[tokio::test]
async fn an_answer_to_no_open_hold_changes_nothing_and_says_so() {
    scene("no-hold")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("no-hold", list(&ids), json!({"waves": [{"count": 1}]})).await;
            let held = rollout.until_reason("AwaitingApproval").await;
            let wrong = scene.proceed(&rollout, "wave-zzzzzz", json!({})).await;
            assert!(scene.declined_by_rollout(&wrong).await.contains("no hold wave-zzzzzz is open"));
            let named =
                scene.proceed(&rollout, &held.hold("AwaitingApproval"), json!({"userIDs": [ids[0]]})).await;
            assert!(scene.declined_by_rollout(&named).await.contains("userIDs"));
            let nobody = Handle::rollout(&scene.client, &scene.name, "nobody");
            let orphan = scene.proceed(&nobody, "wave-aaaaaa", json!({})).await;
            assert!(scene.declined_by_rollout(&orphan).await.contains("no rollout nobody"));
            assert_eq!(rollout.get().await.tally("served"), 1);
        })
        .await;
}

#[tokio::test]
async fn no_more_are_on_their_way_than_may_be_and_no_more_begun_on_a_day() {
    scene("pace")
        .play(async |scene| {
            let ids = people(scene, 5).await;
            let rollout = scene.roll("pace", list(&ids), json!({"maxInFlight": 2})).await;
            let done = scene
                .deliver_until(&rollout, "all have keys", |object| {
                    assert!(object.tally("inFlight") <= 2, "{}", object.0["status"]["counts"]);
                    object.tally("activated") == 5
                })
                .await;
            done.adds_up();
            let mut fresh = Vec::new();
            for name in ["d0", "d1", "d2"] {
                fresh.push(scene.sandbox.person(&scene.login(name), "ACTIVE").await);
            }
            let day = today();
            let daily = scene.roll("daily", list(&fresh), json!({"maxPerDay": 2})).await;
            daily.until("two are begun", |o| o.tally("served") >= 2).await;
            daily.look_now().await;
            let object = daily.get().await;
            // The next day, whose midnight may have come meanwhile, has two of its own.
            if today() == day {
                assert_eq!((object.tally("served"), object.tally("waiting")), (2, 1));
            }
        })
        .await;
}

#[tokio::test]
async fn a_shipment_deleted_by_hand_is_made_again_only_by_a_decision_that_names_the_person() {
    scene("again")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("again", list(&ids), json!({})).await;
            scene.until_orders(2).await;
            let all = scene.shipments().await;
            let theirs = all.iter().find(|s| s.text("/spec/userRef/id") == ids[0]).unwrap();
            let name = theirs.text("/metadata/name").to_owned();
            let shipment = Handle::shipment(&scene.client, &scene.name, &name);
            shipment.delete().await;
            shipment.until_gone().await;
            let asked = rollout.until("it is told", |o| o.ledger(&ids[0]) == "Deleted").await;
            assert_eq!(asked.examples("ShipmentDeleted"), [ids[0].clone()]);
            assert_eq!(
                (asked.is("Ready"), asked.is("Stalled")),
                ("False", "True"),
                "nobody new is ordered for"
            );
            rollout.look_now().await;
            assert!(shipment.find().await.is_none(), "it does not come back by itself");
            let hold = asked.hold("ShipmentDeleted");
            let wrong = scene.proceed(&rollout, &hold, json!({"userIDs": [ids[1]]})).await;
            assert!(scene.declined_by_rollout(&wrong).await.contains(&ids[1]));
            let right = scene.proceed(&rollout, &hold, json!({"userIDs": [ids[0]]})).await;
            scene.accepted_by_rollout(&right).await;
            let back = until(async || shipment.find().await).await;
            assert!(back.is_some(), "under the same name");
            rollout.until("it goes on", |o| o.is("Ready") == "True" && o.is("Stalled").is_empty()).await;
        })
        .await;
}

#[tokio::test]
async fn one_person_of_two_rollouts_gets_one_key_and_the_other_yields() {
    scene("rivals")
        .play(async |scene| {
            let ids = people(scene, 3).await;
            let (one, two) = (
                scene.roll("one", list(&ids), json!({})).await,
                scene.roll("two", list(&ids), json!({})).await,
            );
            let met = until(async || {
                let (one, two) = (one.get().await, two.get().await);
                let yielded = one.skipped("OrderedElsewhere") + two.skipped("OrderedElsewhere");
                (one.tally("served") + two.tally("served") == 3 && yielded == 3).then_some((one, two))
            });
            let (first, second) = met.await.expect("each person is served by one of the two");
            first.adds_up();
            second.adds_up();
            assert_eq!(scene.shipments().await.len(), 3);
            let both = [first.examples("OrderedElsewhere"), second.examples("OrderedElsewhere")].concat();
            assert!(
                both.iter().all(|told| told.contains(&scene.name)),
                "each names whom it yields to: {both:?}"
            );
            for rollout in [&one, &two] {
                scene
                    .deliver_until(rollout, "its own have keys", |o| {
                        o.tally("activated") == o.tally("served")
                    })
                    .await;
            }
            let met = until(async || {
                let (one, two) = (one.get().await, two.get().await);
                let skipped = one.skipped("PreRegisteredKey") + two.skipped("PreRegisteredKey");
                (skipped == 3).then_some(one.tally("served") + two.tally("served"))
            });
            assert_eq!(met.await, Some(3), "who has a key of one gets none of the other");
            assert_eq!((scene.sandbox.orders().await.len(), scene.sandbox.enrollments().await.len()), (3, 3));
        })
        .await;
}

#[tokio::test]
async fn a_name_that_belongs_to_something_else_is_told_and_never_taken() {
    scene("foreign")
        .play(async |scene| {
            let ids = people(scene, 1).await;
            let rollout = scene.roll("foreign", list(&ids), json!({})).await;
            scene.until_orders(1).await;
            let name = scene.shipments().await[0].text("/metadata/name").to_owned();
            rollout.delete().await;
            rollout.until_gone().await;
            let shipment = Handle::shipment(&scene.client, &scene.name, &name);
            assert!(shipment.find().await.is_some(), "a rollout that goes releases its shipments");
            shipment.delete().await;
            shipment.until_gone().await;
            let other = scene.person("other", "ACTIVE").await;
            scene.ship(&name, &other).await.until_ordered().await;
            let again = scene.roll("foreign", list(&ids), json!({})).await;
            let told = again.until("it is told", |o| !o.examples("NameTaken").is_empty()).await;
            assert_eq!(told.examples("NameTaken"), [ids[0].clone()]);
            assert_eq!(scene.shipments().await.len(), 1);
            assert_eq!(scene.shipments().await[0].text("/spec/userRef/login"), other, "it is left as it is");
        })
        .await;
}

#[tokio::test]
async fn a_deleted_rollout_releases_or_cancels_as_it_says_and_a_new_one_takes_in_what_is_there() {
    scene("ends")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("ends", list(&ids), json!({})).await;
            scene.until_orders(2).await;
            rollout.delete().await;
            rollout.until_gone().await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 2, "released");
            let next = scene.roll("ends", list(&ids), json!({"onDelete": "Cancel"})).await;
            let taken = next.until("they are taken in", |o| o.tally("served") == 2).await;
            taken.adds_up();
            assert_eq!(scene.sandbox.orders().await.len(), 2, "nobody is ordered for again");
            next.delete().await;
            next.until_gone().await;
            assert!(scene.shipments().await.is_empty());
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0, "cancelled");
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_rollout_that_cancels_goes_with_its_last_shipment_and_not_with_its_last_order() {
    scene("last")
        .play(async |scene| {
            let ids = people(scene, 1).await;
            let rollout = scene.roll("last", list(&ids), json!({"onDelete": "Cancel"})).await;
            scene.until_orders(1).await;
            let stuck = scene.sandbox.fault_always(DISCARD, json!({"kind": "status", "status": 503})).await;
            rollout.delete().await;
            // The order is cancelled, and Okta does not remove the enrolment: tried several times, the rollout looks again.
            scene.sandbox.counts(DISCARD, 3).await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0, "cancelled");
            let stays = rollout.until_reason("Deleting").await;
            assert!(stays.message().starts_with("1 shipments"), "{}", stays.message());
            scene.sandbox.mend(stuck).await;
            rollout.until_gone().await;
            assert!(scene.shipments().await.is_empty());
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_paused_rollout_that_is_to_cancel_says_what_it_waits_for() {
    scene("stays")
        .play(async |scene| {
            let ids = people(scene, 1).await;
            let rollout = scene.roll("stays", list(&ids), json!({"onDelete": "Cancel"})).await;
            scene.until_orders(1).await;
            rollout.change(json!({"paused": true})).await;
            rollout.until_reason("Paused").await;
            rollout.delete().await;
            let waits = rollout.until("a person is asked", |o| o.is("Stalled") == "True").await;
            assert_eq!((waits.reason(), waits.is("Ready")), ("Paused", "False"));
            assert!(waits.message().contains("spec.onDelete"), "{}", waits.message());
            assert_eq!(
                scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"],
                1,
                "nothing is cancelled"
            );
            rollout.change(json!({"paused": false})).await;
            rollout.until_gone().await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0);
        })
        .await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_stops_the_rollout_and_says_so() {
    scene("torn")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("torn", list(&ids[..1]), json!({})).await;
            scene.until_orders(1).await;
            let whole = rollout.until("one is served", |o| !o.ledger(&ids[0]).is_empty()).await;
            let entry = whole.0["status"]["ledger"][&ids[0]].clone();
            rollout.set_status(json!({"ledger": {&ids[0]: {"key": 9}}})).await;
            rollout.change(json!({"source": list(&ids)})).await;
            let torn = rollout.until("it stops", |o| o.is("Stalled") == "True" && o.is_current()).await;
            assert_eq!(torn.reason(), "StatusUnreadable");
            assert!(torn.message().contains("status.ledger"), "{}", torn.message());
            assert_eq!(torn.0["status"]["ledger"][&ids[0]]["key"], 9, "it is left as it is");
            assert_eq!(scene.sandbox.orders().await.len(), 1);
            rollout.set_status(json!({"ledger": {&ids[0]: entry}})).await;
            scene.until_orders(2).await;
            rollout.until("it goes on", |o| o.is("Stalled").is_empty() && o.tally("served") == 2).await;
        })
        .await;
}

#[tokio::test]
async fn a_paused_rollout_and_one_of_another_cluster_change_nothing() {
    scene("still")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("still", list(&ids), json!({"paused": true})).await;
            let paused = rollout.until_reason("Paused").await;
            paused.adds_up();
            assert_eq!((paused.tally("eligible"), paused.tally("served")), (2, 0));
            let mut elsewhere = scene.connection_spec();
            elsewhere["orderingCluster"] = json!("none");
            let name = format!("{}-b", scene.name);
            let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
            scene.connect(&name, elsewhere).await;
            let bound = scene.roll("bound", list(&ids), json!({"connectionRef": {"name": name}})).await;
            bound.until_reason("NotOrderingCluster").await;
            assert!(scene.shipments().await.is_empty());
            assert_eq!(scene.effects().await, Vec::<String>::new());
            rollout.change(json!({"paused": false})).await;
            rollout.until("it goes on", |o| o.tally("served") == 2).await;
            mount.remove();
        })
        .await;
}

#[tokio::test]
async fn a_rollout_that_is_killed_again_and_again_serves_everybody_once() {
    own_scene("killed")
        .play(async |scene| {
            // An enrolment whose answer died with the process is made again by itself.
            let cluster = scene.plane().id().await;
            scene.connection().change(json!({"orderingCluster": cluster.trim()})).await;
            let ids = people(scene, 8).await;
            let rollout = scene.roll("killed", list(&ids), json!({"maxInFlight": 3})).await;
            for served in [1, 3, 5] {
                scene.deliver_until(&rollout, "some are served", |o| o.tally("served") >= served).await;
                let operator = scene.operator().take().unwrap();
                operator.kill();
                scene.start_operator().await;
            }
            // What died in the middle of a call may need a person; whoever does not is served.
            let done = scene
                .deliver_until(&rollout, "all have keys or ask", |object| {
                    object.tally("served") == 8 && object.tally("activated") + object.tally("held") == 8
                })
                .await;
            done.adds_up();
            assert!(
                ids.iter().all(|id| !done.has(&format!("/status/ledger/{id}/times"))),
                "nobody was begun twice"
            );
            assert_eq!(scene.shipments().await.len(), 8);
            let orders = i64::try_from(scene.sandbox.orders().await.len()).unwrap();
            assert!(orders <= 8 && orders >= done.tally("activated"), "{orders} orders");
        })
        .await;
}
