//! All connections of this process, by name: usable, or at fault with the reason.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::Stream;
use tokio::sync::watch;

use super::link::Link;
use crate::domain::failure::Failure;

/// One connection.
#[derive(Debug, Clone)]
pub enum Connection {
    /// It cannot be used; its shipments wait.
    Faulty(Failure),
    /// It can be used.
    Usable(Arc<Link>),
}

/// All connections.
#[derive(Debug)]
pub struct Registry {
    connections: Mutex<HashMap<String, (u64, Connection)>>,
    reports: Mutex<HashMap<String, Failure>>,
    changes: watch::Sender<u64>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { connections: Mutex::default(), reports: Mutex::default(), changes: watch::channel(0).0 }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds the lock, so what a poisoned lock guards is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// What stands for this name; `None` before the first examination.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Connection> {
        lock(&self.connections).get(name).map(|(_, connection)| connection.clone())
    }

    /// Number of the last change that concerns shipments; 0 before the first examination.
    #[must_use]
    pub fn epoch(&self, name: &str) -> u64 {
        lock(&self.connections).get(name).map_or(0, |(epoch, _)| *epoch)
    }

    /// Sets what preflight found. Shipments are woken if it is news for them.
    pub fn set(&self, name: &str, connection: Connection) {
        let mut all = lock(&self.connections);
        let (epoch, same) = match all.get(name) {
            Some((epoch, before)) => (*epoch, alike(before, &connection)),
            None => (0, false),
        };
        all.insert(name.to_owned(), (epoch + u64::from(!same), connection));
        drop(all);
        if !same {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// The resource is gone.
    pub fn remove(&self, name: &str) {
        if lock(&self.connections).remove(name).is_some() {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// Yields at every change that concerns shipments.
    pub fn changes(&self) -> impl Stream<Item = ()> + use<> {
        futures::stream::unfold(self.changes.subscribe(), |mut changes| async move {
            changes.changed().await.ok()?;
            Some(((), changes))
        })
    }

    /// A shipment's call met a fault of the connection: preflight looks at it at once.
    pub fn report(&self, name: &str, failure: Failure) {
        lock(&self.reports).insert(name.to_owned(), failure);
    }

    /// Takes the reported fault, if there is one.
    #[must_use]
    pub fn take_report(&self, name: &str) -> Option<Failure> {
        lock(&self.reports).remove(name)
    }
}

/// No news for shipments: the same fault, or the same spec leading to the same organizations.
fn alike(before: &Connection, after: &Connection) -> bool {
    match (before, after) {
        (Connection::Faulty(a), Connection::Faulty(b)) => a == b,
        (Connection::Usable(a), Connection::Usable(b)) => a.spec == b.spec && a.facts == b.facts,
        _ => false,
    }
}
