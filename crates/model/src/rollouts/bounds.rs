//! How much of everything a world of rollouts allows.

use std::collections::{BTreeMap, BTreeSet};

use domain::rollout::{Desired, Limits, RolloutState};

use super::{
    events::Event,
    state::{Left, State},
};

/// A world.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Of one letter and a digit.
    pub name: &'static str,
    /// What is tried in it.
    pub about: &'static str,
    /// How many people there are; at the start the source names all of them.
    pub people: u8,
    /// What is wanted of the rollout.
    pub desired: Desired,
    /// Accidents.
    pub faults: u8,
    /// Happenings.
    pub happenings: u8,
    /// Which ones.
    pub events: Vec<Event>,
    /// Answers of people.
    pub answers: u8,
}

impl Bounds {
    /// As it is printed.
    #[must_use]
    pub fn line(&self) -> String {
        let limits = &self.desired.limits;
        format!(
            "people {} | budget {} | in flight {:?} | a day {:?} | waves {} | accidents {} | happenings {} of {:?} | answers {}",
            self.people,
            limits.budget,
            limits.in_flight,
            limits.per_day,
            limits.waves.len(),
            self.faults,
            self.happenings,
            self.events,
            self.answers
        )
    }

    pub(super) fn start(&self) -> State {
        State {
            day: 0,
            named: (0..self.people).collect(),
            stored: RolloutState::default(),
            shipments: BTreeMap::new(),
            before: BTreeMap::new(),
            made: BTreeMap::new(),
            granted: BTreeMap::new(),
            outside: BTreeSet::new(),
            begun: BTreeMap::new(),
            left: Left { faults: self.faults, happenings: self.happenings, answers: self.answers },
            broken: None,
        }
    }
}

/// No ceiling in the way, leavers are cancelled.
pub(super) fn orders(budget: u32) -> Desired {
    Desired {
        orders: true,
        limits: Limits { budget, in_flight: None, per_day: None, waves: Vec::new() },
        cancels_leavers: true,
        checks: false,
    }
}
