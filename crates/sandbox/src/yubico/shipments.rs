//! Shipments: the nested form of pre-registration and the flat one of the Delivery API.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::behaviour::{Behaviour, NoProductData};
use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::warehouse;
use crate::world::{Shipment, World};
use crate::yubico::auth::organization;
use crate::yubico::errors::{error, invalid, not_found};
use crate::yubico::order::Order;
use crate::yubico::request::{body, list_of};

/// `POST /v1/fpr/shipments`.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?.clone();
    let order: Order = body(call)?;
    note_secrets(world, &order);
    let faults = order.faults(&organization, &world.yubico.products, &world.settings);
    if !faults.is_empty() {
        return Err(invalid(&faults));
    }
    let id = world.dice.shipment_id();
    let (now, state) = (clock::now(), world.settings.first_state);
    world.yubico.shipments.push(Shipment {
        id: id.clone(),
        organization_id: organization.id,
        order,
        state,
        state_since: now,
        created: now,
        states: vec![(state, now)],
        programmed: None,
        programmed_at: None,
        shipped: None,
        delivered: None,
        deleted: false,
        deleted_at: None,
        problem: None,
    });
    let answer =
        json!({"shipment_id": id, "shipment_state": {"shipment_state_id": state_id(state, &world.settings)}});
    Ok(Reply::json(200, &answer).shipment(&id))
}

fn note_secrets(world: &mut World, order: &Order) {
    let secrets = &mut world.secrets;
    secrets.add("street", &order.mailing_address.street_line1);
    secrets.add("street", order.mailing_address.street_line2.as_deref().unwrap_or_default());
    secrets.add("phone", &order.recipient.recipient_telephone);
    for item in order.shipment_items.iter().flat_map(|item| &item.product_customizations) {
        secrets.add("jwe", &item.fido_pin_request);
        for request in &item.fido_credential_requests {
            secrets.add("jwe", request);
        }
    }
}

/// A state's id on the wire: a number, or the same as text.
fn state_id(state: i64, settings: &Behaviour) -> Value {
    if settings.state_ids_as_text { json!(state.to_string()) } else { json!(state) }
}

/// The shipment of a call, if it is of the token's organization and not deleted.
fn own<'a>(world: &'a World, call: &Call) -> Result<&'a Shipment, Reply> {
    let organization = organization(world, call)?;
    let (id, now) = (call.param("id"), clock::now());
    world
        .yubico
        .shipments
        .iter()
        .find(|shipment| {
            shipment.id == id
                && shipment.organization_id == organization.id
                && !shipment.is_gone(&world.settings, now)
        })
        .ok_or_else(|| not_found().shipment(id))
}

/// `GET /v1/fpr/shipments/{id}`.
pub(crate) fn get_prereg(world: &mut World, call: &Call) -> Answer {
    let shipment = own(world, call)?;
    Ok(Reply::json(200, &nested(shipment, &world.settings)).shipment(&shipment.id))
}

/// The responses are there from the moment of programming on, whatever the state, as long as the settings have them.
fn nested(shipment: &Shipment, settings: &Behaviour) -> Value {
    let kept = SignedDuration::from_secs(settings.responses_seconds);
    let readable = kept.is_zero() || shipment.programmed_at.is_none_or(|at| at + kept > clock::now());
    let items: Vec<Value> = shipment
        .order
        .shipment_items
        .iter()
        .map(|item| {
            let mut view = json!({
                "product_id": item.product_id, "inventory_product_id": item.inventory_product_id,
                "product_quantity": item.product_quantity, "customization_id": item.customization_id,
            });
            let programmed = shipment.programmed.as_ref().filter(|_| readable);
            match settings.no_product_data {
                NoProductData::Absent => {}
                NoProductData::Null => view["product_data"] = Value::Null,
                NoProductData::Empty => view["product_data"] = json!([]),
            }
            if let Some(programmed) = programmed {
                view["product_data"] = json!([{
                    "serial_number": programmed.serial, "firmware_version": programmed.firmware,
                    "fido_pin_response": programmed.pin_response,
                    "fido_credential_responses": programmed.credential_responses,
                }]);
            }
            view
        })
        .collect();
    let mut view = json!({
        "shipment_id": shipment.id, "shipment_state": {"shipment_state_id": state_id(shipment.state, settings)},
        "delivery_type": shipment.order.delivery_type.unwrap_or(1), "shipment_items": items,
    });
    if settings.prereg_shows_recipient {
        view["recipient"] = json!(shipment.order.recipient);
        view["mailing_address"] = json!(shipment.order.mailing_address);
        view["created_date"] = json!(shipment.created.to_string());
    }
    view
}

/// `GET /v1/fpr/shipments`: whether it exists at Yubico is not known, so here it does not.
pub(crate) fn list_prereg(world: &mut World, call: &Call) -> Answer {
    organization(world, call)?;
    Err(error(405, "method_not_allowed", "The method is not allowed."))
}

/// `GET /v1/shipments_exact/{id}`.
pub(crate) fn get_exact(world: &mut World, call: &Call) -> Answer {
    let shipment = own(world, call)?;
    if world.settings.exact_knows_prereg {
        Ok(Reply::json(200, &flat(shipment, &world.settings)).shipment(&shipment.id))
    } else {
        Err(not_found().shipment(&shipment.id))
    }
}

/// `GET /v1/shipments_exact?limit=…&offset=…`: at most 100 a page, newest first.
pub(crate) fn list_exact(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?;
    let (now, settings) = (clock::now(), &world.settings);
    let shown_until = now - SignedDuration::from_millis(settings.order_list_lag_ms);
    let all: Vec<Value> = world
        .yubico
        .shipments
        .iter()
        .rev()
        .filter(|shipment| {
            settings.list_prereg_orders
                && shipment.organization_id == organization.id
                && shipment.created <= shown_until
                && !shipment.is_gone(settings, now)
        })
        .map(|shipment| flat(shipment, settings))
        .collect();
    Ok(Reply::json(200, &list_of(call, settings, "shipments", &all)?))
}

/// The flat form of the Delivery API.
fn flat(shipment: &Shipment, settings: &Behaviour) -> Value {
    let Shipment { order, .. } = shipment;
    let (recipient, address) = (&order.recipient, &order.mailing_address);
    let items: Vec<Value> = order
        .shipment_items
        .iter()
        .map(|item| {
            json!({
                "product_id": item.product_id, "inventory_product_id": item.inventory_product_id,
                "shipment_product_quantity": item.product_quantity, "customization_id": item.customization_id,
            })
        })
        .collect();
    let (code, message) = warehouse::describe(shipment.state);
    let mut view = json!({
        "shipment_id": shipment.id, "shipment_state_id": state_id(shipment.state, settings), "shipment_state_code": code,
        "shipment_state_message": message, "shipment_request_date": shipment.created.to_string(),
        "delivery_type": order.delivery_type.unwrap_or(1), "recipient_company": recipient.recipient_company,
        "recipient_email": recipient.recipient_email, "recipient_firstname": recipient.recipient_firstname,
        "recipient_lastname": recipient.recipient_lastname, "recipient_telephone": recipient.recipient_telephone,
        "street_line1": address.street_line1, "street_line2": address.street_line2, "city": address.city,
        "region": address.region, "postal_code": address.postal_code, "country_code_2": address.country_code_2,
        "shipment_items": items, "is_sent_to_fulfillment": shipment.state >= 100,
        "is_shipped": shipment.shipped.is_some(), "is_delivered": shipment.delivered.is_some(), "shipment_messages": [],
    });
    if let (Some(shipped), Some(programmed)) = (shipment.shipped, &shipment.programmed) {
        view["carrier"] = json!(programmed.carrier);
        view["tracking_number"] = json!(programmed.tracking_number);
        view["tracking_link"] =
            json!(format!("https://carrier.example/track/{}", programmed.tracking_number));
        view["shipped_date"] = json!(shipped.to_string());
    }
    if let Some(delivered) = shipment.delivered {
        view["delivered_date"] = json!(delivered.to_string());
    }
    view
}

/// `DELETE /v1/shipments_exact/{id}`: until the nightly run locks the order.
pub(crate) fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, state) = own(world, call).map(|shipment| (shipment.id.clone(), shipment.state))?;
    if !world.settings.exact_deletes_prereg {
        return Err(not_found().shipment(&id));
    }
    if state > 9 {
        let status = world.settings.locked_delete_status;
        return Err(error(status, "shipment_locked", "The shipment is locked for changes.").shipment(&id));
    }
    if let Some(shipment) = world.yubico.shipments.iter_mut().find(|shipment| shipment.id == id) {
        shipment.deleted = true;
        shipment.deleted_at.get_or_insert_with(clock::now);
    }
    Ok(Reply::empty(204).shipment(&id))
}
