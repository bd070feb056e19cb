//! What a page is made for: who looks, and at which namespaces.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use system::clock;

use crate::{guard::Caller, problem::Problem, settings::Settings};

/// What may stand in a query as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The namespaces that are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `None`: all of them.
    pub namespace: Option<String>,
    /// The address names them.
    asked: bool,
}

impl Scope {
    /// Of a page that names none.
    #[must_use]
    pub const fn usual(namespace: Option<String>) -> Self {
        Self { namespace, asked: false }
    }

    /// The path of another page about the same namespaces.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        self.href_with(path, &[])
    }

    /// The same with a query.
    #[must_use]
    pub fn href_with(&self, path: &str, query: &[(&str, &str)]) -> String {
        let own = self.namespace.as_deref().unwrap_or_default();
        let own = self.asked.then_some(("ns", own));
        let pair = |(name, value): (&str, &str)| format!("{name}={}", utf8_percent_encode(value, QUERY));
        let pairs: Vec<_> = own.into_iter().chain(query.iter().copied()).map(pair).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

/// Who looks at what.
pub struct Context {
    /// In whose name the API server is asked.
    pub caller: Caller,
    /// Their name, as the API server knows it.
    pub who: String,
    /// The namespace that the page is about, or all of them.
    pub scope: Scope,
    /// When the page was asked for (UTC): all of it tells one moment.
    pub now: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Asked {
    ns: Option<String>,
}

/// The namespaces that an address asks for.
///
/// # Errors
/// If it is no name of a namespace.
pub fn scope(parts: &Parts, settings: &Settings) -> Result<Scope, Problem> {
    let Query(Asked { ns }) = Query::try_from_uri(&parts.uri)
        .map_err(|_| Problem::unfit("The address cannot be read.", "Go back to the overview."))?;
    let Some(ns) = ns else { return Ok(Scope::usual(settings.namespace.clone())) };
    let namespace = ns.trim();
    if !namespace.is_empty() {
        name(namespace)?;
    }
    Ok(Scope { namespace: Some(namespace.to_owned()).filter(|name| !name.is_empty()), asked: true })
}

/// A name of an object, as Kubernetes admits it. Anything else would change the path of a call.
///
/// # Errors
/// If it is none.
pub fn name(text: &str) -> Result<&str, Problem> {
    let sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(sign) && !label.starts_with('-') && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        return Ok(text);
    }
    Err(Problem::unfit(
        "That is no name of a namespace or an object.",
        "Names have small letters, digits, hyphens and dots.",
    ))
}

/// The caller that the guard let in.
///
/// # Errors
/// If there is none: a page is then not behind the guard, and shows nothing.
pub fn caller_of(parts: &Parts) -> Result<Caller, Problem> {
    parts.extensions.get::<Caller>().cloned().ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "Nobody is signed in.", "Sign in and try again.")
    })
}

impl FromRequestParts<Arc<Settings>> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, settings: &Arc<Settings>) -> Result<Self, Problem> {
        let caller = caller_of(parts)?;
        let scope = scope(parts, settings)?;
        let who = view::decision::whoami(&caller.client).await?;
        Ok(Self { caller, who, scope, now: clock::now() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_change_the_path_of_a_call() {
        for text in ["hr", "a-1.b", "x"] {
            assert!(name(text).is_ok(), "{text}");
        }
        for text in ["", "..", ".", "a/b", "a%2fb", "A", "-a", "a-", "a..b", "a?b", "ä", &"a".repeat(254)] {
            assert!(name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn links_keep_the_namespaces_that_were_asked_for() {
        let usual = Scope::usual(Some("hr".into()));
        assert_eq!(usual.href("/holds"), "/holds");
        let all = Scope { namespace: None, asked: true };
        assert_eq!(all.href_with("/", &[("q", "a b&c")]), "/?ns=&q=a%20b%26c");
    }
}
