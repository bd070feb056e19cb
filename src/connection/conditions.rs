//! What preflight tells: one condition for each check, and Ready for all of them.

use domain::{
    failure::{Failure, Kind},
    preflight::{Check, Verdict},
};

use crate::{connection::handle::ConnectionHandle, kubernetes::conditions::Fact};

/// Result of an examination.
#[derive(Debug, Default)]
pub struct Report {
    /// Every check with its verdict.
    pub checks: Vec<(Check, Verdict)>,
    /// Keys left for each model, as far as `YubiEnterprise` shows them; `None`: not read.
    pub stock: Option<Vec<(String, i64)>>,
    /// The usable connection, if the vendors can be used.
    pub link: Option<ConnectionHandle>,
    /// The link has the credentials from before: the new ones do not work, and the vendors still take the old ones.
    pub interim: bool,
}

impl Report {
    /// The first reason why the vendors cannot be used at all.
    #[must_use]
    pub fn fault(&self) -> Option<&Failure> {
        self.checks.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Fault(failure) => Some(failure),
            _ => None,
        })
    }

    /// The first reason why no key is ordered although the vendors can be used.
    #[must_use]
    pub fn stop(&self) -> Option<Failure> {
        self.checks.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Stop(reason, message) => Some(Failure::new(*reason, message.clone())),
            _ => None,
        })
    }

    /// What Ready says of it.
    #[must_use]
    pub fn said(&self) -> Option<Failure> {
        self.fault().map(|fault| told(fault, self.interim)).or_else(|| self.stop())
    }

    /// All conditions but those about the end of credentials.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = ready(self.said().as_ref());
        facts.extend(self.checks.iter().map(|(check, verdict)| fact(*check, verdict)));
        facts
    }
}

fn ready(said: Option<&Failure>) -> Vec<Fact> {
    let Some(failure) = said else {
        return vec![Fact::new(
            "Ready",
            true,
            "Succeeded",
            "Okta and YubiEnterprise took the credentials; shipments can use this connection.",
        )];
    };
    let (reason, message) = (failure.reason.as_str(), failure.message.clone());
    let kind = if failure.reason.kind() == Kind::Auth { "Stalled" } else { "Reconciling" };
    vec![Fact::new("Ready", false, reason, message.clone()), Fact::new(kind, true, reason, message)]
}

fn fact(check: Check, verdict: &Verdict) -> Fact {
    Fact {
        kind: check.name(),
        status: verdict.status(),
        reason: verdict.reason().into(),
        message: verdict.message().to_owned(),
    }
}

fn told(fault: &Failure, interim: bool) -> Failure {
    if !interim {
        return fault.clone();
    }
    let message = fault.message.trim_end_matches('.');
    Failure::new(
        fault.reason,
        format!("{message}. Until then the credentials from before are used, which both vendors still take."),
    )
}
