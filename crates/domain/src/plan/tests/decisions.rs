//! Single decisions, each a rule of the contract; spoil one fact, expect one answer.

use super::*;
use crate::{
    failure::{Failure, Reason},
    plan::{Idempotent, Search},
};

fn reason(step: Step) -> Reason {
    match step {
        Step::Idle(rest) => rest.reason,
        other => panic!("expected a rest, got {other:?}"),
    }
}

fn looked(entries: Vec<ListedEnrollment>) -> Observed {
    Observed {
        user: Some(person(UserStatus::Active)),
        list: Some(EnrollmentList { at: at(0), entries }),
        checked: Some(Ok(())),
        ..Observed::default()
    }
}

#[test]
fn nothing_is_enrolled_before_user_list_address_and_stock_were_looked_at() {
    let journal = Journal::default();
    let mut seen = Observed::default();
    assert_eq!(decide(&desired(), &journal, &seen, at(0)), Step::Fetch(Fetch::User));
    seen.user = Some(person(UserStatus::Active));
    assert_eq!(decide(&desired(), &journal, &seen, at(0)), Step::Fetch(Fetch::Enrollments));
    seen.list = Some(EnrollmentList { at: at(0), entries: vec![] });
    assert_eq!(decide(&desired(), &journal, &seen, at(0)), Step::Fetch(Fetch::Address));
    seen.checked = Some(Ok(()));
    assert_eq!(decide(&desired(), &journal, &seen, at(0)), Step::Mark(Marked::Enroll));
}

#[test]
fn every_fault_before_the_order_holds_without_a_remote_write() {
    let fault = |reason| Failure::new(reason, "x");
    let good = || looked(vec![]);
    let cases: Vec<(&str, Desired, Observed, Reason)> = vec![
        (
            "suspended",
            Desired { effects_bar: Some(fault(Reason::Suspended)), ..desired() },
            good(),
            Reason::Suspended,
        ),
        (
            "forbidden",
            Desired { order_bar: Some(fault(Reason::ForbiddenByConnection)), ..desired() },
            good(),
            Reason::ForbiddenByConnection,
        ),
        ("too late", Desired { order_before: Some(at(-1)), ..desired() }, good(), Reason::OrderBeforePassed),
        (
            "too early",
            Desired { existing_key: ExistingKey::OrderAnother(at(60)), ..desired() },
            good(),
            Reason::AwaitingExistingKeyBefore,
        ),
        ("no such user", desired(), Observed { user: Some(Person::Unknown), ..good() }, Reason::UserNotFound),
        (
            "suspended user",
            desired(),
            Observed { user: Some(person(UserStatus::Suspended)), ..good() },
            Reason::UserNotEligible,
        ),
        (
            "deactivated user",
            desired(),
            Observed { user: Some(person(UserStatus::Deprovisioned)), ..good() },
            Reason::UserNotEligible,
        ),
        (
            "recipient",
            desired(),
            Observed { recipient_fault: Some(fault(Reason::InvalidRecipient)), ..good() },
            Reason::InvalidRecipient,
        ),
        (
            "address",
            desired(),
            Observed { checked: Some(Err(fault(Reason::AddressUndeliverable))), ..good() },
            Reason::AddressUndeliverable,
        ),
        (
            "existing key",
            desired(),
            looked(vec![listed("other", EnrollmentStatus::Active, at(-900))]),
            Reason::ExistingKey,
        ),
        (
            "existing pending key",
            desired(),
            looked(vec![listed("other", EnrollmentStatus::Pending, at(-900))]),
            Reason::ExistingKey,
        ),
    ];
    for (name, desired, seen, expected) in cases {
        assert_eq!(reason(decide(&desired, &Journal::default(), &seen, at(0))), expected, "{name}");
    }
}

#[test]
fn only_keys_older_than_existing_key_before_are_overlooked() {
    let desired = Desired { existing_key: ExistingKey::OrderAnother(at(-60)), ..desired() };
    let older = looked(vec![listed("old", EnrollmentStatus::Active, at(-61))]);
    assert_eq!(decide(&desired, &Journal::default(), &older, at(0)), Step::Mark(Marked::Enroll));
    let newer = looked(vec![listed("new", EnrollmentStatus::Active, at(-60))]);
    assert_eq!(reason(decide(&desired, &Journal::default(), &newer, at(0))), Reason::ExistingKey);
    let mut timeless = listed("timeless", EnrollmentStatus::Active, at(0));
    timeless.created = None;
    assert_eq!(
        reason(decide(&desired, &Journal::default(), &looked(vec![timeless]), at(0))),
        Reason::ExistingKey
    );
}

#[test]
fn the_second_look_waits_and_decides() {
    let journal = enrolled();
    let fresh = Observed { user: Some(person(UserStatus::Active)), ..Observed::default() };
    assert_eq!(decide(&desired(), &journal, &fresh, at(1)), Step::Pause(at(3)), "Okta's list may lag");
    assert_eq!(decide(&desired(), &journal, &fresh, at(3)), Step::Fetch(Fetch::Enrollments));
    let ours = || listed("ours", EnrollmentStatus::Pending, at(1));
    assert_eq!(decide(&desired(), &journal, &looked(vec![ours()]), at(3)), Step::Mark(Marked::Order));
    let cases = [
        ("younger other", listed("other", EnrollmentStatus::Pending, at(2)), Step::Mark(Marked::Order)),
        ("older other", listed("other", EnrollmentStatus::Pending, at(0)), Step::Mark(Marked::Discard)),
        (
            "same time, smaller id",
            listed("a-other", EnrollmentStatus::Pending, at(1)),
            Step::Mark(Marked::Discard),
        ),
        (
            "same time, larger id",
            listed("z-other", EnrollmentStatus::Pending, at(1)),
            Step::Mark(Marked::Order),
        ),
        ("older, active", listed("other", EnrollmentStatus::Active, at(0)), Step::Mark(Marked::Discard)),
    ];
    for (name, other, expected) in cases {
        assert_eq!(decide(&desired(), &journal, &looked(vec![ours(), other]), at(3)), expected, "{name}");
    }
}

#[test]
fn sealed_requests_leave_within_fifteen_minutes_only() {
    let journal = enrolled();
    let seen = looked(vec![listed("ours", EnrollmentStatus::Pending, at(1))]);
    assert_eq!(decide(&desired(), &journal, &seen, at(15 * 60 - 1)), Step::Mark(Marked::Order));
    assert_eq!(reason(decide(&desired(), &journal, &seen, at(15 * 60))), Reason::StatusBehindVendors);
}

#[test]
fn an_order_without_a_receipt_is_never_sent_again() {
    let mut open = enrolled();
    open.mark(Marked::Order, at(10), None);
    let mut unknown = open.clone();
    assert!(unknown.record(Marked::Order, 1, &Receipt::Unknown, 1, at(11)));
    for journal in [open, unknown] {
        let mut seen = looked(vec![listed("ours", EnrollmentStatus::Pending, at(1))]);
        assert_eq!(reason(decide(&desired(), &journal, &seen, at(300))), Reason::Settling);
        assert_eq!(decide(&desired(), &journal, &seen, at(310)), Step::Fetch(Fetch::Search));
        seen.search = Some(Search::Undecided);
        for later in [310, 3_600, 86_400 * 365] {
            assert_eq!(reason(decide(&desired(), &journal, &seen, at(later))), Reason::OrderOutcomeUnknown);
        }
    }
}

#[test]
fn a_refused_order_goes_again_only_where_that_is_sure() {
    let refused = |retryable| {
        let mut journal = enrolled();
        journal.mark(Marked::Order, at(10), None);
        assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable }, 1, at(11)));
        journal
    };
    let seen = looked(vec![listed("ours", EnrollmentStatus::Pending, at(1))]);
    assert_eq!(
        decide(&desired(), &refused(true), &seen, at(20)),
        Step::Mark(Marked::Order),
        "429: same enrolment, new mark"
    );
    assert_eq!(
        reason(decide(&desired(), &refused(true), &seen, at(901))),
        Reason::OrderRefused,
        "requests too old"
    );
    assert_eq!(reason(decide(&desired(), &refused(false), &seen, at(20))), Reason::OrderRefused, "400");
    let changed = Desired { generation: 2, ..desired() };
    assert_eq!(
        decide(&changed, &refused(false), &seen, at(20)),
        Step::Mark(Marked::Discard),
        "one enrolment, one attempt"
    );
}

#[test]
fn a_receipt_goes_only_into_the_mark_of_its_own_attempt() {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(10), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable: true }, 1, at(11)));
    journal.mark(Marked::Order, at(20), None);
    let before = journal.clone();
    let late = Receipt::Ordered(ShipmentId::new("late").expect("valid"));
    assert!(!journal.record(Marked::Order, 1, &late, 1, at(21)));
    assert_eq!(journal, before);
}

#[test]
fn a_lost_enrolment_is_judged_by_the_list_and_only_while_young() {
    let mut journal = Journal::default();
    journal.observe_user(&user(), &orgs());
    journal.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![] }));
    let nothing = looked(vec![]);
    let new = looked(vec![listed("new", EnrollmentStatus::Pending, at(1))]);
    assert_eq!(reason(decide(&desired(), &journal, &nothing, at(299))), Reason::Settling);
    assert_eq!(decide(&desired(), &journal, &nothing, at(300)), Step::Mark(Marked::Enroll));
    assert_eq!(reason(decide(&desired(), &journal, &new, at(300))), Reason::EnrollOutcomeUnknown);
    assert_eq!(reason(decide(&desired(), &journal, &nothing, at(3_601))), Reason::StatusBehindVendors);
}

#[test]
fn every_state_of_the_vendor_has_an_answer() {
    let cases = [
        (1, Reason::OrderNeedsRepair),
        (2, Reason::OrderNeedsRepair),
        (3, Reason::AwaitingShipment),
        (7, Reason::OrderNeedsRepair),
        (9, Reason::OrderNeedsRepair),
        (12, Reason::AwaitingShipment),
        (99, Reason::OrderFailed),
        (102, Reason::AwaitingShipment),
        (103, Reason::AwaitingDelivery),
        (105, Reason::ParcelLost),
        (106, Reason::OrderNeedsRepair),
        (107, Reason::OrderFailed),
        (110, Reason::OrderFailed),
        (4242, Reason::UnknownState),
    ];
    for (state, expected) in cases {
        let step = decide(&desired(), &parcel(state, 2_000), &Observed::default(), at(2_001));
        assert_eq!(reason(step), expected, "state {state}");
    }
}

#[test]
fn activation_needs_the_parcel_and_the_user_read_in_the_same_pass() {
    let journal = parcel(104, 2_000);
    let mut seen = Observed::default();
    assert_eq!(decide(&desired(), &journal, &seen, at(2_001)), Step::Fetch(Fetch::Parcel));
    seen.parcel = Some(Observation::Shown(None));
    assert_eq!(decide(&desired(), &journal, &seen, at(2_001)), Step::Fetch(Fetch::User));
    seen.user = Some(person(UserStatus::Suspended));
    assert_eq!(reason(decide(&desired(), &journal, &seen, at(2_001))), Reason::UserNotEligible);
    seen.user = Some(person(UserStatus::Staged));
    assert_eq!(decide(&desired(), &journal, &seen, at(2_001)), Step::Run(Idempotent::Activate));
    let (desired, now) = (desired(), at(2_001));
    let unsaved = Situation {
        desired: &desired,
        journal: &journal,
        seen: &seen,
        saved: false,
        last_look: now,
        look_now: false,
        use_look: NEVER_ASKED,
        rival: None,
        claimed: None,
        now,
    };
    assert_eq!(plan(&unsaved), Step::Save, "the responses are stored before Okta gets them");
}

#[test]
fn the_gate_decides_when_the_credential_becomes_live() {
    let seen = Observed {
        parcel: Some(Observation::Shown(None)),
        user: Some(person(UserStatus::Active)),
        ..Observed::default()
    };
    let with = |activation, on_timeout| Desired { activation, on_timeout, ..desired() };
    let (shipped, delivered) = (parcel(103, 2_000), parcel(104, 2_000));
    let late = 2_000 + 336 * 3_600;
    let go = Step::Run(Idempotent::Activate);
    assert_eq!(decide(&with(ActivationGate::Shipment, OnTimeout::Hold), &shipped, &seen, at(2_001)), go);
    assert_eq!(
        reason(decide(&with(ActivationGate::Delivery, OnTimeout::Hold), &shipped, &seen, at(late - 1))),
        Reason::AwaitingDelivery
    );
    assert_eq!(
        reason(decide(&with(ActivationGate::Delivery, OnTimeout::Hold), &shipped, &seen, at(late))),
        Reason::DeliveryTimedOut
    );
    assert_eq!(decide(&with(ActivationGate::Delivery, OnTimeout::Activate), &shipped, &seen, at(late)), go);
    assert_eq!(
        reason(decide(&with(ActivationGate::Approval, OnTimeout::Activate), &delivered, &seen, at(late))),
        Reason::AwaitingApproval
    );
}

#[test]
fn responses_of_another_enrolment_are_not_sent() {
    let mut journal = ordered();
    let programmed = Programmed::One(Box::new(responses("somebody-else")));
    journal.observe_parcel(ParcelState::from_id(104), &programmed, &[], at(2_000));
    assert_eq!(reason(decide(&desired(), &journal, &Observed::default(), at(2_001))), Reason::WrongResponses);
}

#[test]
fn a_pin_goes_out_after_the_activation_only_and_at_most_three_times_a_day() {
    let seen = Observed { user: Some(person(UserStatus::Active)), ..Observed::default() };
    let mut journal = parcel(104, 2_000);
    journal.observe_activation(at(2_010));
    assert_eq!(decide(&desired(), &journal, &seen, at(2_011)), Step::Mark(Marked::SendPin));
    for n in 1..=3 {
        let now = at(2_020 + i64::from(n) * 400);
        journal.mark(Marked::SendPin, now, None);
        assert!(journal.record(Marked::SendPin, n, &Receipt::Unknown, 1, now));
    }
    let listed = Observed {
        list: Some(EnrollmentList {
            at: at(0),
            entries: vec![listed("ours", EnrollmentStatus::Active, at(1))],
        }),
        ..seen
    };
    assert_eq!(reason(decide(&desired(), &journal, &listed, at(2_020 + 1_600))), Reason::PinLimitReached);
    assert_eq!(decide(&desired(), &journal, &listed, at(2_420 + 86_400)), Step::Mark(Marked::SendPin));
}

#[test]
fn a_parcel_lost_after_activation_gets_no_pin() {
    let mut journal = parcel(105, 2_000);
    journal.observe_activation(at(2_010));
    assert_eq!(reason(decide(&desired(), &journal, &Observed::default(), at(2_011))), Reason::ParcelLost);
}

#[test]
fn a_parcel_found_again_waits_for_a_person() {
    let mut journal = parcel(107, 2_000);
    let programmed = Programmed::One(Box::new(responses("ours")));
    journal.observe_parcel(ParcelState::from_id(104), &programmed, &[], at(3_000));
    assert_eq!(reason(decide(&desired(), &journal, &Observed::default(), at(3_001))), Reason::ParcelFound);
}

#[test]
fn okta_is_told_of_the_end_only_when_it_stood_for_a_day() {
    let seen = Observed { parcel: Some(Observation::Shown(None)), ..Observed::default() };
    let journal = parcel(99, 2_000);
    assert_eq!(reason(decide(&desired(), &journal, &seen, at(2_000 + 86_399))), Reason::OrderFailed);
    assert_eq!(decide(&desired(), &journal, &seen, at(2_000 + 86_400)), Step::Run(Idempotent::MarkError));
}

#[test]
fn a_missing_order_is_doubted_for_an_hour() {
    let mut journal = ordered();
    journal.observe_missing(at(2_000));
    let seen = Observed { parcel: Some(Observation::Missing), ..Observed::default() };
    assert_eq!(reason(decide(&desired(), &journal, &seen, at(2_001))), Reason::AwaitingShipment);
    journal.observe_missing(at(2_000 + 3_600));
    assert_eq!(reason(decide(&desired(), &journal, &seen, at(5_601))), Reason::OrderNotFound);
    assert!(
        !matches!(journal.order, crate::journal::Order::Cancelled(..)),
        "only our own DELETE makes it certain"
    );
}

#[test]
fn other_organizations_behind_the_connection_stop_every_effect() {
    let desired = Desired {
        orgs: Orgs { yubico: Some(YubicoOrgId::new("y2").expect("valid")), ..orgs() },
        ..desired()
    };
    assert_eq!(
        reason(decide(&desired, &parcel(104, 2_000), &Observed::default(), at(2_001))),
        Reason::ConnectionChanged
    );
}

#[test]
fn the_order_goes_before_the_enrolment_when_a_shipment_is_deleted() {
    let deleting = Desired { deleting: true, ..desired() };
    let journal = ordered();
    let mut seen = Observed::default();
    assert_eq!(decide(&deleting, &journal, &seen, at(100)), Step::Fetch(Fetch::Parcel));
    seen.parcel = Some(Observation::Shown(None));
    assert_eq!(decide(&deleting, &journal, &seen, at(100)), Step::Run(Idempotent::Cancel));
    let mut cancelled = journal;
    cancelled.observe_cancel(true, at(101));
    cancelled.observe_missing(at(102));
    seen.list =
        Some(EnrollmentList { at: at(0), entries: vec![listed("ours", EnrollmentStatus::Pending, at(1))] });
    assert_eq!(decide(&deleting, &cancelled, &seen, at(102)), Step::Mark(Marked::Discard));
}

#[test]
fn a_deletion_keeps_what_it_cannot_cancel_until_the_parcel_is_there() {
    let deleting = Desired { deleting: true, ..desired() };
    let seen = Observed { parcel: Some(Observation::Shown(None)), ..Observed::default() };
    assert_eq!(reason(decide(&deleting, &parcel(103, 2_000), &seen, at(2_001))), Reason::CancelImpossible);
    let listed = Observed {
        list: Some(EnrollmentList {
            at: at(0),
            entries: vec![listed("ours", EnrollmentStatus::Pending, at(1))],
        }),
        ..seen
    };
    assert_eq!(decide(&deleting, &parcel(104, 2_000), &listed, at(2_001)), Step::Mark(Marked::Discard));
    let mut unknown = enrolled();
    unknown.mark(Marked::Order, at(10), None);
    let undecided = Observed { search: Some(Search::Undecided), ..Observed::default() };
    assert_eq!(reason(decide(&deleting, &unknown, &undecided, at(9_999))), Reason::OrderOutcomeUnknown);
    let orphan = Desired { on_delete: OnDelete::Orphan, ..deleting };
    assert_eq!(decide(&orphan, &unknown, &Observed::default(), at(9_999)), Step::Release);
}

#[test]
fn a_key_is_under_way_until_it_has_arrived_or_certainly_never_left() {
    assert!(!Journal::default().is_under_way() && !enrolled().is_under_way(), "nothing was ordered");
    let mut marked = enrolled();
    marked.mark(Marked::Order, at(10), None);
    assert!(marked.is_under_way(), "an order without a receipt may have been accepted");
    assert!(marked.record(Marked::Order, 1, &Receipt::Unknown, 1, at(11)));
    assert!(marked.is_under_way(), "{:?}", marked.order);
    let mut refused = enrolled();
    refused.mark(Marked::Order, at(10), None);
    assert!(refused.record(Marked::Order, 1, &Receipt::Refused { retryable: false }, 1, at(11)));
    assert!(!refused.is_under_way());
    for (state, under_way) in [(1, true), (103, true), (105, true), (104, false), (99, false)] {
        assert_eq!(parcel(state, 2_000).is_under_way(), under_way, "state {state}");
    }
    let mut finished = parcel(103, 2_000);
    finished.times.pin_sent = Some(at(3_000));
    assert!(!finished.is_under_way(), "it stopped counting when the PIN was mailed");
}

#[test]
fn whoever_may_begin_an_enrolment_needs_a_place_however_often_one_was_begun() {
    assert!(Journal::default().may_begin());
    let mut journal = Journal::default();
    journal.mark(Marked::Enroll, at(1), None);
    assert!(!journal.may_begin(), "it holds one by then");
    assert!(journal.record(Marked::Enroll, 1, &Receipt::Refused { retryable: true }, 1, at(2)));
    assert!(!journal.is_untouched() && journal.may_begin(), "{:?}", journal.enrollment);
    assert!(!enrolled().may_begin() && !parcel(103, 2_000).may_begin());
    let mut discarded = enrolled();
    discarded.mark(Marked::Discard, at(10), None);
    assert!(discarded.record(Marked::Discard, 1, &Receipt::Done, 1, at(11)));
    assert!(discarded.may_begin(), "{:?}", discarded.enrollment);
}

#[test]
fn an_active_credential_is_removed_by_revoke_only() {
    let mut journal = parcel(104, 2_000);
    journal.observe_activation(at(2_010));
    let seen = Observed {
        parcel: Some(Observation::Shown(None)),
        list: Some(EnrollmentList {
            at: at(0),
            entries: vec![listed("ours", EnrollmentStatus::Active, at(1))],
        }),
        ..Observed::default()
    };
    let deleting = Desired { deleting: true, ..desired() };
    assert_eq!(decide(&deleting, &journal, &seen, at(2_011)), Step::Release);
    let revoke = Desired { on_delete: OnDelete::Revoke, ..deleting };
    assert_eq!(decide(&revoke, &journal, &seen, at(2_011)), Step::Mark(Marked::Discard));
}

fn held_for_existing_key() -> Journal {
    let hold = crate::journal::Hold {
        id: "enroll-1-abc234".into(),
        reason: Reason::ExistingKey,
        message: "kept".into(),
        since: at(0),
        generation: 1,
        choices: crate::hold::choices(Reason::ExistingKey, false).to_vec(),
        found_by_read: false,
    };
    Journal { hold: Some(hold), ..Journal::default() }
}

#[test]
fn a_hold_that_needs_an_answer_does_not_end_by_itself() {
    let journal = held_for_existing_key();
    assert_eq!(reason(decide(&desired(), &journal, &looked(vec![]), at(100))), Reason::ExistingKey);
    let changed = Desired { generation: 2, ..desired() };
    assert_eq!(decide(&changed, &journal, &looked(vec![]), at(100)), Step::Mark(Marked::Enroll));
}

/// Found by the model checker: the answer ended the hold, the order did not fit, and the empty list read as leave to
/// order another.
#[test]
fn an_adoption_that_is_refused_leaves_the_hold() {
    let mut journal = held_for_existing_key();
    let answer = crate::answer::Answer {
        hold: "enroll-1-abc234".into(),
        choice: crate::hold::Choice::AdoptOrder,
        shipment: ShipmentId::new("s1").ok(),
        enrollment: None,
    };
    crate::answer::apply(&mut journal, &answer, 1, at(1)).expect("admitted");
    let read = || Observed { user: Some(person(UserStatus::Active)), ..looked(vec![]) };
    assert_eq!(
        decide(&desired(), &journal, &Observed { list: None, ..read() }, at(1)),
        Step::Fetch(Fetch::User)
    );
    journal.adoption = None;
    let seen = Observed { adoption_refused: Some("It does not fit.".into()), ..read() };
    let Step::Idle(rest) = decide(&desired(), &journal, &seen, at(1)) else { panic!("goes on to order") };
    assert_eq!((rest.reason, rest.message.as_str()), (Reason::ExistingKey, "It does not fit. kept"));
}
