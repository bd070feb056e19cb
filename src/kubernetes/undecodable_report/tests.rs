use serde_json::json;

use super::*;

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "m", "lastTransitionTime": "2027-01-01T00:00:00Z"})
}

#[test]
fn only_the_conditions_that_say_so_change() {
    let mut other = condition("Delivered", "True", "Delivered");
    other["ofANewerVersion"] = json!({"kept": true});
    let before =
        json!([other, condition("Ready", "True", "Activated"), condition("Reconciling", "True", "X")]);
    let Merged::New(all, summary) = merged(&before, "cannot be decoded", 3) else { panic!("nothing new") };
    assert_eq!(all[0], other, "what is not ours stays whole");
    assert_eq!(summary.as_deref(), Some("cannot be decoded"));
    let told: Vec<_> =
        all.iter().map(|c| (c["type"].as_str().unwrap(), c["status"].as_str().unwrap())).collect();
    assert_eq!(told, [("Delivered", "True"), ("Ready", "False"), ("Stalled", "True")]);
    assert_eq!(all[1]["reason"], "ObjectUndecodable");
    assert_eq!(merged(&Value::Array(all), "cannot be decoded", 3), Merged::Same, "it is written once");
}

#[test]
fn conditions_that_are_not_understood_are_not_touched() {
    for odd in [json!("none"), json!([{"type": "Ready", "status": {"is": "True"}}]), json!({})] {
        assert_eq!(merged(&odd, "m", 1), Merged::Unreadable, "{odd}");
    }
}
