//! What a check comes to.

use super::check::{Check, grant};
use crate::failure::{Failure, Reason};

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As wanted; what was found.
    Good(String),
    /// Not as wanted, and nothing stops for it.
    Advice(Reason, String),
    /// No key is ordered until it is changed; orders that were placed go on.
    Stop(Reason, String),
    /// The vendor cannot be used, or the answer could not be got.
    Fault(Failure),
    /// It may not be looked at, or was not; no alarm.
    Unknown(Unknown, String),
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// The scope is not granted.
    ScopeNotGranted,
    /// The vendor does not show it.
    NotShown,
    /// An earlier check failed.
    NotChecked,
}

impl Unknown {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ScopeNotGranted, Self::NotShown, Self::NotChecked];

    /// Reason of the condition.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScopeNotGranted => "ScopeNotGranted",
            Self::NotShown => "NotShown",
            Self::NotChecked => "NotChecked",
        }
    }
}

impl Verdict {
    /// As wanted, not as wanted, or not known.
    #[must_use]
    pub const fn status(&self) -> Option<bool> {
        match self {
            Self::Good(_) => Some(true),
            Self::Advice(..) | Self::Stop(..) | Self::Fault(_) => Some(false),
            Self::Unknown(..) => None,
        }
    }

    /// Reason of the condition.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Good(_) => "Succeeded",
            Self::Advice(reason, _) | Self::Stop(reason, _) => reason.as_str(),
            Self::Fault(failure) => failure.reason.as_str(),
            Self::Unknown(why, _) => why.as_str(),
        }
    }

    /// What was found, what is wanted, and where it is changed.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Good(message)
            | Self::Advice(_, message)
            | Self::Stop(_, message)
            | Self::Unknown(_, message) => message,
            Self::Fault(failure) => &failure.message,
        }
    }

    pub(super) fn advice(check: Check, reason: Reason, found: &str) -> Self {
        Self::Advice(reason, format!("{} Nothing stops for it.", told(check, found)))
    }

    pub(super) fn stop(check: Check, reason: Reason, found: &str) -> Self {
        Self::Stop(reason, format!("{} No key is ordered until then.", told(check, found)))
    }

    pub(super) fn hidden(scope: &str) -> Self {
        let what = format!("Okta does not show it to the app; {}.", grant(scope));
        Self::Unknown(Unknown::ScopeNotGranted, what)
    }

    pub(super) fn not_shown(what: &str) -> Self {
        Self::Unknown(Unknown::NotShown, what.to_owned())
    }

    pub(super) fn not_checked() -> Self {
        Self::Unknown(Unknown::NotChecked, "An earlier check failed, so this one was not made.".to_owned())
    }
}

/// What was found, what is wanted, and where that is changed; the same at each look.
fn told(check: Check, found: &str) -> String {
    format!("{found}. Wanted is {}. Change it {}.", check.wants(), check.place())
}

/// The verdict on what was shown; what was not has the same words everywhere.
pub(super) fn of<T>(shown: &super::facts::Shown<T>, judge: impl FnOnce(&T) -> Verdict) -> Verdict {
    use super::facts::Shown;
    match shown {
        Shown::Observed(value) => judge(value),
        Shown::Hidden(scope) => Verdict::hidden(scope),
        Shown::Missing => Verdict::not_shown("The vendor shows nothing of it."),
        Shown::NotAsked => Verdict::not_checked(),
    }
}
