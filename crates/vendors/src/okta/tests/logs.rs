//! The System Log: what an event says, in both spellings, and that nothing is passed over in silence.

use domain::{
    failure::Reason,
    ids::{CustomizationId, EventId, GroupId, UserId},
    requests::KeyProduct,
    system_log::{
        ConsoleOrder, EventFault, LogCursor, LogEvent, LogPosition, LogQuery, Membership, MembershipChange,
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    super::logs::{event, filter},
    Server, bytes, error_body, schemas, with_api_token, with_headers,
};

const DETAILS: [(&str, &str, &str); 5] = [
    ("factor_type", "factorType", "webauthn"),
    ("fulfillment_provider", "fulfillmentProvider", "yubico"),
    ("yubico_product_id", "yubicoProductId", "29"),
    ("yubico_inventory_product_id", "yubicoInventoryProductId", "106"),
    ("yubico_customization_id", "yubicoCustomizationId", "RXJN83"),
];

fn details(camel: bool) -> Value {
    let named = DETAILS.map(|(snake, camelled, value)| {
        ((if camel { camelled } else { snake }).to_owned(), Value::from(value))
    });
    Value::Object(Map::from_iter(named))
}

fn pressed() -> Value {
    json!({
        "uuid": "e1", "published": "2026-01-05T20:43:19.250Z", "eventType": "system.mfa.preregister.initiate",
        "outcome": {"result": "SUCCESS", "reason": null},
        "actor": {"id": "00uAdmin", "type": "User"},
        "target": [
            {"id": "fac1", "type": "AuthenticatorEnrollment", "detailEntry": null},
            {"id": "00u1", "type": "User", "alternateId": "ann.lee@example.com", "detailEntry": details(false)},
        ],
    })
}

fn order() -> LogEvent {
    LogEvent::ConsoleOrder(ConsoleOrder {
        id: EventId::new("e1").unwrap(),
        published: "2026-01-05T20:43:19.25Z".parse().unwrap(),
        user: UserId::new("00u1").unwrap(),
        product: KeyProduct {
            product_id: 29,
            inventory_product_id: 106,
            customization_id: CustomizationId::new("RXJN83").unwrap(),
        },
    })
}

fn console(body: &Value) -> LogEvent {
    event(body, &LogQuery::ConsoleOrders).unwrap()
}

fn fault(body: &Value) -> EventFault {
    match console(body) {
        LogEvent::Malformed(event) => event.fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_details_are_found_in_both_spellings_wherever_they_stand() {
    assert_eq!(console(&pressed()), order());
    for camel in [false, true] {
        for place in ["/target/0", "/target/1", "/debugContext"] {
            let mut body = pressed();
            body["target"][1]["detailEntry"] = Value::Null;
            match place {
                "/debugContext" => body["debugContext"] = json!({"debugData": details(camel)}),
                place => body.pointer_mut(place).unwrap()["detailEntry"] = details(camel),
            }
            assert_eq!(console(&body), order(), "{camel} {place}");
        }
    }
    let mut numbers = pressed();
    numbers["target"][1]["detailEntry"]["yubico_product_id"] = 29.into();
    assert_eq!(console(&numbers), order());
    let mut said_twice = pressed();
    said_twice["debugContext"] = json!({"debugData": details(true)});
    assert_eq!(console(&said_twice), order());
}

#[test]
fn what_is_wrong_with_an_event_is_said_with_its_id() {
    type Change = fn(&mut Value);
    let cases: [(Change, EventFault); 13] = [
        (|e| e["uuid"] = Value::Null, EventFault::NoId),
        (|e| e["published"] = "yesterday".into(), EventFault::NoTime),
        (|e| e["eventType"] = "user.session.start".into(), EventFault::OtherType),
        (|e| e["outcome"]["result"] = "FAILURE".into(), EventFault::NotSuccessful),
        (|e| e["target"] = json!([]), EventFault::NotOneUser),
        (|e| e["target"][0] = json!({"id": "00u2", "type": "User"}), EventFault::NotOneUser),
        (|e| e["target"][1]["id"] = Value::Null, EventFault::NotOneUser),
        (|e| e["target"][1]["detailEntry"] = Value::Null, EventFault::Missing("yubico_product_id")),
        (|e| e["target"][1]["detailEntry"]["factor_type"] = "push".into(), EventFault::OtherProvider),
        (
            |e| e["target"][1]["detailEntry"]["fulfillment_provider"] = "acme".into(),
            EventFault::OtherProvider,
        ),
        (
            |e| e["target"][1]["detailEntry"]["yubico_product_id"] = "5C NFC".into(),
            EventFault::Unreadable("yubico_product_id"),
        ),
        (
            |e| e["target"][1]["detailEntry"]["yubicoProductId"] = "1".into(),
            EventFault::Contradiction("yubico_product_id"),
        ),
        (
            |e| e["target"][1]["detailEntry"]["yubico_customization_id"] = "".into(),
            EventFault::Missing("yubico_customization_id"),
        ),
    ];
    for (change, expected) in cases {
        let mut body = pressed();
        change(&mut body);
        assert_eq!(fault(&body), expected);
        let LogEvent::Malformed(event) = console(&body) else { unreachable!() };
        assert_eq!(event.id.is_none(), expected == EventFault::NoId);
        assert_eq!(event.published.is_none(), expected == EventFault::NoTime);
        assert!(!format!("{event:?} {expected}").contains("ann.lee"));
    }
    assert_eq!(fault(&json!("text")), EventFault::Form);
}

#[test]
fn a_membership_is_one_user_and_one_group_that_was_asked_for() {
    let query = LogQuery::Memberships(vec![GroupId::new("00g1").unwrap()]);
    let body = |kind: &str, group: &str| {
        json!({
            "uuid": "m1", "published": "2026-01-05T20:43:19Z", "eventType": kind,
            "target": [{"id": "00u1", "type": "User"}, {"id": group, "type": "UserGroup"}],
        })
    };
    for (kind, change) in [
        ("group.user_membership.add", MembershipChange::Joined),
        ("group.user_membership.remove", MembershipChange::Left),
    ] {
        let expected = Membership {
            id: EventId::new("m1").unwrap(),
            published: "2026-01-05T20:43:19Z".parse().unwrap(),
            group: GroupId::new("00g1").unwrap(),
            user: UserId::new("00u1").unwrap(),
            change,
        };
        assert_eq!(event(&body(kind, "00g1"), &query), Some(LogEvent::Membership(expected)));
        assert_eq!(event(&body(kind, "00g2"), &query), None);
    }
    let mut nobody = body("group.user_membership.add", "00g1");
    nobody["target"][0]["type"] = "AppUser".into();
    let Some(LogEvent::Malformed(told)) = event(&nobody, &query) else { panic!("reported") };
    assert_eq!((told.fault, told.id), (EventFault::NotOneUser, EventId::new("m1").ok()));
    nobody["target"] = json!([]);
    let Some(LogEvent::Malformed(told)) = event(&nobody, &query) else { panic!("reported") };
    assert_eq!(told.fault, EventFault::NotOneGroup);
}

#[test]
fn the_filter_names_the_events_and_the_groups() {
    assert_eq!(filter(&LogQuery::ConsoleOrders), "eventType eq \"system.mfa.preregister.initiate\"");
    let groups = ["00g1", "00g2"].map(|id| GroupId::new(id).unwrap()).to_vec();
    assert_eq!(
        filter(&LogQuery::Memberships(groups)),
        "(eventType eq \"group.user_membership.add\" or eventType eq \"group.user_membership.remove\") and \
         (target.id eq \"00g1\" or target.id eq \"00g2\")"
    );
}

fn since() -> LogPosition {
    LogPosition::Since("2026-01-05T20:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn the_log_is_followed_by_oktas_own_link() {
    let server = Server::start(|seen| {
        let place = format!("http://{}/api/v1/logs", seen.header("host"));
        let (after, body) = match seen.path() {
            path if path.ends_with("after=1") => ("2", json!([pressed(), 7])),
            path if path.ends_with("after=2") => ("2", json!([])),
            _ => ("1", json!([pressed()])),
        };
        let next = format!("<{place}?limit=100&after={after}>; rel=\"next\"");
        with_headers(200, &[("link", next.as_str())], &body.to_string())
    })
    .await;
    let okta = with_api_token(&server);
    let first = okta.log_page(&LogQuery::ConsoleOrders, &since()).await.unwrap();
    assert_eq!((first.events, first.more), (vec![order()], true));
    assert_eq!(first.at.to_string(), "2026-01-05T20:43:19Z");
    let second = okta.log_page(&LogQuery::ConsoleOrders, &first.next).await.unwrap();
    assert_eq!(second.events.len(), 2, "the same event once more, and one that cannot be used");
    let third = okta.log_page(&LogQuery::ConsoleOrders, &second.next).await.unwrap();
    assert_eq!((third.events.len(), third.more), (0, false));
    assert_eq!(third.next, second.next, "a page without events leaves the place as it is");
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.path().to_owned()).collect();
    assert!(paths[0].contains("since=2026-01-05T20%3A00%3A00Z"), "{}", paths[0]);
    assert!(
        paths[0].contains("filter=eventType%20eq%20%22system.mfa.preregister.initiate%22"),
        "{}",
        paths[0]
    );
    assert!(!paths[0].contains("until"), "Okta would not say where to go on");
    assert_eq!(paths[1], "/api/v1/logs?limit=100&after=1");
}

#[tokio::test]
async fn a_kept_place_is_read_back_and_leads_to_no_other_host() {
    let server = Server::start(|_| bytes(200, "[]")).await;
    let okta = with_api_token(&server);
    let own = LogCursor::parse(format!("{}api/v1/logs?after=9", server.url)).unwrap();
    let page = okta.log_page(&LogQuery::ConsoleOrders, &LogPosition::After(own.clone())).await.unwrap();
    assert_eq!(page.next, LogPosition::After(own), "kept although Okta named no other");
    for elsewhere in ["https://evil.example.com/api/v1/logs?after=9", "nonsense"] {
        let cursor = LogPosition::After(LogCursor::parse(elsewhere).unwrap());
        let error = okta.log_page(&LogQuery::ConsoleOrders, &cursor).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::ConnectionChanged);
    }
    assert_eq!(server.seen().len(), 1);
    for text in [String::new(), "a b".into(), "x".repeat(LogCursor::LIMIT + 1)] {
        assert!(LogCursor::parse(text).is_err());
    }
}

#[tokio::test]
async fn without_a_link_the_newest_event_is_the_next_start() {
    let mut old = pressed();
    old["published"] = "2026-01-05T19:00:00Z".into();
    let body = json!([pressed(), old]).to_string();
    let server = Server::start(move |_| bytes(200, &body)).await;
    let page = with_api_token(&server).log_page(&LogQuery::ConsoleOrders, &since()).await.unwrap();
    assert_eq!(page.next, LogPosition::Since("2026-01-05T20:43:19.25Z".parse().unwrap()));
}

#[tokio::test]
async fn a_missing_scope_is_named_and_foreign_events_are_reported() {
    let server = Server::start(|_| bytes(403, &error_body("E0000006"))).await;
    let error = with_api_token(&server).log_page(&LogQuery::ConsoleOrders, &since()).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::OktaForbidden);
    assert!(error.failure.message.contains("okta.logs.read"), "{}", error.failure.message);
    let examples = schemas::directory_example("ListLogs").to_string();
    let server = Server::start(move |_| bytes(200, &examples)).await;
    let page = with_api_token(&server).log_page(&LogQuery::ConsoleOrders, &since()).await.unwrap();
    let [LogEvent::Malformed(event)] = page.events.as_slice() else { panic!("{:?}", page.events) };
    assert_eq!(event.fault, EventFault::OtherType);
    assert_eq!(event.id.as_ref().unwrap().as_str(), "dc9fd3c0-598c-11ef-8478-2b7584bf8d5a");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), "\\PC{0,9}".prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names = "uuid|published|eventType|target|id|type|detailEntry|yubico_product_id|outcome|result";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_event_makes_us_fall_over_or_is_lost(body in any_value(), with in any::<bool>()) {
        let mut whole = pressed();
        if with { whole["target"][1] = body } else { whole = body }
        prop_assert!(event(&whole, &LogQuery::ConsoleOrders).is_some());
    }
}
