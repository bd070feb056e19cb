//! What a pass reads, as `src/controller/shipment/{dereference,adopt}.rs` and the caches of `context.rs` give it.

use domain::{
    failure::Reason,
    first_use::UseSeen,
    ids::{EnrollmentId, ShipmentId},
    journal::{Enrollment, Journal, Order},
    plan::{Claimed, Fetch, Observation, Observed, ObservedUser, Person, Search, Shared},
    precedence::{Facts, Standing},
    vendor_states::{ListedEnrollment, ParcelState, Programmed, only_one},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    bounds::Bounds,
    oracle,
    state::{Ordered, Pass, State, Version, at, number, shipment_id},
    vendors,
};

/// Reads what commutes with everything that others do.
pub fn look(b: &Bounds, s: &mut State, pass: &mut Pass, look: Fetch) {
    match look {
        Fetch::Search | Fetch::Adoption if pass.machine.observed.user.is_none() => user(s, pass),
        Fetch::User => user(s, pass),
        Fetch::Address => pass.machine.observed.checked = Some(Ok(())),
        Fetch::Parcel => parcel(s, pass),
        Fetch::Search => search(b, s, pass),
        Fetch::Adoption => adopt(b, s, pass),
        Fetch::FirstUse => first_use(b, s, pass),
        // Deeds of their own.
        Fetch::Enrollments | Fetch::Rivals => {}
    }
}

fn user(s: &State, pass: &mut Pass) {
    pass.machine.journal.observe_user(&vendors::user(), &vendors::orgs(pass.conn.other));
    pass.saw_user = Some(s.user.clone());
    pass.machine.observed.user =
        Some(Person::Found(ObservedUser { id: vendors::user(), status: s.user.clone() }));
}

/// Okta's list: what was made shortly before it may not be shown.
pub fn list(b: &Bounds, s: &State, pass: &mut Pass) {
    let list = vendors::list(b, s);
    pass.machine.journal.observe_list(&list, at(s.now));
    pass.machine.observed.list = Some(list);
}

/// Nothing is done by it: it tells what Okta shows, and takes nobody's turn.
fn first_use(b: &Bounds, s: &mut State, pass: &mut Pass) {
    let before = pass.machine.journal.times.used.is_some();
    let seen = pass.machine.journal.observe_first_use(&vendors::list(b, s), at(s.now));
    pass.machine.observed.first_use = Some(seen.unwrap_or(UseSeen::Unread));
    oracle::looked_for_use(b, s, pass, before);
}

fn parcel(s: &mut State, pass: &mut Pass) {
    let Some(n) = pass.machine.journal.accepted().and_then(|order| number(order.id.as_str())) else { return };
    let Some(order) = s.orders.get(n).filter(|order| shown(order, pass)) else {
        pass.machine.journal.observe_missing(at(s.now));
        pass.missed = true;
        pass.machine.observed.parcel = Some(Observation::Missing);
        return;
    };
    let state = ParcelState::from_id(order.state);
    let programmed = if vendors::is_programmed(order.state) {
        Programmed::One(Box::new(vendors::responses(order.enrollment, order.mixed)))
    } else {
        Programmed::NotYet
    };
    pass.machine.journal.observe_parcel(state, &programmed, &[], at(s.now));
    pass.saw_parcel = Some((order.state, s.now));
    pass.machine.observed.parcel = Some(Observation::Shown(None));
}

/// Does `YubiEnterprise` show it to this pass?
pub const fn shown(order: &Ordered, pass: &Pass) -> bool {
    !order.cancelled && !pass.region && order.other == pass.conn.other
}

/// By the cache: who comes first for the same person, and whether it has begun.
pub fn rival(b: &Bounds, s: &State, pass: &Pass) -> Option<(String, bool)> {
    let known = pass.machine.observed.user.is_some() && !pass.blind;
    if !known || pass.machine.journal.is_open() || pass.machine.journal.accepted().is_some() {
        return None;
    }
    let counting = others(b, s, pass.slot).filter_map(|(other, version)| {
        let journal = &version.journal;
        let facts = Facts {
            begun: journal.is_open(),
            aside: journal.times.pin_sent.is_some() || matches!(journal.order, Order::Cancelled(..)),
            can_order: !version.deleting && other < pass.slot && !waits_for_a_person(version),
        };
        Some((facts.standing()?, other))
    });
    let (standing, first) = counting.min()?;
    Some((format!("shipment {first}"), standing == Standing::Begun))
}

/// A hold of this spec, unless it only waits behind another one.
fn waits_for_a_person(version: &Version) -> bool {
    version.journal.hold.as_ref().is_some_and(|hold| {
        let in_line = hold.reason == Reason::AnotherOrderForUser && hold.choices.is_empty();
        hold.generation == version.generation && !in_line
    })
}

/// Listed live: another one with an open mark or enrolment.
pub fn rivals(s: &State, slot: usize) -> bool {
    let others = s.slots.iter().enumerate().filter(|(other, _)| *other != slot);
    others.filter_map(|(_, other)| other.live.as_ref()).any(|version| version.journal.is_open())
}

fn others<'a>(b: &'a Bounds, s: &'a State, mine: usize) -> impl Iterator<Item = (usize, &'a Version)> {
    let same = move |slot: usize| slot != mine && b.clusters[slot] == b.clusters[mine];
    let live = s.slots.iter().enumerate().filter_map(|(n, slot)| Some((n, slot.live.as_ref()?)));
    live.filter(move |(slot, _)| same(*slot))
}

fn claimant(b: &Bounds, s: &State, pass: &Pass, id: &ShipmentId) -> bool {
    !pass.blind
        && others(b, s, pass.slot)
            .any(|(_, version)| version.journal.accepted().is_some_and(|order| order.id == *id))
}

/// An order or enrolment that two resources have belongs to neither.
pub fn claimed(b: &Bounds, s: &State, pass: &Pass) -> Option<Claimed<'static>> {
    if pass.blind {
        return None;
    }
    let order = order_of(&pass.machine.journal);
    let enrollment = pass.machine.journal.made().map(|made| &made.id);
    let same_order = |other: &Journal| order.is_some() && order_of(other) == order;
    let same_enrollment =
        |other: &Journal| enrollment.is_some() && other.made().map(|made| &made.id) == enrollment;
    let mut shared = others(b, s, pass.slot).filter_map(|(_, version)| {
        let other: &Journal = &version.journal;
        if same_order(other) {
            return Some(Shared::Order);
        }
        same_enrollment(other).then_some(Shared::Enrollment)
    });
    shared.next().map(|what| Claimed { name: "another", what })
}

fn order_of(journal: &Journal) -> Option<&ShipmentId> {
    match &journal.order {
        Order::Accepted(order) => Some(&order.id),
        Order::Cancelled(_, _, id) => id.as_ref(),
        _ => None,
    }
}

const SETTLE: SignedDuration = SignedDuration::from_mins(5);
const REQUESTS_LIVE: SignedDuration = SignedDuration::from_mins(15);

fn window(b: &Bounds, pass: &Pass) -> Option<(Timestamp, Timestamp)> {
    let (from, length) = match &pass.machine.journal.order {
        Order::Open(_, mark) | Order::Unknown(_, mark, _) => (*mark, SETTLE),
        Order::Refused(refused) => (refused.mark, SETTLE),
        _ => match &pass.machine.journal.enrollment {
            Enrollment::Made(made) => (made.created_at, REQUESTS_LIVE + SETTLE),
            _ => (only(b, &pass.machine.observed)?.created?, REQUESTS_LIVE + SETTLE),
        },
    };
    Some((from.checked_sub(SignedDuration::from_secs(5)).ok()?, from.checked_add(length).ok()?))
}

fn only(b: &Bounds, seen: &Observed) -> Option<ListedEnrollment> {
    only_one(seen.list.as_ref()?.entries.iter().filter(|entry| !b.existing.overlooks(entry.created))).cloned()
}

fn search(b: &Bounds, s: &mut State, pass: &mut Pass) {
    let one = window(b, pass).filter(|_| b.listed).and_then(|(from, to)| {
        let fits = |n: &usize| {
            let order = &s.orders[*n];
            let created = at(order.created);
            shown(order, pass)
                && created >= from
                && created <= to
                && shipment_id(*n).is_some_and(|id| !claimant(b, s, pass, &id))
        };
        let mut found = (0..s.orders.len()).filter(fits);
        match (found.next(), found.next()) {
            (Some(only), None) => shipment_id(only),
            _ => None,
        }
    });
    oracle::sighted(s, pass.slot, one.as_ref());
    pass.machine.journal.observe_search(one.as_ref(), at(s.now));
    pass.machine.observed.search = Some(one.map_or(Search::Undecided, Search::One));
}

fn adopt(b: &Bounds, s: &mut State, pass: &mut Pass) {
    let Some(id) = pass.machine.journal.adoption.as_ref().map(|adoption| adoption.shipment.clone()) else {
        return;
    };
    let by_person = pass.machine.journal.adoption.as_ref().is_some_and(|adoption| adoption.by_person);
    let order = number(id.as_str()).and_then(|n| s.orders.get(n)).filter(|order| shown(order, pass)).cloned();
    let enrollment =
        pass.machine
            .journal
            .made()
            .map(|made| made.id.clone())
            .or(only(b, &pass.machine.observed).map(|entry| entry.id));
    let free = |id: &EnrollmentId| {
        pass.blind
            || others(b, s, pass.slot)
                .all(|(_, other)| other.journal.made().is_none_or(|made| made.id != *id))
    };
    let linked = enrollment.as_ref().is_some_and(free);
    let fits = |created: i64| {
        !b.listed || window(b, pass).is_none_or(|(from, to)| at(created) >= from && at(created) <= to)
    };
    match order.filter(|order| linked && fits(order.created) && !claimant(b, s, pass, &id)) {
        None => {
            pass.machine.journal.adoption = None;
            pass.machine.observed.adoption_refused = Some("It does not fit.".into());
        }
        Some(order) => {
            oracle::adopted(s, pass, &id, by_person);
            if pass.machine.journal.made().is_none()
                && let Some(entry) = only(b, &pass.machine.observed)
            {
                pass.machine.journal.observe_adopted_enrollment(&entry, &vendors::rp_id(), at(s.now));
            }
            let made = b.listed.then(|| at(order.created));
            pass.machine.journal.observe_adopted(&id, made, at(s.now));
        }
    }
}
