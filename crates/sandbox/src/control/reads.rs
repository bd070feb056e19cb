//! What can be looked at.

use serde_json::{Value, json};

use crate::control::request::{done, refused};
use crate::http::{Answer, Call};
use crate::okta::preregistration;
use crate::warehouse;
use crate::world::{OktaOrg, Shipment, World};

fn people(org: &OktaOrg) -> impl Iterator<Item = Value> {
    org.people.iter().map(|person| {
        json!({"org": org.id, "id": person.id, "login": person.login(), "status": person.status,
               "lastLogin": person.last_login, "profile": person.profile})
    })
}

fn enrollments(org: &OktaOrg) -> impl Iterator<Item = Value> {
    org.enrollments.iter().map(|enrollment| {
        let mut view = preregistration::view(&org.base_url, enrollment, &enrollment.status);
        view["org"] = json!(org.id);
        view["userId"] = json!(enrollment.user_id);
        view["keyId"] = json!(enrollment.key_id);
        view["rpId"] = json!(enrollment.rp_id);
        view["serial"] = json!(enrollment.serial);
        view
    })
}

fn shipment(shipment: &Shipment) -> Value {
    let states: Vec<Value> = shipment.states.iter().map(|(id, at)| json!({"id": id, "at": at})).collect();
    json!({
        "id": shipment.id, "organization": shipment.organization_id, "deleted": shipment.deleted,
        "state": {"id": shipment.state, "name": warehouse::describe(shipment.state).0, "since": shipment.state_since},
        "states": states, "created": shipment.created, "problem": shipment.problem,
        "recipientEmail": shipment.order.recipient.recipient_email,
        "recipient": shipment.order.recipient, "address": shipment.order.mailing_address,
        "deliveryType": shipment.order.delivery_type,
        "productId": shipment.order.shipment_items.first().map(|item| item.product_id),
        "serial": shipment.programmed.as_ref().map(|programmed| &programmed.serial),
        "trackingNumber": shipment.programmed.as_ref().map(|programmed| &programmed.tracking_number),
        "shipped": shipment.shipped, "delivered": shipment.delivered,
    })
}

/// `GET /state`: everything but secrets. The PIN is in the outbox only.
pub(crate) fn state(world: &mut World, _: &Call) -> Answer {
    let outbox: Vec<Value> = world
        .outbox
        .iter()
        .map(|mail| {
            json!({"id": mail.id, "at": mail.at, "to": mail.to, "subject": mail.subject,
                           "userId": mail.user_id, "enrollmentId": mail.enrollment_id})
        })
        .collect();
    let orgs: Vec<Value> = world
        .orgs
        .iter()
        .map(|org| {
            let groups: Vec<Value> = org
                .groups
                .iter()
                .map(|group| json!({"id": group.id, "name": group.name, "members": group.members}))
                .collect();
            json!({"id": org.id, "url": org.base_url, "rpId": org.rp_id, "groups": groups})
        })
        .collect();
    let organizations: Vec<Value> = world
        .yubico
        .organizations
        .iter()
        .map(|organization| {
            json!({"id": organization.id, "name": organization.name, "buckets": organization.buckets,
                   "countries": organization.countries, "peakRunningOrders": organization.peak_running_orders})
        })
        .collect();
    let count = |operation: &str| world.journal.count(operation);
    done(&json!({
        "orgs": orgs,
        "yubicoOrganizations": organizations,
        "people": world.orgs.iter().flat_map(people).collect::<Vec<_>>(),
        "enrollments": world.orgs.iter().flat_map(enrollments).collect::<Vec<_>>(),
        "shipments": world.yubico.shipments.iter().map(shipment).collect::<Vec<_>>(),
        "outbox": outbox,
        "counts": {
            "orders": world.yubico.shipments.len(),
            "ordersNotDeleted": world.yubico.shipments.iter().filter(|shipment| !shipment.deleted).count(),
            "mails": world.outbox.len(),
            "calls": world.journal.since(0).count(),
            "initiateFulfillmentRequests": count("generateFulfillmentRequest"),
        },
        "faults": world.faults.view(),
        "settings": world.settings,
    }))
}

/// `GET /journal[?since=SEQ]`.
pub(crate) fn journal(world: &mut World, call: &Call) -> Answer {
    let since =
        call.query("since").map_or(Ok(0), str::parse).map_err(|_| refused(400, "since must be a number"))?;
    let entries: Vec<_> = world.journal.since(since).collect();
    done(&json!(entries))
}

/// `GET /secrets`.
pub(crate) fn secrets(world: &mut World, _: &Call) -> Answer {
    done(&json!(world.secrets.list()))
}

/// `GET /outbox`: the mails, PIN and all.
pub(crate) fn outbox(world: &mut World, _: &Call) -> Answer {
    done(&json!(world.outbox))
}

/// `GET /outbox/{id}`, or `GET /outbox/latest[?person=ID or LOGIN]`.
pub(crate) fn mail(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let person = call
        .query("person")
        .map(|key| world.orgs.iter().find_map(|org| org.person(key)).map(|person| &person.id));
    let mail = world.outbox.iter().rev().find(|mail| {
        person.is_none_or(|person| person == Some(&mail.user_id))
            && (id == "latest" || mail.id.to_string() == id)
    });
    done(&json!(mail.ok_or_else(|| refused(404, "there is no such mail"))?))
}

/// `GET /parcels/{shipmentId}`: the key, once it has arrived.
pub(crate) fn parcel(world: &mut World, call: &Call) -> Answer {
    let id = call.param("shipmentId");
    let shipment = world.yubico.shipments.iter().find(|shipment| shipment.id == id);
    let shipment = shipment.ok_or_else(|| refused(404, "there is no such shipment"))?;
    match (&shipment.programmed, shipment.delivered) {
        (Some(programmed), Some(_)) => done(&programmed.parcel),
        _ => Err(refused(409, "the parcel has not arrived")),
    }
}
