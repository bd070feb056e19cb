//! Whose turn it is. First those whose key a person let be made again, then the others in the order of the source. What
//! was granted to the first stays theirs, also while they cannot be served: the others get what the budget leaves beside it.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    facts::{Desired, Facts, Stage},
    ledger::{Ledger, State, count},
    limits::{Bound, Share, Used},
    people::{Member, Roster, Skip},
};
use crate::ids::UserId;

/// People in the order in which they are served, and how many of them may begin.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    again: Vec<&'a Member>,
    fresh: Vec<&'a Member>,
    places_again: Share,
    places_fresh: Share,
}

impl<'a> Turn<'a> {
    /// From ledger and source.
    pub fn of(ledger: &Ledger, wave: u32, roster: &'a Roster, desired: &Desired, facts: &Facts<'_>) -> Self {
        let (again, fresh): (Vec<_>, Vec<_>) =
            candidates(ledger, roster, facts).into_iter().partition(|member| is_promised(ledger, &member.id));
        let used = used(ledger, facts);
        let places_again = desired.limits.again(used);
        let begun = count(again.iter()).min(places_again.places);
        let eligible = eligible(ledger, roster, facts);
        let places_fresh =
            desired.limits.share(used.and_again(ledger.promised(), begun), wave, eligible, facts.room);
        Self { again, fresh, places_again, places_fresh }
    }

    /// Who may begin now.
    pub fn next(&self) -> impl Iterator<Item = &'a Member> + '_ {
        let first = |share: Share| usize::try_from(share.places).unwrap_or(usize::MAX);
        let again = self.again.iter().take(first(self.places_again));
        again.chain(self.fresh.iter().take(first(self.places_fresh))).copied()
    }

    /// Everybody who waits.
    pub fn all(&self) -> impl Iterator<Item = &'a Member> + '_ {
        self.again.iter().chain(&self.fresh).copied()
    }

    /// What bounds those who wait, if somebody waits who may not begin.
    pub fn bound(&self) -> Option<Bound> {
        let stuck = |waiting: &[&Member], share: Share| {
            (!waiting.is_empty() && share.places == 0).then_some(share.bound)
        };
        stuck(&self.fresh, self.places_fresh).or_else(|| stuck(&self.again, self.places_again))
    }
}

fn is_promised(ledger: &Ledger, id: &UserId) -> bool {
    ledger.0.get(id).is_some_and(super::ledger::Entry::is_promised)
}

fn used(ledger: &Ledger, facts: &Facts<'_>) -> Used {
    Used {
        keys: ledger.served(),
        people: ledger.people(),
        in_flight: in_flight(ledger, facts),
        today: ledger.begun_on(today(facts.now)),
    }
}

/// Day of the clock (UTC).
pub(super) fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// What speaks against a key for a person who was not served.
pub(super) fn against(member: &Member, facts: &Facts<'_>) -> Option<(Skip, String)> {
    if let Some(skip) = &member.skip {
        return Some(skip.clone());
    }
    if let Some(other) = facts.elsewhere.get(&member.id) {
        return Some((Skip::OrderedElsewhere, format!("{}: {other}", member.id)));
    }
    facts.checked.get(&member.id).cloned().flatten()
}

/// Whose turn may come, in the order of the source. A shipment that is still being deleted is waited for.
fn candidates<'a>(ledger: &Ledger, roster: &'a Roster, facts: &Facts<'_>) -> Vec<&'a Member> {
    let unserved = |member: &&Member| {
        ledger.0.get(&member.id).is_none_or(|entry| entry.state == State::Waiting)
            && !facts.seen.contains_key(&member.id)
    };
    roster.members.iter().filter(unserved).filter(|member| against(member, facts).is_none()).collect()
}

/// People of the source who get a key or got one.
fn eligible(ledger: &Ledger, roster: &Roster, facts: &Facts<'_>) -> u32 {
    let served = |member: &Member| ledger.0.get(&member.id).is_some_and(|entry| entry.times > 0);
    let there = roster.members.iter().filter(|member| served(member) || against(member, facts).is_none());
    count(there).saturating_add(count(roster.to_create.iter()))
}

/// Shipments that are made or about to be, and have not come to an end; one that is being deleted has not.
pub(super) fn in_flight(ledger: &Ledger, facts: &Facts<'_>) -> u32 {
    let ended = |id: &UserId| {
        facts.seen.get(id).is_some_and(|seen| matches!(seen.stage, Stage::Activated | Stage::Over))
    };
    let there = |id: &UserId, state: State| state.is_open() || facts.seen.contains_key(id);
    count(ledger.0.iter().filter(|(id, entry)| there(id, entry.state) && !ended(id)))
}
