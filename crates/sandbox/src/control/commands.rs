//! Commands to the warehouse, the key ceremonies and the gremlins.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Profile};
use crate::control::request::{body, done, refused};
use crate::faults::RuleSpec;
use crate::http::{Answer, Call, Reply};
use crate::seed;
use crate::vendor_keys::{OldKeys, Published};
use crate::warehouse;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewState {
    id: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    #[serde(default = "one")]
    steps: u32,
    #[serde(default)]
    shipment: Option<String>,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    set: Set,
    #[serde(default)]
    old: OldKeys,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Set {
    Transport,
    Signing,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Expire {
    okta: bool,
    yubico: bool,
    nonces: bool,
}

impl Default for Expire {
    fn default() -> Self {
        Self { okta: true, yubico: false, nonces: false }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewToken {
    #[serde(default)]
    organization: Option<String>,
    /// Left out: the one whose token the organization began with.
    #[serde(default)]
    account: Option<String>,
    /// Left out: a year, as Yubico's.
    #[serde(default)]
    lifetime_seconds: Option<i64>,
    /// A token that tells nothing about itself.
    #[serde(default)]
    opaque: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stock {
    inventory_product_id: i64,
    quantity: i64,
    /// What the bucket may buy; left out: as before.
    #[serde(default)]
    product_mapping: Option<Vec<i64>>,
    #[serde(default)]
    organization: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Countries {
    countries: Vec<String>,
    /// Left out: the first.
    #[serde(default)]
    organization: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    set: Set,
    #[serde(rename = "as")]
    published: Published,
}

fn shipment_index(world: &World, id: &str) -> Result<usize, Reply> {
    world
        .yubico
        .shipments
        .iter()
        .position(|shipment| shipment.id == id)
        .ok_or_else(|| refused(404, "there is no such shipment"))
}

fn shipment_state(world: &World, index: usize) -> Answer {
    let shipment = &world.yubico.shipments[index];
    done(&json!({"id": shipment.id, "state": shipment.state, "problem": shipment.problem}))
}

/// `POST /shipments/{id}/state`: `{"id": 104}`, any id.
pub(crate) fn set_state(world: &mut World, call: &Call) -> Answer {
    let state: NewState = body(call)?;
    let index = shipment_index(world, call.param("id"))?;
    warehouse::enter(world, index, state.id);
    shipment_state(world, index)
}

/// `DELETE /shipments/{id}`: a person deletes the order in the Console.
pub(crate) fn delete_shipment(world: &mut World, call: &Call) -> Answer {
    let index = shipment_index(world, call.param("id"))?;
    world.yubico.shipments[index].deleted = true;
    world.yubico.shipments[index].deleted_at = None;
    Ok(Reply::empty(204))
}

/// `POST /advance`: `{"steps": 1, "shipment"?: ID}`.
pub(crate) fn advance(world: &mut World, call: &Call) -> Answer {
    let request: Advance = body(call)?;
    let only = request.shipment.as_deref().map(|id| shipment_index(world, id)).transpose()?;
    for _ in 0..request.steps {
        match only {
            Some(index) => warehouse::step(world, index),
            None => warehouse::advance(world),
        }
    }
    let states: Vec<Value> = world
        .yubico
        .shipments
        .iter()
        .map(|shipment| json!({"id": shipment.id, "state": shipment.state, "problem": shipment.problem}))
        .collect();
    done(&json!(states))
}

/// `GET /faults`.
pub(crate) fn faults(world: &mut World, _: &Call) -> Answer {
    done(&world.faults.view())
}

/// `POST /faults`.
pub(crate) fn add_fault(world: &mut World, call: &Call) -> Answer {
    let spec: RuleSpec = body(call)?;
    let id = world.faults.add(spec).map_err(|error| refused(400, &error))?;
    done(&json!({"id": id}))
}

/// `DELETE /faults`.
pub(crate) fn clear_faults(world: &mut World, _: &Call) -> Answer {
    world.faults.remove(None);
    Ok(Reply::empty(204))
}

/// `DELETE /faults/{id}`.
pub(crate) fn remove_fault(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id").parse().map_err(|_| refused(400, "a rule's id is a number"))?;
    world.faults.remove(Some(id));
    Ok(Reply::empty(204))
}

/// `POST /keys/rotate`: `{"set": "transport"|"signing", "old"?: "listed"|"unlisted"|"dropped"}`.
pub(crate) fn rotate_keys(world: &mut World, call: &Call) -> Answer {
    let request: Rotate = body(call)?;
    let yubico = &mut world.yubico;
    let made = match request.set {
        Set::Transport => {
            yubico.transport.retire(request.old);
            yubico.transport.add_transport()
        }
        Set::Signing => {
            yubico.signing.retire(request.old);
            yubico.signing.add_signing(&yubico.attestation)
        }
    };
    made.map_err(|error| refused(500, &error))?;
    done(&match request.set {
        Set::Transport => yubico.transport.published(),
        Set::Signing => yubico.signing.published(),
    })
}

/// `POST /tokens/expire`: `{"okta"?: true, "yubico"?: false, "nonces"?: false}`.
pub(crate) fn expire_tokens(world: &mut World, call: &Call) -> Answer {
    let request: Expire = body(call)?;
    let past = Timestamp::UNIX_EPOCH;
    for org in &mut world.orgs {
        if request.okta {
            org.access_tokens.values_mut().for_each(|token| token.expires = past);
        }
        if request.nonces {
            org.nonces.clear();
        }
    }
    if request.yubico {
        let tokens = world.yubico.organizations.iter_mut().flat_map(|organization| &mut organization.tokens);
        tokens.for_each(|token| token.expires = past);
    }
    done(&json!({"okta": request.okta, "yubico": request.yubico, "nonces": request.nonces}))
}

/// `POST /tokens/yubico`: a new API token of an account (`{"organization"?: ID, "account"?: NAME, "lifetimeSeconds"?: N,
/// "opaque"?: false}`), as a person makes one in the Console. The account's old one ends.
pub(crate) fn new_yubico_token(world: &mut World, call: &Call) -> Answer {
    let request: NewToken = body(call)?;
    let first = world.yubico.organizations[0].id.clone();
    let id = request.organization.unwrap_or(first);
    let life = request.lifetime_seconds.map_or(seed::TOKEN_LIFE, SignedDuration::from_secs);
    let account = request.account.as_deref().unwrap_or(seed::FIRST_ACCOUNT);
    let token = seed::add_yubico_token_for(world, &id, account, life, request.opaque)
        .ok_or_else(|| refused(404, "there is no such organization"))?;
    done(&json!({"organization": id, "token": token}))
}

/// `POST /stock`: `{"inventoryProductId": 106, "quantity": 3, "productMapping"?: [29], "organization"?: ID}`.
pub(crate) fn set_stock(world: &mut World, call: &Call) -> Answer {
    let request: Stock = body(call)?;
    let bucket = world
        .yubico
        .organizations
        .iter_mut()
        .filter(|organization| request.organization.as_ref().is_none_or(|id| *id == organization.id))
        .flat_map(|organization| &mut organization.buckets)
        .find(|bucket| bucket.product_id == request.inventory_product_id)
        .ok_or_else(|| refused(404, "there is no such bucket"))?;
    bucket.quantity = request.quantity;
    if let Some(mapping) = request.product_mapping {
        bucket.product_mapping = mapping;
    }
    done(&json!(bucket))
}

/// `POST /countries`: `{"countries": ["US"], "organization"?: ID}`, where the organization ships to from now on.
pub(crate) fn set_countries(world: &mut World, call: &Call) -> Answer {
    let request: Countries = body(call)?;
    let first = world.yubico.organizations[0].id.clone();
    let id = request.organization.unwrap_or(first);
    let organization = world
        .yubico
        .organizations
        .iter_mut()
        .find(|organization| organization.id == id)
        .ok_or_else(|| refused(404, "there is no such organization"))?;
    organization.countries = request.countries;
    done(&json!({"organization": id, "countries": organization.countries}))
}

/// `POST /keys/publish`: `{"set": "transport", "as": "whole" | "empty" | "another-curve"}`, what the well-known URL shows.
pub(crate) fn publish_keys(world: &mut World, call: &Call) -> Answer {
    let request: Publish = body(call)?;
    let set = match request.set {
        Set::Transport => &mut world.yubico.transport,
        Set::Signing => &mut world.yubico.signing,
    };
    set.shown = request.published;
    done(&set.published())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    name: Profile,
}

/// `POST /profile`: `{"name": "default"|"strict"}`, all settings at once; `POST /reset` goes back to it.
pub(crate) fn choose_profile(world: &mut World, call: &Call) -> Answer {
    let choice: Choice = body(call)?;
    world.place.profile = choice.name;
    world.settings = Behaviour::of(choice.name);
    done(&json!(world.settings))
}

/// `GET /settings`.
pub(crate) fn settings(world: &mut World, _: &Call) -> Answer {
    done(&json!(world.settings))
}

/// `POST /settings`: any of them.
pub(crate) fn change_settings(world: &mut World, call: &Call) -> Answer {
    let changes: serde_json::Map<String, Value> = body(call)?;
    let mut settings = json!(world.settings);
    for (name, value) in changes {
        settings[name] = value;
    }
    world.settings = serde_json::from_value(settings).map_err(|error| refused(400, &error.to_string()))?;
    done(&json!(world.settings))
}

/// `POST /reset`: orders, enrolments, mails, journal and faults are forgotten; people, apps, tokens and keys stay.
pub(crate) fn reset(world: &mut World, _: &Call) -> Answer {
    world.yubico.shipments.clear();
    world.outbox.clear();
    world.journal = crate::journal::Journal::default();
    world.faults = crate::faults::Faults::default();
    world.settings = Behaviour::of(world.place.profile);
    for org in &mut world.orgs {
        org.enrollments.clear();
        org.sessions.clear();
        org.logs.clear();
        org.rate.clear();
    }
    for organization in &mut world.yubico.organizations {
        organization.peak_running_orders = 0;
    }
    Ok(Reply::empty(204))
}
