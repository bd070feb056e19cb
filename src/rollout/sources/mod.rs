//! Where the people of a rollout come from, read into a [`Roster`].

pub mod console;
pub mod group;
pub mod policy;
pub mod users;

use api::{
    connection::Permission,
    rollout::{ActivateUser, YubiKeyRollout, ledger_status},
    shipment::{UserRef, YubiKeyShipmentSpec},
};
use domain::{
    directory::NewPerson,
    ids::{GroupId, UserId},
    rollout::{Key, Member, Roster, Skip},
    vendor_states::{User, UserStatus},
};

use crate::{
    connection::handle::ConnectionHandle,
    rollout::{shipments, staged_users::Newcomer},
    shipment::{recipient, validate},
};

/// What a source gave.
#[derive(Debug, Default)]
pub struct Read {
    /// People by their Okta user id, and entries that name nobody.
    pub roster: Roster,
    /// Who is to be created at Okta first.
    pub newcomers: Vec<Newcomer>,
    /// Of groups: which.
    pub groups: Vec<GroupId>,
    /// Of a list in the spec: bytes of JSON of what is declared, which the cache keeps without the list.
    pub declared_bytes: usize,
}

/// A person as a member, with what speaks against a key as far as the profile tells.
fn member(rollout: &YubiKeyRollout, link: &ConnectionHandle, user: &User, key: Option<Key>) -> Member {
    let skip = against(rollout, link, user, key.as_ref());
    let activates = rollout
        .spec
        .source
        .users
        .as_ref()
        .is_some_and(|users| users.activate_user == ActivateUser::AfterDelivery);
    Member {
        id: user.id.clone(),
        login: user.login.as_ref().map(|login| login.as_str().to_lowercase()),
        key: key.unwrap_or(Key::Model(String::new())),
        skip,
        staged: user.status == UserStatus::Staged
            && activates
            && link.spec.policy.create_users == Permission::Allow,
    }
}

/// What speaks against a key for this person, from spec, connection and profile.
#[must_use]
pub fn against(
    rollout: &YubiKeyRollout,
    link: &ConnectionHandle,
    user: &User,
    key: Option<&Key>,
) -> Option<(Skip, String)> {
    let status = status(&user.status);
    let skipped = rollout.spec.skip.user_statuses.iter().any(|skipped| skipped.as_str() == status);
    if skipped || user.status.is_shut_out() {
        return Some((Skip::UserStatus, format!("{} ({status})", user.id)));
    }
    let Some(key) = key else { return Some((Skip::UnknownKeyModel, user.id.to_string())) };
    let spec = shipments::spec(rollout, UserRef { login: None, id: Some(user.id.to_string()) }, key);
    let (skip, what) = against_order(&spec, link, user, key)?;
    Some((skip, format!("{}: {what}", user.id)))
}

/// What speaks against a key for somebody who is to be created at Okta, from spec, connection and what Okta would get:
/// a dry run tells what an order would be held for.
fn against_new(
    rollout: &YubiKeyRollout,
    link: &ConnectionHandle,
    person: &NewPerson,
    key: Option<&Key>,
) -> Option<(Skip, String)> {
    let Some(key) = key else { return Some((Skip::UnknownKeyModel, "no key is named".to_owned())) };
    let login = person.login().as_str().to_owned();
    let spec = shipments::spec(rollout, UserRef { login: Some(login.clone()), id: None }, key);
    // Okta gives the id; until then nothing refers to it.
    let id = UserId::new(login).ok()?;
    let login = Some(person.login().clone());
    let user = User {
        id,
        login,
        status: UserStatus::Staged,
        profile: person.profile().clone(),
        no_text: std::collections::BTreeMap::default(),
    };
    against_order(&spec, link, &user, key)
}

fn against_order(
    spec: &YubiKeyShipmentSpec,
    link: &ConnectionHandle,
    user: &User,
    key: &Key,
) -> Option<(Skip, String)> {
    if let Some(forbidden) = validate::forbidden_by_policy(spec, &link.spec) {
        return Some((Skip::ForbiddenByConnection, forbidden.message));
    }
    if validate::product(spec, &link.spec).is_err() {
        let models = validate::models(&link.spec);
        return Some((Skip::UnknownKeyModel, format!("{key}, and the connection has: {models}")));
    }
    if link.hris.is_some() {
        // The profile is not where the address comes from: the shipment asks the HRIS, once for the person it is for.
        return None;
    }
    let fault = recipient::recipient(spec, &link.spec, user, None).err()?;
    Some((Skip::InvalidRecipient, fault.message))
}

/// As Okta writes it.
fn status(status: &UserStatus) -> &str {
    match status {
        UserStatus::Staged => "STAGED",
        UserStatus::Provisioned => "PROVISIONED",
        UserStatus::Active => "ACTIVE",
        UserStatus::Suspended => "SUSPENDED",
        UserStatus::Deprovisioned => "DEPROVISIONED",
        UserStatus::Other(text) => text,
    }
}

/// The key of the template, for whoever has none of their own.
fn template_key(rollout: &YubiKeyRollout) -> Option<Key> {
    let key = rollout.spec.template.as_ref()?.spec.as_ref()?.key.as_ref()?;
    ledger_status::key_of_spec(key)
}
