//! Hands all objects of a cache to their controller, few at a time: kube's scheduler takes whatever it is offered at
//! once, and never gives back the room that a hundred thousand took in it.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use kube::{
    Resource,
    runtime::{
        reflector::{ObjectRef, Store},
        watcher::Event,
    },
};

/// Objects that are handed over before others get their turn.
const BATCH: usize = 256;

/// What is still to be handed over.
#[derive(Debug)]
struct Batches<K> {
    left: std::vec::IntoIter<Arc<K>>,
    handed: usize,
}

impl<K> Default for Batches<K> {
    fn default() -> Self {
        Self { left: Vec::new().into_iter(), handed: 0 }
    }
}

impl<K> Batches<K> {
    /// All of these, from now on. Of what was left all are among them, or gone.
    fn begin(&mut self, all: Vec<Arc<K>>) {
        self.left = all.into_iter();
    }

    fn is_over(&self) -> bool {
        self.left.len() == 0
    }

    /// The next; pending at the end of each batch, so that what was handed over is looked at first.
    fn poll(&mut self, context: &Context<'_>) -> Poll<Arc<K>> {
        if self.handed < BATCH
            && let Some(next) = self.left.next()
        {
            self.handed += 1;
            return Poll::Ready(next);
        }
        self.handed = 0;
        if !self.is_over() {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// What a stream says of the objects of a cache.
enum Said<T> {
    /// This comes first.
    Now(T),
    /// All of them, from now on.
    All,
    Nothing,
}

/// What is said now, as soon as it is said, and between that all objects of the store, in batches, as often as it is asked
/// for them.
fn batched<K, T>(
    said: impl Stream<Item = Said<T>> + Send + 'static,
    store: Store<K>,
    hand: impl Fn(&K) -> T + Send + 'static,
) -> impl Stream<Item = T> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    T: 'static,
{
    let (mut said, mut batches, mut ended) = (said.boxed(), Batches::default(), false);
    futures::stream::poll_fn(move |context| {
        while !ended {
            match said.poll_next_unpin(context) {
                Poll::Ready(Some(Said::Now(one))) => return Poll::Ready(Some(one)),
                Poll::Ready(Some(Said::All)) => batches.begin(store.state()),
                Poll::Ready(Some(Said::Nothing)) => {}
                Poll::Ready(None) => ended = true,
                Poll::Pending => break,
            }
        }
        if ended && batches.is_over() {
            return Poll::Ready(None);
        }
        batches.poll(context).map(|object| Some(hand(&object)))
    })
}

/// What a controller looks at: each object that changes, at once, and all of a list once it is whole. `events` are those
/// that fill the store.
pub fn applied<K, E>(
    events: impl Stream<Item = Result<Event<K>, E>> + Send + 'static,
    store: Store<K>,
) -> impl Stream<Item = Result<K, E>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    E: 'static,
{
    let said = events.map(|event| match event {
        Ok(Event::Apply(object)) => Said::Now(Ok(object)),
        Ok(Event::InitDone) => Said::All,
        Ok(Event::Init | Event::InitApply(_) | Event::Delete(_)) => Said::Nothing,
        Err(error) => Said::Now(Err(error)),
    });
    batched(said, store, |object: &K| Ok(object.clone()))
}

/// Names of all objects of the store, each time that it is asked for.
pub fn all_of<K>(
    store: Store<K>,
    asked: impl Stream<Item = ()> + Send + 'static,
) -> impl Stream<Item = ObjectRef<K>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    batched(asked.map(|()| Said::All), store, ObjectRef::from_obj)
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, channel::mpsc};
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::runtime::reflector;

    use super::*;

    fn object(number: usize) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.name = Some(format!("n{number}"));
        object.metadata.namespace = Some("n".to_owned());
        object
    }

    fn names(objects: &[ConfigMap]) -> usize {
        let all: std::collections::HashSet<_> = objects.iter().map(|one| one.metadata.name.clone()).collect();
        all.len()
    }

    /// What can be had without waiting.
    fn ready<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
        std::iter::from_fn(|| stream.next().now_or_never().flatten()).collect()
    }

    #[test]
    fn a_list_is_handed_over_once_it_is_whole_and_in_batches() {
        const ALL: usize = 2 * BATCH + 10;
        let (store, mut writer) = reflector::store();
        let (tell, told) = mpsc::unbounded::<Result<Event<ConfigMap>, ()>>();
        let mut applied = Box::pin(applied(told, store));
        let mut send = |event: Event<ConfigMap>| {
            writer.apply_watcher_event(&event);
            tell.unbounded_send(Ok(event)).unwrap();
        };
        send(Event::Init);
        (0..ALL).for_each(|number| send(Event::InitApply(object(number))));
        assert!(ready(&mut applied).is_empty(), "the cache does not know them yet");
        send(Event::InitDone);
        let mut handed = Vec::new();
        for most in [BATCH, BATCH, ALL - 2 * BATCH] {
            let batch = ready(&mut applied);
            assert!(batch.len() <= most, "{} at once", batch.len());
            handed.extend(batch.into_iter().map(Result::unwrap));
            // A change comes first, whatever is left of the list.
            send(Event::Apply(object(ALL)));
            assert_eq!(applied.next().now_or_never().unwrap().unwrap().unwrap(), object(ALL));
        }
        handed.extend(ready(&mut applied).into_iter().map(Result::unwrap));
        assert_eq!((names(&handed), handed.iter().filter(|one| **one == object(ALL)).count()), (ALL, 0));
    }

    #[test]
    fn all_are_handed_over_again_when_it_is_asked_for_meanwhile() {
        let (store, mut writer) = reflector::store();
        (0..BATCH + 5).for_each(|number| writer.apply_watcher_event(&Event::Apply(object(number))));
        let (ask, asked) = mpsc::unbounded();
        let mut all = Box::pin(all_of(store, asked));
        assert!(ready(&mut all).is_empty(), "nobody asked");
        ask.unbounded_send(()).unwrap();
        assert_eq!(ready(&mut all).len(), BATCH);
        ask.unbounded_send(()).unwrap();
        let again: std::collections::HashSet<_> =
            (0..4).flat_map(|_| ready(&mut all)).map(|one| one.name).collect();
        assert_eq!(again.len(), BATCH + 5);
        drop(ask);
        assert_eq!(all.next().now_or_never(), Some(None), "nobody will ask again");
    }
}
