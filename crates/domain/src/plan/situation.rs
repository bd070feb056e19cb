//! What the planner is told, and what it can say.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desired::Desired,
    failure::{Failure, Reason},
    first_use::{LastUseLook, UseSeen},
    ids::{EnrollmentId, Login, ShipmentId, UserId},
    journal::{Journal, Marked},
    recipient::Recipient,
    vendor_states::{EnrollmentList, UserStatus},
};

/// What looking for the user gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Person {
    /// Okta knows no such user.
    Unknown,
    /// Okta knows the user, whatever the status.
    Found(ObservedUser),
}

/// The user as seen in this pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObservedUser {
    /// Okta's id, also where the shipment names a login.
    pub id: UserId,
    /// Where the user is in Okta's life cycle.
    pub status: UserStatus,
}

/// What was read in this pass. Nothing here outlives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Observed {
    /// Absent as long as Okta was not asked in this pass.
    pub user: Option<Person>,
    /// The user's login, for people who read the status.
    pub login: Option<Login>,
    /// For the order; present once the user was read and has no faults.
    pub recipient: Option<Recipient>,
    /// All faults of recipient and address, found with the user.
    pub recipient_fault: Option<Failure>,
    /// Okta's list, read after the last effect.
    pub list: Option<EnrollmentList>,
    /// Whether address and stock were checked, and what was wrong.
    pub checked: Option<Result<(), Failure>>,
    /// The parcel was read: shown, or 404.
    pub parcel: Option<Observation>,
    /// The search for an order whose answer was lost.
    pub search: Option<Search>,
    /// An order that was to be taken over does not fit: why.
    pub adoption_refused: Option<String>,
    /// Another resource of this person has a mark or enrolment, by a live list made after the look.
    pub rival_live: Option<bool>,
    /// A signing key that was kept with the responses is gone from the published set.
    pub signing_key_gone: bool,
    /// The activation of this pass failed.
    pub activation_failed: Option<Failure>,
    /// The cancellation of this pass failed in a way that may pass.
    pub cancel_failed: Option<Failure>,
    /// Okta's list was read, or could not be, for the first use of the key.
    pub first_use: Option<UseSeen>,
}

/// What reading a parcel gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Observation {
    /// It was shown; the journal has it. Text: what was odd about its items.
    Shown(Option<String>),
    /// `YubiEnterprise` answered 404.
    Missing,
}

/// What a search among the organization's orders gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Search {
    /// Exactly one order fits in everything the vendor shows, and no resource claims it.
    One(ShipmentId),
    /// None, several, or the vendor does not show enough.
    Undecided,
}

/// A read that the plan needs before it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fetch {
    /// Okta: the user, with recipient and address.
    User,
    /// Okta: the user's pre-registered enrolments.
    Enrollments,
    /// `YubiEnterprise`: deliverable address, stock.
    Address,
    /// `YubiEnterprise`: the order.
    Parcel,
    /// `YubiEnterprise`: orders that could be the one whose answer was lost.
    Search,
    /// `YubiEnterprise`: the order that is to be taken over.
    Adoption,
    /// Kubernetes, live: other resources of the same person.
    Rivals,
    /// Okta: the user's pre-registered enrolments, for whether the key was used. Nothing else follows from it, and its
    /// failure is nobody's.
    FirstUse,
}

/// An effect that may be repeated without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotent {
    /// Okta: activate the credential.
    Activate,
    /// `YubiEnterprise`: cancel the order.
    Cancel,
    /// Okta: the order failed for good.
    MarkError,
}

/// Nothing to do now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Idle {
    /// Why; `reason.kind()` tells whether a person must act.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// When to come back; `None`: at a change only.
    pub until: Option<Timestamp>,
    /// A person is asked for the PIN, not for the activation.
    pub pin: bool,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this, then plan again.
    Fetch(Fetch),
    /// Write the journal as it stands, then plan again.
    Save,
    /// Note that this enrolment is ours, without its requests, and to be removed; then plan again.
    MarkOrphaned(EnrollmentId),
    /// Stay in this pass until then.
    Pause(Timestamp),
    /// Write a mark, then send.
    Mark(Marked),
    /// Send it; no mark is needed.
    Run(Idempotent),
    /// Done for now.
    Idle(Idle),
    /// The pass ends with this failure.
    Fail(Failure),
    /// The resource may go: its finalizer is removed.
    Release,
}

/// A resource that comes first for the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rival<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// Something of it stands at the vendors, or may; else it is only older and could order now.
    pub begun: bool,
}

/// A resource that has the order or the enrolment of this one in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// What both have.
    pub what: Shared,
}

/// What two resources have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// An order at `YubiEnterprise`.
    Order,
    /// An enrolment at Okta.
    Enrollment,
}

/// All facts of one decision.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// What we did.
    pub journal: &'a Journal,
    /// What was read in this pass.
    pub seen: &'a Observed,
    /// The journal stands in the store as it is here.
    pub saved: bool,
    /// When this process last read the parcel, else when it started (UTC).
    pub last_look: Timestamp,
    /// A person asked for a look now.
    pub look_now: bool,
    /// The last look for the first use of the key.
    pub use_look: LastUseLook,
    /// A resource that comes first for the same person.
    pub rival: Option<Rival<'a>>,
    /// A resource that has the same order or enrolment.
    pub claimed: Option<Claimed<'a>>,
    /// When this step is planned (UTC).
    pub now: Timestamp,
}

pub(super) fn rest(reason: Reason, message: impl Into<String>, until: Option<Timestamp>) -> Step {
    Step::Idle(Idle { reason, message: message.into(), until, pin: false })
}

pub(super) fn rest_for(failure: &Failure, until: Option<Timestamp>) -> Step {
    rest(failure.reason, failure.message.clone(), until)
}

pub(super) fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
