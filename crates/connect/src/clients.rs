//! The clients of one connection, from its spec and its credential files.

use std::{path::Path, sync::Arc};

use api::connection::{Algorithm, Dpop, OktaAuth, YubiKeyConnectionSpec};
use domain::failure::{Failure, Reason};
use url::Url;
use vendors::{
    credentials::{self, Credentials, HrisSecret, OktaSecret},
    hris,
    http::{CallMetrics, Http, Proxies, Settings},
    okta, yubico,
};

use crate::{caches::Caches, times::Times};

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
    /// Calls the Okta org, within `okta.rateLimitShare` of its limits.
    pub okta: Arc<okta::Client>,
    /// Calls `YubiEnterprise`, one order at a time.
    pub yubico: Arc<yubico::Client>,
    /// The HRIS, where the connection names one.
    pub hris: Option<Arc<hris::Client>>,
    /// What is kept of `YubiEnterprise` between calls.
    pub caches: Arc<Caches>,
}

impl Clients {
    /// Are they the very same, and so the same credentials?
    #[must_use]
    pub fn are(&self, others: &Self) -> bool {
        Arc::ptr_eq(&self.okta, &others.okta) && Arc::ptr_eq(&self.yubico, &others.yubico)
    }
}

/// Makes the clients; sends nothing.
///
/// # Errors
/// What is wrong with the spec or a credential file.
pub fn of(
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
