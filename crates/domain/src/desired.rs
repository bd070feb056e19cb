//! What is wanted of one shipment: spec, connection defaults and permissions, folded into one valid value.

use jiff::{SignedDuration, Timestamp};

use super::{
    failure::Failure,
    ids::{OktaOrgId, YubicoOrgId},
};

/// What activation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivationGate {
    /// The parcel is delivered: `YubiEnterprise` shows state 104.
    Delivery,
    /// The parcel is in transit: `YubiEnterprise` shows state 103.
    Shipment,
    /// A person's word.
    Approval,
}

/// What happens if the carrier stays silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnTimeout {
    /// A person decides.
    Hold,
    /// Activate all the same.
    Activate,
}

/// What the PIN mail waits for; never earlier than the activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinGate {
    /// Nothing more: it is mailed as soon as the key is activated.
    Activation,
    /// The parcel is delivered: `YubiEnterprise` shows state 104.
    Delivery,
    /// A person's word.
    Approval,
}

/// What to do about a pre-registered key that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExistingKey {
    /// A person decides.
    Hold,
    /// Take it over.
    Adopt,
    /// Overlook what was enrolled before this (UTC), and wait until it has passed.
    OrderAnother(Timestamp),
}

impl ExistingKey {
    /// Is a key that Okta made then overlooked? One without a readable time never is.
    #[must_use]
    pub fn overlooks(self, created: Option<Timestamp>) -> bool {
        match self {
            Self::OrderAnother(before) => created.is_some_and(|at| at < before),
            Self::Hold | Self::Adopt => false,
        }
    }
}

/// What happens at the vendors on deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// Cancel while possible, discard a pending enrolment.
    Cancel,
    /// Let go at once.
    Orphan,
    /// As Cancel, and remove an active credential.
    Revoke,
}

/// When `YubiEnterprise` is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cadence {
    /// After the order.
    pub first_after: SignedDuration,
    /// Between looks after the first one (`polling.interval`, 6 h by default).
    pub interval: SignedDuration,
    /// Hash of the uid: gives each shipment its own moment.
    pub phase: u64,
}

/// Time limits of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallLimits {
    /// Longest time that one call may take (`calls.timeout`, 1 s to 5 min).
    pub timeout: SignedDuration,
    /// How long an open mark is left alone; at least twice `timeout` and 10 s, see [`super::fence::settled`].
    pub settle: SignedDuration,
    /// Between enrolment and second look.
    pub look_delay: SignedDuration,
}

/// The organizations behind a connection, as far as the vendors name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Orgs {
    /// Okta's `id` of `/.well-known/okta-organization`.
    pub okta: Option<OktaOrgId>,
    /// `organization_id` of `YubiEnterprise`'s inventory.
    pub yubico: Option<YubicoOrgId>,
}

impl Orgs {
    /// Both name an organization, and another one.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        differ(self.okta.as_ref(), other.okta.as_ref()) || differ(self.yubico.as_ref(), other.yubico.as_ref())
    }
}

fn differ<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

/// One shipment as wanted.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish or a fact of its own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Generation of the spec.
    pub generation: i64,
    /// Gate of the activation.
    pub activation: ActivationGate,
    /// Counts from the first 103; acts with `ActivationGate::Delivery` on state 103 only.
    pub delivery_timeout: SignedDuration,
    /// What happens then.
    pub on_timeout: OnTimeout,
    /// Gate of the PIN mail.
    pub pin: PinGate,
    /// Policy for existing keys.
    pub existing_key: ExistingKey,
    /// Nothing is ordered after this (UTC).
    pub order_before: Option<Timestamp>,
    /// Policy of deletion.
    pub on_delete: OnDelete,
    /// A person cancels in the Console.
    pub cancel_in_console: bool,
    /// When `YubiEnterprise` is asked about the order.
    pub cadence: Cadence,
    /// Okta is asked whether the person has used the key.
    pub first_use: bool,
    /// How long calls may take, and how long their outcome is not judged.
    pub calls: CallLimits,
    /// Organizations the connection shows now.
    pub orgs: Orgs,
    /// Stops enrolling and ordering.
    pub order_bar: Option<Failure>,
    /// Stops every effect, cancelling too; never reading.
    pub effects_bar: Option<Failure>,
    /// The connection is bound to this cluster: nobody else enrols with it.
    pub bound: bool,
    /// The resource is being deleted.
    pub deleting: bool,
}
