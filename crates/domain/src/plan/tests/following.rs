//! After the order: when the parcel is read again, what activation and PIN wait for, and how it ends.

use super::*;
use crate::{
    failure::{Failure, Reason},
    plan::Idempotent,
};

const DAY: i64 = 86_400;

/// One decision of a process that last read the parcel then.
fn since(last_look: i64, journal: &Journal, seen: &Observed, now: i64) -> Step {
    let desired = desired();
    plan(&Situation {
        desired: &desired,
        journal,
        seen,
        saved: true,
        last_look: at(last_look),
        look_now: false,
        use_look: NEVER_ASKED,
        rival: None,
        claimed: None,
        now: at(now),
    })
}

fn shown() -> Observed {
    Observed {
        user: Some(person(UserStatus::Active)),
        parcel: Some(Observation::Shown(None)),
        ..Observed::default()
    }
}

fn with_list(entries: Vec<ListedEnrollment>) -> Observed {
    Observed { list: Some(EnrollmentList { at: at(0), entries }), ..shown() }
}

fn activated(state: u32) -> Journal {
    let mut journal = parcel(state, 2_000);
    journal.observe_activation(at(2_001));
    journal
}

fn finished(state: u32) -> Journal {
    let mut journal = activated(state);
    journal.mark(Marked::SendPin, at(2_010), None);
    assert!(journal.record(Marked::SendPin, 1, &Receipt::Done, 1, at(2_011)));
    journal
}

/// The first moment at which a process that looked a moment ago would look again.
fn next_of(journal: &Journal, now: i64) -> Option<i64> {
    rest_of(since(now, journal, &Observed::default(), now))
        .until
        .map(|until| until.as_second() - at(0).as_second())
}

#[test]
fn a_moment_is_looked_at_once() {
    let journal = ordered();
    let first = next_of(&journal, 20).expect("a look");
    assert!((10 + 1_200..10 + 1_200 + 121).contains(&first), "{first}");
    let at_first = |last| since(last, &journal, &Observed::default(), first + 1);
    assert_eq!(at_first(first - 1), Step::Fetch(Fetch::Parcel));
    let second = rest_of(at_first(first + 1)).until.expect("a look").as_second() - at(0).as_second();
    assert_eq!(second, first + 6 * 3_600);
    // Exactly at the moment: what was looked at then is not looked at again.
    let moment = rest_of(since(20, &journal, &Observed::default(), 20)).until.expect("a look");
    let desired = desired();
    let exact = Situation {
        desired: &desired,
        journal: &journal,
        seen: &Observed::default(),
        saved: true,
        last_look: moment,
        look_now: false,
        use_look: NEVER_ASKED,
        rival: None,
        claimed: None,
        now: moment,
    };
    assert!(matches!(plan(&exact), Step::Idle(_)));
    assert_eq!(plan(&Situation { look_now: true, ..exact }), Step::Fetch(Fetch::Parcel), "a person asks");
}

#[test]
fn a_failed_parcel_is_read_daily_then_weekly_and_for_ninety_days() {
    let journal = parcel(107, 2_000);
    let wait = |now: i64| next_of(&journal, now).map(|next| next - now);
    assert!(wait(2_001).is_some_and(|wait| wait <= DAY));
    let told = Journal {
        enrollment: {
            let mut journal = journal.clone();
            journal.observe_marked_error();
            journal.enrollment
        },
        ..journal.clone()
    };
    let weekly: Vec<_> = (1..12).filter_map(|day| next_of(&told, 2_000 + day * DAY)).collect();
    assert!(weekly.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] + 7 * DAY), "{weekly:?}");
    assert!(weekly.iter().collect::<std::collections::BTreeSet<_>>().len() <= 3);
    assert!(next_of(&told, 2_000 + 90 * DAY - 1).is_some());
    assert_eq!(next_of(&told, 2_000 + 90 * DAY), None, "after ninety days nobody looks");
    assert!(matches!(since(0, &told, &Observed::default(), 2_000 + 95 * DAY), Step::Idle(_)));
    assert_eq!(since(0, &told, &Observed::default(), 2_000 + 80 * DAY), Step::Fetch(Fetch::Parcel));
}

#[test]
fn a_finished_parcel_is_not_read_any_more_and_others_are() {
    let late = 2_000 + 30 * DAY;
    assert!(matches!(since(0, &finished(104), &Observed::default(), late), Step::Idle(_)));
    assert_eq!(next_of(&finished(104), late), None);
    for open in [finished(103), activated(104), activated(103), parcel(104, 2_000), parcel(4_242, 2_000)] {
        assert_eq!(since(0, &open, &Observed::default(), late), Step::Fetch(Fetch::Parcel));
    }
    let mut discarded = parcel(104, 2_000);
    discarded.enrollment = crate::journal::Enrollment::Discarded(1);
    assert!(matches!(since(0, &discarded, &Observed::default(), late), Step::Idle(_)), "no use to anybody");
}

#[test]
fn a_missing_order_is_looked_for_every_hour() {
    let mut journal = ordered();
    journal.observe_missing(at(2_000));
    let waits = rest_of(since(5_599, &journal, &Observed::default(), 5_599));
    assert_eq!((waits.reason, waits.until), (Reason::AwaitingShipment, Some(at(5_600))));
    assert_eq!(since(5_600, &journal, &Observed::default(), 5_600), Step::Fetch(Fetch::Parcel));
    let read = Observed { parcel: Some(Observation::Missing), ..Observed::default() };
    assert!(matches!(since(5_600, &journal, &read, 5_600), Step::Idle(_)), "once in a pass");
    journal.observe_missing(at(5_600));
    let held = rest_of(since(5_600, &journal, &read, 5_601));
    let next = held.until.expect("polled on").as_second() - at(0).as_second();
    assert!(next <= 5_601 + 3_600, "{next}");
}

#[test]
fn an_order_without_its_enrolment_is_a_status_that_contradicts_itself() {
    let mut journal = ordered();
    journal.enrollment = crate::journal::Enrollment::Never;
    assert_eq!(rest_of(since(20, &journal, &shown(), 20)).reason, Reason::StatusUnreadable);
    journal.enrollment = crate::journal::Enrollment::Discarded(1);
    assert_eq!(rest_of(since(20, &journal, &shown(), 20)).reason, Reason::OrderFailed, "a person's answer");
}

#[test]
fn a_key_without_responses_is_nothing_to_activate() {
    let without = |state| {
        let mut journal = ordered();
        journal.observe_parcel(ParcelState::from_id(state), &Programmed::NotYet, &[], at(2_000));
        journal
    };
    let reason = |state, seen: &Observed| rest_of(since(2_001, &without(state), seen, 2_001)).reason;
    assert_eq!(reason(103, &shown()), Reason::AwaitingDelivery);
    assert_eq!(reason(104, &shown()), Reason::OrderNeedsRepair);
    let odd = Observed { parcel: Some(Observation::Shown(Some("it has two keys".into()))), ..shown() };
    let said = rest_of(since(2_001, &without(103), &odd, 2_001));
    assert_eq!(said.reason, Reason::OrderNeedsRepair);
    assert!(said.message.contains("it has two keys"), "{}", said.message);
}

/// Nothing else would ever tell: no delivery is reported, and the responses may be purged.
#[test]
fn a_shipped_key_without_responses_is_said_once_the_time_for_the_delivery_is_over() {
    let end = 2_000 + 336 * 3_600;
    let mut journal = ordered();
    journal.observe_parcel(ParcelState::from_id(103), &Programmed::NotYet, &[], at(2_000));
    for activation in [ActivationGate::Delivery, ActivationGate::Shipment, ActivationGate::Approval] {
        for on_timeout in [OnTimeout::Hold, OnTimeout::Activate] {
            let desired = Desired { activation, on_timeout, ..desired() };
            let waits = rest_of(decide(&desired, &journal, &shown(), at(end - 1)));
            assert_eq!((waits.reason, waits.until), (Reason::AwaitingDelivery, Some(at(end))));
            let held = rest_of(decide(&desired, &journal, &shown(), at(end)));
            assert_eq!(held.reason, Reason::OrderNeedsRepair, "{activation:?} {on_timeout:?}");
            assert!(held.message.contains("Yubico Support"), "{}", held.message);
            assert!(held.until.is_some_and(|next| next > at(end)), "it is followed on");
        }
    }
    // Late as they are, they are good.
    let late = parcel(104, 2_000);
    assert_eq!(decide(&desired(), &late, &shown(), at(end + 1)), Step::Run(Idempotent::Activate));
}

#[test]
fn an_approved_activation_waits_for_nothing_but_the_parcel() {
    let approved = |state| {
        let mut journal = parcel(state, 2_000);
        journal.approved.activation = true;
        journal
    };
    for activation in [ActivationGate::Delivery, ActivationGate::Shipment, ActivationGate::Approval] {
        let desired = Desired { activation, ..desired() };
        for state in [103, 104] {
            let step = decide(&desired, &approved(state), &shown(), at(2_001));
            assert_eq!(step, Step::Run(Idempotent::Activate), "{activation:?} {state}");
        }
        for state in [3, 105, 107, 4_242] {
            let step = decide(&desired, &approved(state), &shown(), at(2_001));
            assert!(matches!(step, Step::Idle(_)), "{activation:?} {state}: {step:?}");
        }
    }
}

#[test]
fn delivery_is_waited_for_until_its_time_and_the_next_look() {
    let end = 2_000 + 336 * 3_600;
    let on = |on_timeout| Desired { on_timeout, ..desired() };
    for on_timeout in [OnTimeout::Hold, OnTimeout::Activate] {
        let early = rest_of(decide(&on(on_timeout), &parcel(103, 2_000), &shown(), at(2_001)));
        assert_eq!(early.reason, Reason::AwaitingDelivery, "{on_timeout:?}");
        let next = early.until.expect("a look").as_second() - at(0).as_second();
        assert!(next < 2_001 + 6 * 3_600 + 1, "the next poll comes before the time-out: {next}");
        let late = rest_of(decide(&on(on_timeout), &parcel(103, 2_000), &shown(), at(end - 1)));
        assert_eq!(late.reason, Reason::AwaitingDelivery, "{on_timeout:?}");
        assert_eq!(late.until, Some(at(end)), "{on_timeout:?}");
    }
    // A state that went back: the first 103 counts.
    let mut back = parcel(104, 2_000);
    back.observe_parcel(ParcelState::from_id(103), &Programmed::NotYet, &[], at(2_000 + DAY));
    let timed_out = rest_of(decide(&on(OnTimeout::Hold), &back, &shown(), at(end)));
    assert_eq!(timed_out.reason, Reason::DeliveryTimedOut);
}

#[test]
fn a_failed_activation_is_judged_by_the_list() {
    let failed = Failure::new(Reason::ActivationRefused, "no");
    let seen = |list: bool, gone: bool| Observed {
        activation_failed: Some(failed.clone()),
        signing_key_gone: gone,
        ..if list { with_list(vec![listed("ours", EnrollmentStatus::Pending, at(1))]) } else { shown() }
    };
    let journal = parcel(104, 2_000);
    for gone in [false, true] {
        let step = decide(&desired(), &journal, &seen(false, gone), at(2_001));
        assert_eq!(step, Step::Fetch(Fetch::Enrollments));
    }
    assert_eq!(decide(&desired(), &journal, &seen(true, false), at(2_001)), Step::Fail(failed.clone()));
    let held = rest_of(decide(&desired(), &journal, &seen(true, true), at(2_001)));
    assert_eq!(held.reason, Reason::SigningKeyGone);
    let mut approved = journal;
    approved.approved.kept_keys = true;
    assert_eq!(decide(&desired(), &approved, &seen(true, true), at(2_001)), Step::Fail(failed));
}

#[test]
fn a_parcel_that_ends_badly_after_the_activation_is_said_loudly() {
    for (state, reason) in [(105, Reason::ParcelLost), (107, Reason::OrderFailed), (99, Reason::OrderFailed)]
    {
        for journal in [activated(state), finished(state)] {
            let step = decide(&desired(), &journal, &shown(), at(2_020));
            assert_eq!(rest_of(step).reason, reason, "state {state}");
        }
    }
    let unknown = rest_of(decide(&desired(), &finished(4_242), &shown(), at(2_020)));
    assert_eq!(unknown.reason, Reason::UnknownState);
    let (delivered, travels) = (finished(104), finished(103));
    let message = |journal| rest_of(decide(&desired(), journal, &shown(), at(2_020))).message;
    assert!(message(&delivered).contains("delivered and able"), "{}", message(&delivered));
    assert!(message(&travels).contains("followed until"), "{}", message(&travels));
}

#[test]
fn the_pin_waits_for_what_was_asked() {
    let delivery = Desired { pin: PinGate::Delivery, ..desired() };
    let travels = rest_of(decide(&delivery, &activated(103), &shown(), at(2_010)));
    assert_eq!(travels.reason, Reason::AwaitingDelivery);
    let unread = Observed { parcel: None, ..shown() };
    assert_eq!(decide(&delivery, &activated(104), &unread, at(2_010)), Step::Fetch(Fetch::Parcel));
    assert_eq!(decide(&delivery, &activated(104), &shown(), at(2_010)), Step::Mark(Marked::SendPin));
    let approval = Desired { pin: PinGate::Approval, ..desired() };
    let asked = rest_of(decide(&approval, &activated(104), &shown(), at(2_010)));
    assert_eq!((asked.reason, asked.pin), (Reason::AwaitingApproval, true));
    let mut approved = activated(104);
    approved.approved.pin = true;
    assert_eq!(decide(&approval, &approved, &shown(), at(2_010)), Step::Mark(Marked::SendPin));
}

#[test]
fn the_pin_goes_to_nobody_who_was_shut_out_since() {
    let unread = Observed { user: None, ..shown() };
    assert_eq!(decide(&desired(), &activated(104), &unread, at(2_010)), Step::Fetch(Fetch::User));
    for status in [UserStatus::Suspended, UserStatus::Deprovisioned] {
        let seen = Observed { user: Some(person(status)), ..shown() };
        assert_eq!(
            rest_of(decide(&desired(), &activated(104), &seen, at(2_010))).reason,
            Reason::UserNotEligible
        );
    }
}

#[test]
fn an_open_mail_is_left_alone_for_settle_and_then_asked_about() {
    let mut open = activated(104);
    open.mark(Marked::SendPin, at(2_010), None);
    let early = rest_of(decide(&desired(), &open, &shown(), at(2_010 + 299)));
    assert_eq!((early.reason, early.until), (Reason::SendingPin, Some(at(2_010 + 300))));
    assert_eq!(decide(&desired(), &open, &shown(), at(2_010 + 300)), Step::Fetch(Fetch::Enrollments));
    let listed = with_list(vec![listed("ours", EnrollmentStatus::Active, at(1))]);
    assert_eq!(decide(&desired(), &open, &listed, at(2_010 + 300)), Step::Mark(Marked::SendPin));
}

/// By marks, too: three calls without any answer may have been three mails.
#[test]
fn a_fourth_mail_within_a_day_waits_to_its_end() {
    let mut journal = activated(104);
    let listed = with_list(vec![listed("ours", EnrollmentStatus::Active, at(1))]);
    for n in 0..3 {
        let now = 3_000 + n * 400;
        assert_eq!(decide(&desired(), &journal, &listed, at(now)), Step::Mark(Marked::SendPin), "mail {n}");
        journal.mark(Marked::SendPin, at(now), None);
    }
    let waits = rest_of(decide(&desired(), &journal, &listed, at(4_200)));
    assert_eq!((waits.reason, waits.until), (Reason::PinLimitReached, Some(at(3_000 + DAY))));
    assert_eq!(
        rest_of(decide(&desired(), &journal, &listed, at(3_000 + DAY - 1))).reason,
        Reason::PinLimitReached
    );
    assert_eq!(decide(&desired(), &journal, &listed, at(3_000 + DAY)), Step::Mark(Marked::SendPin));
}

#[test]
fn a_mail_that_was_asked_for_again_counts_like_any_other() {
    let mut journal = finished(104);
    let decided = |journal: &Journal, now| decide(&desired(), journal, &shown(), at(now));
    assert_eq!(rest_of(decided(&journal, 2_020)).reason, Reason::Activated);
    for n in 2..=3 {
        journal.pin.resend = true;
        assert_eq!(decided(&journal, 2_020), Step::Mark(Marked::SendPin));
        journal.mark(Marked::SendPin, at(2_020), None);
        assert!(journal.record(Marked::SendPin, n, &Receipt::Done, 1, at(2_020 + i64::from(n))));
    }
    journal.pin.resend = true;
    assert_eq!(rest_of(decided(&journal, 2_050)).reason, Reason::PinLimitReached);
}

#[test]
fn okta_is_told_of_a_failed_order_once() {
    let mut journal = parcel(99, 2_000);
    assert_eq!(decide(&desired(), &journal, &shown(), at(2_000 + DAY)), Step::Run(Idempotent::MarkError));
    let unread = Observed { parcel: None, ..shown() };
    let at_rest = rest_of(decide(&desired(), &journal, &unread, at(2_000 + DAY)));
    assert_eq!(at_rest.reason, Reason::OrderFailed, "only as it was just read");
    journal.observe_marked_error();
    assert_eq!(rest_of(decide(&desired(), &journal, &shown(), at(2_000 + DAY))).reason, Reason::OrderFailed);
}
