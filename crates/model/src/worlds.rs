//! The worlds. Each is explored without gaps within its bounds; together they hold every accident of the contract.

use domain::{
    desired::{ActivationGate, ExistingKey, OnDelete, OnTimeout, PinGate},
    hold::Choice,
};

use crate::{
    bounds::{Accidents, Bounds, DAY, EXPIRED, FORTNIGHT, HOUR, SETTLED},
    state::{Event, at},
};

mod answers;
mod edges;

/// Every world with its full bounds.
#[must_use]
pub fn all() -> Vec<Bounds> {
    vec![
        two_processes(),
        one_bound(),
        two_clusters(),
        other_tool(),
        lagging_list(),
        two_shipments(),
        restored(),
        rebuilt(),
        adopted_again(),
        after_order(),
        gates(),
        pins(),
        between_polls(),
        deleted_early(),
        deleted_late(),
        decided(),
        late_receipt(),
        later_before(),
        elsewhere(),
    ]
    .into_iter()
    .chain(edges::all())
    .collect()
}

/// The same with few accidents: seconds instead of minutes.
#[must_use]
pub fn smoke() -> Vec<Bounds> {
    all().into_iter().map(small).collect()
}

fn small(b: Bounds) -> Bounds {
    if b.whole {
        return b;
    }
    // Two processes or two shipments, or happenings and answers: not both.
    let crowd = b.clusters.len() > 1;
    let busy = b.happenings > 0 && !crowd;
    Bounds {
        processes: if busy { vec![0] } else { b.processes },
        faults: b.faults.min(if b.bound && crowd { 2 } else { 1 }),
        jumps: b.jumps.min(1),
        happenings: b.happenings.min(2),
        answers: if crowd { 0 } else { b.answers.min(2) },
        ..b
    }
}

fn two_processes() -> Bounds {
    Bounds {
        processes: vec![0, 0],
        faults: 2,
        jumps: 1,
        lengths: vec![SETTLED, EXPIRED],
        happenings: 0,
        events: vec![Event::Edit],
        ..Bounds::plain("a1", "two processes on one object, from nothing to the PIN, every accident")
    }
}

fn one_bound() -> Bounds {
    Bounds {
        bound: true,
        listed: true,
        faults: 2,
        jumps: 2,
        lengths: vec![SETTLED, EXPIRED, HOUR],
        happenings: 1,
        events: vec![Event::Suspend, Event::Edit, Event::Foreign],
        answers: 1,
        choices: answers::ALL.to_vec(),
        ..Bounds::plain("a2", "one process in a bound cluster whose vendor lists orders")
    }
}

fn two_clusters() -> Bounds {
    Bounds {
        clusters: vec![0, 1],
        processes: vec![0, 1],
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, EXPIRED],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::CancelOrder, Choice::DiscardEnrollment],
        ..Bounds::plain("b1", "two clusters without a shared store, bound to neither")
    }
}

fn other_tool() -> Bounds {
    Bounds {
        processes: vec![0],
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED, EXPIRED, HOUR],
        happenings: 2,
        events: vec![Event::Foreign, Event::Suspend, Event::Reactivate, Event::Edit],
        answers: 1,
        choices: answers::ALL.to_vec(),
        ..Bounds::plain("b2", "another tool enrols the same person at any time")
    }
}

/// Longer than a look waits and than a mark settles, shorter than sealed requests live: whoever waits may order.
const LAG: i64 = 400;

fn lagging_list() -> Bounds {
    Bounds {
        clusters: vec![0, 1],
        processes: vec![0, 1],
        list_lag: LAG,
        faults: 1,
        jumps: 1,
        // Each longer than the lag or than a mark settles: after one of them the list shows what it left out.
        lengths: vec![SETTLED, LAG + 20],
        happenings: 1,
        events: vec![Event::Foreign, Event::Removed, Event::Delete(OnDelete::Cancel)],
        answers: 1,
        // Not RetryOrder: who removes the enrolment of the other cluster at Okta and then vouches here that there is no
        // key takes away what keeps two unbound clusters apart (docs/guarantees.md).
        choices: vec![Choice::CancelOrder],
        faults_of: Accidents { region: false, stale: false, store: false, ..Accidents::ALL },
        ..Bounds::plain("b4", "two clusters and another tool, and a list that shows enrolments minutes late")
    }
}

fn elsewhere() -> Bounds {
    Bounds {
        clusters: vec![0, 1],
        processes: vec![0, 1],
        bound: true,
        faults: 2,
        jumps: 1,
        lengths: vec![SETTLED, HOUR],
        happenings: 1,
        events: vec![Event::Delete(OnDelete::Cancel), Event::Wipe],
        ..Bounds::plain("b3", "two clusters, the connection bound to one of them")
    }
}

fn two_shipments() -> Bounds {
    Bounds {
        clusters: vec![0, 0],
        processes: vec![0, 1],
        bound: true,
        faults: 2,
        jumps: 1,
        lengths: vec![SETTLED],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::CancelOrder],
        faults_of: Accidents { store: false, ..Accidents::ALL },
        ..Bounds::plain(
            "c1",
            "two shipments of one person in one bound cluster, with caches that lack the other",
        )
    }
}

fn restored() -> Bounds {
    Bounds {
        bound: true,
        faults: 2,
        jumps: 1,
        lengths: vec![SETTLED, HOUR],
        happenings: 3,
        events: vec![Event::Snapshot, Event::Restore, Event::Suspend],
        answers: 1,
        choices: answers::ALL.to_vec(),
        ..Bounds::plain(
            "d1",
            "a status restored from a backup of any moment, between enrolment and order mark too",
        )
    }
}

fn rebuilt() -> Bounds {
    Bounds {
        processes: vec![0, 0],
        bound: true,
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED],
        happenings: 2,
        events: vec![Event::Wipe, Event::Reapply, Event::Removed],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::AdoptOrder],
        faults_of: Accidents { refusals: false, region: false, ..Accidents::ALL },
        ..Bounds::plain("d2", "status emptied, finalizer stripped, declared again, while two processes work")
    }
}

fn adopted_again() -> Bounds {
    Bounds {
        bound: true,
        listed: true,
        existing: ExistingKey::Adopt,
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED, HOUR, DAY],
        happenings: 2,
        events: vec![Event::Wipe, Event::Delete(OnDelete::Revoke), Event::Parcel(103)],
        answers: 1,
        choices: answers::ALL.to_vec(),
        ..Bounds::plain("d3", "a rebuilt status links again what the vendors know (Adopt)")
    }
}

fn after_order() -> Bounds {
    Bounds {
        ordered: true,
        faults: 1,
        jumps: 1,
        lengths: vec![HOUR, DAY],
        happenings: 3,
        events: vec![
            Event::Parcel(1),
            Event::Parcel(8),
            Event::Parcel(103),
            Event::Parcel(104),
            Event::Parcel(105),
            Event::Parcel(107),
            Event::Parcel(4_242),
            Event::ConsoleDelete,
            Event::Suspend,
            Event::Reactivate,
        ],
        answers: 1,
        choices: vec![Choice::DiscardEnrollment, Choice::ApproveActivation, Choice::ConfirmCancelled],
        ..Bounds::plain(
            "e1",
            "after the order: states in any order, lost, failed, found, suspended, deleted by hand",
        )
    }
}

fn gates() -> Bounds {
    Bounds {
        ordered: true,
        processes: vec![0, 0],
        activation: ActivationGate::Delivery,
        on_timeout: OnTimeout::Activate,
        pin: PinGate::Delivery,
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED, FORTNIGHT],
        happenings: 2,
        events: vec![Event::Parcel(103), Event::Parcel(104), Event::Parcel(105), Event::Suspend],
        ..Bounds::plain(
            "e2",
            "activation by time-out, the PIN on delivery, states that go back, two processes",
        )
    }
}

fn between_polls() -> Bounds {
    Bounds {
        processes: vec![0],
        early: true,
        name: "e4",
        about: "the same with one process that also looks between two polls",
        ..gates()
    }
}

fn pins() -> Bounds {
    Bounds {
        ordered: true,
        activation: ActivationGate::Approval,
        pin: PinGate::Approval,
        faults: 2,
        jumps: 2,
        lengths: vec![SETTLED, DAY],
        happenings: 2,
        events: vec![Event::Parcel(103), Event::Parcel(104), Event::Suspend, Event::Reactivate],
        answers: 3,
        choices: vec![Choice::ApproveActivation, Choice::ApprovePin, Choice::ActivateWithKeptKeys],
        ..Bounds::plain("e3", "activation and PIN by approval; copies of older answers")
    }
}

fn deleted_early() -> Bounds {
    Bounds {
        processes: vec![0, 0],
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, HOUR],
        happenings: 2,
        events: vec![
            Event::Delete(OnDelete::Cancel),
            Event::Delete(OnDelete::Orphan),
            Event::Delete(OnDelete::Revoke),
        ],
        answers: 1,
        choices: answers::ALL.to_vec(),
        faults_of: Accidents { region: false, ..Accidents::ALL },
        ..Bounds::plain("f1", "deleted at any time before and while ordering")
    }
}

fn deleted_late() -> Bounds {
    Bounds {
        ordered: true,
        processes: vec![0, 0],
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED, HOUR],
        happenings: 2,
        events: vec![
            Event::Delete(OnDelete::Cancel),
            Event::Delete(OnDelete::Orphan),
            Event::Delete(OnDelete::Revoke),
            Event::Parcel(103),
            Event::Parcel(104),
            Event::Parcel(107),
            Event::ConsoleDelete,
        ],
        answers: 1,
        choices: vec![Choice::ConfirmCancelled],
        ..Bounds::plain("f2", "deleted at any time after the order: cancelled, too late, lost")
    }
}

fn decided() -> Bounds {
    Bounds {
        listed: true,
        faults: 2,
        jumps: 2,
        lengths: vec![SETTLED, EXPIRED],
        happenings: 1,
        events: vec![Event::Edit, Event::Foreign],
        answers: 2,
        choices: answers::ALL.to_vec(),
        faults_of: Accidents { crashes: false, region: false, ..Accidents::ALL },
        ..Bounds::plain("f3", "answers at any time, for this hold or an older one")
    }
}

fn late_receipt() -> Bounds {
    Bounds {
        processes: vec![0, 0],
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED],
        answers: 1,
        choices: vec![Choice::RetryOrder],
        faults_of: Accidents { store: true, ..Accidents::NONE },
        ..Bounds::plain("f4", "a receipt that comes after the next attempt has begun")
    }
}

fn later_before() -> Bounds {
    Bounds {
        clusters: vec![0, 1],
        processes: vec![0, 1],
        existing: ExistingKey::OrderAnother(at(400)),
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED, EXPIRED],
        happenings: 1,
        events: vec![Event::Foreign, Event::Wipe],
        faults_of: Accidents { region: false, refusals: false, ..Accidents::ALL },
        ..Bounds::plain("d4", "existingKeyBefore lies in the future; two clusters, another tool, a rebuild")
    }
}
