//! Says what cannot be decoded, where people look, and wakes those whom it concerns.

use std::sync::Arc;

use api::{
    connection::YubiKeyConnection,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use domain::failure::Reason;
use futures::StreamExt;
use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api,
    core::{ApiResource, DynamicObject},
    runtime::{events::EventType, reflector::ObjectRef},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use system::clock;
use tokio::sync::mpsc;

use super::{
    conditions::{self, Fact},
    decode::{Decoded, Undecodable, Watched},
    events,
    index::IndexKey,
    status_patch::{self, CommitError},
    undecodable::{KINDS, Notice},
};
use crate::{context::Context, metrics::instrument};

/// Tells what cannot be decoded, and wakes those whom it concerns. Never ends.
pub async fn run(ctx: Arc<Context>, notices: mpsc::UnboundedReceiver<Notice>) {
    enum Task {
        Notice(Notice),
        Leads,
    }
    let notices = futures::stream::unfold(notices, |mut notices| async move {
        Some((Task::Notice(notices.recv().await?), notices))
    });
    let gained = ctx.leadership.gained().map(|()| Task::Leads);
    let mut tasks = Box::pin(futures::stream::select(Box::pin(notices), Box::pin(gained)));
    while let Some(task) = tasks.next().await {
        match task {
            Task::Notice(Notice::Found(object)) => {
                log_found(&object);
                note_connection(&ctx, &object);
                wake(&ctx, &object);
                say(&ctx, &object).await;
            }
            Task::Notice(Notice::Over(object)) => {
                log_over(&object);
                note_connection(&ctx, &object);
                wake(&ctx, &object);
            }
            Task::Leads => {
                for object in KINDS.iter().flat_map(|kind| ctx.undecodables.of_kind(kind)) {
                    say(&ctx, &object).await;
                }
            }
        }
    }
}

fn place(object: &Undecodable) -> (&str, &str) {
    let metadata = &object.metadata;
    (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default())
}

fn log_found(object: &Undecodable) {
    let ((namespace, name), kind) = (place(object), object.kind);
    tracing::warn!(kind, namespace, name, why = object.why, "the object cannot be decoded; it is left alone");
}

fn log_over(object: &Undecodable) {
    let ((namespace, name), kind) = (place(object), object.kind);
    tracing::info!(kind, namespace, name, "the object that could not be decoded is gone, or can be decoded");
}

/// A connection that is not understood is not used, and is examined anew once it is.
fn note_connection(ctx: &Context, object: &Undecodable) {
    if object.kind != instrument::CONNECTION {
        return;
    }
    let (_, name) = place(object);
    for shipment in ctx.shipments.watched.by_index(&IndexKey::Connection(name.to_owned())) {
        ctx.shipments.wake(&shipment);
    }
}

/// Shipments of the same person and the rollout that made it.
fn wake(ctx: &Context, object: &Undecodable) {
    let people =
        object.traces.index_keys.iter().filter(|key| matches!(key, IndexKey::Person(_) | IndexKey::Login(_)));
    for shipment in people.flat_map(|key| ctx.shipments.watched.by_index(key)) {
        ctx.shipments.wake(&shipment);
    }
    if let Some(rollout) = object.metadata.labels.as_ref().and_then(|labels| labels.get(ROLLOUT_LABEL)) {
        // One that is gone needs no look.
        let _ = ctx.rollouts.wake(&ObjectRef::new(rollout).within(place(object).0));
    }
}

/// An Event, and a condition where that is possible. A decision gets none: any condition of it is an answer.
async fn say(ctx: &Context, object: &Undecodable) {
    if !ctx.leadership.is_held() {
        return;
    }
    let said = match object.kind {
        instrument::SHIPMENT => condition::<YubiKeyShipment>(ctx, object).await,
        instrument::ROLLOUT => condition::<YubiKeyRollout>(ctx, object).await,
        instrument::CONNECTION => condition::<YubiKeyConnection>(ctx, object).await,
        _ => Ok(true),
    };
    match said {
        Ok(false) => return,
        Ok(true) => {}
        Err(error) => {
            let ((namespace, name), kind) = (place(object), object.kind);
            tracing::info!(%error, kind, namespace, name, "the condition was not written");
        }
    }
    let reason = Reason::ObjectUndecodable.as_str();
    events::publish_for(&ctx.outbox, &reference(object), EventType::Warning, reason, &object.message());
}

fn reference(object: &Undecodable) -> ObjectReference {
    ObjectReference {
        // The same for all kinds.
        api_version: Some(<YubiKeyShipment as kube::Resource>::api_version(&()).into_owned()),
        kind: Some(object.kind.to_owned()),
        name: object.metadata.name.clone(),
        namespace: object.metadata.namespace.clone(),
        uid: object.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

/// False if nothing is left to say: it stands there already, or the object has changed and is told anew.
async fn condition<K>(ctx: &Context, object: &Undecodable) -> Result<bool, CommitError>
where
    K: Watched + DeserializeOwned,
{
    let (namespace, name) = place(object);
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match namespace {
        "" => Api::all_with(ctx.client.clone(), &resource),
        namespace => Api::namespaced_with(ctx.client.clone(), namespace, &resource),
    };
    let Some(live) = api.get_opt(name).await.map_err(status_patch::classify)? else { return Ok(false) };
    let Ok(whole) = serde_json::to_value(&live) else { return Ok(true) };
    match Decoded::<K>::read(whole).0 {
        Err(still) if still.metadata.uid == object.metadata.uid && still.why == object.why => {}
        _ => return Ok(false),
    }
    let generation = live.metadata.generation.unwrap_or_default();
    let before = live.data.pointer("/status/conditions").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    match merged(&before, &object.message(), generation) {
        Merged::New(all, summary) => {
            status_patch::write_conditions(&api, &live, all, summary).await.map(|()| true)
        }
        Merged::Same => Ok(false),
        Merged::Unreadable => Ok(true),
    }
}

#[derive(Debug, PartialEq)]
enum Merged {
    /// All of them, and what the column shows.
    New(Vec<Value>, Option<String>),
    /// It is said already.
    Same,
    /// They are not touched.
    Unreadable,
}

/// All conditions with ours among them, others as they stand.
fn merged(before: &Value, message: &str, generation: i64) -> Merged {
    let (Ok(known), Some(before)) =
        (serde_json::from_value::<Vec<Condition>>(before.clone()), before.as_array())
    else {
        return Merged::Unreadable;
    };
    let reason = Reason::ObjectUndecodable.as_str();
    let ours = ["Ready", "Reconciling", "Stalled"];
    let stands = |kind: &str| {
        conditions::find(&known, kind).is_some_and(|c| c.reason == reason && c.message == message)
    };
    if stands("Ready") && stands("Stalled") {
        return Merged::Same;
    }
    let facts = vec![Fact::new("Ready", false, reason, message), Fact::new("Stalled", true, reason, message)];
    let mut all: Vec<Value> = before.clone();
    all.retain(|condition| {
        let kind = condition.get("type").and_then(Value::as_str).unwrap_or_default();
        !ours.contains(&kind)
    });
    let built = conditions::build(facts, &known, generation, clock::now());
    all.extend(built.iter().filter_map(|condition| serde_json::to_value(condition).ok()));
    Merged::New(all, conditions::summary(&built))
}

#[cfg(test)]
mod tests;
