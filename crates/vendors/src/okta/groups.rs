//! Groups: those of a user, for a connection's `policy.userGroups`, and the members of one, for a rollout.

use domain::{
    directory::{Group, GroupLookup},
    failure::{CallError, Reason},
    ids::{GroupId, UserId},
    vendor_states::User,
};
use url::Url;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    fault,
    pages::Longest,
    query,
    quota::Bucket,
    users,
    wire::{GroupBody, UserBody},
};
use crate::http::Answer;

/// Okta's own recommendation for groups and their members.
const PAGE: &str = "200";

/// 20,000 members: what is taken of each is kept while a rollout is looked through.
const MEMBERS: Longest =
    Longest { pages: 100, advice: "a rollout takes groups of at most 20,000 members: use several groups" };

impl Client {
    /// Ids of the groups that the user is in.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page: a group that is not seen could be a denied one.
    /// `UserNotFound` for 404.
    pub async fn groups_of(&self, user: &UserId) -> Result<Vec<String>, CallError> {
        let url = self.url(&["api", "v1", "users", user.as_str(), "groups"])?;
        let request = |url| Request {
            refused: Reason::UserNotFound,
            ..Request::get("user-groups", Bucket::Users, url).personal()
        };
        let pages = self.pages(url, request, read_page);
        Ok(pages.await?.into_iter().flatten().collect())
    }

    /// The group of exactly this name, capitals included.
    ///
    /// Asked first by `search`, which lags behind, then by `q`, which finds names that begin so.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page; `OktaForbidden` names the scope `okta.groups.read`.
    pub async fn group_by_name(&self, name: &str) -> Result<GroupLookup, CallError> {
        let found = self.groups_named("search", &query::equals("profile.name", name), name).await?;
        if found != GroupLookup::Missing {
            return Ok(found);
        }
        self.groups_named("q", name, name).await
    }

    /// The group with this id, or `None` if there is none. Always fresh.
    ///
    /// # Errors
    /// Whatever but 2xx and Okta's own 404; `OktaForbidden` names the scope `okta.groups.read`.
    pub async fn group_by_id(&self, id: &GroupId) -> Result<Option<Group>, CallError> {
        if !is_plain(id) {
            return Ok(None);
        }
        let url = self.url(&["api", "v1", "groups", id.as_str()])?;
        let group = self.call(get("group", url), read_group).await.map_err(name_the_scope)?;
        Ok(group.filter(|group| group.id == *id))
    }

    /// What `take` takes of everybody in the group, each once, in Okta's order; `None` if there is no such group. No
    /// more than a page of whole profiles is held at a time.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page: a list with a gap would look like people who left. That
    /// holds for a member without a usable id as well, and for more than 20,000 members. `OktaForbidden` names
    /// the scope `okta.groups.read`.
    pub async fn members<T>(
        &self,
        group: &GroupId,
        take: impl Fn(User) -> T,
    ) -> Result<Option<Vec<T>>, CallError> {
        if !is_plain(group) {
            return Ok(None);
        }
        let mut url = self.url(&["api", "v1", "groups", group.as_str(), "users"])?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        let request = |url| Request { headers: users::trimmed(), ..get("group-members", url) };
        let read = |answer: &Answer| {
            let taken = |user: User| (user.id.clone(), take(user));
            Ok(read_members(answer)?.into_iter().map(taken).collect::<Vec<_>>())
        };
        match self.pages_of(MEMBERS, url, request, read).await {
            Ok(pages) => Ok(Some(each_once(pages.into_iter().flatten()))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(name_the_scope(error)),
        }
    }

    async fn groups_named(
        &self,
        parameter: &str,
        expression: &str,
        name: &str,
    ) -> Result<GroupLookup, CallError> {
        let mut url = self.url(&["api", "v1", "groups"])?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        query::set(&mut url, parameter, expression);
        let pages = self.pages(url, |url| get("group-search", url), read_groups).await;
        Ok(named(pages.map_err(name_the_scope)?.into_iter().flatten(), name))
    }
}

fn get(operation: &'static str, url: Url) -> Request {
    Request { scope: Scope::Groups, ..Request::get(operation, Bucket::Groups, url) }
}

/// As Okta makes ids; anything else would lead elsewhere.
fn is_plain(id: &GroupId) -> bool {
    id.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn name_the_scope(error: CallError) -> CallError {
    fault::name_the_scope(error, "okta.groups.read", "groups")
}

pub(super) fn read_page(answer: &Answer) -> Result<Vec<String>, CallError> {
    let groups: Vec<GroupBody> = answer.json()?;
    Ok(groups.into_iter().map(|group| group.id).collect())
}

pub(super) fn read_group(answer: &Answer) -> Result<Option<Group>, Unread> {
    if fault::is_not_found(answer) {
        return Ok(None);
    }
    done(answer)?;
    let body: GroupBody = answer.json()?;
    Ok(Some(group(body).ok_or_else(|| answer.unreadable("the group has no usable id or name"))?))
}

pub(super) fn read_groups(answer: &Answer) -> Result<Vec<Group>, CallError> {
    let groups: Vec<GroupBody> = answer.json()?;
    groups
        .into_iter()
        .map(group)
        .collect::<Option<_>>()
        .ok_or_else(|| answer.unreadable("a group has no usable id or name"))
}

pub(super) fn read_members(answer: &Answer) -> Result<Vec<User>, CallError> {
    let users: Vec<UserBody> = answer.json()?;
    users
        .into_iter()
        .map(users::user)
        .collect::<Option<_>>()
        .ok_or_else(|| answer.unreadable("a member of the group has no usable id"))
}

/// Whatever the server made of the expression, only groups with this name count.
pub(super) fn named(groups: impl Iterator<Item = Group>, name: &str) -> GroupLookup {
    let mut same: Vec<Group> = Vec::new();
    for group in groups.filter(|group| group.name == name) {
        if !same.iter().any(|known| known.id == group.id) {
            same.push(group);
        }
    }
    match same.len() {
        0 => GroupLookup::Missing,
        1 => same.pop().map_or(GroupLookup::Missing, GroupLookup::Found),
        _ => GroupLookup::Ambiguous(same.into_iter().map(|group| group.id).collect()),
    }
}

/// Somebody who joins or leaves between two pages may stand on both.
fn each_once<T>(users: impl Iterator<Item = (UserId, T)>) -> Vec<T> {
    let mut known = std::collections::HashSet::new();
    users.filter_map(|(id, taken)| known.insert(id).then_some(taken)).collect()
}

fn group(body: GroupBody) -> Option<Group> {
    let profile = body.profile?;
    Some(Group { id: GroupId::new(body.id).ok()?, name: profile.name? })
}
