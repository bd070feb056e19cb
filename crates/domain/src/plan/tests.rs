//! The planner alone: tables for single decisions, and a small world with crashes for the whole road.

mod bars;
mod claims;
mod decisions;
mod deletion;
mod first_use;
mod following;
mod lasting;
mod ordering;
mod unlisted;
mod world;

use jiff::{SignedDuration, Timestamp};

use super::{Fetch, Idle, Observation, Observed, ObservedUser, Person, Situation, Step, plan};
use crate::{
    desired::{
        ActivationGate, Cadence, CallLimits, Desired, ExistingKey, OnDelete, OnTimeout, Orgs, PinGate,
    },
    first_use::LastUseLook,
    ids::{EnrollmentId, KeyId, OktaOrgId, RpId, Sealed, Serial, ShipmentId, UserId, YubicoOrgId},
    journal::{Journal, Marked, Receipt},
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, NewEnrollment, ParcelState, Programmed,
        Responses, UserStatus,
    },
};

/// Nobody looked for the use of a key since the end of time.
pub(crate) const NEVER_ASKED: LastUseLook = LastUseLook::at(Timestamp::MAX);

/// A moment after the start, in seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

pub(crate) fn desired() -> Desired {
    Desired {
        generation: 1,
        activation: ActivationGate::Delivery,
        delivery_timeout: SignedDuration::from_hours(336),
        on_timeout: OnTimeout::Hold,
        pin: PinGate::Activation,
        existing_key: ExistingKey::Hold,
        order_before: None,
        on_delete: OnDelete::Cancel,
        cancel_in_console: false,
        cadence: Cadence {
            first_after: SignedDuration::from_mins(20),
            interval: SignedDuration::from_hours(6),
            phase: 7,
        },
        first_use: false,
        calls: CallLimits {
            timeout: SignedDuration::from_secs(30),
            settle: SignedDuration::from_mins(5),
            look_delay: SignedDuration::from_secs(2),
        },
        orgs: orgs(),
        order_bar: None,
        effects_bar: None,
        bound: false,
        deleting: false,
    }
}

pub(crate) fn orgs() -> Orgs {
    Orgs {
        okta: Some(OktaOrgId::new("00o1").expect("valid")),
        yubico: Some(YubicoOrgId::new("y1").expect("valid")),
    }
}

pub(crate) fn user() -> UserId {
    UserId::new("00u1").expect("valid")
}

pub(crate) fn enrollment(id: &str) -> EnrollmentId {
    EnrollmentId::new(id).expect("valid")
}

pub(crate) fn listed(id: &str, status: EnrollmentStatus, created: Timestamp) -> ListedEnrollment {
    ListedEnrollment { id: enrollment(id), status, created: Some(created), preset_pin_available: Some(true) }
}

pub(crate) fn new_enrollment(id: &str) -> NewEnrollment {
    NewEnrollment {
        id: enrollment(id),
        key_id: KeyId::new(format!("key-of-{id}")).expect("valid"),
        pin_request: Sealed::new("pin"),
        credential_request: Sealed::new("credential"),
    }
}

pub(crate) fn rp_id() -> RpId {
    RpId::new("acme.com").expect("valid")
}

pub(crate) fn responses(enrollment: &str) -> Responses {
    Responses {
        serial: Serial::new("12345678").expect("valid"),
        firmware: "5.7.1".into(),
        pin: Sealed::new("pin"),
        credential: Sealed::new("credential"),
        credential_key_id: Some(KeyId::new(format!("key-of-{enrollment}")).expect("valid")),
    }
}

pub(crate) fn person(status: UserStatus) -> Person {
    Person::Found(ObservedUser { id: user(), status })
}

/// A journal with a pending enrolment `ours`, made at second 0.
pub(crate) fn enrolled() -> Journal {
    let mut journal = Journal::default();
    journal.observe_user(&user(), &orgs());
    journal.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![] }));
    let made = Receipt::Enrolled(new_enrollment("ours"), rp_id());
    assert!(journal.record(Marked::Enroll, 1, &made, 1, at(1)));
    journal
}

/// A journal with an order accepted at second 10.
pub(crate) fn ordered() -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(9), None);
    let id = Receipt::Ordered(ShipmentId::new("s1").expect("valid"));
    assert!(journal.record(Marked::Order, 1, &id, 1, at(10)));
    journal
}

/// What a pass has read that may order: an active person, checked, and this list.
fn shown(entries: Vec<ListedEnrollment>) -> Observed {
    Observed {
        user: Some(person(UserStatus::Active)),
        list: Some(EnrollmentList { at: at(0), entries }),
        checked: Some(Ok(())),
        ..Observed::default()
    }
}

fn pending(id: &str, created: i64) -> ListedEnrollment {
    listed(id, EnrollmentStatus::Pending, at(created))
}

/// The rest that a step is.
fn rest_of(step: Step) -> Idle {
    match step {
        Step::Idle(rest) => rest,
        other => panic!("expected a rest, got {other:?}"),
    }
}

/// An ordered journal that saw this state, with the responses.
pub(crate) fn parcel(state: u32, seen_at: i64) -> Journal {
    let mut journal = ordered();
    let programmed = Programmed::One(Box::new(responses("ours")));
    journal.observe_parcel(ParcelState::from_id(state), &programmed, &[], at(seen_at));
    journal
}

/// One decision; `last_look` is now, so that no poll is due.
fn decide(desired: &Desired, journal: &Journal, seen: &Observed, now: Timestamp) -> Step {
    plan(&Situation {
        desired,
        journal,
        seen,
        saved: true,
        last_look: now,
        look_now: false,
        use_look: NEVER_ASKED,
        rival: None,
        claimed: None,
        now,
    })
}
