//! People at Okta: created as staged users before their key, activated after it.

use api::rollout::{CreatedUser, YubiKeyRolloutStatus};
use domain::{
    directory::{Creation, NewPerson},
    failure::{CallError, Failure},
    ids::UserId,
    vendor_states::User,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use system::clock;

use crate::connection::handle::ConnectionHandle;

/// Somebody who is to be created.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The entry of the source, as a person finds it.
    pub label: String,
    /// Login and profile that Okta gets.
    pub person: NewPerson,
}

/// Marks a person, before Okta is asked.
pub fn mark(status: &mut YubiKeyRolloutStatus, hash: &str) {
    let known = status.created.entry(hash.to_owned());
    known.or_insert_with(|| CreatedUser { mark: MicroTime(clock::now()), id: None });
}

/// Creates the person, or finds who has the login by now.
///
/// # Errors
/// As the vendor's call.
pub async fn create(link: &ConnectionHandle, newcomer: &Newcomer) -> Result<User, CallError> {
    // Looked for again right before: the list is as old as the last look at the source.
    if let Some(user) = link.okta.user_by_login(newcomer.person.login()).await? {
        return Ok(user);
    }
    match link.okta.create_staged(&newcomer.person).await? {
        Creation::Made(user) | Creation::Existed(user) => Ok(user),
    }
}

/// Activates a staged user without a mail. Harmless to repeat.
///
/// # Errors
/// As the vendor's call.
pub async fn activate(link: &ConnectionHandle, user: &UserId) -> Result<(), Failure> {
    Ok(link.okta.activate_user(user).await.map(drop)?)
}
