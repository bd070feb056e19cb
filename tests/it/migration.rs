//! Coming from Okta's Workflows template, as `docs/migrating.md` says: what it ordered is taken over, and nothing is
//! ordered again.

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER},
    object::Object,
    scene::{Scene, Setting, scene},
    shipment::Handle,
};

fn setting(name: &str) -> Setting {
    scene(name).connection(json!({"calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"}}))
}

/// A row of the template's table.
struct Row {
    user: String,
    order: String,
    enrollment: String,
}

/// Enrolled and ordered by other hands: at the vendors it looks as the template leaves it.
async fn row(scene: &Scene, name: &str, state: u32) -> Row {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship(name, &login).await;
    let object = shipment.until_ordered().await;
    let order = object.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, state).await;
    if state == 104 {
        shipment.until_reason("Activated").await;
    }
    let row = Row {
        user: object.text("/status/userId").to_owned(),
        enrollment: object.text("/status/enrollment/id").to_owned(),
        order,
    };
    shipment.change(json!({"deletionPolicy": "Orphan"})).await;
    shipment.delete().await;
    shipment.until_gone().await;
    row
}

/// Ordered, shipped, and activated by the template.
async fn table(scene: &Scene) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, state) in [("ann", 3), ("bob", 103), ("kim", 104)] {
        rows.push(row(scene, name, state).await);
    }
    rows
}

/// The rollout of the page.
async fn take_over(scene: &Scene, rows: &[Row], policy: &str) -> Handle {
    let list: Vec<Value> = rows.iter().map(|row| json!({"id": row.user})).collect();
    let more = json!({
        "template": {"spec": {"existingKeyPolicy": policy, "deletionPolicy": "Orphan"}},
        "skip": {"preRegisteredKey": false}, "budget": rows.len(),
    });
    scene.roll("from-the-template", json!({"users": {"list": list}}), more).await
}

async fn calls(scene: &Scene) -> (usize, usize) {
    (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await)
}

/// Every row has a shipment with its own enrolment and order, and nothing was made at the vendors.
async fn all_taken_over(scene: &Scene, rollout: &Handle, rows: &[Row], before: (usize, usize)) {
    let done = scene
        .deliver_until(rollout, "all are activated", |object| {
            object.tally("activated") == i64::try_from(rows.len()).unwrap()
        })
        .await;
    done.adds_up();
    let shipments = scene.shipments().await;
    for row in rows {
        let of = |object: &&Object| object.text("/spec/userRef/id") == row.user;
        let shipment = shipments.iter().find(of).expect("each has one");
        assert_eq!(shipment.text("/status/order/shipmentId"), row.order);
        assert_eq!(shipment.text("/status/enrollment/id"), row.enrollment);
    }
    assert_eq!(calls(scene).await, before, "nobody is enrolled or ordered for again");
}

#[tokio::test]
async fn what_the_template_ordered_is_linked_by_adopt_and_followed_to_the_door() {
    setting("migrate")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let rows = table(scene).await;
            let before = calls(scene).await;
            let rollout = take_over(scene, &rows, "Adopt").await;
            all_taken_over(scene, &rollout, &rows, before).await;
        })
        .await;
}

#[tokio::test]
async fn where_the_list_shows_nothing_the_tables_ids_are_the_answers() {
    setting("migrate-by-hand")
        .play(async |scene| {
            let rows = table(scene).await;
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            let before = calls(scene).await;
            let rollout = take_over(scene, &rows, "Adopt").await;
            rollout
                .until("all are held", |object| object.tally("held") == i64::try_from(rows.len()).unwrap())
                .await;
            for object in scene.shipments().await {
                assert_eq!(object.reason(), "ExistingKey");
                let row = rows.iter().find(|row| row.user == object.text("/spec/userRef/id")).unwrap();
                let shipment = Handle::shipment(&scene.client, &scene.name, object.text("/metadata/name"));
                scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": row.order})).await;
            }
            all_taken_over(scene, &rollout, &rows, before).await;
        })
        .await;
}

#[tokio::test]
async fn a_rollout_passes_over_whoever_the_template_has_a_key_under_way_for() {
    setting("migrate-skips")
        .play(async |scene| {
            let rows = [row(scene, "ann", 3).await];
            let before = calls(scene).await;
            let source = json!({"users": {"list": [{"id": rows[0].user}]}});
            let rollout = scene.roll("batch", source, json!({})).await;
            let done = rollout.until("told", |object| object.skipped("PreRegisteredKey") == 1).await;
            done.adds_up();
            assert!(scene.shipments().await.is_empty());
            assert_eq!(calls(scene).await, before);
        })
        .await;
}
