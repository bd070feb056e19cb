//! All that this process knows of connections: one entry for each object, by its uid, gone with the object. A name may be
//! given to another connection at any moment; what was examined under it before says nothing about that one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::connection::YubiKeyConnection;
use domain::{failure::Failure, ids::UserId};
use futures::Stream;
use kube::{ResourceExt, runtime::watcher::Event};
use tokio::sync::watch;

use super::examined::Examined;
use crate::{connection::handle::ConnectionHandle, kubernetes::resource_version};

/// People whose calls must have been refused before that says anything about the connection.
const REFUSED: usize = 2;

/// What a shipment finds of the connection that it names.
#[derive(Debug, Clone)]
pub enum Connection {
    /// It cannot be used; its shipments wait.
    Faulty(Failure),
    /// It can be used.
    Usable(Arc<ConnectionHandle>),
}

/// Which of a connection's versions somebody saw. No number is given twice in the life of a process, so that a connection
/// that was made again is never taken for the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionVersion {
    /// Number of the last change that concerns all shipments; 0 before the first examination.
    pub epoch: u64,
    /// Number of the last change of credentials: news only for whoever was refused with those before.
    pub keys: u64,
}

/// What is known of one object.
#[derive(Debug, Default)]
struct Entry {
    stand: ConnectionVersion,
    connection: Option<Connection>,
    examined: Option<Examined>,
    /// As written here last, until the watch shows it.
    written: Option<Arc<YubiKeyConnection>>,
    /// A call met a fault of the connection.
    reported: bool,
    /// Whose calls were refused.
    refused: HashSet<UserId>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    /// Uids that a list which is under way has shown so far.
    listed: HashSet<String>,
    /// The last number that was given.
    number: u64,
}

/// What is known of every connection, by uid, and who is told when it changes.
#[derive(Debug)]
pub struct ConnectionEntries {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    reported: watch::Sender<u64>,
}

impl Default for ConnectionEntries {
    fn default() -> Self {
        Self { state: Mutex::default(), changes: watch::channel(0).0, reported: watch::channel(0).0 }
    }
}

impl ConnectionEntries {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, so what a poisoned lock guards is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the watch: an entry comes and goes with its object.
    pub fn note(&self, event: &Event<YubiKeyConnection>) {
        let uid = |object: &YubiKeyConnection| object.uid().unwrap_or_default();
        let mut state = self.state();
        let before = state.entries.len();
        match event {
            Event::Apply(object) => drop(state.entries.entry(uid(object)).or_default()),
            Event::Delete(object) => drop(state.entries.remove(&uid(object))),
            Event::Init => state.listed.clear(),
            Event::InitApply(object) => {
                let uid = uid(object);
                state.entries.entry(uid.clone()).or_default();
                state.listed.insert(uid);
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut state.listed);
                state.entries.retain(|uid, _| listed.contains(uid));
            }
        }
        let gone = state.entries.len() < before;
        drop(state);
        if gone {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// Remembers what we wrote until the watch shows it.
    pub fn note_written(&self, object: &Arc<YubiKeyConnection>) {
        if let Some(entry) = self.state().entries.get_mut(&object.uid().unwrap_or_default()) {
            entry.written = Some(Arc::clone(object));
        }
    }

    /// The newer of the object as watched and the object as we wrote it. On the older one a status that was true before
    /// seems to stand still, and what is found again is not said.
    #[must_use]
    pub fn newest(&self, watched: Arc<YubiKeyConnection>) -> Arc<YubiKeyConnection> {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&watched.uid().unwrap_or_default()) else { return watched };
        entry.written =
            entry.written.take().filter(|ours| resource_version::is_newer(ours.as_ref(), watched.as_ref()));
        entry.written.clone().unwrap_or(watched)
    }

    /// All that can be used.
    #[must_use]
    pub fn usable(&self) -> Vec<Arc<ConnectionHandle>> {
        let link = |entry: &Entry| match &entry.connection {
            Some(Connection::Usable(link)) => Some(Arc::clone(link)),
            Some(Connection::Faulty(_)) | None => None,
        };
        self.state().entries.values().filter_map(link).collect()
    }

    /// Which version of this connection stands.
    #[must_use]
    pub fn version(&self, uid: &str) -> ConnectionVersion {
        self.state().entries.get(uid).map(|entry| entry.stand).unwrap_or_default()
    }

    /// What was found of this connection; `None` before the first examination.
    #[must_use]
    pub fn get(&self, uid: &str) -> Option<Connection> {
        self.look(uid).1
    }

    /// What was found of this connection, and which version of it.
    #[must_use]
    pub fn look(&self, uid: &str) -> (ConnectionVersion, Option<Connection>) {
        match self.state().entries.get(uid) {
            Some(entry) => (entry.stand, entry.connection.clone()),
            None => (ConnectionVersion::default(), None),
        }
    }

    /// Sets what preflight found. Shipments are woken if it is news for them. Of an object that has gone meanwhile
    /// nothing is kept.
    pub fn set(&self, uid: &str, connection: Connection) {
        let mut state = self.state();
        let number = state.number;
        let Some(entry) = state.entries.get_mut(uid) else { return };
        let before = entry.stand;
        let known = entry.connection.as_ref();
        if !known.is_some_and(|known| alike(known, &connection)) {
            entry.stand.epoch = number + 1;
        }
        if !known.is_some_and(|known| same_keys(known, &connection)) {
            entry.stand.keys = number + 1;
        }
        let news = entry.stand != before;
        entry.connection = Some(connection);
        state.number += u64::from(news);
        drop(state);
        if news {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// What the last examination of this connection saw.
    #[must_use]
    pub fn examined(&self, uid: &str) -> Option<Examined> {
        self.state().entries.get(uid)?.examined.clone()
    }

    /// Notes an examination.
    pub fn set_examined(&self, uid: &str, examined: Examined) {
        if let Some(entry) = self.state().entries.get_mut(uid) {
            entry.examined = Some(examined);
        }
    }

    /// Yields at every change that concerns shipments.
    pub fn changes(&self) -> impl Stream<Item = ()> + use<> {
        changed(&self.changes)
    }

    /// A call met a fault of the connection: preflight looks at it at once.
    pub fn report(&self, uid: &str) {
        if let Some(entry) = self.state().entries.get_mut(uid) {
            entry.reported = true;
        }
        self.reported.send_modify(|n| *n += 1);
    }

    /// A call about a person was refused. That is this person's; if it happens to others too, preflight looks whether
    /// it is the connection's.
    pub fn report_person(&self, uid: &str, user: &UserId) {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(uid) else { return };
        if entry.refused.len() < REFUSED {
            entry.refused.insert(user.clone());
        }
        let several = entry.refused.len() >= REFUSED;
        drop(state);
        if several {
            self.reported.send_modify(|n| *n += 1);
        }
    }

    /// Yields at every report.
    pub fn reported(&self) -> impl Stream<Item = ()> + use<> {
        changed(&self.reported)
    }

    /// Has a fault been reported that nobody has looked at yet?
    #[must_use]
    pub fn is_reported(&self, uid: &str) -> bool {
        self.state().entries.get(uid).is_some_and(|entry| entry.reported || entry.refused.len() >= REFUSED)
    }

    /// The reported fault is looked at now.
    pub fn take_report(&self, uid: &str) {
        if let Some(entry) = self.state().entries.get_mut(uid) {
            entry.reported = false;
            entry.refused.clear();
        }
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

#[cfg(test)]
mod tests;
