//! Everything there is at one moment of a rollout.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::UserId,
    rollout::{Key, Member, ObservedShipment, RolloutState, Roster, Stage},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::state::at;

/// A shipment as the API server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shipment {
    pub stage: Stage,
    pub deleting: bool,
    /// Days after the start on which it was made.
    pub day: u8,
    /// Another one of the same name has another uid.
    pub uid: u8,
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Days since the start.
    pub day: u8,
    /// Whom the source names.
    pub named: BTreeSet<u8>,
    /// The status.
    pub stored: RolloutState,
    /// The shipments at the API server, by person.
    pub shipments: BTreeMap<u8, Shipment>,
    /// The same before the last action, for a cache that lags.
    pub before: BTreeMap<u8, Shipment>,
    /// Shipments ever made, by person.
    pub made: BTreeMap<u8, u8>,
    /// What people let be made again, by person.
    pub granted: BTreeMap<u8, u8>,
    /// Whose shipment somebody else deleted, before anybody said that it shall go on.
    pub outside: BTreeSet<u8>,
    /// Keys begun, by the day after the start.
    pub begun: BTreeMap<u8, u8>,
    /// What may still happen.
    pub left: Left,
    /// The first rule that was broken.
    pub broken: Option<Rule>,
}

/// What may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    pub faults: u8,
    pub happenings: u8,
    pub answers: u8,
}

/// Rules that a deed or an end can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// One shipment a person, and one more for each leave.
    Twice,
    /// No shipment without its entry in the stored ledger.
    Unmarked,
    /// Budget, shipments on their way, the day, the wave.
    Ceiling,
    /// The ledger forgets nobody.
    Forgotten,
    /// Somebody else deletes, and nobody is asked, or others get a key instead.
    Unasked,
    /// A source that names nobody cancels nothing without a leave.
    Brake,
    /// A key that is shipped stays the person's.
    ShippedTaken,
    /// Nothing is written or done for ever.
    NoRest,
    /// Somebody waits, and nothing says for what.
    Lost,
}

/// A moment of a day after the start, always at the same hour.
pub(super) fn instant_on(day: u8) -> Timestamp {
    at(0).checked_add(SignedDuration::from_hours(24 * i64::from(day))).unwrap_or(Timestamp::MAX)
}

fn date(day: u8) -> Date {
    instant_on(day).to_zoned(TimeZone::UTC).date()
}

fn key() -> Key {
    Key::Model("nfc".to_owned())
}

/// The person's id at Okta: of one digit, so it can be read back.
pub(super) fn id(person: u8) -> Option<UserId> {
    UserId::new(format!("00u{person}")).ok()
}

pub(super) fn person(id: &UserId) -> Option<u8> {
    id.as_str().strip_prefix("00u")?.parse().ok()
}

/// Everybody whom the source names, in order.
pub(super) fn roster(named: &BTreeSet<u8>) -> Roster {
    let member = |id| Member { id, login: None, key: key(), skip: None, staged: false };
    let members = named.iter().filter_map(|person| id(*person)).map(member).collect();
    Roster { members, tells_leavers: true, ..Roster::default() }
}

/// As the planner sees shipments.
pub(super) fn observed(shipments: &BTreeMap<u8, Shipment>) -> BTreeMap<UserId, ObservedShipment> {
    let one = |(person, shipment): (&u8, &Shipment)| {
        let id = id(*person)?;
        let seen = ObservedShipment {
            name: id.to_string(),
            stage: shipment.stage,
            phase: "Pending",
            held: None,
            deleting: shipment.deleting,
            key: key(),
            day: date(shipment.day),
        };
        Some((id, seen))
    };
    shipments.iter().filter_map(one).collect()
}
