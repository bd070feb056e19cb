//! What each answer of Okta says, judged as the client judges it, for whoever has an answer and no server: one
//! function an operation.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

pub use super::quota::{LONGEST as LONGEST_WAIT, Seen as Limits};
use domain::{
    directory::{Group, GroupLookup, NewPerson},
    failure::{CallError, Reason},
    ids::{EnrollmentId, Login},
    preflight::{Authenticator, Domain, EnrollmentPolicy, Method, SessionRule},
    system_log::{LogPage, LogPosition, LogQuery},
    vendor_states::{EnrollmentList, NewEnrollment, User},
};

use super::{
    Dpop, Organization,
    client::{Unread, done, judge},
    enrollments, fault, groups, logs, org, people, settings,
    token::{self, Grant},
    users,
};
use crate::http::{Answer, link};

/// What Okta gave, or why it gave nothing.
pub type Result<T> = std::result::Result<T, CallError>;

fn judged<T>(
    answer: &Answer,
    refused: Reason,
    read: impl Fn(&Answer) -> std::result::Result<T, Unread>,
) -> Result<T> {
    fault::web_page(answer, None).map_or_else(|| judge(answer, refused, None, read), Err)
}

/// One page of a user's enrolments.
///
/// # Errors
/// As [`Client::enrollments`](super::Client::enrollments).
pub fn enrollments(answer: &Answer) -> Result<EnrollmentList> {
    judged(answer, Reason::UserNotFound, |answer| {
        done(answer)?;
        Ok(enrollments::read_page(answer)?)
    })
}

/// A new enrolment.
///
/// # Errors
/// As [`Client::enroll`](super::Client::enroll).
pub fn enrolled(answer: &Answer) -> Result<NewEnrollment> {
    judged(answer, Reason::EnrollRefused, enrollments::read_enrolled)
}

/// An activation of this enrolment.
///
/// # Errors
/// As [`Client::activate`](super::Client::activate).
pub fn activated(answer: &Answer, enrollment: &EnrollmentId) -> Result<()> {
    judged(answer, Reason::ActivationRefused, |answer| enrollments::read_activated(answer, enrollment))
}

/// A PIN mail.
///
/// # Errors
/// As [`Client::send_pin`](super::Client::send_pin).
pub fn pin_sent(answer: &Answer) -> Result<()> {
    judged(answer, Reason::PinRefused, done)
}

/// A removed enrolment.
///
/// # Errors
/// As [`Client::delete_enrollment`](super::Client::delete_enrollment).
pub fn deleted(answer: &Answer) -> Result<()> {
    judged(answer, Reason::OktaUnavailable, enrollments::read_deleted)
}

/// A user looked for by id.
///
/// # Errors
/// As [`Client::user_by_id`](super::Client::user_by_id).
pub fn user(answer: &Answer) -> Result<Option<User>> {
    judged(answer, Reason::OktaUnavailable, users::read_user)
}

/// A user looked for by login.
///
/// # Errors
/// As [`Client::user_by_login`](super::Client::user_by_login).
pub fn user_by_login(answer: &Answer, login: &Login) -> Result<Option<User>> {
    judged(answer, Reason::OktaUnavailable, |answer| users::the_one(answer, login))
}

/// One page of a user's groups.
///
/// # Errors
/// As [`Client::groups_of`](super::Client::groups_of).
pub fn groups(answer: &Answer) -> Result<Vec<String>> {
    judged(answer, Reason::UserNotFound, |answer| {
        done(answer)?;
        Ok(groups::read_page(answer)?)
    })
}

/// A group looked for by id.
///
/// # Errors
/// As [`Client::group_by_id`](super::Client::group_by_id).
pub fn group(answer: &Answer) -> Result<Option<Group>> {
    judged(answer, Reason::OktaUnavailable, groups::read_group)
}

/// A group looked for by name, as far as one page tells.
///
/// # Errors
/// As [`Client::group_by_name`](super::Client::group_by_name).
pub fn group_by_name(answer: &Answer, name: &str) -> Result<GroupLookup> {
    judged(answer, Reason::OktaUnavailable, |answer| {
        done(answer)?;
        Ok(groups::named(groups::read_groups(answer)?.into_iter(), name))
    })
}

/// One page of a group's members.
///
/// # Errors
/// As [`Client::members`](super::Client::members).
pub fn members(answer: &Answer) -> Result<Vec<User>> {
    judged(answer, Reason::OktaUnavailable, |answer| {
        done(answer)?;
        Ok(groups::read_members(answer)?)
    })
}

/// One page of many users looked for.
///
/// # Errors
/// As [`Client::users_by_login`](super::Client::users_by_login).
pub fn users(answer: &Answer) -> Result<Vec<User>> {
    judged(answer, Reason::OktaUnavailable, |answer| {
        done(answer)?;
        Ok(people::read_users(answer)?)
    })
}

/// A new, staged user.
///
/// # Errors
/// As [`Client::create_staged`](super::Client::create_staged).
pub fn created(answer: &Answer, person: &NewPerson) -> Result<User> {
    judged(answer, Reason::InvalidRecipient, |answer| people::read_created(answer, person))
}

/// One page of the System Log, read from this place on.
///
/// # Errors
/// As [`Client::log_page`](super::Client::log_page).
pub fn log_page(answer: &Answer, query: &LogQuery, position: &LogPosition) -> Result<LogPage> {
    judged(answer, Reason::OktaUnavailable, |answer| {
        done(answer)?;
        Ok(logs::read_page(answer, query, position, None)?)
    })
}

/// The organization.
///
/// # Errors
/// As [`Client::organization`](super::Client::organization).
pub fn organization(answer: &Answer) -> Result<Organization> {
    judged(answer, Reason::OktaUnavailable, org::read_organization)
}

/// The `WebAuthn` authenticator among all, and its id.
///
/// # Errors
/// Whatever but a readable 2xx.
pub fn authenticator(answer: &Answer) -> Result<(Authenticator, Option<String>)> {
    judged(answer, Reason::OktaUnavailable, settings::read_authenticator)
}

/// The method `webauthn` among the authenticator's methods.
///
/// # Errors
/// Whatever but a readable 2xx.
pub fn webauthn_method(answer: &Answer) -> Result<Method> {
    judged(answer, Reason::OktaUnavailable, settings::read_method)
}

/// Custom domains.
///
/// # Errors
/// Whatever but a readable 2xx.
pub fn domains(answer: &Answer) -> Result<Vec<Domain>> {
    judged(answer, Reason::OktaUnavailable, settings::read_domains)
}

/// Active enrolment policies.
///
/// # Errors
/// Whatever but a readable 2xx.
pub fn enrollment_policies(answer: &Answer) -> Result<Vec<EnrollmentPolicy>> {
    judged(answer, Reason::OktaUnavailable, settings::read_enrollment_policies)
}

/// Active rules of a global session policy that let people in.
///
/// # Errors
/// Whatever but a readable 2xx.
pub fn session_rules(answer: &Answer) -> Result<Vec<SessionRule>> {
    judged(answer, Reason::OktaUnavailable, settings::read_session_rules)
}

/// How long the access token is good for; `None` if Okta asks for a `DPoP` nonce first.
///
/// # Errors
/// Why there is no token.
pub fn token_life(answer: &Answer, dpop: Dpop) -> Result<Option<Duration>> {
    match token::read_grant(answer, dpop, "okta.users.manage", None)? {
        Grant::Token(token) => Ok(Some(token.left(Instant::now()))),
        Grant::NonceWanted => Ok(None),
    }
}

/// Where a list goes on.
///
/// # Errors
/// If the link to the next page is no URL.
pub fn next_page(answer: &Answer) -> Result<Option<Url>> {
    let base = Url::parse(&answer.place).map_err(|_| answer.unreadable("it has no place"))?;
    link::next(&answer.headers, &base).map_err(|what| answer.unreadable(what))
}
