//! What every request passes before a page is made: the host check, who asks, and for what changes something, where
//! the request comes from. What does not pass is refused; nothing is guessed.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY,
            SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use kube::Client;

use crate::{
    access::{Access, Callers, Own, bearer},
    document,
    problem::Problem,
    secret::{Secret, same},
    settings::Settings,
};

/// Nothing but our own style and script, and nobody may frame the page.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Holds what forms must repeat, where there is no session of our own. The prefix binds it to this host and to TLS.
const FORM_COOKIE: &str = "__Host-yubikey-form";

/// The same where the page is not reached over TLS.
const PLAIN_FORM_COOKIE: &str = "yubikey-form";

/// Whoever asks, with that person's rights in the cluster and no other.
#[derive(Clone)]
pub struct Caller {
    /// Asks the API server in the caller's name.
    pub client: Client,
    /// What forms must repeat.
    pub form: String,
}

/// Headers that every answer has.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Only requests for our own hosts.
pub async fn host(State(settings): State<Arc<Settings>>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let named = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    if hosts.next().is_some() || !settings.site.is_host(named) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This page is not served under the host that was asked for.",
            "Open the address that was printed at its start, or have --origin name this one too.",
        )
        .into_response();
    }
    next.run(request).await
}

/// Only requests of somebody, and changes only from our own pages.
pub async fn caller(State(settings): State<Arc<Settings>>, mut request: Request, next: Next) -> Response {
    if !is_safe(request.method())
        && let Err(problem) = from_our_page(&settings, request.headers())
    {
        return problem.into_response();
    }
    let known = match &settings.access {
        Access::Own(own) => of_cookie(own, &request).map(|caller| (caller, None)),
        Access::Callers(callers) => of_header(callers, &settings, request.headers()),
    };
    let (caller, cookie) = match known {
        Ok(known) => known,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

const fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// A browser tells where a request comes from. `Referrer-Policy: no-referrer` has it say `null` as the origin of our own
/// forms; `Sec-Fetch-Site`, which no page can set, then tells.
fn from_our_page(settings: &Settings, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let same_site = site.is_none_or(|site| site == "same-origin");
    let ours = match text(ORIGIN) {
        Some("null") => site == Some("same-origin"),
        Some(origin) => settings.site.is_origin(origin),
        None => false,
    };
    if ours && same_site {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "This request comes from another page of the browser, so nothing was done.",
        "Open the dashboard itself and answer there.",
    ))
}

fn of_cookie(own: &Own, request: &Request) -> Result<Caller, Problem> {
    let known = cookie(request.headers(), &own.cookie).is_some_and(|given| own.token.is(given));
    if known {
        return Ok(Caller { client: own.client.clone(), form: own.form.reveal().to_owned() });
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "This browser has not opened the address with the token.",
        "Open the whole address that `kubectl yubikey dashboard` printed; it is valid as long as that command runs.",
    ))
}

fn of_header(
    callers: &Callers,
    settings: &Settings,
    headers: &HeaderMap,
) -> Result<(Caller, Option<HeaderValue>), Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let token = given.next().and_then(bearer).filter(|_| given.next().is_none());
    let token = token.ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "The request brought no bearer token, and this page has no rights of its own.",
            "Open it through the sign-in proxy in front of it, which must pass the token on in the Authorization header (docs/dashboard.md).",
        )
    })?;
    let client = callers.client(token);
    let secure = settings.site.is_secure();
    let name = if secure { FORM_COOKIE } else { PLAIN_FORM_COOKIE };
    if let Some(form) = cookie(headers, name).filter(|form| form.len() >= 32) {
        return Ok((Caller { client, form: form.to_owned() }, None));
    }
    let form = Secret::random().map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "There is no randomness for a form.", "Try again.")
    })?;
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{secure}", form.reveal());
    Ok((Caller { client, form: form.reveal().to_owned() }, HeaderValue::from_str(&cookie).ok()))
}

/// Did a form repeat what it must?
///
/// # Errors
/// If not.
pub fn check_form(caller: &Caller, given: &str) -> Result<(), Problem> {
    if same(&caller.form, given) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "The form is not one of this page, or it is too old, so nothing was done.",
        "Open the question again and answer there.",
    ))
}

/// The way in with the address that was printed: the token moves into a cookie. The browser goes on by itself, from a
/// page of ours: a redirect would count as the foreign page's that held the link, and leave the cookie out.
pub fn enter(own: &Own, token: &str) -> Response {
    if !own.token.is(token) {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "The token in this address is not the one of this dashboard.",
            "Open the whole address that `kubectl yubikey dashboard` printed last.",
        )
        .into_response();
    }
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", own.cookie, own.token.reveal());
    ([(SET_COOKIE, cookie)], document::entered()).into_response()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}
