//! Access tokens of the service app: got before they are needed, one request at a time, never printed.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::failure::{Arrival, CallError, Failure, Reason};
use reqwest::{Method, header::HeaderName};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use system::clock;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::{
    Dpop, ServiceApp, fault,
    key::SigningKey,
    proof::ProofKey,
    quota::{Bucket, Quota},
};
use crate::http::{Answer, Api, Body, Call, Http, Nature, endpoint};

/// Tokens are renewed when they have less than this left; Okta's live an hour.
const RENEW: Duration = Duration::from_mins(5);

/// What a token must have left after [`super::Client::prepare`].
const PREPARED: Duration = Duration::from_mins(1);

/// A token with less than this left may be refused on the way.
const SPENT: Duration = Duration::from_secs(10);

/// How a token is shown to Okta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// One access token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: SecretString,
    pub(super) scheme: Scheme,
    good_until: Instant,
}

impl Token {
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.good_until.saturating_duration_since(now)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// When a token is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Early, for what can wait.
    RenewEarly,
    /// Only if there is no good one: the call must go out now.
    AsIs,
}

/// What every token request of one service app needs.
#[derive(Debug)]
pub(super) struct App {
    client_id: String,
    key: SigningKey,
    dpop: Dpop,
    pub(super) proofs: ProofKey,
    token_url: Url,
    nonce: Mutex<Option<String>>,
}

impl App {
    pub(super) fn new(org_url: &Url, app: &ServiceApp) -> Result<Self, Failure> {
        Ok(Self {
            client_id: app.client_id.clone(),
            key: SigningKey::parse(app.algorithm, app.key_id.as_deref(), &app.key)?,
            dpop: app.dpop,
            proofs: ProofKey::generate()?,
            token_url: endpoint::join(org_url, &["oauth2", "v1", "token"])?,
            nonce: Mutex::default(),
        })
    }

    pub(super) fn nonce(&self) -> Option<String> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the nonce of an answer; Okta renews it every 24 hours.
    pub(super) fn learn_nonce(&self, answer: &Answer) {
        if let Some(nonce) = answer.header("dpop-nonce") {
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce.to_owned());
        }
    }

    fn request(&self, scope: &str, deadline: Instant) -> Result<Call, CallError> {
        let now = clock::now();
        let assertion = self.key.assertion(&self.client_id, self.token_url.as_str(), now)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", scope)
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", &assertion)
            .finish();
        let mut call = Call::new(Api::Okta, "token", Nature::Change, Method::POST, self.token_url.clone());
        if self.dpop != Dpop::Never {
            let nonce = self.nonce();
            let proof = self.proofs.prove(&Method::POST, &self.token_url, nonce.as_deref(), None, now)?;
            call = call.secret_header(HeaderName::from_static("dpop"), &proof)?;
        }
        call.body = Body::Form(form);
        call.deadline = Some(deadline);
        Ok(call)
    }
}

pub(super) enum Grant {
    Token(Token),
    NonceWanted,
}

/// The token for one set of scopes.
#[derive(Debug)]
pub(super) struct TokenSource {
    scope: &'static str,
    kept: tokio::sync::Mutex<Option<Token>>,
}

impl TokenSource {
    pub(super) fn new(scope: &'static str) -> Self {
        Self { scope, kept: tokio::sync::Mutex::default() }
    }

    /// A token that is good now. Those who ask while one is fetched wait for that one.
    pub(super) async fn token(
        &self,
        app: &App,
        http: &Http,
        quota: &Quota,
        life: Life,
        deadline: Instant,
    ) -> Result<Token, CallError> {
        let mut kept = self.kept.lock().await;
        let now = Instant::now();
        let left = kept.as_ref().map(|token| token.left(now)).unwrap_or_default();
        let (desired, bearable) = match life {
            Life::RenewEarly => (RENEW, PREPARED),
            Life::AsIs => (SPENT, SPENT),
        };
        if let Some(token) = kept.as_ref().filter(|_| left > desired) {
            return Ok(token.clone());
        }
        match self.fetch(app, http, quota, deadline).await {
            Ok(token) => Ok(kept.insert(token).clone()),
            // An old token that still lives is better than none.
            Err(error) => kept.clone().filter(|_| left > bearable).ok_or(error),
        }
    }

    /// Forgets this token, unless another one has taken its place.
    pub(super) async fn drop_token(&self, refused: &Token) {
        let mut kept = self.kept.lock().await;
        let same = |token: &Token| token.value.expose_secret() == refused.value.expose_secret();
        if kept.as_ref().is_some_and(same) {
            *kept = None;
        }
    }

    /// One request, or two where Okta asks for a nonce: the first one was refused, so nothing is doubled.
    async fn fetch(
        &self,
        app: &App,
        http: &Http,
        quota: &Quota,
        deadline: Instant,
    ) -> Result<Token, CallError> {
        for _ in 0..2 {
            quota
                .check(Bucket::Token, Instant::now())
                .inspect_err(|error| http.note_limit(Api::Okta, error))?;
            let call = app.request(self.scope, deadline)?;
            let grant = http.send(call, |answer| {
                let wait = quota.note(Bucket::Token, answer, Instant::now());
                app.learn_nonce(answer);
                read_grant(answer, app.dpop, self.scope, wait)
            });
            match grant.await.map_err(before_the_call)? {
                Grant::Token(token) => return Ok(token),
                Grant::NonceWanted => {}
            }
        }
        Err(crate::http::not_sent(
            Reason::OktaUnauthorized,
            "Okta asks for a new DPoP nonce again and again; check that no proxy changes headers",
        ))
    }
}

/// The call itself was not sent, and the status of the token request is not its status.
fn before_the_call(error: CallError) -> CallError {
    CallError { arrival: Arrival::NotSent, status: None, ..error }
}

#[derive(Deserialize)]
struct GrantBody {
    token_type: String,
    access_token: SecretText,
    #[serde(default = "one_hour")]
    expires_in: u64,
}

/// Okta's access tokens live an hour.
const fn one_hour() -> u64 {
    3600
}

/// A text that is sealed while it is read.
#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

pub(super) fn read_grant(
    answer: &Answer,
    dpop: Dpop,
    scope: &str,
    wait: Option<Duration>,
) -> Result<Grant, CallError> {
    if !answer.is_success() {
        if fault::wants_nonce(answer) && dpop != Dpop::Never {
            return Ok(Grant::NonceWanted);
        }
        return Err(fault::web_page(answer, wait).unwrap_or_else(|| refused(answer, scope, wait)));
    }
    if let Some(error) = fault::web_page(answer, wait) {
        return Err(error);
    }
    let body: GrantBody = answer.json()?;
    let scheme = if body.token_type.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else if body.token_type.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else {
        return Err(answer.unreadable("the token is of an unknown type"));
    };
    if scheme == Scheme::Bearer && dpop == Dpop::Always {
        return Err(answer.error(
            Reason::ConnectionInvalid,
            "`dpop` is Always, but Okta issued a token without binding; require DPoP in the app, or set `dpop` \
             to Auto",
        ));
    }
    // A day at most: a wrong number must not make a token eternal.
    let good_for = Duration::from_secs(body.expires_in.min(86_400));
    Ok(Grant::Token(Token { value: body.access_token.0, scheme, good_until: Instant::now() + good_for }))
}

fn refused(answer: &Answer, scope: &str, wait: Option<Duration>) -> CallError {
    let scopes = scope.replace(' ', " and ");
    let not_granted =
        format!("Okta does not grant the scopes: grant {scopes} under `Okta API Scopes` of the app");
    let error = fault::oauth_error(answer);
    let (reason, message) = match error.as_deref() {
        Some("invalid_client") => (
            Reason::OktaUnauthorized,
            "Okta rejected the client assertion: check `clientId`, `keyId` and `algorithm`, that the public half \
             of `okta-private-key` is active at the app, and this machine's clock",
        ),
        Some("invalid_scope") => (Reason::ScopeMissing, not_granted.as_str()),
        Some("unauthorized_client" | "unsupported_grant_type") => (
            Reason::OktaUnauthorized,
            "the Okta app may not use client credentials: use an app of the kind `API Services`",
        ),
        Some("access_denied") => {
            (Reason::OktaForbidden, "an Okta policy denies the token: assign the app an admin role")
        }
        Some("invalid_dpop_proof" | "use_dpop_nonce") => (
            Reason::OktaUnauthorized,
            "Okta wants a valid DPoP proof: set `dpop` to Auto, and check this machine's clock and that no \
             proxy rewrites the host of `orgUrl`",
        ),
        Some(_) if answer.status < 429 => {
            (Reason::OktaUnauthorized, "Okta refused the token request; check the app's settings")
        }
        _ => return fault::judge(answer, Reason::OktaUnauthorized, wait),
    };
    answer.error(reason, message)
}
