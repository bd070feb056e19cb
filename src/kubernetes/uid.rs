//! What tells objects of one name apart, in little room: of a hundred thousand something is remembered.

use std::{collections::HashSet, fmt};

use uuid::Uuid;

/// The `metadata.uid` of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Uid {
    /// As API servers make them: a UUID in its usual spelling.
    Uuid(Uuid),
    /// Any other text; Kubernetes promises no form.
    Other(Box<str>),
}

impl Uid {
    /// Of a text; two texts are never the same uid.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let uuid = Uuid::try_parse(text).ok().map(Self::Uuid);
        uuid.filter(|uid| uid.to_string() == text).unwrap_or_else(|| Self::Other(text.into()))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(formatter),
            Self::Other(text) => text.fmt(formatter),
        }
    }
}

/// Uids of what is there.
#[derive(Debug, Default)]
pub struct Uids(HashSet<Uid>);

impl Uids {
    /// Is it there?
    #[must_use]
    pub fn contains(&self, uid: &str) -> bool {
        self.has(&Uid::of(uid))
    }

    /// Is it there?
    #[must_use]
    pub fn has(&self, uid: &Uid) -> bool {
        self.0.contains(uid)
    }
}

impl FromIterator<Uid> for Uids {
    fn from_iter<T: IntoIterator<Item = Uid>>(uids: T) -> Self {
        Self(uids.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_the_text_that_it_was_made_of() {
        let usual = "7bb7b4fc-7a27-475f-9b8a-000000000005";
        assert!(matches!(Uid::of(usual), Uid::Uuid(_)));
        for text in
            [usual, "", "u", &usual.to_uppercase(), &usual.replace('-', ""), &format!("urn:uuid:{usual}")]
        {
            assert_eq!(Uid::of(text).to_string(), text);
        }
        assert_ne!(Uid::of(usual), Uid::of(&usual.to_uppercase()), "two objects, whatever a UUID says");
    }

    #[test]
    fn it_takes_no_more_room_than_a_text_and_none_beside() {
        assert!(size_of::<Uid>() <= size_of::<String>());
    }
}
