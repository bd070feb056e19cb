//! Ninety days in milliseconds: when people's lists are read, what they tell, and what is said of it.

use proptest::prelude::*;

use super::*;
use crate::{
    desired::Orgs,
    ids::{EnrollmentId, KeyId, RpId, Sealed, ShipmentId, UserId},
    journal::{Marked, Receipt},
    vendor_states::{ListedEnrollment, NewEnrollment},
};

/// 2027-01-15, 08:00 UTC.
const DELIVERED: i64 = 1_800_000_000;
const DAYS: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(DELIVERED + seconds).expect("in range")
}

/// Delivered and activated at second 0, the PIN mailed a moment later.
fn finished(user: &str) -> Journal {
    let mut journal = Journal::default();
    journal.observe_user(&UserId::new(user).expect("valid"), &Orgs::default());
    journal.mark(Marked::Enroll, at(-200_000), None);
    let made = NewEnrollment {
        id: EnrollmentId::new("ours").expect("valid"),
        key_id: KeyId::new("k").expect("valid"),
        pin_request: Sealed::new("p"),
        credential_request: Sealed::new("c"),
    };
    let made = Receipt::Enrolled(made, RpId::new("acme.com").expect("valid"));
    assert!(journal.record(Marked::Enroll, 1, &made, 1, at(-199_999)));
    journal.mark(Marked::Order, at(-199_998), None);
    let id = Receipt::Ordered(ShipmentId::new("s1").expect("valid"));
    assert!(journal.record(Marked::Order, 1, &id, 1, at(-199_997)));
    journal.times.delivered = Some(at(0));
    journal.observe_activation(at(0));
    journal.mark(Marked::SendPin, at(1), None);
    assert!(journal.record(Marked::SendPin, 1, &Receipt::Done, 1, at(2)));
    journal
}

fn entry(id: &str, status: EnrollmentStatus, pin: Option<bool>) -> EnrollmentList {
    let id = EnrollmentId::new(id).expect("valid");
    let entry = ListedEnrollment { id, status, created: None, preset_pin_available: pin };
    EnrollmentList { at: at(0), entries: vec![entry] }
}

/// The looks of one process that started before the delivery and wakes when it said; which of them fail.
fn looks_of(journal: &Journal, fails: impl Fn(usize) -> bool) -> Vec<Timestamp> {
    let lookout = Lookout::of(journal).expect("finished");
    let mut last = LastUseLook::at(at(-1_000_000));
    let mut now = at(3);
    let mut looks = Vec::new();
    while let Some(next) = lookout.next(now, last) {
        assert!(next > now, "it comes to an end: {next} after {now}");
        now = next;
        if lookout.is_due(now, last) {
            last = LastUseLook { failed: fails(looks.len()), ..LastUseLook::at(now) };
            looks.push(now);
            assert!(!lookout.is_due(now, last), "once");
        }
    }
    assert!(lookout.is_over(now), "the end is a moment of its own");
    looks
}

/// Whole days after the delivery.
fn days(looks: &[Timestamp]) -> Vec<i64> {
    looks.iter().map(|look| look.duration_since(at(0)).as_secs() / DAYS).collect()
}

#[test]
fn a_key_that_nobody_uses_is_looked_for_on_these_days() {
    let looks = looks_of(&finished("00u1"), |_| false);
    assert_eq!(
        days(&looks),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84],
        "fourteen days, and then each of its weekdays until the ninetieth"
    );
    let of_the_day = |look: &Timestamp| look.as_millisecond().rem_euclid(DAYS * 1_000);
    assert!(looks.iter().all(|look| of_the_day(look) == of_the_day(&looks[0])), "at one time of the day");
}

#[test]
fn people_who_were_served_together_are_not_looked_at_together() {
    let mut hours = [0_u32; 24];
    for number in 0..2_400 {
        let looks = looks_of(&finished(&format!("00u{number}")), |_| false);
        let hour = looks[0].as_second().rem_euclid(DAYS) / 3_600;
        hours[usize::try_from(hour).expect("an hour")] += 1;
    }
    assert!(hours.iter().all(|count| (50..200).contains(count)), "{hours:?}");
}

#[test]
fn the_shipments_of_one_person_are_looked_at_at_the_same_moments() {
    let first = finished("00u1");
    let mut second = finished("00u1");
    second.times.delivered = Some(at(3 * DAYS + 5_000));
    let second = looks_of(&second, |_| false);
    let first = looks_of(&first, |_| false);
    let together = second.iter().filter(|look| first.contains(look)).count();
    assert!(together >= 10 + 10, "{together} of {}", second.len());
}

#[test]
fn a_look_that_failed_is_made_again_the_next_day_and_not_before() {
    let looks = looks_of(&finished("00u1"), |number| matches!(number, 3 | 15 | 16));
    assert_eq!(
        days(&looks)[..21],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 21, 22, 23, 28, 35, 42],
        "the fourth was repeated by its day, the sixteenth and seventeenth by a day of their own"
    );
    let never = looks_of(&finished("00u1"), |_| true);
    assert_eq!(days(&never), (0..90).collect::<Vec<_>>(), "where nothing answers");
}

#[test]
fn what_an_outage_kept_back_is_left_for_the_next_moment() {
    let journal = finished("00u1");
    let lookout = Lookout::of(&journal).expect("finished");
    let moment = looks_of(&journal, |_| false)[2];
    let last = LastUseLook::at(at(-1_000_000));
    assert!(
        lookout.is_due(moment, last)
            && lookout.is_due(after(moment, GRACE - SignedDuration::from_secs(1)), last)
    );
    assert!(!lookout.is_due(after(moment, GRACE), last), "thousands would be asked for at once");
    assert!(!lookout.is_due(after(moment, SignedDuration::from_millis(-1)), last));
    assert_eq!(lookout.next(after(moment, GRACE), last), Some(after(moment, DAY)));
}

#[test]
fn a_process_that_starts_after_the_moment_leaves_it_to_the_one_before() {
    let journal = finished("00u1");
    let lookout = Lookout::of(&journal).expect("finished");
    let moment = looks_of(&journal, |_| false)[2];
    let a_moment_later = after(moment, SignedDuration::from_secs(60));
    assert!(!lookout.is_due(a_moment_later, LastUseLook::at(a_moment_later)));
    assert!(!lookout.is_due(moment, LastUseLook::at(moment)), "exactly then");
}

#[test]
fn it_begins_with_the_delivery_or_with_the_mail_if_that_came_later_or_alone() {
    let first = |delivered: Option<i64>, mailed: i64| {
        let mut journal = finished("00u1");
        journal.times.delivered = delivered.map(at);
        journal.times.pin_sent = Some(at(mailed));
        let first = looks_of(&journal, |_| false)[0];
        first.duration_since(at(0)).as_secs() / DAYS
    };
    assert_eq!(first(Some(0), 2), 0);
    assert_eq!(first(Some(5 * DAYS), 2), 5, "activated in transit");
    assert_eq!(first(Some(0), 9 * DAYS), 9, "the PIN waited for an approval");
    assert_eq!(first(None, 2), 0, "no carrier told of it");
    for unfinished in [
        |journal: &mut Journal| journal.times.pin_sent = None,
        |journal: &mut Journal| journal.times.activated = None,
        |journal: &mut Journal| journal.user = None,
    ] {
        let mut journal = finished("00u1");
        unfinished(&mut journal);
        assert_eq!(Lookout::of(&journal), None);
    }
}

#[test]
fn only_our_active_enrolment_with_a_word_on_its_pin_tells_anything() {
    use EnrollmentStatus::{Active, Errored, Other, Pending};
    let journal = finished("00u1");
    for (list, told) in [
        (entry("ours", Active, Some(false)), UseSeen::Used),
        (entry("ours", Active, Some(true)), UseSeen::NotYet),
        (entry("ours", Active, None), UseSeen::NotTold),
        (entry("another", Active, Some(false)), UseSeen::NotTold),
        (entry("another", Active, Some(true)), UseSeen::NotTold),
        (entry("ours", Pending, Some(false)), UseSeen::NotTold),
        (entry("ours", Pending, Some(true)), UseSeen::NotTold),
        (entry("ours", Errored, Some(false)), UseSeen::NotTold),
        (entry("ours", Other("EXPIRED".to_owned()), Some(false)), UseSeen::NotTold),
        (EnrollmentList { at: at(0), entries: vec![] }, UseSeen::NotTold),
    ] {
        let mut seen = journal.clone();
        assert_eq!(seen.observe_first_use(&list, at(100)), Some(told), "{list:?}");
        assert_eq!(seen.times.used, (told == UseSeen::Used).then(|| at(100)), "{list:?}");
        let mut unmailed = journal.clone();
        unmailed.times.pin_sent = None;
        assert_eq!(unmailed.observe_first_use(&list, at(100)), None, "{list:?}");
        assert_eq!(unmailed.times.used, None, "before the mail nothing is claimed: {list:?}");
    }
}

#[test]
fn the_first_time_stays() {
    let mut journal = finished("00u1");
    let used = entry("ours", EnrollmentStatus::Active, Some(false));
    let _ = journal.observe_first_use(&used, at(100));
    let _ = journal.observe_first_use(&used, at(200));
    let _ = journal.observe_first_use(&entry("ours", EnrollmentStatus::Active, Some(true)), at(300));
    assert_eq!(journal.times.used, Some(at(100)));
}

/// The condition's status, or nothing.
fn so_far(in_use: &str, mailed: bool) -> SaidSoFar {
    let in_use = match in_use {
        "True" => Some(Some(true)),
        "False" => Some(Some(false)),
        "Unknown" => Some(None),
        _ => None,
    };
    SaidSoFar { in_use, mailed }
}

fn told(
    journal: &Journal,
    seen: Option<UseSeen>,
    watched: Option<bool>,
    before: SaidSoFar,
    day: i64,
) -> Option<(Option<bool>, &'static str)> {
    match said(journal, seen, watched, before, at(day * DAYS + 10)) {
        Said::Now(says) => Some((says.status, says.reason)),
        Said::AsBefore => None,
    }
}

#[test]
fn it_is_said_with_the_mail_and_then_only_what_a_look_has_told() {
    let journal = finished("00u1");
    let (no, unknown) = (Some(false), None);
    let not_yet = Some((no, NOT_USED_YET));
    let with_the_mail = so_far("", false);
    let later = so_far("False", true);
    assert_eq!(told(&journal, None, Some(true), with_the_mail, 0), not_yet);
    assert_eq!(told(&journal, None, Some(true), later, 1), not_yet, "a pass without a look changes nothing");
    assert_eq!(told(&journal, Some(UseSeen::NotYet), Some(true), later, 1), not_yet);
    assert_eq!(
        told(&journal, Some(UseSeen::Unread), Some(true), later, 1),
        not_yet,
        "a failed read is no state"
    );
    let lost = told(&journal, Some(UseSeen::NotTold), Some(true), later, 1);
    assert_eq!(lost, Some((unknown, NOT_SHOWN)), "not used is not claimed of what is not shown");
    let stays = told(&journal, None, Some(true), so_far("Unknown", true), 2);
    assert_eq!(stays, lost, "until a look tells more");
    assert_eq!(told(&journal, Some(UseSeen::Unread), Some(true), so_far("Unknown", true), 2), lost);
    assert_eq!(told(&journal, Some(UseSeen::NotYet), Some(true), so_far("Unknown", true), 2), not_yet);
    let mut used = journal;
    used.times.used = Some(at(100));
    for watched in [None, Some(false), Some(true)] {
        for before in [with_the_mail, later, so_far("Unknown", true), so_far("True", true)] {
            assert_eq!(told(&used, None, watched, before, 200), Some((Some(true), USED)));
        }
    }
}

#[test]
fn a_shipment_that_was_finished_before_anybody_looked_is_not_written_for_it() {
    let journal = finished("00u1");
    let old = so_far("", true);
    for day in [0, 5, 89, 90, 400] {
        assert_eq!(told(&journal, None, Some(true), old, day), None, "day {day}");
        assert_eq!(told(&journal, Some(UseSeen::Unread), Some(true), old, day), None, "day {day}");
    }
    assert_eq!(told(&journal, Some(UseSeen::NotYet), Some(true), old, 5), Some((Some(false), NOT_USED_YET)));
    assert_eq!(told(&journal, Some(UseSeen::NotTold), Some(true), old, 5), Some((None, NOT_SHOWN)));
}

#[test]
fn after_ninety_days_it_says_once_that_nobody_looks_any_more() {
    let journal = finished("00u1");
    let later = so_far("False", true);
    assert_eq!(told(&journal, None, Some(true), later, 89), Some((Some(false), NOT_USED_YET)));
    let over = Some((Some(false), NOT_LOOKED_FOR));
    assert_eq!(told(&journal, None, Some(true), later, 90), over);
    assert_eq!(told(&journal, None, Some(true), later, 900), over, "and never changes");
    assert_eq!(told(&journal, Some(UseSeen::NotYet), Some(true), later, 900), over, "asked for by a person");
    let unknown = told(&journal, None, Some(true), so_far("Unknown", true), 90);
    assert_eq!(unknown, Some((None, NOT_LOOKED_FOR)), "what was not known then is not known now");
}

/// Found by `never_more_than_one_look_a_person_a_day`.
#[test]
fn a_moment_just_before_the_end_is_not_made_up_for_after_it() {
    let near = |number: u32| {
        let lookout = Lookout::of(&finished(&format!("00u{number}")))?;
        let moment = lookout.moment(lookout.day(lookout.ends));
        let hour_before = moment < lookout.ends && lookout.ends.duration_since(moment) < GRACE;
        hour_before.then_some((lookout, moment))
    };
    let (lookout, moment) = (0..1_000).find_map(near).expect("somebody's moment is in that hour");
    let last = LastUseLook { failed: true, ..LastUseLook::at(at(0)) };
    assert!(lookout.is_due(moment, last));
    assert!(!lookout.is_due(lookout.ends, last));
}

#[test]
fn where_the_connection_does_not_look_nothing_is_said_and_what_was_said_is_put_right() {
    let journal = finished("00u1");
    assert_eq!(told(&journal, None, Some(false), so_far("", false), 0), None);
    assert_eq!(told(&journal, None, Some(false), so_far("", true), 5), None);
    let turned_off = told(&journal, None, Some(false), so_far("False", true), 5);
    assert_eq!(turned_off, Some((Some(false), NOT_LOOKED_FOR)), "nobody looks, so it does not say so");
    assert_eq!(told(&journal, None, None, so_far("False", true), 5), None, "no connection: as before");
}

#[test]
fn no_message_is_longer_than_a_person_reads_and_each_has_its_reason() {
    for says in [SEEN, NOT_YET, NOT_TOLD] {
        assert!(says.message.len() < 300 && says.message.ends_with('.'), "{}", says.message);
    }
    assert!(OVER.contains("fidoprereg.dev/requestedAt") && OFF.contains("polling.firstUse"));
}

proptest! {
    #![proptest_config(crate::testing::cases(500))]

    /// Whatever fails, whenever processes start, replace each other or sleep: never more than one look a person a day,
    /// and none before the delivery or after the ninety days.
    #[test]
    fn never_more_than_one_look_a_person_a_day(
        user in 0_u32..100_000,
        wakes in proptest::collection::vec((1_i64..200_000, 0_u8..8), 1..400),
        second in 0_i64..5_000_000,
    ) {
        let first = finished(&format!("00u{user}"));
        let mut other = first.clone();
        other.times.delivered = Some(at(second));
        let lookouts = [&first, &other].map(|journal| Lookout::of(journal).expect("finished"));
        let mut last = [LastUseLook::at(at(-1)); 2];
        let mut looks: Vec<Timestamp> = Vec::new();
        let mut now = at(0);
        for (sleep, fate) in wakes {
            // Early, late, or exactly when it said.
            now = match fate {
                0..=4 => lookouts[0].next(now, last[0]).unwrap_or(now).max(now),
                _ => after(now, SignedDuration::from_secs(sleep)),
            };
            if fate == 5 {
                last = [LastUseLook::at(now); 2];
            }
            for (lookout, last) in lookouts.iter().zip(&mut last) {
                if lookout.is_due(now, *last) {
                    // What one shipment of the person has read the other takes.
                    if looks.last().is_none_or(|look| now.duration_since(*look) >= GRACE) {
                        looks.push(now);
                    }
                    *last = LastUseLook { failed: fate == 1, ..LastUseLook::at(now) };
                }
            }
        }
        let moment = |look: &Timestamp| (look.as_millisecond() - lookouts[0].shift).div_euclid(millis_of_a_day());
        for pair in looks.windows(2) {
            prop_assert!(moment(&pair[0]) < moment(&pair[1]), "{} and {}", pair[0], pair[1]);
        }
        for look in &looks {
            prop_assert!(*look >= at(0) && lookouts.iter().any(|lookout| !lookout.is_over(*look)));
        }
    }

    /// A key that nobody uses costs no more than this, whoever it is of.
    #[test]
    fn a_key_costs_at_most_twenty_five_looks(user: u64, delivered in 0_i64..90_000) {
        let mut journal = finished(&format!("00u{user}"));
        journal.times.delivered = Some(at(delivered));
        let count = looks_of(&journal, |_| false).len();
        prop_assert!((24..=25).contains(&count), "{count}");
    }
}
