//! The warehouse: moves orders along, and programs the key between "in fulfilment" and "shipped".

use josekit::jwk::Jwk;
use serde_json::{Value, json};

use crate::authenticator::{Blank, CredentialRequest, program};
use crate::clock;
use crate::jose;
use crate::world::{Programmed, Shipment, World};

/// Accepted, in fulfilment (locked), shipped, delivered.
const ROAD: [i64; 5] = [1, 3, 100, SHIPPED, DELIVERED];
const SHIPPED: i64 = 103;
const DELIVERED: i64 = 104;
const PROCESSING_ERROR: i64 = 8;
/// States a parcel can only be in once the key has left.
const ON_THE_WAY: [i64; 4] = [SHIPPED, DELIVERED, 105, 106];

/// Code and message of a state, as the Delivery API shows them.
pub(crate) fn describe(state: i64) -> (&'static str, &'static str) {
    match state {
        1 => ("ShipmentStateIncomplete", "Awaiting Validation"),
        3 => ("ShipmentStateAccepted", "Accepted"),
        6 => ("ShipmentStateIncomplete", "Incomplete request"),
        7 => ("ShipmentStateAddressError", "Address undeliverable or not understood"),
        8 => ("ShipmentStateProcessingError", "Processing error, contact Support"),
        9 => ("ShipmentStateDPL", "DPL match"),
        99 => ("ShipmentStateShippingError", "Shipping error, contact Support"),
        100..=102 => ("ShipmentStateInFulfillment", "In fulfillment"),
        SHIPPED => ("ShipmentStateShipped", "Shipped: In transit."),
        DELIVERED => ("ShipmentStateDelivered", "Delivered."),
        105 => ("ShipmentStateLost", "Lost or missing."),
        106 => ("ShipmentStateException", "Delivery exception."),
        _ => ("ShipmentStateOther", "Other"),
    }
}

/// The state after this one on the good road; none at its end and off it.
pub(crate) fn next(state: i64) -> Option<i64> {
    match state {
        2..=9 => Some(100),
        101 | 102 => Some(SHIPPED),
        _ => ROAD.iter().position(|known| *known == state).and_then(|at| ROAD.get(at + 1)).copied(),
    }
}

/// Moves one order a step along the road.
pub(crate) fn step(world: &mut World, index: usize) {
    let state = world.yubico.shipments[index].state;
    // A processing error waits for a person, like the real one.
    if state != PROCESSING_ERROR
        && let Some(next) = next(state)
    {
        enter(world, index, next);
    }
}

/// Moves every order that is not deleted a step along.
pub(crate) fn advance(world: &mut World) {
    for index in 0..world.yubico.shipments.len() {
        if !world.yubico.shipments[index].deleted {
            step(world, index);
        }
    }
}

/// Puts an order into a state; on the way to "shipped" the key is programmed, and what cannot be programmed ends in 8.
pub(crate) fn enter(world: &mut World, index: usize, state: i64) {
    let needs_key = ON_THE_WAY.contains(&state) && world.yubico.shipments[index].programmed.is_none();
    let (state, programmed, problem) = if needs_key {
        match programmed(world, index) {
            Ok(programmed) => (state, Some(programmed), None),
            Err(problem) => (PROCESSING_ERROR, None, Some(problem)),
        }
    } else {
        (state, None, None)
    };
    let now = clock::now();
    let was = world.yubico.shipments[index].state;
    if state == 100 && was < 100 {
        take_from_stock(world, index);
    }
    let shipment = &mut world.yubico.shipments[index];
    shipment.state = state;
    shipment.state_since = now;
    shipment.states.push((state, now));
    shipment.problem = problem;
    if programmed.is_some() {
        shipment.programmed = programmed;
        shipment.programmed_at = Some(now);
    }
    if ON_THE_WAY.contains(&state) {
        shipment.shipped.get_or_insert(now);
    }
    if state == DELIVERED {
        shipment.delivered.get_or_insert(now);
    }
}

/// Stock counts change only with the nightly run.
fn take_from_stock(world: &mut World, index: usize) {
    let Shipment { organization_id, order, .. } = &world.yubico.shipments[index];
    for item in &order.shipment_items {
        for organization in world.yubico.organizations.iter_mut().filter(|known| known.id == *organization_id)
        {
            for bucket in organization
                .buckets
                .iter_mut()
                .filter(|bucket| bucket.product_id == item.inventory_product_id)
            {
                bucket.quantity -= item.product_quantity;
            }
        }
    }
}

/// Programs the key of an order: opens the requests, makes PIN and credential, seals the answers for Okta.
fn programmed(world: &mut World, index: usize) -> Result<Programmed, String> {
    let item = world.yubico.shipments[index].order.shipment_items.first().ok_or("no item")?.clone();
    let requests = item.product_customizations.first().ok_or("no requests")?;
    let pin_request = opened(world, &requests.fido_pin_request, "pin")?;
    let credential_requests = requests
        .fido_credential_requests
        .iter()
        .map(|request| opened(world, request, "credential"))
        .collect::<Result<Vec<_>, _>>()?;
    let product =
        world.yubico.products.iter().find(|product| product.id == item.product_id).ok_or("no product")?;
    let blank = Blank {
        model: product.name.into(),
        serial: world.dice.serial(),
        firmware: product.firmware.into(),
        aaguid: product.aaguid,
    };
    let pin = world.dice.pin();
    world.secrets.add("pin", &pin);
    let wanted: Vec<CredentialRequest> = credential_requests
        .iter()
        .map(|request| CredentialRequest {
            options: request["options"].clone(),
            origin: request["origin"].as_str().unwrap_or_default().into(),
        })
        .collect();
    let (key, registrations) =
        program(&blank, &pin, &wanted, &world.yubico.attestation).map_err(|error| error.to_string())?;
    let signing = world.yubico.signing.current().ok_or("no signing key")?;
    let common = json!({"serial": blank.serial, "firmware": blank.firmware, "model": blank.model});
    let pin_response = answer(signing, &pin_request, &common, "pin", "pin", &json!(pin))?;
    let credential_responses = credential_requests
        .iter()
        .zip(&registrations)
        .map(|(request, registration)| {
            answer(signing, request, &common, "credential", "registration", registration)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for response in credential_responses.iter().chain([&pin_response]) {
        world.secrets.add("jwe", response);
    }
    Ok(Programmed {
        parcel: serde_json::to_value(&key).map_err(|error| error.to_string())?,
        serial: blank.serial,
        firmware: blank.firmware,
        pin_response,
        credential_responses,
        carrier: "UPS".into(),
        tracking_number: format!("1Z{}", world.dice.token(16).to_uppercase()),
    })
}

/// A request of Okta's: sealed for one of Yubico's transport keys, signed by an Okta org, of the expected type.
fn opened(world: &World, sealed: &str, expected: &str) -> Result<Value, String> {
    let header = jose::header(sealed).ok_or("a request is not a JWE")?;
    let kid = header.get("kid").and_then(Value::as_str).ok_or("a request names no transport key")?;
    let key = world.yubico.transport.by_kid(kid).ok_or("a request is sealed for an unknown transport key")?;
    let inner = jose::open(sealed, key).ok_or("a request does not open")?;
    let okta: Vec<Jwk> = world.orgs.iter().map(|org| org.signing_key.clone()).collect();
    let payload = jose::verify(&inner, &okta).ok_or("a request is not signed by Okta")?;
    if payload["type"] == expected {
        Ok(payload)
    } else {
        Err(format!("a request is not a {expected} request"))
    }
}

/// A response: signed by Yubico, sealed for the enrolment's key at Okta.
fn answer(
    signing: &Jwk,
    request: &Value,
    common: &Value,
    kind: &str,
    name: &str,
    content: &Value,
) -> Result<String, String> {
    let recipient = jose::jwk(&request["responseKey"]).ok_or("a request names no key for the response")?;
    let mut payload = common.clone();
    payload["type"] = json!(kind);
    payload[name] = content.clone();
    let inner = jose::sign(&payload, signing, "prereg-response+jwt").map_err(|error| error.to_string())?;
    jose::seal(&inner, &recipient).map_err(|error| error.to_string())
}
