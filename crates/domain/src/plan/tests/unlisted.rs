//! A list of enrolments that lags: nothing is ordered before it shows ours, and nobody is asked while it may lag.

use super::*;
use crate::{
    failure::{Failure, Reason},
    journal::{Enrollment, Order},
};

fn refused() -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(10), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable: true }, 1, at(11)));
    journal
}

#[test]
fn an_enrolment_that_the_list_does_not_show_yet_is_waited_for_and_then_ordered() {
    let journal = enrolled();
    let waits = rest_of(decide(&desired(), &journal, &shown(vec![]), at(3)));
    assert_eq!((waits.reason, waits.until), (Reason::EnrollmentNotListed, Some(at(5))));
    assert_eq!(waits.reason.kind(), crate::failure::Kind::Waiting, "no hold, and no failure that grows");
    for shows in [5, 60, 899] {
        let seen = shown(vec![pending("ours", 1)]);
        assert_eq!(decide(&desired(), &journal, &seen, at(shows)), Step::Mark(Marked::Order), "at {shows} s");
    }
}

#[test]
fn the_looks_become_rarer_and_are_few() {
    let journal = enrolled();
    let (mut now, mut looks) = (3, Vec::new());
    loop {
        let rest = rest_of(decide(&desired(), &journal, &shown(vec![]), at(now)));
        if rest.reason != Reason::EnrollmentNotListed {
            assert_eq!(rest.reason, Reason::StatusBehindVendors);
            break;
        }
        let next = rest.until.expect("a time").as_second() - at(0).as_second();
        assert!(next > now, "a look has its time: {next} after {now}");
        looks.push(next - now);
        now = next;
    }
    assert_eq!(now, 900, "the last look is when the requests have expired");
    assert!(looks.len() <= 16, "{looks:?}");
    assert_eq!(looks[..4], [2, 4, 8, 16], "{looks:?}");
    assert!(looks.iter().all(|wait| (1..=120).contains(wait)), "{looks:?}");
}

#[test]
fn nothing_is_ordered_whatever_else_a_list_without_ours_shows() {
    let overlooks = Desired { existing_key: ExistingKey::OrderAnother(at(-60)), ..desired() };
    let errored = listed("other", EnrollmentStatus::Errored, at(-5));
    let timeless = ListedEnrollment { created: None, ..pending("other", 0) };
    let lists = [
        ("nothing", vec![]),
        ("an older one", vec![pending("other", -5)]),
        ("an active one", vec![listed("other", EnrollmentStatus::Active, at(-5))]),
        ("an errored one", vec![errored]),
        ("one of the same moment", vec![pending("other", 1)]),
        ("one without a time", vec![timeless]),
        ("one that existingKeyBefore overlooks", vec![pending("old", -61)]),
    ];
    for (what, entries) in lists {
        for (journal, how) in [(enrolled(), "never ordered"), (refused(), "refused for a while")] {
            let rest = rest_of(decide(&overlooks, &journal, &shown(entries.clone()), at(30)));
            assert_eq!(rest.reason, Reason::EnrollmentNotListed, "{what}, {how}");
        }
    }
}

#[test]
fn once_ours_is_shown_beside_an_older_one_it_is_removed() {
    let both = shown(vec![pending("other", -5), pending("ours", 1)]);
    assert_eq!(decide(&desired(), &enrolled(), &both, at(30)), Step::Mark(Marked::Discard));
}

#[test]
fn a_list_that_shows_what_came_later_but_not_ours_does_not_lag() {
    // Okta can have made ours up to the time-out and ten seconds after the mark.
    let waits = rest_of(decide(&desired(), &enrolled(), &shown(vec![pending("later", 40)]), at(60)));
    assert_eq!(waits.reason, Reason::EnrollmentNotListed);
    let held = rest_of(decide(&desired(), &enrolled(), &shown(vec![pending("later", 41)]), at(60)));
    assert_eq!((held.reason, held.until), (Reason::StatusBehindVendors, None));
    assert!(held.message.contains("newer") && held.message.contains("(later)"), "{}", held.message);
}

#[test]
fn after_the_fifteen_minutes_the_hold_says_what_the_list_shows() {
    let late = |seen: &Observed| decide(&desired(), &enrolled(), seen, at(900));
    assert_eq!(late(&Observed::default()), Step::Fetch(Fetch::Enrollments), "the list is read for it once");
    let cases = [
        (vec![], "does not show"),
        (vec![pending("other", 400)], "does not show"),
        (vec![pending("ours", 1)], "no order was marked"),
        (vec![listed("ours", EnrollmentStatus::Active, at(1))], "is not pending"),
        (vec![listed("ours", EnrollmentStatus::Errored, at(1))], "is not pending"),
    ];
    for (entries, says) in cases {
        let held = rest_of(late(&shown(entries)));
        assert_eq!((held.reason, held.until), (Reason::StatusBehindVendors, None));
        assert!(held.message.contains(says), "{says}: {}", held.message);
    }
    let refused = rest_of(decide(&desired(), &refused(), &shown(vec![]), at(900)));
    assert_eq!(refused.reason, Reason::OrderRefused, "it was shown once, and refused");
}

#[test]
fn what_bars_ordering_bars_the_wait_too() {
    let suspended = Failure::new(Reason::Suspended, "spec.suspend is set.");
    let barred = Desired { effects_bar: Some(suspended), ..desired() };
    assert_eq!(rest_of(decide(&barred, &enrolled(), &shown(vec![]), at(3))).reason, Reason::Suspended);
    let too_late = Desired { order_before: Some(at(2)), ..desired() };
    assert_eq!(
        rest_of(decide(&too_late, &enrolled(), &shown(vec![]), at(3))).reason,
        Reason::OrderBeforePassed
    );
}

#[test]
fn what_is_given_up_before_it_is_listed_is_removed_all_the_same() {
    let given_up = Journal { order: Order::Cancelled(1, at(9), None), ..enrolled() };
    assert_eq!(decide(&desired(), &given_up, &shown(vec![]), at(30)), Step::Mark(Marked::Discard));
    let later = decide(&desired(), &given_up, &shown(vec![]), at(900));
    assert_eq!(rest_of(later).reason, Reason::OrderCancelled, "by then it is gone");
    let retry = Journal { retry: true, ..enrolled() };
    assert_eq!(decide(&desired(), &retry, &shown(vec![]), at(30)), Step::Mark(Marked::Discard));
    let deleting = Desired { deleting: true, ..desired() };
    assert_eq!(decide(&deleting, &enrolled(), &shown(vec![]), at(30)), Step::Mark(Marked::Discard));
}

#[test]
fn a_removal_without_an_answer_is_repeated_while_the_list_may_lag() {
    let deleting = Desired { deleting: true, ..desired() };
    let mut journal = enrolled();
    journal.mark(Marked::Discard, at(20), None);
    assert!(journal.record(Marked::Discard, 1, &Receipt::Unknown, 1, at(21)));
    let list = EnrollmentList { at: at(30), entries: vec![] };
    journal.observe_list(&list, at(30));
    assert_eq!(decide(&deleting, &journal, &shown(vec![]), at(30)), Step::Mark(Marked::Discard));
    journal.observe_list(&list, at(900));
    assert_eq!(journal.enrollment, Enrollment::Discarded(1));
    assert_eq!(decide(&deleting, &journal, &shown(vec![]), at(900)), Step::Release);
}
