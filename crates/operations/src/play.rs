//! Does the steps of a world, one after the other.

use std::time::Duration;

use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use testbed::{
    cluster::{manifest, object},
    objects::text,
    setup::Fault,
};
use tokio::time::{Instant, sleep};

use crate::{
    bed::Bed,
    merge::{self, merge},
    oracle::refused,
    outcome::Outcome,
    step::{Kind, Step},
    world::{Answer, Cause, World},
};

/// Longest wait of a step that waits; it misses without a word.
const MOMENT: Duration = Duration::from_secs(2);

/// Between two looks at an object.
const GLANCE: Duration = Duration::from_millis(150);

/// Does them all.
pub(crate) async fn burst(bed: &Bed, world: &World, steps: &[Step]) -> Result<(), Fault> {
    for step in steps {
        let outcome = one(bed, world, step).await.map_err(|fault| format!("{step:?}: {fault}"))?;
        let mut notes = world.notes.lock().await;
        match outcome {
            _ if !step.counts() => {}
            Outcome::Done => notes.done += 1,
            Outcome::Refused(_) => notes.refused += 1,
            Outcome::Idle => notes.idle += 1,
        }
    }
    Ok(())
}

async fn one(bed: &Bed, world: &World, step: &Step) -> Result<Outcome, Fault> {
    match step {
        Step::Create { kind, slot, spec, refused } => create(bed, world, *kind, *slot, spec, *refused).await,
        Step::Change { kind, slot, patch, refused } => {
            change(bed, world, kind.name(), Some(&world.tag), &kind.object(*slot), patch, *refused).await
        }
        Step::Connect { patch, refused } => {
            change(bed, world, "YubiKeyConnection", None, &world.tag, patch, *refused).await
        }
        Step::Restore => restore(bed, world).await,
        Step::Delete { kind, slot } => delete(bed, world, *kind, *slot).await,
        Step::Decide { kind, slot, choice, odd } => {
            decide(bed, world, *kind, *slot, *choice, odd.as_ref()).await
        }
        Step::Look { kind, slot } => look(bed, kind.name(), Some(&world.tag), &kind.object(*slot)).await,
        Step::Person { person, status } => at_okta(bed, world, *person, json!({"status": status})).await,
        Step::Profile { person, profile } => at_okta(bed, world, *person, json!({"profile": profile})).await,
        Step::Enrolments { person, made } => enrolments(bed, world, *person, *made).await,
        Step::Group { person, joins } => group(bed, world, *person, *joins).await,
        Step::Parcel { slot, state } => parcel(bed, world, *slot, Some(*state)).await,
        Step::Console { slot } => parcel(bed, world, *slot, None).await,
        Step::Misbehave { rule } => bed.vendors.post("/faults", rule.clone()).await.map(|_| Outcome::Done),
        Step::Kill => bed.kill().await.map(|()| Outcome::Done),
        Step::Await { slot, phase } => moment(bed, world, *slot, phase).await,
        Step::Rest => Ok(Outcome::Idle),
    }
}

/// A refusal of the API server is an outcome; anything else that fails ends the run.
fn outcome(asked: Result<(), kube::Error>) -> Result<Outcome, Fault> {
    match asked {
        Ok(()) => Ok(Outcome::Done),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Outcome::Idle),
        Err(kube::Error::Api(status)) if status.code < 500 => Ok(Outcome::Refused(status.message)),
        Err(fault) => Err(fault.into()),
    }
}

async fn create(
    bed: &Bed,
    world: &World,
    kind: Kind,
    slot: usize,
    spec: &Value,
    must_be_refused: bool,
) -> Result<Outcome, Fault> {
    let spec = world.resolve(bed, spec);
    if spec["existingKeyPolicy"] == "OrderAnother"
        && let Some(person) = world.person_of(&spec)
    {
        world.allow(&person.id, Cause::OrderAnother).await;
    }
    world.notes.lock().await.let_go.note(&spec, world.person_of(&spec));
    let name = kind.object(slot);
    let api = bed.cluster.api(kind.name(), Some(&world.tag));
    let made = api.create(&PostParams::default(), &object(manifest(kind.name(), &name, &spec))?).await;
    let outcome = outcome(made.map(drop))?;
    refused::judge(world, &format!("create {name}"), must_be_refused, &outcome).await;
    Ok(outcome)
}

async fn change(
    bed: &Bed,
    world: &World,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    patch: &Value,
    must_be_refused: bool,
) -> Result<Outcome, Fault> {
    let api = bed.cluster.api(kind, namespace);
    let Some(before) = api.get_opt(name).await? else { return Ok(Outcome::Idle) };
    let before = serde_json::to_value(before)?;
    let patch = world.resolve(bed, patch);
    if patch["existingKeyPolicy"] == "OrderAnother"
        && let Some(person) = world.person_of(&before["spec"])
    {
        world.allow(&person.id, Cause::OrderAnother).await;
    }
    world.notes.lock().await.let_go.note(&patch, world.person_of(&before["spec"]));
    let patched = api.patch(name, &PatchParams::default(), &Patch::Merge(json!({"spec": patch}))).await;
    let outcome = outcome(patched.map(drop))?;
    refused::judge(world, &format!("change {kind} {name}"), must_be_refused, &outcome).await;
    if let (Outcome::Refused(_), Some(after)) = (&outcome, api.get_opt(name).await?) {
        refused::untouched(world, name, &before, &serde_json::to_value(after)?).await;
    }
    Ok(outcome)
}

/// The connection as it was at first.
async fn restore(bed: &Bed, world: &World) -> Result<Outcome, Fault> {
    set_connection(bed, world, &world.base).await
}

/// Makes a connection's spec this one; what it had more goes.
pub(crate) async fn set_connection(bed: &Bed, world: &World, spec: &Value) -> Result<Outcome, Fault> {
    let api = bed.cluster.api("YubiKeyConnection", None);
    let now = api.get(&world.tag).await?;
    let patch = json!({"spec": merge::between(&now.data["spec"], spec)});
    outcome(api.patch(&world.tag, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop))
}

async fn delete(bed: &Bed, world: &World, kind: Kind, slot: usize) -> Result<Outcome, Fault> {
    let api = bed.cluster.api(kind.name(), Some(&world.tag));
    outcome(api.delete(&kind.object(slot), &DeleteParams::default()).await.map(drop))
}

/// Asks for a look at once, as users do.
pub(crate) async fn look(
    bed: &Bed,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> Result<Outcome, Fault> {
    let at = testbed::clock::now().to_string();
    let patch = json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": at}}});
    let patched =
        bed.cluster.api(kind, namespace).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
    outcome(patched.map(drop))
}

async fn decide(
    bed: &Bed,
    world: &World,
    kind: Kind,
    slot: usize,
    choice: usize,
    odd: Option<&Value>,
) -> Result<Outcome, Fault> {
    let Some(about) = asks(bed, world, kind, slot).await? else { return Ok(Outcome::Idle) };
    let name = text(&about, "/metadata/name").to_owned();
    let Some(mut spec) = answer(bed, world, kind, &name, &about, choice).await? else {
        return Ok(Outcome::Idle);
    };
    if let Some(odd) = odd {
        merge(&mut spec, odd);
    }
    let decision = format!("{name}-{}", world.notes.lock().await.answers.len());
    let api = bed.cluster.api("YubiKeyDecision", Some(&world.tag));
    let made =
        api.create(&PostParams::default(), &object(manifest("YubiKeyDecision", &decision, &spec))?).await;
    let outcome = outcome(made.map(drop))?;
    if matches!(outcome, Outcome::Done) {
        let action = text(&spec, "/action").to_owned();
        if let Some(person) = world.person_of(&about["spec"])
            && ["RetryOrder", "ConfirmCancelled", "CancelOrder", "DiscardEnrollment"].contains(&&*action)
        {
            world.allow(&person.id, Cause::Answered).await;
        }
        let given = Answer {
            name: decision,
            kind,
            object: name,
            hold: text(&spec, "/holdID").to_owned(),
            action,
            odd: odd.is_some(),
        };
        world.notes.lock().await.answers.push(given);
    }
    Ok(outcome)
}

/// The object, or, if it asks nothing, another one of its kind that does: answers are rare enough.
async fn asks(bed: &Bed, world: &World, kind: Kind, slot: usize) -> Result<Option<Value>, Fault> {
    let all = bed.cluster.api(kind.name(), Some(&world.tag)).list(&ListParams::default()).await?;
    let mut asking = Vec::new();
    for object in all {
        let object = serde_json::to_value(object)?;
        // Most holds end with their cause and offer no answer.
        let questions = ["/status/hold/choices/0", "/status/holds/0"];
        if questions.into_iter().any(|at| object.pointer(at).is_some()) {
            asking.push(object);
        }
    }
    let name = kind.object(slot);
    let own = asking.iter().find(|object| text(object, "/metadata/name") == name).cloned();
    Ok(own.or_else(|| asking.get(slot % asking.len().max(1)).cloned()))
}

/// One of the ways on that the object names; none if it asks nothing.
async fn answer(
    bed: &Bed,
    world: &World,
    kind: Kind,
    name: &str,
    about: &Value,
    choice: usize,
) -> Result<Option<Value>, Fault> {
    let mut spec = json!({"requestedBy": bed.admin});
    if kind == Kind::Rollout {
        let holds = about.pointer("/status/holds").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(hold) = holds.get(choice % holds.len().max(1)) else { return Ok(None) };
        spec["rolloutRef"] = json!({"name": name});
        spec["holdID"] = hold["id"].clone();
        spec["action"] = json!("Proceed");
        return Ok(Some(spec));
    }
    let choices =
        about.pointer("/status/hold/choices").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(action) = choices.get(choice % choices.len().max(1)) else { return Ok(None) };
    spec["shipmentRef"] = json!({"name": name});
    spec["holdID"] = about["status"]["hold"]["id"].clone();
    spec["action"] = action.clone();
    let person = world.person_of(&about["spec"]).map(|person| person.id.clone()).unwrap_or_default();
    match action.as_str().unwrap_or_default() {
        "AdoptOrder" => {
            let order = order_of(bed, &person).await?;
            spec["shipmentID"] = json!(order.unwrap_or_else(|| "NoSuchOrder".to_owned()));
        }
        "DiscardEnrollment" => {
            let listed = enrolments_of(bed, &person).await?;
            let pending = listed.iter().find(|known| known["status"] != "ACTIVE");
            spec["enrollmentID"] = pending.map_or_else(|| json!("fwfNone"), |known| known["id"].clone());
        }
        _ => {}
    }
    Ok(Some(spec))
}

async fn at_okta(bed: &Bed, world: &World, person: usize, change: Value) -> Result<Outcome, Fault> {
    let Some(person) = world.people.get(person) else { return Ok(Outcome::Idle) };
    bed.vendors.post(&format!("/people/{}?org={}", person.id, world.org.okta()), change).await?;
    Ok(Outcome::Done)
}

/// Enrolments of a person, as Okta has them.
pub(crate) async fn enrolments_of(bed: &Bed, user: &str) -> Result<Vec<Value>, Fault> {
    let state = bed.vendors.get("/state").await?;
    let all = state["enrollments"].as_array().cloned().unwrap_or_default();
    Ok(all.into_iter().filter(|known| known["userId"] == user).collect())
}

async fn enrolments(bed: &Bed, world: &World, person: usize, made: bool) -> Result<Outcome, Fault> {
    let Some(person) = world.people.get(person) else { return Ok(Outcome::Idle) };
    if made {
        let path = format!("/people/{}/enrollments?org={}", person.id, world.org.okta());
        bed.vendors.post(&path, json!({"ageMinutes": 600})).await?;
        return Ok(Outcome::Done);
    }
    let pending = enrolments_of(bed, &person.id).await?;
    for known in pending.iter().filter(|known| known["status"] != "ACTIVE") {
        bed.vendors.delete(&format!("/enrollments/{}", text(known, "/id"))).await?;
    }
    if pending.is_empty() {
        return Ok(Outcome::Idle);
    }
    world.allow(&person.id, Cause::EnrolmentsRemoved).await;
    Ok(Outcome::Done)
}

async fn group(bed: &Bed, world: &World, person: usize, joins: bool) -> Result<Outcome, Fault> {
    let Some(person) = world.people.get(person) else { return Ok(Outcome::Idle) };
    let change = if joins { json!({"add": [person.id]}) } else { json!({"remove": [person.id]}) };
    bed.vendors.post(&format!("/groups/{}?org={}", world.tag, world.org.okta()), change).await?;
    Ok(Outcome::Done)
}

/// The last order that was accepted for a person.
pub(crate) async fn order_of(bed: &Bed, user: &str) -> Result<Option<String>, Fault> {
    let calls = bed.calls(0).await?;
    let made = calls.iter().rev().find(|call| {
        call["operation"] == "CreateFPRShipment" && call["committed"] == true && call["userId"] == user
    });
    Ok(made.map(|call| text(call, "/shipmentId").to_owned()))
}

/// Moves the parcel of a shipment, or deletes its order in the Console.
async fn parcel(bed: &Bed, world: &World, slot: usize, state: Option<i64>) -> Result<Outcome, Fault> {
    let shipment =
        bed.cluster.api("YubiKeyShipment", Some(&world.tag)).get_opt(&Kind::Shipment.object(slot)).await?;
    let Some(shipment) = shipment else { return Ok(Outcome::Idle) };
    let shipment = serde_json::to_value(shipment)?;
    let (order, user) = (text(&shipment, "/status/order/shipmentId"), text(&shipment, "/status/userId"));
    if order.is_empty() {
        return Ok(Outcome::Idle);
    }
    if let Some(state) = state {
        if ![3, 100, 103, 104].contains(&state) {
            world.allow(user, Cause::ParcelFailed).await;
        }
        bed.vendors.post(&format!("/shipments/{order}/state"), json!({"id": state})).await?;
    } else {
        world.allow(user, Cause::Deleted).await;
        bed.vendors.delete(&format!("/shipments/{order}")).await?;
    }
    Ok(Outcome::Done)
}

async fn moment(bed: &Bed, world: &World, slot: usize, phase: &str) -> Result<Outcome, Fault> {
    let api = bed.cluster.api("YubiKeyShipment", Some(&world.tag));
    let end = Instant::now() + MOMENT;
    while Instant::now() < end {
        let Some(found) = api.get_opt(&Kind::Shipment.object(slot)).await? else { break };
        if text(&found.data, "/status/phase") == phase {
            break;
        }
        sleep(GLANCE).await;
    }
    Ok(Outcome::Idle)
}
