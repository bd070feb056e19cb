//! Events: one for each transition of the Ready condition that lasts, for people who read `kubectl describe`.
//!
//! They are news, not records, so nothing waits for them: a queue takes them, and a task of its own publishes them. A
//! pass that waited could stand between a mark and its call, or before a receipt.

mod recorder;

use std::{fmt, sync::Arc, time::Duration};

use domain::{failure::Reason, one_call::lasts_one_call};
use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Resource,
    runtime::events::{Event, EventType},
};
use tokio::sync::{mpsc, oneshot};

use super::conditions;

pub use self::recorder::Recorder;

/// Longest note of an event in bytes.
const LONGEST_NOTE: usize = 1000;

/// Events that wait to be published; more are dropped, as the API server itself drops them after an hour.
const LONGEST_QUEUE: usize = 1024;

enum Word {
    Publish(Box<(Event, ObjectReference)>),
    /// Answers when all before it are done.
    Flush(oneshot::Sender<()>),
}

/// Where events are left to be published.
#[derive(Clone)]
pub struct Outbox {
    recorder: Arc<Recorder>,
    queue: mpsc::Sender<Word>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("room", &self.queue.capacity()).finish_non_exhaustive()
    }
}

impl Outbox {
    /// Publishes with this recorder, in a task that ends with the last of its handles.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        let (queue, mut words) = mpsc::channel(LONGEST_QUEUE);
        let recorder = Arc::new(recorder);
        let publisher = Arc::clone(&recorder);
        tokio::spawn(async move {
            while let Some(word) = words.recv().await {
                match word {
                    Word::Publish(event) => publish_now(&publisher, &event.0, &event.1).await,
                    // Who asked may have stopped waiting.
                    Word::Flush(done) => drop(done.send(())),
                }
            }
        });
        Self { recorder, queue }
    }

    fn leave(&self, event: Event, object: ObjectReference) {
        let reason = event.reason.clone();
        if self.queue.try_send(Word::Publish(Box::new((event, object)))).is_err() {
            tracing::info!(reason, "the event is dropped: too many wait for the API server");
        }
    }

    /// Waits until what was left before is published, at most this long.
    pub async fn flush(&self, longest: Duration) {
        let (done, told) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Word::Flush(done)).await.is_ok() {
                // The task ends with us at the latest.
                let _ = told.await;
            }
        };
        if tokio::time::timeout(longest, flushed).await.is_err() {
            tracing::info!("some events were not published before the end");
        }
    }
}

/// Where one is refused (a namespace that ends), everything goes on.
async fn publish_now(recorder: &Recorder, event: &Event, object: &ObjectReference) {
    if let Err(error) = recorder.publish(event, object).await {
        tracing::info!(%error, reason = event.reason, "the event was not taken");
    }
}

/// Leaves an event if the Ready condition has another status or reason than before, and what it says lasts longer than
/// a call: of a key that meets no obstacle, that it was ordered, that it is on its way, and that it is activated.
pub fn transition<K>(outbox: &Outbox, object: &K, before: &[Condition], after: &[Condition])
where
    K: Resource<DynamicType = ()>,
{
    let Some(ready) = conditions::find(after, "Ready") else { return };
    let same = conditions::find(before, "Ready")
        .is_some_and(|old| old.status == ready.status && old.reason == ready.reason);
    let passing = Reason::parse(&ready.reason).is_some_and(lasts_one_call);
    if same || passing {
        return;
    }
    let stalled = conditions::find(after, "Stalled").is_some();
    let kind = if stalled { EventType::Warning } else { EventType::Normal };
    publish(outbox, object, kind, &ready.reason, &ready.message);
}

/// Leaves a warning if this condition has become True, or is so for another reason than before.
pub fn warning<K>(outbox: &Outbox, object: &K, condition: &str, before: &[Condition], after: &[Condition])
where
    K: Resource<DynamicType = ()>,
{
    let Some(now) = conditions::find(after, condition).filter(|now| now.status == "True") else { return };
    if conditions::find(before, condition).is_none_or(|old| old.reason != now.reason) {
        publish(outbox, object, EventType::Warning, &now.reason, &now.message);
    }
}

/// Leaves one event.
fn publish<K>(outbox: &Outbox, object: &K, kind: EventType, reason: &str, note: &str)
where
    K: Resource<DynamicType = ()>,
{
    outbox.leave(event(None, kind, reason, note), object.object_ref(&()));
}

/// Leaves one event about an object of which only this is known.
pub fn publish_for(outbox: &Outbox, object: &ObjectReference, kind: EventType, reason: &str, note: &str) {
    outbox.leave(event(None, kind, reason, note), object.clone());
}

/// Leaves one event that also names what else it is about. Events of one object and reason are counted as one and
/// keep the first note, unless they are about different things.
pub fn publish_about<K, R>(outbox: &Outbox, object: &K, about: &R, kind: EventType, reason: &str, note: &str)
where
    K: Resource<DynamicType = ()>,
    R: Resource<DynamicType = ()>,
{
    let about = Some(about.object_ref(&()));
    outbox.leave(event(about, kind, reason, note), object.object_ref(&()));
}

/// Publishes one such event now: what it is about is gone a moment later, and it is the last trace.
pub async fn publish_last<K, R>(outbox: &Outbox, object: &K, about: &R, reason: &str, note: &str)
where
    K: Resource<DynamicType = ()>,
    R: Resource<DynamicType = ()>,
{
    let event = event(Some(about.object_ref(&())), EventType::Normal, reason, note);
    publish_now(&outbox.recorder, &event, &object.object_ref(&())).await;
}

fn event(about: Option<ObjectReference>, kind: EventType, reason: &str, note: &str) -> Event {
    Event {
        type_: kind,
        reason: reason.to_owned(),
        note: Some(fit(note)),
        action: "Reconcile".to_owned(),
        secondary: about,
    }
}

fn fit(note: &str) -> String {
    let mut end = note.len().min(LONGEST_NOTE);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    note.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use kube::{Client, client::Body, runtime::events::Reporter};
    use tokio::time::Instant;

    use super::*;

    type Answer = Result<axum::http::Response<Body>, std::io::Error>;

    /// An API server that never answers.
    fn silent() -> Outbox {
        let service = tower::service_fn(|_| std::future::pending::<Answer>());
        let reporter = Reporter { controller: "test".to_owned(), instance: None };
        Outbox::new(Recorder::new(Client::new(service, "default"), reporter))
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_an_event_and_the_queue_is_bounded() {
        let outbox = silent();
        let started = Instant::now();
        for _ in 0..3 * LONGEST_QUEUE {
            outbox.leave(event(None, EventType::Normal, "Ordering", "x"), ObjectReference::default());
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        outbox.flush(Duration::from_secs(2)).await;
        assert_eq!(
            started.elapsed(),
            Duration::from_secs(2),
            "the end of the process does not wait for it either"
        );
    }
}
