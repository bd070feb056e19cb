//! The fence between a mark and its call: when a write counts, when a call may still go, and what may follow on a
//! newer version of the object. Used by the controller and by the model checker, so that both keep the same rules.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::journal::{Attempt, Hold, Journal, Marked, Receipt};

/// A call starts within this time of its mark: later another process may judge the mark.
pub const LATEST_START: Duration = Duration::from_secs(10);

/// How long an open mark is left alone before its outcome is judged: as was asked for, but not before a call that another
/// process may have started late has ended, and as long again for clocks and answers.
#[must_use]
pub fn settled(timeout: SignedDuration, asked: SignedDuration) -> SignedDuration {
    let start = SignedDuration::try_from(LATEST_START).unwrap_or(SignedDuration::MAX);
    asked.max(timeout.saturating_add(timeout).saturating_add(start))
}

/// A write counts when the API server's answer shows exactly what was sent: an older CRD drops fields and says 200.
pub fn counts<T: PartialEq>(sent: &T, stored: Option<&T>) -> bool {
    stored == Some(sent)
}

/// May the call still go? By both clocks, as either may stand still or jump.
#[must_use]
pub fn may_send(marked_at: Timestamp, now: Timestamp, elapsed: Duration) -> bool {
    let wall = now.duration_since(marked_at);
    let limit = SignedDuration::try_from(LATEST_START).unwrap_or_default();
    elapsed < LATEST_START && wall < limit && wall >= SignedDuration::ZERO
}

/// Is this receipt written, on whatever version is live, until it stands? The receipt of an order: it is the only trace
/// of a key that costs money. A mark is never tried again on a newer version: what it was decided on has changed, and
/// the same patch would start an effect twice.
#[must_use]
pub const fn is_written_until_it_stands(what: Marked) -> bool {
    matches!(what, Marked::Order)
}

/// Must this receipt be written alone if the write that was to carry it is refused? What is known must stand: without
/// it a refused enrolment may wait for a person, and a mail that never left counts as one of the day's three. Of a
/// removal the vendor's list shows the outcome.
#[must_use]
pub fn must_stand(what: Marked, receipt: &Receipt) -> bool {
    what != Marked::Discard && *receipt != Receipt::Unknown
}

/// Puts a receipt, and nothing else, into the journal that is live now. False: the mark of its attempt is not open
/// there, because the receipt arrived before or because somebody emptied the status; trying on would never end. False
/// too for a refusal that comes after a person was asked: of what else may have been sent under that number it knows
/// nothing, and the hold is the person's. An order's refusal always counts: it is the only trace of its call.
#[must_use]
pub fn carry_over(
    live: &mut Journal,
    what: Marked,
    attempt: Attempt,
    receipt: &Receipt,
    generation: i64,
    now: Timestamp,
) -> bool {
    let refused = matches!(receipt, Receipt::Refused { .. });
    let asked = live.hold.as_ref().is_some_and(Hold::is_lasting);
    if what != Marked::Order && refused && asked {
        return false;
    }
    live.record(what, attempt, receipt, generation, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        failure::Reason,
        hold::Choice,
        ids::{EnrollmentId, KeyId, RpId, Sealed},
        vendor_states::NewEnrollment,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
    }

    #[test]
    fn a_late_sender_sends_nothing_by_either_clock() {
        let ms = Duration::from_millis;
        assert!(may_send(at(0), at(9), ms(9_000)));
        assert!(!may_send(at(0), at(10), ms(1)), "the wall clock jumped or the process slept");
        assert!(!may_send(at(0), at(1), ms(10_000)), "the wall clock was set back");
        assert!(!may_send(at(5), at(4), ms(1)), "the wall clock lies before the mark");
    }

    #[test]
    fn a_mark_is_not_judged_while_its_call_may_be_under_way() {
        let seconds = SignedDuration::from_secs;
        assert_eq!(settled(seconds(1), seconds(2)), seconds(12), "the call may start 10 s after its mark");
        assert_eq!(settled(seconds(30), seconds(70)), seconds(70));
        assert_eq!(settled(seconds(30), seconds(300)), seconds(300));
    }

    #[test]
    fn a_write_counts_only_as_it_was_sent() {
        assert!(counts(&1, Some(&1)));
        assert!(!counts(&1, Some(&2)) && !counts(&1, None));
    }

    #[test]
    fn only_an_orders_receipt_follows_to_a_newer_version() {
        assert!(is_written_until_it_stands(Marked::Order));
        for what in [Marked::Enroll, Marked::Discard, Marked::SendPin] {
            assert!(!is_written_until_it_stands(what), "{what:?}");
        }
    }

    /// No list proves who made an enrolment, and none shows a mail. What a list proves, and what was not done, is asked
    /// there; an order's receipt has a rule of its own.
    #[test]
    fn a_receipt_that_no_list_proves_must_stand() {
        let new = NewEnrollment {
            id: EnrollmentId::new("e1").expect("valid"),
            key_id: KeyId::new("k1").expect("valid"),
            pin_request: Sealed::new("p"),
            credential_request: Sealed::new("c"),
        };
        let enrolled = Receipt::Enrolled(new, RpId::new("acme.com").expect("valid"));
        assert!(must_stand(Marked::Enroll, &enrolled), "a person would have to say whose it is");
        assert!(must_stand(Marked::SendPin, &Receipt::Done), "the PIN would be mailed again");
        assert!(!must_stand(Marked::Discard, &Receipt::Done), "the list shows that it is gone");
        for what in [Marked::Enroll, Marked::Order, Marked::SendPin] {
            let refused = Receipt::Refused { retryable: true };
            assert!(
                must_stand(what, &refused),
                "{what:?}: an open mark would be judged as a call that may have arrived"
            );
            assert!(!must_stand(what, &Receipt::Unknown), "{what:?}: the open mark says the same");
        }
        assert!(!must_stand(Marked::Discard, &Receipt::Refused { retryable: true }));
    }

    #[test]
    fn a_receipt_that_already_stands_is_not_carried_over_again() {
        let mut journal = Journal::default();
        journal.mark(Marked::Order, at(0), None);
        let refused = Receipt::Refused { retryable: true };
        assert!(carry_over(&mut journal, Marked::Order, 1, &refused, 1, at(1)));
        assert!(!carry_over(&mut journal, Marked::Order, 1, &refused, 1, at(2)));
        assert!(
            !carry_over(&mut Journal::default(), Marked::Order, 1, &refused, 1, at(2)),
            "an emptied status"
        );
    }

    #[test]
    fn a_late_refusal_does_not_answer_for_the_person_who_was_asked() {
        let held = |reason| {
            let mut journal = Journal::default();
            journal.mark(Marked::Enroll, at(0), None);
            journal.hold = Some(Hold {
                id: "enroll-1-x".to_owned(),
                reason,
                message: String::new(),
                since: at(300),
                generation: 1,
                choices: vec![Choice::DiscardEnrollment],
                found_by_read: false,
            });
            journal
        };
        let refused = Receipt::Refused { retryable: true };
        let mut asked = held(Reason::EnrollOutcomeUnknown);
        assert!(!carry_over(&mut asked, Marked::Enroll, 1, &refused, 1, at(310)));
        assert_eq!(asked, held(Reason::EnrollOutcomeUnknown), "nothing changes");
        let mut passing = held(Reason::AnotherOrderForUser);
        passing.hold.as_mut().expect("there").choices = Vec::new();
        assert!(carry_over(&mut passing, Marked::Enroll, 1, &refused, 1, at(310)), "nobody was asked");
    }
}
