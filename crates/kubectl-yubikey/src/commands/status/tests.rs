use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    overview::{Overview, overview},
    *,
};
use crate::{printing::Paint, view::ShipmentView};

const NOW: &str = "2027-01-31T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn shipment(name: &str, rollout: Option<&str>, status: &Value) -> YubiKeyShipment {
    let labels = rollout.map(|rollout| json!({"fidoprereg.dev/rollout": rollout})).unwrap_or_default();
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": "onboarding", "uid": "u1", "labels": labels},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "ann.lee@example.com"}, "key": {"model": "yubikey-5c-nfc"}},
        "status": status,
    }))
    .unwrap()
}

fn connection() -> YubiKeyConnection {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "acme"},
        "spec": {
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
            "allowedNamespaces": {"from": "All"},
        },
    }))
    .unwrap()
}

fn ready(status: &str, reason: &str, message: &str) -> Value {
    json!({"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": "2027-01-30T12:00:00Z"})
}

fn held() -> YubiKeyShipment {
    shipment(
        "ann-lee",
        None,
        &json!({
            "observedGeneration": 1, "phase": "Held",
            "conditions": [ready("False", "OrderOutcomeUnknown", "No readable answer."), ready("True", "Stalled", "")],
            "display": {"user": "ann.lee@example.com", "key": "yubikey-5c-nfc"},
            "enrollment": {"attempt": 1, "outcome": "Made", "id": "fwn1", "createdAt": "2027-01-30T11:59:00Z"},
            "order": {"attempt": 1, "outcome": "Unknown", "mark": "2027-01-30T11:59:30Z"},
            "hold": {
                "id": "order-1-k7f3ab", "reason": "OrderOutcomeUnknown", "message": "No readable answer.",
                "since": "2027-01-30T12:00:00Z", "generation": 1, "choices": ["RetryOrder", "AdoptOrder", "CancelOrder"],
            },
        }),
    )
}

fn travelling(rollout: Option<&str>) -> YubiKeyShipment {
    shipment(
        "bob-ray",
        rollout,
        &json!({
            "observedGeneration": 1, "phase": "Shipped",
            "conditions": [ready("True", "AwaitingDelivery", "The key is on its way.")],
            "display": {"user": "bob.ray@example.com", "key": "yubikey-5c-nfc"},
            "enrollment": {"attempt": 1, "outcome": "Made", "id": "fwn2"},
            "order": {
                "attempt": 1, "outcome": "Accepted", "mark": "2027-01-28T12:00:00Z", "orderedAt": "2027-01-28T12:00:01Z",
                "shipmentId": "Zu5Yb1hWqQ", "state": {"id": 103, "name": "Shipped", "since": "2027-01-30T12:00:00Z"},
                "carrier": "UPS", "tracking": "1Z999\u{1b}[2J",
            },
            "key": {"serial": "23456789", "firmware": "5.7.4"},
            "times": {"enrolled": "2027-01-28T11:59:00Z", "ordered": "2027-01-28T12:00:01Z", "shipped": "2027-01-30T12:00:00Z"},
        }),
    )
}

fn rollout() -> YubiKeyRollout {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyRollout", "metadata": {"name": "staff", "namespace": "onboarding"},
        "spec": {"connectionRef": {"name": "acme"}, "source": {"oktaGroup": {"groups": [{"name": "Staff"}]}}, "budget": 50},
        "status": {
            "observedGeneration": 1, "conditions": [ready("True", "AwaitingApproval", "Wave 1 is through.")], "wave": 1,
            "counts": {"members": 12, "eligible": 10, "skipped": 2, "waiting": 6, "served": 4, "inFlight": 1, "activated": 3, "held": 0},
            "problems": [{"reason": "PreRegisteredKey", "message": "m", "total": 2}],
            "holds": [{"id": "wave-k7f3ab", "reason": "AwaitingApproval", "message": "Wave 1 is through.", "since": "2027-01-31T10:00:00Z", "choices": ["Proceed"], "total": 1}],
        },
    }))
    .unwrap()
}

#[test]
fn the_tree_shows_rollouts_shipments_questions_and_what_comes_next() {
    let all = overview(&[rollout()], &[travelling(Some("staff")), held()], &[connection()], now());
    insta::assert_snapshot!(render::tree(&all, Paint::new(false), now()));
}

#[test]
fn one_shipment_shows_every_step() {
    let one = Overview { one: true, ..overview(&[], &[travelling(None)], &[connection()], now()) };
    insta::assert_snapshot!(render::tree(&one, Paint::new(false), now()));
}

#[test]
fn the_wide_table_has_what_a_search_needs() {
    let all = overview(&[], &[travelling(Some("staff")), held()], &[], now());
    insta::assert_snapshot!(render::wide(&all, Paint::new(false), now()));
}

#[test]
fn json_is_for_programs_and_holds_no_person_that_the_status_does_not_show() {
    let hidden =
        shipment("eve", None, &json!({"observedGeneration": 1, "display": {"user": "00u1", "key": "m"}}));
    let text = crate::printing::document(&overview(&[], &[hidden], &[], now()), Output::Json).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["shipments"][0]["user"], "00u1");
    assert!(!text.contains("ann.lee"), "the login of the spec is not repeated: {text}");
}

fn arrived(in_use: &Value, used: &Value) -> YubiKeyShipment {
    let mut shipment = serde_json::to_value(travelling(None)).unwrap();
    let status = &mut shipment["status"];
    status["phase"] = json!("Activated");
    status["userId"] = json!("00u1");
    let done = |kind: &str| json!({"type": kind, "status": "True", "reason": kind, "message": "", "lastTransitionTime": "2027-01-30T13:00:00Z"});
    status["conditions"] = json!([ready("True", "Activated", "m"), done("Delivered")]);
    if !in_use.is_null() {
        status["conditions"].as_array_mut().unwrap().push(in_use.clone());
    }
    status["enrollment"] = json!({"attempt": 1, "outcome": "Made", "id": "fwn2", "rpIds": ["acme.com"],
        "mark": {"at": "2027-01-28T11:59:00Z", "oktaTime": "2027-01-28T11:59:00Z"}, "createdAt": "2027-01-28T11:59:00Z"});
    for time in ["delivered", "activated", "pinSent"] {
        status["times"][time] = json!("2027-01-30T13:00:00Z");
    }
    status["times"]["used"] = used.clone();
    serde_json::from_value(shipment).unwrap()
}

fn in_use(status: &str, reason: &str) -> Value {
    json!({"type": "InUse", "status": status, "reason": reason, "message": "m", "lastTransitionTime": "2027-01-30T13:00:00Z"})
}

#[test]
fn the_first_use_is_a_step_in_the_words_of_what_is_known() {
    let view = |in_use: &Value, used: &Value, watched: bool| {
        let mut connection = connection();
        if !watched {
            connection.spec.polling.first_use = api::connection::FirstUse::Never;
        }
        ShipmentView::of(&arrived(in_use, used), Some(&connection.spec), now())
    };
    for (in_use, used, says) in [
        (Value::Null, Value::Null, "not looked for"),
        (in_use("False", "NotUsedYet"), Value::Null, "not seen yet"),
        (in_use("False", "NotLookedForAnyMore"), Value::Null, "not seen, and not looked for any more"),
        (in_use("Unknown", "NotShown"), Value::Null, "not known: Okta does not show it"),
        (in_use("Unknown", "SomethingNewer"), Value::Null, "not known: Okta does not show it"),
        (in_use("True", "Used"), json!("2027-01-31T08:00:00Z"), "the person has signed in with the key"),
    ] {
        let view = view(&in_use, &used, true);
        let step = view.steps.last().unwrap();
        assert_eq!((step.name, step.state.as_str(), step.done), ("first use", says, !used.is_null()));
        if used.is_null() {
            let at = view.next.at.expect("when Okta is asked next");
            assert!(at > now() && at.duration_since(now()).as_hours() < 24, "{at}");
        } else {
            assert!(view.next.what.contains("has signed in") && view.next.at.is_none(), "{:?}", view.next);
        }
    }
    let off = view(&Value::Null, &Value::Null, false);
    assert!(off.next.at.is_none() && off.next.what.contains("delivered"), "{:?}", off.next);
    let before = ShipmentView::of(&travelling(None), None, now());
    assert_eq!(before.steps.last().unwrap().state, "not yet");
}

#[test]
fn what_comes_next_is_known_for_each_kind_of_waiting() {
    let next =
        |status: Value| ShipmentView::of(&shipment("x", None, &status), Some(&connection().spec), now()).next;
    let of = |reason: &str| json!({"observedGeneration": 1, "conditions": [ready("True", reason, "m")]});
    assert!(next(of("OktaUnauthorized")).command.unwrap().contains("check acme"));
    assert!(next(of("TooManyOpenOrders")).what.contains("free place"));
    assert!(next(of("NotOrderingCluster")).what.contains("another cluster"));
    let mut limited = of("PinLimitReached");
    limited["pin"] =
        json!({"id": 3, "mails": ["2027-01-31T09:00:00Z", "2027-01-31T10:00:00Z", "2027-01-31T11:00:00Z"]});
    assert_eq!(next(limited).at, Some("2027-02-01T09:00:00Z".parse().unwrap()));
    let mut failed = of("OktaUnavailable");
    failed["failure"] = json!({"reason": "OktaUnavailable", "message": "m", "since": NOW, "count": 2});
    assert!(next(failed).what.contains("tried again"));
    let delivery = ShipmentView::of(&travelling(None), Some(&connection().spec), now()).next;
    assert_eq!(
        delivery.at,
        Some("2027-02-13T12:00:00Z".parse().unwrap()),
        "fourteen days after it was shipped"
    );
}
