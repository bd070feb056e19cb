use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Another finished one than the pattern: every id, time and name of its own.
fn finished(number: u64) -> Value {
    let at = |second: u64| {
        format!("2026-11-{:02}T{:02}:19:{second:02}.{:06}Z", 1 + number % 28, number % 24, number % 999_983)
    };
    let mut object: Value = serde_json::from_slice(PATTERN).unwrap();
    object["metadata"] = json!({
        "creationTimestamp": "2026-11-29T11:06:19Z", "finalizers": ["fidoprereg.dev/vendors-in-order"], "generation": 1,
        "name": format!("person-{number:08}"), "namespace": format!("team-{}", number % 7),
        "resourceVersion": (number * 7).to_string(), "uid": format!("7bb7b4fc-7a27-475f-9b8a-{number:012x}"),
    });
    let login = format!("person-{number:08}@acme.example");
    let user = format!("00uGR3Q7{number:012}");
    object["spec"]["userRef"] = json!({"login": login});
    let status = &mut object["status"];
    status["display"]["user"] = json!(login);
    status["userId"] = json!(user);
    status["org"] = json!({"okta": "00oNeLucVb1bfjgxOKGM", "yubico": "M23Egs6X7v16xqaM6AJHPG"});
    status["enrollment"]["id"] = json!(format!("fwfIMrqS{number:012}"));
    status["enrollment"]["keyId"] = json!(format!("zsI8zCFe{number:012}"));
    status["enrollment"]["mark"] = json!({"at": at(1), "oktaTime": at(1)});
    status["enrollment"]["createdAt"] = json!(at(2));
    status["order"]["shipmentId"] = json!(format!("PPRfxADVuH{number:012}"));
    status["order"]["tracking"] = json!(format!("1ZAQWFTT{number:010}"));
    status["order"]["state"]["since"] = json!(at(42));
    status["order"]["mark"] = json!(at(3));
    status["order"]["orderedAt"] = json!(at(4));
    status["key"]["serial"] = json!(number.to_string());
    status["pin"]["mails"] = json!([at(43)]);
    for (name, second) in [
        ("enrolled", 2),
        ("ordered", 4),
        ("shipped", 22),
        ("delivered", 42),
        ("activated", 42),
        ("pinSent", 43),
    ] {
        status["times"][name] = json!(at(second));
    }
    for condition in status["conditions"].as_array_mut().unwrap() {
        condition["lastTransitionTime"] = json!("2026-11-29T11:06:42Z");
    }
    status["conditions"][1]["message"] = json!(format!("Enrolment fwfIMrqS{number:012} stands at Okta."));
    status["conditions"][2]["message"] =
        json!(format!("YubiEnterprise accepted shipment PPRfxADVuH{number:012}."));
    object
}

fn read(object: &Value) -> YubiKeyShipment {
    serde_json::from_value(object.clone()).unwrap()
}

fn packed(kept: &KeptShipment) -> Option<&Packed> {
    match kept.glance() {
        Glance::Packed(packed) => Some(packed),
        Glance::Whole(_) => None,
    }
}

#[test]
fn a_finished_one_takes_a_few_hundred_bytes() {
    for number in [0, 17, 20_228_469, 99_999_999] {
        let object = read(&finished(number));
        let alone = lz4_flex::block::compress(&serde_json::to_vec(&object).unwrap()).len();
        let kept = KeptShipment::new(object);
        let bytes = packed(&kept).expect("it is at rest").bytes.len();
        println!("{number}: {bytes} bytes; without the pattern {alone}");
        assert!(bytes < 800 && bytes * 3 / 2 < alone, "{bytes} of {alone}");
    }
}

/// Whatever may still move, or waits for somebody, is looked at often.
#[test]
fn what_is_not_at_rest_for_good_is_kept_as_it_is() {
    let changes: [(&str, &str, Value); 8] = [
        ("it is deleted", "/metadata/deletionTimestamp", json!("2026-11-29T11:06:19Z")),
        ("the parcel is under way", "/status/times/delivered", Value::Null),
        ("the PIN is not mailed", "/status/times/pinSent", Value::Null),
        (
            "somebody is asked",
            "/status/hold",
            json!({"id": "x", "reason": "ClaimedTwice", "message": "",
            "since": "2026-11-29T11:06:19.000000Z", "generation": 1}),
        ),
        ("it is stalled", "/status/conditions/0/type", json!("Stalled")),
        (
            "it is refused",
            "/status",
            json!({"order": {"attempt": 1, "outcome": "Refused",
            "mark": "2026-11-29T11:06:19.000000Z"}}),
        ),
        ("nothing was done yet", "/status", Value::Null),
        ("it is new", "/status", json!({"observedGeneration": 1, "phase": "Pending"})),
    ];
    for (why, pointer, value) in changes {
        let mut object = finished(1);
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[field] = value;
        let object = read(&object);
        let kept = KeptShipment::new(object.clone());
        assert!(packed(&kept).is_none(), "{why}");
        assert_eq!(*kept.whole().unwrap(), object, "{why}");
    }
}

#[test]
fn a_cancelled_one_is_packed_as_well() {
    let mut object = finished(1);
    object["status"]["phase"] = json!("Cancelled");
    object["status"]["times"] = Value::Null;
    object["status"]["order"]["outcome"] = json!("Cancelled");
    let kept = KeptShipment::new(read(&object));
    let packed = packed(&kept).expect("it is at rest");
    assert_eq!((packed.phase, &*packed.connection), (Some(Phase::Cancelled), "okta"));
}

#[test]
fn a_cache_finds_it_by_what_it_is_called() {
    let object = read(&finished(5));
    let kept = KeptShipment::new(object.clone());
    let name = |meta: &ObjectMeta| (meta.name.clone(), meta.namespace.clone());
    assert_eq!(name(kept.meta()), name(&object.metadata));
    assert_eq!(kept.uid().map(Uid::to_string), object.metadata.uid);
}

proptest! {
    /// Nothing is left out, whatever people and tools wrote into it.
    #[test]
    fn what_is_unpacked_is_what_was_packed(number in 0u64..100_000_000, text in "\\PC{0,40}", label in "[a-z0-9]{0,20}",
        asked in proptest::option::of("\\PC{0,20}"), address in proptest::option::of("\\PC{1,60}")) {
        let mut object = finished(number);
        object["metadata"]["labels"] = json!({"fidoprereg.dev/rollout": label});
        if let Some(asked) = asked {
            object["metadata"]["annotations"] = json!({"fidoprereg.dev/requestedAt": asked});
            object["status"]["lastHandledReconcileAt"] = json!(asked);
        }
        if let Some(line) = address {
            object["spec"]["address"] = json!({"line1": line, "city": text, "postalCode": "1", "countryCode": "DE"});
        }
        object["status"]["conditions"][0]["message"] = json!(text);
        object["status"]["decisions"] = json!([{"name": "d", "holdID": "h", "action": "Discard", "requestedBy": text,
            "at": "2026-11-29T11:06:19.000001Z", "accepted": true}]);
        let object = read(&object);
        let kept = KeptShipment::new(object.clone());
        prop_assert!(packed(&kept).is_some());
        prop_assert_eq!(&*kept.whole().unwrap(), &object);
        prop_assert_eq!(kept.clone().whole(), Some(Arc::new(object)));
    }
}

/// Written as the API's types write it, so that what is packed shares whole passages with it.
#[test]
fn the_pattern_is_as_shipments_are_written() {
    let written = serde_json::to_string(&read(&serde_json::from_slice(PATTERN).unwrap())).unwrap();
    if std::env::var_os("UPDATE_TESTDATA").is_some() {
        std::fs::write("src/kubernetes/kept/pattern.json", &written).unwrap();
    }
    assert_eq!(std::str::from_utf8(PATTERN).unwrap().trim_end(), written);
}
