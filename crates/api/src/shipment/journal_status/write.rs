//! The journal, written as a status without loss.

use crate::shipment;
use domain::journal::{EnrollMark, Enrollment, Journal, Kept, Order, Pin, Times};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use system::clock;

/// Whatever a journal holds: what is written must be what is read.
fn time(at: Timestamp) -> MicroTime {
    MicroTime(clock::whole(at))
}

/// Writes the journal into a status; fields that the journal does not own stay as they are.
pub fn write(journal: &Journal, status: &mut shipment::YubiKeyShipmentStatus) {
    status.user_id = journal.user.as_ref().map(ToString::to_string);
    status.org = journal.orgs.as_ref().map(|orgs| shipment::Org {
        okta: orgs.okta.as_ref().map(ToString::to_string),
        yubico: orgs.yubico.as_ref().map(ToString::to_string),
    });
    status.enrollment = write_enrollment(&journal.enrollment);
    status.order = write_order(journal);
    status.key = journal.key.as_ref().map(|(serial, firmware)| shipment::KeyStatus {
        serial: serial.to_string(),
        firmware: firmware.clone(),
    });
    status.responses = journal.kept.as_ref().map(write_kept);
    status.pin = (journal.pin != Pin::default()).then(|| shipment::PinStatus {
        id: journal.pin.id,
        mark: journal.pin.mark.map(time),
        mails: journal.pin.mails.iter().copied().map(time).collect(),
        resend: journal.pin.resend.then_some(true),
    });
    status.times = (journal.times != Times::default()).then(|| write_times(&journal.times));
    let answered = write_answered(journal);
    status.answered = (answered != shipment::Answered::default()).then_some(answered);
    let known = status.hold.take();
    status.hold = journal.hold.as_ref().map(|hold| shipment::HoldStatus {
        // Of the same hold it stays: what is held is what stood then.
        spec: known.filter(|known| known.id == hold.id).and_then(|known| known.spec),
        id: hold.id.clone(),
        reason: hold.reason.to_string(),
        message: hold.message.clone(),
        since: time(hold.since),
        generation: hold.generation,
        choices: hold.choices.iter().map(|c| c.as_str().to_owned()).collect(),
        found_by_read: hold.found_by_read.then_some(true),
    });
    status.failure = journal.last_failure.as_ref().map(|t| shipment::FailureStatus {
        reason: t.reason.to_string(),
        message: t.message.clone(),
        since: time(t.since),
        count: t.count,
    });
}

fn write_answered(journal: &Journal) -> shipment::Answered {
    shipment::Answered {
        retry: journal.retry.then_some(true),
        discard: journal
            .unwanted
            .as_ref()
            .map(|u| shipment::DiscardStatus { id: u.id.to_string(), mark: u.mark.map(time) }),
        adopt: journal.adoption.as_ref().map(|a| shipment::AdoptStatus {
            shipment_id: a.shipment.to_string(),
            since: time(a.since),
            by_person: a.by_person,
        }),
        activation: journal.approved.activation.then_some(true),
        pin: journal.approved.pin.then_some(true),
        kept_keys: journal.approved.kept_keys.then_some(true),
    }
}

fn write_mark(mark: &EnrollMark) -> shipment::EnrollMark {
    shipment::EnrollMark {
        at: time(mark.at),
        okta_time: time(mark.okta_time),
        shown: mark.shown.iter().map(ToString::to_string).collect(),
    }
}

const fn blank_enrollment(attempt: u32, outcome: shipment::EnrollmentOutcome) -> shipment::EnrollmentStatus {
    shipment::EnrollmentStatus {
        attempt,
        outcome,
        mark: None,
        discard_mark: None,
        id: None,
        key_id: None,
        rp_ids: Vec::new(),
        created_at: None,
        requests: None,
        marked_error: None,
    }
}

fn write_enrollment(enrollment: &Enrollment) -> Option<shipment::EnrollmentStatus> {
    use shipment::EnrollmentOutcome as Outcome;
    Some(match enrollment {
        Enrollment::Never => return None,
        Enrollment::Open(n, mark) => {
            shipment::EnrollmentStatus { mark: Some(write_mark(mark)), ..blank_enrollment(*n, Outcome::Open) }
        }
        Enrollment::Refused(n) => blank_enrollment(*n, Outcome::Refused),
        Enrollment::Discarded(n) => blank_enrollment(*n, Outcome::Discarded),
        Enrollment::Made(made) => shipment::EnrollmentStatus {
            mark: Some(write_mark(&made.mark)),
            discard_mark: made.discard_mark.map(time),
            id: Some(made.id.to_string()),
            key_id: made.key_id.as_ref().map(ToString::to_string),
            rp_ids: vec![made.rp_id.to_string()],
            created_at: Some(time(made.created_at)),
            requests: made.requests.as_ref().map(|r| shipment::RequestsStatus {
                pin: r.pin.expose().to_owned(),
                credential: r.credential.expose().to_owned(),
            }),
            marked_error: made.marked_error.then_some(true),
            ..blank_enrollment(made.attempt, Outcome::Made)
        },
    })
}

fn blank_order(attempt: u32, outcome: shipment::OrderOutcome, mark: Timestamp) -> shipment::OrderStatus {
    shipment::OrderStatus {
        attempt,
        outcome,
        mark: time(mark),
        retryable: None,
        refused_generation: None,
        shipment_id: None,
        state: None,
        ordered_at: None,
        cancel_accepted_at: None,
        cancel_refused: None,
        missing_since: None,
        missing_confirmed: None,
        given_up: None,
        adopted: None,
        web_page_status: None,
        carrier: None,
        tracking: None,
    }
}

fn write_order(journal: &Journal) -> Option<shipment::OrderStatus> {
    use shipment::OrderOutcome as Outcome;
    Some(match &journal.order {
        Order::Never => return None,
        Order::Open(n, mark) => blank_order(*n, Outcome::Open, *mark),
        Order::Unknown(n, mark, page) => {
            shipment::OrderStatus { web_page_status: *page, ..blank_order(*n, Outcome::Unknown, *mark) }
        }
        Order::Refused(r) => shipment::OrderStatus {
            retryable: Some(r.retryable),
            refused_generation: Some(r.generation),
            ..blank_order(r.attempt, Outcome::Refused, r.mark)
        },
        Order::Accepted(a) => shipment::OrderStatus {
            shipment_id: Some(a.id.to_string()),
            state: a.state.map(|(state, since)| shipment::StateStatus {
                id: state.id,
                name: state.name().to_owned(),
                since: time(since),
            }),
            ordered_at: Some(time(a.ordered_at)),
            cancel_accepted_at: a.cancel_accepted.map(time),
            cancel_refused: a.cancel_refused.then_some(true),
            missing_since: a.missing.map(|m| time(m.since)),
            missing_confirmed: a.missing.and_then(|m| m.confirmed.then_some(true)),
            given_up: a.given_up.then_some(true),
            adopted: a.adopted.then_some(true),
            carrier: a.tracking.carrier.clone(),
            tracking: a.tracking.number.clone(),
            ..blank_order(a.attempt, Outcome::Accepted, a.mark)
        },
        Order::Cancelled(n, mark, id) => shipment::OrderStatus {
            shipment_id: id.as_ref().map(ToString::to_string),
            ..blank_order(*n, Outcome::Cancelled, *mark)
        },
    })
}

fn write_kept(kept: &Kept) -> shipment::ResponsesStatus {
    shipment::ResponsesStatus {
        pin: kept.responses.pin.expose().to_owned(),
        credential: kept.responses.credential.expose().to_owned(),
        key_id: kept.responses.credential_key_id.as_ref().map(ToString::to_string),
        signing_keys: kept
            .signing_keys
            .iter()
            .map(|k| shipment::SigningKey { kid: k.kid.clone(), x: k.x.clone(), y: k.y.clone() })
            .collect(),
    }
}

fn write_times(t: &Times) -> shipment::Times {
    shipment::Times {
        enrolled: t.enrolled.map(time),
        ordered: t.ordered.map(time),
        shipped: t.shipped.map(time),
        delivered: t.delivered.map(time),
        activated: t.activated.map(time),
        pin_sent: t.pin_sent.map(time),
        used: t.used.map(time),
    }
}
