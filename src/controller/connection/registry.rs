//! All connections of this process, by name: usable, or at fault with the reason.

use std::{
    collections::{HashMap, HashSet},
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

/// Which of a connection's versions somebody saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// Number of the last change that concerns all shipments; 0 before the first examination.
    pub epoch: u64,
    /// Number of the last change of credentials: news only for whoever was refused with those before.
    pub keys: u64,
}

/// All connections.
#[derive(Debug)]
pub struct Registry {
    connections: Mutex<HashMap<String, (Stand, Connection)>>,
    reports: Mutex<HashSet<String>>,
    changes: watch::Sender<u64>,
    reported: watch::Sender<u64>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            connections: Mutex::default(),
            reports: Mutex::default(),
            changes: watch::channel(0).0,
            reported: watch::channel(0).0,
        }
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

    /// All that can be used.
    #[must_use]
    pub fn usable(&self) -> Vec<Arc<Link>> {
        let all = lock(&self.connections);
        let link = |connection: &Connection| match connection {
            Connection::Usable(link) => Some(Arc::clone(link)),
            Connection::Faulty(_) => None,
        };
        all.values().filter_map(|(_, connection)| link(connection)).collect()
    }

    /// Which version stands for this name.
    #[must_use]
    pub fn stand(&self, name: &str) -> Stand {
        lock(&self.connections).get(name).map(|(stand, _)| *stand).unwrap_or_default()
    }

    /// What stands for this name, and which version of it.
    #[must_use]
    pub fn look(&self, name: &str) -> (Stand, Option<Connection>) {
        match lock(&self.connections).get(name) {
            Some((stand, connection)) => (*stand, Some(connection.clone())),
            None => (Stand::default(), None),
        }
    }

    /// Sets what preflight found. Shipments are woken if it is news for them.
    pub fn set(&self, name: &str, connection: Connection) {
        let mut all = lock(&self.connections);
        let (before, same, same_keys) = match all.get(name) {
            Some((stand, before)) => (*stand, alike(before, &connection), same_keys(before, &connection)),
            None => (Stand::default(), false, false),
        };
        let stand =
            Stand { epoch: before.epoch + u64::from(!same), keys: before.keys + u64::from(!same_keys) };
        all.insert(name.to_owned(), (stand, connection));
        drop(all);
        if stand != before {
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
        changed(&self.changes)
    }

    /// A shipment's call met a fault of the connection: preflight looks at it at once.
    pub fn report(&self, name: &str) {
        lock(&self.reports).insert(name.to_owned());
        self.reported.send_modify(|n| *n += 1);
    }

    /// Yields at every report.
    pub fn reported(&self) -> impl Stream<Item = ()> + use<> {
        changed(&self.reported)
    }

    /// Has a fault been reported that nobody has looked at yet?
    #[must_use]
    pub fn is_reported(&self, name: &str) -> bool {
        lock(&self.reports).contains(name)
    }

    /// The reported fault is looked at now.
    pub fn take_report(&self, name: &str) {
        lock(&self.reports).remove(name);
    }
}

fn changed(number: &watch::Sender<u64>) -> impl Stream<Item = ()> + use<> {
    futures::stream::unfold(number.subscribe(), |mut number| async move {
        number.changed().await.ok()?;
        Some(((), number))
    })
}

/// No news for shipments: the same fault, or the same spec leading to the same organizations.
fn alike(before: &Connection, after: &Connection) -> bool {
    match (before, after) {
        (Connection::Faulty(a), Connection::Faulty(b)) => a == b,
        (Connection::Usable(a), Connection::Usable(b)) => a.spec == b.spec && a.facts == b.facts,
        _ => false,
    }
}

/// The very same clients, and so the same credentials.
fn same_keys(before: &Connection, after: &Connection) -> bool {
    match (before, after) {
        (Connection::Usable(a), Connection::Usable(b)) => {
            Arc::ptr_eq(&a.okta, &b.okta) && Arc::ptr_eq(&a.yubico, &b.yubico)
        }
        (Connection::Faulty(_), Connection::Faulty(_)) => true,
        _ => false,
    }
}
