//! What a sequence is made of. Names of people and objects are numbers: each play gives them fresh ones.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind that the steps make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Shipment,
    Rollout,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shipment => "YubiKeyShipment",
            Self::Rollout => "YubiKeyRollout",
        }
    }

    /// The name of an object.
    pub(crate) fn object(self, slot: usize) -> String {
        match self {
            Self::Shipment => format!("shipment-{slot}"),
            Self::Rollout => format!("rollout-{slot}"),
        }
    }
}

/// One step of a run, as it is written down and played again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(crate) enum Step {
    /// Declares an object. `refused`: the schema forbids it.
    Create {
        kind: Kind,
        slot: usize,
        spec: Value,
        refused: bool,
    },
    /// Merges a change into a spec. `refused`: schema or rules forbid it.
    Change {
        kind: Kind,
        slot: usize,
        patch: Value,
        refused: bool,
    },
    Delete {
        kind: Kind,
        slot: usize,
    },
    /// Merges a change into the connection's spec.
    Connect {
        patch: Value,
        refused: bool,
    },
    /// Puts the connection's spec back to what it was at first.
    Restore,
    /// Answers the hold that an object shows, by one of its choices; `odd` is laid over the answer.
    Decide {
        kind: Kind,
        slot: usize,
        choice: usize,
        odd: Option<Value>,
    },
    /// Asks for a look at once.
    Look {
        kind: Kind,
        slot: usize,
    },
    /// A person's state at Okta.
    Person {
        person: usize,
        status: String,
    },
    /// A person's profile at Okta; null removes.
    Profile {
        person: usize,
        profile: Value,
    },
    /// Somebody else enrols a key for a person, or removes all that are pending.
    Enrolments {
        person: usize,
        made: bool,
    },
    /// A person joins the group, or leaves it.
    Group {
        person: usize,
        joins: bool,
    },
    /// The order of a shipment's person gets another state.
    Parcel {
        slot: usize,
        state: i64,
    },
    /// Somebody deletes the order in the Console.
    Console {
        slot: usize,
    },
    /// The vendors misbehave.
    Misbehave {
        rule: Value,
    },
    /// SIGKILL to the operator, which starts anew.
    Kill,
    /// Waits a moment until a shipment is that far; goes on without a word if it does not get there.
    Await {
        slot: usize,
        phase: String,
    },
    /// Waits until nothing is done any more, and judges.
    Rest,
}

impl Step {
    /// Does it do something? Waits do not.
    pub(crate) const fn counts(&self) -> bool {
        !matches!(self, Self::Await { .. } | Self::Rest)
    }
}

/// The steps between rests.
pub(crate) fn bursts(steps: &[Step]) -> Vec<&[Step]> {
    steps.split(|step| *step == Step::Rest).filter(|burst| !burst.is_empty()).collect()
}
