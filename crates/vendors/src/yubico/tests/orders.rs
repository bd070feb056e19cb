//! Ordering, following and cancelling.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    failure::{Arrival, CallError, Reason},
    ids::ShipmentId,
    requests::{Delivery, OrderRequest},
    vendor_states::{ParcelClass, Programmed},
};
use serde_json::{Value, json};

use super::{
    super::{Cancelled, Client, Ordered, order::OrderBody, parcel},
    TOKEN, always, order, settings, shipment_id, told, yubico,
};
use crate::http::testing::{self, Server, answer, json as reply};

#[test]
fn an_order_is_what_yubico_documents() {
    // The example of Yubico's guide, member by member.
    let documented = json!({
        "delivery_type": 1,
        "recipient": {
            "recipient_company": "Example Inc", "recipient_email": "ann.lee@example.com",
            "recipient_firstname": "Ann", "recipient_lastname": "Lee", "recipient_telephone": "555-0100"
        },
        "mailing_address": {
            "street_line1": "1 Example St", "street_line2": "", "city": "Exampletown",
            "region": "MA", "postal_code": "00000", "country_code_2": "US"
        },
        "shipment_items": [{
            "product_id": 29, "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83",
            "product_customizations": [{"fido_pin_request": "eyJpin", "fido_credential_requests": ["eyJcred"]}]
        }]
    });
    assert_eq!(serde_json::to_value(OrderBody::from(&order())).unwrap(), documented);
    let expedited = OrderRequest { delivery: Delivery::Expedited, ..order() };
    assert_eq!(serde_json::to_value(OrderBody::from(&expedited)).unwrap()["delivery_type"], 2);
}

async fn ordered(bytes: Vec<u8>) -> Result<Ordered, CallError> {
    let (_server, yubico) = always(bytes).await;
    let slot = yubico.slot().await.unwrap();
    yubico.order(&slot, &order()).await
}

#[tokio::test]
async fn a_receipt_needs_an_id_and_nothing_else() {
    for status in [200, 201, 202] {
        let receipt = ordered(reply(
            status,
            "{\"shipment_id\":\"a1\",\"shipment_state\":{\"shipment_state_id\":\"1\"}}",
        ));
        let receipt = receipt.await.unwrap();
        assert_eq!(receipt.shipment.as_str(), "a1");
        assert_eq!(receipt.state.unwrap().class, ParcelClass::Incomplete);
    }
    assert_eq!(ordered(reply(200, "{\"shipment_id\":7}")).await.unwrap().shipment.as_str(), "7");
    for body in ["{}", "{\"shipment_id\":null}", "{\"shipment_id\":\"\"}", "[]", "{\"shipment_id\":"] {
        let error = ordered(reply(200, body)).await.unwrap_err();
        assert_eq!(error.arrival, Arrival::Unclear, "{body}");
        assert_eq!(error.failure.reason, Reason::UnreadableAnswer, "{body}");
    }
    assert_eq!(ordered(answer(204, &[], "")).await.unwrap_err().arrival, Arrival::Unclear);
}

#[tokio::test]
async fn refusals_of_an_order_are_a_closed_list() {
    let cases = [
        (400, Arrival::Refused, Reason::OrderRefused),
        (401, Arrival::Refused, Reason::YubicoUnauthorized),
        (403, Arrival::Refused, Reason::YubicoForbidden),
        (404, Arrival::Refused, Reason::OrderRefused),
        (405, Arrival::Unclear, Reason::YubicoUnavailable),
        (408, Arrival::Unclear, Reason::YubicoUnavailable),
        (409, Arrival::Unclear, Reason::YubicoUnavailable),
        (422, Arrival::Refused, Reason::OrderRefused),
        (429, Arrival::Refused, Reason::RateLimited),
        (500, Arrival::Unclear, Reason::YubicoUnavailable),
        (504, Arrival::Unclear, Reason::YubicoUnavailable),
    ];
    for (status, arrival, reason) in cases {
        let body = "{\"message\":\"1 Example St is unknown\"}";
        let error = ordered(reply(status, body)).await.unwrap_err();
        assert_eq!(told(&error), (arrival, reason, Some(status)));
        assert!(!error.failure.message.contains("Example St"));
    }
    let limited = answer(429, &[("retry-after", "17")], "{}");
    let error = ordered(limited).await.unwrap_err();
    assert_eq!(error.failure.retry_after, Some(std::time::Duration::from_secs(17)));
}

#[tokio::test]
async fn one_order_at_a_time_also_after_the_client_was_rebuilt() {
    let server = Server::always(reply(200, "{\"shipment_id\":\"a\"}")).await;
    let settings = settings(&server);
    let first = Client::new(&settings, testing::client()).unwrap();
    let second = Client::new(&settings, testing::client()).unwrap();
    let slot = first.slot().await.unwrap();
    assert!(second.try_slot().unwrap().is_none());
    // Reads do not wait for it.
    second.tracking(&shipment_id()).await.unwrap();
    first.order(&slot, &order()).await.unwrap();
    drop(slot);
    assert!(second.try_slot().unwrap().is_some());
    assert_eq!(server.seen()[1].line(), "POST /v1/fpr/shipments HTTP/1.1");
    assert_eq!(server.seen()[1].header("authorization"), format!("Bearer {TOKEN}"));
}

fn jwe(kid: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"ECDH-ES\",\"kid\":\"{kid}\"}}"));
    format!("{header}..iv.text.tag")
}

fn shipped(data: &Value) -> Value {
    json!({"shipment_state": {"shipment_state_id": 103}, "shipment_items": [{"product_id": "29",
        "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83", "product_data": data}]})
}

#[test]
fn both_namings_of_a_shipped_key_are_read() {
    let wire = json!([{"serial_number": 12_345_678, "firmware_version": "5.7.1", "fido_pin_response": "eyJp",
        "fido_credential_responses": [jwe("key1")]}]);
    let labels = json!([{"serial": "12345678", "version": "5.7.1", "fido_pin_response": "eyJp",
        "fido_credential_response": [jwe("key1")], "unknown": [1]}]);
    let single = json!([{"serial": "12345678", "version": "5.7.1", "fido_pin_response": "eyJp",
        "fido_credential_response": jwe("key1")}]);
    for data in [wire, labels, single] {
        let parcel = parcel::parcel(&shipped(&data)).unwrap();
        assert_eq!((parcel.product_id, parcel.inventory_product_id), (Some(29), Some(106)));
        assert_eq!(parcel.customization_id.as_deref(), Some("RXJN83"));
        let Programmed::One(responses) = parcel.programmed else { panic!("{data}") };
        assert_eq!((responses.serial.as_str(), responses.firmware.as_str()), ("12345678", "5.7.1"));
        assert_eq!(responses.credential_key_id.unwrap().as_str(), "key1");
    }
}

#[test]
fn nothing_yet_differs_from_something_odd() {
    let programmed = |data: Value| parcel::parcel(&shipped(&data)).unwrap().programmed;
    for data in [
        json!(null),
        json!([]),
        json!([{}]),
        json!([{"serial_number": null, "fido_credential_responses": []}]),
    ] {
        assert_eq!(programmed(data.clone()), Programmed::NotYet, "{data}");
    }
    let whole = json!({"serial_number": "1", "firmware_version": "5", "fido_pin_response": "e", "fido_credential_responses": ["e"]});
    let without = |name: &str| {
        let mut part = whole.clone();
        part[name] = Value::Null;
        json!([part])
    };
    let mut two = whole.clone();
    two["fido_credential_responses"] = json!(["e", "f"]);
    let odd = [
        json!([whole, whole]),
        json!([two]),
        without("serial_number"),
        without("firmware_version"),
        without("fido_pin_response"),
        without("fido_credential_responses"),
    ];
    for data in odd {
        assert!(matches!(programmed(data.clone()), Programmed::Unexpected(_)), "{data}");
    }
    let two_items = json!({"shipment_state": {"shipment_state_id": 103}, "shipment_items": [{}, {}]});
    assert!(matches!(parcel::parcel(&two_items).unwrap().programmed, Programmed::Unexpected(_)));
    let none = json!({"shipment_state_id": "3"});
    assert_eq!(parcel::parcel(&none).unwrap().programmed, Programmed::NotYet);
}

#[tokio::test]
async fn a_failed_read_is_never_a_state() {
    for body in
        ["{}", "{\"shipment_state\":null}", "{\"shipment_state\":{\"shipment_state_id\":\"x\"}}", "[]"]
    {
        let (_server, yubico) = always(reply(200, body)).await;
        let error = yubico.shipment(&shipment_id()).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
        assert!(!error.is_not_found());
    }
    let (server, yubico) = always(reply(404, "{}")).await;
    let error = yubico.shipment(&ShipmentId::new("a/../b?c").unwrap()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::OrderNotFound, Some(404)));
    assert_eq!(server.seen()[0].path(), "/v1/fpr/shipments/a%2F..%2Fb%3Fc");
    let (_server, yubico) = always(answer(404, &[("content-type", "text/html")], "<html>")).await;
    let error = yubico.shipment(&shipment_id()).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::WrongAddress);
    assert!(!error.is_not_found(), "the 404 of another server is no news about an order");
}

#[tokio::test]
async fn cancelling_tells_gone_from_too_late() {
    async fn cancel(status: u16) -> Result<Cancelled, CallError> {
        let (server, yubico) = always(reply(status, "{}")).await;
        let result = yubico.cancel(&shipment_id()).await;
        assert_eq!(server.seen()[0].line(), "DELETE /v1/shipments_exact/EXAMPLE0000000000000AB HTTP/1.1");
        result
    }
    assert_eq!(cancel(200).await, Ok(Cancelled::Accepted));
    assert_eq!(cancel(404).await, Ok(Cancelled::Gone));
    for status in [400, 403, 405, 409, 422, 423] {
        assert!(matches!(cancel(status).await, Ok(Cancelled::TooLate(_))), "{status}");
    }
    assert_eq!(
        told(&cancel(401).await.unwrap_err()),
        (Arrival::Refused, Reason::YubicoUnauthorized, Some(401))
    );
    assert_eq!(
        told(&cancel(503).await.unwrap_err()),
        (Arrival::Unclear, Reason::YubicoUnavailable, Some(503))
    );
}

#[tokio::test]
async fn after_a_429_no_call_of_the_organization_goes_out_until_its_wish_has_passed() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        testing::Reply::Bytes(match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => answer(429, &[("retry-after", "60")], "{}"),
            _ => reply(200, "{\"shipment_id\":\"a\"}"),
        })
    })
    .await;
    let settings = settings(&server);
    let first = Client::new(&settings, testing::client()).unwrap();
    // Of another shipment's pass, or made for a new token.
    let second = Client::new(&settings, testing::client()).unwrap();
    let slot = second.slot().await.unwrap();
    let refused = first.tracking(&shipment_id()).await.unwrap_err();
    assert_eq!(told(&refused), (Arrival::Refused, Reason::RateLimited, Some(429)));
    let kept = second.tracking(&shipment_id()).await.unwrap_err();
    assert_eq!(told(&kept), (Arrival::NotSent, Reason::RateLimited, None));
    assert!(kept.failure.retry_after.is_some_and(|wait| wait.as_secs() > 50));
    // Not even what had its slot: its receipt says for certain that nothing was ordered.
    assert_eq!(second.order(&slot, &order()).await.unwrap_err().arrival, Arrival::NotSent);
    drop(slot);
    assert_eq!(first.slot().await.unwrap_err().failure.reason, Reason::RateLimited, "before the mark");
    assert_eq!(
        first.try_slot().unwrap_err().failure.reason,
        Reason::RateLimited,
        "nor where nobody stands before us"
    );
    assert_eq!(server.seen().len(), 1);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    second.tracking(&shipment_id()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

/// A server whose first answer is a page with this status, and whose others are what an order wants.
async fn behind_a_gateway(status: u16, retry_after: &'static str) -> Server {
    let count = AtomicUsize::new(0);
    let headers = [("content-type", "text/html"), ("retry-after", retry_after)];
    Server::start(move |_| {
        testing::Reply::Bytes(match count.fetch_add(1, Ordering::SeqCst) {
            0 => answer(status, &headers[..=usize::from(!retry_after.is_empty())], "<html>Blocked</html>"),
            _ => reply(200, "{\"shipment_id\":\"a\",\"shipment_state_id\":1}"),
        })
    })
    .await
}

async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_web_page_stops_the_lane_of_orders_and_nothing_else_and_heals_by_itself() {
    for status in [302, 400, 403, 404, 405, 407, 413, 502, 503, 511] {
        let server = behind_a_gateway(status, "").await;
        let settings = settings(&server);
        let first = Client::new(&settings, testing::client()).unwrap();
        let second = Client::new(&settings, testing::client()).unwrap();
        let slot = first.slot().await.unwrap();
        let refused = first.order(&slot, &order()).await.unwrap_err();
        let closed = matches!(status, 400 | 403 | 404);
        assert_eq!(refused.arrival == Arrival::Refused, closed, "{status}");
        assert_ne!(refused.failure.reason, Reason::OrderRefused, "{status}");
        assert_eq!(refused.failure.retry_after, Some(Duration::from_secs(15)), "{status}");
        // Neither who had the turn nor who is to be enrolled goes on; each says why.
        assert_eq!(first.order(&slot, &order()).await.unwrap_err().arrival, Arrival::NotSent);
        drop(slot);
        for error in [
            second.slot().await.unwrap_err(),
            second.try_slot().unwrap_err(),
            second.may_order().unwrap_err(),
            second.place().unwrap_err(),
        ] {
            assert_eq!((error.arrival, error.failure.reason), (Arrival::NotSent, Reason::RateLimited));
            assert!(error.failure.message.contains(&format!("HTTP {status}")), "{}", error.failure.message);
        }
        assert!(second.web_page().is_some_and(|told| told.contains("answered")), "{status}");
        assert_eq!(server.seen().len(), 1, "{status}");
        // What stands in the way of orders may pass reads.
        second.shipment(&shipment_id()).await.unwrap();
        later(16).await;
        let slot = second.slot().await.unwrap();
        assert_eq!(second.order(&slot, &order()).await.unwrap().shipment.as_str(), "a", "{status}");
        assert_eq!(second.web_page(), None);
    }
}

#[tokio::test]
async fn a_page_with_429_closes_the_door_for_every_call_until_its_wish_has_passed() {
    let server = behind_a_gateway(429, "60").await;
    let yubico = yubico(&server);
    let slot = yubico.slot().await.unwrap();
    let refused = yubico.order(&slot, &order()).await.unwrap_err();
    assert_eq!(told(&refused), (Arrival::Refused, Reason::RateLimited, None));
    assert_eq!(refused.failure.retry_after, Some(Duration::from_mins(1)));
    let kept = yubico.shipment(&shipment_id()).await.unwrap_err();
    assert_eq!(told(&kept), (Arrival::NotSent, Reason::RateLimited, None));
    assert!(kept.failure.message.contains("a web page"), "{}", kept.failure.message);
    later(61).await;
    yubico.order(&slot, &order()).await.unwrap();
}

#[tokio::test]
async fn a_page_says_nothing_of_an_order_that_is_read_or_cancelled() {
    for status in [400, 403, 404, 405, 409, 422, 423, 503] {
        for page in
            [answer(status, &[("content-type", "text/html")], "<html>"), answer(status, &[], "no upstream")]
        {
            let (_server, yubico) = always(page.clone()).await;
            let error = yubico.cancel(&shipment_id()).await.unwrap_err();
            assert!(!error.is_not_found() && error.status.is_none(), "{status}: neither gone nor too late");
            let (_server, yubico) = always(page).await;
            let error = yubico.shipment(&shipment_id()).await.unwrap_err();
            assert!(!error.is_not_found() && error.failure.reason != Reason::OrderNotFound, "{status}");
        }
    }
}
