//! The person at the end: has the parcel and the mail, nothing else, and signs in.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::authenticator::SoftKey;
use crate::world::Mail;

/// What the person has.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// File with the key, as it came out of the parcel. Tries and counters are written back.
    pub parcel: PathBuf,
    /// File with the mail, as JSON of the outbox or as text.
    pub mail: PathBuf,
    /// URL of the Okta org.
    pub okta: String,
    /// File with the CA's certificate; none for plain http.
    pub ca: Option<PathBuf>,
    /// Another PIN than the mail's.
    pub pin: Option<String>,
    /// Another RP id than the page's.
    pub rp_id: Option<String>,
}

/// Signs in; the answer is a friendly line.
///
/// # Errors
/// With the reason: unreadable files, a wrong PIN, no credential for the RP id, or what Okta says.
pub async fn run(with: &SignIn) -> Result<String, String> {
    let mail = read_mail(&with.mail)?;
    let login = line(&mail, "User name:").ok_or("the mail names no user")?;
    let pin = match &with.pin {
        Some(pin) => pin.clone(),
        None => line(&mail, "PIN:").ok_or("the mail holds no PIN")?,
    };
    let mut key: SoftKey = serde_json::from_slice(&read(&with.parcel)?)
        .map_err(|error| format!("the parcel holds no key: {error}"))?;
    let client = client(with.ca.as_deref())?;
    let okta = with.okta.trim_end_matches('/');
    let started = post(&client, &format!("{okta}/sandbox-sign-in/start"), &json!({"login": login})).await?;
    let mut options = started["publicKey"].clone();
    if let Some(rp_id) = &with.rp_id {
        options["rpId"] = json!(rp_id);
    }
    let asserted = key.assert(&pin, &options, okta);
    let written = serde_json::to_vec_pretty(&key).map_err(|error| error.to_string())?;
    fs::write(&with.parcel, written)
        .map_err(|error| format!("the key's state cannot be written: {error}"))?;
    let credential = asserted.map_err(|error| error.to_string())?;
    let body = json!({"session": started["session"], "credential": credential});
    let finished = post(&client, &format!("{okta}/sandbox-sign-in/finish"), &body).await?;
    Ok(format!(
        "Welcome, {}! {} signed in with {} {} and its PIN, no password.",
        finished["firstName"].as_str().unwrap_or_default(),
        finished["login"].as_str().unwrap_or_default(),
        key.model,
        key.serial,
    ))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_mail(path: &Path) -> Result<String, String> {
    let bytes = read(path)?;
    match serde_json::from_slice::<Mail>(&bytes) {
        Ok(mail) => Ok(mail.text),
        Err(_) => String::from_utf8(bytes).map_err(|_| "the mail is not text".to_string()),
    }
}

fn line(mail: &str, label: &str) -> Option<String> {
    let found = mail.lines().find_map(|line| line.trim().strip_prefix(label))?.trim();
    (!found.is_empty()).then(|| found.to_string())
}

fn client(ca: Option<&Path>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder().no_proxy();
    // Over plain http there is no CA, and its file is empty.
    if let Some(pem) = ca.map(read).transpose()?.filter(|pem| !pem.is_empty()) {
        let pem = reqwest::Certificate::from_pem(&pem).map_err(|error| error.to_string())?;
        builder = builder.add_root_certificate(pem);
    }
    builder.build().map_err(|error| error.to_string())
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Result<Value, String> {
    let answer = client
        .post(url)
        .json(body)
        .send()
        .await
        .map_err(|error| format!("Okta does not answer: {error:?}"))?;
    let status = answer.status();
    let value: Value =
        answer.json().await.map_err(|error| format!("Okta's answer is not readable: {error}"))?;
    if status.is_success() {
        return Ok(value);
    }
    Err(format!("Okta refused the sign-in: {}", value["reason"].as_str().unwrap_or("no reason given")))
}
