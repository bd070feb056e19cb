//! The PIN mail.

use serde::Deserialize;

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::okta::activation::preset_pin;
use crate::okta::errors;
use crate::okta::preregistration::{ACTIVE, feature};
use crate::okta::request::json_body;
use crate::world::{Enrollment, Mail, Person, World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinRequest {
    user_id: String,
    fulfillment_provider: String,
    authenticator_enrollment_id: String,
}

/// `POST /webauthn-registration/api/v1/send-pin`: once more each time it is called, until the key was used.
pub(crate) fn send_pin(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let request: PinRequest = json_body(call)?;
    let about = |reply: Reply| reply.user(&request.user_id).enrollment(&request.authenticator_enrollment_id);
    send(world, call.org, &request).map(about).map_err(about)
}

fn send(world: &mut World, org_index: usize, request: &PinRequest) -> Answer {
    let id = world.outbox.len() + 1;
    let needs_addresses = world.settings.send_pin_needs_addresses;
    let org = world.org(org_index);
    let person = org
        .people
        .iter()
        .find(|person| person.id == request.user_id)
        .cloned()
        .ok_or_else(|| errors::not_found("Resource not found (User)"))?;
    let enrollment = org
        .enrollments
        .iter()
        .find(|enrollment| {
            enrollment.id == request.authenticator_enrollment_id && enrollment.user_id == person.id
        })
        .ok_or_else(|| errors::not_found("Resource not found (UserFactor)"))?;
    if request.fulfillment_provider != "yubico" {
        return Err(errors::preregistration("fulfillmentProvider"));
    }
    let lacks = |name: &str| person.attribute(name).is_empty();
    if needs_addresses && (lacks("email") || (person.status != "ACTIVE" && lacks("secondEmail"))) {
        return Err(errors::preregistration("email"));
    }
    if enrollment.status != ACTIVE || !enrollment.preset_pin_available {
        return Err(errors::forbidden());
    }
    let pin =
        preset_pin(enrollment).ok_or_else(|| errors::error(500, "E0000009", "Internal Server Error"))?;
    let mail = pin_mail(id, &org.base_url, &person, enrollment, &pin);
    world.outbox.push(mail);
    world.secrets.add("pin", &pin);
    Ok(Reply::empty(204))
}

/// A person who is not active yet cannot read the work mailbox, so the private one gets the mail too.
fn pin_mail(id: usize, base_url: &str, person: &Person, enrollment: &Enrollment, pin: &str) -> Mail {
    let mut to = vec![person.attribute("email").to_string()];
    if person.status != "ACTIVE" {
        to.push(person.attribute("secondEmail").to_string());
    }
    to.retain(|address| !address.is_empty());
    let model = enrollment.authenticator_name.as_deref().unwrap_or("YubiKey");
    let text = format!(
        "Hello {},\n\nyour {model} is ready. Plug it in when it arrives and sign in with this PIN.\n\n\
         Sign in at: {base_url}\nUser name: {}\nPIN: {pin}\n\nThe PIN belongs to the key only. Do not pass it on.\n",
        person.attribute("firstName"),
        person.login(),
    );
    Mail {
        id,
        at: clock::now(),
        to,
        subject: "The PIN of your YubiKey".into(),
        text,
        user_id: person.id.clone(),
        enrollment_id: enrollment.id.clone(),
    }
}
