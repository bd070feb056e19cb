//! Names of things at the vendors, as types that cannot be mixed up or empty.

use std::{collections::BTreeSet, fmt};

use thiserror::Error;

use crate::text;

/// Why a text cannot be used as an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} {fault}")]
pub struct InvalidId {
    what: &'static str,
    fault: &'static str,
}

/// Vendors give no grammar for their ids, so only what can never be right is refused:
/// nothing at all, control characters, and more than any id needs.
fn check(what: &'static str, text: &str) -> Result<(), InvalidId> {
    let fault = if text.is_empty() {
        "is empty"
    } else if text.len() > 255 {
        "is longer than 255 bytes"
    } else if text.chars().any(char::is_control) {
        "has a control character"
    } else {
        return Ok(());
    };
    Err(InvalidId { what, fault })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            ///
            /// # Errors
            /// If it is empty, longer than 255 bytes, or has a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check($what, &text)?;
                Ok(Self(text))
            }

            /// The text as the vendor spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Okta user id (`00u…`).
    UserId, "the Okta user id"
);
id!(
    /// Okta login (`profile.login`). Never part of a URL path: `DPoP` compares percent-decoded paths.
    Login, "the login"
);

/// Why what a person wrote is no login. Names a character by its code point, never the login.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the login {0}")]
pub struct InvalidLogin(String);

impl Login {
    /// Takes what a person wrote, in its one form ([`text::tidy`]): a blank that was copied along looks right and is
    /// nobody.
    ///
    /// # Errors
    /// If it has a blank or an invisible character inside, or is no [`Login::new`].
    pub fn read(written: &str) -> Result<Self, InvalidLogin> {
        let login = text::tidy(written);
        if let Some(bad) = text::fault(&login) {
            return Err(InvalidLogin(bad.to_string()));
        }
        if let Some(blank) =
            written.trim().chars().find(|c| c.is_whitespace()).filter(|_| login.contains(' '))
        {
            return Err(InvalidLogin(format!("has a blank inside ({}); remove it", text::code_point(blank))));
        }
        Self::new(login).map_err(|error| InvalidLogin(error.fault.to_owned()))
    }

    /// The login as it is and as others may have spelt it: Okta compares the characters, and a directory may have the
    /// letters composed or decomposed.
    pub fn spellings(&self) -> impl Iterator<Item = Self> {
        let forms = [text::composed(&self.0).into_owned(), text::decomposed(&self.0).into_owned()];
        let others: BTreeSet<_> = forms.into_iter().filter(|form| *form != self.0).collect();
        std::iter::once(self.0.clone()).chain(others).map(Self)
    }

    /// Do both stand for one person, whatever their capitals and spelling?
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        text::is_same(&self.0, &other.0)
    }
}

id!(
    /// Okta id of a pre-registered factor (`fwf…`).
    EnrollmentId, "the enrolment id"
);
id!(
    /// Okta key pair that opens the credential response; the `kid` of that response.
    KeyId, "the enrolment key id"
);
id!(
    /// `YubiEnterprise` shipment id, an opaque string of about 22 characters.
    ShipmentId, "the shipment id"
);
id!(
    /// Serial number of a `YubiKey`.
    Serial, "the serial number"
);
id!(
    /// Id of an Okta organization, from `/.well-known/okta-organization`.
    OktaOrgId, "the Okta organization id"
);
id!(
    /// Id of a `YubiEnterprise` organization, from its inventory.
    YubicoOrgId, "the YubiEnterprise organization id"
);
id!(
    /// Okta group id (`00g…`).
    GroupId, "the Okta group id"
);
id!(
    /// `uuid` of an event in Okta's System Log: the same event has the same one, however often it is shown.
    EventId, "the event id"
);
id!(
    /// `WebAuthn` relying party id: a host name.
    RpId, "the RP id"
);
id!(
    /// Yubico's customization assigned to the organization.
    CustomizationId, "the customization id"
);

/// A ciphertext that passes through: only Okta and Yubico can open it. Never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed(String);

impl Sealed {
    /// Most bytes that the status of a shipment can keep. Okta documents no limit; a JWE has one or two KiB.
    pub const LIMIT: usize = 64 * 1024;

    /// Wraps a compact JWE.
    #[must_use]
    pub fn new(jwe: impl Into<String>) -> Self {
        Self(jwe.into())
    }

    /// The compact JWE, for the wire and for `status` only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_when_it_can_never_be_right() {
        assert!(UserId::new("").is_err());
        assert!(UserId::new("a\nb").is_err());
        assert!(UserId::new("x".repeat(256)).is_err());
        assert!(UserId::new("x".repeat(255)).is_ok());
    }

    #[test]
    fn a_login_is_read_in_its_one_form_or_refused_by_its_character() {
        for text in ["jose\u{301}@x.example\u{a0}", " josé@x.example", "\u{feff}josé@x.example\u{200b}"] {
            assert_eq!(Login::read(text).unwrap().as_str(), "josé@x.example", "{text:?}");
        }
        for (text, code) in [
            ("ann\u{a0}lee@x.example", "U+00A0"),
            ("ann lee@x.example", "U+0020"),
            ("ann\u{200b}lee@x.example", "U+200B"),
            ("ann\u{202e}lee@x.example", "U+202E"),
            ("ann\u{fffd}lee@x.example", "U+FFFD"),
            ("ann\nlee@x.example", "U+000A"),
            ("ann\u{2028}lee@x.example", "U+2028"),
        ] {
            let says = Login::read(text).unwrap_err().to_string();
            assert!(says.contains(code) && !says.contains("ann"), "{says}");
        }
        assert!(Login::read(" \u{a0} ").is_err());
        assert_eq!(Login::read("ann@x.example").unwrap().spellings().count(), 1);
        assert_eq!(Login::read("josé@x.example").unwrap().spellings().count(), 2);
    }

    #[test]
    fn a_sealed_text_never_prints() {
        assert_eq!(format!("{:?}", Sealed::new("eyJsecret")), "Sealed(9 bytes)");
    }
}
