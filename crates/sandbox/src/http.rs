//! One call as the handlers see it, one reply as they give it, and the tables that map paths to operations.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::Value;

/// A request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Which Okta org the listener belongs to; without meaning for the other APIs.
    pub org: usize,
    pub method: Method,
    /// `http` or `https`, as the listener speaks.
    pub scheme: &'static str,
    /// Path as sent, still percent-encoded.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The decoded variable segments of the matched pattern.
    pub params: BTreeMap<&'static str, String>,
}

impl Call {
    /// A variable segment of the path; empty when the pattern has none of that name.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The first query parameter of that name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text, if it is there once and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The URL the caller used, without query: scheme, `Host` and the path as sent.
    pub fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    /// The path with percent-encoding undone.
    pub fn decoded_path(&self) -> String {
        percent_decode_str(&self.path).decode_utf8_lossy().into_owned()
    }
}

/// Whom and what a call was about, for the journal.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the journal's names")]
pub(crate) struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrollment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
}

/// What a handler answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub about: Box<About>,
}

impl Reply {
    /// With these headers, each once.
    pub fn under(mut self, headers: &BTreeMap<String, String>) -> Self {
        for (name, value) in headers {
            let name = name.to_lowercase();
            self.headers.retain(|(present, _)| *present != name);
            self.headers.push((name, value.clone()));
        }
        self
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
            about: Box::default(),
        }
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), about: Box::default() }
    }

    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into_bytes(),
            about: Box::default(),
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn user(mut self, id: &str) -> Self {
        self.about.user_id = Some(id.into());
        self
    }

    pub fn enrollment(mut self, id: &str) -> Self {
        self.about.enrollment_id = Some(id.into());
        self
    }

    pub fn shipment(mut self, id: &str) -> Self {
        self.about.shipment_id = Some(id.into());
        self
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A handler's outcome: both sides are replies, so that `?` ends a handler with a refusal.
pub(crate) type Answer = Result<Reply, Reply>;

/// One operation of an API.
pub(crate) struct Route<W> {
    pub method: Method,
    /// Segments in braces are variable.
    pub pattern: &'static str,
    /// The vendor's `operationId`, or a name like one.
    pub operation: &'static str,
    /// Okta: the scopes of which one suffices; empty where no token is asked for.
    pub scopes: &'static [&'static str],
    pub handler: fn(&mut W, &Call) -> Answer,
}

/// What the table knows of a method and path.
pub(crate) enum Matched<'a, W> {
    Route(&'a Route<W>, BTreeMap<&'static str, String>),
    /// The path exists, the method does not.
    WrongMethod,
    Nothing,
}

/// Looks a call up in the table.
pub(crate) fn find<'a, W>(routes: &'a [Route<W>], method: &Method, path: &str) -> Matched<'a, W> {
    let mut known_path = false;
    for route in routes {
        if let Some(params) = match_pattern(route.pattern, path) {
            if route.method == method {
                return Matched::Route(route, params);
            }
            known_path = true;
        }
    }
    if known_path { Matched::WrongMethod } else { Matched::Nothing }
}

fn match_pattern(pattern: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let mut params = BTreeMap::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if let Some(name) = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            if segment.is_empty() {
                return None;
            }
            params.insert(name, percent_decode_str(segment).decode_utf8_lossy().into_owned());
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_captures_decoded_segments() {
        let params = match_pattern("/api/v1/users/{id}", "/api/v1/users/ann%40example.com").unwrap();
        assert_eq!(params["id"], "ann@example.com");
        assert!(match_pattern("/api/v1/users/{id}", "/api/v1/users").is_none());
        assert!(match_pattern("/api/v1/users/{id}", "/api/v1/users/a/b").is_none());
    }
}
