//! At the end of the road: whether the person uses the key is asked, and what bars, holds or ends that.

use super::*;
use crate::{
    failure::{Failure, Reason},
    first_use::{Lookout, UseSeen},
    plan::{Claimed, Shared},
    summary::{self, End},
};

const DAY: i64 = 86_400;

/// Delivered, activated, the PIN mailed.
fn finished() -> Journal {
    let mut journal = parcel(104, 2_000);
    journal.observe_activation(at(2_001));
    journal.mark(Marked::SendPin, at(2_010), None);
    assert!(journal.record(Marked::SendPin, 1, &Receipt::Done, 1, at(2_011)));
    journal
}

fn watching() -> Desired {
    Desired { first_use: true, ..desired() }
}

fn list(pin: Option<bool>) -> EnrollmentList {
    let mut entry = listed("ours", EnrollmentStatus::Active, at(1));
    entry.preset_pin_available = pin;
    EnrollmentList { at: at(0), entries: vec![entry] }
}

/// One decision of a process that last looked then.
fn after_look(
    desired: &Desired,
    journal: &Journal,
    seen: &Observed,
    use_look: LastUseLook,
    now: Timestamp,
) -> Step {
    plan(&Situation {
        desired,
        journal,
        seen,
        saved: true,
        last_look: now,
        look_now: false,
        use_look,
        rival: None,
        claimed: None,
        now,
    })
}

/// The first moment of looking for the key of [`finished`].
fn first_moment() -> Timestamp {
    let rest = rest_of(decide(&watching(), &finished(), &Observed::default(), at(2_020)));
    rest.until.expect("it is looked for")
}

#[test]
fn ninety_days_of_a_key_that_nobody_uses_are_so_many_looks_and_no_write() {
    let desired = watching();
    let mut journal = finished();
    let before = journal.clone();
    let (mut now, mut last, mut days) = (at(2_020), LastUseLook::at(at(0)), Vec::new());
    for _ in 0..200 {
        let mut seen = Observed::default();
        let mut step = after_look(&desired, &journal, &seen, last, now);
        if step == Step::Fetch(Fetch::FirstUse) {
            seen.first_use = journal.observe_first_use(&list(Some(true)), now);
            last = LastUseLook::at(now);
            days.push(now.duration_since(at(2_011)).as_secs() / DAY);
            step = after_look(&desired, &journal, &seen, last, now);
        }
        let rest = rest_of(step);
        assert_eq!(rest.reason, Reason::Activated);
        summary::note_end(&mut journal, &End::Idle(rest.clone()), 1, "abc234", now);
        assert_eq!(journal, before, "nothing is written because time passed");
        let Some(next) = rest.until else { break };
        now = next;
    }
    assert_eq!(days[..14], (0..14).collect::<Vec<_>>());
    assert!(days[13..].windows(2).all(|pair| (1..=7).contains(&(pair[1] - pair[0]))), "{days:?}");
    assert!((24..=25).contains(&days.len()) && days.iter().all(|day| *day < 90), "{days:?}");
    assert!(now.duration_since(at(2_011)).as_secs() >= 90 * DAY, "its end is a moment too");
}

#[test]
fn a_first_use_that_was_seen_is_looked_for_no_more() {
    let mut journal = finished();
    let moment = first_moment();
    let last = LastUseLook::at(at(0));
    assert_eq!(
        after_look(&watching(), &journal, &Observed::default(), last, moment),
        Step::Fetch(Fetch::FirstUse)
    );
    assert_eq!(journal.observe_first_use(&list(Some(false)), moment), Some(UseSeen::Used));
    let rest = rest_of(after_look(&watching(), &journal, &Observed::default(), last, moment));
    assert_eq!((rest.reason, rest.until), (Reason::Activated, None));
    let asked = LastUseLook { asked: true, ..last };
    assert!(matches!(after_look(&watching(), &journal, &Observed::default(), asked, moment), Step::Idle(_)));
}

#[test]
fn nobody_is_asked_about_where_it_is_off_barred_or_being_deleted() {
    let barred = |reason| Some(Failure::new(reason, "It is barred."));
    let off = desired();
    let suspended = Desired { effects_bar: barred(Reason::Suspended), ..watching() };
    let elsewhere = Desired { effects_bar: barred(Reason::NotOrderingCluster), ..watching() };
    let forbidden = Desired { effects_bar: barred(Reason::ForbiddenByConnection), ..watching() };
    let moment = first_moment();
    for last in [LastUseLook::at(at(0)), LastUseLook { asked: true, ..LastUseLook::at(at(0)) }] {
        for desired in [&off, &suspended, &elsewhere, &forbidden] {
            let rest = rest_of(after_look(desired, &finished(), &Observed::default(), last, moment));
            assert_eq!((rest.reason, rest.until), (Reason::Activated, None));
        }
        let deleted = Desired { deleting: true, ..watching() };
        let step = after_look(&deleted, &finished(), &Observed::default(), last, moment);
        assert_ne!(step, Step::Fetch(Fetch::FirstUse));
        let other = Desired { orgs: Orgs { okta: OktaOrgId::new("00o2").ok(), ..orgs() }, ..watching() };
        let step = after_look(&other, &finished(), &Observed::default(), last, moment);
        assert_eq!(rest_of(step).reason, Reason::ConnectionChanged);
    }
    let bought_later = Desired { order_bar: barred(Reason::TooManyOpenOrders), ..watching() };
    let last = LastUseLook::at(at(0));
    let step = after_look(&bought_later, &finished(), &Observed::default(), last, moment);
    assert_eq!(step, Step::Fetch(Fetch::FirstUse), "what stops new orders stops no look");
}

#[test]
fn before_the_end_of_the_road_nobody_is_asked_about() {
    let asked = LastUseLook { asked: true, ..LastUseLook::at(at(0)) };
    let mut resend = finished();
    resend.pin.resend = true;
    for journal in [ordered(), parcel(103, 2_000), parcel(104, 2_000), resend] {
        let seen = Observed { parcel: Some(Observation::Shown(None)), ..Observed::default() };
        let step = after_look(&watching(), &journal, &seen, asked, at(3 * DAY));
        assert_ne!(step, Step::Fetch(Fetch::FirstUse), "{step:?}");
    }
}

#[test]
fn whether_a_key_that_was_lost_is_used_is_asked_too() {
    let asked = LastUseLook { asked: true, ..LastUseLook::at(at(0)) };
    for (state, reason) in
        [(105, Reason::ParcelLost), (107, Reason::OrderFailed), (4_242, Reason::UnknownState)]
    {
        let mut journal = finished();
        journal.observe_parcel(ParcelState::from_id(state), &Programmed::NotYet, &[], at(3_000));
        let mut seen = Observed { parcel: Some(Observation::Shown(None)), ..Observed::default() };
        let now = at(3_001);
        assert_eq!(after_look(&watching(), &journal, &seen, asked, now), Step::Fetch(Fetch::FirstUse));
        seen.first_use = Some(UseSeen::NotYet);
        let rest = rest_of(after_look(&watching(), &journal, &seen, asked, now));
        assert_eq!(rest.reason, reason, "what it is told for stays");
        assert!(rest.until.is_some_and(|until| until > now));
    }
}

#[test]
fn what_waits_for_a_person_keeps_its_own_re_check() {
    let mut journal = finished();
    journal.pin.resend = true;
    let seen = Observed { user: Some(person(UserStatus::Suspended)), ..Observed::default() };
    let rest = rest_of(after_look(&watching(), &journal, &seen, LastUseLook::at(at(0)), at(3_001)));
    assert_eq!((rest.reason, rest.until), (Reason::UserNotEligible, None));
}

#[test]
fn a_parcel_that_is_still_followed_is_read_at_its_own_moments() {
    let mut journal = parcel(103, 2_000);
    journal.observe_activation(at(2_001));
    journal.mark(Marked::SendPin, at(2_010), None);
    assert!(journal.record(Marked::SendPin, 1, &Receipt::Done, 1, at(2_011)));
    let poll = rest_of(decide(&desired(), &journal, &Observed::default(), at(2_020))).until.expect("polled");
    let both = rest_of(decide(&watching(), &journal, &Observed::default(), at(2_020))).until.expect("both");
    assert!(both <= poll, "the earlier of the two: {both} and {poll}");
    let look =
        Lookout::of(&journal).and_then(|lookout| lookout.next(at(2_020), NEVER_ASKED)).expect("a look");
    assert_eq!(both, poll.min(look));
}

#[test]
fn a_look_in_a_pass_is_made_once_whatever_it_gave() {
    let moment = first_moment();
    let last = LastUseLook { asked: true, ..LastUseLook::at(at(0)) };
    for gave in [UseSeen::NotYet, UseSeen::NotTold, UseSeen::Unread] {
        let seen = Observed { first_use: Some(gave), ..Observed::default() };
        let rest = rest_of(after_look(&watching(), &finished(), &seen, last, moment));
        assert_eq!(rest.reason, Reason::Activated, "a failed look fails nothing: {gave:?}");
        assert!(rest.until.is_some_and(|until| until > moment), "{gave:?}");
    }
}

#[test]
fn what_two_shipments_claim_is_looked_at_and_neither_is_told_off_for_it() {
    let claimed = Claimed { name: "another", what: Shared::Enrollment };
    let (journal, desired, moment) = (finished(), watching(), first_moment());
    let next = |seen: &Observed| {
        plan(&Situation {
            desired: &desired,
            journal: &journal,
            seen,
            saved: true,
            last_look: moment,
            look_now: false,
            use_look: LastUseLook::at(at(0)),
            rival: None,
            claimed: Some(claimed),
            now: moment,
        })
    };
    assert_eq!(next(&Observed::default()), Step::Fetch(Fetch::FirstUse));
    let seen = Observed { first_use: Some(UseSeen::NotYet), ..Observed::default() };
    assert_eq!(rest_of(next(&seen)).reason, Reason::Activated);
}
