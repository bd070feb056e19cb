//! Two resources with one order or enrolment, and the place in the line of a person's shipments.

use super::*;
use crate::{
    failure::Reason,
    journal::Hold,
    plan::{Claimed, Idempotent, Idle, Rival, Search, Shared},
    summary::{End, note_end},
};

fn with(
    journal: &Journal,
    seen: &Observed,
    rival: Option<Rival<'_>>,
    claimed: Option<Claimed<'_>>,
    now: i64,
) -> Step {
    of(&desired(), journal, seen, rival, claimed, now)
}

fn of(
    desired: &Desired,
    journal: &Journal,
    seen: &Observed,
    rival: Option<Rival<'_>>,
    claimed: Option<Claimed<'_>>,
    now: i64,
) -> Step {
    let now = at(now);
    plan(&Situation {
        desired,
        journal,
        seen,
        saved: true,
        last_look: now,
        look_now: false,
        use_look: NEVER_ASKED,
        rival,
        claimed,
        now,
    })
}

const ENROLMENT: Option<Claimed<'static>> = Some(Claimed { name: "b/kim", what: Shared::Enrollment });
const ORDER: Option<Claimed<'static>> = Some(Claimed { name: "b/kim", what: Shared::Order });

fn looked(entries: Vec<ListedEnrollment>) -> Observed {
    Observed {
        user: Some(person(UserStatus::Active)),
        list: Some(EnrollmentList { at: at(0), entries }),
        checked: Some(Ok(())),
        ..Observed::default()
    }
}

fn pending() -> Observed {
    looked(vec![listed("ours", EnrollmentStatus::Pending, at(1))])
}

#[test]
fn an_enrolment_that_two_have_is_neither_ordered_with_nor_discarded() {
    let journal = enrolled();
    assert_eq!(with(&journal, &pending(), None, None, 5), Step::Mark(Marked::Order));
    let rest = rest_of(with(&journal, &pending(), None, ENROLMENT, 5));
    assert_eq!(rest.reason, Reason::ClaimedTwice);
    assert!(rest.message.contains("b/kim") && rest.message.contains("enrolment"), "{}", rest.message);
    assert!(rest.message.contains("Orphan"), "the way out is named: {}", rest.message);
    let retried = Journal { retry: true, ..journal };
    assert_eq!(with(&retried, &pending(), None, None, 5), Step::Mark(Marked::Discard));
    assert_eq!(rest_of(with(&retried, &pending(), None, ENROLMENT, 5)).reason, Reason::ClaimedTwice);
}

#[test]
fn an_order_that_two_have_is_neither_searched_for_nor_taken_over() {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(9), None);
    let later = 9 + 600;
    assert_eq!(with(&journal, &Observed::default(), None, None, later), Step::Fetch(Fetch::Search));
    assert_eq!(
        rest_of(with(&journal, &Observed::default(), None, ENROLMENT, later)).reason,
        Reason::ClaimedTwice
    );
    journal.adoption = ShipmentId::new("s1").ok().map(|shipment| crate::journal::Adoption {
        shipment,
        since: at(9),
        by_person: true,
    });
    let seen = Observed { search: Some(Search::Undecided), ..pending() };
    assert_eq!(with(&journal, &seen, None, None, later), Step::Fetch(Fetch::Adoption));
    assert_eq!(rest_of(with(&journal, &seen, None, ENROLMENT, later)).reason, Reason::ClaimedTwice);
}

#[test]
fn an_order_that_two_have_is_followed_on_and_no_effect_goes_out() {
    let journal = parcel(104, 20);
    let seen = Observed { parcel: Some(Observation::Shown(None)), ..pending() };
    assert_eq!(with(&journal, &seen, None, None, 30), Step::Run(Idempotent::Activate));
    let rest = rest_of(with(&journal, &seen, None, ORDER, 30));
    assert_eq!(rest.reason, Reason::ClaimedTwice);
    assert!(rest.message.contains("order"), "{}", rest.message);
    assert!(rest.until.is_some(), "it is followed on");
    let waiting = rest_of(with(&ordered(), &Observed::default(), None, ORDER, 30));
    assert_eq!(waiting.reason, Reason::ClaimedTwice, "it is said before an effect is due");
}

#[test]
fn a_deletion_of_what_two_have_cancels_nothing_and_may_let_go() {
    let leaving = Desired { deleting: true, ..desired() };
    let seen = Observed { parcel: Some(Observation::Shown(None)), ..pending() };
    let journal = ordered();
    assert_eq!(of(&leaving, &journal, &seen, None, None, 30), Step::Run(Idempotent::Cancel));
    let rest = rest_of(of(&leaving, &journal, &seen, None, ORDER, 30));
    assert_eq!(rest.reason, Reason::ClaimedTwice);
    assert!(rest.message.contains("deletionPolicy Orphan"), "{}", rest.message);
    let orphan = Desired { on_delete: crate::desired::OnDelete::Orphan, ..leaving };
    assert_eq!(of(&orphan, &journal, &seen, None, ORDER, 30), Step::Release);
}

#[test]
fn a_shipment_at_its_end_says_nothing_of_a_copy() {
    let mut journal = parcel(104, 20);
    journal.observe_activation(at(21));
    journal.observe_pin_used(at(22));
    let step = with(&journal, &Observed::default(), None, ORDER, 30);
    assert_eq!(rest_of(step).reason, Reason::Activated);
}

fn ended(journal: &Journal, rest: Idle) -> Hold {
    let mut journal = journal.clone();
    note_end(&mut journal, &End::Idle(rest), 1, "abc234", at(50));
    journal.hold.expect("it is held")
}

#[test]
fn behind_one_that_is_only_older_nobody_is_asked_and_it_goes_on_by_itself() {
    let older = Some(Rival { name: "a/kim", begun: false });
    let journal = Journal::default();
    let rest = rest_of(with(&journal, &looked(vec![]), older, None, 5));
    assert_eq!(rest.reason, Reason::AnotherOrderForUser);
    let hold = ended(&journal, rest);
    assert!(hold.choices.is_empty() && !hold.is_lasting());
    let later = Journal { hold: Some(hold), ..journal };
    assert_eq!(with(&later, &looked(vec![]), None, None, 60), Step::Mark(Marked::Enroll));
}

#[test]
fn behind_one_that_has_begun_a_person_is_asked() {
    let begun = Some(Rival { name: "a/kim", begun: true });
    let journal = Journal::default();
    let hold = ended(&journal, rest_of(with(&journal, &looked(vec![]), begun, None, 5)));
    assert!(!hold.choices.is_empty() && hold.is_lasting());
    let later = Journal { hold: Some(hold), ..journal };
    assert_eq!(rest_of(with(&later, &looked(vec![]), None, None, 60)).reason, Reason::AnotherOrderForUser);
}

/// Ours was removed at the second look, because somebody else's was there first: that one may be gone by now.
#[test]
fn one_whose_enrolment_was_removed_waits_for_a_person_behind_whomever() {
    let mut journal = enrolled();
    journal.mark(Marked::Discard, at(2), None);
    assert!(journal.record(Marked::Discard, 1, &Receipt::Done, 1, at(3)));
    let older = Some(Rival { name: "a/kim", begun: false });
    assert!(ended(&journal, rest_of(with(&journal, &looked(vec![]), older, None, 5))).is_lasting());
    let answered = Journal { retry: true, ..journal };
    assert!(!ended(&answered, rest_of(with(&answered, &looked(vec![]), older, None, 5))).is_lasting());
}
