//! Looks at a connection before a shipment may use it: credentials, clients, both vendors, verdicts, and the link.

use api::connection::{Algorithm, YubiKeyConnectionSpec};
use connect::{
    clients::Clients,
    probe_okta, probe_yubico,
    readings::{Readings, Why},
    times::Times,
    verdicts,
};
use domain::{
    desired::Orgs,
    failure::{Failure, Reason},
    preflight::{self, Check, Declared, OktaFacts, Shown, Verdict},
};

use super::stock;
use crate::connection::{
    conditions::Report,
    handle::{ConnectionHandle, Facts},
    usage::Evidence,
};

/// Clients that worked, and the spec they were made for.
#[derive(Debug, Clone)]
pub struct Proven {
    /// They go on where new credentials are refused, as long as the vendors take them.
    pub clients: Clients,
    /// The spec they were made for; they serve no other vendor's URLs.
    pub spec: YubiKeyConnectionSpec,
}

/// A connection to be looked at.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Names the directory of its credentials.
    pub name: &'a str,
    /// `metadata.uid`, which no other connection ever has.
    pub uid: &'a str,
    /// The spec to be examined.
    pub spec: &'a YubiKeyConnectionSpec,
    /// This cluster's id.
    pub cluster: Option<&'a str>,
    /// What its shipments show.
    pub evidence: &'a Evidence,
    /// Why it is looked at.
    pub why: Why,
}

/// As [`run`]; where the vendors refuse new credentials, or the files hold none, those that worked before go on as long
/// as the vendors take them. A key's file and its id in the spec cannot change at the same moment, and a file may come
/// half-written: neither shall cost an order. Credentials that were taken away are not used any more.
pub async fn run_with_fallback(
    subject: &Subject<'_>,
    clients: Result<Clients, Failure>,
    proven: Option<&Proven>,
    readings: &mut Readings,
) -> Report {
    let another = |proven: &&Proven| !clients.as_ref().is_ok_and(|clients| clients.are(&proven.clients));
    let proven = proven.filter(|proven| same_doors(&proven.spec, subject.spec)).filter(another).cloned();
    let doors = (subject.spec.okta.org_url.clone(), subject.spec.yubico.api_url.clone());
    if readings.doors != doors {
        *readings = Readings { doors, ..Readings::default() };
    }
    let before = readings.clone();
    let mut report = run(subject, clients, readings).await;
    if let Some(proven) = proven.filter(|_| report.fault().is_some_and(|fault| is_refusal(fault.reason))) {
        // What the refused credentials could not read, those from before may have.
        let mut earlier = before;
        let again = Subject { why: Why::Reported.max(subject.why), ..*subject };
        let before = run(&again, Ok(proven.clients), &mut earlier).await;
        report.interim = before.link.is_some();
        report.link = before.link;
        report.stock = report.stock.take().or(before.stock);
    }
    report
}

const fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::CredentialsInvalid | Reason::OktaUnauthorized | Reason::YubicoUnauthorized)
}

/// Do both specs lead to the same vendors in the same way, whichever key opens?
#[must_use]
pub fn same_doors(before: &YubiKeyConnectionSpec, after: &YubiKeyConnectionSpec) -> bool {
    let keyless = |spec: &YubiKeyConnectionSpec| {
        let mut okta = spec.okta.clone();
        if let Some(app) = okta.auth.private_key_jwt.as_mut() {
            app.key_id.clear();
            app.algorithm = Algorithm::default();
        }
        let hris = spec.recipient_source.clone();
        (okta, spec.yubico.clone(), hris, spec.calls.timeout.clone(), spec.allow_insecure_loopback)
    };
    keyless(before) == keyless(after)
}

/// Looks at everything that is due and puts the link together.
pub async fn run(
    subject: &Subject<'_>,
    clients: Result<Clients, Failure>,
    readings: &mut Readings,
) -> Report {
    let declared = declared(subject);
    let clients = match clients {
        Ok(clients) => clients,
        Err(failure) => {
            let okta = probe_okta::facts(readings, Shown::NotAsked);
            let yubico = probe_yubico::facts(readings, Shown::NotAsked);
            let checks = verdicts::of(Verdict::Fault(failure), &okta, &yubico, &declared);
            return Report { checks, ..Report::default() };
        }
    };
    let mut at_yubico = readings.clone();
    let (okta, yubico) = tokio::join!(
        probe_okta::look(&clients.okta, readings, &subject.evidence.ours, subject.why),
        probe_yubico::look(&clients.yubico, &clients.caches, &mut at_yubico, &declared, subject.why),
    );
    readings.take_yubico(at_yubico);
    let found = Verdict::Good("All credential files are there and readable.".to_owned());
    let mut report = Report { checks: verdicts::of(found, &okta, &yubico, &declared), ..Report::default() };
    let left = |inventory| stock::left(subject.spec, inventory);
    report.stock = Some(yubico.inventory.seen().map(left).unwrap_or_default())
        .filter(|_| yubico.access.seen().is_some_and(Result::is_ok));
    if report.fault().is_none() {
        match link(subject, clients, readings, &okta, &declared, report.stop()) {
            Ok(link) => report.link = Some(link),
            Err(failure) => fail(&mut report, failure),
        }
    }
    report
}

fn fail(report: &mut Report, failure: Failure) {
    if let Some(entry) = report.checks.iter_mut().find(|(check, _)| *check == Check::OktaReachable) {
        entry.1 = Verdict::Fault(failure);
    }
}

fn link(
    subject: &Subject<'_>,
    clients: Clients,
    readings: &Readings,
    okta: &OktaFacts,
    declared: &Declared,
    stop: Option<Failure>,
) -> Result<ConnectionHandle, Failure> {
    if declared.rp_id.is_none() && okta.method == Shown::NotAsked {
        // A key of the wrong RP id is dead: better none than one for the host.
        return Err(Failure::new(
            Reason::OktaUnavailable,
            "Okta did not show the authenticator's RP id yet; tried again, unless spec.okta.rpId is set.",
        ));
    }
    let rp_id = preflight::rp_id(&okta.method, declared).map_err(|fault| {
        Failure::new(
            Reason::ConnectionInvalid,
            format!("spec.okta.rpId cannot be used: {fault}; correct it."),
        )
    })?;
    let orgs = Orgs {
        okta: readings.organization.shown.seen().map(|found| found.id.clone()),
        yubico: readings.inventory.shown.seen().and_then(|found| found.organization.clone()),
    };
    let order_bar = stop.map(|stop| {
        let name = subject.name;
        Failure::new(
            stop.reason,
            format!(
                "The connection {name} is not ready for orders, so this shipment waits: {}",
                stop.message
            ),
        )
    });
    let facts = Facts { orgs, rp_id, order_bar, times: Times::of(subject.spec)? };
    let Clients { okta, yubico, hris, caches } = clients;
    let who = (subject.name.to_owned(), subject.uid.to_owned());
    Ok(ConnectionHandle::new(who, subject.spec.clone(), okta, yubico, hris, facts, caches))
}

fn declared(subject: &Subject<'_>) -> Declared {
    let orders = |model: &str| subject.evidence.orders(model);
    connect::declared::declared(subject.spec, orders, subject.cluster)
}
