//! What all tests of this module share, and the properties that hold for any JSON.

mod orders;
mod sides;

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    failure::{Arrival, CallError, Reason},
    ids::{CustomizationId, Sealed, ShipmentId},
    recipient::{Field, Raw, Recipient},
    requests::{Delivery, KeyProduct, OrderRequest},
};
use proptest::prelude::*;
use serde_json::Value;

use super::{
    Client, OrderLanes, Settings, address, client, keys, lenient_json, parcel, shipments_exact, stock,
};
use crate::http::testing::{self, Server};

const TOKEN: &str = "eyJsecretToken";

fn settings(server: &Server) -> Settings {
    Settings {
        api_url: server.url.join("v1").unwrap(),
        transport_keys_url: server.url.join("transport.jwks").unwrap(),
        signing_keys_url: server.url.join("sign.jwks").unwrap(),
        token: TOKEN.into(),
        lanes: OrderLanes::default(),
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
        let _ = lenient_json::state(&value);
        let _ = lenient_json::page(&value, &["shipments"]);
        let _ = shipments_exact::tracking(&value);
        let _ = shipments_exact::found(&value, &recipient());
        let _ = address::verdict(&value);
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
