//! Whatever is stuck names its way out, and taking it works.

use serde_json::Value;
use testbed::objects::{self, text};

use crate::{
    rest::Objects,
    step::Kind,
    world::{Answer, World},
};

/// Answers that may rightly leave the hold: what they name may contradict it.
const MAY_CONTRADICT: [&str; 2] = ["AdoptOrder", "DiscardEnrollment"];

/// Judges a world at rest.
pub(crate) async fn judge(world: &World, objects: &Objects) {
    for object in objects.all() {
        if let Some(why) = unnamed(object) {
            world.violated("stuck", format!("{}: {why}", text(object, "/metadata/name"))).await;
        }
    }
    let answers = world.notes.lock().await.answers.clone();
    for (number, answer) in answers.iter().enumerate() {
        // The first answer to a hold counts; a second one is told so.
        let is_second = answers.iter().take(number).any(|before| before.hold == answer.hold);
        if let Some(why) = unanswered(answer, objects).filter(|_| !is_second) {
            world.violated("answer", format!("{} of {}: {why}", answer.action, answer.object)).await;
        }
    }
}

/// Why nobody can know how to go on.
fn unnamed(object: &Value) -> Option<String> {
    let (reason, message) = (objects::reason(object), objects::message(object));
    let stalled = objects::is(object, "Stalled");
    if stalled && (reason.is_empty() || message.trim().is_empty()) {
        return Some(format!("it is stalled and does not say why: {reason}"));
    }
    let hold = object.pointer("/status/hold")?;
    if text(hold, "/id").is_empty() || text(hold, "/reason").is_empty() {
        return Some("its hold has no id or no reason".to_owned());
    }
    // One that is being deleted says what the deletion waits for.
    if !text(object, "/metadata/deletionTimestamp").is_empty() || text(hold, "/reason") != reason {
        return None;
    }
    let choices = hold["choices"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let silent: Vec<_> = choices.filter(|choice| !message.contains(choice)).collect();
    (!silent.is_empty()).then(|| format!("its message names no {}: {message}", silent.join(", ")))
}

/// Why an answer did not do what it is for.
fn unanswered(answer: &Answer, objects: &Objects) -> Option<String> {
    let named =
        |objects: &[Value], name: &str| objects.iter().find(|o| text(o, "/metadata/name") == name).cloned();
    // One whose object is gone is taken away with it.
    let decision = named(&objects.decisions, &answer.name)?;
    if objects::message(&decision).trim().is_empty() {
        return Some("the decision does not say what became of it".to_owned());
    }
    if answer.odd || MAY_CONTRADICT.contains(&&*answer.action) {
        return None;
    }
    let about = match answer.kind {
        Kind::Shipment => named(&objects.shipments, &answer.object)?,
        Kind::Rollout => named(&objects.rollouts, &answer.object)?,
    };
    if is_overtaken(answer, &decision, &about, objects) {
        return None;
    }
    let open = text(&about, "/status/hold/id") == answer.hold
        || about["status"]["holds"]
            .as_array()
            .is_some_and(|holds| holds.iter().any(|hold| hold["id"] == *answer.hold));
    open.then(|| {
        let (reason, message) = (objects::reason(&decision), objects::message(&decision));
        format!(
            "its choice was taken and the hold {} is still open; the decision says {reason}: {message}",
            answer.hold
        )
    })
}

/// Two answers within one second have no order, as an API server keeps times: one is taken, the other one is told so. The
/// taken one may contradict the hold, which then stands.
fn is_overtaken(answer: &Answer, decision: &Value, about: &Value, objects: &Objects) -> bool {
    let declared = |object: &Value| text(object, "/metadata/creationTimestamp").to_owned();
    let of_that_second = |name: &Value| {
        objects.decisions.iter().any(|o| o["metadata"]["name"] == *name && declared(o) == declared(decision))
    };
    let taken = about.pointer("/status/decisions").and_then(Value::as_array).into_iter().flatten();
    objects::reason(decision) == "Declined"
        && taken
            .filter(|other| other["holdID"] == *answer.hold && other["accepted"] == true)
            .any(|other| other["name"] != *answer.name && of_that_second(&other["name"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(message: &str) -> Value {
        json!({"kind": "YubiKeyShipment", "metadata": {"name": "kim"}, "status": {
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "ExistingKey", "message": message},
                {"type": "Stalled", "status": "True", "reason": "ExistingKey", "message": message},
            ],
            "hold": {"id": "key-1-abcdef", "reason": "ExistingKey", "choices": ["RetryOrder", "CancelOrder"]},
        }})
    }

    #[test]
    fn a_hold_whose_message_names_every_choice_is_in_order() {
        assert_eq!(unnamed(&held("Answer RetryOrder or CancelOrder.")), None);
    }

    #[test]
    fn a_choice_that_no_message_names_and_a_silent_stall_are_not() {
        assert!(unnamed(&held("Answer RetryOrder.")).is_some());
        assert!(unnamed(&held(" ")).is_some());
    }

    #[test]
    fn an_answer_after_which_the_same_hold_stands_did_nothing() {
        let answer = Answer {
            name: "answer".into(),
            kind: Kind::Shipment,
            object: "kim".into(),
            hold: "key-1-abcdef".into(),
            action: "RetryOrder".into(),
            odd: false,
        };
        let decision = json!({"metadata": {"name": "answer"}, "status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "Accepted", "message": "Taken."}]}});
        let mut objects =
            Objects { shipments: vec![held("x")], decisions: vec![decision], ..Objects::default() };
        assert!(unanswered(&answer, &objects).is_some());
        let mut other = json!({"name": "other", "holdID": "key-1-abcdef", "accepted": true});
        objects.shipments[0]["status"]["decisions"] = json!([other]);
        assert!(unanswered(&answer, &objects).is_some(), "it was taken itself");
        objects.decisions[0]["status"]["conditions"][0]["reason"] = json!("Declined");
        objects
            .decisions
            .push(json!({"metadata": {"name": "other", "creationTimestamp": "2026-11-30T06:03:44Z"}}));
        assert!(unanswered(&answer, &objects).is_some(), "that one was declared in another second");
        objects.decisions[0]["metadata"]["creationTimestamp"] = json!("2026-11-30T06:03:44Z");
        assert_eq!(unanswered(&answer, &objects), None, "another one was taken in the same second");
        other["holdID"] = json!("key-0-earlier");
        objects.shipments[0]["status"]["decisions"] = json!([other]);
        assert!(unanswered(&answer, &objects).is_some(), "that one answered another hold");
        objects.shipments[0]["status"]["hold"]["id"] = json!("key-2-ghijkl");
        assert_eq!(unanswered(&answer, &objects), None);
    }
}
