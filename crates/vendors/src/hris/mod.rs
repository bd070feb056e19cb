//! An HRIS over HTTP: recipient data of one person, for an organization whose Okta profiles do not hold it.
//!
//! There is no standard for this. The request is ours and documented (`docs/recipient.md`), so that whatever stands
//! in front of the HRIS can answer it: one POST of JSON a person. It is a POST although it changes nothing, because
//! a login in a URL ends up in the access logs of every proxy on the way.

mod wire;

use std::fmt;

use domain::{
    failure::{CallError, Failure, Reason},
    vendor_states::User,
};
use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::wire::Record;
use self::wire::{RequestBody, ResponseBody};
use crate::http::{self, Answer, Api, Body, Call, Http, Nature};

/// Where a person puts the certificates, for messages.
const CA_FILE: &str = "hris-ca.crt";

/// Where a person puts the token, for messages.
const TOKEN_FILE: &str = "hris-token";

/// Where the HRIS is and how it knows us.
#[derive(Clone)]
pub struct Settings {
    /// Where the request is sent to, as given.
    pub url: Url,
    /// Bearer token; no log may show it.
    pub token: SecretString,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("hris::Settings")
            .field("url", &http::endpoint::origin(&self.url))
            .finish_non_exhaustive()
    }
}

/// Asks the HRIS of one connection: one request a person.
#[derive(Debug)]
pub struct Client {
    http: Http,
    settings: Settings,
}

impl Client {
    /// Sends nothing.
    ///
    /// # Errors
    /// `CredentialsInvalid` if the certificates cannot be read, as [`Http::new`] otherwise.
    pub fn new(
        settings: Settings,
        transport: &http::Settings,
        metrics: std::sync::Arc<http::CallMetrics>,
    ) -> Result<Self, Failure> {
        if let Some(pem) = &transport.extra_ca {
            // Read here first, where the file's name is known.
            http::certificates(pem, &format!("`{CA_FILE}`"))?;
        }
        Ok(Self { http: Http::new(transport, metrics)?, settings })
    }

    /// What the HRIS says of this person. Changes nothing there; harmless to repeat.
    ///
    /// # Errors
    /// `InvalidRecipient` with status 404 if it does not know the person; `RecipientSourceUnavailable` for whatever
    /// else is not a readable 2xx, with the server's wish to wait: nothing is ordered with half of the data.
    pub async fn recipient(&self, user: &User) -> Result<Record, CallError> {
        let call = self.call(user).map_err(unavailable)?;
        self.http.send(call, |answer| read(answer).map_err(unavailable)).await.map_err(unavailable)
    }

    fn call(&self, user: &User) -> Result<Call, CallError> {
        let login = user.login.as_ref().map(domain::ids::Login::as_str);
        let token = format!("Bearer {}", self.settings.token.expose_secret());
        let url = self.settings.url.clone();
        let call = Call::new(Api::Hris, "recipient", Nature::Read, Method::POST, url);
        let mut call = call.secret_header(header::AUTHORIZATION, &token)?;
        call.body = Body::json(&RequestBody { user_id: user.id.as_str(), login })?;
        Ok(call)
    }
}

/// One answer.
///
/// # Errors
/// As [`Client::recipient`].
pub fn read(answer: &Answer) -> Result<Record, CallError> {
    // A bare 404 is the documented word for a person whom it does not know; a page is not.
    if let Some(error) = answer.web_page().filter(|_| !answer.body.is_empty()) {
        return Err(error);
    }
    match answer.status {
        300..=399 => Err(answer.not_of_the_api()),
        200..=299 => Ok(answer.json::<ResponseBody>()?.into_record()),
        401 | 403 => Err(answer.error(
            Reason::RecipientSourceUnavailable,
            format!("the HRIS refused the token (HTTP {}); check the file `{TOKEN_FILE}`", answer.status),
        )),
        404 => Err(answer.error(
            Reason::InvalidRecipient,
            "The HRIS does not know this person (HTTP 404), so nothing was enrolled or ordered; add the person there, \
             or have it answer {} to leave the Okta profile as it is.",
        )),
        429 => Err(answer.rate_limited(answer.retry_after())),
        400..=499 => Err(answer.error(
            Reason::RecipientSourceUnavailable,
            format!("the HRIS refused the request (HTTP {}); it is described in docs/recipient.md", answer.status),
        )),
        _ => Err(answer.unavailable()),
    }
}

/// The vendors' own connection is not at fault, whatever keeps the HRIS from answering: the shipment alone waits.
fn unavailable(mut error: CallError) -> CallError {
    if error.failure.reason != Reason::InvalidRecipient {
        error.failure.reason = Reason::RecipientSourceUnavailable;
        // The general messages are about the vendors: their files, their releases.
        let said = error.failure.message.replace("`ca.crt`", &format!("`{CA_FILE}`"));
        let said = said
            .replace("if this stays, look for a newer operator", "docs/recipient.md says what is understood");
        error.failure.message = said;
    }
    error
}

#[cfg(test)]
mod tests;
