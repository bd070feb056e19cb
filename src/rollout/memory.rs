//! What a process remembers of its rollouts. All of it may be lost: the source is read again then.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use api::{
    connection::{KeyModel, Policy},
    rollout::{self, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use domain::{
    failure::Failure,
    ids::UserId,
    rollout::{Roster, Skip},
    system_log::LogPosition,
};
use jiff::Timestamp;
use kube::ResourceExt;

use crate::{
    connection::handle::ConnectionHandle,
    kubernetes::{decode::Watched, resource_version, uid::Uids},
    rollout::{
        changed_tables::ChangedTables,
        read_pace::Pace,
        sources::users::{Progress, Reading},
        staged_users::Newcomer,
    },
};

/// What was found about a person, and when.
pub type Reply = (Timestamp, Option<(Skip, String)>);

/// What people were looked at for: whom the rollout skips, and what the connection admits.
pub type Rules = (rollout::Skip, Policy, Vec<KeyModel>);

/// What is known of one rollout.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The source as last read.
    pub roster: Option<Arc<Roster>>,
    /// How far a list is read that takes several passes.
    pub progress: Option<Progress>,
    /// People who are to be created.
    pub newcomers: Vec<Newcomer>,
    /// Bytes of JSON of what is declared, with the list of people, when the source was last read.
    pub declared_bytes: usize,
    /// When the source was last read, or could not be.
    pub read_at: Option<Timestamp>,
    /// Generation of the spec it was read for, or could not be.
    pub generation: Option<i64>,
    /// What of the spec it was read for.
    pub read_for: Option<u64>,
    /// The `requestedAt` of the rollout when it was read.
    pub answered: Option<Option<String>>,
    /// The log holds more than one look takes up.
    pub more: bool,
    /// Why it could not be read.
    pub failure: Option<Failure>,
    /// People who were looked at.
    pub checked: BTreeMap<UserId, Reply>,
    /// By which rules they were.
    pub checked_by: Option<Rules>,
    /// Shipments made that the cache may not show yet.
    pub made: BTreeMap<UserId, (Timestamp, Arc<YubiKeyShipment>)>,
    /// People whose shipment's name belongs to something else.
    pub foreign: BTreeSet<UserId>,
    /// People who were told to be activated.
    pub activated: BTreeSet<UserId>,
    /// Decisions whose own status says what became of them; the cache may not show it yet.
    pub told: BTreeSet<String>,
    /// Groups by id that the System Log is asked about.
    pub groups: Vec<domain::ids::GroupId>,
    /// How far the System Log was read for changes of groups.
    pub log: Option<LogPosition>,
    /// When it was read, or could not be.
    pub log_at: Option<Timestamp>,
    /// What went wrong when the last plan was carried out.
    pub last_failure: Option<Failure>,
    /// When what went wrong is tried again: changes of shipments wake the rollout all the time.
    pub retry_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// When the last pass ended.
    pub ended: Option<Timestamp>,
    /// Uid and Okta URL of the connection it was read through.
    pub origin: Option<(String, String)>,
}

impl Known {
    /// What was read through another connection, of this name or not, says nothing about people of this one: ids belong
    /// to an org.
    pub fn come_from(&mut self, link: &ConnectionHandle) {
        let origin = Some((link.uid.clone(), link.spec.okta.org_url.clone()));
        if self.origin == origin {
            return;
        }
        let before = std::mem::take(self);
        *self = Self { made: before.made, told: before.told, ended: before.ended, origin, ..Self::default() };
    }

    /// What was found by other rules says nothing under these: whoever was passed over is looked at again.
    pub fn check_by(&mut self, rules: Rules) {
        if self.checked_by.as_ref() != Some(&rules) {
            self.checked.clear();
            self.checked_by = Some(rules);
        }
    }
}

/// All rollouts of this process.
#[derive(Debug, Default)]
pub struct Memory {
    known: Mutex<HashMap<String, Known>>,
    /// Objects as we wrote them.
    written: Mutex<HashMap<String, Arc<YubiKeyRollout>>>,
    /// Lists that take several passes to read, by uid of their rollout.
    readings: Mutex<HashMap<String, Reading>>,
    /// Tables that are waited for.
    pub tables: ChangedTables,
    /// When sources were read.
    pub pace: Pace,
    /// Held from the look at everybody's shipments and ledgers until one's own ledger is written, so that two rollouts
    /// of this process never begin for one person.
    pub claims: tokio::sync::Mutex<()>,
    /// Held while a source is read.
    pub reading: tokio::sync::Mutex<()>,
}

impl Memory {
    /// What is known of this rollout; no two passes over it run at once.
    #[must_use]
    pub fn known(&self, uid: &str) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(uid).cloned().unwrap_or_default()
    }

    /// Keeps what is known of this rollout for the next pass; lost with the process.
    pub fn keep(&self, uid: &str, known: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), known);
    }

    /// When the last pass over it ended.
    #[must_use]
    pub fn ended(&self, uid: &str) -> Option<Timestamp> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(uid)?.ended
    }

    /// The list that is being read, taken out.
    #[must_use]
    pub fn take_reading(&self, uid: &str) -> Option<Reading> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).remove(uid)
    }

    /// The list is gone on with by the next pass.
    pub fn keep_reading(&self, uid: &str, reading: Reading) {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), reading);
    }

    /// The rollout is gone.
    pub fn forget(&self, uid: &str) {
        drop(self.take_reading(uid));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.written.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// Forgets rollouts that are gone.
    pub fn prune(&self, live: &Uids) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|uid, _| live.contains(uid));
        self.written.lock().unwrap_or_else(PoisonError::into_inner).retain(|uid, _| live.contains(uid));
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).retain(|uid, _| live.contains(uid));
        self.tables.prune(live);
    }

    /// Remembers what we wrote until the cache shows it.
    pub fn note_written(&self, object: &YubiKeyRollout) {
        let uid = object.uid().unwrap_or_default();
        let mut object = object.clone();
        object.trim();
        let object = Arc::new(object);
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, object);
    }

    /// The newer of the object as watched and as we wrote it.
    #[must_use]
    pub fn newest(&self, watched: &Arc<YubiKeyRollout>) -> Arc<YubiKeyRollout> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = written.get(&watched.uid().unwrap_or_default());
        ours.filter(|ours| resource_version::is_newer(ours.as_ref(), watched.as_ref()))
            .unwrap_or(watched)
            .clone()
    }
}
