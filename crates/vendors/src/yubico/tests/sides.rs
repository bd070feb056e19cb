//! Everything around an order: tracking, search, addresses, stock, keys, the token.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    failure::{CallError, Reason},
    preflight::KeySet,
    recipient::Field,
    vendor_states::AddressVerdict,
};
use serde_json::{Value, json};

use super::{
    super::{Client, Settings, address, client, keys, stock},
    TOKEN, always, recipient, settings, shipment_id, yubico,
};
use crate::http::testing::{self, Reply, Server, json as reply};

#[tokio::test]
async fn tracking_takes_what_is_there() {
    let body = json!({"carrier": "UPS", "tracking_number": 1234, "tracking_link": "javascript:alert(1)"});
    let (_server, yubico) = always(reply(200, &body.to_string())).await;
    let tracking = yubico.tracking(&shipment_id()).await.unwrap();
    assert_eq!((tracking.carrier.as_deref(), tracking.number.as_deref()), (Some("UPS"), Some("1234")));
    assert_eq!(tracking.link, None, "only links of the web");
}

#[tokio::test]
async fn details_of_an_order_that_show_recipient_and_time_are_compared() {
    let body = json!({
        "shipment_state": {"shipment_state_id": 3}, "created_date": "2026-01-05T20:43:19Z",
        "recipient": {"recipient_email": "other@example.com", "recipient_firstname": "ANN"},
        "shipment_items": [{"product_id": 29}],
    });
    let (_server, yubico) = always(reply(200, &body.to_string())).await;
    let (parcel, shown) = yubico.shipment_beside(&shipment_id(), &recipient()).await.unwrap();
    assert_eq!((parcel.product_id, shown.id), (Some(29), shipment_id()));
    assert_eq!(shown.created.unwrap().to_string(), "2026-01-05T20:43:19Z");
    assert_eq!((&shown.differs[..], &shown.agrees[..]), (&[Field::Email][..], &[Field::FirstName][..]));
    let bare = json!({"shipment_state": {"shipment_state_id": 3}});
    let (_server, yubico) = always(reply(200, &bare.to_string())).await;
    let (_, shown) = yubico.shipment_beside(&shipment_id(), &recipient()).await.unwrap();
    assert!(shown.created.is_none() && shown.differs.is_empty() && shown.agrees.is_empty());
}

fn listed(id: &str, email: &str) -> Value {
    json!({"shipment_id": id, "recipient_email": email, "recipient_firstname": "ANN", "recipient_lastname": "Leigh",
        "shipment_state_id": 103, "shipment_request_date": "2026-01-05T20:43:19.123456789Z",
        "shipment_items": [{"product_id": 29, "inventory_product_id": "106"}]})
}

#[tokio::test]
async fn the_order_book_has_every_order_once_and_prints_no_address() {
    let mut prereg = listed("mine", "ann.lee@example.com");
    prereg["shipment_items"][0]["customization_id"] = json!("RXJN83");
    let nested = json!({"id": "theirs", "recipient": {"recipient_email": "bo@example.com"}});
    let page = json!([prereg, prereg, nested, {"recipient_email": "nobody@example.com"}]);
    let body = json!({"total_count": 4, "shipments": page});
    let (_server, yubico) = always(reply(200, &body.to_string())).await;
    let book = yubico.order_book().await.unwrap();
    let ids: Vec<_> = book.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(ids, ["mine", "theirs"]);
    assert_eq!(book[0].customization_id.as_deref(), Some("RXJN83"));
    assert_eq!(book[0].state.unwrap().id, 103);
    assert!(book[0].created.is_some() && book[1].created.is_none() && book[1].state.is_none());
    assert_eq!(book[1].email.as_deref(), Some("bo@example.com"));
    assert!(!format!("{book:?}").contains("example.com"));
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
    assert_eq!(mine.created.unwrap().to_string(), "2026-01-05T20:43:19.123457Z", "what a status can hold");
    assert_eq!(mine.agrees, [Field::Email, Field::FirstName]);
    assert_eq!(mine.differs, [Field::LastName]);
    assert!(!format!("{mine:?}").to_lowercase().contains("ann"));
}

#[tokio::test]
async fn a_list_that_is_too_long_to_be_read_costs_one_call_and_is_told_from_a_failed_one() {
    let page: Vec<Value> = (0..100).map(|n| json!({"shipment_id": format!("s{n}")})).collect();
    let body = json!({"count": 100, "total_count": 5001, "shipments": page});
    let (server, yubico) = always(reply(200, &body.to_string())).await;
    let error = yubico.search(&recipient()).await.unwrap_err();
    assert!(super::super::is_too_long(&error));
    assert_eq!(server.seen().len(), 1);
    for failed in [reply(200, "{"), reply(503, "{}"), reply(429, "{}")] {
        let (_server, yubico) = always(failed).await;
        assert!(!super::super::is_too_long(&yubico.search(&recipient()).await.unwrap_err()));
    }
}

/// A page of two, whatever `limit` asks for, and not a word of how many there are.
fn page_of_two(path: &str, all: &[Value]) -> Vec<Value> {
    let offset = path.rsplit_once("offset=").and_then(|(_, offset)| offset.parse().ok()).unwrap_or(0);
    all.iter().skip(offset).take(2).cloned().collect()
}

#[tokio::test]
async fn a_list_that_tells_no_total_is_read_to_its_end_whatever_a_page_holds() {
    let server = Server::start(|seen| {
        let path = seen.path();
        let body = if path.contains("inventory") {
            let bucket = |id| json!({"product_id": id, "organization_id": "org", "product_mapping": [29]});
            json!({"organization_product_inventory": page_of_two(path, &[12, 13, 106].map(bucket))})
        } else if path.contains("products") {
            json!({"products": page_of_two(path, &[1, 29, 54, 55].map(|id| json!({"product_id": id})))})
        } else if path.contains("countries") {
            json!(page_of_two(path, &["US", "CA", "DE"].map(|code| json!({"country_code_2": code}))))
        } else {
            let other = |id| listed(id, "other@example.com");
            let all = [other("a"), other("b"), other("c"), listed("mine", "ann.lee@example.com")];
            json!({"shipments": page_of_two(path, &all)})
        };
        Reply::Bytes(reply(200, &body.to_string()))
    })
    .await;
    let yubico = yubico(&server);
    assert_eq!(yubico.inventory().await.unwrap().buckets.len(), 3);
    assert_eq!(yubico.products().await.unwrap().len(), 4);
    assert_eq!(yubico.countries().await.unwrap(), ["US", "CA", "DE"]);
    let found = yubico.search(&recipient()).await.unwrap();
    assert_eq!(found.iter().map(|order| order.id.as_str()).collect::<Vec<_>>(), ["mine"]);
}

#[tokio::test]
async fn a_list_whose_server_ignores_the_offset_ends_with_the_page_that_comes_again() {
    let body = json!({"products": [{"product_id": 1}, {"product_id": 29}]});
    let (server, yubico) = always(reply(200, &body.to_string())).await;
    assert_eq!(yubico.products().await.unwrap().len(), 2);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_order_that_moves_to_the_next_page_while_the_list_is_read_is_found_once() {
    let server = Server::start(|seen| {
        let first = seen.path().contains("offset=0");
        let mut page: Vec<Value> = Vec::new();
        if first {
            page.extend((0..99).map(|n| listed(&format!("o{n}"), "other@example.com")));
        }
        // The last of the first page, and then, as another came in, the first of the second.
        page.push(listed("mine", "ann.lee@example.com"));
        let body = json!({"count": page.len(), "total_count": 101, "shipments": page});
        Reply::Bytes(reply(200, &body.to_string()))
    })
    .await;
    let found = yubico(&server).search(&recipient()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(found.iter().map(|order| order.id.as_str()).collect::<Vec<_>>(), ["mine"]);
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
    let undeliverable = AddressVerdict::Undeliverable(vec![Field::AddressLine1]);
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
    for set in [yubico.transport_keys().await, yubico.signing_keys().await] {
        let Ok(KeySet::Usable(keys)) = set else { panic!("{set:?}") };
        assert_eq!((keys.len(), keys[0].kid.as_str()), (1, "k1"));
    }
    let seen = server.seen();
    assert_eq!((seen[0].path(), seen[1].path()), ("/transport.jwks", "/sign.jwks"));
    assert!(seen.iter().all(|seen| seen.headers("authorization").is_empty()));
    for (body, expected) in [
        ("{\"keys\":[]}", KeySet::Empty),
        (
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":\"AA\",\"y\":\"AA\"}]}",
            KeySet::AnotherCurve,
        ),
    ] {
        let (_server, yubico) = always(reply(200, body)).await;
        assert_eq!(yubico.signing_keys().await, Ok(expected));
    }
    for (status, body, reason) in [
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
