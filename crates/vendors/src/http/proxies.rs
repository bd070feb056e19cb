//! Through which proxy the vendors are called, as the variables of the environment say. They are read once, at the
//! start: a proxy that is set and cannot be understood ends the process. Calls never go past it.
//!
//! What the variables mean is what curl takes them for: `HTTPS_PROXY`, else `ALL_PROXY`, each in capitals or small
//! letters, and `NO_PROXY`. A variable that is empty says nothing and hides no other. `HTTP_PROXY` is for plain http,
//! which leaves this machine never; it must be readable all the same, because whoever wrote it meant it.

mod bypass;
mod server;
mod tunnel;

use std::{error::Error, ffi::OsString, fmt};

use reqwest::ClientBuilder;

use self::server::Server;

pub(super) use self::tunnel::{Obstacle, obstacle};

/// The variables that name a proxy, the first that is set first.
const FOR_HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Those for plain http.
const FOR_HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];

/// The variables that name hosts which are called directly.
const BYPASS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// A variable that cannot be understood. Names it, says what is wrong and what to write, and holds nothing of its value:
/// that may be a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableProxy(String);

impl fmt::Display for UnreadableProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UnreadableProxy {}

/// Which way calls go. Does not print.
#[derive(Clone, Default)]
pub struct Proxies {
    /// With the variable that named it.
    https: Option<(&'static str, Server)>,
    /// Entries of `NO_PROXY` that can match, separated by commas.
    bypass: String,
    warnings: Vec<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("https", &self.variable()).finish_non_exhaustive()
    }
}

impl Proxies {
    /// Reads the variables; `variable` looks one up.
    ///
    /// # Errors
    /// The first variable that is set and cannot be understood.
    pub fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, UnreadableProxy> {
        let mut servers = Vec::new();
        for name in FOR_HTTPS.into_iter().chain(FOR_HTTP) {
            if let Some(text) = text(name, &variable)? {
                servers.push((name, Server::parse(&text).map_err(|fault| unreadable(name, &fault))?));
            }
        }
        let mut warnings = Vec::new();
        let (https, http): (Vec<_>, Vec<_>) =
            servers.into_iter().partition(|(name, _)| FOR_HTTPS.contains(name));
        if let (Some((name, _)), true) = (http.first(), https.is_empty()) {
            warnings.push(format!(
                "{name} is set and HTTPS_PROXY is not: the vendors are called by https, so directly; set HTTPS_PROXY \
                 if they are behind a proxy"
            ));
        }
        if let Some((first, other)) = contradiction(&https) {
            warnings.push(format!("{first} and {other} name different proxies; {first} counts"));
        }
        let mut bypass = Vec::new();
        for name in BYPASS {
            if let Some(text) = text(name, &variable)? {
                bypass = bypass::read(name, &text, &mut warnings);
                break;
            }
        }
        Ok(Self { https: https.into_iter().next(), bypass: bypass.join(","), warnings })
    }

    /// What was understood and can hardly be meant, for the log. Names entries of `NO_PROXY`, and no proxy.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The variable that names the proxy; `None` if there is no proxy.
    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.https.as_ref().map(|(name, _)| *name)
    }

    /// Sends what the builder's client sends through the proxy, and looks at no variable again.
    pub(super) fn lead(&self, builder: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        let builder = builder.no_proxy();
        let Some((_, server)) = &self.https else { return Ok(builder) };
        let mut proxy = reqwest::Proxy::https(server.url())?;
        if let Some(login) = server.login() {
            proxy = proxy.custom_http_auth(login);
        }
        Ok(builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&self.bypass))))
    }

    /// The status by which the proxy refuses the way to a host; `None` if it does not say one.
    pub(super) async fn refusal(&self, host: &str, port: u16) -> Option<u16> {
        tunnel::status(&self.https.as_ref()?.1, host, port).await
    }
}

/// The text of a variable, without what stands around it; `None` if it is not set or says nothing.
fn text(name: &str, variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<String>, UnreadableProxy> {
    let Some(value) = variable(name) else { return Ok(None) };
    let Ok(value) = value.into_string() else { return Err(unreadable(name, "is no UTF-8 text")) };
    // As editors, `echo` and files of Secrets leave it.
    let text = value.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn unreadable(name: &str, fault: &str) -> UnreadableProxy {
    let form = if BYPASS.contains(&name) {
        "give hosts and networks, separated by commas, e.g. acme.okta.com,10.0.0.0/8"
    } else {
        "give scheme, host and port, e.g. http://proxy.example.com:3128"
    };
    UnreadableProxy(format!(
        "the variable {name} {fault}; {form}; nothing is called past a proxy that is set"
    ))
}

/// One name in both spellings with two meanings.
fn contradiction(found: &[(&'static str, Server)]) -> Option<(&'static str, &'static str)> {
    let [(first, one), (second, other), ..] = found else { return None };
    (first.eq_ignore_ascii_case(second) && one != other).then_some((first, second))
}

#[cfg(test)]
mod tests;
