//! Shipments: the nested form of pre-registration and the flat one of the Delivery API.

use serde_json::{Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::warehouse;
use crate::world::{Shipment, World};
use crate::yubico::auth::organization;
use crate::yubico::errors::{error, invalid, not_found};
use crate::yubico::order::Order;
use crate::yubico::request::body;

/// `POST /v1/fpr/shipments`.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?.clone();
    let order: Order = body(call)?;
    note_secrets(world, &order);
    let faults = order.faults(&organization, &world.yubico.products);
    if !faults.is_empty() {
        return Err(invalid(&faults));
    }
    let id = world.dice.shipment_id();
    let now = clock::now();
    world.yubico.shipments.push(Shipment {
        id: id.clone(),
        organization_id: organization.id,
        order,
        state: 1,
        state_since: now,
        created: now,
        states: vec![(1, now)],
        programmed: None,
        shipped: None,
        delivered: None,
        deleted: false,
        problem: None,
    });
    let answer = json!({"shipment_id": id, "shipment_state": {"shipment_state_id": 1}});
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

/// The shipment of a call, if it is of the token's organization and not deleted.
fn own<'a>(world: &'a World, call: &Call) -> Result<&'a Shipment, Reply> {
    let organization = organization(world, call)?;
    let id = call.param("id");
    world
        .yubico
        .shipments
        .iter()
        .find(|shipment| {
            shipment.id == id && shipment.organization_id == organization.id && !shipment.deleted
        })
        .ok_or_else(|| not_found().shipment(id))
}

/// `GET /v1/fpr/shipments/{id}`.
pub(crate) fn get_prereg(world: &mut World, call: &Call) -> Answer {
    let shipment = own(world, call)?;
    Ok(Reply::json(200, &nested(shipment, world.settings.prereg_shows_recipient)).shipment(&shipment.id))
}

/// The responses are there from the moment of programming on, whatever the state.
fn nested(shipment: &Shipment, shows_recipient: bool) -> Value {
    let items: Vec<Value> = shipment
        .order
        .shipment_items
        .iter()
        .map(|item| {
            let mut view = json!({
                "product_id": item.product_id, "inventory_product_id": item.inventory_product_id,
                "product_quantity": item.product_quantity, "customization_id": item.customization_id,
            });
            if let Some(programmed) = &shipment.programmed {
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
        "shipment_id": shipment.id, "shipment_state": {"shipment_state_id": shipment.state},
        "delivery_type": shipment.order.delivery_type, "shipment_items": items,
    });
    if shows_recipient {
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
        Ok(Reply::json(200, &flat(shipment)).shipment(&shipment.id))
    } else {
        Err(not_found().shipment(&shipment.id))
    }
}

/// `GET /v1/shipments_exact?limit=…&offset=…`: at most 100 a page, newest first.
pub(crate) fn list_exact(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?;
    let number = |name: &str, default: usize| call.query(name).map_or(Ok(default), str::parse);
    let (Ok(limit), Ok(offset)) = (number("limit", 100), number("offset", 0)) else {
        return Err(invalid(&["limit and offset must be numbers".into()]));
    };
    if limit == 0 || limit > 100 {
        return Err(invalid(&["limit must be between 1 and 100".into()]));
    }
    let all: Vec<Value> = world
        .yubico
        .shipments
        .iter()
        .rev()
        .filter(|shipment| {
            world.settings.list_prereg_orders
                && shipment.organization_id == organization.id
                && !shipment.deleted
        })
        .map(flat)
        .collect();
    let page: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
    Ok(Reply::json(200, &json!({"count": page.len(), "total_count": all.len(), "shipments": page})))
}

/// The flat form of the Delivery API.
fn flat(shipment: &Shipment) -> Value {
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
        "shipment_id": shipment.id, "shipment_state_id": shipment.state, "shipment_state_code": code,
        "shipment_state_message": message, "shipment_request_date": shipment.created.to_string(),
        "delivery_type": order.delivery_type, "recipient_company": recipient.recipient_company,
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
    }
    Ok(Reply::empty(204).shipment(&id))
}
