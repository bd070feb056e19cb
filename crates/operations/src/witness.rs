//! Watches all kinds for as long as a run lives, and keeps of every version what the oracles need.

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
use testbed::{cluster::Cluster, objects::text};
use tokio::task::JoinHandle;

use crate::{oracle::kstatus, world::World};

/// What is worth keeping of all versions.
#[derive(Debug, Default)]
struct Sight {
    /// Namespace (of a connection its name) and what contradicts itself.
    inconsistent: BTreeSet<(String, String)>,
    orders: Orders,
}

/// Orders that stood in a status.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders {
    /// As taken over without a person's answer: a deletion leaves them alone.
    pub taken_over: BTreeSet<String>,
    /// As any other one.
    pub placed: BTreeSet<String>,
}

impl Sight {
    fn note(&mut self, object: &Value) {
        if let Some(what) = kstatus::inconsistent(object) {
            let namespace = text(object, "/metadata/namespace");
            let tag = if namespace.is_empty() { text(object, "/metadata/name") } else { namespace };
            self.inconsistent.insert((tag.to_owned(), what));
        }
        let order = text(object, "/status/order/shipmentId").to_owned();
        if object.pointer("/status/order/adopted").and_then(Value::as_bool) == Some(true) {
            self.orders.taken_over.insert(order);
        } else if !order.is_empty() {
            self.orders.placed.insert(order);
        }
    }
}

type Seen = Arc<Mutex<Sight>>;

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

    /// Judges what was seen of a world.
    pub(crate) async fn judge(&self, world: &World) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).inconsistent.clone();
        for (_, what) in seen.into_iter().filter(|(tag, _)| *tag == world.tag) {
            world.violated("kstatus", what).await;
        }
    }

    /// The orders that stood in any version of a status.
    pub(crate) fn orders(&self) -> Orders {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).orders.clone()
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
            {
                seen.lock().unwrap_or_else(PoisonError::into_inner).note(&object);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_taken_over_only_where_a_status_says_so() {
        let of = |order: Value| json!({"metadata": {"name": "kim"}, "status": {"order": order}});
        let mut sight = Sight::default();
        sight.note(&of(json!({"shipmentId": "a", "adopted": true})));
        sight.note(&of(json!({"shipmentId": "b"})));
        assert_eq!(sight.orders.taken_over, BTreeSet::from(["a".to_owned()]));
        assert_eq!(sight.orders.placed, BTreeSet::from(["b".to_owned()]));
    }
}
