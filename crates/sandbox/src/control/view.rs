//! The page for people: who there is, what is enrolled, which parcels travel, which mails lie in the outbox.

use std::fmt::Write as _;

use crate::http::{Answer, Call, Reply};
use crate::warehouse;
use crate::world::World;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1d2a21}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d8e0da;vertical-align:top}th{color:#51635a;font-weight:600}\
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f3f7f4;padding:1rem;white-space:pre-wrap}.none{color:#7b8a82}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn table(page: &mut String, title: &str, head: &[&str], rows: &[Vec<String>]) {
    let _ = write!(page, "<h2>{title}</h2>");
    if rows.is_empty() {
        page.push_str("<p class=none>None.</p>");
        return;
    }
    page.push_str("<table><tr>");
    for cell in head {
        let _ = write!(page, "<th>{cell}</th>");
    }
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escape(cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// `GET /`.
pub(crate) fn page(world: &mut World, _: &Call) -> Answer {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=3><title>YubiKey shipment sandbox</title>\
         <style>{STYLE}</style><h1>YubiKey shipment sandbox</h1>"
    );
    let rhythm = world.place.step.map_or("by command".to_string(), |step| format!("every {step:?}"));
    let _ = write!(
        page,
        "<p>Okta <code>{}</code> · Yubico <code>{}</code> · control <code>{}</code> · parcels move {rhythm}</p>",
        world.orgs[0].base_url, world.yubico.base_url, world.place.control_url
    );
    table(&mut page, "People", &["Login", "Name", "Status", "Id", "Last sign-in"], &people(world));
    table(
        &mut page,
        "Enrolments",
        &["Login", "Status", "Key", "Serial", "PIN can be sent", "RP id", "Id"],
        &enrollments(world),
    );
    table(
        &mut page,
        "Parcels",
        &["Shipment", "To", "State", "Serial", "Tracking", "Problem"],
        &parcels(world),
    );
    table(&mut page, "Stock", &["Organization", "Bucket", "Keys"], &stock(world));
    page.push_str("<h2>Outbox</h2>");
    if world.outbox.is_empty() {
        page.push_str("<p class=none>None.</p>");
    }
    for mail in world.outbox.iter().rev() {
        let _ = write!(
            page,
            "<pre>To: {}\nSubject: {}\n\n{}</pre>",
            escape(&mail.to.join(", ")),
            escape(&mail.subject),
            escape(&mail.text)
        );
    }
    Ok(Reply::text(200, "text/html; charset=utf-8", page))
}

fn people(world: &World) -> Vec<Vec<String>> {
    let people = world.orgs.iter().flat_map(|org| &org.people);
    people
        .map(|person| {
            let name = format!("{} {}", person.attribute("firstName"), person.attribute("lastName"));
            let last = person.last_login.map_or("never".into(), |at| at.to_string());
            vec![person.login().into(), name, person.status.clone(), person.id.clone(), last]
        })
        .collect()
}

fn enrollments(world: &World) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for org in &world.orgs {
        for enrollment in &org.enrollments {
            rows.push(vec![
                org.person(&enrollment.user_id).map(|person| person.login().to_string()).unwrap_or_default(),
                enrollment.status.clone(),
                enrollment.authenticator_name.clone().unwrap_or_default(),
                enrollment.serial.clone().unwrap_or_default(),
                if enrollment.preset_pin_available { "yes" } else { "no" }.into(),
                enrollment.rp_id.clone(),
                enrollment.id.clone(),
            ]);
        }
    }
    rows
}

fn parcels(world: &World) -> Vec<Vec<String>> {
    let shipments = world.yubico.shipments.iter();
    shipments
        .map(|shipment| {
            let recipient = &shipment.order.recipient;
            let state = if shipment.deleted { "deleted" } else { warehouse::describe(shipment.state).1 };
            let programmed = shipment.programmed.as_ref();
            vec![
                shipment.id.clone(),
                format!("{} {}", recipient.recipient_firstname, recipient.recipient_lastname),
                format!("{} {state}", shipment.state),
                programmed.map(|programmed| programmed.serial.clone()).unwrap_or_default(),
                programmed.map(|programmed| programmed.tracking_number.clone()).unwrap_or_default(),
                shipment.problem.clone().unwrap_or_default(),
            ]
        })
        .collect()
}

fn stock(world: &World) -> Vec<Vec<String>> {
    let organizations = world.yubico.organizations.iter();
    organizations
        .flat_map(|organization| {
            organization.buckets.iter().map(|bucket| {
                vec![
                    organization.name.clone(),
                    format!("{} ({})", bucket.name, bucket.product_id),
                    bucket.quantity.to_string(),
                ]
            })
        })
        .collect()
}
