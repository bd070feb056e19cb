//! A call. It does not print: it holds tokens, ciphertexts and personal data.

use domain::failure::{CallError, Reason};
use reqwest::{Method, header, header::HeaderMap, header::HeaderName, header::HeaderValue};
use serde::Serialize;
use tokio::time::Instant;
use url::Url;

use super::{
    api::{Api, Nature},
    fault,
};

/// What is sent with a call.
#[derive(Clone)]
pub enum Body {
    /// Nothing, and nothing is said about it.
    None,
    /// Nothing, said by `Content-Length: 0` (Okta answers 411 to a POST without it).
    Empty,
    /// `application/json`.
    Json(Vec<u8>),
    /// `application/x-www-form-urlencoded`.
    Form(String),
}

impl Body {
    /// A value as JSON.
    ///
    /// # Errors
    /// If the value cannot be written as JSON: a fault of this program.
    pub fn json(value: &impl Serialize) -> Result<Self, CallError> {
        let message = "the request cannot be written as JSON; please report this as a bug";
        serde_json::to_vec(value)
            .map(Self::Json)
            .map_err(|_| fault::not_sent(Reason::ConnectionInvalid, message))
    }
}

/// One HTTP request to an API.
pub struct Call {
    /// Whose API is called: names it in messages and metrics.
    pub api: Api,
    /// The operation's name: metric label and log field, never data.
    pub operation: &'static str,
    /// What it does.
    pub nature: Nature,
    /// The HTTP method.
    pub method: Method,
    /// The whole URL, query included; https, or loopback where the connection admits that.
    pub url: Url,
    /// Headers beside those that every call has.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Body,
    /// When the whole operation must be over; the call's own time-out holds as well.
    pub deadline: Option<Instant>,
}

impl Call {
    /// A call without a body.
    #[must_use]
    pub fn new(api: Api, operation: &'static str, nature: Nature, method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self { api, operation, nature, method, url, headers, body: Body::None, deadline: None }
    }

    /// A GET, which changes nothing and has no body.
    #[must_use]
    pub fn get(api: Api, operation: &'static str, url: Url) -> Self {
        Self::new(api, operation, Nature::Read, Method::GET, url)
    }

    /// The same with a header that no log may show.
    ///
    /// # Errors
    /// If the value has characters that a header cannot carry; they are not shown.
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Result<Self, CallError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            fault::not_sent(
                Reason::CredentialsInvalid,
                format!("the {} token has characters that no token has; check the file", self.api.name()),
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }
}
