//! Okta's error answers. Only `errorCode` steers: `errorSummary` changes and may hold what the user typed,
//! and `errorCauses` comes as an array or as an object.

use std::time::Duration;

use domain::failure::{CallError, Failure, Reason};
use serde_json::Value;

use crate::http::Answer;

/// Okta's error codes that mean something to us (developer.okta.com, error codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// E0000001: the data was refused; Okta uses it for faults of its own as well.
    ApiValidation,
    /// E0000003, E0000021, E0000022, E0000060: a fault of this program.
    OurFault,
    /// E0000005: the session is invalid, as of an API token that is no longer good.
    InvalidSession,
    /// E0000006: permission is denied.
    NoPermission,
    /// E0000007: there is no such user, enrolment or group.
    NotFound,
    /// E0000011: the access token is no longer good.
    InvalidToken,
    /// E0000015: a feature is not enabled, here pre-registration.
    FeatureOff,
    /// E0000016: the user cannot be activated in the present status.
    ActivationFailed,
    /// E0000038: not allowed in the user's present status.
    UserStatus,
    /// E0000047: too many calls; waited for as after a 429.
    TooManyRequests,
    /// Any other code of that form.
    Other,
}

impl Code {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('E') || text.len() > 16 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        Some(match text {
            "E0000001" => Self::ApiValidation,
            "E0000003" | "E0000021" | "E0000022" | "E0000060" => Self::OurFault,
            "E0000005" => Self::InvalidSession,
            "E0000006" => Self::NoPermission,
            "E0000007" => Self::NotFound,
            "E0000011" => Self::InvalidToken,
            "E0000015" => Self::FeatureOff,
            "E0000016" => Self::ActivationFailed,
            "E0000038" => Self::UserStatus,
            "E0000047" => Self::TooManyRequests,
            _ => Self::Other,
        })
    }
}

/// The code of an error answer, if it has one. Its ids go to the log.
pub(super) fn code(answer: &Answer) -> Option<Code> {
    let span = tracing::Span::current();
    if let Some(id) = answer.header("x-okta-request-id") {
        span.record("request_id", id);
    }
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    if let Some(id) = body.get("errorId").and_then(Value::as_str) {
        span.record("error_id", id);
    }
    let text = body.get("errorCode")?.as_str()?;
    let code = Code::parse(text)?;
    span.record("error_code", text);
    Some(code)
}

/// The sentences of `errorCauses`, an array or one object. They may hold what was typed: never shown.
pub(super) fn causes(answer: &Answer) -> Vec<String> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let causes = match body.as_ref().and_then(|body| body.get("errorCauses")) {
        Some(Value::Array(causes)) => causes.iter().collect(),
        Some(cause) => vec![cause],
        None => Vec::new(),
    };
    let sentence = |cause: &&Value| Some(cause.get("errorSummary")?.as_str()?.to_owned());
    causes.iter().filter_map(sentence).collect()
}

/// Says which scope a refusal asks for; the general message names those of the road.
pub(super) fn name_the_scope(mut error: CallError, scope: &str, what: &str) -> CallError {
    if matches!(error.failure.reason, Reason::OktaForbidden | Reason::ScopeMissing) {
        error.failure.message = format!(
            "Okta does not let the app read {what}: grant the scope {scope} under `Okta API Scopes` of the app and \
             assign it an admin role that covers it"
        );
    }
    error
}

/// A denial of a call about one user says nothing about others: the app's role may leave this one out. A session that
/// is not valid is everybody's.
pub(super) fn of_the_user(answer: &Answer, mut error: CallError) -> CallError {
    let denied = error.failure.reason == Reason::OktaForbidden && answer.status == 403;
    if denied && code(answer) != Some(Code::InvalidSession) {
        error.failure = Failure::new(
            Reason::UserForbidden,
            "Okta denies the app this user (HTTP 403): bring the user back into the resource set of the app's admin \
             role; an admin's key takes a role that may manage admins. Other users are not concerned",
        );
    }
    error
}

/// Okta itself says that the thing is not there. A 404 of another server does not count.
pub(super) fn is_not_found(answer: &Answer) -> bool {
    answer.status == 404 && code(answer).is_some()
}

/// Does the answer ask for a `DPoP` proof with a nonce?
pub(super) fn wants_nonce(answer: &Answer) -> bool {
    if !matches!(answer.status, 400 | 401) || answer.header("dpop-nonce").is_none() {
        return false;
    }
    challenge(answer).contains("use_dpop_nonce") || oauth_error(answer).as_deref() == Some("use_dpop_nonce")
}

/// Is the access token no longer good?
pub(super) fn token_refused(answer: &Answer) -> bool {
    answer.status == 401
        && (code(answer) == Some(Code::InvalidToken) || challenge(answer).contains("invalid_token"))
}

/// The `error` member of OAuth's error answers.
pub(super) fn oauth_error(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(body.get("error")?.as_str()?.to_owned())
}

pub(super) fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").unwrap_or_default()
}

/// The error, if something else than Okta answered, with the wait that its status asks for.
pub(super) fn web_page(answer: &Answer, wait: Option<Duration>) -> Option<CallError> {
    let mut error = answer.web_page()?;
    error.failure.retry_after = error.failure.retry_after.or(wait);
    Some(error)
}

/// Okta's own refusals have a code, or are OAuth's: JSON without either is that of a gateway.
fn is_of_okta(answer: &Answer) -> bool {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let has = |name: &str| body.as_ref().is_some_and(|body| body.get(name).is_some_and(Value::is_string));
    has("errorCode") || has("error") || !challenge(answer).is_empty() || answer.status == 401
}

/// What an answer that is no success means. `refused` is the reason if Okta understood and said no.
pub(super) fn judge(answer: &Answer, refused: Reason, wait: Option<Duration>) -> CallError {
    let code = code(answer);
    if answer.status == 429 || code == Some(Code::TooManyRequests) {
        return answer.rate_limited(wait.or_else(|| answer.retry_after()));
    }
    if (400..500).contains(&answer.status) && !is_of_okta(answer) {
        return answer.not_of_the_api();
    }
    match (answer.status, code) {
        (400 | 401, _) if challenge(answer).contains("invalid_dpop_proof") => proof_refused(answer),
        (401, _) => unauthorized(answer, code),
        (403, Some(Code::UserStatus)) => user_status(answer),
        (403, _) => forbidden(answer, code),
        (404, None) => answer.not_of_the_api(),
        (404, _) => answer.error(refused, "Okta does not know this user or enrolment (HTTP 404)"),
        (408 | 409, _) => answer.unavailable(),
        (400..=499, code) => refusal(answer, code, refused),
        (501, Some(Code::OurFault)) => refusal(answer, code, refused),
        _ => answer.unavailable(),
    }
}

const FEATURE_OFF: &str = "Okta says that a feature is not enabled (E0000015): pre-registration needs an Identity Engine \
                           org with the pre-enrolled YubiKey feature; ask Okta to switch it on";

fn unauthorized(answer: &Answer, code: Option<Code>) -> CallError {
    if code == Some(Code::FeatureOff) {
        return answer.error(Reason::FeatureOff, FEATURE_OFF);
    }
    answer.error(
        Reason::OktaUnauthorized,
        "Okta rejected the credentials (HTTP 401): check that the service app or API token is active and not \
         bound to another network zone",
    )
}

fn proof_refused(answer: &Answer) -> CallError {
    answer.error(
        Reason::OktaUnauthorized,
        "Okta rejected the DPoP proof: check that this machine's clock is right and that no proxy rewrites the \
         host of `orgUrl`",
    )
}

fn user_status(answer: &Answer) -> CallError {
    answer.error(
        Reason::UserNotEligible,
        "Okta does not allow this in the user's present status (E0000038); bring the user back to staged or \
         active",
    )
}

fn forbidden(answer: &Answer, code: Option<Code>) -> CallError {
    let (reason, message) = match code {
        Some(Code::InvalidSession) => (
            Reason::OktaForbidden,
            "Okta says that the session is invalid (E0000005): make a new API token or check the service app",
        ),
        Some(Code::FeatureOff) => (Reason::FeatureOff, FEATURE_OFF),
        _ if challenge(answer).contains("insufficient_scope") => (
            Reason::ScopeMissing,
            "Okta says that the token lacks a scope: grant okta.users.manage and okta.users.read to the app",
        ),
        _ => (
            Reason::OktaForbidden,
            "Okta denies permission (HTTP 403): grant okta.users.manage and okta.users.read to the app, and \
             assign it an admin role that covers this user",
        ),
    };
    answer.error(reason, message)
}

fn refusal(answer: &Answer, code: Option<Code>, refused: Reason) -> CallError {
    let status = answer.status;
    let message = match code {
        Some(Code::ApiValidation) => format!(
            "Okta refused the data (HTTP {status}, E0000001); Okta uses this answer for faults of its own as \
             well, so try once more before looking at the user's enrolments and Yubico's keys"
        ),
        Some(Code::OurFault) => {
            format!("Okta does not understand the request (HTTP {status}); please report this as a bug")
        }
        Some(Code::UserStatus) => return user_status(answer),
        _ => format!("Okta refused the request (HTTP {status}); the log names Okta's error id"),
    };
    answer.error(refused, message)
}
