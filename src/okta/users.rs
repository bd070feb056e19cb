//! Users, by id or by login. A login is never part of a path: with `DPoP`, Okta compares percent-decoded
//! paths and refuses it.

use reqwest::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;

use super::{
    Client,
    client::{Request, Unread, done},
    fault,
    quota::Bucket,
    wire::UserBody,
};
use crate::{
    domain::{
        failure::CallError,
        ids::{Login, UserId},
        seen::{User, UserStatus},
    },
    http::Answer,
};

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
            .call(Request { headers: trimmed(), ..Request::get("user", Bucket::Users, url) }, read_user)
            .await?;
        // Okta takes a short login in this place as well.
        Ok(user.filter(|user| user.id == *id))
    }

    /// The user with this login, or `None` if there is none.
    ///
    /// Asked first by `filter`, which reads the directory itself but compares capitals, then by `search`,
    /// which does not, but lags behind. What only `search` finds is read again by id.
    ///
    /// # Errors
    /// Whatever but 2xx.
    pub async fn user_by_login(&self, login: &Login) -> Result<Option<User>, CallError> {
        let expression = format!("profile.login eq \"{}\"", escaped(login.as_str()));
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
        set_query(&mut url, parameter, expression);
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

/// Percent-encodes the blank as `%20`: the form's `+` is not what Okta documents.
fn set_query(url: &mut Url, parameter: &str, expression: &str) {
    url.query_pairs_mut().append_pair(parameter, expression);
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
}

/// Inside the quotes of an expression.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Leaves credentials and links out of the answer.
fn trimmed() -> HeaderMap {
    let omit =
        "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus";
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(omit))])
}

/// Whatever the server made of the expression, only a user with this login counts.
pub(super) fn the_one(answer: &Answer, login: &Login) -> Result<Option<User>, Unread> {
    done(answer)?;
    let bodies: Vec<UserBody> = answer.json()?;
    let wanted = login.as_str().to_lowercase();
    let mut users: Vec<User> = bodies.into_iter().filter_map(user).collect();
    users.retain(|user| user.login.as_ref().is_some_and(|l| l.as_str().to_lowercase() == wanted));
    let exact = users.iter().position(|user| user.login.as_ref() == Some(login));
    match (exact, users.len()) {
        (Some(index), _) => Ok(Some(users.swap_remove(index))),
        (None, 0 | 1) => Ok(users.pop()),
        (None, _) => Err(answer.unreadable("several users have this login").into()),
    }
}

pub(super) fn user(body: UserBody) -> Option<User> {
    let strings = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    };
    let profile: std::collections::BTreeMap<String, String> =
        body.profile.unwrap_or_default().into_iter().filter_map(strings).collect();
    Some(User {
        id: UserId::new(body.id).ok()?,
        login: profile.get("login").and_then(|login| Login::new(login.clone()).ok()),
        status: status(body.status.unwrap_or_default()),
        profile,
    })
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
