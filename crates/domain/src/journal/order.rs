//! The order as the journal knows it.

use jiff::Timestamp;

use crate::{
    ids::ShipmentId,
    vendor_states::{ParcelState, Tracking},
};

use super::enrollment::Attempt;

/// An order that was refused for certain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusedOrder {
    /// Number of the attempt that was refused.
    pub attempt: Attempt,
    /// When it was marked (UTC).
    pub mark: Timestamp,
    /// 401, 403, 429 or not sent: may go again with the same enrolment. 400, 404, 422: not.
    pub retryable: bool,
    /// Generation of the spec that was refused.
    pub generation: i64,
}

/// An order that `YubiEnterprise` no longer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Missing {
    /// Since when (UTC).
    pub since: Timestamp,
    /// Seen missing twice, an hour apart.
    pub confirmed: bool,
}

/// An accepted order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// Number of the attempt; counts up within one resource.
    pub attempt: Attempt,
    /// When it was marked (UTC).
    pub mark: Timestamp,
    /// Id of the shipment.
    pub id: ShipmentId,
    /// When it was accepted (UTC).
    pub ordered_at: Timestamp,
    /// State by the last poll, and since when we see it (UTC).
    pub state: Option<(ParcelState, Timestamp)>,
    /// Who carries it and its number there; empty until it was read.
    pub tracking: Tracking,
    /// When `YubiEnterprise` took our cancellation (UTC).
    pub cancel_accepted: Option<Timestamp>,
    /// It was too late to cancel.
    pub cancel_refused: bool,
    /// It answers 404.
    pub missing: Option<Missing>,
    /// Was seen failed: should the parcel turn up after all, a person decides.
    pub given_up: bool,
    /// Taken over without a person's answer: a deletion never cancels, discards or revokes it.
    pub adopted: bool,
}

/// The order at `YubiEnterprise`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Order {
    /// No attempt yet.
    Never,
    /// Marked; no receipt.
    Open(Attempt, Timestamp),
    /// Sent, no readable answer: it may have been accepted. Last: HTTP status of the web page that came in place of one.
    Unknown(Attempt, Timestamp, Option<u16>),
    /// Certainly not accepted.
    Refused(RefusedOrder),
    /// `YubiEnterprise` has it, by its answer or because it was taken over.
    Accepted(Accepted),
    /// Certainly gone, or given up: with the id of the shipment if there was one.
    Cancelled(Attempt, Timestamp, Option<ShipmentId>),
}

impl Order {
    /// Number of the last attempt.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        match self {
            Self::Never => 0,
            Self::Open(n, _) | Self::Unknown(n, ..) | Self::Cancelled(n, ..) => *n,
            Self::Refused(r) => r.attempt,
            Self::Accepted(a) => a.attempt,
        }
    }
}
