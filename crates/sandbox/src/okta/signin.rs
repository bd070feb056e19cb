//! The sign-in page of the sandbox: a challenge, and an assertion that the library verifies.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::ids::noise;
use crate::okta::preregistration::ACTIVE;
use crate::okta::request::json_body;
use crate::okta::session::Session;
use crate::okta::webauthn::Challenge;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Start {
    login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Finish {
    session: String,
    credential: Value,
}

fn refuse(reason: &str) -> Reply {
    Reply::json(403, &json!({"signedIn": false, "reason": reason}))
}

/// `POST /sandbox-sign-in/start`.
pub(crate) fn start(world: &mut World, call: &Call) -> Answer {
    let request: Start = json_body(call)?;
    let session_id = noise(32);
    let org = world.org(call.org);
    let person = org.person(&request.login).cloned().ok_or_else(|| refuse("there is no such person"))?;
    if person.status != "ACTIVE" {
        return Err(refuse(&format!("the person is {}, not ACTIVE", person.status)).user(&person.id));
    }
    let rp_id = org.rp_id.clone().unwrap_or_else(|| org.host());
    let credentials = org
        .enrollments
        .iter()
        .filter(|enrollment| {
            enrollment.user_id == person.id && enrollment.status == ACTIVE && enrollment.rp_id == rp_id
        })
        .filter_map(|enrollment| enrollment.registration.credential.clone())
        .collect::<Vec<_>>();
    if credentials.is_empty() {
        return Err(refuse(&format!("no activated key of this person is for {rp_id}")).user(&person.id));
    }
    let (challenge, options) =
        Challenge::start(&rp_id, &org.origin(&rp_id), credentials).map_err(|error| refuse(&error))?;
    org.sessions.insert(session_id.clone(), Session { user_id: person.id.clone(), challenge });
    Ok(Reply::json(200, &json!({"session": session_id, "publicKey": options})).user(&person.id))
}

/// `POST /sandbox-sign-in/finish`.
pub(crate) fn finish(world: &mut World, call: &Call) -> Answer {
    let request: Finish = json_body(call)?;
    let org = world.org(call.org);
    let session = org
        .sessions
        .remove(&request.session)
        .ok_or_else(|| refuse("this sign-in has not begun or has ended"))?;
    let now = clock::now();
    let about = |reply: Reply| reply.user(&session.user_id);
    let (credential_id, counter) =
        session.challenge.finish(&request.credential).map_err(|error| about(refuse(&error)))?;
    let person = org.person_mut(&session.user_id).ok_or_else(|| refuse("there is no such person"))?;
    if person.status != "ACTIVE" {
        return Err(about(refuse(&format!("the person is {}, not ACTIVE", person.status))));
    }
    person.last_login = Some(now);
    let (name, login) = (person.attribute("firstName").to_string(), person.login().to_string());
    let mut used = json!({});
    for enrollment in &mut org.enrollments {
        let Some(credential) = &mut enrollment.registration.credential else { continue };
        if credential.cred_id == credential_id {
            credential.counter = counter;
            // The PIN can be sent until the first successful sign-in with the key.
            enrollment.preset_pin_available = false;
            enrollment.last_updated = now;
            used = json!({"enrollmentId": enrollment.id, "authenticatorName": enrollment.authenticator_name, "serial": enrollment.serial});
        }
    }
    let body = json!({
        "signedIn": true, "userId": session.user_id, "login": login, "firstName": name, "userVerified": true,
        "rpId": session.challenge.rp_id, "key": used,
    });
    Ok(about(Reply::json(200, &body)))
}
