//! A hold that only an answer or a changed spec ends lets no effect through, whatever is seen and wanted meanwhile; and
//! what was made elsewhere is not touched here.

use proptest::prelude::*;

use super::*;
use crate::{
    failure::{Failure, Reason},
    journal::{Enrollment, Order, Unwanted},
    plan::Idle,
    summary::{self, End},
};

/// What a shipment can be held with, and where the road stands then.
fn grounds() -> Vec<(Reason, bool, Journal)> {
    let open_order = || {
        let mut journal = enrolled();
        journal.mark(Marked::Order, at(9), None);
        journal
    };
    let refused = || {
        let mut journal = open_order();
        assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable: false }, 1, at(10)));
        journal
    };
    let open_enrolment = || {
        let mut journal = Journal::default();
        journal.observe_user(&user(), &orgs());
        journal.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![] }));
        journal
    };
    let active = || {
        let mut journal = parcel(104, 20);
        journal.observe_activation(at(30));
        journal
    };
    vec![
        (Reason::ExistingKey, false, Journal::default()),
        (Reason::AnotherOrderForUser, false, Journal::default()),
        (Reason::EnrollOutcomeUnknown, false, open_enrolment()),
        (Reason::StatusBehindVendors, false, enrolled()),
        (Reason::OrderOutcomeUnknown, false, open_order()),
        (Reason::OrderRefused, false, refused()),
        (Reason::ParcelLost, false, parcel(105, 20)),
        (Reason::ParcelFound, false, parcel(103, 20)),
        (Reason::WrongResponses, false, parcel(104, 20)),
        (Reason::SigningKeyGone, false, parcel(104, 20)),
        (Reason::DeliveryTimedOut, false, parcel(103, 20)),
        (Reason::AwaitingApproval, false, parcel(104, 20)),
        (Reason::AwaitingApproval, true, active()),
    ]
}

fn bars() -> impl Strategy<Value = Option<Failure>> {
    let reasons = [Reason::Suspended, Reason::ForbiddenByConnection, Reason::NotOrderingCluster];
    proptest::option::of((0..reasons.len()).prop_map(move |index| Failure::new(reasons[index], "barred")))
}

fn lists() -> impl Strategy<Value = Option<EnrollmentList>> {
    let ours = proptest::option::of(any::<bool>());
    proptest::option::of((ours, any::<bool>()).prop_map(|(ours, other)| {
        let status = |active| if active { EnrollmentStatus::Active } else { EnrollmentStatus::Pending };
        let ours = ours.map(|active| listed("ours", status(active), at(1)));
        let other = other.then(|| listed("other", EnrollmentStatus::Pending, at(-9)));
        EnrollmentList { at: at(40), entries: ours.into_iter().chain(other).collect() }
    }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_lasting_hold_lets_nothing_out_whatever_is_seen_and_wanted(
        which in 0usize..13, effects_bar in bars(), order_bar in bars(), list in lists(),
        (known, parcel_read, found) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (gate, silence, pin) in (0u8..3, any::<bool>(), 0u8..2), late in 0i64..3_000_000, saved in any::<bool>(),
    ) {
        let (reason, asks_pin, mut journal) = grounds().swap_remove(which);
        let rest = Idle { reason, message: "What a person must do.".into(), until: None, pin: asks_pin };
        summary::note_end(&mut journal, &End::Idle(rest), 1, "abc234", at(50));
        let desired = Desired {
            effects_bar,
            order_bar,
            activation: [ActivationGate::Delivery, ActivationGate::Shipment, ActivationGate::Approval][usize::from(gate)],
            on_timeout: if silence { OnTimeout::Activate } else { OnTimeout::Hold },
            pin: if pin == 0 { PinGate::Activation } else { PinGate::Approval },
            ..desired()
        };
        let seen = Observed {
            user: known.then(|| person(UserStatus::Active)),
            list,
            checked: Some(Ok(())),
            parcel: parcel_read.then_some(Observation::Shown(None)),
            search: found.then_some(crate::plan::Search::Undecided),
            ..Observed::default()
        };
        let now = at(60 + late);
        let step = plan(&Situation {
            desired: &desired, journal: &journal, seen: &seen, saved, last_look: now, look_now: false, claimed: None,
            use_look: NEVER_ASKED,
            rival: None, now,
        });
        match step {
            Step::Fetch(_) => {}
            Step::Idle(rest) => {
                let mut after = journal.clone();
                summary::note_end(&mut after, &End::Idle(rest), 1, "xyz789", now);
                prop_assert_eq!(after.hold.map(|hold| (hold.id, hold.since)), journal.hold.map(|hold| (hold.id, hold.since)));
            }
            other => prop_assert!(false, "{} lets out {:?}", reason, other),
        }
    }
}

fn elsewhere() -> Desired {
    let okta = OktaOrgId::new("00oOTHER").ok();
    Desired { orgs: Orgs { okta, ..orgs() }, ..desired() }
}

/// As far as the road has come, whatever was answered, and while being deleted: other vendors know nothing of it.
#[test]
fn what_was_made_under_other_organizations_is_not_touched() {
    let mut condemned = enrolled();
    condemned.unwanted = Some(Unwanted { id: enrollment("ours"), mark: None });
    let mut marked = enrolled();
    marked.mark(Marked::Order, at(9), None);
    let mut cancelled = enrolled();
    cancelled.order = Order::Cancelled(1, at(9), None);
    let mut active = parcel(104, 20);
    active.observe_activation(at(30));
    for journal in [enrolled(), condemned, marked, cancelled, ordered(), parcel(104, 20), active] {
        for deleting in [false, true] {
            let step =
                decide(&Desired { deleting, ..elsewhere() }, &journal, &Observed::default(), at(2_000));
            let Step::Idle(rest) = step else { panic!("deleting {deleting}: {step:?} for {journal:?}") };
            assert_eq!(rest.reason, Reason::ConnectionChanged);
            assert!(rest.message.contains("Orphan"), "{}", rest.message);
        }
        let orphan = Desired { deleting: true, on_delete: OnDelete::Orphan, ..elsewhere() };
        assert_eq!(
            decide(&orphan, &journal, &Observed::default(), at(2_000)),
            Step::Release,
            "letting go touches nobody"
        );
    }
    // Nothing stands there any more: the person is looked for where the connection leads now.
    let mut over = enrolled();
    over.enrollment = Enrollment::Discarded(1);
    for journal in [Journal::default(), over] {
        assert_eq!(decide(&elsewhere(), &journal, &Observed::default(), at(2_000)), Step::Fetch(Fetch::User));
    }
}
