//! The gate every call passes: reads it, journals it, applies the fault rules, runs the operation and shapes the answer.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response};
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::clock;
use crate::faults::{Effect, Subject, When, delay, replace_state, wrong_casing};
use crate::hris;
use crate::http::{About, Answer, Call, Matched, Reply, Route, find};
use crate::ids::noise;
use crate::journal::Api;
use crate::oddities;
use crate::okta;
use crate::refusal::refusal;
use crate::world::{Person, Shared, World};
use crate::yubico;

const MAX_BODY: usize = 1 << 20;

/// A response body that may break off.
pub(crate) type Body = BoxBody<Bytes, io::Error>;

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was dropped by a fault rule")]
pub(crate) struct Dropped;

/// The operations of the two vendors and of the HRIS.
pub(crate) struct Tables {
    okta: Vec<Route<World>>,
    yubico: Vec<Route<World>>,
    hris: Vec<Route<World>>,
}

impl Tables {
    pub fn new() -> Self {
        Self { okta: okta::routes(), yubico: yubico::routes(), hris: hris::routes() }
    }

    fn of(&self, api: Api) -> &[Route<World>] {
        match api {
            Api::Okta => &self.okta,
            Api::Yubico => &self.yubico,
            Api::Hris => &self.hris,
        }
    }
}

/// Reads a request whole.
pub(crate) async fn read(
    request: Request<Incoming>,
    org: usize,
    scheme: &'static str,
) -> Result<Call, Dropped> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| Dropped)?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    Ok(Call {
        org,
        method: head.method,
        scheme,
        path: head.uri.path().to_string(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body,
        params: BTreeMap::new(),
    })
}

/// Answers a call to a vendor. The work runs in a task of its own: a client that hangs up early does not undo it.
pub(crate) async fn vendor(
    shared: Arc<Shared>,
    tables: Arc<Tables>,
    api: Api,
    call: Call,
) -> Result<Response<Body>, Dropped> {
    tokio::spawn(async move { process(&shared, &tables, api, call).await }).await.map_err(|_| Dropped)?
}

async fn process(
    shared: &Shared,
    tables: &Tables,
    api: Api,
    mut call: Call,
) -> Result<Response<Body>, Dropped> {
    let matched = find(tables.of(api), &call.method, &call.path);
    let operation = match &matched {
        Matched::Route(route, _) => route.operation,
        Matched::WrongMethod | Matched::Nothing => "unknown",
    };
    let Arrival { seq, effects, buyer, refusal } = arrive(shared, api, operation, &call);
    delay(&effects, When::Before).await;
    let early = refusal.map(|refusal| Ok(dressed(refusal, api, &call, shared)));
    let early = early.or_else(|| instead(&effects, When::Before, api, &call, shared));
    let outcome = if let Some(outcome) = early {
        outcome
    } else {
        let (route, params) = match matched {
            Matched::Route(route, params) => (Some(Ok(route)), params),
            Matched::WrongMethod => (Some(Err(())), BTreeMap::new()),
            Matched::Nothing => (None, BTreeMap::new()),
        };
        call.params = params;
        let reply = operate(shared, api, route, &call, seq);
        delay(&effects, When::After).await;
        instead(&effects, When::After, api, &call, shared).unwrap_or(Ok(reply))
    };
    finish(shared, seq, (api, call.org), buyer.as_deref(), outcome.as_ref().ok());
    outcome.map(|reply| response(reply, &effects))
}

/// A call that has come in.
struct Arrival {
    seq: u64,
    effects: Vec<Effect>,
    /// The organization whose order it is.
    buyer: Option<String>,
    /// What it is answered because of the others that run.
    refusal: Option<Reply>,
}

/// Journals the arrival and picks the faults.
fn arrive(shared: &Shared, api: Api, operation: &str, call: &Call) -> Arrival {
    let mut world = shared.world();
    let world = &mut *world;
    let mut refusal = None;
    if api == Api::Okta {
        let most = world.settings.okta_concurrent_requests;
        let org = world.org(call.org);
        org.settle(clock::now());
        org.running += 1;
        if most != 0 && org.running > most {
            refusal = Some(okta::errors::too_many_at_once());
        }
    }
    let path = percent_decode_str(&call.path).decode_utf8_lossy().into_owned();
    let seq = world.journal.arrived(api, operation, call.method.as_str(), &path);
    note_secrets(world, call);
    let about = whom(world, operation, call);
    world.journal.update(seq, |entry| entry.about = about);
    let subject = Subject { api, method: call.method.as_str(), path: &path, operation };
    let effects = world.faults.pick(&subject, &mut world.dice);
    if !effects.is_empty() {
        world.journal.update(seq, |entry| entry.faulted = true);
    }
    let buyer = (operation == "CreateFPRShipment")
        .then(|| yubico::auth::organization(world, call).map(|organization| organization.id.clone()).ok())
        .flatten();
    if let Some(organization) =
        world.yubico.organizations.iter_mut().find(|known| Some(&known.id) == buyer.as_ref())
    {
        organization.running_orders += 1;
        organization.peak_running_orders = organization.peak_running_orders.max(organization.running_orders);
        let status = world.settings.concurrent_order_status;
        if status != 0 && organization.running_orders > 1 {
            let message = "Another order of the organization is being placed.";
            refusal = Some(yubico::errors::error(status, "concurrent_order", message));
        }
    }
    Arrival { seq, effects, buyer, refusal }
}

/// Whom an enrolment or an order is about, also where a fault keeps it from being carried out.
fn whom(world: &World, operation: &str, call: &Call) -> About {
    let body = || serde_json::from_slice::<Value>(&call.body).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_string);
    let user_id = match operation {
        "enrollPreregistrationEnrollment" => text(&body()["userId"]),
        "CreateFPRShipment" => text(&body()["recipient"]["recipient_email"]).and_then(|email| {
            let mut people = world.orgs.iter().flat_map(|org| &org.people);
            // Whoever is not active yet gets mail at the secondary address.
            let reads =
                |person: &Person| ["email", "secondEmail"].iter().any(|name| person.attribute(name) == email);
            people.find(|person| reads(person)).map(|person| person.id.clone())
        }),
        _ => None,
    };
    About { user_id, ..About::default() }
}

fn finish(shared: &Shared, seq: u64, at: (Api, usize), buyer: Option<&str>, reply: Option<&Reply>) {
    let mut world = shared.world();
    if at.0 == Api::Okta {
        let org = world.org(at.1);
        org.running = org.running.saturating_sub(1);
    }
    if let Some(organization) =
        world.yubico.organizations.iter_mut().find(|known| Some(known.id.as_str()) == buyer)
    {
        organization.running_orders = organization.running_orders.saturating_sub(1);
    }
    world.journal.update(seq, |entry| {
        entry.status = reply.map(|reply| reply.status);
        entry.finished_at = Some(clock::now());
    });
}

/// Everything a caller proves itself with.
fn note_secrets(world: &mut World, call: &Call) {
    if let Some((scheme, value)) = call.header("authorization").and_then(|value| value.split_once(' ')) {
        let kind = if scheme == "DPoP" { "accessToken" } else { "token" };
        if !world.secrets.knows(value) {
            world.secrets.add(kind, value);
        }
    }
    for proof in call.headers.get_all("dpop").iter().filter_map(|value| value.to_str().ok()) {
        world.secrets.add("dpopProof", proof);
    }
    if call.path == "/oauth2/v1/token" {
        for (name, value) in url::form_urlencoded::parse(&call.body) {
            if name == "client_assertion" {
                world.secrets.add("clientAssertion", &value);
            }
        }
    }
}

/// The answer a rule puts in the place of the real one, if one does.
fn instead(
    effects: &[Effect],
    now: When,
    api: Api,
    call: &Call,
    shared: &Shared,
) -> Option<Result<Reply, Dropped>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Drop { when } if *when == now => Some(Err(Dropped)),
        Effect::Status { status, when, body, headers } if *when == now => {
            let reply = match body {
                Value::Null if spoils(api, *status, shared) => oddities::html(*status),
                Value::Null if *status >= 400 => refusal(api, *status),
                Value::Null => Reply::empty(*status),
                Value::String(text) => Reply::text(*status, "text/plain", text.clone()),
                body => Reply::json(*status, body),
            };
            Some(Ok(dressed(reply.under(headers), api, call, shared)))
        }
        // What is between knows nothing of the vendor's headers.
        Effect::WebPage { status, when, body, headers } if *when == now => {
            Some(Ok(Reply::text(*status, "text/html", body.clone()).under(headers)))
        }
        Effect::ExpiredToken if now == When::Before => {
            let reply = match api {
                Api::Okta => okta::errors::invalid_token(),
                Api::Yubico => {
                    yubico::errors::error(401, "unauthorized", "The API token is wrong or has expired.")
                }
                Api::Hris => hris::error(401, "the token has expired"),
            };
            Some(Ok(dressed(reply, api, call, shared)))
        }
        _ => None,
    })
}

/// Carries the operation out and journals what it did.
fn operate(
    shared: &Shared,
    api: Api,
    route: Option<Result<&Route<World>, ()>>,
    call: &Call,
    seq: u64,
) -> Reply {
    let reply = {
        let mut world = shared.world();
        let answer = carried_out(&mut world, api, route, call);
        let reply = answer.unwrap_or_else(|refusal| refusal);
        world.journal.update(seq, |entry| {
            entry.committed = reply.is_success();
            let known = entry.about.user_id.take();
            entry.about = (*reply.about).clone();
            entry.about.user_id = entry.about.user_id.take().or(known);
        });
        reply
    };
    let reply = if api == Api::Yubico && !reply.is_success() && spoils(api, reply.status, shared) {
        oddities::instead_of(reply)
    } else {
        reply
    };
    dressed(reply, api, call, shared)
}

/// Is an error with that status a page of HTML? Okta documents its own errors, so only what a proxy answers is. A 404
/// stays JSON: with a page, no caller could tell an order that is gone from a wrong address.
fn spoils(api: Api, status: u16, shared: &Shared) -> bool {
    let least = if api == Api::Yubico { 400 } else { 500 };
    status >= least && status != 404 && shared.world().settings.html_errors
}

fn carried_out(world: &mut World, api: Api, route: Option<Result<&Route<World>, ()>>, call: &Call) -> Answer {
    match (route, api) {
        (Some(Ok(route)), Api::Okta) => {
            okta::auth::authorize(world, call, route.scopes)?;
            (route.handler)(world, call)
        }
        (Some(Ok(route)), Api::Yubico | Api::Hris) => (route.handler)(world, call),
        (Some(Err(())), Api::Okta) => Err(okta::errors::wrong_method()),
        (Some(Err(())), Api::Yubico) => {
            Err(yubico::errors::error(405, "method_not_allowed", "The method is not allowed."))
        }
        (None, Api::Okta) => Err(okta::errors::not_found("Resource not found")),
        (None, Api::Yubico) => Err(yubico::errors::not_found()),
        (_, Api::Hris) => Err(hris::error(404, "there is no such operation")),
    }
}

/// Adds the headers Okta sends with everything.
fn dressed(mut reply: Reply, api: Api, call: &Call, shared: &Shared) -> Reply {
    if api == Api::Okta {
        let mut world = shared.world();
        let (rate, request_id) = (okta::rate::Rate::of(&world.settings, &call.path), noise(24));
        let mut headers = okta::rate::headers(world.org(call.org), rate).to_vec();
        headers.push(("x-okta-request-id".into(), request_id));
        let skew = world.org(call.org).settings.clock_skew_seconds;
        headers.extend(date(skew).map(|date| ("date".into(), date)));
        let present: Vec<String> = reply.headers.iter().map(|(name, _)| name.clone()).collect();
        reply.headers.extend(headers.into_iter().filter(|(name, _)| !present.contains(name)));
    }
    if shared.world().settings.odd_headers {
        oddities::headers(&mut reply);
    }
    reply
}

/// `Date` by a clock that is so many seconds ahead; a clock that is right is left to the server.
fn date(skew: i64) -> Option<String> {
    if skew == 0 {
        return None;
    }
    let there = clock::now().checked_add(SignedDuration::from_secs(skew)).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&there).ok()
}

/// The reply on the wire, with the faults that touch the body.
pub(crate) fn response(mut reply: Reply, effects: &[Effect]) -> Response<Body> {
    for effect in effects {
        match effect {
            Effect::Malformed => reply.body = b"{\"errorCode\": <html>".to_vec(),
            Effect::WrongCasing => respell(&mut reply, wrong_casing),
            Effect::State { state } => respell(&mut reply, |value| {
                let mut value = value.clone();
                replace_state(&mut value, *state);
                value
            }),
            _ => {}
        }
    }
    let truncated = effects.iter().any(|effect| matches!(effect, Effect::Truncate));
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let body = if truncated {
        builder = builder.header("content-length", reply.body.len().max(2));
        cut(&reply.body)
    } else {
        Full::new(Bytes::from(reply.body)).map_err(|never| match never {}).boxed()
    };
    builder.body(body).unwrap_or_else(|_| {
        let mut failed = Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed());
        *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

fn respell(reply: &mut Reply, change: impl Fn(&Value) -> Value) {
    if let Ok(value) = serde_json::from_slice::<Value>(&reply.body) {
        reply.body = change(&value).to_string().into_bytes();
    }
}

/// The first half of a body, then the end of the connection.
fn cut(body: &[u8]) -> Body {
    let half = Bytes::copy_from_slice(&body[..body.len() / 2]);
    let start = futures_util::stream::iter([Ok(Frame::data(half))]);
    let end = futures_util::stream::once(async {
        // Long enough for what was said so far to leave.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::other(Dropped))
    });
    BodyExt::boxed(StreamBody::new(start.chain(end)))
}
