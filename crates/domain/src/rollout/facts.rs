//! What is known of a rollout before it is planned: what is wanted, the source, its shipments, and what stops it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};

use super::{
    limits::Limits,
    people::{Key, Roster, Skip},
};
use crate::{failure::Failure, ids::UserId};

/// How far a shipment of the rollout has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The key is not shipped.
    Before,
    /// The key is in transit or delivered, and not activated.
    Shipped,
    /// It is able to sign in.
    Activated,
    /// Ended without a key.
    Over,
}

/// A shipment of the rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedShipment {
    /// `metadata.name`.
    pub name: String,
    /// How far it has come.
    pub stage: Stage,
    /// As people read it.
    pub phase: &'static str,
    /// Why it waits for a person, one word.
    pub held: Option<String>,
    /// Somebody deletes it.
    pub deleting: bool,
    /// Which key it asks for.
    pub key: Key,
    /// Day (UTC) on which it was made.
    pub day: Date,
}

/// What is wanted of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Orders, or only tells what it would do.
    pub orders: bool,
    /// The ceilings of `spec`: budget, shipments on their way, the day, the waves.
    pub limits: Limits,
    /// Shipments of people who left are cancelled.
    pub cancels_leavers: bool,
    /// People are looked at, one by one, before something is begun for them.
    pub checks: bool,
}

/// What stops every effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// `spec.paused` is set.
    Paused,
    /// The connection does not admit it now.
    Connection(Failure),
}

/// What is known.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The source as last read; `None` before it was read once.
    pub roster: Option<&'a Roster>,
    /// The rollout's shipments, by person.
    pub seen: &'a BTreeMap<UserId, ObservedShipment>,
    /// People whose shipment the API server itself says is not there.
    pub gone: &'a BTreeSet<UserId>,
    /// People who were looked at, with what speaks against a key for them.
    pub checked: &'a BTreeMap<UserId, Option<(Skip, String)>>,
    /// People with an open shipment that is not this rollout's, and its name.
    pub elsewhere: &'a BTreeMap<UserId, String>,
    /// People whose shipment's name belongs to something else.
    pub foreign: &'a BTreeSet<UserId>,
    /// What stops every effect.
    pub blocked: Option<&'a Blocked>,
    /// For how many more people the object that holds the ledger has room; `None` if that is not known.
    pub room: Option<u32>,
    /// The end of a new hold's id, which nobody can know beforehand.
    pub suffix: &'a str,
    /// The clock (UTC).
    pub now: Timestamp,
}
