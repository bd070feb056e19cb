//! Members of Okta groups.

use std::collections::BTreeSet;

use api::rollout::{OktaGroup, OktaGroupSource, YubiKeyRollout, ledger_status};
use domain::{
    directory::GroupLookup,
    failure::{Failure, Reason},
    ids::GroupId,
    rollout::Roster,
    vendor_states::User,
};

use super::{Read, member, template_key};
use crate::connection::handle::ConnectionHandle;

/// Everybody in the groups, whole or not at all: a list with a gap would look like people who left.
///
/// # Errors
/// `GroupNotFound`, and whatever stops a read.
pub async fn read(
    rollout: &YubiKeyRollout,
    source: &OktaGroupSource,
    link: &ConnectionHandle,
) -> Result<Read, Failure> {
    let mut read = Read { roster: Roster { tells_leavers: true, ..Roster::default() }, ..Read::default() };
    let mut known = BTreeSet::new();
    for group in &source.groups {
        let id = find(group, link).await?;
        let key = group.key.as_ref().and_then(ledger_status::key_of_spec).or_else(|| template_key(rollout));
        // Whole profiles of a large group would be most of the process.
        let take = |user: User| member(rollout, link, &user, key.clone());
        let members = link.okta.members(&id, take).await?.ok_or_else(|| missing(group))?;
        read.roster.members.extend(members.into_iter().filter(|member| known.insert(member.id.clone())));
        read.groups.push(id);
    }
    Ok(read)
}

async fn find(group: &OktaGroup, link: &ConnectionHandle) -> Result<GroupId, Failure> {
    if let Some(id) = &group.id {
        return GroupId::new(id.clone()).map_err(|_| missing(group));
    }
    let name = group.name.as_deref().unwrap_or_default();
    match link.okta.group_by_name(name).await? {
        GroupLookup::Found(found) => Ok(found.id),
        GroupLookup::Missing => Err(missing(group)),
        GroupLookup::Ambiguous(ids) => {
            let ids: Vec<_> = ids.iter().map(GroupId::as_str).collect();
            Err(Failure::new(
                Reason::GroupNotFound,
                format!(
                    "Okta has several groups named {name} ({}); name the one that is meant by its id in spec.source.oktaGroup.groups.",
                    ids.join(", ")
                ),
            ))
        }
    }
}

fn missing(group: &OktaGroup) -> Failure {
    let named = group.name.as_deref().or(group.id.as_deref()).unwrap_or_default();
    Failure::new(
        Reason::GroupNotFound,
        format!(
            "Okta has no group {named}; correct spec.source.oktaGroup.groups, or create the group. Nothing is cancelled meanwhile."
        ),
    )
}
