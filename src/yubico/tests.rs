use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Cancelled, Client, Lanes, Settings, address, client, exact, keys, loose, order::OrderBody, parcel, stock,
};
use crate::{
    domain::{
        failure::{Arrival, CallError, Reason},
        ids::{CustomizationId, Sealed, ShipmentId},
        recipient::{Field, Raw, Recipient},
        requests::{Delivery, KeyProduct, OrderRequest},
        seen::{AddressVerdict, ParcelClass, Programmed},
    },
    http::testing::{self, Reply, Server, answer, json as reply},
};

const TOKEN: &str = "eyJsecretToken";

fn settings(server: &Server) -> Settings {
    Settings {
        api_url: server.url.join("v1").unwrap(),
        transport_keys_url: server.url.join("transport.jwks").unwrap(),
        signing_keys_url: server.url.join("sign.jwks").unwrap(),
        token: TOKEN.into(),
        lanes: Lanes::default(),
    }
}

fn yubico(server: &Server) -> Client {
    Client::new(&settings(server), testing::client()).unwrap()
}

async fn always(bytes: Vec<u8>) -> (Arc<Server>, Client) {
    let server = Arc::new(Server::always(bytes).await);
    let client = yubico(&server);
    (server, client)
}

fn shipment_id() -> ShipmentId {
    ShipmentId::new("EXAMPLE0000000000000AB").unwrap()
}

fn recipient() -> Recipient {
    let values = [
        (Field::FirstName, "Ann"),
        (Field::LastName, "Lee"),
        (Field::Company, "Example Inc"),
        (Field::Email, "ann.lee@example.com"),
        (Field::Phone, "555-0100"),
        (Field::AddressLine1, "1 Example St"),
        (Field::City, "Exampletown"),
        (Field::Region, "MA"),
        (Field::PostalCode, "00000"),
        (Field::CountryCode, "US"),
    ];
    let raw = |value: &str| Raw { value: Some(value.to_owned()), source: String::new() };
    let fields: BTreeMap<Field, Raw> = values.iter().map(|(field, value)| (*field, raw(value))).collect();
    Recipient::parse(&fields).unwrap()
}

fn order() -> OrderRequest {
    OrderRequest {
        recipient: recipient(),
        product: KeyProduct {
            product_id: 29,
            inventory_product_id: 106,
            customization_id: CustomizationId::new("RXJN83").unwrap(),
        },
        delivery: Delivery::Standard,
        pin_request: Sealed::new("eyJpin"),
        credential_request: Sealed::new("eyJcred"),
    }
}

fn told(error: &CallError) -> (Arrival, Reason, Option<u16>) {
    (error.arrival, error.failure.reason, error.status)
}

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

async fn ordered(bytes: Vec<u8>) -> Result<super::Ordered, CallError> {
    let (_server, yubico) = always(bytes).await;
    let slot = yubico.slot().await;
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
    let slot = first.slot().await;
    assert!(second.try_slot().is_none());
    // Reads do not wait for it.
    second.tracking(&shipment_id()).await.unwrap();
    first.order(&slot, &order()).await.unwrap();
    drop(slot);
    assert!(second.try_slot().is_some());
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
async fn tracking_takes_what_is_there() {
    let body = json!({"carrier": "UPS", "tracking_number": 1234, "tracking_link": "javascript:alert(1)"});
    let (_server, yubico) = always(reply(200, &body.to_string())).await;
    let tracking = yubico.tracking(&shipment_id()).await.unwrap();
    assert_eq!((tracking.carrier.as_deref(), tracking.number.as_deref()), (Some("UPS"), Some("1234")));
    assert_eq!(tracking.link, None, "only links of the web");
}

fn listed(id: &str, email: &str) -> Value {
    json!({"shipment_id": id, "recipient_email": email, "recipient_firstname": "ANN", "recipient_lastname": "Leigh",
        "shipment_state_id": 103, "shipment_request_date": "2026-01-05T20:43:19Z",
        "shipment_items": [{"product_id": 29, "inventory_product_id": "106"}]})
}

#[tokio::test]
async fn a_search_reads_all_pages_and_keeps_only_this_recipient() {
    let server = Server::start(|seen| {
        let page = if seen.path().contains("offset=0") {
            let mut page: Vec<Value> =
                (0..99).map(|n| listed(&format!("o{n}"), "other@example.com")).collect();
            page.push(json!({"shipment_id": "nameless"}));
            page
        } else {
            vec![listed("mine", "Ann.Lee@Example.com")]
        };
        Reply::Bytes(reply(
            200,
            &json!({"count": page.len(), "total_count": 101, "shipments": page}).to_string(),
        ))
    })
    .await;
    let found = yubico(&server).search(&recipient()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.seen()[1].path(), "/v1/shipments_exact?limit=100&offset=100");
    assert_eq!(found.len(), 1);
    let mine = &found[0];
    assert_eq!((mine.id.as_str(), mine.product_id, mine.inventory_product_id), ("mine", Some(29), Some(106)));
    assert_eq!(mine.created.unwrap().to_string(), "2026-01-05T20:43:19Z");
    assert_eq!(mine.agrees, [Field::Email, Field::FirstName]);
    assert_eq!(mine.differs, [Field::LastName]);
    assert!(!format!("{mine:?}").to_lowercase().contains("ann"));
}

#[tokio::test]
async fn a_list_that_cannot_be_read_whole_is_an_error() {
    let full: Vec<Value> = (0..100).map(|n| listed(&format!("o{n}"), "x@example.com")).collect();
    let body = json!({"shipments": full}).to_string();
    let (server, yubico) = always(reply(200, &body)).await;
    let error = yubico.search(&recipient()).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
    assert_eq!(server.seen().len(), 50);
    let (_server, yubico) = always(reply(200, "{\"message\":\"x\"}")).await;
    assert_eq!(yubico.search(&recipient()).await.unwrap_err().failure.reason, Reason::UnreadableAnswer);
}

#[tokio::test]
async fn one_shipment_can_be_compared_with_a_recipient() {
    let (_server, yubico) = always(reply(200, &listed("other", "ann.lee@example.com").to_string())).await;
    let found = yubico.compare(&shipment_id(), &recipient()).await.unwrap().unwrap();
    assert_eq!(found.id, shipment_id());
    let (_server, yubico) = always(reply(404, "{}")).await;
    assert_eq!(yubico.compare(&shipment_id(), &recipient()).await, Ok(None));
}

#[tokio::test]
async fn only_a_clear_word_judges_an_address() {
    async fn verdict(status: u16, body: Value) -> Result<AddressVerdict, CallError> {
        let (_server, yubico) = always(reply(status, &body.to_string())).await;
        yubico.validate_address(&recipient()).await
    }
    assert_eq!(verdict(200, json!("deliverable")).await, Ok(AddressVerdict::Deliverable));
    assert_eq!(verdict(200, json!({"result": "Deliverable"})).await, Ok(AddressVerdict::Deliverable));
    let details = json!({"status": "undeliverable", "details": [{"description": "Unknown street"},
        {"description": "There is no 1 EXAMPLE ST here"}, {"other": 1}]});
    let undeliverable = AddressVerdict::Undeliverable(vec!["Unknown street".into()]);
    assert_eq!(verdict(200, details.clone()).await, Ok(undeliverable.clone()));
    assert_eq!(verdict(400, details).await, Ok(undeliverable));
    for (status, body) in [
        (200, json!({})),
        (200, json!({"a": "deliverable", "b": "undeliverable"})),
        (400, json!({"message": "?"})),
        (404, json!({"status": "undeliverable"})),
        (500, json!(null)),
    ] {
        assert!(matches!(verdict(status, body).await, Ok(AddressVerdict::Undecided(_))), "{status}");
    }
    for (status, reason) in
        [(401, Reason::YubicoUnauthorized), (403, Reason::YubicoForbidden), (429, Reason::RateLimited)]
    {
        assert_eq!(verdict(status, json!({})).await.unwrap_err().failure.reason, reason);
    }
    let body = serde_json::to_value(address::AddressBody::from(&recipient())).unwrap();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    let documented = ["street_line1", "street_line2", "city", "postal_code", "region", "country_code_2"];
    assert_eq!(names, documented);
}

#[tokio::test]
async fn the_inventory_names_its_organization_and_buckets() {
    let body = json!({"count": 2, "total_count": 2, "organization_product_inventory": [
        {"organization_id": 7, "product_id": 106, "organization_product_quantity": 12, "product_mapping": [29, "55"]},
        {"organization_id": "7", "product_id": "107", "product_mapping": null}]});
    let (server, yubico) = always(reply(200, &body.to_string())).await;
    let inventory = yubico.inventory().await.unwrap();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(inventory.organization.unwrap().as_str(), "7");
    assert_eq!((inventory.buckets[0].quantity, &inventory.buckets[0].products), (Some(12), &vec![29, 55]));
    assert_eq!((inventory.buckets[1].inventory_product_id, inventory.buckets[1].quantity), (107, None));
    let two =
        [json!({"organization_id": 7, "product_id": 1}), json!({"organization_id": 8, "product_id": 1})];
    assert_eq!(stock::inventory(&two).organization, None);
}

#[tokio::test]
async fn products_and_countries_are_read_under_any_name() {
    let body = json!({"products": [{"product_id": 29, "product_name": "YubiKey 5C NFC"}, {"x": 1}]});
    let (_server, yubico) = always(reply(200, &body.to_string())).await;
    let products = yubico.products().await.unwrap();
    assert_eq!((products.len(), products[0].id), (1, 29));
    let lists = [
        json!(["US", "ca"]),
        json!({"countries": [{"country_code_2": "US"}, {"country_code_2": "CA"}]}),
        json!({"count": 2, "rows": [{"code": "US"}, {"code": "CA"}, {"code": "??"}]}),
    ];
    for body in lists {
        let (_server, yubico) = always(reply(200, &body.to_string())).await;
        assert_eq!(yubico.countries().await.unwrap(), ["US", "CA"]);
    }
}

fn key(kid: &str) -> Value {
    let coordinate = BASE64_URL_SAFE_NO_PAD.encode([7; 48]);
    json!({"kty": "EC", "crv": "P-384", "kid": kid, "x": coordinate, "y": coordinate, "x5c": ["x"]})
}

#[test]
fn only_whole_p384_keys_for_the_purpose_count() {
    let with = |name: &str, value: Value| {
        let mut key = key("bad");
        key[name] = value;
        key
    };
    let mut signing = key("signing");
    signing["use"] = "sig".into();
    let set = json!({"SkipUnresolvedJsonWebKeys": true, "keys": [key("open"), signing, with("crv", json!("P-256")),
        with("kty", json!("RSA")), with("kid", json!("")), with("kid", Value::Null), with("d", json!("AA")),
        with("y", json!(BASE64_URL_SAFE_NO_PAD.encode([7; 45]))), with("x", json!("!"))]});
    let kids = |purpose| keys::keys(&set, purpose).into_iter().map(|key| key.kid).collect::<Vec<_>>();
    assert_eq!(kids("enc"), ["open"]);
    assert_eq!(kids("sig"), ["open", "signing"]);
}

#[tokio::test]
async fn keys_are_fetched_without_the_token() {
    let (server, yubico) = always(reply(200, &json!({"keys": [key("k1")]}).to_string())).await;
    assert_eq!(yubico.transport_keys().await.unwrap()[0].kid, "k1");
    assert_eq!(yubico.signing_keys().await.unwrap().len(), 1);
    let seen = server.seen();
    assert_eq!((seen[0].path(), seen[1].path()), ("/transport.jwks", "/sign.jwks"));
    assert!(seen.iter().all(|seen| seen.headers("authorization").is_empty()));
    for (status, body, reason) in [
        (200, "{\"keys\":[]}", Reason::VendorKeysUnusable),
        (404, "{}", Reason::VendorKeysUnusable),
        (401, "{}", Reason::VendorKeysUnusable),
        (503, "{}", Reason::YubicoUnavailable),
    ] {
        let (_server, yubico) = always(reply(status, body)).await;
        assert_eq!(yubico.signing_keys().await.unwrap_err().failure.reason, reason);
    }
}

#[tokio::test]
async fn a_token_that_is_a_jwt_tells_when_it_ends() {
    let claims = BASE64_URL_SAFE_NO_PAD.encode("{\"exp\":1767645799}");
    assert_eq!(client::expiry(&format!("eyJ.{claims}.x")).unwrap().to_string(), "2026-01-05T20:43:19Z");
    for opaque in ["abc", "a.b.c", "", "eyJ.e30.x"] {
        assert_eq!(client::expiry(opaque), None);
    }
    let server = Server::always(Vec::new()).await;
    let bad = Settings { token: "a\nb".into(), ..settings(&server) };
    assert_eq!(Client::new(&bad, testing::client()).unwrap_err().reason, Reason::CredentialsInvalid);
    let debug = format!("{:?} {:?}", settings(&server), yubico(&server));
    assert!(!debug.contains(TOKEN));
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = "shipment_(id|state|state_id|items)|product_(id|data|mapping)|serial(_number)?|firmware_version|\
                 fido_pin_response|fido_credential_responses?|recipient(_email)?|keys|kty|crv|kid|x|y|details|status";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "103|EC|P-384|deliverable|\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_us_fall_over(value in any_json()) {
        let _ = parcel::parcel(&value);
        let _ = loose::state(&value);
        let _ = loose::page(&value, &["shipments"]);
        let _ = exact::tracking(&value);
        let _ = exact::found(&value, &recipient());
        let _ = address::verdict(&value, &recipient());
        let _ = keys::keys(&value, "enc");
        let _ = stock::inventory(std::slice::from_ref(&value));
        let _ = stock::product(&value);
        let _ = stock::country(&value);
    }

    #[test]
    fn no_text_makes_a_header_fall_over(text in "\\PC{0,60}") {
        let _ = parcel::key_id(&text);
        let _ = client::expiry(&text);
    }
}
