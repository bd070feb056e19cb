//! One pass over a connection: credentials changed? preflight, status, event.

use std::{sync::Arc, time::Duration};

use api::{
    REQUESTED_AT,
    connection::{YubiKeyConnection, YubiKeyConnectionStatus},
};
use connect::{
    clients::{self, Clients},
    readings::Why,
};
use domain::failure::{Failure, Kind, Reason};
use futures::FutureExt;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt, runtime::controller::Action};
use system::{clock, trace};
use tracing::Instrument;
use vendors::credentials::{Credentials, Fingerprint, expiry::Expiry};

use super::{
    expiry,
    preflight::{self, Proven, Subject},
};
use crate::{
    connection::{
        conditions::Report, deletion, entries::Connection, examined::Examined, let_go, usage::Evidence,
    },
    context::Context,
    kubernetes::{
        conditions::{self, Fact},
        events, finalizer, retry,
        status_patch::{self, CommitError},
    },
    metrics::instrument,
};

/// Credential files are compared this often: a changed Secret acts within it.
const FILES_EVERY: Duration = Duration::from_secs(5);
/// Reported faults are looked at no more often than this: a thousand shipments may meet the same one at once.
const REPORTS_EVERY: SignedDuration = SignedDuration::from_secs(2);
/// The same after many reports that the vendors did not confirm: what is refused again and again is not the connection.
const REPORTS_SELDOM: SignedDuration = SignedDuration::from_mins(5);
/// A connection that the vendors let in is looked at anew after this; what is read then has a pace of its own.
const HEALTHY: SignedDuration = SignedDuration::from_mins(10);
/// A faulty one after this.
const FAULTY: SignedDuration = SignedDuration::from_secs(20);

/// One pass.
///
/// # Errors
/// If the API server does not take the status.
pub async fn reconcile(object: Arc<YubiKeyConnection>, ctx: Arc<Context>) -> Result<Action, Failure> {
    if !ctx.leadership.is_held() {
        return Ok(Action::await_change());
    }
    let span = trace::connection(&object.name_any());
    let uid = object.uid().unwrap_or_default();
    let examined = std::panic::AssertUnwindSafe(Box::pin(pass(object, Arc::clone(&ctx)))).catch_unwind();
    let examined = examined.map(|ended| ended.unwrap_or_else(|_| Err(retry::stopped(true))));
    instrument::pass((&ctx.metrics, &ctx.failures), instrument::CONNECTION, &uid, examined)
        .instrument(span)
        .await
}

async fn pass(object: Arc<YubiKeyConnection>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let object = ctx.connections.entries.newest(object);
    let object = if object.metadata.deletion_timestamp.is_some() {
        // As long as shipments need it, its credentials may change and its vendors fail as with any other.
        match deletion::release(&object, &ctx).await {
            Ok(true) => return Ok(Action::await_change()),
            Ok(false) => object,
            Err(error) => return quiet(error),
        }
    } else {
        match ensure_finalizer(&object, &ctx).await {
            Ok(object) => object,
            Err(error) => return quiet(error),
        }
    };
    let (name, uid) = (object.name_any(), object.uid().unwrap_or_default());
    let credentials =
        clients::credentials(&ctx.credentials_dir, ctx.shared_ca.as_deref(), &name, &object.spec).await;
    let files = credentials.as_ref().ok().map(Credentials::fingerprint);
    let last = ctx.connections.entries.examined(&uid);
    let why = match due(&object, files, last.as_ref(), &ctx) {
        Due::Now(why) => why,
        Due::In(wait) => {
            return match deletion::say(&object, &ctx).await {
                Ok(()) => Ok(Action::requeue(wait)),
                Err(error) => quiet(error),
            };
        }
    };
    ctx.connections.entries.take_report(&uid);
    let expiry = match &credentials {
        Ok(secrets) => Some(secrets.yubico_expiry.clone()),
        Err(_) => Credentials::yubico_expiry(&ctx.credentials_dir, &name).await,
    };
    ctx.metrics.connections.set_expiry(&uid, expiry::moment(expiry.as_ref()));
    let lanes = last.as_ref().map(|e| e.lanes.clone()).unwrap_or_default();
    let proven = last.as_ref().and_then(|e| e.proven.clone());
    let mut readings = last.as_ref().map(|e| e.readings.clone()).unwrap_or_default();
    let fruitless = last.as_ref().map_or(0, |e| e.fruitless);
    let kept = last.filter(|e| e.generation == object.metadata.generation && e.files == files);
    let clients = match kept.and_then(|e| e.clients) {
        Some(clients) => Ok(clients),
        None => credentials.and_then(|secrets| {
            let (proxies, calls) = (ctx.proxies.clone(), Arc::clone(&ctx.metrics.calls));
            clients::of(&object.spec, &secrets, lanes.clone(), proxies, calls)
        }),
    };
    let evidence = Evidence::of(ctx.shipments.watched.all(), &object).await;
    let subject = Subject {
        name: &name,
        uid: &uid,
        spec: &object.spec,
        cluster: ctx.cluster.as_deref(),
        evidence: &evidence,
        why,
    };
    let looked = preflight::run_with_fallback(&subject, clients.clone(), proven.as_ref(), &mut readings);
    let mut report = Box::pin(looked).await;
    let proven = now_proven(&object, &report, clients.as_ref().ok(), proven);
    publish(&object, &mut report, &ctx);
    let healthy = report.fault().is_none();
    if let Some(fault) = report.fault() {
        ctx.metrics.failed(instrument::CONNECTION, fault.reason);
    }
    let written = write(&object, &report, expiry.as_ref(), &ctx).await;
    ctx.connections.entries.set_examined(
        &uid,
        Examined {
            told: written.is_ok(),
            at: clock::now(),
            generation: object.metadata.generation,
            files,
            healthy,
            stopped: report.stop().is_some(),
            requested: requested(&object),
            lanes,
            clients: clients.ok(),
            proven,
            expiry: expiry.clone(),
            readings,
            fruitless: if why == Why::Reported && healthy { fruitless.saturating_add(1) } else { 0 },
        },
    );
    match written {
        Ok(()) => Ok(Action::requeue(expiry::sooner(FILES_EVERY, expiry.as_ref(), clock::now()))),
        Err(error) => quiet(error),
    }
}

/// What worked stays until something newer has worked, or until it was taken away.
fn now_proven(
    object: &YubiKeyConnection,
    report: &Report,
    clients: Option<&Clients>,
    before: Option<Proven>,
) -> Option<Proven> {
    match (report.fault(), clients) {
        (None, Some(clients)) => Some(Proven { clients: clients.clone(), spec: object.spec.clone() }),
        (Some(fault), _) if fault.reason == Reason::CredentialsMissing => None,
        _ => before,
    }
}

fn quiet(error: CommitError) -> Result<Action, Failure> {
    match error {
        CommitError::Conflict => Ok(Action::requeue(Duration::from_secs(1))),
        CommitError::Gone => Ok(Action::await_change()),
        CommitError::Failed(failure) | CommitError::Unanswered(failure) => Err(failure),
    }
}

fn requested(object: &YubiKeyConnection) -> Option<String> {
    object.annotations().get(REQUESTED_AT).cloned()
}

enum Due {
    Now(Why),
    In(Duration),
}

fn due(
    object: &YubiKeyConnection,
    files: Option<Fingerprint>,
    last: Option<&Examined>,
    ctx: &Context,
) -> Due {
    // The first look of a process reads everything there is to read, at its own pace from then on.
    let Some(last) = last else { return Due::Now(Why::Time) };
    let now = clock::now();
    let age = now.duration_since(last.at);
    let changed = last.generation != object.metadata.generation
        || last.files != files
        || last.requested != requested(object);
    let stage = expiry::stage(last.expiry.as_ref(), last.at) != expiry::stage(last.expiry.as_ref(), now);
    let reported = ctx.connections.entries.is_reported(&object.uid().unwrap_or_default());
    let apart = reports_apart(last.fruitless);
    let old = age >= if last.healthy { HEALTHY } else { FAULTY };
    if changed || (last.stopped && old && last.healthy) {
        return Due::Now(Why::Everything);
    }
    if reported && age >= apart {
        return Due::Now(Why::Reported);
    }
    // What was found and could not be written, because the object had changed meanwhile, is found and written anew.
    if old || stage || !last.told {
        return Due::Now(if last.healthy { Why::Time } else { Why::Fault });
    }
    let wait = if reported { (apart - age).unsigned_abs().min(FILES_EVERY) } else { FILES_EVERY };
    Due::In(expiry::sooner(wait, last.expiry.as_ref(), now))
}

/// Between two looks that reports cause, the more of them in a row found nothing.
fn reports_apart(fruitless: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(fruitless.min(16)).unwrap_or(i32::MAX);
    REPORTS_EVERY.checked_mul(factor).unwrap_or(REPORTS_SELDOM).min(REPORTS_SELDOM)
}

/// Hands the result to the shipments. A fault that may pass does not take a working connection away, as long as the spec
/// leads where that one leads.
fn publish(object: &YubiKeyConnection, report: &mut Report, ctx: &Context) {
    let (name, uid) = (object.name_any(), object.uid().unwrap_or_default());
    let marks = object.spec.keys.iter().map(|key| (key.name.clone(), key.low_stock()));
    ctx.metrics.connections.set_low_stock(&uid, marks.collect());
    if let Some(stock) = report.stock.take() {
        ctx.metrics.connections.set_stock(&uid, stock);
    }
    if let Some(link) = report.link.take() {
        ctx.connections.entries.set(&uid, Connection::Usable(Arc::new(link)));
        return;
    }
    let failure = report.fault().cloned().unwrap_or_else(|| {
        Failure::new(Reason::ConnectionNotReady, "The connection has not been examined yet.")
    });
    let passing = failure.reason.kind() != Kind::Auth;
    let kept = match ctx.connections.entries.get(&uid).filter(|_| passing) {
        Some(Connection::Usable(link)) if link.spec == object.spec => return,
        Some(Connection::Usable(link)) if preflight::same_doors(&link.spec, &object.spec) => {
            Connection::Usable(Arc::new(link.with_spec(object.spec.clone())))
        }
        _ => Connection::Faulty(Failure::new(
            failure.reason,
            format!("The connection {name} is at fault, so this shipment waits: {}", failure.message),
        )),
    };
    ctx.connections.entries.set(&uid, kept);
}

async fn ensure_finalizer(
    object: &Arc<YubiKeyConnection>,
    ctx: &Context,
) -> Result<Arc<YubiKeyConnection>, CommitError> {
    if finalizer::present(object.as_ref()) {
        return Ok(Arc::clone(object));
    }
    let written = finalizer::add(&Api::all(ctx.client.clone()), object.as_ref()).await.map(Arc::new)?;
    ctx.connections.entries.note_written(&written);
    Ok(written)
}

async fn write(
    object: &YubiKeyConnection,
    report: &Report,
    expiry: Option<&Expiry>,
    ctx: &Context,
) -> Result<(), CommitError> {
    let api: Api<YubiKeyConnection> = Api::all(ctx.client.clone());
    let old = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let conditions =
        conditions::build(facts(report, expiry, object, ctx), &old.conditions, generation, clock::now());
    let mut new = YubiKeyConnectionStatus {
        observed_generation: generation,
        last_handled_reconcile_at: requested(object),
        summary: conditions::summary(&conditions),
        conditions,
        cluster: ctx.cluster.clone(),
        let_go: let_go::current(&old.let_go),
        ..old.clone()
    };
    if let Some(Connection::Usable(link)) = ctx.connections.entries.get(&object.uid().unwrap_or_default()) {
        new.okta_organization = link.facts.orgs.okta.as_ref().map(ToString::to_string);
        new.yubico_organization = link.facts.orgs.yubico.as_ref().map(ToString::to_string);
        new.rp_id = Some(link.facts.rp_id.to_string());
    }
    if let Some(written) = status_patch::commit(&api, object, &old, &new).await? {
        ctx.connections.entries.note_written(&Arc::new(written));
        log_change(&old.conditions, &new.conditions, &object.name_any());
        events::transition(&ctx.outbox, object, &old.conditions, &new.conditions);
        for kind in [expiry::CONDITION, deletion::CONDITION] {
            events::warning(&ctx.outbox, object, kind, &old.conditions, &new.conditions);
        }
    }
    Ok(())
}

/// The log says what the condition says, once: who reads one may not read the other.
fn log_change(before: &[Condition], after: &[Condition], connection: &str) {
    let Some(ready) = conditions::find(after, "Ready") else { return };
    if conditions::find(before, "Ready").is_some_and(|old| old.message == ready.message) {
        return;
    }
    let (reason, message) = (&ready.reason, &ready.message);
    if ready.status == "True" {
        tracing::info!(connection, reason, message, "the connection can be used");
    } else {
        tracing::warn!(connection, reason, message, "the connection is at fault");
    }
}

fn facts(report: &Report, expiry: Option<&Expiry>, object: &YubiKeyConnection, ctx: &Context) -> Vec<Fact> {
    let mut facts = report.facts();
    facts.extend(deletion::fact(object, ctx));
    facts.push(expiry::fact(expiry, &object.name_any(), clock::now()));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_nothing_confirms_are_looked_at_less_and_less() {
        assert_eq!(reports_apart(0), REPORTS_EVERY);
        assert!((0..40).all(|n| reports_apart(n) <= reports_apart(n + 1)));
        assert_eq!(reports_apart(40), REPORTS_SELDOM);
    }
}
