//! Looks at a connection before a shipment may use it: credentials, clients, both vendors, verdicts, and the link.

use std::{path::Path, sync::Arc};

use api::connection::{Algorithm, Dpop, KeyModel, OktaAuth, YubiKeyConnectionSpec};
use domain::{
    desired::Orgs,
    failure::{Failure, Reason},
    preflight::{self, Check, Declared, Model, OktaFacts, Shown, Verdict, YubicoFacts},
};
use url::Url;
use vendors::{
    credentials::{self, Credentials, HrisSecret, OktaSecret},
    hris,
    http::{CallMetrics, Http, Proxies, Settings},
    okta, yubico,
};

use super::{caches::Caches, stock, times::Times};
use crate::connection::{
    conditions::Report,
    handle::{ConnectionHandle, Facts},
    probe_okta, probe_yubico,
    readings::{Readings, Why},
    usage::Evidence,
};

/// The secret that the spec's way to authenticate needs.
#[must_use]
pub const fn okta_secret(auth: &OktaAuth) -> OktaSecret {
    if auth.api_token.is_some() { OktaSecret::ApiToken } else { OktaSecret::PrivateKey }
}

/// Reads the credential files, and the certificates that all connections trust.
///
/// # Errors
/// Names the file and what is expected of it.
pub async fn credentials(
    directory: &Path,
    shared_ca: Option<&Path>,
    name: &str,
    spec: &YubiKeyConnectionSpec,
) -> Result<Credentials, Failure> {
    let hris = if spec.recipient_source.is_some() { HrisSecret::Token } else { HrisSecret::None };
    let own = Credentials::read(directory, name, okta_secret(&spec.okta.auth), hris).await?;
    match shared_ca {
        Some(path) => Ok(own.trusting(&credentials::shared_ca(path).await?)),
        None => Ok(own),
    }
}

/// The bundle of certificates that every connection trusts.
///
/// # Errors
/// `CredentialsInvalid`, naming the file.
pub async fn shared_ca(path: &Path) -> Result<Vec<u8>, Failure> {
    credentials::shared_ca(path).await
}

/// The clients of one connection. Kept while spec and files stay as they are: with them go the access token for its
/// life, the `DPoP` key and what Okta said about its limits.
#[derive(Debug, Clone)]
pub struct Clients {
    okta: Arc<okta::Client>,
    yubico: Arc<yubico::Client>,
    hris: Option<Arc<hris::Client>>,
    caches: Arc<Caches>,
}

impl Clients {
    fn are(&self, others: &Self) -> bool {
        Arc::ptr_eq(&self.okta, &others.okta) && Arc::ptr_eq(&self.yubico, &others.yubico)
    }
}

/// Clients that worked, and the spec they were made for.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The clients.
    pub clients: Clients,
    /// The spec.
    pub spec: YubiKeyConnectionSpec,
}

/// A connection to be looked at.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Its spec.
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
            let checks = checks(Verdict::Fault(failure), &okta, &yubico, &declared);
            return Report { checks, ..Report::default() };
        }
    };
    let mut at_yubico = readings.clone();
    let (okta, yubico) = tokio::join!(
        probe_okta::look(&clients.okta, readings, subject.evidence, subject.why),
        probe_yubico::look(&clients.yubico, &clients.caches, &mut at_yubico, &declared, subject.why),
    );
    readings.take_yubico(at_yubico);
    let found = Verdict::Good("All credential files are there and readable.".to_owned());
    let mut report = Report { checks: checks(found, &okta, &yubico, &declared), ..Report::default() };
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

fn checks(
    credentials: Verdict,
    okta: &OktaFacts,
    yubico: &YubicoFacts,
    declared: &Declared,
) -> Vec<(Check, Verdict)> {
    let mut checks = vec![(Check::CredentialsValid, credentials)];
    checks.extend(preflight::okta(okta, declared));
    checks.extend(preflight::yubico(yubico, declared));
    checks.push((Check::OrderingClusterSet, preflight::ordering_cluster(declared)));
    checks
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
    let spec = subject.spec;
    let host = Url::parse(&spec.okta.org_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let model = |key: &KeyModel| Model {
        name: key.name.clone(),
        product_id: key.product_id,
        inventory_product_id: key.inventory_product_id,
        customization_id: key.customization_id.clone(),
        low_stock: key.low_stock(),
        orders: subject.evidence.orders(&key.name),
    };
    Declared {
        org_host: host.unwrap_or_default(),
        sign_in_host: spec.okta.sign_in_host.clone(),
        rp_id: spec.okta.rp_id.clone(),
        models: spec.keys.iter().map(model).collect(),
        countries: spec.yubico.countries.clone(),
        ordering_cluster: spec.ordering_cluster.clone(),
        cluster: subject.cluster.map(str::to_owned),
    }
}

/// Makes the clients; sends nothing.
///
/// # Errors
/// What is wrong with the spec or a credential file.
pub fn clients(
    spec: &YubiKeyConnectionSpec,
    secrets: &Credentials,
    lanes: yubico::OrderLanes,
    proxies: Proxies,
    metrics: Arc<CallMetrics>,
) -> Result<Clients, Failure> {
    let transport = Settings {
        timeout: Times::of(spec)?.calls.timeout.unsigned_abs(),
        extra_ca: secrets.extra_ca.clone(),
        allow_insecure_loopback: spec.allow_insecure_loopback,
        proxies,
    };
    let hris = hris(spec, secrets, &transport, Arc::clone(&metrics))?;
    let http = Http::new(&transport, metrics)?;
    let okta = okta::Client::new(
        &okta::Settings {
            org_url: url("okta.orgUrl", &spec.okta.org_url)?,
            auth: auth(&spec.okta.auth, secrets)?,
            calls_per_second: okta::CALLS_PER_SECOND,
            share: okta::Share::of_percent(spec.okta.rate_limit_share),
        },
        http.clone(),
    )?;
    let yubico = yubico::Client::new(
        &yubico::Settings {
            api_url: url("yubico.apiUrl", &spec.yubico.api_url)?,
            transport_keys_url: url("yubico.transportKeysUrl", &spec.yubico.transport_keys_url)?,
            signing_keys_url: url("yubico.signingKeysUrl", &spec.yubico.signing_keys_url)?,
            token: secrets.yubico_token.clone(),
            lanes,
        },
        http,
    )?;
    Ok(Clients { okta: Arc::new(okta), yubico: Arc::new(yubico), hris, caches: Arc::default() })
}

/// The HRIS has a CA of its own: nobody who may answer for the one shall be taken for the other.
fn hris(
    spec: &YubiKeyConnectionSpec,
    secrets: &Credentials,
    transport: &Settings,
    metrics: Arc<CallMetrics>,
) -> Result<Option<Arc<hris::Client>>, Failure> {
    let (Some(source), Some(own)) = (&spec.recipient_source, &secrets.hris) else { return Ok(None) };
    let settings =
        hris::Settings { url: url("recipientSource.http.url", &source.http.url)?, token: own.token.clone() };
    let transport = Settings { extra_ca: own.extra_ca.clone(), ..transport.clone() };
    Ok(Some(Arc::new(hris::Client::new(settings, &transport, metrics)?)))
}

fn url(field: &str, text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|fault| {
        Failure::new(Reason::ConnectionInvalid, format!("spec.{field} is not a URL ({fault}); correct it."))
    })
}

fn auth(auth: &OktaAuth, secrets: &Credentials) -> Result<okta::Auth, Failure> {
    let Some(app) = &auth.private_key_jwt else {
        return match auth.api_token {
            Some(_) => Ok(okta::Auth::ApiToken(secrets.okta.clone())),
            None => Err(Failure::new(
                Reason::ConnectionInvalid,
                "spec.okta.auth names no way to authenticate; set privateKeyJwt or apiToken.",
            )),
        };
    };
    Ok(okta::Auth::PrivateKeyJwt(okta::ServiceApp {
        client_id: app.client_id.clone(),
        key_id: Some(app.key_id.clone()),
        algorithm: match app.algorithm {
            Algorithm::RS256 => okta::Algorithm::Rs256,
            Algorithm::RS384 => okta::Algorithm::Rs384,
            Algorithm::RS512 => okta::Algorithm::Rs512,
            Algorithm::ES256 => okta::Algorithm::Es256,
            Algorithm::ES384 => okta::Algorithm::Es384,
            Algorithm::ES512 => okta::Algorithm::Es512,
        },
        dpop: match app.dpop {
            Dpop::Auto => okta::Dpop::Auto,
            Dpop::Always => okta::Dpop::Always,
            Dpop::Never => okta::Dpop::Never,
        },
        key: secrets.okta.clone(),
    }))
}
