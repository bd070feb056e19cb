//! Who of the entries is at Okta, who is to be created, and what speaks against the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::{
    connection::Permission,
    rollout::{CreateMissing, UsersSource, YubiKeyRollout},
};
use domain::{
    directory::NewPerson,
    failure::Failure,
    ids::{Login, UserId},
    rollout::{Key, Roster, Skip},
    text,
    vendor_states::User,
};

use super::entries::{Entry, Named};
use crate::{
    connection::handle::ConnectionHandle,
    rollout::{
        sources::{Read, against_new, member, template_key},
        staged_users::Newcomer,
    },
};

/// Who is at Okta.
pub(super) struct Directory {
    by_login: HashMap<String, User>,
    by_id: HashMap<UserId, User>,
}

impl Directory {
    pub(super) async fn look(entries: &[Entry], link: &ConnectionHandle) -> Result<Self, Failure> {
        let (mut logins, mut ids) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.named {
                Ok(Named::Login(login)) => logins.push(login.clone()),
                Ok(Named::Id(id, _)) => ids.push(id.clone()),
                Err(_) => {}
            }
        }
        let by_login = link.okta.users_by_login(&logins).await?;
        let by_id = link.okta.users_by_id(&ids).await?;
        Ok(Self {
            by_login: by_login
                .into_iter()
                .filter_map(|(login, user)| Some((login.as_str().to_owned(), user?)))
                .collect(),
            by_id: by_id.into_iter().filter_map(|(id, user)| Some((id, user?))).collect(),
        })
    }

    fn find(&self, named: &Named) -> Option<&User> {
        match named {
            Named::Login(login) => self.by_login.get(login.as_str()),
            Named::Id(id, _) => self.by_id.get(id),
        }
    }
}

/// What the list came to so far.
#[derive(Default)]
pub(super) struct Enlisted {
    pub(super) read: Read,
    known: BTreeSet<UserId>,
    logins: BTreeSet<String>,
}

impl Enlisted {
    pub(super) fn enlist(
        &mut self,
        rollout: &YubiKeyRollout,
        source: &UsersSource,
        link: &ConnectionHandle,
        entries: Vec<Entry>,
        directory: &Directory,
    ) {
        let Self { read, known, logins } = self;
        for entry in entries {
            let Entry { label, named, key, profile } = entry;
            let named = match named {
                Ok(named) => named,
                Err(fault) => {
                    read.roster.unresolved.push((Skip::Malformed, format!("{label} {fault}")));
                    continue;
                }
            };
            match (directory.find(&named), named) {
                (Some(user), Named::Id(_, Some(login))) if !has_login(user, &login) => {
                    read.roster.unresolved.push((Skip::LoginMismatch, label));
                }
                (Some(user), _) if !known.insert(user.id.clone()) => {
                    read.roster.unresolved.push((Skip::DoubleEntry, label));
                }
                (Some(user), _) => {
                    let key = key.or_else(|| template_key(rollout));
                    read.roster.members.push(member(rollout, link, user, key));
                }
                (None, Named::Login(login)) if source.create_missing == CreateMissing::Staged => {
                    if logins.insert(text::folded(login.as_str())) {
                        let key = key.or_else(|| template_key(rollout));
                        let entry = NewEntry { label, login, key, profile };
                        newcomer(rollout, link, entry, read);
                    } else {
                        read.roster.unresolved.push((Skip::DoubleEntry, label));
                    }
                }
                (None, _) => read.roster.unresolved.push((Skip::UserNotFound, label)),
            }
        }
    }

    pub(super) fn end(self) -> Read {
        let mut read = self.read;
        // Somebody with a new login is not found, and has not left.
        let found = |(skip, _): &(Skip, String)| *skip == Skip::DoubleEntry;
        read.roster.tells_leavers = read.newcomers.is_empty() && read.roster.unresolved.iter().all(found);
        read
    }
}

/// A login beside an id is a check: who mixes the rows of an export up finds out before a key is ordered.
fn has_login(user: &User, login: &Login) -> bool {
    user.login.as_ref().is_some_and(|theirs| theirs.is_same(login))
}

/// Somebody whom Okta does not know.
struct NewEntry {
    label: String,
    login: Login,
    key: Option<Key>,
    profile: BTreeMap<String, String>,
}

/// Whoever is to be created is judged as who is there already: nobody is created who could not be ordered for.
fn newcomer(rollout: &YubiKeyRollout, link: &ConnectionHandle, entry: NewEntry, read: &mut Read) {
    let Roster { unresolved, to_create, .. } = &mut read.roster;
    let NewEntry { label, login, key, profile } = entry;
    if link.spec.policy.create_users == Permission::Forbid {
        unresolved.push((Skip::ForbiddenByConnection, label));
        return;
    }
    let person = match NewPerson::new(login, profile) {
        Ok(person) => person,
        Err(incomplete) => {
            unresolved.push((Skip::IncompleteProfile, format!("{label}: {incomplete}")));
            return;
        }
    };
    if let Some((skip, what)) = against_new(rollout, link, &person, key.as_ref()) {
        unresolved.push((skip, format!("{label}: {what}")));
        return;
    }
    to_create.push(label.clone());
    read.newcomers.push(Newcomer { label, person });
}
