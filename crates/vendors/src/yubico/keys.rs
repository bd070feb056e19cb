//! "Get Public Transport Keys and Signing Certificate": two published key sets, fetched without a token over
//! verified TLS.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    failure::{CallError, Reason},
    preflight::KeySet,
    vendor_states::PublicKey,
};
use serde_json::Value;
use url::Url;

use super::{Client, client::judge};
use crate::http::{Answer, Api, Call};

/// Bytes of a P-384 coordinate.
const COORDINATE: usize = 48;

impl Client {
    /// The keys to seal requests to; one of them goes to Okta's enroll.
    ///
    /// # Errors
    /// `VendorKeysUnusable` if nothing is published there, else as every call.
    pub async fn transport_keys(&self) -> Result<KeySet, CallError> {
        self.keys("transport-keys", &self.transport_keys_url, "enc").await
    }

    /// The keys responses are signed with; all of them go to Okta's activate.
    ///
    /// # Errors
    /// `VendorKeysUnusable` if nothing is published there, else as every call.
    pub async fn signing_keys(&self) -> Result<KeySet, CallError> {
        self.keys("signing-keys", &self.signing_keys_url, "sig").await
    }

    async fn keys(
        &self,
        operation: &'static str,
        url: &Url,
        purpose: &'static str,
    ) -> Result<KeySet, CallError> {
        let call = Call::get(Api::Yubico, operation, url.clone());
        self.file(call, |answer| read_set(answer, operation, purpose)).await
    }
}

/// The usable keys, of which there must be one.
pub(super) fn read_keys(
    answer: &Answer,
    operation: &str,
    purpose: &str,
) -> Result<Vec<PublicKey>, CallError> {
    match read_set(answer, operation, purpose)? {
        KeySet::Usable(keys) => Ok(keys),
        KeySet::Empty | KeySet::AnotherCurve => Err(unusable(answer, operation)),
    }
}

fn read_set(answer: &Answer, operation: &str, purpose: &str) -> Result<KeySet, CallError> {
    if matches!(answer.status, 400..=407 | 410..=428) {
        // No token went out, so this says nothing about the token.
        return Err(unusable(answer, operation));
    }
    if !answer.is_success() {
        return Err(judge(answer, Reason::VendorKeysUnusable));
    }
    let set = answer.json()?;
    let found = keys(&set, purpose);
    Ok(if !found.is_empty() {
        KeySet::Usable(found)
    } else if super::lenient_json::list(&set, &["keys"]).is_empty() {
        KeySet::Empty
    } else {
        KeySet::AnotherCurve
    })
}

fn unusable(answer: &Answer, operation: &str) -> CallError {
    let field = if operation == "transport-keys" { "transportKeysUrl" } else { "signingKeysUrl" };
    answer.error(
        Reason::VendorKeysUnusable,
        format!(
            "{} publishes no usable P-384 key at the path of `{field}` (HTTP {}); check that URL",
            answer.place, answer.status
        ),
    )
}

/// The usable keys of a set: P-384, all members whole, not for another purpose.
pub(super) fn keys(set: &Value, purpose: &str) -> Vec<PublicKey> {
    super::lenient_json::list(set, &["keys"]).iter().filter_map(|key| usable(key, purpose)).collect()
}

fn usable(key: &Value, purpose: &str) -> Option<PublicKey> {
    let text = |name: &str| key.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // `use` is missing in Yubico's transport set; Okta's client adds it.
    let fits = text("kty")? == "EC" && text("crv")? == "P-384" && text("use").is_none_or(|u| u == purpose);
    let coordinate = |name: &str| {
        let value = text(name)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        (bytes.len() == COORDINATE).then(|| value.to_owned())
    };
    if !fits || key.get("d").is_some() {
        return None;
    }
    let kid = text("kid").filter(|kid| kid.len() <= super::lenient_json::LABEL)?;
    Some(PublicKey { kid: kid.to_owned(), x: coordinate("x")?, y: coordinate("y")? })
}
