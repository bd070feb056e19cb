//! A list of people, in the spec or in a table of a `ConfigMap`: read in parts, so that a long one shows how far it is
//! and a changed one is begun anew.

mod config_map;
mod enlist;
mod entries;

use std::fmt;

use api::{
    connection::Permission,
    rollout::{UsersSource, YubiKeyRollout},
};
use domain::failure::Failure;
use kube::Client;

use self::{
    enlist::{Directory, Enlisted},
    entries::Entry,
};
use super::Read;
use crate::connection::handle::ConnectionHandle;

/// People who are looked up by one part, and whose profiles are held at once: five full searches.
const AT_ONCE: usize = 200;

/// A list that is being read.
#[derive(Default)]
pub struct Reading {
    total: usize,
    rest: Vec<Entry>,
    list: Enlisted,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries that were looked up.
    pub done: usize,
    /// All entries of the list, those that cannot be read included.
    pub total: usize,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest is personal data.
        self.progress().fmt(f)
    }
}

impl Reading {
    /// The entries as they stand now; nobody is looked up yet. `follow` is told the name of a `ConfigMap` that was read, and
    /// its version.
    ///
    /// # Errors
    /// `SourceUnreadable`, and whatever stops a read of the API server.
    pub async fn begin(
        rollout: &YubiKeyRollout,
        source: &UsersSource,
        link: &ConnectionHandle,
        client: &Client,
        follow: impl FnOnce(&str, Option<String>),
    ) -> Result<Self, Failure> {
        let mut list = Enlisted::default();
        let rest: Vec<Entry> = match (&source.list, &source.config_map) {
            (Some(_), _) => {
                let (people, bytes) = config_map::list_of(rollout, client).await?;
                list.read.declared_bytes = bytes;
                let shows = link.spec.policy.show_login == Permission::Allow;
                (1..).zip(&people).map(|(place, user)| entries::listed(user, place, shows)).collect()
            }
            (None, Some(place)) => {
                entries::tabled(&config_map::table_of(rollout, place, client, follow).await?)?
            }
            (None, None) => Vec::new(),
        };
        Ok(Self { total: rest.len(), rest, list })
    }

    /// Looks the next part up. What failed is as it was, to be tried again.
    ///
    /// # Errors
    /// Whatever stops a read at Okta.
    pub async fn go_on(
        &mut self,
        rollout: &YubiKeyRollout,
        source: &UsersSource,
        link: &ConnectionHandle,
    ) -> Result<(), Failure> {
        let part = self.rest.len().min(AT_ONCE);
        let directory = Directory::look(self.rest.get(..part).unwrap_or_default(), link).await?;
        let entries = self.rest.drain(..part).collect();
        self.list.enlist(rollout, source, link, entries, &directory);
        Ok(())
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { done: self.total - self.rest.len(), total: self.total }
    }

    /// Was everybody looked up?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }

    /// What the entries came to that were looked up.
    #[must_use]
    pub fn end(self) -> Read {
        self.list.end()
    }
}
