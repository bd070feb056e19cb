//! Where calls may go, and how a path is put together.

use domain::failure::{CallError, Reason};
use url::{Host, Url};

use super::fault;

/// https, or http to loopback where that is allowed. No user and password in it.
pub(crate) fn check(url: &Url, allow_insecure_loopback: bool) -> Result<(), String> {
    let place = origin(url);
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("the URL of {place} must not hold a user or password"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if !is_loopback(url) => {
            Err(format!("{place} is plain http; only https may leave this machine"))
        }
        "http" if allow_insecure_loopback => Ok(()),
        "http" => {
            Err(format!("{place} is plain http; set `allowInsecureLoopback` for the sandbox, else use https"))
        }
        _ => Err(format!("{place} must begin with https://")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Scheme, host and port, for messages: nothing of a path or query, which may hold a login.
pub(crate) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}", url.scheme())
}

/// The base URL with segments added, each escaped whole.
///
/// # Errors
/// If the base cannot have a path, or a segment is empty, `.` or `..`: none of them is an id.
pub(crate) fn join(base: &Url, segments: &[&str]) -> Result<Url, CallError> {
    let invalid = |message| fault::not_sent(Reason::ConnectionInvalid, message);
    if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return Err(invalid("an id that is empty, `.` or `..` cannot be looked up".to_owned()));
    }
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| invalid(format!("{} cannot be the base of an API", origin(base))))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}
