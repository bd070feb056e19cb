//! Whether the app may do what orders need, tried on people without changing anything.

use domain::{
    failure::{CallError, Failure, Reason},
    ids::UserId,
};

use super::{
    Client,
    client::{Request, Unread, done},
    quota::Bucket,
    wire::UserBody,
};
use crate::http::Answer;

/// Others who are asked where those who were named are all denied.
const OTHERS: usize = 5;

/// What a look at one person says about the app.
enum Trial {
    Let,
    /// The app's role may leave this one person out.
    Denied(CallError),
    /// Gone since we heard of this person: no fault of the connection.
    Gone,
}

impl Client {
    /// A few people whom the app may see.
    ///
    /// # Errors
    /// Whatever but a readable 2xx; `OktaForbidden` where the app has no role.
    pub async fn somebody(&self) -> Result<Vec<UserId>, CallError> {
        let mut url = self.url(&["api", "v1", "users"])?;
        url.query_pairs_mut().append_pair("limit", &OTHERS.to_string());
        self.call(Request::get("users", Bucket::Users, url), read_somebody).await
    }

    /// Whether pre-registered keys of people can be listed; `None`: there is nobody to try it with. One person whom the
    /// app's role leaves out says nothing about the others: only where all are denied the role is missing.
    ///
    /// # Errors
    /// `FeatureOff`, `RoleMissing`, or as every call.
    pub async fn try_enrollments(&self, known: &[UserId]) -> Result<Option<()>, CallError> {
        let mut denied = None;
        for person in known {
            match self.try_on(person).await? {
                Trial::Let => return Ok(Some(())),
                Trial::Denied(error) => denied = Some(error),
                Trial::Gone => {}
            }
        }
        for person in self.somebody().await.map_err(about_the_role)? {
            if known.contains(&person) {
                continue;
            }
            match self.try_on(&person).await? {
                Trial::Let => return Ok(Some(())),
                Trial::Denied(error) => denied = Some(error),
                Trial::Gone => {}
            }
        }
        denied.map_or(Ok(None), |error| Err(about_the_role(error)))
    }

    async fn try_on(&self, person: &UserId) -> Result<Trial, CallError> {
        match self.enrollments(person).await {
            Ok(_) => Ok(Trial::Let),
            Err(error) => match error.failure.reason {
                Reason::UserNotFound => Ok(Trial::Gone),
                Reason::UserForbidden => Ok(Trial::Denied(error)),
                _ => Err(error),
            },
        }
    }
}

/// The token has the scopes, so a denial is about the role.
fn about_the_role(mut error: CallError) -> CallError {
    if matches!(error.failure.reason, Reason::OktaForbidden | Reason::UserForbidden) {
        error.failure = Failure::new(
            Reason::RoleMissing,
            "Okta denies the app to read people (HTTP 403), although the scopes are granted: assign the app an admin \
             role that covers the people who get keys",
        );
    }
    error
}

pub(super) fn read_somebody(answer: &Answer) -> Result<Vec<UserId>, Unread> {
    done(answer)?;
    let users: Vec<UserBody> = answer.json()?;
    Ok(users.into_iter().filter_map(|user| UserId::new(user.id).ok()).collect())
}
