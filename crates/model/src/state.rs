//! Everything there is at one moment: the store, the processes, both vendors, and what only the model knows.

use std::sync::Arc;

use domain::{
    answer::Answer,
    desired::OnDelete,
    ids::{EnrollmentId, ShipmentId},
    journal::{Attempt, Journal, Marked},
    vendor_states::UserStatus,
};
use jiff::Timestamp;

/// A moment, in seconds after the start.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap_or(Timestamp::MAX)
}

/// The seconds after the start of a moment.
#[must_use]
pub fn seconds(at: Timestamp) -> i64 {
    at.as_second() - self::at(0).as_second()
}

/// One moment of a world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Seconds since the start; both clocks of all processes.
    pub now: i64,
    /// One slot a shipment.
    pub slots: Vec<Slot>,
    /// One a process.
    pub passes: Vec<Option<Box<Pass>>>,
    /// Status at Okta of the one person whom every shipment is for.
    pub user: UserStatus,
    /// Okta's enrolments that were ever made.
    pub enrolled: Vec<Enrolled>,
    /// Orders that `YubiEnterprise` accepted.
    pub orders: Vec<Ordered>,
    /// When (seconds) Okta mailed a PIN within the last day.
    pub mails: Vec<i64>,
    /// The connection as the operator was last told of it.
    pub conn: Conn,
    /// Decisions that no pass has taken up.
    pub decisions: Vec<Decision>,
    /// What may still happen.
    pub left: Left,
    /// A run without accidents, happenings and pauses inside a pass so far.
    pub calm: bool,
    /// The first rule that was broken by a deed.
    pub broken: Option<Rule>,
}

/// Rules that deeds and ends can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// At most one accepted order for one intent.
    Twice,
    /// No accepted order whose enrolment we discarded.
    DiscardedOrdered,
    /// Nothing is discarded that another one made, except on a person's word.
    DiscardedForeign,
    /// No PIN before the activation.
    EarlyPin,
    /// No activation that the gate or the user's last seen status forbids.
    Forbidden,
    /// Sealed requests leave within 15 minutes.
    OldRequests,
    /// One enrolment serves one attempt.
    UsedTwice,
    /// What was taken over without a person's answer is never cancelled or removed by a deletion.
    TakenBack,
    /// Nothing is sent without its stored mark, and nothing later than 10 seconds after it.
    Unmarked,
    /// No effect but cancelling and discarding for a resource that is being deleted, no order for an ineligible user.
    Ineligible,
    /// Nothing that spec or connection forbid when it is marked.
    Barred,
    /// No effect under other organizations than the status names.
    OtherOrgs,
    /// Nothing is cancelled or removed for an order that answered 404.
    Missing,
    /// No active key is removed without Revoke.
    Revoked,
    /// No responses of another enrolment are sent.
    Mixed,
    /// At most three mails within a day.
    Mails,
    /// No order is taken over at the first sight of a search.
    FirstSight,
    /// A receipt that no list proves is lost with its process only.
    ReceiptLost,
    /// A hold that only an answer or a changed spec ends is ended by nothing else.
    HoldLost,
    /// A copy of an older answer changes nothing.
    OldAnswer,
    /// No use is claimed of a key that has not signed in, and nobody is asked about for a shipment that is deleted or barred.
    UseClaimed,
    /// An accepted order is never forgotten.
    Forgotten,
    /// Every fair run ends, and without accidents it ends activated.
    NoEnd,
}

/// What may still happen in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Accidents that may still happen.
    pub faults: u8,
    /// Jumps of time.
    pub jumps: u8,
    /// Events that may still happen.
    pub happenings: u8,
    /// Answers that a person may still give.
    pub answers: u8,
}

/// The connection, as the operator was last told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Conn {
    /// What it forbids.
    pub blocked: Option<Blocked>,
    /// Its token is one of another `YubiEnterprise` organization.
    pub other: bool,
    /// It is deleted.
    pub gone: bool,
}

/// What a connection can begin to forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blocked {
    /// Every effect: the namespace is no longer admitted.
    Namespace,
    /// Every effect: it is bound to another cluster.
    Elsewhere,
    /// Enrolling and ordering: an override, a model.
    Order,
}

/// Where one shipment is declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The object; none if it is gone.
    pub live: Option<Version>,
    /// The newest uid.
    pub uid: u8,
    /// What an old cache shows.
    pub prev: Option<Version>,
    /// What a backup holds.
    pub snapshot: Option<Version>,
    /// Status was emptied or restored, or the object declared again.
    pub rebuilt: bool,
    /// When (seconds) the status that is there came out of a backup.
    pub restored: Option<i64>,
    /// The finalizer was removed by hand.
    pub stripped: bool,
    /// Let go by Orphan: the ids stand in an event.
    pub told: bool,
    /// Number of the next hold.
    pub holds: u8,
    /// The order that a search showed first, and when (seconds).
    pub sighted: Option<(usize, i64)>,
    /// Approved by a person: activation, PIN.
    pub approved: (bool, bool),
    /// The last answer that was taken up.
    pub answered: Option<Answer>,
}

/// One version of the object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// `metadata.uid`: another one after a deletion and a new declaration.
    pub uid: u8,
    /// Its status, read as a journal.
    pub journal: Arc<Journal>,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// It is being deleted.
    pub deleting: bool,
    /// `spec.deletionPolicy`.
    pub policy: OnDelete,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Carries the finalizer.
    pub finalizer: bool,
}

/// An enrolment at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Enrolled {
    /// The shipment that made it; none: another tool.
    pub slot: Option<usize>,
    /// When it was made, in seconds after the start.
    pub created: i64,
    /// Where it is.
    pub fate: EnrolledFate,
    /// What became of the last order that used it.
    pub used: Option<Used>,
    /// A person asked for its removal.
    pub unwanted: bool,
}

/// Where an enrolment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnrolledFate {
    /// Pending: the key in the parcel may still become able to sign in.
    Pending,
    /// Active: the key signs in.
    Active,
    /// Signs in, and has: its PIN is not to be had at Okta any more.
    SignedIn,
    /// Failed for good.
    Errored,
    /// Removed while it was open.
    Gone,
    /// Removed while it signed in.
    Revoked,
}

impl EnrolledFate {
    /// Can the key sign in?
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active | Self::SignedIn)
    }

    /// What removing leaves; what was removed before stays what it was then.
    #[must_use]
    pub const fn removed(self) -> Self {
        match self {
            Self::Active | Self::SignedIn | Self::Revoked => Self::Revoked,
            Self::Pending | Self::Errored | Self::Gone => Self::Gone,
        }
    }
}

/// What became of an order that used an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Used {
    /// Refused so that the same may go again.
    Again,
    /// No further order may use it.
    Spent,
}

/// An order at `YubiEnterprise`.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the order")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ordered {
    /// The shipment that sent it.
    pub slot: usize,
    /// Number of its enrolment.
    pub enrollment: usize,
    /// When it was placed, in seconds after the start.
    pub created: i64,
    /// Under the other organization.
    pub other: bool,
    /// The key in it was programmed for somebody else.
    pub mixed: bool,
    /// The vendor's state id.
    pub state: u32,
    /// Cancelled, by us or in the Console.
    pub cancelled: bool,
    /// A stored status knew it as failed.
    pub given_up: bool,
    /// We saw it delivered or failed.
    pub end_seen: bool,
    /// First time (seconds) a stored status knew it as shipped.
    pub shipped_seen: Option<i64>,
}

/// A decision of a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decision {
    /// On which shipment.
    pub slot: usize,
    /// The hold and what the person chose.
    pub answer: Answer,
    /// A copy of one that was taken up before.
    pub copy: bool,
}

/// One pass of one process, before its next task.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about what the pass began with")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pass {
    /// On which shipment.
    pub slot: usize,
    /// The object it was decided on.
    pub base: Version,
    /// That is still the live version.
    pub current: bool,
    /// The pass itself, as the operator runs it.
    pub machine: domain::pass::Pass,
    /// The caches show no other object.
    pub blind: bool,
    /// `YubiEnterprise` answers 404 to everything.
    pub region: bool,
    /// No poll is due: the parcel was read a moment ago, in another pass.
    pub early: bool,
    /// The connection as it found it.
    pub conn: Conn,
    /// Decisions it took up.
    pub took: usize,
    /// The order answered 404 in this pass.
    pub missed: bool,
    /// A vendor's answer that no list proves and that stands nowhere yet.
    pub answered: Option<(Marked, Attempt)>,
    /// The parcel's state as read in this pass, and when (seconds).
    pub saw_parcel: Option<(u32, i64)>,
    /// The user's status as read in this pass.
    pub saw_user: Option<UserStatus>,
}

/// Something that happens outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Okta suspends the user.
    Suspend,
    /// Okta lets the user in again.
    Reactivate,
    /// Another tool enrols the person.
    Foreign,
    /// The parcel changes to this state.
    Parcel(u32),
    /// An admin follows the message of `ExistingKey` and removes the key at Okta.
    Removed,
    /// The person signs in with the key.
    SignIn,
    /// A person deletes the order in the Console.
    ConsoleDelete,
    /// The spec is edited.
    Edit,
    /// `spec.suspend` is set.
    Halt,
    /// `spec.suspend` is unset.
    Resume,
    /// The connection begins to forbid something.
    Forbid(Blocked),
    /// The connection forbids nothing any more.
    Allow,
    /// The connection's token becomes one of another organization.
    OtherOrg,
    /// The connection's token is the first one again.
    OwnOrg,
    /// The connection is deleted.
    Disconnect,
    /// The connection is declared again.
    Connect,
    /// The warehouse mixes up two parcels.
    Mixup,
    /// The status of the shipment before is copied to this one.
    Copied,
    /// The object is deleted, with this policy.
    Delete(OnDelete),
    /// The status is emptied.
    Wipe,
    /// The finalizer is removed by hand, and the object is declared again.
    Reapply,
    /// A backup is made.
    Snapshot,
    /// The backup is restored, with the operator stopped.
    Restore,
}

/// The name of enrolment number `n`.
#[must_use]
pub fn enrollment_id(n: usize) -> Option<EnrollmentId> {
    EnrollmentId::new(format!("e{n}")).ok()
}

/// The name of order number `n`.
#[must_use]
pub fn shipment_id(n: usize) -> Option<ShipmentId> {
    ShipmentId::new(format!("s{n}")).ok()
}

/// The number in a name.
#[must_use]
pub fn number(id: &str) -> Option<usize> {
    id.get(1..)?.parse().ok()
}

/// The enrolment that the pass holds for its own.
#[must_use]
pub fn ours(pass: &Pass) -> Option<usize> {
    pass.machine.journal.made().and_then(|made| number(made.id.as_str()))
}
