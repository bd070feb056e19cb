use domain::{
    ids::{EnrollmentId, ShipmentId},
    vendor_states::{EnrollmentStatus, ListedEnrollment, ListedOrder, ParcelState},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    commands::audit::findings::together,
    vendor::{Asked, AtOkta, AtYubico, Person},
};

const ORDERED: &str = "2027-01-01T00:00:00Z";
const NOW: &str = "2027-01-03T00:00:00Z";
const OKTA: &str = "00o1";

/// Changes some members; `null` takes one away.
fn merge(target: &mut Value, change: Value) {
    let (Value::Object(target), Value::Object(change)) = (target, change) else { return };
    for (name, value) in change {
        if value.is_null() {
            target.remove(&name);
        } else if value.is_object() && target.get(&name).is_some_and(Value::is_object) {
            merge(&mut target[&name], value);
        } else {
            target.insert(name, value);
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn shipment(name: &str, status: &Value) -> YubiKeyShipment {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": "hr", "creationTimestamp": "2026-12-31T00:00:00Z"},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": format!("{name}@example.com")}, "key": {"model": "nfc"}},
        "status": status,
    }))
    .unwrap()
}

/// Ordered and in state 103, changed by `more`.
fn status(more: Value) -> Value {
    let mut status = json!({
        "observedGeneration": 1, "userId": "00u1", "org": {"okta": OKTA, "yubico": "y1"},
        "enrollment": {
            "attempt": 1, "outcome": "Made", "id": "e1", "rpIds": ["acme.okta.com"], "keyId": "k1", "createdAt": ORDERED,
            "mark": {"at": ORDERED, "oktaTime": ORDERED},
        },
        "order": {
            "attempt": 1, "outcome": "Accepted", "mark": ORDERED, "orderedAt": ORDERED, "shipmentId": "o1",
            "state": {"id": 103, "name": "Shipped", "since": ORDERED},
        },
    });
    merge(&mut status, more);
    status
}

fn without_order(more: Value) -> Value {
    let mut status = status(json!({"order": null}));
    merge(&mut status, more);
    status
}

fn hold(reason: &str, choices: &[&str]) -> Value {
    json!({"hold": {"id": "h-1", "reason": reason, "message": "It waits.", "since": ORDERED, "generation": 1, "choices": choices}})
}

fn declared() -> Declared {
    let spec = json!({
        "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {}, "allowedNamespaces": {"from": "All"},
        "keys": [{"name": "nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"}],
    });
    Declared { name: "acme".into(), spec: serde_json::from_value(spec).unwrap() }
}

fn enrollment(id: &str, status: EnrollmentStatus, created: &str) -> ListedEnrollment {
    let id = EnrollmentId::new(id).unwrap();
    ListedEnrollment { id, status, created: Some(at(created)), preset_pin_available: None }
}

fn pending(id: &str) -> ListedEnrollment {
    enrollment(id, EnrollmentStatus::Pending, ORDERED)
}

fn active(id: &str, created: &str) -> ListedEnrollment {
    enrollment(id, EnrollmentStatus::Active, created)
}

fn listed(id: &str, state: u32, email: &str) -> ListedOrder {
    ListedOrder {
        id: ShipmentId::new(id).unwrap(),
        customization_id: Some("RXJN83".into()),
        created: Some(at("2027-01-01T00:00:01Z")),
        state: Some(ParcelState::from_id(state)),
        email: Some(email.into()),
    }
}

/// What the vendors show of ann, who has the shipment `ann`.
fn seen(enrollments: Vec<ListedEnrollment>, order: Option<u32>, orders: Vec<ListedOrder>) -> Seen {
    let ann = UserId::new("00u1").unwrap();
    let person = Person {
        name: "Ann Lee".into(),
        addresses: ["ann@example.com".to_owned()].into(),
        enrollments: Ok(enrollments),
    };
    Seen {
        okta: Ok(AtOkta {
            organization: Some(OKTA.into()),
            logins: [("ann@example.com".to_owned(), ann.clone())].into(),
            people: [(ann, Some(person))].into(),
        }),
        yubico: Ok(AtYubico {
            organization: Some("y1".into()),
            listed: Ok(orders),
            orders: [(ShipmentId::new("o1").unwrap(), Ok(order.map(ParcelState::from_id)))].into(),
        }),
    }
}

fn calm() -> Seen {
    seen(vec![pending("e1")], Some(103), vec![listed("o1", 103, "Ann@Example.com")])
}

fn compared(status: &Value, seen: &Seen) -> Vec<Finding> {
    let shipments = [shipment("ann", status)];
    all(Known { shipments: &shipments, whole: true, now: at(NOW) }, &[(&declared(), seen)])
}

/// One finding of this word, whose texts have these parts.
fn one(status: &Value, seen: &Seen, word: &str, parts: &[&str]) {
    let found = compared(status, seen);
    assert_eq!(found.iter().map(|one| one.word).collect::<Vec<_>>(), [word], "{found:#?}");
    let said = format!("{} {} {}", found[0].what, found[0].next, found[0].commands.join(" "));
    assert!(found[0].next.len() > 10, "{word}: it has a next step");
    for part in parts {
        assert!(said.contains(part), "{word}: {part} in {said}");
    }
    for personal in ["example.com", "Ann"] {
        assert!(!said.contains(personal), "{word}: {said}");
    }
}

#[test]
fn where_both_vendors_show_what_the_status_says_there_is_nothing_to_find() {
    assert_eq!(compared(&status(json!({})), &calm()), []);
    let activated =
        status(json!({"times": {"activated": ORDERED, "delivered": ORDERED, "pinSent": ORDERED}}));
    let used = seen(vec![active("e1", ORDERED), active("old", "2026-01-01T00:00:00Z")], None, Vec::new());
    assert_eq!(compared(&activated, &used), [], "what arrived is over, and a key of before is none of ours");
    let cancelled =
        status(json!({"order": {"outcome": "Cancelled"}, "enrollment": {"outcome": "Discarded"}}));
    assert_eq!(compared(&cancelled, &seen(Vec::new(), None, Vec::new())), []);
    // Delivered long ago, for a shipment that is gone.
    let before = seen(vec![pending("e1")], Some(103), vec![listed("old", 104, "ann@example.com")]);
    assert_eq!(compared(&status(json!({})), &before), []);
}

#[test]
fn an_order_of_the_status_that_the_vendor_contradicts_is_found() {
    let gone = seen(vec![pending("e1")], None, Vec::new());
    let look = "kubectl yubikey look yks/ann -n hr";
    let confirm = "kubectl yubikey decide yks/ann -n hr --choice ConfirmCancelled";
    one(&status(json!({})), &gone, "OrderNotFound", &["o1", "404", look, confirm]);
    let held = status(hold("OrderNotFound", &["ConfirmCancelled", "AdoptOrder"]));
    one(&held, &gone, "OrderNotFound", &["answer its question", confirm, "AdoptOrder --shipment-id ID"]);
    // Our own cancellation is no contradiction.
    assert_eq!(compared(&status(json!({"order": {"cancelAcceptedAt": ORDERED}})), &gone), []);
    for (state, said) in
        [(104, "104 (Delivered)"), (105, "DiscardEnrollment"), (99, "ShippingError"), (4711, "4711")]
    {
        let moved = seen(vec![pending("e1")], Some(state), Vec::new());
        one(&status(json!({})), &moved, "ParcelMoved", &[said, "103 (Shipped)", look]);
    }
    let cancelled =
        status(json!({"order": {"outcome": "Cancelled"}, "enrollment": {"outcome": "Discarded"}}));
    one(&cancelled, &seen(Vec::new(), Some(5), Vec::new()), "OrderNotCancelled", &["o1", "Console"]);
}

#[test]
fn an_enrolment_of_the_status_that_okta_contradicts_is_found() {
    let none = seen(Vec::new(), Some(103), Vec::new());
    one(&status(json!({})), &none, "EnrollmentGone", &["e1", "never sign in", "o1"]);
    let nothing = seen(Vec::new(), None, Vec::new());
    let held = without_order(hold("StatusBehindVendors", &["RetryOrder", "AdoptOrder", "CancelOrder"]));
    one(
        &held,
        &nothing,
        "EnrollmentGone",
        &["answer its question", "--choice RetryOrder", "no order of this shipment exists"],
    );
    let young = without_order(
        json!({"enrollment": {"mark": {"at": "2027-01-02T23:59:00Z"}, "createdAt": "2027-01-02T23:59:00Z"}}),
    );
    assert_eq!(compared(&young, &nothing), [], "the list may lag");

    let activated = status(json!({"times": {"activated": ORDERED}}));
    one(&activated, &none, "KeyNotActive", &["lists it no more", "declare another"]);
    for state in
        [EnrollmentStatus::Pending, EnrollmentStatus::Errored, EnrollmentStatus::Other("INACTIVE".into())]
    {
        let inactive = seen(vec![enrollment("e1", state, ORDERED)], Some(103), Vec::new());
        one(&activated, &inactive, "KeyNotActive", &["ACTIVE", "e1"]);
    }
    one(
        &status(json!({})),
        &seen(vec![active("e1", ORDERED)], Some(103), Vec::new()),
        "ActiveAtOkta",
        &["look yks/ann"],
    );
    let failed = seen(vec![enrollment("e1", EnrollmentStatus::Errored, ORDERED)], Some(103), Vec::new());
    one(&status(json!({})), &failed, "EnrollmentFailed", &["e1"]);
    assert_eq!(compared(&status(json!({"enrollment": {"markedError": true}})), &failed), []);
}

#[test]
fn an_enrolment_that_stays_pending_for_ever_is_found() {
    let list = || vec![pending("e1")];
    one(
        &without_order(json!({})),
        &seen(list(), None, Vec::new()),
        "EnrollmentPending",
        &["no order", "RetryOrder"],
    );
    let refused = status(
        json!({"order": {"outcome": "Refused", "shipmentId": null, "orderedAt": null, "state": null, "retryable": false, "refusedGeneration": 1}}),
    );
    one(&refused, &seen(list(), None, Vec::new()), "EnrollmentPending", &["e1"]);
    for (id, name) in [(104, "Delivered"), (105, "Lost"), (99, "ShippingError")] {
        let since = "2026-12-01T00:00:00Z";
        let over = status(json!({"order": {"state": {"id": id, "name": name, "since": since}}}));
        one(&over, &seen(list(), Some(id), Vec::new()), "EnrollmentPending", &["although the parcel", name]);
        let lately = status(json!({"order": {"state": {"id": id, "name": name}}}));
        assert_eq!(compared(&lately, &seen(list(), Some(id), Vec::new())), [], "{name} yesterday");
    }
    let asked = without_order(hold("OrderRefused", &["RetryOrder", "AdoptOrder", "CancelOrder"]));
    assert_eq!(compared(&asked, &seen(list(), None, Vec::new())), [], "a person is asked already");
}

#[test]
fn what_no_shipment_has_is_found_with_the_answer_that_takes_it_over() {
    let adopt = "kubectl yubikey decide yks/ann -n hr --choice AdoptOrder --shipment-id o9";
    let order = || vec![listed("o9", 5, "ANN@example.com")];
    // The status is lost, is older than the order, or does not know its outcome.
    let held = without_order(hold(
        "StatusBehindVendors",
        &["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"],
    ));
    one(
        &held,
        &seen(vec![pending("e1")], None, order()),
        "OrderUnknownToStatus",
        &["o9", adopt, "answer its question"],
    );
    let unknown = status(
        json!({"order": {"outcome": "Unknown", "shipmentId": null, "orderedAt": null, "state": null}}),
    );
    one(
        &unknown,
        &seen(vec![pending("e1")], None, order()),
        "OrderUnknownToStatus",
        &["look yks/ann", adopt],
    );
    // The cluster was built anew from Git: the manifest has a login and no status.
    let lost = json!({"observedGeneration": 1});
    one(&lost, &seen(vec![pending("e1")], None, order()), "OrderUnknownToStatus", &[adopt]);
    let arrived = vec![listed("o9", 104, "ann@example.com")];
    one(&held, &seen(vec![pending("e1")], None, arrived), "OrderUnknownToStatus", &["104 (Delivered)"]);
    // An answer that may still be on its way.
    let now = json!({"order": {"outcome": "Open", "mark": "2027-01-02T23:58:00Z", "shipmentId": null, "orderedAt": null, "state": null}});
    assert_eq!(compared(&status(now), &seen(vec![pending("e1")], None, order())), []);
}

#[test]
fn what_no_shipment_has_and_is_nobodys_answer_says_where_to_look() {
    let own = listed("o1", 103, "ann@example.com");
    let second = seen(vec![pending("e1")], Some(103), vec![own.clone(), listed("o9", 5, "ann@example.com")]);
    one(&status(json!({})), &second, "SecondOrder", &["o9", "Console"]);
    let stranger = seen(vec![pending("e1")], Some(103), vec![own.clone(), listed("o9", 5, "bo@example.com")]);
    one(&status(json!({})), &stranger, "OrderUnclaimed", &["o9", "existingKeyPolicy: Adopt"]);
    // An ordinary order, and one that arrived.
    let ordinary = ListedOrder { customization_id: None, ..listed("o8", 5, "bo@example.com") };
    let others =
        seen(vec![pending("e1")], Some(103), vec![own, ordinary, listed("o7", 104, "bo@example.com")]);
    assert_eq!(compared(&status(json!({})), &others), []);

    let beside = seen(vec![pending("e1"), pending("e9")], Some(103), Vec::new());
    one(&status(json!({})), &beside, "EnrollmentUnclaimed", &["e9", "System Log"]);
    let newer = seen(vec![pending("e1"), active("e9", "2027-01-02T00:00:00Z")], Some(103), Vec::new());
    one(&status(json!({})), &newer, "KeyUnclaimed", &["e9", "too much"]);
    let lost = json!({"observedGeneration": 1});
    let discard = "--choice DiscardEnrollment --enrollment-id e9";
    one(
        &lost,
        &seen(vec![pending("e9")], None, Vec::new()),
        "EnrollmentUnclaimed",
        &[discard, "look yks/ann"],
    );
    one(&lost, &seen(vec![active("e9", ORDERED)], None, Vec::new()), "KeyUnclaimed", &["AdoptOrder"]);
}

#[test]
fn in_one_namespace_nothing_is_said_of_what_others_may_have() {
    let second =
        seen(vec![pending("e1"), pending("e9")], Some(103), vec![listed("o9", 5, "ann@example.com")]);
    let shipments = [shipment("ann", &status(json!({})))];
    let found = all(Known { shipments: &shipments, whole: false, now: at(NOW) }, &[(&declared(), &second)]);
    assert_eq!(found, []);
}

#[test]
fn what_could_not_be_asked_is_not_called_clean() {
    let told = |word: &str, seen: &Seen, part: &str| {
        let found = compared(&status(json!({})), seen);
        assert!(
            found.iter().any(|one| one.word == word && one.what.contains(part) && !one.next.is_empty()),
            "{found:#?}"
        );
    };
    let why = || "it is away".to_owned();
    told("NotCompared", &Seen { okta: Err(why()), ..calm() }, "Okta could not be asked: it is away");
    told("NotCompared", &Seen { yubico: Err(why()), ..calm() }, "YubiEnterprise could not be asked");
    let with_yubico = |change: fn(&mut AtYubico)| {
        let mut seen = calm();
        change(seen.yubico.as_mut().unwrap());
        seen
    };
    told("NotCompared", &with_yubico(|y| y.listed = Err("too long".into())), "list of orders");
    told(
        "NotCompared",
        &with_yubico(|y| y.orders.values_mut().for_each(|state| *state = Err("no".into()))),
        "order o1",
    );
    told(
        "ConnectionChanged",
        &with_yubico(|y| y.organization = Some("y2".into())),
        "another YubiEnterprise organization",
    );
    let with_okta = |change: fn(&mut AtOkta)| {
        let mut seen = calm();
        change(seen.okta.as_mut().unwrap());
        seen
    };
    told("ConnectionChanged", &with_okta(|o| o.organization = Some("00o2".into())), "another Okta org");
    told("UserNotFound", &with_okta(|o| o.people.values_mut().for_each(|person| *person = None)), "no user");
    let unlisted =
        |person: &mut Option<Person>| person.as_mut().unwrap().enrollments = Asked::Err("no".into());
    let mut seen = calm();
    seen.okta.as_mut().unwrap().people.values_mut().for_each(unlisted);
    told("NotCompared", &seen, "did not list");
}

#[test]
fn what_the_operator_wrote_meanwhile_is_no_contradiction_and_a_question_is_said_once() {
    let found = |word| Finding {
        object: "hr/yks/ann".into(),
        word,
        commands: vec!["look".into()],
        ..Finding::default()
    };
    let before = [found("ParcelMoved"), found("OrderNotFound")];
    let after = vec![found("OrderNotFound"), found("SecondOrder")];
    assert_eq!(lasting(&before, after), [found("OrderNotFound")]);
    let of_cluster = vec![found("StatusBehindVendors"), found("ClaimedTwice")];
    let words: Vec<_> =
        together(of_cluster, vec![found("OrderUnknownToStatus")]).iter().map(|one| one.word).collect();
    assert_eq!(words, ["ClaimedTwice", "OrderUnknownToStatus"]);
}

#[test]
fn whoever_is_known_by_login_only_is_asked_about_too() {
    let shipments = [shipment("ann", &json!({"observedGeneration": 1})), shipment("bo", &status(json!({})))];
    let asked = wanted(&shipments, "acme");
    assert_eq!(asked.logins.iter().collect::<Vec<_>>(), ["ann@example.com"]);
    assert_eq!((asked.ids.len(), asked.orders.len()), (1, 1));
    assert!(wanted(&shipments, "other").ids.is_empty());
    let seen = calm();
    let connection = declared();
    let names = names(&shipments, &[(&connection, &seen)], at(NOW));
    assert_eq!(names["hr/yks/ann"], "Ann Lee");
}
