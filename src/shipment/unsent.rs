//! Marks whose write got no answer: nothing was sent on their word, and nothing will be.
//!
//! Such a write may have been done, or be done later. Whoever finds the mark then takes it for a call that may be under
//! way, and in the end a person has to say what became of it. This process knows that there was none, as long as it
//! lives: it closes the mark when it meets it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::journal::{Attempt, Journal, Marked, Receipt};
use jiff::Timestamp;

use crate::kubernetes::uid::Uids;

/// As many are kept of one object: one for each write that stayed without an answer since the last that had one.
const MOST: usize = 16;

/// A mark: what, which attempt, and when (UTC). Two processes that mark the same attempt differ in the time, which is
/// kept in microseconds.
type Mark = (Marked, Attempt, Timestamp);

/// What this process did not send, by uid.
#[derive(Debug, Default)]
pub struct Unsent(Mutex<HashMap<String, Vec<Mark>>>);

impl Unsent {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Mark>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mark that is open in this journal was written without an answer, and is not acted upon.
    pub fn note(&self, uid: &str, what: Marked, journal: &Journal) {
        let Some((attempt, at)) = journal.open_mark(what) else { return };
        let mut all = self.lock();
        let marks = all.entry(uid.to_owned()).or_default();
        if marks.len() < MOST {
            marks.push((what, attempt, at));
        }
    }

    /// May there be such a mark on the object?
    #[must_use]
    pub fn waits(&self, uid: &str) -> bool {
        self.lock().contains_key(uid)
    }

    /// Closes the mark that is open in the journal as read, if it is one of these.
    pub fn close(&self, uid: &str, journal: &mut Journal, generation: i64, now: Timestamp) {
        let marks = self.lock().get(uid).cloned().unwrap_or_default();
        for (what, attempt, at) in marks {
            if journal.open_mark(what) == Some((attempt, at))
                && journal.record(what, attempt, &Receipt::Refused { retryable: true }, generation, now)
            {
                tracing::info!(?what, attempt, "the mark stands, and nothing was sent on its word");
            }
        }
    }

    /// A write of the object was answered: one that was decided on an earlier version is refused from now on.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Forgets objects that are gone.
    pub fn prune(&self, live: &Uids) {
        self.lock().retain(|uid, _| live.contains(uid));
    }
}

#[cfg(test)]
mod tests {
    use domain::journal::{Enrollment, Order};

    use super::*;
    use crate::kubernetes::uid::Uid;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn marked(what: Marked, now: Timestamp) -> Journal {
        let mut journal = Journal::default();
        journal.mark(what, now, None);
        journal
    }

    #[test]
    fn a_mark_that_this_process_did_not_send_on_is_closed_where_it_stands() {
        let unsent = Unsent::default();
        let mut order = marked(Marked::Order, at(1));
        unsent.note("a", Marked::Order, &order);
        assert!(unsent.waits("a") && !unsent.waits("b"));
        unsent.close("a", &mut order, 3, at(20));
        let Order::Refused(refused) = &order.order else { panic!("{order:?}") };
        assert!(refused.retryable && refused.attempt == 1 && refused.generation == 3);
        let mut enrollment = marked(Marked::Enroll, at(1));
        unsent.note("a", Marked::Enroll, &enrollment);
        unsent.close("a", &mut enrollment, 3, at(20));
        assert_eq!(enrollment.enrollment, Enrollment::Refused(1));
        let mut pin = marked(Marked::SendPin, at(1));
        unsent.note("a", Marked::SendPin, &pin);
        unsent.close("a", &mut pin, 3, at(20));
        assert!(pin.pin.mark.is_none() && pin.pin.mails.is_empty(), "no mail was asked for");
    }

    /// That one may be in the call.
    #[test]
    fn the_mark_of_another_process_stays_open_though_its_attempt_is_the_same() {
        let unsent = Unsent::default();
        unsent.note("a", Marked::Order, &marked(Marked::Order, at(1)));
        for mut other in [marked(Marked::Order, at(2)), marked(Marked::Enroll, at(1))] {
            let before = other.clone();
            unsent.close("a", &mut other, 1, at(20));
            assert_eq!(other, before);
        }
        let mut next = marked(Marked::Order, at(1));
        assert!(next.record(Marked::Order, 1, &Receipt::Unknown, 1, at(3)), "it was sent, by whom ever");
        let before = next.clone();
        unsent.close("a", &mut next, 1, at(20));
        assert_eq!(next, before);
        let mut elsewhere = marked(Marked::Order, at(1));
        unsent.close("b", &mut elsewhere, 1, at(20));
        assert_eq!(elsewhere, marked(Marked::Order, at(1)), "another object");
    }

    #[test]
    fn several_writes_without_an_answer_are_all_remembered_until_one_has_an_answer() {
        let unsent = Unsent::default();
        for second in 1..=3 {
            unsent.note("a", Marked::Order, &marked(Marked::Order, at(second)));
        }
        for second in 1..=3 {
            let mut found = marked(Marked::Order, at(second));
            unsent.close("a", &mut found, 1, at(60));
            assert!(matches!(found.order, Order::Refused(_)), "{second}");
        }
        unsent.forget("a");
        assert!(!unsent.waits("a"));
        unsent.note("a", Marked::Order, &marked(Marked::Order, at(1)));
        unsent.note("b", Marked::Order, &marked(Marked::Order, at(1)));
        unsent.prune(&[Uid::of("b")].into_iter().collect());
        assert!(!unsent.waits("a") && unsent.waits("b"));
    }
}
