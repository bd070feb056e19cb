//! What may come up at any moment: a bar on effects or on ordering stops what stands at the vendors half-way, too.

use super::*;
use crate::{
    failure::{Failure, Reason},
    plan::Idempotent,
};

/// Something that would go out if nothing barred it.
struct Ready {
    name: &'static str,
    desired: Desired,
    journal: Journal,
    seen: Observed,
    now: Timestamp,
    goes: Step,
}

fn looked(entries: Vec<ListedEnrollment>) -> Observed {
    Observed {
        user: Some(person(UserStatus::Active)),
        list: Some(EnrollmentList { at: at(0), entries }),
        checked: Some(Ok(())),
        parcel: Some(Observation::Shown(None)),
        ..Observed::default()
    }
}

fn ours(status: EnrollmentStatus) -> ListedEnrollment {
    listed("ours", status, at(1))
}

fn refused(retryable: bool) -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(10), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable }, 1, at(11)));
    journal
}

fn activated() -> Journal {
    let mut journal = parcel(104, 2_000);
    journal.observe_activation(at(2_001));
    journal
}

fn active_now(name: &'static str, journal: Journal, seen: Observed, seconds: i64, goes: Step) -> Ready {
    Ready { name, desired: desired(), journal, seen, now: at(seconds), goes }
}

/// Everything that enrols or orders.
fn orders() -> Vec<Ready> {
    let pending = || looked(vec![ours(EnrollmentStatus::Pending)]);
    let (enroll, order) = (Step::Mark(Marked::Enroll), Step::Mark(Marked::Order));
    let mut lost = Journal::default();
    lost.observe_user(&user(), &orgs());
    lost.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![] }));
    vec![
        active_now("nothing yet", Journal::default(), looked(vec![]), 20, enroll.clone()),
        active_now("an enrolment that was lost", lost, looked(vec![]), 300, enroll),
        active_now("enrolled, not yet ordered", enrolled(), pending(), 20, order.clone()),
        active_now("a refused order that may go again", refused(true), pending(), 20, order),
    ]
}

/// Everything else that changes something at the vendors.
fn others() -> Vec<Ready> {
    let pending = || looked(vec![ours(EnrollmentStatus::Pending)]);
    let discard = || Step::Mark(Marked::Discard);
    let older = listed("other", EnrollmentStatus::Pending, at(0));
    let second = looked(vec![ours(EnrollmentStatus::Pending), older]);
    let retry = Journal { retry: true, ..enrolled() };
    let unwanted = crate::journal::Unwanted { id: enrollment("ours"), mark: None };
    let unwanted = Journal { unwanted: Some(unwanted), ..enrolled() };
    let mut cancelled = ordered();
    cancelled.observe_cancel(true, at(20));
    cancelled.observe_missing(at(21));
    let deleting = || Desired { deleting: true, ..desired() };
    let failed = 2_000 + 86_400;
    vec![
        active_now("another one came first", enrolled(), second, 20, discard()),
        active_now("a retry", retry, pending(), 20, discard()),
        active_now("an answer that discards", unwanted, pending(), 20, discard()),
        active_now("cancelled, still enrolled", cancelled.clone(), pending(), 30, discard()),
        active_now("delivered", parcel(104, 2_000), looked(vec![]), 2_001, Step::Run(Idempotent::Activate)),
        active_now("activated", activated(), looked(vec![]), 2_002, Step::Mark(Marked::SendPin)),
        active_now(
            "failed for good",
            parcel(99, 2_000),
            looked(vec![]),
            failed,
            Step::Run(Idempotent::MarkError),
        ),
        Ready {
            desired: deleting(),
            ..active_now("deleted, ordered", ordered(), pending(), 30, Step::Run(Idempotent::Cancel))
        },
        Ready {
            desired: deleting(),
            ..active_now("deleted, enrolled", enrolled(), pending(), 30, discard())
        },
        Ready {
            desired: deleting(),
            ..active_now("deleted, cancelled", cancelled, pending(), 30, discard())
        },
    ]
}

fn blocked(reason: Reason) -> Failure {
    Failure::new(reason, "barred")
}

fn stopped(ready: &Ready, desired: &Desired) -> Reason {
    match decide(desired, &ready.journal, &ready.seen, ready.now) {
        Step::Idle(rest) => rest.reason,
        other => panic!("{}: {other:?} in spite of the bar", ready.name),
    }
}

#[test]
fn without_a_bar_each_of_them_goes() {
    for ready in orders().into_iter().chain(others()) {
        let step = decide(&ready.desired, &ready.journal, &ready.seen, ready.now);
        assert_eq!(step, ready.goes, "{}", ready.name);
    }
}

/// Suspended, a namespace that is no longer admitted, a connection that was bound elsewhere: at whatever point of
/// the road it comes up, nothing more goes out.
#[test]
fn a_bar_on_effects_stops_each_of_them_wherever_it_comes_up() {
    for reason in [Reason::Suspended, Reason::ForbiddenByConnection, Reason::NotOrderingCluster] {
        for ready in orders().into_iter().chain(others()) {
            // There another cluster owns the order: the resource goes, the vendors are not touched.
            if ready.desired.deleting && reason == Reason::NotOrderingCluster {
                continue;
            }
            let barred = Desired { effects_bar: Some(blocked(reason)), ..ready.desired.clone() };
            let said = stopped(&ready, &barred);
            let ended = [Reason::OrderCancelled, Reason::OrderFailed];
            assert!(said == reason || ended.contains(&said), "{}: {said}", ready.name);
        }
    }
}

#[test]
fn a_deletion_in_a_cluster_that_may_not_order_touches_nothing() {
    for ready in others().iter().filter(|ready| ready.desired.deleting) {
        let elsewhere = blocked(Reason::NotOrderingCluster);
        let desired = Desired { effects_bar: Some(elsewhere), ..ready.desired.clone() };
        let step = decide(&desired, &ready.journal, &ready.seen, ready.now);
        assert_eq!(step, Step::Release, "{}", ready.name);
    }
}

/// Between the enrolment and its order, too: the enrolment alone harms nobody.
#[test]
fn a_bar_on_ordering_stops_enrolling_and_ordering_alike() {
    for ready in orders() {
        let policy = Desired { order_bar: Some(blocked(Reason::ForbiddenByConnection)), ..desired() };
        assert_eq!(stopped(&ready, &policy), Reason::ForbiddenByConnection, "{}", ready.name);
        let early = Desired { existing_key: ExistingKey::OrderAnother(at(86_400)), ..desired() };
        assert_eq!(stopped(&ready, &early), Reason::AwaitingExistingKeyBefore, "{}", ready.name);
    }
}

#[test]
fn order_before_ends_ordering_at_its_moment_even_if_enrolled() {
    let before = |seconds| Desired { order_before: Some(at(seconds)), ..desired() };
    for ready in orders() {
        let moment = ready.now.as_second() - at(0).as_second();
        assert_eq!(stopped(&ready, &before(moment - 1)), Reason::OrderBeforePassed, "{}", ready.name);
        let in_time = decide(&before(moment), &ready.journal, &ready.seen, ready.now);
        assert_eq!(in_time, ready.goes, "{}", ready.name);
    }
}

fn half_way() -> Vec<Ready> {
    let mut unknown = enrolled();
    unknown.mark(Marked::Order, at(10), None);
    let search = Step::Fetch(Fetch::Search);
    let waits = active_now("an order without an answer", unknown, Observed::default(), 310, search);
    orders().into_iter().skip(1).chain(others()).chain([waits]).collect()
}

/// Another org's list lacks our enrolment and another organization answers 404: neither is news about ours, and what is
/// sent there meets somebody else. Before the order, too: the requests are for the organization they were made under.
#[test]
fn under_other_organizations_each_of_them_stops_before_it_looks() {
    let others = [
        Orgs { yubico: YubicoOrgId::new("y2").ok(), ..orgs() },
        Orgs { okta: OktaOrgId::new("00o2").ok(), ..orgs() },
    ];
    for orgs in others {
        for ready in half_way() {
            let desired = Desired { orgs: orgs.clone(), ..ready.desired.clone() };
            assert_eq!(stopped(&ready, &desired), Reason::ConnectionChanged, "{}", ready.name);
            let unread = Ready { seen: Observed::default(), ..ready };
            assert_eq!(stopped(&unread, &desired), Reason::ConnectionChanged, "{}", unread.name);
        }
    }
}

#[test]
fn an_organization_that_is_not_shown_contradicts_nothing() {
    for ready in half_way() {
        let desired = Desired { orgs: Orgs::default(), ..ready.desired.clone() };
        let step = decide(&desired, &ready.journal, &ready.seen, ready.now);
        assert_eq!(step, ready.goes, "{}", ready.name);
    }
}

/// Refused or removed: the next attempt is made under the organizations of today, and the status names those.
#[test]
fn where_nothing_of_ours_stands_other_organizations_are_as_good() {
    let mut refused = enrolled();
    refused.enrollment = crate::journal::Enrollment::Discarded(1);
    let desired = Desired { orgs: Orgs { yubico: YubicoOrgId::new("y2").ok(), ..orgs() }, ..desired() };
    assert_eq!(decide(&desired, &refused, &looked(vec![]), at(20)), Step::Mark(Marked::Enroll));
    refused.observe_user(&user(), &desired.orgs);
    assert_eq!(refused.orgs.as_ref(), Some(&desired.orgs));
}

#[test]
fn orphan_lets_go_under_other_organizations_too() {
    let desired = Desired {
        orgs: Orgs { yubico: YubicoOrgId::new("y2").ok(), ..orgs() },
        deleting: true,
        on_delete: OnDelete::Orphan,
        ..desired()
    };
    assert_eq!(decide(&desired, &ordered(), &Observed::default(), at(20)), Step::Release);
}

/// What is under way goes on: only ordering is barred, and the person waits for the parcel.
#[test]
fn a_bar_on_ordering_stops_nothing_that_was_ordered() {
    for ready in others() {
        let policy = blocked(Reason::ForbiddenByConnection);
        let barred = Desired { order_bar: Some(policy), order_before: Some(at(-1)), ..ready.desired.clone() };
        let step = decide(&barred, &ready.journal, &ready.seen, ready.now);
        let may_wait = ready.name == "another one came first";
        assert!(step == ready.goes || may_wait, "{}: {step:?}", ready.name);
    }
}

/// The person changed between enrolment and order.
#[test]
fn the_person_is_looked_at_again_before_the_order() {
    let read = |user| Observed { user, ..looked(vec![ours(EnrollmentStatus::Pending)]) };
    let journal = enrolled();
    assert_eq!(decide(&desired(), &journal, &read(None), at(20)), Step::Fetch(Fetch::User));
    for status in [UserStatus::Suspended, UserStatus::Deprovisioned] {
        let Step::Idle(rest) = decide(&desired(), &journal, &read(Some(person(status.clone()))), at(20))
        else {
            panic!("ordered for a user who is {status:?}");
        };
        assert_eq!(rest.reason, Reason::UserNotEligible);
    }
    let gone = decide(&desired(), &journal, &read(Some(Person::Unknown)), at(20));
    assert!(matches!(gone, Step::Idle(rest) if rest.reason == Reason::UserNotFound));
    let fault = Failure::new(Reason::InvalidRecipient, "no street");
    let seen = Observed { recipient_fault: Some(fault), ..read(Some(person(UserStatus::Active))) };
    let faulty = decide(&desired(), &journal, &seen, at(20));
    assert!(matches!(faulty, Step::Idle(rest) if rest.reason == Reason::InvalidRecipient));
}
