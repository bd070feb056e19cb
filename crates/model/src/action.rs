//! What can happen next, and how a trace says it.

use std::fmt;

use domain::hold::Choice;

use crate::state::Event;

/// One step of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A process begins a pass.
    Start(usize, View),
    /// A process does its next deed.
    Step(usize, Fate),
    /// A process dies.
    Crash(usize),
    /// Time passes (seconds).
    Time(i64),
    /// Something happens to a shipment or its person.
    Happen(usize, Event),
    /// A person answers the hold of a shipment.
    Decide(usize, Choice),
    /// The last answer on a shipment is given once more.
    Copy(usize),
}

/// What a pass begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// The newest of everything.
    Fresh,
    /// The version before the newest.
    Stale,
    /// Caches without other shipments and decisions.
    Blind,
    /// `YubiEnterprise` shows no order.
    Region,
    /// No poll is due.
    Early,
}

/// What becomes of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is done, and the answer arrives.
    Fine,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It never arrives, and nobody can tell.
    CallLost,
    /// The vendor says no; the same may be sent again.
    Refused,
    /// The vendor says no for good.
    RefusedForGood,
    /// The API server stores less than it was sent.
    Pruned,
    /// The vendor says no, and a signing key is gone.
    KeyGone,
    /// As it comes to the call, only the monotonic clock tells how late it is: the wall clock was set back a little.
    WallStands,
    /// As it comes to the call, only the wall clock tells how late it is: the machine slept.
    MonotonicStands,
    /// The machine slept, and then its wall clock was set back to before the mark.
    SetBack,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(p, View::Fresh) => write!(f, "process {p} begins a pass"),
            Self::Start(p, View::Stale) => {
                write!(f, "process {p} begins a pass on an old copy of the object")
            }
            Self::Start(p, View::Blind) => {
                write!(f, "process {p} begins a pass with caches that lack the others and the decisions")
            }
            Self::Start(p, View::Region) => {
                write!(f, "process {p} begins a pass while YubiEnterprise answers 404")
            }
            Self::Start(p, View::Early) => write!(f, "process {p} begins a pass when no poll is due"),
            Self::Step(p, Fate::Fine) => write!(f, "process {p} goes on"),
            Self::Step(p, fate) => write!(f, "process {p} goes on: {fate:?}"),
            Self::Crash(p) => write!(f, "process {p} dies"),
            Self::Time(seconds) => write!(f, "{seconds} s pass"),
            Self::Happen(slot, event) => write!(f, "shipment {slot}: {event:?}"),
            Self::Decide(slot, choice) => {
                write!(f, "a person answers the hold of shipment {slot}: {choice:?}")
            }
            Self::Copy(slot) => write!(f, "the last answer on shipment {slot} is given once more"),
        }
    }
}
