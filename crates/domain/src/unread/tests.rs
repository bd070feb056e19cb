use jiff::Timestamp;

use super::*;
use crate::{
    failure::Failure,
    ids::UserId,
    plan::{Idle, ObservedUser, Person},
    summary::{End, Phase, Ready, note_end, said, summarise},
    vendor_states::UserStatus,
};

const READ: [Reason; 8] = [
    Reason::InvalidRecipient,
    Reason::UserNotFound,
    Reason::UserNotEligible,
    Reason::UserForbidden,
    Reason::AddressUndeliverable,
    Reason::OutOfStock,
    Reason::AnotherOrderForUser,
    Reason::OrderCancelled,
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn rest(reason: Reason, message: &str) -> End {
    End::Idle(Idle { reason, message: message.into(), until: None, pin: false })
}

fn failed(reason: Reason) -> End {
    End::Failed(Failure::new(reason, "A read failed."))
}

fn held(reason: Reason, message: &str) -> Journal {
    let mut journal = Journal::default();
    note_end(&mut journal, &rest(reason, message), 1, "aaa111", at(1));
    journal
}

/// One more pass, as the driver ends it.
fn pass(journal: &mut Journal, seen: &Observed, end: &End, generation: i64) -> (Phase, Reason, bool) {
    end_by_reads(journal, seen, generation);
    note_end(journal, end, generation, "bbb222", at(2));
    if let End::Idle(rest) = end {
        note_origin(journal, rest, seen);
    }
    let summary = summarise(journal, &said(journal, end, false), false);
    let Ready::Is(_, reason, _) = summary.ready else { panic!("nothing is ordered") };
    (summary.phase, reason, summary.stalled)
}

fn read_well() -> Observed {
    let user = ObservedUser { id: UserId::new("00u1").expect("valid"), status: UserStatus::Active };
    Observed { user: Some(Person::Found(user)), checked: Some(Ok(())), ..Observed::default() }
}

#[test]
fn a_failed_read_replaces_nothing_that_a_person_must_do() {
    let fails = [
        Reason::RateLimited,
        Reason::OktaUnavailable,
        Reason::YubicoUnavailable,
        Reason::RecipientSourceUnavailable,
        Reason::UnreadableAnswer,
        Reason::ObjectUnread,
    ];
    for reason in READ {
        let mut journal = held(reason, "Do this.");
        let first = journal.hold.clone();
        for fail in fails {
            let read = pass(&mut journal, &Observed::default(), &failed(fail), 1);
            let phase = if reason == Reason::OrderCancelled { Phase::Cancelled } else { Phase::Held };
            assert_eq!(read, (phase, reason, true), "{reason} after {fail}");
            assert_eq!(journal.hold, first, "{reason} after {fail}: id, time and words");
        }
    }
}

#[test]
fn what_is_told_before_anything_is_read_replaces_nothing_either() {
    for told in [Reason::TooManyOpenOrders, Reason::ConnectionNotReady, Reason::ProductUnknown] {
        let mut journal = held(Reason::InvalidRecipient, "Do this.");
        let first = journal.hold.clone();
        let read = pass(&mut journal, &Observed::default(), &rest(told, "Wait."), 1);
        assert_eq!(read, (Phase::Held, Reason::InvalidRecipient, true), "{told}");
        assert_eq!(journal.hold, first);
    }
    let mut journal = held(Reason::InvalidRecipient, "Do this.");
    let read = pass(&mut journal, &Observed::default(), &rest(Reason::Suspended, "Suspended."), 1);
    assert_eq!((read.1, journal.hold), (Reason::Suspended, None), "a person said so");
}

#[test]
fn a_read_that_found_it_in_order_or_a_changed_spec_ends_it() {
    for reason in READ.into_iter().filter(|reason| *reason != Reason::OrderCancelled) {
        // Of another shipment, Okta's answer tells nothing: what is done next does.
        if reason != Reason::AnotherOrderForUser {
            let mut journal = held(reason, "Do this.");
            let read = pass(&mut journal, &read_well(), &failed(Reason::OktaUnavailable), 1);
            assert_eq!(read, (Phase::Pending, Reason::OktaUnavailable, false), "{reason}");
        }
        let mut journal = held(reason, "Do this.");
        let read = pass(&mut journal, &Observed::default(), &failed(Reason::OktaUnavailable), 2);
        assert_eq!(read, (Phase::Pending, Reason::OktaUnavailable, false), "{reason} of an older spec");
    }
}

#[test]
fn an_address_is_judged_by_its_own_read_and_a_policy_by_its_groups() {
    let only_the_user = Observed { checked: None, ..read_well() };
    for reason in [Reason::AddressUndeliverable, Reason::OutOfStock] {
        let mut journal = held(reason, "Do this.");
        let read = pass(&mut journal, &only_the_user, &failed(Reason::YubicoUnavailable), 1);
        assert_eq!(read, (Phase::Held, reason, true));
    }
    // The words are the connection's owner's business: no hold is known by them.
    let forbidden = Failure::new(Reason::ForbiddenByConnection, "Ask the owner.");
    let denied = Observed { recipient_fault: Some(forbidden), ..only_the_user };
    let mut groups = Journal::default();
    pass(&mut groups, &denied, &rest(Reason::ForbiddenByConnection, "Ask the owner."), 1);
    for unread in [Reason::OktaUnavailable, Reason::RateLimited, Reason::OktaUnavailable] {
        let read = pass(&mut groups, &Observed::default(), &failed(unread), 1);
        assert_eq!(read, (Phase::Held, Reason::ForbiddenByConnection, true));
    }
    // Another policy took its place: that one needs no read.
    pass(
        &mut groups,
        &Observed::default(),
        &rest(Reason::ForbiddenByConnection, "Not from this namespace."),
        1,
    );
    let read = pass(&mut groups, &Observed::default(), &failed(Reason::OktaUnavailable), 1);
    assert_eq!(read.1, Reason::OktaUnavailable);
    // Where a read was begun, policies that need none are satisfied.
    for over in [Reason::ForbiddenByConnection, Reason::UnknownKeyModel, Reason::SpecUnreadable] {
        let mut journal = held(over, "Ask the owner.");
        let read = pass(&mut journal, &Observed::default(), &failed(Reason::OktaUnavailable), 1);
        assert_eq!(read.1, Reason::OktaUnavailable, "{over}");
    }
}

#[test]
fn a_fault_of_the_connection_is_news_for_whom_it_denied_only() {
    let auth = failed(Reason::OktaUnauthorized);
    let mut denied = held(Reason::UserForbidden, "Do this.");
    assert_eq!(pass(&mut denied, &Observed::default(), &auth, 1).1, Reason::OktaUnauthorized);
    let mut other = held(Reason::InvalidRecipient, "Do this.");
    assert_eq!(pass(&mut other, &Observed::default(), &auth, 1).1, Reason::InvalidRecipient);
}

#[test]
fn what_a_read_finds_as_it_was_keeps_its_hold_under_the_same_id() {
    let user = |status| Person::Found(ObservedUser { id: UserId::new("00u1").expect("valid"), status });
    for (reason, person) in [
        (Reason::UserNotFound, Person::Unknown),
        (Reason::UserNotEligible, user(UserStatus::Suspended)),
        (Reason::UserNotEligible, user(UserStatus::Deprovisioned)),
        (Reason::AnotherOrderForUser, user(UserStatus::Active)),
    ] {
        let mut journal = held(reason, "Do this.");
        let first = journal.hold.clone();
        let seen = Observed { user: Some(person), ..Observed::default() };
        for end in [rest(reason, "Do this."), failed(Reason::RateLimited)] {
            pass(&mut journal, &seen, &end, 1);
            assert_eq!(journal.hold, first, "{reason}");
        }
    }
}
