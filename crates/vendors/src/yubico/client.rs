//! The way of every call to `YubiEnterprise`, and what its refusals mean.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    failure::{Arrival, CallError, Failure, Reason},
    order_list_poll::PAGE,
};
use jiff::Timestamp;
use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::{sync::SemaphorePermit, time::Instant};
use url::Url;

use super::{OrderLanes, OrderPermit, OrderPlace, Settings, lenient_json};
use crate::http::{Answer, Api, Call, Http, Nature, endpoint, not_sent};

/// A list with more pages than this is not read to its end.
const PAGES: usize = 50;

/// One `YubiEnterprise` organization.
pub struct Client {
    pub(super) http: Http,
    pub(super) transport_keys_url: Url,
    pub(super) signing_keys_url: Url,
    api_url: Url,
    token: SecretString,
    lanes: OrderLanes,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("yubico::Client")
            .field("api_url", &endpoint::origin(&self.api_url))
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Sends nothing.
    ///
    /// # Errors
    /// `CredentialsInvalid` if the token has characters that no header can carry, `ConnectionInvalid` if the
    /// URL cannot have a path.
    pub fn new(settings: &Settings, http: Http) -> Result<Self, Failure> {
        let client = Self {
            http,
            transport_keys_url: settings.transport_keys_url.clone(),
            signing_keys_url: settings.signing_keys_url.clone(),
            api_url: settings.api_url.clone(),
            token: settings.token.clone(),
            lanes: settings.lanes.clone(),
        };
        client.call("probe", Nature::Read, Method::GET, &["products"])?;
        Ok(client)
    }

    /// Waits for the right to order. Take it before the mark is written.
    ///
    /// # Errors
    /// `NotSent`, `RateLimited` with the time to wait: Yubico asked for fewer calls.
    pub async fn slot(&self) -> Result<OrderPermit, CallError> {
        let asked = Instant::now();
        let slot = std::sync::Arc::clone(&self.lanes.order).lock_owned().await;
        self.http.note_wait(Api::Yubico, asked.elapsed());
        self.may_order()?;
        Ok(OrderPermit(slot))
    }

    /// A place among those whose order is to follow an enrolment. Take it before the enrolment.
    ///
    /// # Errors
    /// `NotSent`, `RateLimited` with the time to wait: Yubico asked for fewer calls, or so many stand before it that its
    /// order could not follow in time.
    pub fn place(&self) -> Result<OrderPlace, CallError> {
        self.may_order()?;
        self.lanes.pace.place().map_err(|wait| {
            let mut error = not_sent(
                Reason::RateLimited,
                "So many orders stand before this one that nobody is enrolled for it yet; tried again soon",
            );
            error.failure.retry_after = Some(wait);
            error
        })
    }

    /// May a call go out now?
    ///
    /// # Errors
    /// `NotSent`, `RateLimited` with the time to wait.
    pub fn open_door(&self) -> Result<(), CallError> {
        let open = self.lanes.door.check(Instant::now());
        open.inspect_err(|error| self.http.note_limit(Api::Yubico, error))
    }

    /// May an order go out now, as far as the limits tell?
    ///
    /// # Errors
    /// `NotSent`, `RateLimited` with the time to wait: as [`Client::open_door`], or a web page answered an order.
    pub fn may_order(&self) -> Result<(), CallError> {
        self.open_door()?;
        let open = self.lanes.order_gate.check(Instant::now());
        open.inspect_err(|error| self.http.note_limit(Api::Yubico, error))
    }

    /// What is said of the web page that keeps calls or orders back at present.
    #[must_use]
    pub fn web_page(&self) -> Option<String> {
        let now = Instant::now();
        self.lanes.door.web_page(now).or_else(|| self.lanes.order_gate.web_page(now))
    }

    /// The right to order, if nobody has it and nobody waits for it.
    ///
    /// # Errors
    /// As [`Client::slot`].
    pub fn try_slot(&self) -> Result<Option<OrderPermit>, CallError> {
        let Ok(slot) = std::sync::Arc::clone(&self.lanes.order).try_lock_owned() else { return Ok(None) };
        self.may_order()?;
        Ok(Some(OrderPermit(slot)))
    }

    pub(super) fn note_order(&self, took: Duration) {
        self.lanes.pace.note(took);
    }

    /// When the token expires, if it is a JWT that says so. For a warning, never for a decision: the token is
    /// opaque by contract.
    #[must_use]
    pub fn token_expiry(&self) -> Option<Timestamp> {
        expiry(self.token.expose_secret())
    }

    pub(super) fn call(
        &self,
        operation: &'static str,
        nature: Nature,
        method: Method,
        path: &[&str],
    ) -> Result<Call, CallError> {
        let url = endpoint::join(&self.api_url, path)?;
        Call::new(Api::Yubico, operation, nature, method, url)
            .secret_header(header::AUTHORIZATION, &format!("Bearer {}", self.token.expose_secret()))
    }

    /// Everything but an order waits for the other lane.
    pub(super) async fn send<T>(
        &self,
        call: Call,
        read: impl FnOnce(&Answer) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let _lane = self.other_lane().await;
        self.pass(call, read).await
    }

    async fn other_lane(&self) -> Option<SemaphorePermit<'_>> {
        let asked = Instant::now();
        // The semaphore is never closed.
        let lane = self.lanes.other.acquire().await.ok();
        self.http.note_wait(Api::Yubico, asked.elapsed());
        lane
    }

    /// Through the door, in whichever lane.
    pub(super) async fn pass<T>(
        &self,
        call: Call,
        read: impl FnOnce(&Answer) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.open_door()?;
        let judged = |answer: &Answer| {
            let web_page = answer.web_page();
            let wait = self.learn(answer, web_page.as_ref());
            web_page.map_or_else(|| read(answer), Err).map_err(|error| or_wait(error, wait))
        };
        self.http.send(call, judged).await
    }

    /// The same for a published file: it stands beside the API, so that it says nothing of orders.
    pub(super) async fn file<T>(
        &self,
        call: Call,
        read: impl FnOnce(&Answer) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let _lane = self.other_lane().await;
        self.open_door()?;
        let judged = |answer: &Answer| {
            let web_page = answer.web_page_for_a_file();
            let wait = self.learn(answer, web_page.as_ref());
            web_page.map_or_else(|| read(answer), Err).map_err(|error| or_wait(error, wait))
        };
        self.http.send(call, judged).await
    }

    /// What an answer says of the next calls. Gives the wait that it asks for.
    fn learn(&self, answer: &Answer, web_page: Option<&CallError>) -> Option<Duration> {
        let (now, wish) = (Instant::now(), answer.retry_after());
        let said = web_page.map(|error| error.failure.message.clone());
        if answer.status == 429 {
            return Some(self.lanes.door.refused(wish, said, now));
        }
        self.lanes.door.passed(now);
        match said {
            // One page is enough: each order more that meets it may be one whose outcome nobody knows.
            Some(_) if answer.nature != Nature::Read => {
                return Some(self.lanes.order_gate.refused(wish, said, now));
            }
            None if answer.nature == Nature::Order => self.lanes.order_gate.passed(now),
            _ => {}
        }
        None
    }

    /// The call for one page of a list, `limit` and `offset` as documented.
    pub(super) fn page(
        &self,
        operation: &'static str,
        path: &[&str],
        offset: usize,
    ) -> Result<Call, CallError> {
        let mut call = self.call(operation, Nature::Read, Method::GET, path)?;
        call.url
            .query_pairs_mut()
            .append_pair("limit", &PAGE.to_string())
            .append_pair("offset", &offset.to_string());
        Ok(call)
    }

    /// All pages of a list.
    pub(super) async fn pages(
        &self,
        operation: &'static str,
        path: &[&str],
        names: &[&str],
    ) -> Result<Vec<Value>, CallError> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..PAGES {
            let call = self.page(operation, path, all.len())?;
            let (items, total) = self.send(call, |answer| read_page(answer, names)).await?;
            // One call tells it, so that no more are spent on what comes to nothing.
            if total.is_some_and(|total| total > PAGE * PAGES) {
                return Err(too_long(operation));
            }
            // Nobody promises how many entries a page holds: without a total only an empty page is the end, or the same
            // short page again, from a server that ignores `offset`. A full page again tells nothing of the rest.
            let again = total.is_none() && items.len() < PAGE && all.ends_with(&items);
            if items.is_empty() || again {
                return Ok(all);
            }
            all.extend(items);
            if total.is_some_and(|total| all.len() >= total) {
                return Ok(all);
            }
        }
        Err(too_long(operation))
    }
}

fn or_wait(mut error: CallError, wait: Option<Duration>) -> CallError {
    error.failure.retry_after = error.failure.retry_after.or(wait);
    error
}

/// Known by [`is_too_long`]: the answers were read well, and nothing more was asked.
fn too_long(operation: &str) -> CallError {
    crate::http::not_sent(
        Reason::UnreadableAnswer,
        format!(
            "YubiEnterprise's list for {operation} has more than {} entries; it is not read further",
            PAGE * PAGES
        ),
    )
}

/// Has the list so many entries that it is not read whole? Then nobody can say what is not in it.
#[must_use]
pub fn is_too_long(error: &CallError) -> bool {
    error.arrival == Arrival::NotSent && error.failure.reason == Reason::UnreadableAnswer
}

pub(super) fn read_page(answer: &Answer, names: &[&str]) -> Result<(Vec<Value>, Option<usize>), CallError> {
    success(answer, Reason::YubicoUnavailable)?;
    let body: Value = answer.json()?;
    let items = lenient_json::page(&body, names).ok_or_else(|| answer.unreadable("it holds no list"))?;
    let total = lenient_json::member(&body, &["total_count"]).and_then(lenient_json::number);
    Ok((items.to_vec(), total.and_then(|total| usize::try_from(total).ok())))
}

/// Lets a 2xx through; `refused` is the reason if the vendor understood and said no.
pub(super) fn success(answer: &Answer, refused: Reason) -> Result<(), CallError> {
    if answer.is_success() { Ok(()) } else { Err(judge(answer, refused)) }
}

/// What an answer that is no success means. The form of error bodies is not documented, and they may repeat
/// the address: nothing of them is shown.
pub(super) fn judge(answer: &Answer, refused: Reason) -> CallError {
    note_code(answer);
    match answer.status {
        401 => answer.error(
            Reason::YubicoUnauthorized,
            "YubiEnterprise rejected the API token (HTTP 401): tokens expire one year after they were made and \
             die with their user; make a new one in the Console and put it into `yubico-api-token`",
        ),
        403 => answer.error(
            Reason::YubicoForbidden,
            "YubiEnterprise denies this to the API token (HTTP 403): use an account with the role Admin in the \
             organization that ships to this region",
        ),
        429 => answer.rate_limited(answer.retry_after()),
        // Outside the closed list an order may have been placed, whatever the status seems to say.
        _ if answer.nature == Nature::Order && !matches!(answer.status, 400 | 404 | 422) => answer.unavailable(),
        408 | 409 => answer.unavailable(),
        status @ 400..=499 => answer.error(refused, refusal(refused, status)),
        _ => answer.unavailable(),
    }
}

fn refusal(refused: Reason, status: u16) -> String {
    match refused {
        Reason::OrderRefused => format!(
            "YubiEnterprise refused the order (HTTP {status}): check recipient and address, the product, \
             inventory and customization ids, the country, and that `apiUrl` is the one of the API"
        ),
        Reason::OrderNotFound => format!(
            "YubiEnterprise does not show the order (HTTP {status}): it was deleted, or the API token belongs to \
             another organization"
        ),
        _ => format!("YubiEnterprise refused the request (HTTP {status}); check `apiUrl`"),
    }
}

/// A code of the vendor goes to the log if it looks like one.
fn note_code(answer: &Answer) {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
    let Some(code) = lenient_json::text_of(&body, &["code", "error_code", "errorCode"]) else { return };
    if code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        tracing::Span::current().record("error_code", code);
    }
}

pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    let claims = token.split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp").and_then(lenient_json::number)?).ok()
}
