//! What is checked about a connection before a shipment may use it: one condition each, every message with the fix.

use std::{path::Path, sync::Arc};

use jiff::SignedDuration;
use url::Url;

use super::{
    link::{Facts, Link, read_inventory},
    stock,
};
use crate::{
    api::connection::{Algorithm, Dpop, OktaAuth, YubiKeyConnectionSpec},
    controller::durations,
    credentials::{self, Credentials, OktaSecret},
    domain::{
        failure::{Failure, Reason},
        ids::RpId,
        seen::Inventory,
        wanted::Orgs,
    },
    http::{CallMetrics, Http, Settings},
    okta, yubico,
};

/// Okta refuses proofs older than five minutes or from the future; two minutes leave room.
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(2);

/// Result of each check, in order; `None`: not reached.
#[derive(Debug, Default)]
pub struct Report {
    /// Files of the credentials directory.
    pub credentials: Option<Result<String, Failure>>,
    /// Okta organization and token.
    pub okta: Option<Result<String, Failure>>,
    /// `YubiEnterprise` token, inventory and keys.
    pub yubico: Option<Result<String, Failure>>,
    /// Keys left for each model, as far as `YubiEnterprise` shows them; `None`: not read.
    pub stock: Option<Vec<(String, i64)>>,
    /// The usable connection, if all hold.
    pub link: Option<Link>,
    /// The link has the credentials from before: the new ones do not work, and the vendors still take the old ones.
    pub interim: bool,
}

impl Report {
    /// The first fault.
    #[must_use]
    pub fn fault(&self) -> Option<&Failure> {
        [&self.credentials, &self.okta, &self.yubico]
            .into_iter()
            .flatten()
            .find_map(|check| check.as_ref().err())
    }
}

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
    let own = Credentials::read(directory, name, okta_secret(&spec.okta.auth)).await?;
    match shared_ca {
        Some(path) => Ok(own.trusting(credentials::shared_ca(path).await?)),
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

/// Both clients of one connection. Kept while spec and files stay as they are: with them go the access token for its
/// life, the `DPoP` key and what Okta said about its limits.
#[derive(Debug, Clone)]
pub struct Clients {
    okta: Arc<okta::Client>,
    yubico: Arc<yubico::Client>,
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

/// As [`run`]; where the vendors refuse new credentials, or the files hold none, those that worked before go on as long
/// as the vendors take them. A key's file and its id in the spec cannot change at the same moment, and a file may come
/// half-written: neither shall cost an order. Credentials that were taken away are not used any more.
pub async fn run_with_fallback(
    name: &str,
    spec: &YubiKeyConnectionSpec,
    clients: Result<Clients, Failure>,
    proven: Option<&Proven>,
) -> Report {
    let another = |proven: &&Proven| !clients.as_ref().is_ok_and(|clients| clients.are(&proven.clients));
    let proven = proven.filter(|proven| same_doors(&proven.spec, spec)).filter(another).cloned();
    let mut report = run(name, spec, clients).await;
    if let Some(proven) = proven.filter(|_| report.fault().is_some_and(|fault| is_refusal(fault.reason))) {
        let before = run(name, spec, Ok(proven.clients)).await;
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
fn same_doors(before: &YubiKeyConnectionSpec, after: &YubiKeyConnectionSpec) -> bool {
    let keyless = |spec: &YubiKeyConnectionSpec| {
        let mut okta = spec.okta.clone();
        if let Some(app) = okta.auth.private_key_jwt.as_mut() {
            app.key_id.clear();
            app.algorithm = Algorithm::default();
        }
        (okta, spec.yubico.clone(), spec.calls.timeout.clone(), spec.allow_insecure_loopback)
    };
    keyless(before) == keyless(after)
}

/// Checks everything and puts the link together.
pub async fn run(name: &str, spec: &YubiKeyConnectionSpec, clients: Result<Clients, Failure>) -> Report {
    let mut report = Report::default();
    let Clients { okta, yubico } = match clients {
        Ok(clients) => clients,
        Err(failure) => {
            report.credentials = Some(Err(failure));
            return report;
        }
    };
    report.credentials = Some(Ok("All credential files are there and readable.".to_owned()));
    let (at_okta, at_yubico) = tokio::join!(check_okta(spec, &okta), check_yubico(&yubico));
    report.okta = Some(at_okta.as_ref().map(|found| found.says.clone()).map_err(Clone::clone));
    report.yubico = Some(at_yubico.as_ref().map(|found| found.says.clone()).map_err(Clone::clone));
    let shown = |found: &AtYubico| found.inventory.as_ref().map(|all| stock::left(spec, all));
    report.stock = at_yubico.as_ref().ok().map(|found| shown(found).unwrap_or_default());
    if let (Ok(at_okta), Ok(at_yubico)) = (at_okta, at_yubico) {
        let organization = at_yubico.inventory.as_ref().and_then(|i| i.organization.clone());
        let orgs = Orgs { okta: at_okta.organization, yubico: organization };
        let facts = Facts { orgs, rp_id: at_okta.rp_id };
        report.link =
            Some(Link::new(name.to_owned(), spec.clone(), okta, yubico, facts, at_yubico.inventory));
    }
    report
}

/// Makes both clients; sends nothing.
///
/// # Errors
/// What is wrong with the spec or a credential file.
pub fn clients(
    spec: &YubiKeyConnectionSpec,
    secrets: &Credentials,
    lanes: yubico::Lanes,
    metrics: Arc<CallMetrics>,
) -> Result<Clients, Failure> {
    let http = Http::new(
        &Settings {
            timeout: durations::std(&spec.calls.timeout),
            extra_ca: secrets.extra_ca.clone(),
            allow_insecure_loopback: spec.allow_insecure_loopback,
        },
        metrics,
    )?;
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
    Ok(Clients { okta: Arc::new(okta), yubico: Arc::new(yubico) })
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

struct AtOkta {
    organization: Option<crate::domain::ids::OktaOrgId>,
    rp_id: RpId,
    says: String,
}

async fn check_okta(spec: &YubiKeyConnectionSpec, okta: &okta::Client) -> Result<AtOkta, Failure> {
    let organization = match okta.organization().await {
        Ok(organization) => Some(organization),
        // The page is documented, but nothing of the road needs it: the token tells whether this is Okta.
        Err(error) if error.is_not_found() || error.failure.reason == Reason::WrongAddress => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(found) = &organization {
        engine(&found.pipeline)?;
        clock(found.clock_skew)?;
    }
    okta.prepare().await.map_err(Failure::from)?;
    let rp_id = rp_id(spec, okta).await?;
    let says = format!("Okta took the credentials; keys are made for RP id {rp_id}.");
    Ok(AtOkta { organization: organization.map(|o| o.id), rp_id, says })
}

fn engine(pipeline: &okta::Pipeline) -> Result<(), Failure> {
    match pipeline {
        okta::Pipeline::Classic => Err(Failure::new(
            Reason::ConnectionInvalid,
            "The Okta org runs Classic Engine, which has no pre-registration; upgrade the org to Identity Engine.",
        )),
        okta::Pipeline::IdentityEngine | okta::Pipeline::Other(_) => Ok(()),
    }
}

fn clock(skew: Option<SignedDuration>) -> Result<(), Failure> {
    if skew.is_some_and(|skew| skew.abs() > MOST_SKEW) {
        return Err(Failure::new(
            Reason::ClockSkew,
            "The operator's clock differs from Okta's by more than two minutes, and Okta refuses such proofs; set the clock of the node.",
        ));
    }
    Ok(())
}

/// The configured one, else the authenticator's, else the host people sign in at: a key of one RP id does not work
/// under another.
async fn rp_id(spec: &YubiKeyConnectionSpec, okta: &okta::Client) -> Result<RpId, Failure> {
    let wrong = |fault| {
        Failure::new(
            Reason::ConnectionInvalid,
            format!("spec.okta.rpId cannot be used: {fault}; correct it."),
        )
    };
    if let Some(set) = &spec.okta.rp_id {
        return RpId::new(set).map_err(wrong);
    }
    match okta.webauthn_rp_id().await {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => {}
        // Where the authenticators are not shown the host decides.
        Err(error) if error.is_not_found() || error.failure.reason == Reason::WrongAddress => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(host) = &spec.okta.sign_in_host {
        return RpId::new(host).map_err(wrong);
    }
    let url = url("okta.orgUrl", &spec.okta.org_url)?;
    RpId::new(url.host_str().unwrap_or_default()).map_err(wrong)
}

struct AtYubico {
    inventory: Option<Inventory>,
    says: String,
}

async fn check_yubico(yubico: &yubico::Client) -> Result<AtYubico, Failure> {
    let inventory = read_inventory(yubico).await?;
    yubico.transport_keys().await?;
    yubico.signing_keys().await?;
    Ok(AtYubico { inventory, says: "YubiEnterprise took the token; its keys can be read.".to_owned() })
}
