//! Whether the app may do what orders need, tried on a person without changing anything.

use super::{
    Client,
    client::{Request, Unread, done},
    quota::Bucket,
    wire::UserBody,
};
use crate::{
    domain::{
        failure::{CallError, Failure, Reason},
        ids::UserId,
    },
    http::Answer,
};

impl Client {
    /// Anybody whom the app may see, if there is somebody.
    ///
    /// # Errors
    /// Whatever but a readable 2xx; `OktaForbidden` where the app has no role.
    pub async fn anybody(&self) -> Result<Option<UserId>, CallError> {
        let mut url = self.url(&["api", "v1", "users"])?;
        url.query_pairs_mut().append_pair("limit", "1");
        self.call(Request::get("users", Bucket::Users, url), read_anybody).await
    }

    /// Whether pre-registered keys of somebody can be listed; `None`: there is nobody to try it with.
    ///
    /// # Errors
    /// `FeatureOff`, `RoleMissing`, or as every call.
    pub async fn try_enrollments(&self, known: Option<UserId>) -> Result<Option<()>, CallError> {
        let somebody = match known {
            Some(known) => Some(known),
            None => self.anybody().await.map_err(about_the_role)?,
        };
        let Some(somebody) = somebody else { return Ok(None) };
        match self.enrollments(&somebody).await {
            // Gone since we heard of this person: no fault of the connection.
            Err(error) if error.failure.reason == Reason::UserNotFound => Ok(None),
            other => other.map(|_| Some(())).map_err(about_the_role),
        }
    }
}

/// The token has the scopes, so a denial is about the role.
fn about_the_role(mut error: CallError) -> CallError {
    if error.failure.reason == Reason::OktaForbidden {
        error.failure = Failure::new(
            Reason::RoleMissing,
            "Okta denies the app to read people (HTTP 403), although the scopes are granted: assign the app an admin \
             role that covers the people who get keys",
        );
    }
    error
}

pub(super) fn read_anybody(answer: &Answer) -> Result<Option<UserId>, Unread> {
    done(answer)?;
    let users: Vec<UserBody> = answer.json()?;
    Ok(users.into_iter().find_map(|user| UserId::new(user.id).ok()))
}
