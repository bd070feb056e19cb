//! Has the person used the key? When Okta's list is read for that, what it tells, and what is said of it. A key that was
//! delivered and that nobody uses is news for people only: no effect depends on it, and what is not shown is not claimed.
//!
//! The moments are those of the person: one a day, at a time of the day that a hash of the Okta user id gives. So nothing
//! needs to be written because time passed, people served together are not read together, and the shipments of one
//! person look at the same moment.

use jiff::{SignedDuration, Timestamp};

use super::{
    journal::Journal,
    stable,
    vendor_states::{EnrollmentList, EnrollmentStatus},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Nobody signs in with a key in the hour that it came: the first look comes later.
const FIRST_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Looked for every day for so long.
const DAILY: SignedDuration = SignedDuration::from_hours(24 * 14);

/// After the delivery nobody looks by itself any more.
const WATCHED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Days between looks after the daily ones.
const WEEK: i64 = 7;

/// A moment that could not be taken for so long is left out: what an outage kept back is not asked for all at once, and
/// this is the first thing to give way where the vendor's limits are short.
pub const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// The last look for the use of a key, as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUseLook {
    /// When (UTC): its own, else when this process began to act.
    pub at: Timestamp,
    /// It got no answer: the next day's moment is taken, also where looks are weekly.
    pub failed: bool,
    /// A person asked for a look now.
    pub asked: bool,
}

impl LastUseLook {
    /// Of a process that has not looked since then, and was not asked to.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self { at, failed: false, asked: false }
    }
}

/// What a look gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UseSeen {
    /// The key has signed in.
    Used,
    /// Okta shows our active enrolment, with a PIN that nobody has used yet.
    NotYet,
    /// Our enrolment is not shown, is not active, or nothing is said of its PIN: neither is claimed.
    NotTold,
    /// The list could not be read; a failed read is no state.
    Unread,
}

/// Reads our enrolment in Okta's list. `None` before the PIN was mailed: a pending enrolment has no PIN yet either.
#[must_use]
pub fn seen(journal: &Journal, list: &EnrollmentList) -> Option<UseSeen> {
    if !is_finished(journal) {
        return None;
    }
    let ours = journal.made().and_then(|made| list.entries.iter().find(|entry| entry.id == made.id));
    let active = ours.filter(|entry| entry.status == EnrollmentStatus::Active);
    Some(match active.and_then(|entry| entry.preset_pin_available) {
        Some(false) => UseSeen::Used,
        Some(true) => UseSeen::NotYet,
        None => UseSeen::NotTold,
    })
}

const fn is_finished(journal: &Journal) -> bool {
    journal.times.activated.is_some() && journal.times.pin_sent.is_some()
}

/// The time in which one key's first use is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookout {
    first: Timestamp,
    ends: Timestamp,
    /// Milliseconds of the day (UTC).
    shift: i64,
    /// Which day of each seven.
    weekday: i64,
}

impl Lookout {
    /// From the delivery on, or from the PIN mail if that came later or no delivery is told. `None` before the PIN mail.
    #[must_use]
    pub fn of(journal: &Journal) -> Option<Self> {
        let user = journal.user.as_ref()?;
        let mailed = journal.times.pin_sent.filter(|_| is_finished(journal))?;
        let since = journal.times.delivered.map_or(mailed, |delivered| delivered.max(mailed));
        let phase = stable::hash([user.as_str()]);
        let day = DAY.as_millis().unsigned_abs();
        Some(Self {
            first: after(since, FIRST_AFTER),
            ends: after(since, WATCHED),
            shift: i64::try_from(u128::from(phase) % day).unwrap_or(0),
            weekday: i64::try_from(u128::from(phase) / day % 7).unwrap_or(0),
        })
    }

    /// Has the time passed?
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        now >= self.ends
    }

    /// Is Okta asked now? A moment that is long past is left for the next one.
    #[must_use]
    pub fn is_due(self, now: Timestamp, last: LastUseLook) -> bool {
        let day = self.day(now);
        let moment = self.moment(day);
        let in_time = now.duration_since(moment) < GRACE && !self.is_over(now);
        self.counts(day, last) && moment > last.at && in_time
    }

    /// The next moment at which there is something to do: a look, or the end. `None` after the end.
    #[must_use]
    pub fn next(self, now: Timestamp, last: LastUseLook) -> Option<Timestamp> {
        let from = self.day(now.max(self.first));
        let ahead = (from..=from.saturating_add(WEEK)).filter(|day| self.counts(*day, last));
        let look = ahead.map(|day| self.moment(day)).find(|moment| *moment > now);
        look.or_else(|| (!self.is_over(now)).then_some(self.ends))
    }

    fn counts(self, day: i64, last: LastUseLook) -> bool {
        let moment = self.moment(day);
        let daily = moment < after(self.first, DAILY) || last.failed;
        moment >= self.first && moment < self.ends && (daily || (day + self.weekday).rem_euclid(WEEK) == 0)
    }

    /// Number of the day that begins with the person's moment.
    fn day(self, at: Timestamp) -> i64 {
        (at.as_millisecond() - self.shift).div_euclid(millis_of_a_day())
    }

    fn moment(self, day: i64) -> Timestamp {
        let millis = day.saturating_mul(millis_of_a_day()).saturating_add(self.shift);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }
}

fn millis_of_a_day() -> i64 {
    i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX)
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// The condition `InUse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse {
    /// True, False; `None` is Unknown.
    pub status: Option<bool>,
    /// One of [`USED`], [`NOT_USED_YET`], [`NOT_SHOWN`] and [`NOT_LOOKED_FOR`].
    pub reason: &'static str,
    /// What is known, and what a person can do about it.
    pub message: &'static str,
}

/// Reason of True: a sign-in with the key was seen, which stays so.
pub const USED: &str = "Used";
/// Not seen, and still looked for.
pub const NOT_USED_YET: &str = "NotUsedYet";
/// Okta's list does not tell.
pub const NOT_SHOWN: &str = "NotShown";
/// Not seen, and not looked for.
pub const NOT_LOOKED_FOR: &str = "NotLookedForAnyMore";

const SEEN: InUse =
    InUse { status: Some(true), reason: USED, message: "The person has signed in with the key." };
const NOT_YET: InUse = InUse {
    status: Some(false),
    reason: NOT_USED_YET,
    message: "No sign-in with the key was seen yet; Okta is asked daily for two weeks after the delivery, then weekly until 90 days after it.",
};
const NOT_TOLD: InUse = InUse {
    status: None,
    reason: NOT_SHOWN,
    message: "Okta does not show whether the key was used: the enrolment is not in its list, is not active, or nothing is said of its PIN. Look at the person's authenticators at Okta.",
};
const OVER: &str = "No sign-in with the key was seen until 90 days after its delivery, and Okta is not asked any more; ask the person, or ask for a look with the annotation fidoprereg.dev/requestedAt.";
const OFF: &str = "No sign-in with the key was seen, and Okta is not asked any more because the connection's polling.firstUse is Never; ask the person.";

/// What the condition says so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaidSoFar {
    /// Its status, if the condition is there: True, False; the inner `None` is Unknown.
    pub in_use: Option<Option<bool>>,
    /// The PIN mail stands there already.
    pub mailed: bool,
}

/// What is said. A look that gave no answer changes nothing, and a shipment that was finished before anybody looked stays
/// without the condition until a look has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The condition is set so.
    Now(InUse),
    /// The condition as it stands, or none.
    AsBefore,
}

/// Derives the condition. `seen`: what a look of this pass gave. `watched`: does the connection look for the first use,
/// as far as it is known.
#[must_use]
pub fn said(
    journal: &Journal,
    seen: Option<UseSeen>,
    watched: Option<bool>,
    before: SaidSoFar,
    now: Timestamp,
) -> Said {
    if journal.times.used.is_some() {
        return Said::Now(SEEN);
    }
    let (Some(lookout), Some(watched)) = (Lookout::of(journal), watched) else { return Said::AsBefore };
    let status = match seen {
        Some(UseSeen::NotYet | UseSeen::Used) => Some(false),
        Some(UseSeen::NotTold) => return Said::Now(NOT_TOLD),
        Some(UseSeen::Unread) | None => match before.in_use {
            Some(Some(true)) => return Said::AsBefore,
            Some(status) => status,
            // The write that tells of the PIN mail tells this too; later ones would be made for nothing else.
            None if watched && !before.mailed => Some(false),
            None => return Said::AsBefore,
        },
    };
    let told = match status {
        Some(_) => NOT_YET,
        None => NOT_TOLD,
    };
    Said::Now(match (watched, lookout.is_over(now)) {
        (false, _) => InUse { status, reason: NOT_LOOKED_FOR, message: OFF },
        (true, true) => InUse { status, reason: NOT_LOOKED_FOR, message: OVER },
        (true, false) => told,
    })
}

#[cfg(test)]
mod tests;
