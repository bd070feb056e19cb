//! Each row of the table "Conditions" in `docs/design.md`, on objects that the operator wrote: what kstatus (Helm 4,
//! Flux), Argo CD's health scripts, `kubectl wait` and `helm --wait` make of it. The objects are kept as the scripts'
//! test data; `UPDATE_TESTDATA=1` writes them.

use serde_json::{Value, json};

use crate::support::{
    answers::answered,
    calls::{ACTIVATE, CANCEL, ENROLL, LIST, ORDER, PARCEL},
    judge::{Waiting, judged},
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    testdata,
};

/// The columns of the table.
#[derive(Clone, Copy)]
struct Row {
    ready: bool,
    reconciling: bool,
    stalled: bool,
    kstatus: &'static str,
    argo: &'static str,
}

const fn row(conditions: [bool; 3], kstatus: &'static str, argo: &'static str) -> Row {
    let [ready, reconciling, stalled] = conditions;
    Row { ready, reconciling, stalled, kstatus, argo }
}

const BEFORE_THE_ORDER: Row = row([false, true, false], "InProgress", "Progressing");
const ON_THE_WAY: Row = row([true, false, false], "Current", "Healthy");
const APPROVAL_PENDING: Row = row([true, false, false], "Current", "Suspended");
const STALLED: Row = row([false, false, true], "Failed", "Degraded");
const SUSPENDED_BEFORE: Row = row([false, false, false], "InProgress", "Suspended");
const SUSPENDED_AFTER: Row = row([true, false, false], "Current", "Suspended");
const DELETED: Row = row([true, false, false], "Terminating", "Progressing");

/// All that judges, on one object that stands still; the file `name` of the test data keeps it.
async fn is(scene: &Scene, object: &Object, name: &str, row: Row) {
    let told = (object.is("Ready") == "True", object.is("Reconciling"), object.is("Stalled"));
    let holds = |holds| if holds { "True" } else { "" };
    assert_eq!(told, (row.ready, holds(row.reconciling), holds(row.stalled)), "{name}: {}", object.reason());
    says(scene, object, name, row, object.message()).await;
    scene.kubectl_waits(object, row.ready).await;
    scene.helm_waits(object, Waiting::by(row.kstatus)).await;
}

/// The judges that compute.
async fn says(scene: &Scene, object: &Object, name: &str, row: Row, message: &str) {
    let (kstatus, argo) = judged(object).await;
    assert_eq!(
        (kstatus.0.as_str(), argo.0.as_str()),
        (row.kstatus, row.argo),
        "{name}: {kstatus:?} {argo:?}"
    );
    assert_eq!(argo.1, message, "{name}: Argo CD shows what the operator says");
    let neutral = Object(scene.neutral(object));
    let message = if message == object.message() { neutral.message() } else { message };
    testdata::is_kept(name, &neutral.0, (row.argo, message));
}

/// A shipment whose order is accepted and in progress, which may still be cancelled; and the order.
async fn ordered(scene: &Scene, name: &str, spec: Value) -> (Handle, String) {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship_with(name, &login, spec).await;
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 3).await;
    shipment.look_now().await;
    shipment.until_reason("AwaitingShipment").await;
    (shipment, order)
}

/// A call that takes longer than a test looks at what waits for it.
async fn slow(scene: &Scene, operation: &str) -> u64 {
    scene.sandbox.fault_always(operation, json!({"kind": "delay", "ms": 45_000})).await
}

fn patient() -> Value {
    json!({"calls": {"timeout": "90s", "settle": "190s"}})
}

#[tokio::test]
async fn before_the_order_tools_wait() {
    scene("gitops-before")
        .connection(patient())
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let spec =
                json!({"existingKeyPolicy": "OrderAnother", "existingKeyBefore": "2099-01-01T00:00:00Z"});
            let waiting = scene.ship_with("kim", &login, spec).await;
            let object = waiting.until_reason("AwaitingExistingKeyBefore").await;
            is(scene, &object, "progressing_awaitingExistingKeyBefore", BEFORE_THE_ORDER).await;

            slow(scene, ENROLL).await;
            let login = scene.person("lou", "ACTIVE").await;
            let enrolling = scene.ship("lou", &login).await;
            let object = enrolling.until_reason("Enrolling").await;
            is(scene, &object, "progressing_enrolling", BEFORE_THE_ORDER).await;
        })
        .await;
}

#[tokio::test]
async fn while_the_order_is_being_placed_tools_wait() {
    scene("gitops-ordering")
        .connection(patient())
        .play(async |scene| {
            slow(scene, ORDER).await;
            let login = scene.person("kim", "ACTIVE").await;
            let object = scene.ship("kim", &login).await.until_reason("Ordering").await;
            is(scene, &object, "progressing_ordering", BEFORE_THE_ORDER).await;
        })
        .await;
}

#[tokio::test]
async fn a_fault_before_the_order_is_waited_for() {
    scene("gitops-faults")
        .play(async |scene| {
            scene.sandbox.fault_always(LIST, json!({"kind": "status", "status": 503})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let object = scene.ship("kim", &login).await.until_reason("OktaUnavailable").await;
            is(scene, &object, "progressing_transientError", BEFORE_THE_ORDER).await;

            let name = format!("{}-b", scene.name);
            scene.connect(&name, scene.connection_spec()).await;
            let login = scene.person("lou", "ACTIVE").await;
            let spec = json!({"connectionRef": {"name": name}});
            let object = scene.ship_with("lou", &login, spec).await.until_reason("CredentialsMissing").await;
            is(scene, &object, "progressing_connectionAtFault", BEFORE_THE_ORDER).await;
        })
        .await;
}

#[tokio::test]
async fn from_the_order_to_the_pin_nobody_waits() {
    scene("gitops-road")
        .connection(patient())
        .play(async |scene| {
            let spec = json!({"activation": {"after": "Shipment"}, "pin": {"after": "Delivery"}});
            let (shipment, order) = ordered(scene, "kim", spec).await;
            let object = shipment.get().await;
            is(scene, &object, "healthy_ordered", ON_THE_WAY).await;
            scene.sandbox.set_state(&order, 103).await;
            let object = shipment.until("the PIN is to come", |o| o.is("Activated") == "True").await;
            is(scene, &object, "healthy_pinToCome", ON_THE_WAY).await;
            scene.sandbox.set_state(&order, 104).await;
            let object = shipment.until_reason("Activated").await;
            is(scene, &object, "healthy_activated", ON_THE_WAY).await;

            let (shipment, order) = ordered(scene, "lou", json!({})).await;
            scene.sandbox.set_state(&order, 103).await;
            let object = shipment.until_reason("AwaitingDelivery").await;
            is(scene, &object, "healthy_shipped", ON_THE_WAY).await;
            slow(scene, ACTIVATE).await;
            scene.sandbox.set_state(&order, 104).await;
            let object = shipment.until_phase("Delivered").await;
            is(scene, &object, "healthy_delivered", ON_THE_WAY).await;
        })
        .await;
}

#[tokio::test]
async fn a_fault_after_the_order_changes_nothing() {
    scene("gitops-later")
        .play(async |scene| {
            let (shipment, _) = ordered(scene, "kim", json!({})).await;
            let rule = scene.sandbox.fault_always(PARCEL, json!({"kind": "status", "status": 503})).await;
            let failing =
                |reason: &'static str| move |object: &Object| object.text("/status/failure/reason") == reason;
            let object = shipment.until("a failure is noted", failing("YubicoUnavailable")).await;
            assert_eq!(object.reason(), "AwaitingShipment");
            is(scene, &object, "healthy_transientError", ON_THE_WAY).await;
            scene.sandbox.mend(rule).await;
            shipment.look_now().await;
            shipment.until("it passed", |object| !object.has("/status/failure")).await;
            scene.sandbox.post("/tokens/expire", json!({"okta": false, "yubico": true})).await;
            shipment.look_now().await;
            shipment.until("a failure is noted", failing("YubicoUnauthorized")).await;
            // First the shipment's own call was refused, then the connection is found at fault.
            let told = |object: &Object| object.text("/status/failure/message").starts_with("The connection");
            let object = shipment.until("the connection is at fault", told).await;
            is(scene, &object, "healthy_connectionAtFault", ON_THE_WAY).await;
        })
        .await;
}

#[tokio::test]
async fn planned_approvals_are_no_fault_and_show_as_suspended() {
    scene("gitops-approval")
        .play(async |scene| {
            let spec = json!({"activation": {"after": "Approval"}, "pin": {"after": "Approval"}});
            let (shipment, order) = ordered(scene, "kim", spec).await;
            scene.sandbox.set_state(&order, 104).await;
            let object = shipment.until_reason("AwaitingApproval").await;
            is(scene, &object, "suspended_activationToApprove", APPROVAL_PENDING).await;
            scene.answer(&shipment, "ApproveActivation", json!({})).await;
            let pending =
                |object: &Object| object.is("Activated") == "True" && object.reason() == "AwaitingApproval";
            let object = shipment.until("the PIN waits for a person", pending).await;
            is(scene, &object, "suspended_pinToApprove", APPROVAL_PENDING).await;
        })
        .await;
}

#[tokio::test]
async fn what_is_held_fails_at_once_with_its_message() {
    scene("gitops-held")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({"ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            let object = shipment.until_reason("ExistingKey").await;
            let there = scene.sandbox.enrollments().await[0]["id"].as_str().unwrap().to_owned();
            assert!(object.message().contains(&there), "{}", object.message());
            is(scene, &object, "degraded_existingKey", STALLED).await;
            scene.answer(&shipment, "CancelOrder", json!({})).await;
            let object = shipment.until_phase("Cancelled").await;
            is(scene, &object, "degraded_cancelled", STALLED).await;

            ordered(scene, "lou", json!({})).await;
            let rival = scene.ship("lou-again", &scene.login("lou")).await;
            let object = rival.until_reason("AnotherOrderForUser").await;
            is(scene, &object, "degraded_anotherOrderForUser", STALLED).await;

            let (failed, order) = ordered(scene, "max", json!({})).await;
            scene.sandbox.set_state(&order, 107).await;
            let object = failed.until_phase("Failed").await;
            is(scene, &object, "degraded_failed", STALLED).await;
        })
        .await;
}

#[tokio::test]
async fn a_held_shipment_stays_so_for_the_tools_while_its_parcel_cannot_be_read_or_it_is_suspended() {
    scene("gitops-stays")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim", json!({})).await;
            scene.sandbox.set_state(&order, 105).await;
            shipment.until_reason("ParcelLost").await;
            let rule = scene.sandbox.fault_always(PARCEL, json!({"kind": "status", "status": 503})).await;
            shipment.look_now().await;
            let object = shipment.until("a failure is noted", |o| o.has("/status/failure/reason")).await;
            assert_eq!((object.reason(), object.phase()), ("ParcelLost", "Held"));
            is(scene, &object, "degraded_heldAndTransientError", STALLED).await;
            scene.sandbox.mend(rule).await;
            shipment.look_now().await;
            shipment.until("it passed", |object| !object.has("/status/failure")).await;
            shipment.change(json!({"suspend": true})).await;
            let object = shipment.until("the new spec was seen", Object::is_current).await;
            assert_eq!(object.phase(), "Held");
            assert_eq!(object.number("/status/hold/generation"), Some(1), "a suspension ends no hold");
            is(scene, &object, "degraded_heldAndSuspended", STALLED).await;
        })
        .await;
}

#[tokio::test]
async fn lost_or_returned_after_the_activation_is_degraded() {
    scene("gitops-lost")
        .play(async |scene| {
            for (name, state, row) in [("kim", 105, "lost"), ("lou", 108, "returned")] {
                let spec = json!({"activation": {"after": "Shipment"}});
                let (shipment, order) = ordered(scene, name, spec).await;
                scene.sandbox.set_state(&order, 103).await;
                shipment.until_reason("Activated").await;
                scene.sandbox.set_state(&order, state).await;
                let object = shipment.until("it is said", |object| object.is("Stalled") == "True").await;
                assert_eq!(object.is("Activated"), "True");
                is(scene, &object, &format!("degraded_{row}AfterActivation"), STALLED).await;
            }
        })
        .await;
}

#[tokio::test]
async fn suspended_is_suspended_and_only_before_the_order_waited_for() {
    scene("gitops-suspended")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            let object = shipment.until_reason("Suspended").await;
            is(scene, &object, "suspended_beforeTheOrder", SUSPENDED_BEFORE).await;

            let (shipment, _) = ordered(scene, "lou", json!({})).await;
            shipment.change(json!({"suspend": true})).await;
            let object = shipment.until("the new spec was seen", Object::is_current).await;
            is(scene, &object, "suspended_afterTheOrder", SUSPENDED_AFTER).await;
        })
        .await;
}

#[tokio::test]
async fn suspended_in_the_middle_of_the_order_it_is_ordered_and_suspended() {
    scene("gitops-midway")
        .play(async |scene| {
            scene.sandbox.fault(ORDER, json!({"kind": "delay", "ms": 7000})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason("Ordering").await;
            shipment.change(json!({"suspend": true})).await;
            let both = |object: &Object| object.is("Ordered") == "True" && object.is_current();
            let object = shipment.until("the order is accepted, the suspension seen", both).await;
            scene.sandbox.set_state(object.text("/status/order/shipmentId"), 3).await;
            shipment.look_now().await;
            let object = shipment.until_reason("AwaitingShipment").await;
            is(scene, &object, "suspended_whileOrdering", SUSPENDED_AFTER).await;
        })
        .await;
}

#[tokio::test]
async fn what_is_being_deleted_is_waited_for_and_says_what_it_waits_for() {
    scene("gitops-deleted")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim", json!({})).await;
            scene.sandbox.set_state(&order, 100).await;
            shipment.delete().await;
            let object = shipment.until("too late", |o| o.message().contains("too late to cancel")).await;
            is(scene, &object, "progressing_deletedTooLateToCancel", DELETED).await;

            let (shipment, _) = ordered(scene, "lou", json!({})).await;
            scene.sandbox.fault_always(CANCEL, json!({"kind": "status", "status": 503})).await;
            shipment.delete().await;
            let object = shipment.until("a failure is noted", |o| o.has("/status/failure/reason")).await;
            is(scene, &object, "progressing_deletedNotYetCancelled", DELETED).await;
        })
        .await;
}

#[tokio::test]
async fn a_connection_is_healthy_or_says_what_is_wrong() {
    scene("gitops-connection")
        .play(async |scene| {
            let good = scene.connection();
            let object = good.until("usable", |object| object.is("Ready") == "True").await;
            is(scene, &object, "healthy", ON_THE_WAY).await;

            let name = format!("{}-b", scene.name);
            let bad = scene.connect(&name, scene.connection_spec()).await;
            let object = bad.until_reason("CredentialsMissing").await;
            is(scene, &object, "degraded_credentialsMissing", STALLED).await;

            scene.sandbox.fault_always("GetInventory", json!({"kind": "status", "status": 503})).await;
            let name = format!("{}-c", scene.name);
            let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
            let shaky = scene.connect(&name, scene.connection_spec()).await;
            let object = shaky.until_reason("YubicoUnavailable").await;
            is(scene, &object, "progressing_yubicoUnavailable", BEFORE_THE_ORDER).await;
            mount.remove();
        })
        .await;
}

#[tokio::test]
async fn a_rollout_is_healthy_while_it_does_what_its_spec_says() {
    scene("gitops-rollout")
        .connection(json!({"polling": {"firstAfter": "10m", "interval": "10m"}}))
        .play(async |scene| {
            let (ann, bob, kim) = (
                scene.person("ann", "ACTIVE").await,
                scene.person("bob", "ACTIVE").await,
                scene.person("kim", "ACTIVE").await,
            );
            let source = |logins: &[&String]| {
                let list: Vec<_> = logins.iter().map(|login| json!({"login": login})).collect();
                json!({"users": {"list": list}})
            };
            let more = json!({"mode": "DryRun", "waves": [{"count": 1}], "budget": 2});
            let rollout = scene.roll("batch", source(&[&ann, &bob]), more).await;
            let object = rollout.until_reason("DryRun").await;
            is(scene, &object, "healthy_dryRun", ON_THE_WAY).await;

            rollout.change(json!({"mode": "Order"})).await;
            let ordered = |count| {
                move |object: &Object| object.is_current() && object.tally("byPhase/Ordered") == count
            };
            let object = rollout.until("the wave is ordered for", ordered(1)).await;
            assert_eq!(object.reason(), "AwaitingApproval");
            is(scene, &object, "suspended_waveToApprove", APPROVAL_PENDING).await;
            rollout.change(json!({"paused": true})).await;
            let object = rollout.until_reason("Paused").await;
            is(scene, &object, "suspended_paused", APPROVAL_PENDING).await;

            rollout.change(json!({"paused": false})).await;
            let object = rollout.until_reason("AwaitingApproval").await;
            let me = scene.whoami().await;
            let answer = Handle::decision(&scene.client, &scene.name, "next-wave");
            let hold = object.hold("AwaitingApproval");
            let spec = json!({
                "rolloutRef": {"name": "batch"}, "holdID": hold, "action": "Proceed", "requestedBy": me,
            });
            answer.create("YubiKeyDecision", spec).await;
            let object = rollout.until("all are ordered for", ordered(2)).await;
            assert_eq!(object.reason(), "RollingOut");
            is(scene, &object, "healthy_rollingOut", ON_THE_WAY).await;

            rollout.change(json!({"source": source(&[&ann, &bob, &kim])})).await;
            let object = rollout.until_reason("BudgetExhausted").await;
            is(scene, &object, "degraded_budgetExhausted", STALLED).await;
        })
        .await;
}

#[tokio::test]
async fn a_rollout_waits_for_its_connection() {
    scene("gitops-rollout-waits")
        .play(async |scene| {
            let name = format!("{}-b", scene.name);
            scene.connect(&name, scene.connection_spec()).await;
            let source = json!({"users": {"list": [{"login": scene.login("ann")}]}});
            let rollout = scene.roll("batch", source, json!({"connectionRef": {"name": name}})).await;
            let object = rollout.until_reason("CredentialsMissing").await;
            is(scene, &object, "progressing_connectionAtFault", BEFORE_THE_ORDER).await;
        })
        .await;
}

#[tokio::test]
async fn a_decision_waits_and_is_then_taken_or_refused() {
    own_scene("gitops-decision")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({"ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("ExistingKey").await;
            // Nobody is there to read it.
            scene.rest_operator();
            let waiting = scene.decide(&shipment, "CancelOrder", json!({})).await;
            let object = waiting.get().await;
            let row = Row { reconciling: false, ..BEFORE_THE_ORDER };
            says(
                scene,
                &object,
                "progressing_waiting",
                row,
                "Waiting for the operator to see the spec as it is",
            )
            .await;
            scene.kubectl_waits(&object, false).await;
            scene.helm_waits(&object, Waiting::GoesOn).await;
            scene.start_operator().await;
            let object = answered(&waiting).await;
            is(scene, &object, "healthy_taken", ON_THE_WAY).await;
            let late = scene.decide_on("kim", held.text("/status/hold/id"), "RetryOrder", json!({})).await;
            let object = answered(&late).await;
            is(scene, &object, "degraded_refused", STALLED).await;
        })
        .await;
}
