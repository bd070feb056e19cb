//! Whose API is called, and what a call to it may do.

use domain::failure::Reason;

/// Whose API is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// The Okta org of a connection.
    Okta,
    /// `YubiEnterprise`, and the key sets that Yubico publishes.
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
    /// Changes nothing at the vendor, and may be repeated.
    Read,
    /// Changes something, and may be repeated or looked up; every 4xx but 408 and 409 is a clear no.
    Change,
    /// Makes something new each time it arrives; refusals as for a change.
    Create,
    /// Orders a key; only 400, 401, 403, 404, 422 and 429 are a clear no.
    Order,
}
