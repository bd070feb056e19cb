//! Sequences of steps, from the seed and the schemas of the kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testbed::dice::Dice;

use crate::{
    known::{self, UNHEARD_OF},
    merge::merge,
    schema::{self, Field, at},
    step::{Kind, Step},
};

/// What the API server has for each kind.
#[derive(Debug, Clone)]
pub(crate) struct Schemas {
    pub shipment: Value,
    pub rollout: Value,
    pub connection: Value,
    pub decision: Value,
}

/// So many shipments of a world stand at the same time; there are fewer people, so that some are for the same person.
const SHIPMENTS: usize = 9;
const ROLLOUTS: usize = 2;

/// Adds a step to a sequence.
type Draw = fn(&mut Sequence);

/// Which steps, and how often: of all weights together.
const WEIGHTS: [(Draw, u64); 17] = [
    (Sequence::create, 22),
    (Sequence::change, 18),
    (Sequence::suspend, 7),
    (Sequence::delete, 6),
    (Sequence::decide, 12),
    (Sequence::look, 3),
    (Sequence::connect, 6),
    (Sequence::restore, 4),
    (Sequence::person, 5),
    (Sequence::profile, 6),
    (Sequence::enrolments, 2),
    (Sequence::group, 3),
    (Sequence::parcel, 18),
    (Sequence::console, 1),
    (Sequence::rollout, 6),
    (Sequence::misbehave, 3),
    (Sequence::wait, 8),
];

/// A sequence while it is made.
pub(crate) struct Sequence {
    dice: Dice,
    schemas: Schemas,
    steps: Vec<Step>,
    counted: usize,
    /// What stands, as far as the sequence knows.
    shipments: BTreeMap<usize, Value>,
    rollouts: BTreeMap<usize, Value>,
    next: usize,
}

/// The steps of one world: `length` that do something, in `bursts` parts of which each ends with a rest.
pub(crate) fn sequence(
    seed: u64,
    world: usize,
    length: usize,
    bursts: usize,
    schemas: &Schemas,
) -> Vec<Step> {
    let mut sequence = Sequence {
        dice: Dice::new(seed, &format!("world {world}")),
        schemas: schemas.clone(),
        steps: Vec::new(),
        counted: 0,
        shipments: BTreeMap::new(),
        rollouts: BTreeMap::new(),
        next: 0,
    };
    for burst in 1..=bursts {
        while sequence.counted < length * burst / bursts {
            sequence.step();
        }
        sequence.steps.push(Step::Rest);
    }
    sequence.steps
}

impl Sequence {
    fn step(&mut self) {
        let all: u64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.dice.between(0, all);
        for (make, weight) in WEIGHTS {
            if drawn <= weight {
                return make(self);
            }
            drawn -= weight;
        }
    }

    fn push(&mut self, step: Step) {
        self.counted += usize::from(step.counts());
        self.steps.push(step);
    }

    fn stands(&mut self, kind: Kind) -> Option<usize> {
        let all: Vec<_> = match kind {
            Kind::Shipment => self.shipments.keys().copied().collect(),
            Kind::Rollout => self.rollouts.keys().copied().collect(),
        };
        (!all.is_empty()).then(|| all[schema::index(&mut self.dice, all.len())])
    }

    /// Mostly shipments, for there are more of them.
    fn either(&mut self) -> Option<(Kind, usize)> {
        let kind = if self.dice.happens(0.85) { Kind::Shipment } else { Kind::Rollout };
        self.stands(kind).map(|slot| (kind, slot))
    }

    fn create(&mut self) {
        if self.shipments.len() >= SHIPMENTS {
            return self.delete();
        }
        let refused = self.dice.happens(0.1);
        let person = if refused { UNHEARD_OF } else { schema::index(&mut self.dice, UNHEARD_OF) };
        let user = if self.dice.happens(0.5) {
            json!({"login": format!("@login:{person}")})
        } else {
            json!({"id": format!("@id:{person}")})
        };
        let mut spec = json!({"connectionRef": {"name": "@connection"}, "userRef": user, "key": {"model": "yubikey-5c-nfc"}});
        if self.dice.happens(0.1) {
            spec["key"] = json!({"productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"});
        }
        for _ in 0..self.dice.between(0, 2) {
            if let Some(patch) = self.draw(Kind::Shipment, false) {
                merge(&mut spec, &patch);
            }
        }
        if refused && !self.spoil(Kind::Shipment, &mut spec) {
            return;
        }
        let slot = self.next;
        self.next += 1;
        if !refused {
            self.shipments.insert(slot, spec.clone());
        }
        self.push(Step::Create { kind: Kind::Shipment, slot, spec, refused });
    }

    fn rollout(&mut self) {
        if self.rollouts.len() >= ROLLOUTS {
            return self.change_of(Kind::Rollout);
        }
        let source = if self.dice.happens(0.5) {
            json!({"users": {"list": [{"login": "@login:0"}, {"id": "@id:1"}, {"login": "nobody@nowhere.example"}], "interval": "1m"}})
        } else {
            json!({"oktaGroup": {"groups": [{"name": "@group"}], "interval": "1m"}})
        };
        let mode = if self.dice.happens(0.7) { "Order" } else { "DryRun" };
        let spec = json!({
            "connectionRef": {"name": "@connection"}, "source": source, "mode": mode,
            "template": {"spec": {"key": {"model": "yubikey-5c-nfc"}}},
        });
        let slot = self.next;
        self.next += 1;
        self.rollouts.insert(slot, spec.clone());
        self.push(Step::Create { kind: Kind::Rollout, slot, spec, refused: false });
    }

    fn change(&mut self) {
        let kind = if self.dice.happens(0.85) { Kind::Shipment } else { Kind::Rollout };
        self.change_of(kind);
    }

    fn change_of(&mut self, kind: Kind) {
        let Some(slot) = self.stands(kind) else { return };
        let refused = self.dice.happens(0.12);
        let patch = if refused && self.dice.happens(0.4) {
            let fixed = known::immutable(kind);
            Some(fixed[schema::index(&mut self.dice, fixed.len())].clone())
        } else {
            self.draw(kind, refused)
        };
        if let Some(patch) = patch {
            self.push(Step::Change { kind, slot, patch, refused });
        }
    }

    fn suspend(&mut self) {
        let Some(slot) = self.stands(Kind::Shipment) else { return };
        let patch = json!({"suspend": self.dice.happens(0.4)});
        self.push(Step::Change { kind: Kind::Shipment, slot, patch, refused: false });
    }

    fn delete(&mut self) {
        let Some((kind, slot)) = self.either() else { return };
        match kind {
            Kind::Shipment => self.shipments.remove(&slot),
            Kind::Rollout => self.rollouts.remove(&slot),
        };
        self.push(Step::Delete { kind, slot });
    }

    fn decide(&mut self) {
        let Some((kind, slot)) = self.either() else { return };
        if kind == Kind::Shipment && self.dice.happens(0.4) {
            self.push(Step::Await { slot, phase: "Held".to_owned() });
        }
        let choice = schema::index(&mut self.dice, 6);
        let odd = self.dice.happens(0.15).then(|| self.odd_answer());
        self.push(Step::Decide { kind, slot, choice, odd });
    }

    /// An answer that no hold waits for.
    fn odd_answer(&mut self) -> Value {
        let spec = &self.schemas.decision["properties"]["spec"]["properties"];
        match self.dice.between(0, 2) {
            0 => json!({"holdID": "order-1-zzzzzz"}),
            1 => json!({"action": schema::fitting(&spec["action"], &mut self.dice)}),
            _ => json!({"reason": schema::fitting(&spec["reason"], &mut self.dice)}),
        }
    }

    fn look(&mut self) {
        if let Some((kind, slot)) = self.either() {
            self.push(Step::Look { kind, slot });
        }
    }

    fn connect(&mut self) {
        let fields = known::of_connection(&self.schemas.connection);
        let refused = self.dice.happens(0.1);
        if let Some(patch) = self.patch(&fields, refused) {
            self.push(Step::Connect { patch, refused });
        }
    }

    fn restore(&mut self) {
        self.push(Step::Restore);
    }

    fn person(&mut self) {
        let person = schema::index(&mut self.dice, UNHEARD_OF);
        let status =
            self.dice.pick(&["ACTIVE", "ACTIVE", "STAGED", "SUSPENDED", "DEPROVISIONED", "LOCKED_OUT"]);
        self.push(Step::Person { person, status: status.to_owned() });
    }

    fn profile(&mut self) {
        let person = schema::index(&mut self.dice, UNHEARD_OF);
        let profile = known::profile(&mut self.dice);
        self.push(Step::Profile { person, profile });
    }

    fn enrolments(&mut self) {
        let person = schema::index(&mut self.dice, UNHEARD_OF);
        let made = self.dice.happens(0.5);
        self.push(Step::Enrolments { person, made });
    }

    fn group(&mut self) {
        let person = schema::index(&mut self.dice, UNHEARD_OF);
        let joins = self.dice.happens(0.6);
        self.push(Step::Group { person, joins });
    }

    fn parcel(&mut self) {
        let Some(slot) = self.stands(Kind::Shipment) else { return };
        if self.dice.happens(0.6) {
            self.push(Step::Await { slot, phase: "Ordered".to_owned() });
        }
        let state = self.dice.pick(&[3, 100, 103, 103, 103, 104, 104, 104, 104, 7, 8, 77, 99, 105, 106]);
        self.push(Step::Parcel { slot, state });
    }

    fn console(&mut self) {
        if let Some(slot) = self.stands(Kind::Shipment) {
            self.push(Step::Console { slot });
        }
    }

    /// The vendors misbehave a few calls long, or the operator dies.
    fn misbehave(&mut self) {
        if self.dice.happens(0.3) {
            return self.push(Step::Kill);
        }
        let operation = self.dice.pick(&[
            "CreateFPRShipment",
            "enrollPreregistrationEnrollment",
            "listWebAuthnPreregistrationFactors",
            "activatePreregistrationEnrollment",
            "sendPin",
            "getUser",
            "GetFPRShipmentById",
        ]);
        let when = self.dice.pick(&["before", "after"]);
        let effect = match self.dice.between(0, 3) {
            0 => json!({"kind": "status", "status": 503, "when": when}),
            1 => json!({"kind": "drop", "when": when}),
            2 => json!({"kind": "malformed"}),
            _ => json!({"kind": "delay", "ms": 500, "when": when}),
        };
        let rule =
            json!({"match": {"operation": operation, "times": self.dice.between(1, 3)}, "effect": effect});
        self.push(Step::Misbehave { rule });
    }

    fn wait(&mut self) {
        let Some(slot) = self.stands(Kind::Shipment) else { return };
        let phase = self.dice.pick(&["Ordered", "Shipped", "Activated", "Held"]);
        self.push(Step::Await { slot, phase: phase.to_owned() });
    }

    /// A change of one field: another value, or none.
    fn draw(&mut self, kind: Kind, refused: bool) -> Option<Value> {
        let schema = match kind {
            Kind::Shipment => &self.schemas.shipment,
            Kind::Rollout => &self.schemas.rollout,
        };
        let mut fields = known::of_kind(kind, schema);
        // What cannot change is changed only where that must be refused.
        fields.retain(|field| !known::is_immutable(kind, &field.path));
        self.patch(&fields, refused)
    }

    fn patch(&mut self, fields: &[Field], refused: bool) -> Option<Value> {
        let field = fields.get(schema::index(&mut self.dice, fields.len()))?;
        if refused {
            return schema::forbidden(&field.schema, &mut self.dice).map(|value| at(&field.path, value));
        }
        let value = if self.dice.happens(0.15) { Value::Null } else { known::value(field, &mut self.dice) };
        Some(at(&field.path, value))
    }

    fn spoil(&mut self, kind: Kind, spec: &mut Value) -> bool {
        let patch = self.draw(kind, true);
        if let Some(patch) = &patch {
            merge(spec, patch);
        }
        patch.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Schemas {
        let of = |spec: Value| json!({"properties": {"spec": {"properties": spec}}});
        Schemas {
            shipment: of(
                json!({"suspend": {"type": "boolean"}, "userRef": {"type": "object", "properties": {"id": {"type": "string"}}}}),
            ),
            rollout: of(json!({"paused": {"type": "boolean"}})),
            connection: of(
                json!({"policy": {"type": "object", "properties": {"orphan": {"type": "string", "enum": ["Allow", "Forbid"]}}}}),
            ),
            decision: of(
                json!({"action": {"type": "string", "enum": ["RetryOrder"]}, "reason": {"type": "string", "maxLength": 9}}),
            ),
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_steps_and_another_one_others() {
        let of = |seed, world| sequence(seed, world, 60, 2, &schemas());
        assert_eq!(of(7, 0), of(7, 0));
        assert_ne!(of(7, 0), of(8, 0));
        assert_ne!(of(7, 0), of(7, 1));
    }

    #[test]
    fn it_has_as_many_steps_as_asked_for_and_rests_in_between() {
        let steps = sequence(3, 0, 60, 3, &schemas());
        assert_eq!(steps.iter().filter(|step| step.counts()).count(), 60);
        assert_eq!(steps.iter().filter(|step| **step == Step::Rest).count(), 3);
        assert_eq!(steps.last(), Some(&Step::Rest));
    }

    #[test]
    fn whom_nobody_may_hear_of_stands_in_refused_objects_only() {
        let steps = sequence(5, 0, 400, 2, &schemas());
        let names = |spec: &Value| spec.to_string().contains(&format!(":{UNHEARD_OF}\""));
        let mut refusals = 0;
        for step in &steps {
            if let Step::Create { spec, refused, .. } = step {
                assert_eq!(names(spec), *refused, "{spec}");
                refusals += usize::from(*refused);
            }
        }
        assert!(refusals > 0);
    }

    #[test]
    fn steps_survive_the_file_they_are_kept_in() {
        let steps = sequence(5, 0, 100, 2, &schemas());
        let kept = serde_json::to_string(&steps).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&kept).ok(), Some(steps));
    }
}
