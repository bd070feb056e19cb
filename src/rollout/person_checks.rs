//! A look at people one by one, right before something is begun for them: keys they have already, and of people whom an
//! event named, their profile.

use std::sync::Arc;

use api::rollout::YubiKeyRollout;
use domain::{
    failure::Failure,
    ids::UserId,
    rollout::{Key, Skip},
    vendor_states::EnrollmentStatus,
};
use futures::{FutureExt, StreamExt};

use crate::{connection::handle::ConnectionHandle, rollout::sources};

/// Looks side by side.
const SIDE_BY_SIDE: usize = 8;

/// What was found about each; it ends at the first failure, with what was found until then.
pub async fn people(
    rollout: &YubiKeyRollout,
    link: &Arc<ConnectionHandle>,
    people: Vec<(UserId, Key)>,
) -> (Vec<(UserId, Option<(Skip, String)>)>, Option<Failure>) {
    let looks = people.into_iter().map(|(id, key)| {
        let one = async move {
            let found = person(rollout, link, &id, &key).await;
            (id, found)
        };
        one.boxed()
    });
    let looks: Vec<_> = looks.collect();
    let mut running = futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE);
    let mut verdicts = Vec::new();
    while let Some((id, found)) = running.next().await {
        match found {
            Ok(verdict) => verdicts.push((id, verdict)),
            Err(failure) => return (verdicts, Some(failure)),
        }
    }
    (verdicts, None)
}

async fn person(
    rollout: &YubiKeyRollout,
    link: &ConnectionHandle,
    id: &UserId,
    key: &Key,
) -> Result<Option<(Skip, String)>, Failure> {
    let console = rollout.spec.source.okta_console.is_some();
    if console {
        let Some(user) = link.okta.user_by_id(id).await? else {
            return Ok(Some((Skip::UserNotFound, id.to_string())));
        };
        if let Some(skip) = sources::against(rollout, link, &user, Some(key)) {
            return Ok(Some(skip));
        }
    }
    let skip = &rollout.spec.skip;
    if skip.pre_registered_key {
        let list = link.okta.enrollments(id).await?;
        // The button itself may leave a row that is pending; a shipment looks at it anyway, and asks.
        let counts = |status: &EnrollmentStatus| match status {
            EnrollmentStatus::Active => true,
            EnrollmentStatus::Pending | EnrollmentStatus::Other(_) => !console,
            EnrollmentStatus::Errored => false,
        };
        if list.entries.iter().any(|entry| counts(&entry.status)) {
            return Ok(Some((Skip::PreRegisteredKey, id.to_string())));
        }
    }
    if skip.any_web_authn && link.okta.has_webauthn_factor(id).await? {
        return Ok(Some((Skip::AnyWebAuthn, id.to_string())));
    }
    Ok(None)
}
