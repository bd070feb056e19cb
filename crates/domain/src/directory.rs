//! Groups and new people of Okta's directory, in words of the domain.

use std::{collections::BTreeMap, fmt};

use thiserror::Error;

use super::{
    ids::{GroupId, Login},
    text,
    vendor_states::User,
};

/// A group as Okta shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The immutable id.
    pub id: GroupId,
    /// `profile.name`; not unique: an imported group may have the name of an Okta group.
    pub name: String,
}

/// What a look for a group by its name gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupLookup {
    /// Exactly one has this name.
    Found(Group),
    /// None has it.
    Missing,
    /// These have it; only an id tells which is meant.
    Ambiguous(Vec<GroupId>),
}

/// Attributes of Okta's profile that a source may give a new person, with the longest value (letters). No other one:
/// groups, apps and rights at Okta may follow from any attribute.
pub const ATTRIBUTES_OF_NEW_PEOPLE: [(&str, usize); 11] = [
    ("firstName", 50),
    ("lastName", 50),
    ("email", 100),
    ("secondEmail", 100),
    ("primaryPhone", 100),
    ("streetAddress", 255),
    ("city", 128),
    ("state", 128),
    ("zipCode", 50),
    ("countryCode", 2),
    ("organization", 255),
];

/// Attributes without which nobody is created. Okta wants the first three; the secondary e-mail is ours: a
/// person who is not active yet cannot read the PIN in the work mailbox.
pub const REQUIRED_OF_NEW_PEOPLE: [&str; 4] = ["firstName", "lastName", "email", "secondEmail"];

/// The attribute's longest value; `None` if a source may not give it.
#[must_use]
pub fn longest(attribute: &str) -> Option<usize> {
    ATTRIBUTES_OF_NEW_PEOPLE.iter().find(|(name, _)| *name == attribute).map(|(_, longest)| *longest)
}

/// Why nobody can be created from these attributes. No values: they are personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnusableProfile {
    /// Attributes that are absent or blank.
    #[error("the new user's profile lacks {}", .0.join(", "))]
    Incomplete(Vec<&'static str>),
    /// Attributes that a source may not give.
    #[error("a new user's profile may not have {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// Attributes with a character that no name and no label has, and which.
    #[error("the new user's profile is unusable: {}", .0.join(", "))]
    Character(Vec<String>),
    /// Attributes whose value is too long.
    #[error("{} of the new user's profile {} too long", .0.join(", "), if .0.len() == 1 { "is" } else { "are" })]
    TooLong(Vec<String>),
}

/// A person to be created as Staged: login and a profile that is complete enough.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    login: Login,
    profile: BTreeMap<String, String>,
}

impl NewPerson {
    /// Takes the attributes in their one form ([`text::tidy`]); `login` among them is replaced by the one given.
    ///
    /// # Errors
    /// Names every attribute that is not of [`ATTRIBUTES_OF_NEW_PEOPLE`], has a character that no name has, or is
    /// longer than there, else every one of
    /// [`REQUIRED_OF_NEW_PEOPLE`] that is absent or blank.
    pub fn new(login: Login, mut profile: BTreeMap<String, String>) -> Result<Self, UnusableProfile> {
        profile.remove("login");
        for value in profile.values_mut() {
            *value = text::tidy(value);
        }
        let names = |faulty: &dyn Fn(&str, &str) -> bool| -> Vec<String> {
            profile.iter().filter(|(name, value)| faulty(name, value)).map(|(name, _)| name.clone()).collect()
        };
        let unknown = names(&|name, _| longest(name).is_none());
        if !unknown.is_empty() {
            return Err(UnusableProfile::Unknown(unknown));
        }
        let bad = profile.iter().filter_map(|(name, value)| Some(format!("{name} {}", text::fault(value)?)));
        let bad: Vec<_> = bad.collect();
        if !bad.is_empty() {
            return Err(UnusableProfile::Character(bad));
        }
        let long = names(&|name, value| longest(name).is_some_and(|longest| value.chars().count() > longest));
        if !long.is_empty() {
            return Err(UnusableProfile::TooLong(long));
        }
        let blank = |name: &&str| profile.get(*name).is_none_or(|value| value.trim().is_empty());
        let missing: Vec<_> = REQUIRED_OF_NEW_PEOPLE.into_iter().filter(blank).collect();
        if !missing.is_empty() {
            return Err(UnusableProfile::Incomplete(missing));
        }
        profile.insert("login".to_owned(), login.as_str().to_owned());
        Ok(Self { login, profile })
    }

    /// The login, unique in an organization.
    #[must_use]
    pub const fn login(&self) -> &Login {
        &self.login
    }

    /// The whole profile, `login` among it.
    #[must_use]
    pub const fn profile(&self) -> &BTreeMap<String, String> {
        &self.profile
    }
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The profile is personal data.
        f.debug_struct("NewPerson").field("login", &self.login).finish_non_exhaustive()
    }
}

/// What became of a wish to create a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// Made just now, Staged, without a mail.
    Made(User),
    /// The login was taken already: nothing was changed.
    Existed(User),
}

/// What became of a wish to activate a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserActivation {
    /// Okta accepted; it works on it in the background.
    Accepted,
    /// The user was active already.
    AlreadyActive,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> BTreeMap<String, String> {
        REQUIRED_OF_NEW_PEOPLE.iter().map(|name| ((*name).to_owned(), format!("a {name}"))).collect()
    }

    #[test]
    fn nobody_is_created_without_each_of_the_four() {
        let login = Login::new("ann.lee@example.com").unwrap();
        assert!(NewPerson::new(login.clone(), profile()).is_ok());
        for name in REQUIRED_OF_NEW_PEOPLE {
            for value in [None, Some(""), Some("  ")] {
                let mut profile = profile();
                match value {
                    None => drop(profile.remove(name)),
                    Some(value) => drop(profile.insert(name.to_owned(), value.to_owned())),
                }
                let error = NewPerson::new(login.clone(), profile).unwrap_err();
                assert_eq!(error, UnusableProfile::Incomplete(vec![name]), "{value:?}");
            }
        }
        let error = NewPerson::new(login, BTreeMap::new()).unwrap_err();
        assert_eq!(error, UnusableProfile::Incomplete(REQUIRED_OF_NEW_PEOPLE.to_vec()), "all at once");
    }

    #[test]
    fn no_attribute_beside_the_listed_ones_reaches_the_directory() {
        let login = Login::new("ann.lee@example.com").unwrap();
        for name in ["department", "manager", "FirstName", "firstName ", "userType", "costCenter", "x"] {
            let mut profile = profile();
            profile.insert(name.to_owned(), "finance-admins".to_owned());
            let error = NewPerson::new(login.clone(), profile).unwrap_err();
            assert_eq!(error, UnusableProfile::Unknown(vec![name.to_owned()]));
            assert!(error.to_string().contains(name) && !error.to_string().contains("finance"), "{error}");
        }
    }

    #[test]
    fn a_value_longer_than_the_resource_admits_is_refused_without_being_repeated() {
        let login = Login::new("ann.lee@example.com").unwrap();
        for (name, longest) in ATTRIBUTES_OF_NEW_PEOPLE {
            for (letters, fits) in [(longest, true), (longest + 1, false)] {
                let mut profile = profile();
                profile.insert(name.to_owned(), "ü".repeat(letters));
                let made = NewPerson::new(login.clone(), profile);
                assert_eq!(made.is_ok(), fits, "{name} with {letters} letters");
                if let Err(error) = made {
                    assert_eq!(error, UnusableProfile::TooLong(vec![name.to_owned()]));
                    assert!(!error.to_string().contains('ü'));
                }
            }
        }
    }

    #[test]
    fn a_new_person_prints_without_the_profile() {
        let login = Login::new("ann.lee@example.com").unwrap();
        let mut attributes = profile();
        attributes.insert("streetAddress".into(), "1 Secret Street".into());
        attributes.insert("login".into(), "somebody@else".into());
        let person = NewPerson::new(login, attributes).unwrap();
        assert!(!format!("{person:?}").contains("Secret"));
        assert_eq!(person.profile()["login"], "ann.lee@example.com");
    }
}
