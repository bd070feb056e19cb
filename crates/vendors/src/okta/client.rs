//! The way of every call to Okta: rate limit, token, proof, one repeat where Okta refused for the token's
//! sake, and the judgement of the answer.

use std::{fmt, sync::Arc, time::Duration};

use domain::failure::{CallError, Failure, Reason};
use reqwest::{
    Method,
    header::{self, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};
use system::clock;
use tokio::time::Instant;
use url::Url;

use super::{
    Auth, Permit, Settings,
    budget::{Calls, Reservation, UnderWay},
    fault,
    limits::{Limits, Urgency},
    quota::{Bucket, Retry},
    token::{App, Life, Scheme, Token, TokenSource},
};
use crate::http::{Answer, Api, Body, Call, Http, Nature, endpoint};

/// What the road of a shipment needs. `manage` includes reading; Okta's reference names both.
const ROAD: &str = "okta.users.manage okta.users.read";

/// Asked for by itself and only by preflight: one scope that is not granted refuses the whole request.
const AUTHENTICATORS: &str = "okta.authenticators.read";

/// Custom domains; asked for as `okta.authenticators.read` is.
const DOMAINS: &str = "okta.domains.read";

/// Enrolment and session policies; asked for as `okta.authenticators.read` is.
const POLICIES: &str = "okta.policies.read";

/// Asked for by itself and only where a rollout follows a group.
const GROUPS: &str = "okta.groups.read";

/// Asked for by itself: where a rollout follows the System Log, and by preflight.
const LOGS: &str = "okta.logs.read";

/// One Okta organization. Cheap to share; holds the access token.
#[derive(Clone)]
pub struct Client {
    http: Http,
    org_url: Url,
    access: Arc<Access>,
    limits: Arc<Limits>,
    reservation: Option<Arc<Reservation>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("okta::Client")
            .field("org_url", &endpoint::origin(&self.org_url))
            .finish_non_exhaustive()
    }
}

enum Access {
    App(Box<Service>),
    ApiToken(SecretString),
}

/// The service app and one token a set of scopes.
struct Service {
    app: App,
    road: TokenSource,
    authenticators: TokenSource,
    domains: TokenSource,
    policies: TokenSource,
    groups: TokenSource,
    logs: TokenSource,
}

/// Whose permission a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    None,
    Road,
    Authenticators,
    Domains,
    Policies,
    Groups,
    Logs,
}

/// One operation; each try makes a call of its own from it.
pub(super) struct Request {
    pub(super) operation: &'static str,
    pub(super) nature: Nature,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) bucket: Bucket,
    pub(super) scope: Scope,
    /// The reason if Okta understood and said no.
    pub(super) refused: Reason,
    /// It is about one user, whom the app's role may not cover.
    pub(super) personal: bool,
    pub(super) body: Body,
    /// Beside those that every call has.
    pub(super) headers: HeaderMap,
}

impl Request {
    /// A GET of the user API.
    pub(super) fn get(operation: &'static str, bucket: Bucket, url: Url) -> Self {
        Self {
            operation,
            nature: Nature::Read,
            method: Method::GET,
            url,
            bucket,
            scope: Scope::Road,
            refused: Reason::OktaUnavailable,
            personal: false,
            body: Body::None,
            headers: HeaderMap::new(),
        }
    }

    /// The same, about one user.
    pub(super) fn personal(self) -> Self {
        Self { personal: true, ..self }
    }

    /// The effects of a shipment's road are prepared: their mark is written, and nothing is waited for any more.
    fn is_prepared(&self) -> bool {
        self.nature != Nature::Read && self.bucket == Bucket::Preregistration
    }
}

/// Is the answer the last word?
enum Step<T> {
    Done(T),
    NonceWanted,
    TokenRefused,
}

impl Client {
    /// Reads the key, makes a key for `DPoP`; sends nothing.
    ///
    /// # Errors
    /// `CredentialsInvalid` if the key has another form than the algorithm needs, `ConnectionInvalid` if the
    /// URL cannot have a path.
    pub fn new(settings: &Settings, http: Http) -> Result<Self, Failure> {
        let access = match &settings.auth {
            Auth::PrivateKeyJwt(app) => Access::App(Box::new(Service {
                app: App::new(&settings.org_url, app)?,
                road: TokenSource::new(ROAD),
                authenticators: TokenSource::new(AUTHENTICATORS),
                domains: TokenSource::new(DOMAINS),
                policies: TokenSource::new(POLICIES),
                groups: TokenSource::new(GROUPS),
                logs: TokenSource::new(LOGS),
            })),
            Auth::ApiToken(token) => Access::ApiToken(token.clone()),
        };
        Ok(Self {
            http,
            org_url: settings.org_url.clone(),
            access: Arc::new(access),
            limits: Arc::new(Limits::new(settings.calls_per_second, settings.share)),
            reservation: None,
        })
    }

    /// Sets calls aside for what is about to begin, so that it can finish.
    ///
    /// # Errors
    /// `NotSent`, `RateLimited` with the time to wait.
    pub fn reserve(&self, calls: Calls) -> Result<Reservation, CallError> {
        let reserved = self.limits.reserve(calls, Instant::now());
        reserved.inspect_err(|error| self.http.note_limit(Api::Okta, error))
    }

    /// What is said of the web page that keeps calls back at present.
    #[must_use]
    pub fn web_page(&self) -> Option<String> {
        self.limits.quota.web_page(Instant::now())
    }

    /// The same client, whose calls are those that were reserved as long as there are some.
    #[must_use]
    pub fn with(&self, reservation: Arc<Reservation>) -> Self {
        Self { reservation: Some(reservation), ..self.clone() }
    }

    /// How often so many calls fit into our share of a window, where Okta named its limit.
    #[must_use]
    pub fn a_window(&self, calls: Calls) -> Option<u64> {
        let each = u64::from(calls.users.max(1)) + u64::from(calls.preregistration);
        self.limits.a_window(calls, Instant::now()).map(|ours| (ours / each).max(1))
    }

    /// Gets everything an effect needs besides its own call: a place in the rate budget, one among the calls under
    /// way, and a token that lives at least 60 seconds more. After it, the next enroll, activate, send-pin, delete or
    /// mark-error goes out at once; the turn is kept until its answer is there.
    ///
    /// # Errors
    /// Always `NotSent`: `RateLimited` with the time to wait, or why there is no token.
    pub async fn prepare(&self) -> Result<Permit, CallError> {
        let turn = self.turn(Bucket::Preregistration).await;
        // Only whether it may: the call itself is counted when it goes out.
        drop(self.begin(Bucket::Preregistration, Urgency::Asking)?);
        if let Some((app, road)) = self.source(Scope::Road) {
            let deadline = Instant::now() + self.http.timeout();
            road.token(app, &self.http, &self.limits.quota, Life::RenewEarly, deadline).await?;
        }
        Ok(turn)
    }

    /// `org_url` with these segments.
    pub(super) fn url(&self, segments: &[&str]) -> Result<Url, CallError> {
        endpoint::join(&self.org_url, segments)
    }

    /// Same scheme, host and port as the organization?
    pub(super) fn is_ours(&self, url: &Url) -> bool {
        url.origin() == self.org_url.origin()
    }

    /// Sends, and sends once more where Okta refused for want of a nonce or a fresh token: nothing was done
    /// then. All of it ends within one time-out, counted from here.
    ///
    /// `read` gets every answer; what it does not want it hands to [`done`].
    pub(super) async fn call<T>(
        &self,
        request: Request,
        read: impl Fn(&Answer) -> Result<T, Unread>,
    ) -> Result<T, CallError> {
        let (urgency, _turn) = if request.is_prepared() {
            (Urgency::Prepared, None)
        } else {
            (Urgency::Planned, Some(self.turn(request.bucket).await))
        };
        let deadline = Instant::now() + self.http.timeout();
        let (mut nonces, mut tokens) = (1, 1);
        loop {
            let (retry, _under_way) = self.begin(request.bucket, urgency)?;
            let token = self.token(&request, deadline).await?;
            let call = self.build(&request, token.as_ref(), &retry, deadline)?;
            let step = self.http.send(call, |answer| {
                let wait = self.learn(request.bucket, answer);
                if nonces > 0 && token.is_some() && fault::wants_nonce(answer) {
                    return Ok(Step::NonceWanted);
                }
                if tokens > 0 && token.is_some() && fault::token_refused(answer) {
                    return Ok(Step::TokenRefused);
                }
                if let Some(error) = fault::web_page(answer, wait) {
                    return Err(error);
                }
                let read = judge(answer, request.refused, wait, &read).map(Step::Done);
                read.map_err(|error| if request.personal { fault::of_the_user(answer, error) } else { error })
            });
            match step.await? {
                Step::Done(value) => return Ok(value),
                Step::NonceWanted => nonces -= 1,
                Step::TokenRefused => {
                    tokens -= 1;
                    self.drop_token(request.scope, token).await;
                }
            }
        }
    }

    async fn turn(&self, bucket: Bucket) -> Permit {
        let asked = Instant::now();
        let turn = self.limits.turn(bucket).await;
        self.http.note_wait(Api::Okta, asked.elapsed());
        turn
    }

    fn begin(&self, bucket: Bucket, urgency: Urgency) -> Result<(Retry, UnderWay), CallError> {
        let begun = self.limits.begin(bucket, urgency, self.reservation.as_deref(), Instant::now());
        begun.inspect_err(|error| self.http.note_limit(Api::Okta, error))
    }

    fn learn(&self, bucket: Bucket, answer: &Answer) -> Option<Duration> {
        if let Access::App(service) = &*self.access {
            service.app.learn_nonce(answer);
        }
        self.limits.learn(bucket, answer, Instant::now())
    }

    fn source(&self, scope: Scope) -> Option<(&App, &TokenSource)> {
        let Access::App(service) = &*self.access else { return None };
        match scope {
            Scope::None => None,
            Scope::Road => Some((&service.app, &service.road)),
            Scope::Authenticators => Some((&service.app, &service.authenticators)),
            Scope::Domains => Some((&service.app, &service.domains)),
            Scope::Policies => Some((&service.app, &service.policies)),
            Scope::Groups => Some((&service.app, &service.groups)),
            Scope::Logs => Some((&service.app, &service.logs)),
        }
    }

    async fn token(&self, request: &Request, deadline: Instant) -> Result<Option<Token>, CallError> {
        let Some((app, source)) = self.source(request.scope) else { return Ok(None) };
        let life = if request.nature == Nature::Read { Life::RenewEarly } else { Life::AsIs };
        source.token(app, &self.http, &self.limits.quota, life, deadline).await.map(Some)
    }

    async fn drop_token(&self, scope: Scope, token: Option<Token>) {
        if let Some(((_, source), token)) = self.source(scope).zip(token) {
            source.drop_token(&token).await;
        }
    }

    fn build(
        &self,
        request: &Request,
        token: Option<&Token>,
        retry: &Retry,
        deadline: Instant,
    ) -> Result<Call, CallError> {
        let mut call = Call::new(
            Api::Okta,
            request.operation,
            request.nature,
            request.method.clone(),
            request.url.clone(),
        );
        call.headers.extend(request.headers.clone());
        call.body = request.body.clone();
        call.deadline = Some(deadline);
        if let Some(id) = &retry.request_id {
            // Okta's log shows then which refused call this one repeats.
            call =
                call.secret_header(header::HeaderName::from_static("x-okta-retry-for"), id)?.secret_header(
                    header::HeaderName::from_static("x-okta-retry-count"),
                    &retry.count.to_string(),
                )?;
        }
        self.authorize(call, request.scope, token)
    }

    fn authorize(&self, call: Call, scope: Scope, token: Option<&Token>) -> Result<Call, CallError> {
        match (&*self.access, token) {
            (Access::App(service), Some(token)) => {
                let value = token.value.expose_secret();
                if token.scheme == Scheme::Bearer {
                    return call.secret_header(header::AUTHORIZATION, &format!("Bearer {value}"));
                }
                let nonce = service.app.nonce();
                let proof = service.app.proofs.prove(
                    &call.method,
                    &call.url,
                    nonce.as_deref(),
                    Some(value),
                    clock::now(),
                )?;
                call.secret_header(header::AUTHORIZATION, &format!("DPoP {value}"))?
                    .secret_header(header::HeaderName::from_static("dpop"), &proof)
            }
            (Access::ApiToken(token), _) if scope != Scope::None => {
                call.secret_header(header::AUTHORIZATION, &format!("SSWS {}", token.expose_secret()))
            }
            _ => Ok(call),
        }
    }
}

/// Why `read` gave nothing.
pub(super) enum Unread {
    /// The answer is no success: judged by status and code.
    Refused,
    /// It is a success that cannot be used.
    Fault(CallError),
}

impl From<CallError> for Unread {
    fn from(error: CallError) -> Self {
        Self::Fault(error)
    }
}

/// Lets a success through.
pub(super) fn done(answer: &Answer) -> Result<(), Unread> {
    if answer.is_success() { Ok(()) } else { Err(Unread::Refused) }
}

pub(super) fn judge<T>(
    answer: &Answer,
    refused: Reason,
    wait: Option<Duration>,
    read: impl Fn(&Answer) -> Result<T, Unread>,
) -> Result<T, CallError> {
    read(answer).map_err(|unread| match unread {
        Unread::Refused => fault::judge(answer, refused, wait),
        Unread::Fault(error) => error,
    })
}
