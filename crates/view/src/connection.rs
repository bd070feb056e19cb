//! One connection: what preflight found.

use api::connection::YubiKeyConnection;
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde::Serialize;

/// One condition of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Type of the condition.
    pub name: String,
    /// True, False or Unknown.
    pub status: String,
    /// Why, one word.
    pub reason: String,
    /// What was found and how to mend it.
    pub message: String,
    /// Since when it is like this, where that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What a check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as wanted.
    Fine,
    /// It could not be looked at.
    Unknown,
    /// It is fine today, and will not be.
    Warning,
    /// It is not as wanted.
    Wrong,
}

impl Check {
    /// `CredentialsExpiring` is the one condition that is wanted False.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let wanted = if self.name == "CredentialsExpiring" { "False" } else { "True" };
        match self.status.as_str() {
            status if status == wanted => Verdict::Fine,
            "Unknown" => Verdict::Unknown,
            _ if wanted == "False" => Verdict::Warning,
            _ => Verdict::Wrong,
        }
    }
}

/// What a person wants to know of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// `metadata.name`; connections have no namespace.
    pub connection: String,
    /// The Okta org.
    pub okta: String,
    /// Status of the condition Ready.
    pub ready: String,
    /// Reason of the condition Ready; `NotLookedAt` before the operator has looked.
    pub reason: String,
    /// What was found and how to mend it.
    pub message: String,
    /// The other conditions.
    pub checks: Vec<Check>,
}

impl ConnectionView {
    /// Reads an object.
    #[must_use]
    pub fn of(connection: &YubiKeyConnection) -> Self {
        let status = connection.status.clone().unwrap_or_default();
        let checks: Vec<_> = status
            .conditions
            .into_iter()
            .map(|condition| Check {
                name: condition.type_,
                status: condition.status,
                reason: condition.reason,
                message: condition.message,
                since: Some(condition.last_transition_time.0),
            })
            .collect();
        Self::new(connection.name_any(), connection.spec.okta.org_url.clone(), checks)
    }

    /// What was found of a connection at this org.
    #[must_use]
    pub fn new(connection: String, okta: String, mut checks: Vec<Check>) -> Self {
        let ready = checks.iter().position(|check| check.name == "Ready").map(|at| checks.remove(at));
        let (word, reason, message) = ready.map_or_else(
            || {
                (
                    "Unknown".to_owned(),
                    "NotLookedAt".to_owned(),
                    "The operator has not looked at it yet.".to_owned(),
                )
            },
            |ready| (ready.status, ready.reason, ready.message),
        );
        Self { connection, okta, ready: word, reason, message, checks }
    }

    /// It can be used, and no check says otherwise: what cannot be known is no fault.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let bad = |check: &Check| matches!(check.verdict(), Verdict::Warning | Verdict::Wrong);
        self.ready == "True" && !self.checks.iter().any(bad)
    }
}
