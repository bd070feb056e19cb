//! Sign-ins at the sandbox's page that have begun and are not answered yet; an org keeps them.

use crate::okta::webauthn::Challenge;

/// A sign-in that has begun; it ends with the first answer, right or wrong.
#[derive(Debug)]
pub(crate) struct Session {
    pub user_id: String,
    pub challenge: Challenge,
}
