//! Many orders are followed by the organization's list where it shows them, and one by one where it does not.

use std::{collections::HashMap, time::Duration};

use domain::{
    ids::ShipmentId,
    order_list_poll::{Followed, Next, OrderListPoll, PollRate},
    vendor_states::ParcelState,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use vendors::{http, yubico};

use crate::support::{
    calls::{MAIL, PARCEL},
    sandbox::Sandbox,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

const LIST: &str = "ListShipmentsExact";

fn by_list(from: u32) -> Value {
    json!({
        "polling": {"firstAfter": "1s", "interval": "3s", "listFrom": from},
    })
}

/// So many orders, each with its shipment.
async fn ordered(scene: &Scene, count: usize) -> Vec<(Handle, String)> {
    let mut shipments = Vec::new();
    for number in 0..count {
        let name = format!("kim-{number}");
        let login = scene.person(&name, "ACTIVE").await;
        shipments.push(scene.ship(&name, &login).await);
    }
    let mut orders = Vec::new();
    for shipment in shipments {
        let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
        // Past what a fresh order shows.
        scene.sandbox.set_state(&order, 100).await;
        orders.push((shipment, order));
    }
    orders
}

/// Sweeps and single reads from now on, until there are so many sweeps.
async fn until_swept(scene: &Scene, sweeps: usize) -> (usize, usize) {
    let began = scene.sandbox.last_call().await;
    let seen = until(async || {
        let calls = scene.sandbox.calls_since(began).await;
        let count = |operation| calls.iter().filter(|call| call.operation == operation).count();
        (count(LIST) >= sweeps).then(|| (count(LIST), count(PARCEL)))
    });
    seen.await.expect("the list is read again and again")
}

#[tokio::test]
async fn many_orders_are_followed_by_one_call_and_each_parcel_that_moves_goes_on() {
    scene("bylist")
        .connection(by_list(5))
        .play(async |scene| {
            let orders = ordered(scene, 12).await;
            // The first whole sweep answers for each of them.
            until_swept(scene, 2).await;
            let (sweeps, reads) = until_swept(scene, 8).await;
            println!("{sweeps} pages and {reads} single reads followed {} orders", orders.len());
            let by_one = orders.len() * sweeps;
            assert!(reads * 4 < by_one, "{reads} of {by_one} single reads are left");
            for (_, order) in &orders[..2] {
                scene.sandbox.set_state(order, 104).await;
            }
            for (shipment, _) in &orders[..2] {
                let object = shipment.until_reason("Activated").await;
                assert_eq!(object.is("PinSent"), "True");
            }
            for (shipment, _) in &orders[2..] {
                assert_eq!(shipment.get().await.reason(), "AwaitingShipment");
            }
            assert_eq!(scene.sandbox.count(MAIL).await, 2, "nobody else was sent a PIN");
        })
        .await;
}

#[tokio::test]
async fn a_list_that_lacks_the_orders_is_left_alone_and_each_is_read_by_itself() {
    scene("nolist")
        .connection(by_list(3))
        .play(async |scene| {
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            let orders = ordered(scene, 5).await;
            let began = scene.sandbox.last_call().await;
            let (shipment, order) = &orders[0];
            scene.sandbox.set_state(order, 104).await;
            shipment.until_reason("Activated").await;
            scene.sandbox.counts(PARCEL, scene.sandbox.count(PARCEL).await + 3 * orders.len()).await;
            let calls = scene.sandbox.calls_since(began).await;
            let (lists, reads) = (
                calls.iter().filter(|c| c.operation == LIST).count(),
                calls.iter().filter(|c| c.operation == PARCEL).count(),
            );
            assert!(lists * 4 < reads, "it is tried again later: {lists} pages beside {reads} single reads");
            for (shipment, _) in &orders[1..] {
                assert_eq!(shipment.get().await.reason(), "AwaitingShipment", "an empty list says nothing");
            }
        })
        .await;
}

#[tokio::test]
async fn a_list_that_stops_showing_the_orders_loses_none() {
    scene("listends")
        .connection(by_list(3))
        .play(async |scene| {
            let orders = ordered(scene, 5).await;
            until_swept(scene, 3).await;
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            for (_, order) in &orders {
                scene.sandbox.set_state(order, 104).await;
            }
            for (shipment, _) in &orders {
                shipment.until_reason("Activated").await;
            }
        })
        .await;
}

#[tokio::test]
async fn a_refused_list_costs_one_call_and_the_parcels_go_on() {
    scene("listbars")
        .connection(by_list(3))
        .play(async |scene| {
            scene.sandbox.fault_always(LIST, json!({"kind": "status", "status": 403})).await;
            let orders = ordered(scene, 4).await;
            let (shipment, order) = &orders[0];
            scene.sandbox.set_state(order, 104).await;
            shipment.until_reason("Activated").await;
            scene.sandbox.counts(PARCEL, scene.sandbox.count(PARCEL).await + 2 * orders.len()).await;
            assert!(scene.sandbox.count(LIST).await <= 2);
            let connection = scene.connection().get().await;
            assert_eq!(connection.is("Ready"), "True", "the connection is not at fault for it");
        })
        .await;
}

/// A client of the sandbox's organization.
fn client(sandbox: &Sandbox) -> yubico::Client {
    let url = |path: &str| format!("{}{path}", sandbox.says("yubico")).parse().unwrap();
    let settings = http::Settings {
        timeout: Duration::from_secs(30),
        extra_ca: Some(std::fs::read(sandbox.says("ca")).unwrap()),
        allow_insecure_loopback: true,
        proxies: http::Proxies::default(),
    };
    let token = std::fs::read_to_string(sandbox.credentials("default").join("yubico-api-token")).unwrap();
    let settings_of = yubico::Settings {
        api_url: url("/v1"),
        transport_keys_url: url("/.well-known/yubico-transport-keys.jwks"),
        signing_keys_url: url("/.well-known/yubico-sign.jwks"),
        token: token.trim().to_owned().into(),
        lanes: yubico::OrderLanes::default(),
    };
    let http = http::Http::new(&settings, std::sync::Arc::default()).unwrap();
    yubico::Client::new(&settings_of, http).unwrap()
}

/// Five thousand orders at the vendor, as another program would place them.
async fn placed(sandbox: &Sandbox, count: usize) -> Vec<ShipmentId> {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(sandbox.says("ca")).unwrap()).unwrap();
    let token = std::fs::read_to_string(sandbox.credentials("default").join("yubico-api-token")).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]).build().unwrap();
    let url = format!("{}/v1/fpr/shipments", sandbox.says("yubico"));
    let body = json!({
        "recipient": {
            "recipient_company": "Example Inc", "recipient_email": "ann.lee@example.com",
            "recipient_firstname": "Ann", "recipient_lastname": "Lee", "recipient_telephone": "555-0100"
        },
        "mailing_address": {
            "street_line1": "7 Granite Terrace", "city": "Concord", "region": "MA", "postal_code": "01742",
            "country_code_2": "US"
        },
        "shipment_items": [{
            "product_id": 29, "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83",
            "product_customizations": [{"fido_pin_request": "eyJpin", "fido_credential_requests": ["eyJcred"]}]
        }]
    });
    let mut ids = Vec::new();
    for _ in 0..count {
        let request = http.post(&url).bearer_auth(token.trim());
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        ids.push(ShipmentId::new(answer["shipment_id"].as_str().unwrap()).unwrap());
    }
    ids
}

/// The vendor's own list and journal; only the hours pass without waiting for them.
#[tokio::test]
async fn five_thousand_orders_are_followed_with_less_than_sixty_calls_an_hour() {
    let sandbox = Sandbox::start().await;
    let ids = placed(&sandbox, 5_000).await;
    let yubico = client(&sandbox);
    let began = Timestamp::from_second(1_800_000_000).unwrap();
    let later = |wait: SignedDuration| began.checked_add(wait).unwrap();
    let order = |id: &ShipmentId| Followed {
        id: id.clone(),
        ordered_at: began - SignedDuration::from_hours(48),
        judged_from: began - SignedDuration::from_hours(47),
        state: Some(ParcelState::from_id(1)),
    };
    let followed: HashMap<_, _> = ids.iter().map(|id| (id.clone(), order(id))).collect();
    let rhythm = PollRate::new(100, SignedDuration::from_hours(6));
    let (mut sweep, hours) = (OrderListPoll::default(), 3);
    let first = sandbox.last_call().await;
    let mut moved = 0;
    let mut seen: HashMap<ShipmentId, Timestamp> = HashMap::new();
    let (mut oldest, mut late) = (SignedDuration::ZERO, false);
    for second in 0..hours * 3600 {
        let now = later(SignedDuration::from_secs(second));
        if let Next::Page(offset) = sweep.next(followed.len(), rhythm, now) {
            let page = yubico.listed(offset).await.unwrap();
            seen.extend(page.rows.iter().map(|row| (row.id.clone(), now)));
            moved += sweep.read(&page, &followed, rhythm, now).len();
        }
        if second == 2 * 3600 {
            // Shipped in the night, all over the list.
            for id in ids.iter().step_by(1000) {
                sandbox.set_state(id.as_str(), 100).await;
            }
        }
        if second % 600 == 0 && second > 3600 {
            let age = ids.iter().map(|id| now.duration_since(seen[id])).max().unwrap();
            oldest = oldest.max(age);
            late |= followed.values().any(|order| {
                !sweep.covers(order, rhythm, now) && seen[&order.id] < later(SignedDuration::from_hours(2))
            });
        }
    }
    let pages = sandbox.calls_since(first).await.iter().filter(|call| call.operation == LIST).count();
    println!(
        "{pages} pages in {hours} h for {} orders, the oldest sighting {oldest:#}; {moved} moved",
        ids.len()
    );
    assert!(pages <= 55 * usize::try_from(hours).unwrap(), "{pages}");
    assert!(oldest <= SignedDuration::from_hours(1), "{oldest:#}");
    assert!(!late, "none needs a single read");
    assert_eq!(moved, 5, "what moved is sent to a single read, once");
}
