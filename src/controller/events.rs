//! Events: one for each transition of the Ready condition, for people who read `kubectl describe`.

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Resource,
    runtime::events::{Event, EventType},
};

use super::{Context, conditions};

/// Longest note of an event in bytes.
const LONGEST_NOTE: usize = 1000;

/// Publishes an event if the Ready condition has another status or reason than before. Events are news, not records:
/// where one is refused (a namespace that ends), the pass goes on.
pub async fn transition<K>(ctx: &Context, object: &K, before: &[Condition], after: &[Condition])
where
    K: Resource<DynamicType = ()>,
{
    let Some(ready) = conditions::find(after, "Ready") else { return };
    let same = conditions::find(before, "Ready")
        .is_some_and(|old| old.status == ready.status && old.reason == ready.reason);
    if same {
        return;
    }
    let stalled = conditions::find(after, "Stalled").is_some();
    let kind = if stalled { EventType::Warning } else { EventType::Normal };
    publish(ctx, object, kind, &ready.reason, &ready.message).await;
}

/// Publishes a warning if this condition has become True, or is so for another reason than before.
pub async fn warning<K>(ctx: &Context, object: &K, condition: &str, before: &[Condition], after: &[Condition])
where
    K: Resource<DynamicType = ()>,
{
    let Some(now) = conditions::find(after, condition).filter(|now| now.status == "True") else { return };
    if conditions::find(before, condition).is_none_or(|old| old.reason != now.reason) {
        publish(ctx, object, EventType::Warning, &now.reason, &now.message).await;
    }
}

/// Publishes one event.
async fn publish<K>(ctx: &Context, object: &K, kind: EventType, reason: &str, note: &str)
where
    K: Resource<DynamicType = ()>,
{
    say(ctx, &object.object_ref(&()), None, kind, reason, note).await;
}

/// Publishes one event about an object of which only this is known.
pub async fn publish_for(ctx: &Context, object: &ObjectReference, kind: EventType, reason: &str, note: &str) {
    say(ctx, object, None, kind, reason, note).await;
}

/// Publishes one event that also names what else it is about. Events of one object and reason are counted as one and
/// keep the first note, unless they are about different things.
pub async fn publish_about<K, R>(
    ctx: &Context,
    object: &K,
    about: &R,
    kind: EventType,
    reason: &str,
    note: &str,
) where
    K: Resource<DynamicType = ()>,
    R: Resource<DynamicType = ()>,
{
    let about = Some(about.object_ref(&()));
    say(ctx, &object.object_ref(&()), about, kind, reason, note).await;
}

async fn say(
    ctx: &Context,
    object: &ObjectReference,
    about: Option<ObjectReference>,
    kind: EventType,
    reason: &str,
    note: &str,
) {
    let event = Event {
        type_: kind,
        reason: reason.to_owned(),
        note: Some(fit(note)),
        action: "Reconcile".to_owned(),
        secondary: about,
    };
    if let Err(error) = ctx.recorder.publish(&event, object).await {
        tracing::info!(%error, reason, "the event was not taken");
    }
}

fn fit(note: &str) -> String {
    let mut end = note.len().min(LONGEST_NOTE);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    note.get(..end).unwrap_or_default().to_owned()
}
