//! One proxy: `http://user:password@host:port`, read strictly. A part that is guessed wrong would send a password to a
//! stranger, or calls past the proxy.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;
use url::Host;

/// A proxy. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    login: Option<HeaderValue>,
}

impl Server {
    /// Reads a URL; without a scheme it is `http`, without a port the scheme's own.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the variable's name; nothing of the value.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        characters(text)?;
        let (tls, rest) = scheme(text)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if !matches!(path, "" | "/") {
            return Err(if path.contains('@') {
                "has `/`, `?` or `#` before its `@`; in a user or password write %2F, %3F and %23 for them"
                    .into()
            } else {
                "has a path, a query or a second scheme; a proxy has none".into()
            });
        }
        // A host has no `@`; a password that has one ends at the last.
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login_of(login)?), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let explicit = port.is_some() || text.contains("://") || host.contains(['.', '[']);
        if !explicit {
            return Err("is a single word".into());
        }
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host, port, login })
    }

    /// Without user and password.
    pub(super) fn url(&self) -> String {
        format!("{}://{}:{}", if self.tls { "https" } else { "http" }, self.host, self.port)
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn login(&self) -> Option<HeaderValue> {
        self.login.clone()
    }
}

/// Only what a URL may be made of. The character itself may be one of a password, so its place is told instead.
fn characters(text: &str) -> Result<(), String> {
    if text.starts_with(['"', '\'', '`', '“', '‘', '„']) {
        return Err("is in quotation marks; leave them out".into());
    }
    let foreign =
        |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    match text.chars().position(foreign) {
        Some(place) => Err(format!(
            "has at place {} a blank or another character that no URL has; in a user or password write it \
             percent-encoded (a blank is %20), and a host's name with other letters as xn--",
            place + 1
        )),
        None => Ok(()),
    }
}

fn scheme(text: &str) -> Result<(bool, &str), String> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok((false, text)) };
    if scheme.eq_ignore_ascii_case("http") {
        return Ok((false, rest));
    }
    if scheme.eq_ignore_ascii_case("https") {
        return Ok((true, rest));
    }
    if scheme.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("socks")) {
        return Err("names a SOCKS proxy, which is not supported; only http:// and https:// are".into());
    }
    Err("has a scheme that no proxy is supported with; only http:// and https:// are".into())
}

fn login_of(text: &str) -> Result<HeaderValue, String> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decoded(user)?, decoded(password)?);
    if user.contains(':') {
        return Err("has a user with a colon in it, which no proxy can be told (RFC 7617)".into());
    }
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    let mut login =
        HeaderValue::from_str(&basic).map_err(|_| "has a user or password that cannot be sent")?;
    login.set_sensitive(true);
    Ok(login)
}

/// A percent sign that begins no code stands for itself.
fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| "has a percent-encoded user or password that is no UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err(
            "has a percent-encoded line end or control character in its user or password (RFC 7617)".into()
        );
    }
    Ok(text.into_owned())
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let Some((inside, after)) = rest.split_once(']') else {
            return Err("has an IPv6 address whose bracket is not closed".into());
        };
        let address: Ipv6Addr = inside.parse().map_err(|_| "has brackets around what is no IPv6 address")?;
        let port = match after {
            "" => None,
            _ => Some(
                after.strip_prefix(':').ok_or("has something other than `:` and a port after its bracket")?,
            ),
        };
        (format!("[{address}]"), port)
    } else if place.parse::<Ipv6Addr>().is_ok() || place.matches(':').count() > 1 {
        return Err(
            "has more than one `:` after the user; an IPv6 address stands in brackets, as in [::1]:3128"
                .into(),
        );
    } else {
        match place.split_once(':') {
            Some((host, port)) => (name(host)?, Some(port)),
            None => (name(place)?, None),
        }
    };
    Ok((host, port.map(number).transpose()?))
}

fn number(port: &str) -> Result<u16, String> {
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let number = port.parse().ok().filter(|port| digits && *port > 0);
    number.ok_or_else(|| "has a port that is no number from 1 to 65535".into())
}

/// A DNS name or an IPv4 address in its usual form; `3128` alone would be the address 0.0.12.56.
fn name(host: &str) -> Result<String, String> {
    let bad = || "has no host, or one that is neither a DNS name nor an IP address".to_owned();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.split('.').any(str::is_empty) || !host.bytes().all(plain) {
        return Err(bad());
    }
    match Host::parse(host) {
        Ok(Host::Domain(name)) => Ok(name),
        Ok(Host::Ipv4(address)) if host.parse::<Ipv4Addr>() == Ok(address) => Ok(host.to_owned()),
        _ => Err(bad()),
    }
}
