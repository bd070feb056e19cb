//! A call and its answer. Neither prints: they hold tokens, ciphertexts and personal data.

use std::time::Duration;

use domain::failure::{CallError, Reason};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Method, header, header::HeaderMap, header::HeaderName, header::HeaderValue};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;
use url::Url;

use super::fault;

/// A server's wish to wait is heard up to this: a wrong number must not make a shipment sleep for years.
pub const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// Whose API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Okta.
    Okta,
    /// `YubiEnterprise`.
    Yubico,
    /// The HRIS that a connection names.
    Hris,
}

impl Api {
    /// The metric label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Yubico => "yubico",
            Self::Hris => "hris",
        }
    }

    /// The name people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Yubico => "YubiEnterprise",
            Self::Hris => "the HRIS",
        }
    }

    /// The reason for an error that may pass.
    #[must_use]
    pub const fn unavailable(self) -> Reason {
        match self {
            Self::Okta => Reason::OktaUnavailable,
            Self::Yubico => Reason::YubicoUnavailable,
            Self::Hris => Reason::RecipientSourceUnavailable,
        }
    }
}

/// What a call does: decides which refusals are certain, and on which connection it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Changes nothing.
    Read,
    /// Changes something, and may be repeated or looked up; every 4xx but 408 and 409 is a clear no.
    Change,
    /// Makes something new each time it arrives; refusals as for a change.
    Create,
    /// Orders a key; only 400, 401, 403, 404, 422 and 429 are a clear no.
    Order,
}

/// What is sent with a call.
#[derive(Clone)]
pub enum Body {
    /// Nothing, and nothing is said about it.
    None,
    /// Nothing, said by `Content-Length: 0` (Okta answers 411 to a POST without it).
    Empty,
    /// JSON.
    Json(Vec<u8>),
    /// A form.
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

/// One call.
pub struct Call {
    /// Whose API.
    pub api: Api,
    /// The operation's name: metric label and log field, never data.
    pub operation: &'static str,
    /// What it does.
    pub nature: Nature,
    /// The method.
    pub method: Method,
    /// Where to.
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

    /// A GET.
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

/// A whole answer of an API, whatever its status.
pub struct Answer {
    /// Whose.
    pub api: Api,
    /// What was asked for.
    pub nature: Nature,
    /// Scheme, host and port that answered.
    pub place: String,
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// At most [`super::BODY_LIMIT`] bytes.
    pub body: Vec<u8>,
    /// Our clock when the call was sent (UTC).
    pub sent: Timestamp,
    /// Our clock when the head of the answer was there (UTC).
    pub received: Timestamp,
}

impl Answer {
    /// 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, if it is there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() { None } else { first.to_str().ok() }
    }

    /// The server's clock (UTC), from `Date`.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// The server's wish, from `Retry-After`: seconds or a date; at most [`LONGEST_WISH`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        let wish = if let Ok(seconds) = text.parse::<u32>() {
            Duration::from_secs(seconds.into())
        } else {
            let wait = http_date(text)?.duration_since(self.date().unwrap_or(self.sent));
            Duration::try_from(wait).ok()?
        };
        Some(wish.min(LONGEST_WISH))
    }

    /// A page for people is not an API's answer.
    pub(super) fn is_web_page(&self) -> bool {
        self.header("content-type").is_some_and(|value| value.trim_start().starts_with("text/html"))
    }

    fn says_json(&self) -> bool {
        self.header("content-type").is_some_and(|value| value.contains("json"))
    }

    /// The body, read as JSON of the wanted form.
    ///
    /// # Errors
    /// `WrongAddress` if it is no JSON and does not claim to be, else `UnreadableAnswer`; what was done is
    /// unclear in both cases.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            if !error.is_data() && !self.says_json() {
                fault::wrong_address(self)
            } else if error.is_data() {
                self.unreadable("it lacks a field, or a field has another type than documented")
            } else {
                self.unreadable("it is not complete JSON")
            }
        })
    }

    /// An error for a body that cannot be used.
    #[must_use]
    pub fn unreadable(&self, what: &str) -> CallError {
        CallError { status: Some(self.status), ..fault::unreadable(self.api, &self.place, what) }
    }

    /// An error by the status of this answer, with the arrival that follows from it.
    #[must_use]
    pub fn error(&self, reason: Reason, message: impl Into<String>) -> CallError {
        fault::by_status(self, reason, message)
    }

    /// 429.
    #[must_use]
    pub fn rate_limited(&self, retry_after: Option<Duration>) -> CallError {
        let mut error = self.error(
            Reason::RateLimited,
            format!("{} asks for fewer calls (HTTP 429); tried again when it allows", self.api.name()),
        );
        error.failure.retry_after = retry_after;
        error
    }

    /// 408, 409, 5xx and whatever else says neither yes nor a clear no.
    #[must_use]
    pub fn unavailable(&self) -> CallError {
        self.error(
            self.api.unavailable(),
            format!(
                "{} answered HTTP {}; if this lasts, look at its status page",
                self.api.name(),
                self.status
            ),
        )
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}
