//! Users, by id or by login. A login is never part of a path: with `DPoP`, Okta compares percent-decoded
//! paths and refuses it.

use std::collections::BTreeMap;

use domain::{
    failure::CallError,
    ids::{Login, UserId},
    vendor_states::{User, UserStatus},
};
use reqwest::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;

use super::{
    Client,
    client::{Request, Unread, done},
    fault, query,
    quota::Bucket,
    wire::UserBody,
};
use crate::http::Answer;

impl Client {
    /// The user with this id, or `None` if there is none. Always fresh.
    ///
    /// # Errors
    /// Whatever but 2xx and Okta's own 404.
    pub async fn user_by_id(&self, id: &UserId) -> Result<Option<User>, CallError> {
        // As the CRD admits. Anything else would be taken for a login, or lead elsewhere.
        if !id.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return Ok(None);
        }
        let url = self.url(&["api", "v1", "users", id.as_str()])?;
        let user = self
            .call(
                Request { headers: trimmed(), ..Request::get("user", Bucket::Users, url).personal() },
                read_user,
            )
            .await?;
        // Okta takes a short login in this place as well.
        Ok(user.filter(|user| user.id == *id))
    }

    /// The user with this login, or `None` if there is none.
    ///
    /// Asked first by `filter`, which reads the directory itself but compares capitals, then by `search`,
    /// which does not, but lags behind. What only `search` finds is read again by id. Then once more with each other
    /// spelling of the same letters ([`Login::spellings`]): Okta compares characters.
    ///
    /// # Errors
    /// Whatever but 2xx.
    pub async fn user_by_login(&self, login: &Login) -> Result<Option<User>, CallError> {
        for spelling in login.spellings() {
            if let Some(user) = self.user_spelt(&spelling).await? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    async fn user_spelt(&self, login: &Login) -> Result<Option<User>, CallError> {
        let expression = query::equals("profile.login", login.as_str());
        match self.find("user-by-login", "filter", &expression, login).await {
            Ok(Some(user)) => return Ok(Some(user)),
            Ok(None) => {}
            // A server that does not know this filter may still know the search.
            Err(error) if matches!(error.status, Some(400 | 404 | 405 | 501)) => {}
            Err(error) => return Err(error),
        }
        match self.find("user-search", "search", &expression, login).await? {
            Some(found) => self.user_by_id(&found.id).await,
            None => Ok(None),
        }
    }

    async fn find(
        &self,
        operation: &'static str,
        parameter: &str,
        expression: &str,
        login: &Login,
    ) -> Result<Option<User>, CallError> {
        let mut url = self.url(&["api", "v1", "users"])?;
        query::set(&mut url, parameter, expression);
        let request = Request { headers: trimmed(), ..Request::get(operation, Bucket::Users, url) };
        self.call(request, |answer| the_one(answer, login)).await
    }
}

pub(super) fn read_user(answer: &Answer) -> Result<Option<User>, Unread> {
    if fault::is_not_found(answer) {
        return Ok(None);
    }
    done(answer)?;
    let body: UserBody = answer.json()?;
    Ok(Some(user(body).ok_or_else(|| answer.unreadable("the user has no usable id"))?))
}

/// Leaves credentials and links out of the answer.
pub(super) fn trimmed() -> HeaderMap {
    let omit =
        "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus";
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(omit))])
}

/// Whatever the server made of the expression, only a user with this login counts.
pub(super) fn the_one(answer: &Answer, login: &Login) -> Result<Option<User>, Unread> {
    done(answer)?;
    let bodies: Vec<UserBody> = answer.json()?;
    let users: Vec<User> = bodies.into_iter().filter_map(user).collect();
    let found =
        with_login(&users, login).map_err(|Ambiguous| answer.unreadable("several users have this login"))?;
    Ok(found.cloned())
}

/// Several users differ from a login in capitals only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ambiguous;

/// The user with this login, else the only one that differs from it in capitals only.
pub(super) fn with_login<'a>(users: &'a [User], login: &Login) -> Result<Option<&'a User>, Ambiguous> {
    let same = |user: &&User| user.login.as_ref().is_some_and(|theirs| theirs.is_same(login));
    let similar: Vec<&User> = users.iter().filter(same).collect();
    let exact = similar.iter().find(|user| user.login.as_ref() == Some(login));
    match (exact, similar.as_slice()) {
        (Some(user), _) | (None, [user]) => Ok(Some(user)),
        (None, []) => Ok(None),
        (None, _) => Err(Ambiguous),
    }
}

pub(super) fn user(body: UserBody) -> Option<User> {
    let (mut profile, mut no_text) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in body.profile.unwrap_or_default() {
        match (json_type(&value), value) {
            (_, Value::String(text)) => drop(profile.insert(name, text)),
            (Some(kind), _) => drop(no_text.insert(name, kind)),
            (None, _) => {}
        }
    }
    Some(User {
        id: UserId::new(body.id).ok()?,
        login: profile.get("login").and_then(|login| Login::new(login.clone()).ok()),
        status: status(body.status.unwrap_or_default()),
        profile,
        no_text,
    })
}

/// The type of what is no text, where it says something.
fn json_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("a boolean"),
        Value::Array(all) => (!all.is_empty()).then_some("a list"),
        Value::Object(all) => (!all.is_empty()).then_some("an object"),
        Value::Null | Value::String(_) => None,
    }
}

fn status(text: String) -> UserStatus {
    match text.as_str() {
        "STAGED" => UserStatus::Staged,
        "PROVISIONED" => UserStatus::Provisioned,
        "ACTIVE" => UserStatus::Active,
        "SUSPENDED" => UserStatus::Suspended,
        "DEPROVISIONED" => UserStatus::Deprovisioned,
        _ => UserStatus::Other(text),
    }
}
