//! Any status of a shipment, as a backup, another version or a hand may have left it: read, written back, planned on.
#![no_main]

use std::sync::LazyLock;

use api::{
    shipment::journal_status,
    shipment::{EnrollmentOutcome, OrderOutcome, YubiKeyShipmentStatus},
};
use domain::{
    desired::Desired,
    failure::{Failure, Reason},
    first_use::LastUseLook,
    ids::{EnrollmentId, UserId},
    journal::{Enrollment, Journal, Marked, Order},
    plan::{Idempotent, Idle, Observation, ObservedUser, Person, Search, Situation, Step, plan},
    summary::{self, End},
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, ParcelClass, ParcelState, UserStatus,
    },
};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use yubikey_shipment_fuzz::{is_discreet, usual::usual};

type Observed = domain::plan::Observed;

/// 2027-01-05T20:43:19Z and, as clocks go wrong, the ends of time.
static NOWS: LazyLock<[Timestamp; 3]> = LazyLock::new(|| {
    [Timestamp::from_second(1_799_181_799).unwrap_or_default(), Timestamp::MIN, Timestamp::MAX]
});

fuzz_target!(|input: &[u8]| {
    let Ok(given) = serde_json::from_slice::<YubiKeyShipmentStatus>(input) else { return };
    // Years that RFC 3339 does not have are printed in a form that is not read; no API server stores them.
    let Some(status) = stored(&given) else { return };
    assert_eq!(Some(&status), stored(&status).as_ref(), "the status changes each time it is stored");
    match journal_status::read(&status) {
        Ok(journal) => {
            nothing_is_invented(&status, &journal);
            nothing_is_lost(&status, &journal);
            every_plan(&journal);
            every_end(&journal);
        }
        Err(failure) => {
            assert_eq!(failure.reason, Reason::StatusUnreadable);
            is_discreet(&failure.message);
        }
    }
});

/// As the API server gives it back.
fn stored(status: &YubiKeyShipmentStatus) -> Option<YubiKeyShipmentStatus> {
    let text = serde_json::to_string(status).expect("a status is JSON");
    serde_json::from_str(&text).ok()
}

fn nothing_is_lost(status: &YubiKeyShipmentStatus, journal: &Journal) {
    let mut written = status.clone();
    journal_status::write(journal, &mut written);
    assert_eq!(journal_status::read(&written).as_ref(), Ok(journal), "written and read again");
    let mut again = written.clone();
    journal_status::write(journal, &mut again);
    assert_eq!(again, written);
    assert_eq!(written.conditions, status.conditions, "not the journal's");
    assert_eq!(written.decisions, status.decisions, "not the journal's");
}

fn nothing_is_invented(status: &YubiKeyShipmentStatus, journal: &Journal) {
    let order = status.order.as_ref();
    match (&journal.order, order.map(|order| order.outcome)) {
        (Order::Never, None)
        | (Order::Open(..), Some(OrderOutcome::Open))
        | (Order::Unknown(..), Some(OrderOutcome::Unknown))
        | (Order::Refused(_), Some(OrderOutcome::Refused))
        | (Order::Accepted(_), Some(OrderOutcome::Accepted))
        | (Order::Cancelled(..), Some(OrderOutcome::Cancelled)) => {}
        other => panic!("{other:?}"),
    }
    match (&journal.enrollment, status.enrollment.as_ref().map(|enrollment| enrollment.outcome)) {
        (Enrollment::Never, None)
        | (Enrollment::Open(..), Some(EnrollmentOutcome::Open))
        | (Enrollment::Refused(_), Some(EnrollmentOutcome::Refused))
        | (Enrollment::Made(_), Some(EnrollmentOutcome::Made))
        | (Enrollment::Discarded(_), Some(EnrollmentOutcome::Discarded)) => {}
        other => panic!("{other:?}"),
    }
    if let Some((state, _)) = journal.accepted().and_then(|accepted| accepted.state) {
        assert_eq!(order.and_then(|order| order.state.as_ref()).map(|state| state.id), Some(state.id));
        assert_eq!(state, ParcelState::from_id(state.id), "known by its number only");
        assert!(state.class != ParcelClass::Unknown || state.name() == "Unknown");
    }
    let at = |time: fn(&api::shipment::Times) -> bool| status.times.as_ref().is_some_and(time);
    assert_eq!(journal.times.activated.is_some(), at(|times| times.activated.is_some()));
    assert_eq!(journal.times.pin_sent.is_some(), at(|times| times.pin_sent.is_some()));
    assert_eq!(journal.times.used.is_some(), at(|times| times.used.is_some()));
}

/// Whatever the status says and whatever was seen, there is a plan, and it never orders beside an order.
fn every_plan(journal: &Journal) {
    for now in *NOWS {
        for list in lists(journal, now) {
            for parcel in [None, Some(Observation::Missing), Some(Observation::Shown(None))] {
                for round in 0..8_u8 {
                    let seen = Observed {
                        user: (round & 1 != 0).then(person),
                        list: list.clone(),
                        checked: Some(Ok(())),
                        parcel: parcel.clone(),
                        search: (round & 2 != 0).then_some(Search::Undecided),
                        rival_live: Some(false),
                        ..Observed::default()
                    };
                    one_plan(journal, &seen, &desired(round), now);
                }
            }
        }
    }
}

fn one_plan(journal: &Journal, seen: &Observed, desired: &Desired, now: Timestamp) {
    let situation = Situation {
        desired,
        journal,
        seen,
        saved: true,
        last_look: Timestamp::UNIX_EPOCH,
        look_now: false,
        use_look: LastUseLook { asked: true, ..LastUseLook::at(now) },
        rival: None,
        claimed: None,
        now,
    };
    let step = plan(&situation);
    assert_eq!(step, plan(&situation), "one situation, one plan");
    match step {
        Step::Mark(what @ (Marked::Order | Marked::Enroll)) => may_begin(journal, desired, what, now),
        Step::Run(Idempotent::Activate) => {
            assert!(journal.kept.is_some() && journal.accepted().is_some(), "nothing to activate with");
            assert!(!desired.deleting);
        }
        Step::Run(Idempotent::Cancel) => assert!(desired.deleting && journal.accepted().is_some()),
        Step::Run(Idempotent::MarkError) => assert!(journal.times.activated.is_none()),
        _ => {}
    }
}

fn may_begin(journal: &Journal, desired: &Desired, what: Marked, now: Timestamp) {
    assert!(!desired.deleting, "a resource that goes gets no key");
    assert!(matches!(journal.order, Order::Never | Order::Refused(_)), "beside another order");
    if what == Marked::Order {
        let made = journal.made().expect("an order needs its enrolment");
        assert!(made.requests.is_some() && made.discard_mark.is_none());
        assert!(now.duration_since(made.mark.at) < SignedDuration::from_mins(15), "with expired requests");
    }
}

/// Not read; empty; ours; ours and an older one.
fn lists(journal: &Journal, at: Timestamp) -> Vec<Option<EnrollmentList>> {
    let entry = |id: &EnrollmentId, created, status| ListedEnrollment {
        id: id.clone(),
        status,
        created: Some(created),
        preset_pin_available: Some(true),
    };
    let mut lists = vec![None, Some(EnrollmentList { at, entries: Vec::new() })];
    if let Some(made) = journal.made() {
        let ours = entry(&made.id, made.created_at, EnrollmentStatus::Pending);
        lists.push(Some(EnrollmentList { at, entries: vec![ours] }));
    }
    let other = EnrollmentId::new("fwfOTHER").expect("an id");
    let other = entry(&other, Timestamp::UNIX_EPOCH, EnrollmentStatus::Active);
    lists.push(Some(EnrollmentList { at, entries: vec![other] }));
    lists
}

fn person() -> Person {
    let id = UserId::new("00uEXAMPLE0000000001").expect("an id");
    Person::Found(ObservedUser { id, status: UserStatus::Active })
}

fn desired(round: u8) -> Desired {
    Desired { generation: 2, deleting: round & 4 != 0, ..usual() }
}

/// What people read follows from any journal, and a failure's count stays within its bounds.
fn every_end(journal: &Journal) {
    for reason in [Reason::ExistingKey, Reason::AwaitingShipment] {
        let rest = Idle { reason, message: "what".to_owned(), until: None, pin: false };
        noted(journal, &End::Idle(rest));
    }
    noted(journal, &End::Failed(Failure::new(Reason::OktaUnavailable, "what")));
    for what in [Marked::Enroll, Marked::Order, Marked::Discard, Marked::SendPin] {
        let mut marked = journal.clone();
        marked.mark(what, NOWS[0], None);
        assert!(marked.attempt_of(what) >= journal.attempt_of(what), "an attempt's number goes back");
    }
}

fn noted(journal: &Journal, end: &End) {
    let mut noted = journal.clone();
    summary::note_end(&mut noted, end, 2, "k7f3ab", NOWS[0]);
    assert_eq!(noted.order, journal.order, "the end of a pass is no receipt");
    assert_eq!(noted.enrollment, journal.enrollment, "the end of a pass is no receipt");
    let _ = summary::summarise(&noted, end, false);
    let _ = summary::summarise(&noted, end, true);
}
