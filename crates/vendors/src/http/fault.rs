//! From what went wrong to whether it arrived, why, and what to do. Messages are the same at every try.

use std::{error::Error, io};

use domain::failure::{Arrival, CallError, Failure, Reason};
use openssl::error::ErrorStack;

use super::{
    api::{Api, Nature},
    proxies::{self, Obstacle},
};

/// OpenSSL's `SSL_R_CERTIFICATE_VERIFY_FAILED`.
const CERTIFICATE_VERIFY_FAILED: i32 = 134;

/// What is wrong with an answer larger than [`super::BODY_LIMIT`].
pub(super) const TOO_LARGE: &str = "it is larger than 1 MiB";

/// Is it the size alone that kept the answer from being read?
pub(crate) fn is_too_large(error: &CallError) -> bool {
    error.failure.reason == Reason::UnreadableAnswer && error.failure.message.contains(TOO_LARGE)
}

/// A call that was never made: nothing can have happened at the vendor.
pub fn not_sent(reason: Reason, message: impl Into<String>) -> CallError {
    CallError {
        arrival: Arrival::NotSent,
        status: None,
        failure: Failure::new(reason, message),
        web_page: None,
    }
}

fn unclear(reason: Reason, message: impl Into<String>) -> CallError {
    CallError {
        arrival: Arrival::Unclear,
        status: None,
        failure: Failure::new(reason, message),
        web_page: None,
    }
}

/// The time for the whole operation ran out before this call was sent.
pub(super) fn late(api: Api) -> CallError {
    not_sent(api.unavailable(), format!("{} took too long before the call; tried again", api.name()))
}

/// Did a call with this status do anything? (Design, 3.2: the closed list holds for orders.)
pub(crate) const fn arrival(nature: Nature, status: u16) -> Arrival {
    match (nature, status) {
        (_, 400 | 401 | 403 | 404 | 422 | 429) => Arrival::Refused,
        (Nature::Order, _) | (_, 408 | 409) => Arrival::Unclear,
        (_, 400..=499) => Arrival::Refused,
        _ => Arrival::Unclear,
    }
}

/// A success that cannot be read: it may well have been done.
pub(crate) fn unreadable(api: Api, place: &str, what: &str) -> CallError {
    unclear(
        Reason::UnreadableAnswer,
        format!(
            "the answer of {} at {place} cannot be read: {what}; if this stays, look for a newer operator",
            api.name()
        ),
    )
}

/// The request brought no answer: not sent where that is certain, else it may have arrived.
pub(super) fn transport(api: Api, place: &str, error: &reqwest::Error) -> CallError {
    let name = api.name();
    if error.is_builder() {
        return not_sent(Reason::ConnectionInvalid, format!("no request can be made for {place}"));
    }
    if error.is_connect() {
        return unconnected(name, place, error);
    }
    let what = if error.is_timeout() {
        "did not answer in time"
    } else {
        "closed the connection before it answered"
    };
    unclear(api.unavailable(), format!("{name} at {place} {what}"))
}

/// What kept the proxy from carrying the call, if that is what the error is about.
pub(super) fn tunnel(error: &reqwest::Error) -> Option<Obstacle> {
    if error.is_connect() { proxies::obstacle(chain(error)) } else { None }
}

/// The proxy did not carry the call: nothing of it has left. `variable` names the proxy, whose own name is not told.
pub(super) fn at_the_proxy(
    api: Api,
    place: &str,
    variable: &str,
    (what, status): (Obstacle, Option<u16>),
    error: &reqwest::Error,
) -> CallError {
    let proxy = format!("the proxy of {variable}");
    if what == Obstacle::Unreached && certificate_refused(error) {
        return not_sent(
            Reason::UntrustedCertificate,
            format!(
                "the certificate of {proxy} is not trusted or is for another host; check the variable, or add the \
                 issuing CA to the file of --extra-ca"
            ),
        );
    }
    let said = match (what, status) {
        (Obstacle::Unreached, _) => format!(
            "{proxy} cannot be reached: {}; check the variable, DNS and the network policy",
            obstacle(error)
        ),
        (_, Some(407)) => format!(
            "{proxy} answered HTTP 407, it wants a user and password that it knows; correct those in the variable, \
             percent-encoded"
        ),
        (_, Some(status @ 500..)) => format!(
            "{proxy} answered HTTP {status}, it does not get there itself; look at the proxy, and at DNS where it stands"
        ),
        (_, Some(status)) => format!(
            "{proxy} answered HTTP {status}, it does not let this call through; have it allow this host and port"
        ),
        (Obstacle::Refused | Obstacle::Login, None) => {
            format!(
                "{proxy} did not open a way (no HTTP 200); look at the proxy's log, and check the variable"
            )
        }
        (Obstacle::Silent, None) => {
            format!(
                "{proxy} closed the connection or did not answer as a proxy does; check the variable's scheme and port"
            )
        }
    };
    not_sent(Reason::Unreachable, format!("{} at {place} was not called: {said}", api.name()))
}

fn unconnected(name: &str, place: &str, error: &reqwest::Error) -> CallError {
    if certificate_refused(error) {
        return not_sent(
            Reason::UntrustedCertificate,
            format!(
                "the certificate of {place} is not trusted or is for another host; check the URL in the \
                 connection, or add the issuing CA to `ca.crt` beside the credentials"
            ),
        );
    }
    let what = obstacle(error);
    not_sent(
        Reason::Unreachable,
        format!("{name} at {place} cannot be reached: {what}; check the URL, DNS, network policy and proxy"),
    )
}

fn obstacle(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "no connection in time";
    }
    if chain(error).any(<dyn Error>::is::<ErrorStack>) {
        return "the TLS handshake failed";
    }
    match chain(error).filter_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind).last() {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused",
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            "the connection was closed during the handshake"
        }
        _ => "the name is unknown or there is no way to it",
    }
}

fn certificate_refused(error: &reqwest::Error) -> bool {
    chain(error)
        .filter_map(|e| e.downcast_ref::<ErrorStack>())
        .flat_map(ErrorStack::errors)
        .any(|e| e.reason_code() == CERTIFICATE_VERIFY_FAILED)
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |e| {
        let error: &'a (dyn Error + 'static) = *e;
        error.source()
    })
}
