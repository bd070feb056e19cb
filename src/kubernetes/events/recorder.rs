//! Publishes Events. What is said again of an object within some minutes is counted at the Event that stands.
//!
//! As `kube::runtime::events::Recorder`, which keeps every Event whole and walks over all that it keeps at each new one:
//! with thousands of shipments on their road that grows with their square.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event as Published},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
    runtime::events::{Event, EventType, Reporter},
};
use serde_json::json;
use system::clock;
use tokio::time::Instant;

/// What is said again within this time after it was said last is counted at the same Event: as the recorders of
/// client-go (`maxLruCacheEntries` aside) and of kube do.
const COUNTED_FOR: Duration = Duration::from_mins(6);

/// Events about objects without a namespace stand there.
const CLUSTER: &str = "default";

/// What makes two Events the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    kind: &'static str,
    reason: String,
    object: String,
    about: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    name: String,
    count: i32,
    last: Instant,
}

/// What was said lately.
#[derive(Debug, Default)]
struct Said {
    standing: HashMap<Key, Standing>,
    /// By time, so that what is over is found without a walk. One that was said again stands here twice.
    order: VecDeque<(Instant, Key)>,
}

impl Said {
    fn forget_what_is_over(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(at, _)| now >= *at + COUNTED_FOR) {
            let Some((at, key)) = self.order.pop_front() else { return };
            if self.standing.get(&key).is_some_and(|one| one.last == at) {
                self.standing.remove(&key);
            }
        }
    }

    fn again(&mut self, key: &Key, now: Instant) -> Option<Standing> {
        self.forget_what_is_over(now);
        self.standing.get(key).map(|one| Standing { count: one.count.saturating_add(1), ..one.clone() })
    }

    fn note(&mut self, key: Key, one: Standing) {
        self.order.push_back((one.last, key.clone()));
        self.standing.insert(key, one);
    }
}

/// Publishes in the name of one controller.
pub struct Recorder {
    client: Client,
    reporter: Reporter,
    said: Mutex<Said>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("reporter", &self.reporter).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(client: Client, reporter: Reporter) -> Self {
        Self { client, reporter, said: Mutex::default() }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an Event, or counts it at the one that stands.
    ///
    /// # Errors
    /// The API server refused it or did not answer.
    pub(super) async fn publish(&self, event: &Event, object: &ObjectReference) -> Result<(), kube::Error> {
        let key = key(event, object);
        let now = Instant::now();
        let events: Api<Published> =
            Api::namespaced(self.client.clone(), object.namespace.as_deref().unwrap_or(CLUSTER));
        let again = self.said().again(&key, now);
        let standing = if let Some(standing) = again {
            let series =
                json!({"series": {"count": standing.count, "lastObservedTime": MicroTime(clock::now())}});
            events.patch_metadata(&standing.name, &PatchParams::default(), &Patch::Merge(series)).await?;
            standing
        } else {
            let made = self.event(event, object);
            let name = made.metadata.name.clone().unwrap_or_default();
            events.create(&PostParams::default(), &made).await?;
            Standing { name, count: 1, last: now }
        };
        self.said().note(key, Standing { last: now, ..standing });
        Ok(())
    }

    fn event(&self, event: &Event, object: &ObjectReference) -> Published {
        let now = clock::now();
        let controller = &self.reporter.controller;
        let name = object.name.as_ref().unwrap_or(controller);
        Published {
            action: Some(event.action.clone()),
            reason: Some(event.reason.clone()),
            event_time: Some(MicroTime(now)),
            regarding: Some(object.clone()),
            related: event.secondary.clone(),
            note: event.note.clone(),
            metadata: ObjectMeta {
                namespace: object.namespace.clone(),
                name: Some(format!("{name}.{:x}", now.as_nanosecond())),
                ..ObjectMeta::default()
            },
            reporting_controller: Some(controller.clone()),
            reporting_instance: Some(self.reporter.instance.as_ref().unwrap_or(controller).clone()),
            type_: Some(kind(event).to_owned()),
            ..Published::default()
        }
    }
}

const fn kind(event: &Event) -> &'static str {
    match event.type_ {
        EventType::Normal => "Normal",
        EventType::Warning => "Warning",
    }
}

fn key(event: &Event, object: &ObjectReference) -> Key {
    Key {
        kind: kind(event),
        reason: event.reason.clone(),
        object: whole(object),
        about: event.secondary.as_ref().map(whole),
    }
}

/// One that is declared again under a name is another one.
fn whole(object: &ObjectReference) -> String {
    let parts = [&object.kind, &object.namespace, &object.name, &object.uid, &object.field_path];
    parts.map(|part| part.as_deref().unwrap_or_default()).join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: usize) -> Key {
        Key { kind: "Normal", reason: "Ordered".to_owned(), object: number.to_string(), about: None }
    }

    fn say(said: &mut Said, number: usize) -> i32 {
        let now = Instant::now();
        let standing = said.again(&named(number), now);
        let count = standing.as_ref().map_or(1, |one| one.count);
        said.note(named(number), Standing { name: format!("{number}"), count, last: now });
        count
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_said_again_is_counted_as_long_as_it_goes_on() {
        let mut said = Said::default();
        assert_eq!([say(&mut said, 1), say(&mut said, 1), say(&mut said, 2)], [1, 2, 1]);
        tokio::time::advance(COUNTED_FOR.saturating_sub(Duration::from_secs(1))).await;
        assert_eq!(say(&mut said, 1), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([say(&mut said, 1), say(&mut said, 2)], [4, 1], "the other one was over");
        tokio::time::advance(COUNTED_FOR).await;
        assert_eq!(say(&mut said, 1), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_what_is_over() {
        let mut said = Said::default();
        for number in 0..500 {
            say(&mut said, number);
            say(&mut said, number);
            tokio::time::advance(Duration::from_secs(6)).await;
        }
        assert!(said.standing.len() <= 60 && said.order.len() <= 120, "{}", said.order.len());
        tokio::time::advance(COUNTED_FOR).await;
        said.forget_what_is_over(Instant::now());
        assert!(said.standing.is_empty() && said.order.is_empty());
    }

    #[test]
    fn events_are_the_same_only_of_the_same_object_reason_and_matter() {
        let object = |uid: &str| ObjectReference {
            name: Some("kim".to_owned()),
            namespace: Some("people".to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        };
        let event = |reason: &str, about: Option<&str>, type_| Event {
            type_,
            reason: reason.to_owned(),
            note: None,
            action: "Reconcile".to_owned(),
            secondary: about.map(object),
        };
        let one = key(&event("Ordered", None, EventType::Normal), &object("a"));
        assert_eq!(one, key(&event("Ordered", None, EventType::Normal), &object("a")));
        for other in [
            key(&event("Activated", None, EventType::Normal), &object("a")),
            key(&event("Ordered", None, EventType::Warning), &object("a")),
            key(&event("Ordered", None, EventType::Normal), &object("b")),
            key(&event("Ordered", Some("a"), EventType::Normal), &object("a")),
        ] {
            assert_ne!(one, other);
        }
    }
}
