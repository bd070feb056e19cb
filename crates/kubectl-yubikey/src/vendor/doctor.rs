//! Preflight without a cluster: what the operator would find with these files and this spec.

use std::path::Path;

use connect::{
    declared::declared,
    ours::Ours,
    probe_okta, probe_yubico,
    readings::{Readings, Why},
    verdicts,
};
use domain::{
    expiry::{self, Stage},
    preflight::{Check, Orders, Shown, Verdict},
};
use jiff::Timestamp;
use vendors::credentials::expiry::Expiry;

use super::{file::Declared, reached};
use crate::fault::Result;

/// One thing that was looked at, as a condition of the connection would say it: type, status, reason, message.
pub type Found = (String, Option<bool>, String, String);

/// Asks both vendors everything that preflight asks, once; changes nothing there.
///
/// # Errors
/// If the files cannot be looked for. What is wrong in them, and at the vendors, is a finding.
pub async fn examine(directory: &Path, connection: &Declared, now: Timestamp) -> Result<Vec<Found>> {
    let spec = &connection.spec;
    let declared = declared(spec, |_| Orders::None, None);
    let reached = reached::reach(directory, &connection.name, spec).await?;
    let mut readings = Readings::default();
    let (okta, yubico, files) = match reached.clients {
        Ok(clients) => {
            let mut at_yubico = Readings::default();
            let ours = Ours::default();
            let (okta, yubico) = tokio::join!(
                probe_okta::look(&clients.okta, &mut readings, &ours, Why::Everything),
                probe_yubico::look(
                    &clients.yubico,
                    &clients.caches,
                    &mut at_yubico,
                    &declared,
                    Why::Everything
                ),
            );
            (okta, yubico, Verdict::Good("All credential files are there and readable.".to_owned()))
        }
        Err(failure) => (
            probe_okta::facts(&readings, Shown::NotAsked),
            probe_yubico::facts(&readings, Shown::NotAsked),
            Verdict::Fault(failure),
        ),
    };
    let checks = verdicts::of(files, &okta, &yubico, &declared);
    let mut found = vec![ready(&checks)];
    found.extend(checks.iter().map(|(check, verdict)| told(*check, verdict)));
    found.extend(end_of_token(reached.expiry.as_ref(), now));
    Ok(found)
}

fn told(check: Check, verdict: &Verdict) -> Found {
    (check.name().to_owned(), verdict.status(), verdict.reason().to_owned(), verdict.message().to_owned())
}

/// What Ready would say: the first fault, else the first check that stops orders.
fn ready(checks: &[(Check, Verdict)]) -> Found {
    let first = |wanted: fn(&Verdict) -> bool| checks.iter().find(|(_, verdict)| wanted(verdict));
    let bad = first(|verdict| matches!(verdict, Verdict::Fault(_)))
        .or_else(|| first(|verdict| matches!(verdict, Verdict::Stop(..))));
    let (status, reason, message) = bad
        .map_or((true, "Succeeded", "Both vendors can be used."), |(_, verdict)| {
            (false, verdict.reason(), verdict.message())
        });
    ("Ready".to_owned(), Some(status), reason.to_owned(), message.to_owned())
}

/// True means that somebody should renew the token, as with the condition of this name.
fn end_of_token(end: Option<&Expiry>, now: Timestamp) -> Option<Found> {
    let (status, reason, message) = match end? {
        Expiry::At(end) => {
            let far = expiry::stage(*end, now) == Stage::Far;
            let reason = if far { "TokenValid" } else { "TokenExpires" };
            (Some(!far), reason, format!("The token of YubiEnterprise ends at {end}."))
        }
        Expiry::Unknown => (
            None,
            "TokenExpiryUnknown",
            "The token of YubiEnterprise does not tell when it ends; it does so a year after it was made."
                .to_owned(),
        ),
        Expiry::Unreadable(why) => (None, "TokenExpiryUnreadable", format!("{why}.")),
    };
    Some(("CredentialsExpiring".to_owned(), status, reason.to_owned(), message))
}
