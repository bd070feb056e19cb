//! Which calls of the vendors misbehave, and how. What would make a vendor lie about an order (a refusal after it was
//! accepted, a parcel in another state) is left out: against that no courier can do anything.

use serde_json::{Value, json};
use testbed::dice::Dice;

/// An operation as often as it is to be struck.
const TARGETS: [&str; 24] = [
    "CreateFPRShipment",
    "CreateFPRShipment",
    "CreateFPRShipment",
    "enrollPreregistrationEnrollment",
    "enrollPreregistrationEnrollment",
    "enrollPreregistrationEnrollment",
    "listWebAuthnPreregistrationFactors",
    "listWebAuthnPreregistrationFactors",
    "activatePreregistrationEnrollment",
    "activatePreregistrationEnrollment",
    "sendPin",
    "sendPin",
    "GetFPRShipmentById",
    "GetFPRShipmentById",
    "listUsers",
    "getUser",
    "token",
    "ListShipmentsExact",
    "GetShipmentExactById",
    "ValidateAddress",
    "deleteWebAuthnPreregistrationFactor",
    "GetInventory",
    "GetTransportKeys",
    "GetSigningKeys",
];

/// The rules of one round: some operations badly, both vendors a little.
pub(super) fn draw(dice: &mut Dice) -> Vec<Value> {
    let mut rules = Vec::new();
    for _ in 0..dice.between(3, 6) {
        let operation = dice.pick(&TARGETS);
        let probability = dice.fraction(0.1, 0.5);
        let is_okta = !operation.starts_with(|first: char| first.is_ascii_uppercase());
        rules.push(json!({
            "match": {"operation": operation, "times": 0, "probability": probability},
            "effect": effect(dice, is_okta),
        }));
    }
    for (api, is_okta) in [("okta", true), ("yubico", false)] {
        let probability = dice.fraction(0.01, 0.05);
        rules.push(json!({
            "match": {"api": api, "times": 0, "probability": probability},
            "effect": effect(dice, is_okta),
        }));
    }
    if dice.happens(0.2) {
        let api = dice.pick(&["okta", "yubico"]);
        rules.push(json!({"match": {"api": api}, "effect": {"kind": "expiredToken"}}));
    }
    rules
}

fn effect(dice: &mut Dice, is_okta: bool) -> Value {
    let when = dice.pick(&["before", "after"]);
    match dice.between(0, 9) {
        0 | 1 => too_many(dice, is_okta),
        2 | 3 => {
            let status = dice.pick(&[500, 502, 503, 504]);
            json!({"kind": "status", "status": status, "when": when, "body": "out of order"})
        }
        // Longer than the connection's time-out in any case.
        4 | 5 => json!({"kind": "delay", "ms": dice.between(2_500, 3_500), "when": when}),
        6 | 7 => json!({"kind": "drop", "when": when}),
        8 => json!({"kind": "truncate"}),
        _ => json!({"kind": "malformed"}),
    }
}

fn too_many(dice: &mut Dice, is_okta: bool) -> Value {
    let wait = dice.between(1, 3);
    let headers = if is_okta {
        let reset = testbed::clock::now().as_second() + wait.cast_signed();
        json!({"X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset.to_string()})
    } else {
        json!({"Retry-After": wait.to_string()})
    };
    json!({"kind": "status", "status": 429, "when": "before", "headers": headers})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_rules_and_others_give_others() {
        let rules = |seed| {
            let mut dice = Dice::new(seed, "faults");
            let text = (0..20).map(|_| json!(draw(&mut dice)).to_string()).collect::<String>();
            // The moment of a limit's end is of the clock.
            text.split("X-Rate-Limit-Reset")
                .map(|part| part.get(15..).unwrap_or_default().to_owned())
                .collect::<String>()
        };
        assert_eq!(rules(1), rules(1));
        assert_ne!(rules(1), rules(2));
    }

    #[test]
    fn no_order_is_refused_after_it_was_accepted() {
        let mut dice = Dice::new(3, "faults");
        for rule in (0..500).flat_map(|_| draw(&mut dice)) {
            let effect = &rule["effect"];
            let refuses = effect["status"].as_u64().is_some_and(|status| status < 500);
            assert!(!refuses || effect["when"] == "before", "{rule}");
        }
    }
}
