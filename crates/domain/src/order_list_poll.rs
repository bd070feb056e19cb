//! Following many orders by the organization's list instead of one by one: when a page is asked for, which orders a
//! page answers, and which it sends back to a single read. Pure.
//!
//! That the list shows pre-registered orders is not documented, so it must prove itself in every process, and it
//! decides nothing: what it shows moved is read singly, by the same call as ever, because only that shows the sealed
//! responses. An order that it does not show is followed as if there were no list: a missing row is no news.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    ids::ShipmentId,
    journal::Journal,
    vendor_states::{ParcelClass, ParcelState},
};

/// Entries of a full page (source: Yubico's API help, "at most 100").
pub const PAGE: usize = 100;

/// Longest time between two sightings of an order. Less than an hour, so that with the wait for a page it stays one.
const PERIOD: SignedDuration = SignedDuration::from_mins(56);

/// Pages that fit into a period. A longer list takes longer: the rate is kept, not the age.
const PAGES: i32 = 50;

/// Shortest time between two pages, for connections with a very short interval.
const SHORTEST_GAP: SignedDuration = SignedDuration::from_millis(250);

/// A list that was no use is tried again after this many periods.
const RETRY: i32 = 24;

/// A list is not read further: by then reading each order singly would have cost less.
const MOST_ROWS: usize = 30_000;

/// How often the list may be asked, and from how many orders on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollRate {
    from: usize,
    period: SignedDuration,
    gap: SignedDuration,
}

impl PollRate {
    /// By list from this many orders on; where each order would be read more often than hourly, so is the list.
    #[must_use]
    pub fn new(from: u32, interval: SignedDuration) -> Self {
        let period = interval.clamp(SignedDuration::from_secs(1), PERIOD);
        Self {
            from: usize::try_from(from).unwrap_or(usize::MAX),
            period,
            gap: (period / PAGES).max(SHORTEST_GAP),
        }
    }
}

/// An order whose news the list can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its id at `YubiEnterprise`.
    pub id: ShipmentId,
    /// When it was accepted (UTC).
    pub ordered_at: Timestamp,
    /// Before this moment (UTC) nothing is concluded: a fresh order shows the state of an incomplete one.
    pub judged_from: Timestamp,
    /// Its state as we know it.
    pub state: Option<ParcelState>,
}

impl Followed {
    /// The order, if its state is all that is waited for. What the list cannot answer is read singly: responses that
    /// are still to come, an order that answered 404, one that is being cancelled, and an end that must be read twice.
    #[must_use]
    pub fn of(journal: &Journal, first_after: SignedDuration, deleting: bool) -> Option<Self> {
        let order = journal.accepted()?;
        let state = order.state.map(|(state, _)| state);
        let class = state.map(|state| state.class);
        let active = journal.times.activated.is_some();
        let arrived = matches!(class, Some(ParcelClass::Shipped | ParcelClass::Delivered));
        let lacks_responses = arrived && journal.kept.is_none() && !active;
        let delivered = class == Some(ParcelClass::Delivered);
        let ended = delivered && (journal.times.pin_sent.is_some() || journal.made().is_none());
        let singly = order.missing.is_some()
            || order.cancel_accepted.is_some()
            || class == Some(ParcelClass::Failed)
            || lacks_responses;
        if deleting || singly || ended {
            return None;
        }
        Some(Self {
            id: order.id.clone(),
            ordered_at: order.ordered_at,
            judged_from: later(order.ordered_at, first_after),
            state,
        })
    }
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Id of the order at `YubiEnterprise`.
    pub id: ShipmentId,
    /// Its state as the list shows it.
    pub state: ParcelState,
}

/// One page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Entries that show both id and state.
    pub rows: Vec<Row>,
    /// All entries of the page, readable or not.
    pub entries: usize,
    /// Entries of the whole list, where the vendor says it.
    pub total: Option<usize>,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Too few orders: each is read singly.
    Off,
    /// Nothing before this moment (UTC).
    Wait(Timestamp),
    /// Read the page that begins here.
    Page(usize),
}

#[derive(Debug, Clone, Copy)]
struct Sighting {
    at: Timestamp,
    state: ParcelState,
    /// The state for which a single read was asked, and when: once is enough, whatever it shows.
    asked: Option<(ParcelState, Timestamp)>,
}

/// Where the reading of one connection's list stands. Kept in memory only: a restart begins anew, at the same rate.
#[derive(Debug, Clone, Default)]
pub struct OrderListPoll {
    /// When the next page may be asked for; kept whatever happens, so that the rate holds.
    due: Option<Timestamp>,
    began: Option<Timestamp>,
    offset: usize,
    /// Until the first page may be there, nothing is read singly for its sake.
    hoped: Option<Timestamp>,
    /// Beginning of the first sweep that showed one of our orders. Before that the list has told nothing.
    proven: Option<Timestamp>,
    shown: HashMap<ShipmentId, Sighting>,
    /// What a whole sweep did not show: no later one is read to the end of the list for its sake.
    absent: HashSet<ShipmentId>,
    /// Length of the last whole sweep at the rate of its pages, before the first the one that is expected. A process that
    /// stood still in between has seen nothing longer for that.
    took: SignedDuration,
    /// A sweep came to its end.
    whole: bool,
    /// Pages of this sweep so far.
    pages: i32,
    /// The last page of this sweep, if it was short and told no total.
    short: Option<Page>,
}

impl OrderListPoll {
    /// What to do with this many orders to follow.
    pub fn next(&mut self, followed: usize, poll_rate: PollRate, now: Timestamp) -> Next {
        // Neither at once nor in step with a process that dies again and again.
        let due = *self.due.get_or_insert_with(|| {
            self.hoped = Some(later(now, poll_rate.gap * 2));
            later(now, poll_rate.gap)
        });
        if followed < poll_rate.from.max(1) {
            self.drop_all();
            return Next::Off;
        }
        if now < due {
            return Next::Wait(due);
        }
        self.began.get_or_insert(now);
        self.due = Some(later(now, poll_rate.gap));
        Next::Page(self.offset)
    }

    /// Takes a page. Gives the orders that must be read singly now.
    pub fn read(
        &mut self,
        page: &Page,
        followed: &HashMap<ShipmentId, Followed>,
        poll_rate: PollRate,
        now: Timestamp,
    ) -> Vec<ShipmentId> {
        let began = *self.began.get_or_insert(now);
        let mut moved = Vec::new();
        for row in &page.rows {
            let Some(order) = followed.get(&row.id) else { continue };
            self.proven.get_or_insert(began);
            if self.sight(order, row.state, now) {
                moved.push(row.id.clone());
            }
        }
        self.offset += page.entries;
        self.pages = self.pages.saturating_add(1);
        self.expect(page.total, poll_rate);
        let over = match page.total {
            Some(total) => self.offset >= total,
            None => self.is_again(page),
        };
        let settled = |order: &Followed| {
            order.ordered_at >= began || self.saw(order, began) || self.absent.contains(&order.id)
        };
        let all_seen = || followed.values().all(settled);
        if page.entries == 0 || over || self.offset >= MOST_ROWS || all_seen() {
            self.end(followed, began, poll_rate, now);
        }
        moved
    }

    /// Is this the short page that was there before, from a server that overlooks where a page is to begin? Nobody
    /// promises how many entries a page holds: without a total a short one is no end, only an empty one is.
    fn is_again(&mut self, page: &Page) -> bool {
        let is_short = page.entries < PAGE;
        let again = is_short && self.short.as_ref() == Some(page);
        self.short = is_short.then(|| page.clone());
        again
    }

    /// The page could not be read. `for_good`: not only this time.
    pub fn failed(&mut self, for_good: bool, poll_rate: PollRate, now: Timestamp) {
        if for_good {
            self.drop_all();
            self.due = Some(later(now, poll_rate.period * RETRY));
        }
    }

    /// Does the list answer for this order now, so that no single read is due?
    #[must_use]
    pub fn covers(&self, order: &Followed, poll_rate: PollRate, now: Timestamp) -> bool {
        let Some(proven) = self.proven else { return self.hoped.is_some_and(|until| now < until) };
        let fresh = |since: Timestamp| now.duration_since(since) <= self.longest_age(poll_rate);
        match self.shown.get(&order.id) {
            Some(sighting) => fresh(sighting.at) && !is_news(order.state, sighting.state),
            // Not yet shown: no longer than it would take to be shown.
            None => fresh(order.ordered_at.max(proven)),
        }
    }

    /// The first sweep is as long as the list says it is.
    fn expect(&mut self, total: Option<usize>, poll_rate: PollRate) {
        if self.whole {
            return;
        }
        let pages = total.unwrap_or(0).min(MOST_ROWS).div_ceil(PAGE);
        self.took = poll_rate.gap * i32::try_from(pages).unwrap_or(0);
    }

    fn sight(&mut self, order: &Followed, state: ParcelState, now: Timestamp) -> bool {
        self.absent.remove(&order.id);
        let sighting = self.shown.entry(order.id.clone()).or_insert(Sighting { at: now, state, asked: None });
        (sighting.at, sighting.state) = (now, state);
        if !is_news(order.state, state) {
            sighting.asked = None;
            return false;
        }
        if now < order.judged_from || sighting.asked.is_some_and(|(asked, _)| asked == state) {
            return false;
        }
        sighting.asked = Some((state, now));
        true
    }

    fn saw(&self, order: &Followed, since: Timestamp) -> bool {
        self.shown.get(&order.id).is_some_and(|sighting| sighting.at >= since)
    }

    /// A list that lacks more than half of what certainly exists, or contradicts the single reads, is no use. A few
    /// that are not shown may have been deleted, or slipped from one page to another.
    fn end(
        &mut self,
        followed: &HashMap<ShipmentId, Followed>,
        began: Timestamp,
        poll_rate: PollRate,
        now: Timestamp,
    ) {
        let placed: Vec<_> = followed.values().filter(|order| order.ordered_at < began).collect();
        let told = |order: &&&Followed| self.saw(order, began) && !self.contradicts(order, began);
        let told = placed.iter().filter(told).count();
        if told * 2 < placed.len() {
            self.drop_all();
            self.due = Some(later(now, poll_rate.period * RETRY));
            return;
        }
        self.shown.retain(|id, _| followed.contains_key(id));
        self.absent = placed.iter().filter(|order| !self.saw(order, began)).map(|o| o.id.clone()).collect();
        (self.took, self.whole) = (poll_rate.gap * self.pages.saturating_sub(1), true);
        self.due = Some(later(began, poll_rate.period).max(later(now, poll_rate.gap)));
        (self.began, self.offset, self.pages, self.short) = (None, 0, 0, None);
    }

    /// It shows a state for which a single read was asked in an earlier sweep, and that read showed another.
    fn contradicts(&self, order: &Followed, began: Timestamp) -> bool {
        let asked_before = |s: &Sighting| s.asked.is_some_and(|(state, at)| state == s.state && at < began);
        let sighting = self.shown.get(&order.id);
        sighting.is_some_and(|s| asked_before(s) && is_news(order.state, s.state))
    }

    fn longest_age(&self, poll_rate: PollRate) -> SignedDuration {
        self.took.max(poll_rate.period) + poll_rate.gap * 2
    }

    fn drop_all(&mut self) {
        *self = Self { due: self.due, ..Self::default() };
    }
}

/// Would the journal note this state as a new one? The steps inside the warehouse are none.
#[must_use]
pub fn is_news(known: Option<ParcelState>, shown: ParcelState) -> bool {
    let inside = |state: ParcelState| state.class == ParcelClass::InProgress;
    match known {
        None => !inside(shown),
        Some(known) => known != shown && !(inside(known) && inside(shown)),
    }
}

fn later(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
