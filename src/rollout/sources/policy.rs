//! What a connection lets rollouts read to find people. Asked before any read: a refusal costs no call.

use api::{
    connection::{Permission, Sources},
    rollout::{OktaGroup, Source},
};
use domain::failure::{Failure, Reason};

/// Groups that a message names.
const NAMED: usize = 5;

/// Why the source may not be read.
#[must_use]
pub fn refusal(source: &Source, policy: &Sources) -> Option<Failure> {
    if source.okta_console.is_some() && policy.okta_console == Permission::Forbid {
        return Some(forbidden(
            "spec.source.oktaConsole is set, and the connection's policy.sources.oktaConsole is Forbid, so no click in the Admin Console is taken up; ask the connection's owner to allow it."
                .to_owned(),
        ));
    }
    let allow = &policy.okta_groups.allow;
    let groups = source.okta_group.as_ref().map(|source| &source.groups[..]).unwrap_or_default();
    if allow.is_empty() {
        return None;
    }
    let denied: Vec<_> = groups.iter().map(named).filter(|name| !allow.iter().any(|a| a == name)).collect();
    let more = denied.len().saturating_sub(NAMED);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = denied.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    (!denied.is_empty()).then(|| {
        forbidden(format!(
            "The connection's policy.sources.oktaGroups.allow does not list {names}{and_more} of spec.source.oktaGroup.groups, so no group is read; remove these groups, write each as that list does (by id or by name), or ask the connection's owner to add it."
        ))
    })
}

fn named(group: &OktaGroup) -> &str {
    group.id.as_deref().or(group.name.as_deref()).unwrap_or_default()
}

fn forbidden(why: String) -> Failure {
    Failure::new(Reason::ForbiddenByConnection, why)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(source: Value, policy: Value) -> Option<String> {
        let source: Source = serde_json::from_value(source).unwrap();
        let policy: Sources = serde_json::from_value(policy).unwrap();
        refusal(&source, &policy).map(|failure| {
            assert_eq!(failure.reason, Reason::ForbiddenByConnection);
            failure.message
        })
    }

    #[test]
    fn the_consoles_events_are_whose_the_connections_owner_says() {
        let console = || json!({"oktaConsole": {}});
        assert!(refused(console(), json!({})).unwrap().contains("policy.sources.oktaConsole"));
        assert!(refused(console(), json!({"oktaConsole": "Forbid"})).is_some());
        assert_eq!(refused(console(), json!({"oktaConsole": "Allow"})), None);
    }

    #[test]
    fn only_listed_groups_are_read_and_each_other_one_is_named() {
        let groups = || json!({"oktaGroup": {"groups": [{"id": "00gA"}, {"name": "Staff"}, {"id": "00gB"}]}});
        assert_eq!(refused(groups(), json!({})), None);
        assert_eq!(refused(groups(), json!({"oktaGroups": {"allow": []}})), None);
        assert_eq!(refused(groups(), json!({"oktaGroups": {"allow": ["00gA", "Staff", "00gB"]}})), None);
        let says = refused(groups(), json!({"oktaGroups": {"allow": ["00gB", "staff"]}})).unwrap();
        assert!(says.contains("policy.sources.oktaGroups.allow"), "{says}");
        assert!(says.contains("00gA, Staff of") && !says.contains("00gB"), "{says}");
    }

    #[test]
    fn a_long_list_of_refused_groups_is_cut_with_their_number() {
        let groups: Vec<_> = (0..8).map(|n| json!({"id": format!("00g{n}")})).collect();
        let says = refused(json!({"oktaGroup": {"groups": groups}}), json!({"oktaGroups": {"allow": ["x"]}}));
        assert!(says.unwrap().contains("00g4 and 3 more"));
    }

    #[test]
    fn a_list_of_people_is_no_group_and_no_console() {
        let list = json!({"users": {"list": [{"login": "ann.lee@example.com"}]}});
        assert_eq!(refused(list, json!({"oktaGroups": {"allow": ["x"]}})), None);
    }
}
