//! What happens outside of the operator.

use std::sync::Arc;

use domain::{
    failure::Reason,
    journal::{Enrollment, Journal, Marked},
    pass::Task,
    vendor_states::UserStatus,
};

use crate::{
    bounds::Bounds,
    runner::{outdate, put},
    state::{Enrolled, EnrolledFate, Event, Pass, Slot, State, Version, at},
    vendors::LOOK_DELAY,
};

/// From the mark of an enrolment to the latest end of its call, in seconds.
const CALL: i64 = 40;

/// A slot with a new object.
pub fn declared() -> Slot {
    Slot {
        live: Some(version(0)),
        uid: 0,
        prev: None,
        snapshot: None,
        rebuilt: false,
        restored: None,
        stripped: false,
        told: false,
        holds: 0,
        sighted: None,
        approved: (false, false),
        answered: None,
    }
}

fn version(uid: u8) -> Version {
    Version {
        uid,
        journal: Arc::new(Journal::default()),
        generation: 1,
        deleting: false,
        policy: domain::desired::OnDelete::Cancel,
        suspended: false,
        finalizer: false,
    }
}

fn pending(s: &State) -> bool {
    s.enrolled.iter().any(|e| e.slot.is_none() && e.fate == EnrolledFate::Pending)
}

fn under_way(s: &State, slot: usize) -> bool {
    let order =
        |task: &Task| matches!(task, Task::Send(Marked::Order, ..) | Task::Record(..) | Task::Reread(..));
    s.passes.iter().flatten().any(|pass| pass.slot == slot && order(pass.machine.task()))
}

/// In a bound world nobody else enrols in the time in which a lost enrolment of ours could have been made.
fn taken_for_ours(b: &Bounds, s: &State) -> bool {
    let open = |journal: &Journal| match &journal.enrollment {
        Enrollment::Open(_, mark) => s.now <= mark.at.as_second() - at(0).as_second() + CALL,
        _ => false,
    };
    let looked = |pass: &Pass| *pass.machine.task() == Task::Prepare(Marked::Enroll);
    let all = s.slots.iter().filter_map(|slot| slot.live.as_ref());
    b.bound && (all.clone().any(|v| open(&v.journal)) || s.passes.iter().flatten().any(|pass| looked(pass)))
}

/// Can it happen now, and would it change anything?
pub fn possible(b: &Bounds, s: &State, slot: usize, event: Event) -> bool {
    let first = slot == 0;
    let live = s.slots[slot].live.as_ref();
    match event {
        Event::Suspend => first && s.user != UserStatus::Suspended,
        Event::Reactivate => first && s.user == UserStatus::Suspended,
        Event::Foreign => first && !pending(s) && !taken_for_ours(b, s),
        Event::Parcel(state) => {
            s.orders.iter().any(|order| order.slot == slot && !order.cancelled && order.state != state)
        }
        Event::Removed => {
            let existing =
                |v: &Version| v.journal.hold.as_ref().is_some_and(|hold| hold.reason == Reason::ExistingKey);
            live.is_some_and(existing) && s.enrolled.iter().any(|e| e.fate == EnrolledFate::Pending)
        }
        Event::SignIn => s.enrolled.iter().any(|e| e.slot == Some(slot) && e.fate == EnrolledFate::Active),
        Event::ConsoleDelete => s.orders.iter().any(|order| order.slot == slot && !order.cancelled),
        // A snapshot from before an order and a later edit order twice: assumed not to happen.
        Event::Edit => live.is_some_and(|v| !v.deleting) && s.slots[slot].restored.is_none(),
        Event::Halt => live.is_some_and(|v| !v.suspended),
        Event::Resume => live.is_some_and(|v| v.suspended),
        Event::Forbid(_) => first && s.conn.blocked.is_none(),
        Event::Allow => first && s.conn.blocked.is_some(),
        Event::OtherOrg => first && !s.conn.other,
        Event::OwnOrg => first && s.conn.other,
        Event::Disconnect => first && !s.conn.gone,
        Event::Connect => first && s.conn.gone,
        Event::Mixup => s.orders.iter().any(|order| order.slot == slot && !order.cancelled && !order.mixed),
        Event::Copied => {
            let source = slot.checked_sub(1).and_then(|n| s.slots[n].live.as_ref());
            // A mark names nothing that could be compared.
            let named = |journal: &Journal| journal.made().is_some() && journal.unwanted.is_none();
            // Over a status of its own it would be one that is emptied by hand, and worse.
            source.is_some_and(|v| named(&v.journal)) && live.is_some_and(|l| l.journal.is_untouched())
        }
        Event::Delete(policy) => live.is_some_and(|v| !v.deleting || v.policy != policy),
        // Attempts are counted in the status: who empties it while an order's receipt is under way makes two attempts
        // of one number. Assumed not to happen.
        Event::Wipe => live.is_some_and(|v| !v.journal.is_untouched()) && !under_way(s, slot),
        Event::Reapply => live.is_none_or(|v| v.deleting || !v.journal.is_untouched()),
        Event::Snapshot => live.is_some_and(|v| Some(v) != s.slots[slot].snapshot.as_ref() && !v.deleting),
        Event::Restore => {
            let snapshot = s.slots[slot].snapshot.as_ref();
            snapshot.is_some_and(|v| live.is_none_or(|live| live.journal != v.journal))
        }
    }
}

/// Changes the state as the event does; the caller has asked whether it may happen now.
pub fn happen(b: &Bounds, s: &mut State, slot: usize, event: Event) {
    match event {
        Event::Suspend => s.user = UserStatus::Suspended,
        Event::Reactivate => s.user = UserStatus::Active,
        Event::Foreign => {
            let fate = EnrolledFate::Pending;
            // In a bound world not in the moment before a look either, when the list does not show it yet.
            let created = if b.bound { s.now - LOOK_DELAY } else { s.now };
            s.enrolled.push(Enrolled { slot: None, created, fate, used: None, unwanted: false });
        }
        Event::Parcel(state) => {
            for order in s.orders.iter_mut().filter(|order| order.slot == slot && !order.cancelled) {
                order.state = state;
            }
        }
        Event::Removed => {
            for e in s.enrolled.iter_mut().filter(|e| e.fate == EnrolledFate::Pending) {
                e.fate = EnrolledFate::Gone;
            }
        }
        Event::SignIn => {
            let active = |e: &&mut Enrolled| e.slot == Some(slot) && e.fate == EnrolledFate::Active;
            for e in s.enrolled.iter_mut().filter(active) {
                e.fate = EnrolledFate::SignedIn;
            }
        }
        Event::ConsoleDelete => {
            for order in s.orders.iter_mut().filter(|order| order.slot == slot) {
                order.cancelled = true;
            }
        }
        Event::Edit => change(b, s, slot, |version| version.generation += 1),
        Event::Halt => change(b, s, slot, |v| (v.suspended, v.generation) = (true, v.generation + 1)),
        Event::Resume => change(b, s, slot, |v| (v.suspended, v.generation) = (false, v.generation + 1)),
        Event::Forbid(blocked) => s.conn.blocked = Some(blocked),
        Event::Allow => s.conn.blocked = None,
        Event::OtherOrg => s.conn.other = true,
        Event::OwnOrg => s.conn.other = false,
        Event::Disconnect => s.conn.gone = true,
        Event::Connect => s.conn.gone = false,
        Event::Mixup => {
            for order in s.orders.iter_mut().filter(|order| order.slot == slot && !order.cancelled) {
                order.mixed = true;
            }
        }
        Event::Copied => {
            let source = slot.checked_sub(1).and_then(|n| s.slots[n].live.clone());
            if let Some(source) = source {
                change(b, s, slot, |version| version.journal = source.journal);
            }
        }
        Event::Delete(policy) => delete(b, s, slot, policy),
        Event::Wipe => {
            s.slots[slot].rebuilt = true;
            change(b, s, slot, |version| version.journal = Arc::new(Journal::default()));
        }
        Event::Reapply => {
            s.slots[slot] = Slot { rebuilt: true, stripped: true, ..s.slots[slot].clone() };
            let before = s.slots[slot].uid;
            s.slots[slot].uid = before + 1;
            put(b, s, slot, version(before + 1));
            s.slots[slot].prev = None;
        }
        Event::Snapshot => s.slots[slot].snapshot = s.slots[slot].live.clone(),
        Event::Restore => restore(b, s, slot),
    }
}

fn change(b: &Bounds, s: &mut State, slot: usize, how: impl FnOnce(&mut Version)) {
    if let Some(mut version) = s.slots[slot].live.clone() {
        how(&mut version);
        put(b, s, slot, version);
    }
}

fn delete(b: &Bounds, s: &mut State, slot: usize, policy: domain::desired::OnDelete) {
    if s.slots[slot].live.as_ref().is_some_and(|version| version.finalizer) {
        return change(b, s, slot, |version| {
            (version.deleting, version.policy) = (true, policy);
            version.generation += 1;
        });
    }
    s.slots[slot].live = None;
    s.slots[slot].prev = None;
    outdate(s, slot);
}

/// The operator stands still, the backup is brought back, a person checks: more than a quarter of an hour.
fn restore(b: &Bounds, s: &mut State, slot: usize) {
    let Some(snapshot) = s.slots[slot].snapshot.take() else { return };
    for pass in &mut s.passes {
        *pass = None;
    }
    s.decisions.retain(|decision| decision.slot != slot);
    s.now += crate::bounds::EXPIRED;
    put(b, s, slot, snapshot);
    let now = s.now;
    let slot = &mut s.slots[slot];
    (slot.prev, slot.rebuilt, slot.restored) = (None, true, Some(now));
}
