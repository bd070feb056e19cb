//! The worlds of rollouts. Each is explored without gaps within its bounds.

use domain::rollout::{Desired, Limits, Wave};

use super::{
    bounds::{Bounds, orders},
    events::Event::{self, Advance, Day, Delete, Forget, Gone, Join, Leave},
};

/// Every world with its full bounds.
#[must_use]
pub fn all() -> Vec<Bounds> {
    vec![crashes(), deleted(), leavers(), ceilings(), waves(), rebuilt(), days()]
}

/// The same with few accidents: seconds instead of minutes.
#[must_use]
pub fn smoke() -> Vec<Bounds> {
    all().into_iter().map(small).collect()
}

fn small(b: Bounds) -> Bounds {
    // Accidents alone, or a few of everything.
    let alone = b.answers == 0;
    Bounds {
        people: if alone { b.people } else { 2 },
        faults: b.faults.min(if alone { 2 } else { 1 }),
        happenings: b.happenings.min(if alone { 3 } else { 2 }),
        answers: b.answers.min(1),
        ..b
    }
}

fn of_each(people: u8, kinds: &[fn(u8) -> Event]) -> Vec<Event> {
    (0..people).flat_map(|one| kinds.iter().map(move |kind| kind(one))).collect()
}

fn crashes() -> Bounds {
    Bounds {
        name: "r1",
        about: "a rollout's process dies, its writes are lost or refused, caches lag, another one works beside it",
        people: 3,
        desired: orders(3),
        faults: 3,
        happenings: 2,
        events: of_each(3, &[Advance]),
        answers: 0,
    }
}

fn deleted() -> Bounds {
    Bounds {
        name: "r2",
        about: "somebody else deletes a rollout's shipments, and people answer",
        people: 2,
        desired: orders(3),
        faults: 1,
        happenings: 4,
        events: of_each(2, &[Delete, Gone, Advance]),
        answers: 2,
    }
}

fn leavers() -> Bounds {
    Bounds {
        name: "r3",
        about: "people leave the source and come back, all of them too",
        people: 2,
        desired: orders(4),
        faults: 1,
        happenings: 4,
        events: of_each(2, &[Join, Leave, Gone, Advance]),
        answers: 1,
    }
}

fn ceilings() -> Bounds {
    let limits = Limits { budget: 3, in_flight: Some(1), per_day: Some(1), waves: Vec::new() };
    Bounds {
        name: "r4",
        about: "one shipment on its way, one a day, a budget that deleted ones use up",
        people: 2,
        desired: Desired { limits, ..orders(3) },
        faults: 1,
        happenings: 4,
        events: [vec![Day], of_each(2, &[Advance, Delete, Gone])].concat(),
        answers: 1,
    }
}

fn waves() -> Bounds {
    let limits =
        Limits { budget: 3, in_flight: None, per_day: None, waves: vec![Wave::Count(1), Wave::Percent(50)] };
    Bounds {
        name: "r5",
        about: "waves, while people join and leave",
        people: 3,
        desired: Desired { limits, ..orders(3) },
        faults: 1,
        happenings: 3,
        events: of_each(3, &[Join, Leave, Advance]),
        answers: 2,
    }
}

fn rebuilt() -> Bounds {
    Bounds {
        name: "r6",
        about: "a rollout's ledger is lost with its cluster, its shipments are there, and its budget is used up",
        people: 3,
        desired: orders(2),
        faults: 1,
        happenings: 3,
        events: [vec![Forget], of_each(3, &[Advance, Join, Leave])].concat(),
        answers: 0,
    }
}

fn days() -> Bounds {
    let limits = Limits { budget: 2, in_flight: None, per_day: Some(1), waves: Vec::new() };
    Bounds {
        name: "r7",
        about: "a shipment vanishes, and the API server cannot be asked, when the next person's day has come",
        people: 2,
        desired: Desired { limits, ..orders(2) },
        faults: 2,
        happenings: 4,
        events: [vec![Day], of_each(2, &[Delete, Gone])].concat(),
        answers: 0,
    }
}
