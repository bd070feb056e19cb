//! How far a shipment is, read from the status alone and without building the journal: this runs over all shipments.

use super::{EnrollmentOutcome, OrderOutcome, YubiKeyShipmentStatus, journal_status};

/// Has it an effect whose outcome is not known? In doubt it has.
#[must_use]
pub fn is_marked(status: &YubiKeyShipmentStatus) -> bool {
    journal_status::read(status).map_or(true, |journal| journal.is_open())
}

/// Has it an order whose parcel may still bring news? Wider than what is read: this runs at each change.
#[must_use]
pub fn is_followed(status: &YubiKeyShipmentStatus) -> bool {
    let accepted = status.order.as_ref().filter(|order| order.outcome == OrderOutcome::Accepted);
    let mailed = status.times.as_ref().is_some_and(|times| times.pin_sent.is_some());
    let delivered = status.times.as_ref().is_some_and(|times| times.delivered.is_some());
    accepted.is_some_and(|order| order.shipment_id.is_some()) && !(mailed && delivered)
}

/// Is there an enrolment that may become a key, or an order that is not finished?
#[must_use]
pub fn is_open(status: &YubiKeyShipmentStatus) -> bool {
    let enrolled = status
        .enrollment
        .as_ref()
        .is_some_and(|e| matches!(e.outcome, EnrollmentOutcome::Open | EnrollmentOutcome::Made));
    enrolled && !is_finished(status)
}

/// Has it come to its end: the PIN sent, the order cancelled, or an order whose enrolment was discarded?
#[must_use]
pub fn is_finished(status: &YubiKeyShipmentStatus) -> bool {
    // An order whose enrolment a person had removed can never become a second key.
    let discarded = status.enrollment.as_ref().is_some_and(|e| e.outcome == EnrollmentOutcome::Discarded);
    let over = |outcome| match outcome {
        OrderOutcome::Cancelled => true,
        OrderOutcome::Accepted => discarded,
        OrderOutcome::Open | OrderOutcome::Unknown | OrderOutcome::Refused => false,
    };
    status.times.as_ref().is_some_and(|t| t.pin_sent.is_some())
        || status.order.as_ref().is_some_and(|o| over(o.outcome))
}
