//! What Okta's Workflows template really leaves behind, row by row, and how each row comes to its end here. The template
//! is played flow by flow as it is published ([`Template`]); nothing of what is taken over was made by the operator.
//!
//! | what it leaves | its end |
//! |---|---|
//! | names cut to 10, 15 and 15 letters | linked: the cut name is the person's |
//! | the order of a person who was staged then, to the secondary address | linked: both addresses are theirs |
//! | an errored factor of an attempt that was refused, beside the next one | linked to the next one |
//! | an errored factor and no order | held, removed at Okta, ordered |
//! | `ongoing`, and its factor marked errored by a state that can be repaired | linked; activated, or Okta refuses and a person is asked |
//! | `error` by one failed read, with the parcel on its way | taken over by an edited table |
//! | `completed` | left out |

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER, PARCEL},
    object::Object,
    scene::{Scene, Setting, scene},
    shipment::Handle,
    workflows_template::{Row, Template},
};

fn setting(name: &str) -> Setting {
    scene(name).connection(json!({"calls": {"timeout": "3s", "settle": "16s", "lookDelay": "100ms"}}))
}

async fn person(scene: &Scene, name: &str, profile: Value) -> String {
    let login = scene.person(name, "ACTIVE").await;
    scene.sandbox.change_person(&login, json!({"profile": profile})).await;
    login
}

/// The people whom the template served in each of its odd ways, an order each.
async fn served(scene: &Scene) -> Vec<Row> {
    let mut template = Template::installed(scene).await;
    for (name, profile) in [
        ("ann", json!({"firstName": "Maximiliana"})),
        ("bob", json!({"lastName": "Featherstonehaugh"})),
        ("eve", json!({"organization": "Example Holdings Inc"})),
    ] {
        let login = person(scene, name, profile).await;
        assert!(template.create_shipment(&login).await);
    }
    // Staged then, and active by now.
    let lou = scene.person("lou", "STAGED").await;
    assert!(template.create_shipment(&lou).await);
    scene.sandbox.change_person(&lou, json!({"status": "ACTIVE"})).await;
    // Refused for a region that is no code; corrected, and tried again.
    let joe = person(scene, "joe", json!({"state": null})).await;
    assert!(!template.create_shipment(&joe).await, "it enrols before it looks at the address");
    scene.sandbox.change_person(&joe, json!({"profile": {"state": "MA"}})).await;
    assert!(template.create_shipment(&joe).await);
    template.rows
}

async fn take_over(scene: &Scene, rows: &[Row]) -> Handle {
    let list: Vec<Value> = rows.iter().map(|row| json!({"id": row.user})).collect();
    let more = json!({
        "template": {"spec": {"existingKeyPolicy": "Adopt", "deletionPolicy": "Orphan"}},
        "skip": {"preRegisteredKey": false}, "budget": rows.len(),
    });
    scene.roll("from-the-template", json!({"users": {"list": list}}), more).await
}

async fn calls(scene: &Scene) -> (usize, usize) {
    (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await)
}

async fn shipment_of(scene: &Scene, row: &Row) -> Handle {
    let all = scene.shipments().await;
    let theirs = all.iter().find(|object| object.text("/spec/userRef/id") == row.user);
    Handle::shipment(&scene.client, &scene.name, theirs.expect("each has one").text("/metadata/name"))
}

/// Each row has a shipment with its own enrolment and order, every key signs in, and nothing was made at the vendors.
async fn all_at_their_end(scene: &Scene, rollout: &Handle, rows: &[Row], before: (usize, usize)) {
    let count = i64::try_from(rows.len()).unwrap();
    let done = scene.deliver_until(rollout, "all are activated", |o| o.tally("activated") == count).await;
    done.adds_up();
    for row in rows {
        let object = shipment_of(scene, row).await.get().await;
        assert_eq!(object.text("/status/order/shipmentId"), row.shipment);
        assert_eq!(object.text("/status/enrollment/id"), row.enrollment);
    }
    assert_eq!(calls(scene).await, before, "nobody is enrolled or ordered for again");
}

#[tokio::test]
async fn what_the_template_cut_sent_home_or_tried_twice_is_linked_by_adopt() {
    setting("template-adopt")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let rows = served(scene).await;
            assert_eq!(scene.sandbox.orders().await[0]["recipient"]["recipient_firstname"], "Maximilian");
            let before = calls(scene).await;
            let rollout = take_over(scene, &rows).await;
            all_at_their_end(scene, &rollout, &rows, before).await;
        })
        .await;
}

#[tokio::test]
async fn where_the_list_shows_nothing_the_ids_of_its_table_are_the_answers() {
    setting("template-by-hand")
        .play(async |scene| {
            let rows = served(scene).await;
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            let before = calls(scene).await;
            let rollout = take_over(scene, &rows).await;
            let count = i64::try_from(rows.len()).unwrap();
            rollout.until("all are held", |object| object.tally("held") == count).await;
            for row in &rows {
                let shipment = shipment_of(scene, row).await;
                assert_eq!(shipment.get().await.reason(), "ExistingKey");
                scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": row.shipment})).await;
            }
            all_at_their_end(scene, &rollout, &rows, before).await;
        })
        .await;
}

/// Its first look sees an order that is still incomplete, tells Okta of an error, and goes on polling it.
async fn marked_errored(scene: &Scene) -> Row {
    scene.sandbox.shows_orders().await;
    let mut template = Template::installed(scene).await;
    let login = scene.person("kim", "ACTIVE").await;
    assert!(template.create_shipment(&login).await);
    scene.sandbox.set_state(&template.rows[0].shipment, 1).await;
    template.process_shipments().await;
    let row = template.rows.remove(0);
    assert_eq!(row.status, "ongoing");
    assert_eq!(scene.sandbox.enrollments().await[0]["status"], "FULFILLMENT_ERRORED");
    row
}

#[tokio::test]
async fn a_row_whose_factor_is_marked_errored_is_activated_where_okta_still_takes_it() {
    setting("template-errored")
        .play(async |scene| {
            scene.sandbox.post("/settings", json!({"activateAfterMarkError": true})).await;
            let row = marked_errored(scene).await;
            let before = calls(scene).await;
            let rollout = take_over(scene, std::slice::from_ref(&row)).await;
            all_at_their_end(scene, &rollout, &[row], before).await;
        })
        .await;
}

#[tokio::test]
async fn a_row_whose_factor_okta_does_not_take_any_more_waits_for_a_person_and_orders_nothing() {
    setting("template-refused")
        .play(async |scene| {
            scene.sandbox.post("/settings", json!({"activateAfterMarkError": false})).await;
            let row = marked_errored(scene).await;
            let before = calls(scene).await;
            let rollout = take_over(scene, std::slice::from_ref(&row)).await;
            rollout.until("it is taken over", |object| object.tally("served") == 1).await;
            let shipment = shipment_of(scene, &row).await;
            shipment.until_ordered().await;
            scene.sandbox.set_state(&row.shipment, 104).await;
            let refused =
                |object: &Object| (object.reason(), object.is("Stalled")) == ("ActivationRefused", "True");
            let held = shipment.until("a person is asked", refused).await;
            assert_eq!(held.phase(), "Held");
            assert!(held.message().contains("Okta"), "{}", held.message());
            assert_eq!(calls(scene).await, before);
            rollout
                .until("it is counted among those that wait for a person", |object| object.tally("held") == 1)
                .await;
        })
        .await;
}

#[tokio::test]
async fn a_factor_without_an_order_is_removed_at_okta_and_then_a_key_is_ordered() {
    setting("template-leftover")
        .play(async |scene| {
            let mut template = Template::installed(scene).await;
            let login = person(scene, "kim", json!({"state": null})).await;
            assert!(!template.create_shipment(&login).await);
            scene.sandbox.change_person(&login, json!({"profile": {"state": "MA"}})).await;
            let left = scene.sandbox.enrollments().await.remove(0);
            let left = left["id"].as_str().unwrap();
            let shipment = scene.ship_with("kim", &login, json!({"existingKeyPolicy": "Adopt"})).await;
            let held = shipment.until_reason("ExistingKey").await;
            assert!(
                held.message().contains("errored") && held.message().contains(left),
                "{}",
                held.message()
            );
            assert!(scene.sandbox.orders().await.is_empty());
            scene.sandbox.delete(&format!("/enrollments/{left}")).await;
            scene.answer(&shipment, "RetryOrder", json!({})).await;
            shipment.until_ordered().await;
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

/// A key beside an older one that stays: the rebuilt shipment takes over its own order, not the old key.
#[tokio::test]
async fn beside_a_key_that_is_overlooked_the_newer_order_is_taken_over_by_its_id() {
    setting("template-beside")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            scene.sandbox.post(&path, json!({"status": "ACTIVE", "ageMinutes": 600})).await;
            let mut template = Template::installed(scene).await;
            assert!(template.create_shipment(&login).await);
            let row = template.rows.remove(0);
            let before = calls(scene).await;
            let early = crate::support::now() - jiff::SignedDuration::from_hours(1);
            let wish = json!({
                "existingKeyPolicy": "OrderAnother",
                "existingKeyBefore": early.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            });
            let shipment = scene.ship_with("kim", &login, wish).await;
            let held = shipment.until_reason("ExistingKey").await;
            assert!(held.message().contains(&row.enrollment), "{}", held.message());
            scene.answer(&shipment, "AdoptOrder", json!({"shipmentID": row.shipment})).await;
            let object = shipment.until_ordered().await;
            assert_eq!(object.text("/status/enrollment/id"), row.enrollment);
            scene.sandbox.set_state(&row.shipment, 104).await;
            shipment.until_reason("Activated").await;
            assert_eq!(calls(scene).await, before);
        })
        .await;
}

/// What `import` makes of a table.
async fn import(scene: &Scene, table: &str, more: &[&str]) -> crate::support::plugin::Ran {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shipment-records.csv");
    std::fs::write(&file, table).unwrap();
    let file = file.to_str().unwrap();
    let command = ["import", file, "--model", "yubikey-5c-nfc", "--connection", &scene.name];
    scene.plugin(&[&command, more].concat()).await
}

/// Applies a manifest that `import` printed, for real.
async fn order_by(scene: &Scene, manifest: &str) -> Handle {
    let mut manifest: Value = serde_json::from_str(manifest).unwrap();
    assert_eq!(manifest["spec"]["mode"], "DryRun", "a person says so first");
    manifest["spec"]["mode"] = json!("Order");
    scene.kubectl().apply(&manifest.to_string()).await.fine();
    Handle::rollout(&scene.client, &scene.name, manifest["metadata"]["name"].as_str().unwrap())
}

#[tokio::test]
async fn import_reads_the_templates_own_table_and_each_row_comes_to_its_end() {
    setting("template-import")
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            scene.sandbox.post("/settings", json!({"activateAfterMarkError": true})).await;
            let mut template = Template::installed(scene).await;
            for (name, state) in [("ann", 3), ("bob", 104), ("eve", 103)] {
                let login = person(scene, name, json!({"firstName": "Maximiliana"})).await;
                assert!(template.create_shipment(&login).await);
                scene.sandbox.set_state(&template.rows.last().unwrap().shipment, state).await;
            }
            // One failed read of the last one's parcel, which is on its way.
            let eve = template.rows[2].shipment.clone();
            let rule =
                scene.sandbox.fault_at(PARCEL, &eve, (1, 0), json!({"kind": "status", "status": 503})).await;
            template.process_shipments().await;
            scene.sandbox.mend(rule).await;
            let states: Vec<_> = template.rows.iter().map(|row| row.status.as_str()).collect();
            assert_eq!(states, ["ongoing", "completed", "error"]);

            let report = import(scene, &template.table(), &[]).await.ends(3).out;
            for words in [
                "under way: taken over",
                "completed already",
                "the template gave up",
                "YubiEnterprise Console",
            ] {
                assert!(report.contains(words), "{words} in: {report}");
            }
            let before = calls(scene).await;
            let manifest =
                import(scene, &template.table(), &["-o", "json", "--skip-faulty"]).await.ends(3).out;
            let rollout = order_by(scene, &manifest).await;
            all_at_their_end(scene, &rollout, &template.rows[..1], before).await;

            // Its order is there, so the person writes so, as the report says.
            let edited = template.table().replace(",error", ",ongoing");
            let manifest = import(scene, &edited, &["-o", "json"]).await.fine();
            let rollout = order_by(scene, &manifest).await;
            let both = [template.rows[0].clone(), template.rows[2].clone()];
            all_at_their_end(scene, &rollout, &both, before).await;
            let served: Vec<Object> = scene.shipments().await;
            assert!(served.iter().all(|object| object.text("/spec/userRef/id") != template.rows[1].user));
        })
        .await;
}
