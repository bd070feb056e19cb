//! The only place that sends: span, metric, time and size limits, and the question whether a call arrived.
//!
//! Nothing is repeated here. An order that is sent twice is two keys, so there are no redirects, no
//! retries, no cookies, and calls that make something new never travel on a connection that was used
//! before: a server that closes it at that moment would leave us not knowing.

mod answer;
mod api;
mod call;
mod certificates;
pub(crate) mod endpoint;
pub(crate) mod fault;
mod fields;
pub(crate) mod link;
mod metrics;
mod proxies;
mod resolver;
mod web_page;

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use native_tls::TlsConnector;
use reqwest::{Client, ClientBuilder, Response, header, redirect, retry};
use tokio::time::Instant;
use tracing::Instrument;

pub(crate) use self::fault::is_too_large;
pub use self::fault::not_sent;
pub use self::{
    answer::{Answer, LONGEST_WISH},
    api::{Api, Nature},
    call::{Body, Call},
    certificates::certificates,
    metrics::CallMetrics,
    proxies::{Proxies, UnreadableProxy},
};
use self::{proxies::Obstacle, resolver::Resolver};
use domain::failure::{CallError, Failure, Reason};
use system::{clock, trace};

/// Largest answer that is read, in bytes. A user with a full profile has a few KiB, a page of 200 of them
/// stays well below.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Longest time to resolve, connect and shake hands. Shorter than any call, so that a server that cannot be
/// reached is known not to have got the request.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept: shorter than any server keeps it, long enough for the calls of one pass.
const IDLE: Duration = Duration::from_secs(3);

/// How calls travel.
#[derive(Clone)]
pub struct Settings {
    /// Longest time for one whole call, from the first byte sent to the last byte read.
    pub timeout: Duration,
    /// Certificates trusted beside the system's: a PEM bundle.
    pub extra_ca: Option<Vec<u8>>,
    /// Allows plain http, and that only to loopback: for the sandbox.
    pub allow_insecure_loopback: bool,
    /// Which way calls go, unless they may go to loopback.
    pub proxies: Proxies,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("timeout", &self.timeout)
            .field("extra_ca", &self.extra_ca.is_some())
            .field("allow_insecure_loopback", &self.allow_insecure_loopback)
            .field("proxies", &self.proxies)
            .finish()
    }
}

/// What both clients of a connection use.
struct Shared {
    resolver: Arc<Resolver>,
    trust: TlsConnector,
}

/// Sends calls for one connection.
#[derive(Clone)]
pub struct Http {
    pooled: Client,
    fresh: Client,
    timeout: Duration,
    allow_insecure_loopback: bool,
    proxies: Proxies,
    metrics: Arc<CallMetrics>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Http {
    /// Prepares the two HTTP clients, one that keeps connections for a moment and one that does not.
    ///
    /// # Errors
    /// `CredentialsInvalid` if the extra certificates cannot be read, `ConnectionInvalid` if the TLS library
    /// refuses to start.
    pub fn new(settings: &Settings, metrics: Arc<CallMetrics>) -> Result<Self, Failure> {
        let shared = Shared { resolver: Arc::new(Resolver::default()), trust: trust(settings)? };
        Ok(Self {
            pooled: build(settings, &shared, |builder| builder.pool_idle_timeout(IDLE))?,
            fresh: build(settings, &shared, |builder| builder.pool_max_idle_per_host(0))?,
            timeout: settings.timeout,
            allow_insecure_loopback: settings.allow_insecure_loopback,
            proxies: settings.proxies.clone(),
            metrics,
        })
    }

    /// Longest time for one call.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Counts a wait before a call, for our own pace or for its turn.
    pub fn note_wait(&self, api: Api, waited: Duration) {
        self.metrics.observe_wait(api, waited);
    }

    /// Counts the wait that a vendor's limit asks for, if that is why there was no answer.
    pub fn note_limit(&self, api: Api, error: &CallError) {
        if let (Reason::RateLimited, Some(wait)) = (error.failure.reason, error.failure.retry_after) {
            self.metrics.observe_wait(api, wait);
        }
    }

    /// Sends once and reads the answer with `read`, which also judges the status, and whether it is the API's
    /// ([`Answer::web_page`]). What comes out, and only that, is counted and logged.
    ///
    /// # Errors
    /// What went wrong on the way (not sent, no answer), or what `read` made of it.
    pub async fn send<T>(
        &self,
        call: Call,
        read: impl FnOnce(&Answer) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (api, operation) = (call.api, call.operation);
        let span = trace::call(api.label(), operation);
        async {
            let started = Instant::now();
            let result = match self.exchange(call).await {
                Ok(answer) => read(&answer),
                Err(error) => Err(error),
            };
            self.finish(api, operation, started.elapsed(), result.as_ref().err());
            result
        }
        .instrument(span)
        .await
    }

    fn finish(&self, api: Api, operation: &'static str, took: Duration, error: Option<&CallError>) {
        let outcome = error.map_or("ok", |e| e.failure.reason.as_str());
        self.metrics.observe(api, operation, outcome, took);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match error {
            None => tracing::debug!(target: trace::CALLS, duration_ms, outcome, "call answered"),
            Some(error) => {
                self.note_limit(api, error);
                tracing::warn!(target: trace::CALLS, duration_ms, outcome, arrival = ?error.arrival, "{}", error.failure.message);
            }
        }
    }

    async fn exchange(&self, call: Call) -> Result<Answer, CallError> {
        endpoint::check(&call.url, self.allow_insecure_loopback)
            .map_err(|message| fault::not_sent(Reason::ConnectionInvalid, message))?;
        let left = call.deadline.map_or(self.timeout, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(fault::late(call.api));
        }
        let client = match call.nature {
            Nature::Read | Nature::Change => &self.pooled,
            Nature::Create | Nature::Order => &self.fresh,
        };
        let place = endpoint::origin(&call.url);
        let target = (call.url.host_str().unwrap_or_default().to_owned(), call.url.port_or_known_default());
        let (api, nature) = (call.api, call.nature);
        let request =
            client.request(call.method, call.url).headers(call.headers).timeout(left.min(self.timeout));
        let request = match call.body {
            Body::None => request,
            Body::Empty => request.header(header::CONTENT_LENGTH, 0).body(Vec::new()),
            Body::Json(bytes) => request.header(header::CONTENT_TYPE, "application/json").body(bytes),
            Body::Form(text) => {
                request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(text)
            }
        };
        let sent = clock::now();
        match request.send().await {
            Ok(response) => receive(api, nature, &place, sent, response).await,
            Err(error) => Err(self.unanswered(api, &place, target, &error).await),
        }
    }

    /// What the proxy said counts, where it kept the call from leaving.
    async fn unanswered(
        &self,
        api: Api,
        place: &str,
        (host, port): (String, Option<u16>),
        error: &reqwest::Error,
    ) -> CallError {
        let (Some(variable), Some(obstacle)) = (self.proxies.variable(), fault::tunnel(error)) else {
            return fault::transport(api, place, error);
        };
        let status = match obstacle {
            Obstacle::Login => Some(407),
            Obstacle::Refused => self.proxies.refusal(&host, port.unwrap_or(443)).await,
            Obstacle::Silent | Obstacle::Unreached => None,
        };
        fault::at_the_proxy(api, place, variable, (obstacle, status), error)
    }
}

async fn receive(
    api: Api,
    nature: Nature,
    place: &str,
    sent: Timestamp,
    mut response: Response,
) -> Result<Answer, CallError> {
    let received = clock::now();
    let status = response.status();
    tracing::Span::current().record("status", status.as_u16());
    let headers = response.headers().clone();
    let body = match read_body(api, place, &mut response).await {
        Ok(body) => body,
        // The status alone already says no.
        Err(_) if !status.is_success() => Vec::new(),
        Err(error) => return Err(error),
    };
    let (place, status_code) = (place.to_owned(), status.as_u16());
    Ok(Answer { api, nature, place, status: status_code, headers, body, sent, received })
}

async fn read_body(api: Api, place: &str, response: &mut Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_LIMIT => {
                return Err(fault::unreadable(api, place, fault::TOO_LARGE));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(fault::transport(api, place, &error)),
            Err(_) => return Err(fault::unreadable(api, place, "it ended in the middle")),
        }
    }
}

fn build(
    settings: &Settings,
    shared: &Shared,
    pool: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, Failure> {
    let mut builder = pool(Client::builder())
        .user_agent(concat!("yubikey-shipment-operator/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .dns_resolver(Arc::clone(&shared.resolver))
        .tls_backend_preconfigured(shared.trust.clone())
        .timeout(settings.timeout)
        .connect_timeout(CONNECT_LIMIT.min(settings.timeout.mul_f32(0.66)));
    // A proxy must not see what is meant for this machine.
    let proxies =
        if settings.allow_insecure_loopback { Proxies::default() } else { settings.proxies.clone() };
    builder = proxies.lead(builder).map_err(|_| {
        Failure::new(
            Reason::ConnectionInvalid,
            "the HTTP library does not take the proxy of the environment: check the proxy variables",
        )
    })?;
    builder.build().map_err(|_| no_tls())
}

/// Whom both clients trust. The system's certificates are some hundred and fifty: to read them is most of a start.
fn trust(settings: &Settings) -> Result<TlsConnector, Failure> {
    let mut builder = TlsConnector::builder();
    if let Some(pem) = &settings.extra_ca {
        for certificate in certificates(pem, "`ca.crt`")? {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|_| no_tls())
}

fn no_tls() -> Failure {
    Failure::new(
        Reason::ConnectionInvalid,
        "the TLS library cannot be started: check the system's certificates and `ca.crt`",
    )
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;
