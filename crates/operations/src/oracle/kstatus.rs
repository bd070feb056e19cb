//! Conditions are consistent in every version of every object that anybody can see, not only at rest.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use kube::{
    Api,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
};
use serde_json::Value;
use testbed::{
    cluster::Cluster,
    objects::{self, text},
};
use tokio::task::JoinHandle;

use crate::{rest::generations, world::World};

/// Namespace (of a connection its name) and what was seen.
type Seen = Arc<Mutex<BTreeSet<(String, String)>>>;

/// Before a watch that was refused is begun anew.
const AGAIN: Duration = Duration::from_millis(200);

/// Watches all kinds for as long as it lives.
pub(crate) struct Witness {
    seen: Seen,
    watches: Vec<JoinHandle<()>>,
}

impl Witness {
    pub(crate) fn call(cluster: &Cluster) -> Self {
        let seen = Seen::default();
        let kinds = ["YubiKeyShipment", "YubiKeyRollout", "YubiKeyConnection", "YubiKeyDecision"];
        let watches =
            kinds.map(|kind| tokio::spawn(watch(cluster.api(kind, None), Arc::clone(&seen)))).into();
        Self { seen, watches }
    }

    /// What was seen of a world.
    pub(crate) async fn judge(&self, world: &World) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (_, what) in seen.into_iter().filter(|(tag, _)| *tag == world.tag) {
            world.violated("kstatus", what).await;
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.abort();
        }
    }
}

/// A watch that ends is begun anew.
async fn watch(api: Api<DynamicObject>, seen: Seen) {
    loop {
        let version =
            api.list(&ListParams::default()).await.ok().and_then(|list| list.metadata.resource_version);
        let begun = api.watch(&WatchParams::default(), &version.unwrap_or_default()).await;
        let Ok(stream) = begun else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let mut stream = stream.boxed();
        while let Some(Ok(event)) = stream.next().await {
            if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event
                && let Ok(object) = serde_json::to_value(object)
                && let Some(what) = inconsistent(&object)
            {
                let namespace = text(&object, "/metadata/namespace");
                let tag = if namespace.is_empty() { text(&object, "/metadata/name") } else { namespace };
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert((tag.to_owned(), what));
            }
        }
    }
}

/// What contradicts itself in one version of an object.
pub(crate) fn inconsistent(object: &Value) -> Option<String> {
    let name = text(object, "/metadata/name");
    let (generation, observed) = generations(object);
    if observed.is_some_and(|observed| observed > generation) {
        return Some(format!("{name}: generation {generation}, and observed is {observed:?}"));
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    for condition in conditions {
        if condition["observedGeneration"].as_i64().is_some_and(|observed| observed > generation) {
            return Some(format!("{name}: condition {} is ahead of the spec", text(condition, "/type")));
        }
    }
    let (ready, stalled) = (objects::is(object, "Ready"), objects::is(object, "Stalled"));
    if ready && stalled {
        return Some(format!("{name}: Ready and Stalled at once, {}", objects::reason(object)));
    }
    (stalled && objects::is(object, "Reconciling"))
        .then(|| format!("{name}: Reconciling and Stalled at once, {}", objects::reason(object)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(observed: i64, conditions: &[(&str, &str)]) -> Value {
        let conditions: Vec<_> =
            conditions.iter().map(|(kind, status)| json!({"type": kind, "status": status})).collect();
        json!({"metadata": {"name": "kim", "generation": 2}, "status": {"observedGeneration": observed, "conditions": conditions}})
    }

    #[test]
    fn what_is_ready_or_stalled_or_behind_is_consistent() {
        assert_eq!(inconsistent(&object(2, &[("Ready", "True")])), None);
        assert_eq!(inconsistent(&object(1, &[("Ready", "False"), ("Stalled", "True")])), None);
    }

    #[test]
    fn ready_with_stalled_and_observed_ahead_are_not() {
        assert!(inconsistent(&object(3, &[("Ready", "True")])).is_some());
        assert!(inconsistent(&object(2, &[("Ready", "True"), ("Stalled", "True")])).is_some());
        assert!(inconsistent(&object(2, &[("Reconciling", "True"), ("Stalled", "True")])).is_some());
    }
}
