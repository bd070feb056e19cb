use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{cadence::Schedule, desired::Cadence, vendor_states::Programmed};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const INTERVAL: SignedDuration = SignedDuration::from_hours(6);
const FIRST_AFTER: SignedDuration = SignedDuration::from_mins(20);

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn state(id: u32) -> ParcelState {
    ParcelState::from_id(id)
}

fn order(number: usize, ordered_at: Timestamp) -> Followed {
    Followed {
        id: ShipmentId::new(format!("order-{number}")).expect("valid"),
        ordered_at,
        judged_from: later(ordered_at, FIRST_AFTER),
        state: None,
    }
}

/// Yubico's list, the operator's orders, and everything that would be asked for.
struct World {
    now: Timestamp,
    started: Timestamp,
    poll_rate: PollRate,
    order_list_poll: OrderListPoll,
    /// Newest first, as the list is served; the state, or none where the list lacks the order.
    list: Vec<(ShipmentId, Option<u32>)>,
    followed: HashMap<ShipmentId, Followed>,
    looked: HashMap<ShipmentId, Timestamp>,
    known: HashMap<ShipmentId, Timestamp>,
    pages: BTreeMap<i64, usize>,
    singles: BTreeMap<i64, usize>,
}

impl World {
    /// So many orders of the last ten days; the operator has just started.
    fn new(count: usize) -> Self {
        let mut world = Self {
            now: start(),
            started: start(),
            poll_rate: PollRate::new(100, INTERVAL),
            order_list_poll: OrderListPoll::default(),
            list: Vec::new(),
            followed: HashMap::new(),
            looked: HashMap::new(),
            known: HashMap::new(),
            pages: BTreeMap::new(),
            singles: BTreeMap::new(),
        };
        let spread = SignedDuration::from_hours(240) / i32::try_from(count).expect("few");
        for number in 0..count {
            let age = SignedDuration::from_hours(1) + spread * i32::try_from(number).expect("few");
            let placed = start().checked_sub(age).expect("in range");
            world.list.push((order(number, placed).id, Some(100)));
            world.follow(order(number, placed));
        }
        world
    }

    fn follow(&mut self, order: Followed) {
        self.known.insert(order.id.clone(), order.ordered_at.max(self.started));
        self.followed.insert(order.id.clone(), order);
    }

    fn hour(&self) -> i64 {
        self.now.duration_since(self.started).as_hours()
    }

    fn page(&self, offset: usize) -> Page {
        let shown = || self.list.iter().filter_map(|(id, state)| Some((id, (*state)?)));
        let part = shown().skip(offset).take(PAGE);
        let rows: Vec<_> = part.map(|(id, number)| Row { id: id.clone(), state: state(number) }).collect();
        Page { entries: rows.len(), rows, total: Some(shown().count()) }
    }

    fn schedule(order: &Followed) -> Schedule {
        let phase = order.id.as_str().bytes().fold(7, |sum: u64, byte| sum * 31 + u64::from(byte));
        Schedule::new(order.ordered_at, Cadence { first_after: FIRST_AFTER, interval: INTERVAL, phase })
    }

    /// One turn of the follower and of every pass that is due, as the operator makes them.
    fn turn(&mut self) {
        if let Next::Page(offset) = self.order_list_poll.next(self.followed.len(), self.poll_rate, self.now) {
            *self.pages.entry(self.hour()).or_default() += 1;
            let page = self.page(offset);
            for row in &page.rows {
                self.known.insert(row.id.clone(), self.now);
            }
            for id in self.order_list_poll.read(&page, &self.followed, self.poll_rate, self.now) {
                self.look(&id);
            }
        }
        let due: Vec<_> =
            self.followed.values().filter(|order| self.is_due(order)).map(|o| o.id.clone()).collect();
        for id in due {
            self.look(&id);
        }
    }

    fn is_due(&self, order: &Followed) -> bool {
        let last = self.looked.get(&order.id).copied().unwrap_or(self.started);
        let moment = Self::schedule(order).last(self.now);
        moment.is_some_and(|moment| moment > last)
            && !self.order_list_poll.covers(order, self.poll_rate, self.now)
    }

    /// The single read: it shows the true state.
    fn look(&mut self, id: &ShipmentId) {
        *self.singles.entry(self.hour()).or_default() += 1;
        self.looked.insert(id.clone(), self.now);
        self.known.insert(id.clone(), self.now);
        let shown = self.list.iter().find(|(known, _)| known == id).and_then(|(_, number)| *number);
        if let (Some(order), Some(number)) = (self.followed.get_mut(id), shown)
            && is_news(order.state, state(number))
        {
            order.state = Some(state(number));
        }
    }

    fn pass(&mut self, time: SignedDuration, mut each: impl FnMut(&mut Self)) {
        let end = later(self.now, time);
        while self.now < end {
            self.turn();
            each(self);
            self.now = later(self.now, self.poll_rate.gap);
        }
    }

    fn oldest(&self) -> SignedDuration {
        let ages =
            self.followed.keys().filter_map(|id| self.known.get(id)).map(|at| self.now.duration_since(*at));
        ages.max().unwrap_or_default()
    }

    fn most_calls_an_hour(&self) -> usize {
        let of = |calls: &BTreeMap<i64, usize>, hour| calls.get(&hour).copied().unwrap_or(0);
        (0..self.hour()).map(|hour| of(&self.pages, hour) + of(&self.singles, hour)).max().unwrap_or(0)
    }
}

/// The promise of `docs/calls.md`; what is left of 60 is for the connection's own examination.
const MOST_CALLS_AN_HOUR: usize = 55;

#[test]
fn five_thousand_orders_cost_few_calls_an_hour_and_none_is_older_than_one() {
    let mut world = World::new(5_000);
    let mut oldest = SignedDuration::ZERO;
    // From the start of the process on, and longer than the time between two single reads of an order.
    world.pass(HOUR * 7, |world| oldest = oldest.max(world.oldest()));
    println!(
        "calls of the hours: pages {:?}, single reads {:?}; oldest {oldest:#}",
        world.pages, world.singles
    );
    assert!(world.most_calls_an_hour() <= MOST_CALLS_AN_HOUR, "{} calls", world.most_calls_an_hour());
    assert!(oldest <= HOUR, "{oldest:#}");
}

#[test]
fn a_process_that_starts_again_and_again_asks_no_more_often() {
    let mut world = World::new(5_000);
    let mut turns = 0;
    world.pass(HOUR * 3, |world| {
        turns += 1;
        if turns % 20 == 0 {
            world.order_list_poll = OrderListPoll::default();
        }
    });
    let most = world.pages.values().max().copied().unwrap_or(0);
    assert!(most <= MOST_CALLS_AN_HOUR, "{most} pages an hour");
}

#[test]
fn a_parcel_that_moves_is_read_once_within_the_hour() {
    let mut world = World::new(300);
    world.pass(HOUR * 2, |_| {});
    let before: usize = world.singles.values().sum();
    let moving: Vec<_> = (0..300).step_by(7).collect();
    for &at in &moving {
        world.list[at].1 = Some(103);
    }
    world.pass(HOUR, |_| {});
    let shipped = world.followed.values().filter(|order| order.state == Some(state(103))).count();
    assert_eq!(shipped, moving.len());
    assert_eq!(
        world.singles.values().sum::<usize>() - before,
        moving.len(),
        "one read each, and nothing else"
    );
}

#[test]
fn a_list_without_these_orders_is_dropped_and_taken_up_when_it_shows_them() {
    let mut world = World::new(600);
    let shown = world.list.clone();
    world.list.iter_mut().for_each(|row| row.1 = None);
    let mut oldest = SignedDuration::ZERO;
    world.pass(HOUR * 20, |world| oldest = oldest.max(world.oldest()));
    assert!(oldest <= INTERVAL + HOUR, "each is read singly, as without a list: {oldest:#}");
    assert_eq!(world.pages.values().sum::<usize>(), 1, "the list is left alone for most of a day");
    let singles: usize = world.singles.values().sum();
    assert!((600 * 3..=600 * 4).contains(&singles), "every 6 h in 20 h: {singles}");
    world.list = shown;
    world.pass(HOUR * 6, |_| {});
    let before: usize = world.singles.values().sum();
    world.pass(HOUR * 6, |_| {});
    assert_eq!(world.singles.values().sum::<usize>(), before, "by list again");
}

#[test]
fn an_order_that_the_list_lacks_is_read_singly_and_the_others_are_not() {
    let mut world = World::new(400);
    world.list.iter_mut().step_by(10).for_each(|row| row.1 = None);
    world.pass(HOUR * 13, |_| {});
    let lacking = 40;
    let singles: usize = world.singles.values().sum();
    assert!((lacking..=lacking * 3).contains(&singles), "{singles}");
    let read: Vec<_> =
        world.looked.keys().filter(|id| world.order_list_poll.shown.contains_key(*id)).collect();
    assert!(read.is_empty(), "what is shown is not read beside it: {read:?}");
}

#[test]
fn a_list_that_contradicts_the_single_reads_is_dropped() {
    let mut world = World::new(200);
    world.pass(HOUR * 2, |_| {});
    // It counts states in another way: each order is asked for once, not at each page.
    let before: usize = world.singles.values().sum();
    let (mut asked, mut pages) = (0, 0);
    while pages < 20 {
        world.now = later(world.now, SignedDuration::from_mins(2));
        let Next::Page(offset) = world.order_list_poll.next(200, world.poll_rate, world.now) else {
            if world.now.duration_since(world.started) > HOUR * 12 {
                break;
            }
            continue;
        };
        pages += 1;
        let mut page = world.page(offset);
        page.rows.iter_mut().for_each(|row| row.state = state(7));
        asked += world.order_list_poll.read(&page, &world.followed, world.poll_rate, world.now).len();
    }
    assert_eq!((before, asked), (0, 200));
    assert!(pages <= 4, "{pages} pages, then no more");
    assert!(world.followed.values().all(|order| !world.order_list_poll.covers(
        order,
        world.poll_rate,
        world.now
    )));
}

#[test]
fn an_order_that_is_gone_from_the_list_does_not_have_its_whole_history_read() {
    let mut world = World::new(300);
    // All that the organization ever ordered, behind what is under way.
    world.list.extend((0..4_000).map(|n| (order(10_000 + n, start()).id, Some(104))));
    world.list[17].1 = None;
    world.pass(HOUR * 3, |_| {});
    let before: usize = world.pages.values().sum();
    world.pass(HOUR * 5, |_| {});
    let pages = world.pages.values().sum::<usize>() - before;
    assert!(pages <= 3 * 7, "three pages an hour hold them: {pages}");
}

#[test]
fn few_orders_are_read_singly() {
    let mut world = World::new(99);
    world.pass(HOUR * 7, |_| {});
    assert!(world.pages.is_empty());
    assert!(world.singles.values().sum::<usize>() >= 99);
}

#[test]
fn a_longer_list_takes_longer_at_the_same_rate() {
    let mut world = World::new(5_000);
    // As many that are over, between them.
    let over: Vec<_> = (0..5_000).map(|n| (order(10_000 + n, start()).id, Some(104))).collect();
    world.list = world.list.iter().cloned().zip(over).flat_map(|(open, over)| [open, over]).collect();
    let mut oldest = SignedDuration::ZERO;
    world.pass(HOUR * 4, |world| oldest = oldest.max(world.oldest()));
    assert!(world.most_calls_an_hour() <= MOST_CALLS_AN_HOUR, "{}", world.most_calls_an_hour());
    assert!(oldest <= HOUR * 2, "{oldest:#}");
}

#[test]
fn nothing_is_concluded_of_a_fresh_order() {
    let mut world = World::new(150);
    world.pass(HOUR * 2, |_| {});
    let fresh = order(999, world.now);
    world.list.insert(0, (fresh.id.clone(), Some(1)));
    world.follow(fresh.clone());
    world.pass(FIRST_AFTER, |_| {});
    assert!(!world.looked.contains_key(&fresh.id), "1 is what a fresh order shows");
    world.pass(HOUR, |_| {});
    assert!(world.looked.contains_key(&fresh.id), "an hour later it means something");
}

#[test]
fn a_page_that_cannot_be_read_is_asked_for_again_at_the_same_rate() {
    let poll_rate = PollRate::new(1, INTERVAL);
    let mut order_list_poll = OrderListPoll::default();
    let (mut now, mut pages) = (start(), 0);
    let end = later(now, HOUR);
    while now < end {
        if let Next::Page(offset) = order_list_poll.next(5_000, poll_rate, now) {
            assert_eq!(offset, 0);
            pages += 1;
            order_list_poll.failed(false, poll_rate, now);
        }
        now = later(now, SignedDuration::from_secs(5));
    }
    assert!((40..=MOST_CALLS_AN_HOUR).contains(&pages), "{pages}");
    order_list_poll.failed(true, poll_rate, now);
    assert!(
        matches!(order_list_poll.next(5_000, poll_rate, now), Next::Wait(at) if at > later(now, HOUR * 20))
    );
}

fn any_state() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(1),
        Just(3),
        Just(100),
        Just(102),
        Just(103),
        Just(104),
        Just(105),
        Just(106),
        Just(99),
        0u32..3000
    ]
}

proptest! {
    /// The list speaks of news exactly where the journal would note some.
    #[test]
    fn news_is_what_the_journal_notes(before in proptest::option::of(any_state()), now in any_state()) {
        let mut journal = accepted();
        if let Some(before) = before {
            journal.observe_parcel(state(before), &Programmed::NotYet, &[], start());
        }
        let known = journal.accepted().and_then(|order| order.state).map(|(state, _)| state);
        journal.observe_parcel(state(now), &Programmed::NotYet, &[], start());
        let after = journal.accepted().and_then(|order| order.state).map(|(state, _)| state);
        prop_assert_eq!(is_news(known, state(now)), known != after);
    }

    /// Whatever pages come in whatever order: only what a row shows is ever sent to a single read, once a state, and
    /// what the list answers for it has shown in its known state lately, or not had the time to.
    #[test]
    fn a_missing_row_is_no_news_and_no_answer(
        pages in proptest::collection::vec(
            (proptest::collection::vec((0usize..8, any_state()), 0..6), 0i64..4000), 1..30,
        ),
    ) {
        let poll_rate = PollRate::new(1, INTERVAL);
        let followed: HashMap<_, _> =
            (0..6).map(|n| order(n, start().checked_sub(HOUR).expect("in range"))).map(|o| (o.id.clone(), o)).collect();
        let mut order_list_poll = OrderListPoll::default();
        let mut now = start();
        let mut shown: HashMap<ShipmentId, (Timestamp, ParcelState)> = HashMap::new();
        for (rows, wait) in pages {
            now = later(now, SignedDuration::from_secs(wait));
            if let Next::Page(_) = order_list_poll.next(followed.len(), poll_rate, now) {
                let rows: Vec<_> = rows.iter().map(|(n, s)| Row { id: order(*n, now).id, state: state(*s) }).collect();
                for row in &rows {
                    shown.insert(row.id.clone(), (now, row.state));
                }
                let page = Page { entries: rows.len(), rows, total: None };
                for id in order_list_poll.read(&page, &followed, poll_rate, now) {
                    prop_assert!(page.rows.iter().any(|row| row.id == id && is_news(None, row.state)));
                }
            }
            for order in followed.values().filter(|order| order_list_poll.covers(order, poll_rate, now)) {
                match shown.get(&order.id) {
                    Some((at, state)) if now.duration_since(*at) > HOUR || is_news(None, *state) => {
                        // Dropped and begun anew: as if it had never been shown.
                        prop_assert!(!order_list_poll.shown.contains_key(&order.id));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn accepted() -> Journal {
    let mut journal = Journal::default();
    journal.order = crate::journal::Order::Open(1, start());
    journal.observe_adopted(&order(1, start()).id, Some(start()), start());
    journal
}

#[test]
fn what_the_list_cannot_answer_is_not_left_to_it() {
    let follows = |journal: &Journal| Followed::of(journal, FIRST_AFTER, false).is_some();
    let seen = |id| {
        let mut journal = accepted();
        journal.observe_parcel(state(id), &Programmed::NotYet, &[], start());
        journal
    };
    assert!(follows(&accepted()) && follows(&seen(100)) && follows(&seen(7)) && follows(&seen(105)));
    assert!(!follows(&Journal::default()), "no order");
    assert!(!follows(&seen(103)), "the responses are still to come");
    assert!(!follows(&seen(99)), "an end is read twice before Okta is told");
    assert!(Followed::of(&accepted(), FIRST_AFTER, true).is_none(), "a deletion must know");
    let mut missing = accepted();
    missing.observe_missing(start());
    assert!(!follows(&missing));
    let mut cancelled = accepted();
    cancelled.observe_cancel(true, start());
    assert!(!follows(&cancelled));
    let mut active = seen(103);
    active.observe_activation(start());
    assert!(follows(&active), "on its way with a live key");
}

/// Nobody promises how many entries a page holds.
#[test]
fn without_a_total_a_short_page_is_no_end() {
    let world = World::new(250);
    let list: Vec<_> = world.list.iter().map(|(id, _)| Row { id: id.clone(), state: state(100) }).collect();
    let part = |offset: usize, most: usize| {
        let rows: Vec<_> = list.iter().skip(offset).take(most).cloned().collect();
        Page { entries: rows.len(), rows, total: None }
    };
    for most in [1, 7, 30, 99, 100] {
        let mut poll = OrderListPoll::default();
        let (mut offset, mut now) = (0, start());
        while offset < list.len() {
            assert!(poll.absent.is_empty() && !poll.whole, "{most}: read in part, at {offset}");
            let page = part(offset, most);
            poll.read(&page, &world.followed, world.poll_rate, now);
            offset += page.entries;
            now = later(now, world.poll_rate.gap);
        }
        assert!(poll.whole && poll.absent.is_empty(), "{most}: every order was shown");
    }
}

#[test]
fn without_a_total_an_empty_page_and_the_same_short_page_again_are_the_end() {
    let mut world = World::new(150);
    let lacking = world.list.split_off(140);
    let rows: Vec<_> = world.list.iter().map(|(id, _)| Row { id: id.clone(), state: state(100) }).collect();
    let page = |rows: &[Row]| Page { entries: rows.len(), rows: rows.to_vec(), total: None };
    let mut poll = OrderListPoll::default();
    for (part, over) in [(&rows[..100], false), (&rows[100..], false), (&rows[..0], true)] {
        poll.read(&page(part), &world.followed, world.poll_rate, start());
        assert_eq!(poll.whole, over);
    }
    assert_eq!(poll.absent.len(), lacking.len());
    // A server that overlooks `offset`.
    let mut poll = OrderListPoll::default();
    let most = &rows[..90];
    for over in [false, true] {
        poll.read(&page(most), &world.followed, world.poll_rate, start());
        assert_eq!(poll.whole, over);
    }
    assert_eq!(poll.short, None, "the next sweep begins anew");
}

/// Found by a property: the rest of the list came when its first page was an hour old.
#[test]
fn a_sweep_that_was_interrupted_makes_no_sighting_last_longer() {
    let poll_rate = PollRate::new(1, INTERVAL);
    let placed = start().checked_sub(HOUR).expect("in range");
    let followed: HashMap<_, _> = (0..3).map(|n| order(n, placed)).map(|o| (o.id.clone(), o)).collect();
    let rows: Vec<_> = (0..2).map(|n| Row { id: order(n, placed).id, state: state(3) }).collect();
    let mut poll = OrderListPoll::default();
    poll.read(&Page { entries: 2, rows, total: None }, &followed, poll_rate, start());
    let late = later(start(), SignedDuration::from_secs(3_601));
    poll.read(&Page::default(), &followed, poll_rate, late);
    assert!(poll.whole);
    assert!(followed.values().all(|order| !poll.covers(order, poll_rate, late)), "each is read singly");
}
