//! How often the source of a rollout may be read: each read costs calls that the whole connection shares, and whoever
//! may write rollouts could ask for one every second.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use api::rollout::{YubiKeyRollout, YubiKeyRolloutSpec};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

/// Least time between two reads of one source that somebody asked for, and between any read and the next one that
/// nobody asked for.
pub const LEAST: SignedDuration = SignedDuration::from_mins(1);

/// People who are looked at again, one by one, because somebody asked for a look.
pub const LOOKED_AT_AGAIN: usize = 50;

/// Why the source is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time has come, or the System Log tells of a change.
    Due,
    /// An annotation, a changed spec, or a rollout that was made anew under the same name.
    Asked,
}

/// When a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reads {
    last: Timestamp,
    /// The last one that somebody asked for.
    asked: Option<Timestamp>,
}

/// The reads of the last minutes, by namespace and name: a rollout that is deleted and declared again is no new one.
#[derive(Debug, Default)]
pub struct Pace {
    reads: Mutex<HashMap<(String, String), Reads>>,
}

impl Pace {
    fn reads(&self) -> MutexGuard<'_, HashMap<(String, String), Reads>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when on this rollout's source may be read for this cause.
    #[must_use]
    pub fn opens(&self, rollout: &YubiKeyRollout, cause: Cause) -> Timestamp {
        let Some(reads) = self.reads().get(&name_of(rollout)).copied() else { return Timestamp::MIN };
        match cause {
            Cause::Due => later(reads.last),
            Cause::Asked => reads.asked.map_or(Timestamp::MIN, later),
        }
    }

    /// The source is read now.
    pub fn note(&self, rollout: &YubiKeyRollout, cause: Cause, now: Timestamp) {
        let mut all = self.reads();
        all.retain(|_, reads| now < later(later(reads.last)));
        let before = all.get(&name_of(rollout)).copied();
        // The first one is no answer to anybody: whoever corrects what it shows need not wait.
        let asked = match (cause, before) {
            (Cause::Asked, Some(_)) => Some(now),
            (_, before) => before.and_then(|reads| reads.asked),
        };
        all.insert(name_of(rollout), Reads { last: now, asked });
    }
}

fn name_of(rollout: &YubiKeyRollout) -> (String, String) {
    (rollout.namespace().unwrap_or_default(), rollout.name_any())
}

fn later(at: Timestamp) -> Timestamp {
    at.checked_add(LEAST).unwrap_or(Timestamp::MAX)
}

/// What the people of a source depend on: a list that was read for another one of these says nothing any more.
#[must_use]
pub fn read_for(spec: &YubiKeyRolloutSpec) -> u64 {
    let template = spec.template.as_ref().and_then(|template| template.spec.as_ref());
    let mut hasher = DefaultHasher::new();
    // What cannot be encoded counts as one and the same; the API server has sent it as JSON.
    serde_json::to_string(&(&spec.source, template, &spec.skip)).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rollout(name: &str) -> YubiKeyRollout {
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyRollout",
            "metadata": {"name": name, "namespace": "onboarding"},
            "spec": {"source": {"users": {"list": [{"login": "ann.lee@example.com"}]}}, "budget": 1},
        }))
        .unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).unwrap()
    }

    /// Reads of a minute-long stretch in which somebody asks every second.
    fn reads(pace: &Pace, rollout: &YubiKeyRollout, seconds: std::ops::Range<i64>, cause: Cause) -> Vec<i64> {
        let due = |second: &i64| {
            let now = at(*second);
            let open = now >= pace.opens(rollout, cause);
            if open {
                pace.note(rollout, cause, now);
            }
            open
        };
        seconds.filter(due).collect()
    }

    #[test]
    fn whoever_asks_every_second_is_answered_once_a_minute() {
        let (pace, rollout) = (Pace::default(), rollout("keys"));
        assert_eq!(reads(&pace, &rollout, 0..180, Cause::Asked), [0, 1, 61, 121]);
    }

    #[test]
    fn a_source_is_read_at_most_once_a_minute_by_itself() {
        let (pace, rollout) = (Pace::default(), rollout("keys"));
        assert_eq!(reads(&pace, &rollout, 0..180, Cause::Due), [0, 60, 120]);
    }

    #[test]
    fn a_read_that_was_asked_for_puts_off_the_next_one() {
        let (pace, rollout) = (Pace::default(), rollout("keys"));
        assert_eq!(reads(&pace, &rollout, 0..1, Cause::Due), [0]);
        assert_eq!(reads(&pace, &rollout, 30..31, Cause::Asked), [30]);
        assert_eq!(reads(&pace, &rollout, 31..100, Cause::Due), [90]);
    }

    #[test]
    fn one_that_is_deleted_and_made_again_is_no_new_one_and_others_are_not_in_its_way() {
        let pace = Pace::default();
        assert_eq!(reads(&pace, &rollout("keys"), 0..1, Cause::Asked), [0]);
        assert_eq!(reads(&pace, &rollout("keys"), 1..50, Cause::Asked), [1]);
        assert_eq!(reads(&pace, &rollout("others"), 1..2, Cause::Asked), [1]);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let pace = Pace::default();
        for number in 0..1000 {
            pace.note(&rollout(&format!("r{number}")), Cause::Due, at(number));
        }
        assert!(pace.reads().len() <= 120, "{}", pace.reads().len());
    }

    #[test]
    fn only_what_the_people_depend_on_makes_a_list_a_stale_one() {
        let known = read_for(&rollout("keys").spec);
        let mut other = rollout("keys").spec;
        other.budget = 2;
        other.paused = true;
        assert_eq!(read_for(&other), known);
        other.skip.any_web_authn = true;
        assert_ne!(read_for(&other), known);
        let mut other = rollout("keys").spec;
        other.source.users.as_mut().unwrap().list.as_mut().unwrap().clear();
        assert_ne!(read_for(&other), known);
    }
}
