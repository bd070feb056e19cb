//! One pass over a connection: credentials changed? preflight, status, event.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::Patch, runtime::controller::Action};
use serde_json::json;
use tracing::Instrument;

use super::{
    preflight::{self, Report},
    registry::Connection,
};
use crate::{
    api::{FINALIZER, REQUESTED_AT, connection::YubiKeyConnection, connection::YubiKeyConnectionStatus},
    clock,
    controller::{
        Context, commit,
        commit::CommitError,
        conditions::{self, Fact},
        events, measure,
    },
    credentials::Fingerprint,
    domain::failure::{Failure, Kind, Reason},
    trace, yubico,
};

/// Credential files are compared this often: a changed Secret acts within it.
const FILES_EVERY: Duration = Duration::from_secs(10);
/// A healthy connection is examined anew after this.
const HEALTHY: SignedDuration = SignedDuration::from_mins(10);
/// A faulty one after this.
const FAULTY: SignedDuration = SignedDuration::from_secs(20);

/// What the last examination saw, to know whether another is due.
#[derive(Debug, Clone)]
pub struct Examined {
    at: Timestamp,
    generation: Option<i64>,
    files: Option<Fingerprint>,
    healthy: bool,
    requested: Option<String>,
    lanes: yubico::Lanes,
    clients: Option<preflight::Clients>,
}

/// One pass.
///
/// # Errors
/// If the API server does not take the status.
pub async fn reconcile(object: Arc<YubiKeyConnection>, ctx: Arc<Context>) -> Result<Action, Failure> {
    if !ctx.leadership.is_held() {
        return Ok(Action::await_change());
    }
    let span = trace::connection(&object.name_any());
    let examined = Box::pin(pass(object, Arc::clone(&ctx)));
    measure::pass(&ctx, measure::CONNECTION, examined).instrument(span).await
}

async fn pass(object: Arc<YubiKeyConnection>, ctx: Arc<Context>) -> Result<Action, Failure> {
    if object.metadata.deletion_timestamp.is_some() {
        return remove(&object, &ctx).await;
    }
    let object = match ensure_finalizer(&object, &ctx).await {
        Ok(object) => object,
        Err(error) => return quiet(error),
    };
    let credentials = preflight::credentials(&ctx.credentials_dir, &object.name_any(), &object.spec).await;
    let files = credentials.as_ref().ok().map(crate::credentials::Credentials::fingerprint);
    if !due(&object, files, &ctx) {
        return Ok(Action::requeue(FILES_EVERY));
    }
    let name = object.name_any();
    let last = ctx.examined(&name);
    let lanes = last.as_ref().map(|e| e.lanes.clone()).unwrap_or_default();
    let kept = last.filter(|e| e.generation == object.metadata.generation && e.files == files);
    let clients = match kept.and_then(|e| e.clients) {
        Some(clients) => Ok(clients),
        None => credentials.and_then(|secrets| {
            preflight::clients(&object.spec, &secrets, lanes.clone(), Arc::clone(&ctx.metrics.calls))
        }),
    };
    let mut report = preflight::run(&name, &object.spec, clients.clone()).await;
    let healthy = publish(&name, &mut report, &ctx);
    ctx.set_examined(
        &name,
        Examined {
            at: clock::now(),
            generation: object.metadata.generation,
            files,
            healthy,
            requested: requested(&object),
            lanes,
            clients: clients.ok(),
        },
    );
    match write(&object, &report, &ctx).await {
        Ok(()) => Ok(Action::requeue(FILES_EVERY)),
        Err(error) => quiet(error),
    }
}

fn quiet(error: CommitError) -> Result<Action, Failure> {
    match error {
        CommitError::Conflict => Ok(Action::requeue(Duration::from_secs(1))),
        CommitError::Gone => Ok(Action::await_change()),
        CommitError::Failed(failure) => Err(failure),
    }
}

fn requested(object: &YubiKeyConnection) -> Option<String> {
    object.annotations().get(REQUESTED_AT).cloned()
}

fn due(object: &YubiKeyConnection, files: Option<Fingerprint>, ctx: &Context) -> bool {
    let reported = ctx.registry.take_report(&object.name_any()).is_some();
    let Some(last) = ctx.examined(&object.name_any()) else { return true };
    let age = clock::now().duration_since(last.at);
    let changed = last.generation != object.metadata.generation
        || last.files != files
        || last.requested != requested(object);
    changed || reported || age >= if last.healthy { HEALTHY } else { FAULTY }
}

/// Hands the result to the shipments. A fault that may pass does not take a working connection away.
fn publish(name: &str, report: &mut Report, ctx: &Context) -> bool {
    if let Some(stock) = report.stock.take() {
        ctx.metrics.connections.set_stock(name, stock);
    }
    if let Some(link) = report.link.take() {
        ctx.registry.set(name, Connection::Usable(Arc::new(link)));
        return true;
    }
    let failure = report.fault().cloned().unwrap_or_else(|| {
        Failure::new(Reason::ConnectionNotReady, "The connection has not been examined yet.")
    });
    ctx.metrics.failed(measure::CONNECTION, failure.reason);
    let passing = failure.reason.kind() != Kind::Auth;
    if !(passing && matches!(ctx.registry.get(name), Some(Connection::Usable(_)))) {
        let said = Failure::new(
            failure.reason,
            format!("The connection {name} is at fault, so this shipment waits: {}", failure.message),
        );
        ctx.registry.set(name, Connection::Faulty(said));
    }
    false
}

async fn ensure_finalizer(
    object: &Arc<YubiKeyConnection>,
    ctx: &Context,
) -> Result<Arc<YubiKeyConnection>, CommitError> {
    if object.finalizers().iter().any(|f| f == FINALIZER) {
        return Ok(Arc::clone(object));
    }
    let finalizers: Vec<_> = object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
    set_finalizers(object, ctx, &finalizers).await.map(Arc::new)
}

async fn set_finalizers(
    object: &YubiKeyConnection,
    ctx: &Context,
    finalizers: &[String],
) -> Result<YubiKeyConnection, CommitError> {
    let api: Api<YubiKeyConnection> = Api::all(ctx.client.clone());
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    api.patch(&object.name_any(), &commit::params(), &Patch::Merge(patch)).await.map_err(commit::classify)
}

/// The connection stays while a shipment with an open effect names it: without it a key would be lost.
async fn remove(object: &YubiKeyConnection, ctx: &Context) -> Result<Action, Failure> {
    if !object.finalizers().iter().any(|f| f == FINALIZER) {
        ctx.registry.remove(&object.name_any());
        return Ok(Action::await_change());
    }
    if ctx.needs_connection(&object.name_any()) {
        return Ok(Action::requeue(FILES_EVERY));
    }
    let rest: Vec<_> = object.finalizers().iter().filter(|f| *f != FINALIZER).cloned().collect();
    match set_finalizers(object, ctx, &rest).await {
        Ok(_) => {
            ctx.registry.remove(&object.name_any());
            Ok(Action::await_change())
        }
        Err(error) => quiet(error),
    }
}

async fn write(object: &YubiKeyConnection, report: &Report, ctx: &Context) -> Result<(), CommitError> {
    let api: Api<YubiKeyConnection> = Api::all(ctx.client.clone());
    let old = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let mut new = YubiKeyConnectionStatus {
        observed_generation: generation,
        last_handled_reconcile_at: requested(object),
        conditions: conditions::build(facts(report), &old.conditions, generation, clock::now()),
        cluster: ctx.cluster.clone(),
        ..old.clone()
    };
    if let Some(Connection::Usable(link)) = ctx.registry.get(&object.name_any()) {
        new.okta_organization = link.facts.orgs.okta.as_ref().map(ToString::to_string);
        new.yubico_organization = link.facts.orgs.yubico.as_ref().map(ToString::to_string);
        new.rp_id = Some(link.facts.rp_id.to_string());
    }
    if commit::commit(&api, object, &old, &new, |o| o.status.as_ref()).await?.is_some() {
        events::transition(ctx, object, &old.conditions, &new.conditions).await;
    }
    Ok(())
}

fn facts(report: &Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    match report.fault() {
        None => facts.push(Fact::new(
            "Ready",
            true,
            "Succeeded",
            "Okta and YubiEnterprise took the credentials; shipments can use this connection.",
        )),
        Some(failure) => {
            facts.push(Fact::new("Ready", false, failure.reason.as_str(), failure.message.clone()));
            let kind = if failure.reason.kind() == Kind::Auth { "Stalled" } else { "Reconciling" };
            facts.push(Fact::new(kind, true, failure.reason.as_str(), failure.message.clone()));
        }
    }
    for (kind, check) in [
        ("CredentialsValid", &report.credentials),
        ("OktaReachable", &report.okta),
        ("YubicoReachable", &report.yubico),
    ] {
        facts.push(match check {
            None => Fact {
                kind,
                status: None,
                reason: "NotChecked".into(),
                message: "An earlier check failed, so this one was not made.".into(),
            },
            Some(Ok(says)) => Fact::new(kind, true, "Succeeded", says.clone()),
            Some(Err(failure)) => Fact::new(kind, false, failure.reason.as_str(), failure.message.clone()),
        });
    }
    facts
}
