//! The answer to a call. It does not print: it holds tokens, ciphertexts and personal data.

use std::time::Duration;

use domain::failure::{CallError, Failure, Reason};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::{
    api::{Api, Nature},
    fault, fields,
};

/// A server's wish to wait is heard up to this: a wrong number must not make a shipment sleep for years.
pub const LONGEST_WISH: Duration = Duration::from_hours(1);

/// A whole answer of an API, whatever its status.
pub struct Answer {
    /// Whose API answered.
    pub api: Api,
    /// What was asked for.
    pub nature: Nature,
    /// Scheme, host and port that answered.
    pub place: String,
    /// HTTP status as it came; redirects are not followed.
    pub status: u16,
    /// Headers as they came; one may stand there several times.
    pub headers: HeaderMap,
    /// At most [`super::BODY_LIMIT`] bytes.
    pub body: Vec<u8>,
    /// Our clock when the call was sent (UTC).
    pub sent: Timestamp,
    /// Our clock when the head of the answer was there (UTC).
    pub received: Timestamp,
}

impl Answer {
    /// Is the status one of 200 to 299?
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, if it is text and says the same wherever it is repeated.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        fields::one(&self.headers, name)
    }

    /// The server's clock (UTC), from `Date`.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        fields::date(self.header("date")?)
    }

    /// The server's wish, from `Retry-After`: seconds or a date; at most [`LONGEST_WISH`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let wish = fields::retry_after(&self.headers, self.date().unwrap_or(self.sent));
        wish.map(|wish| wish.min(LONGEST_WISH))
    }

    pub(super) fn says_json(&self) -> bool {
        fields::media_type(&self.headers).contains("json")
    }

    /// The body, read as JSON of the wanted form.
    ///
    /// # Errors
    /// `WrongAddress` if it is no JSON and does not claim to be, else `UnreadableAnswer`; what was done is
    /// unclear in both cases.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            if !error.is_data() && !self.says_json() {
                self.not_of_the_api()
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
        CallError {
            arrival: fault::arrival(self.nature, self.status),
            status: Some(self.status),
            failure: Failure::new(reason, message),
            web_page: None,
        }
    }

    /// The error of a 429; without `retry_after` the caller's own wait holds.
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
