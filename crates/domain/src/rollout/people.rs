//! Whom a source names, and who of them gets no key.

use std::collections::BTreeMap;

use crate::ids::{CustomizationId, UserId};

/// Which key a person gets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A model of the connection.
    Model(String),
    /// The three ids, as an event names them.
    Ids {
        /// Yubico's id of the model.
        product: u32,
        /// Yubico's id of the bucket of credits.
        inventory: u32,
        /// Yubico's id of the customization.
        customization: CustomizationId,
    },
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model(name) => f.write_str(name),
            Self::Ids { product, inventory, .. } => write!(f, "product {product} from stock {inventory}"),
        }
    }
}

macro_rules! skips {
    ($($(#[$doc:meta])* $name:ident = $says:literal),+ $(,)?) => {
        /// Why a person of the source gets no key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Skip { $($(#[$doc])* $name),+ }

        impl Skip {
            /// Every reason; docs/rollouts.md tells what to do about each.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// One word for `status.problems`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it means and what to do.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$name => $says),+ }
            }
        }
    };
}

skips! {
    /// A state at Okta that the rollout skips.
    UserStatus = "These people are in a state at Okta that spec.skip.userStatuses names; nothing is ordered for them until that changes.",
    /// A pre-registered key is there.
    PreRegisteredKey = "These people have a pre-registered key at Okta, active or on its way; nothing is ordered for them while spec.skip.preRegisteredKey is set.",
    /// A security key or passkey is there.
    AnyWebAuthn = "These people have a security key or passkey at Okta; nothing is ordered for them while spec.skip.anyWebAuthn is set.",
    /// Okta does not know them.
    UserNotFound = "Okta has no user of this login or id; correct the list, or set source.users.createMissing to Staged.",
    /// Named more than once.
    DoubleEntry = "These people are named more than once; the first entry counts, remove the others.",
    /// An entry that cannot be read.
    Malformed = "These entries cannot be read, so nothing is ordered for them; correct them.",
    /// An entry with an id and a login that belong to two people.
    LoginMismatch = "The entry names an id and a login, and Okta's user of that id has another login; correct the one that is wrong, or leave one out.",
    /// Delivery details are missing or cannot be used.
    InvalidRecipient = "Delivery details are missing or cannot be used; correct them in the Okta profile or the HRIS that masters it.",
    /// Another shipment is open for the person.
    OrderedElsewhere = "Another shipment is under way for these people, so this rollout yields to it; it goes on for them once that one has ended.",
    /// The key is no model of the connection.
    UnknownKeyModel = "The key is not among the connection's keys, or none is named; choose one of them, or ask the connection's owner to add it.",
    /// A new person's data lacks something, or has too much.
    IncompleteProfile = "These people are to be created at Okta, and firstName, lastName, email or secondEmail is missing, or a value is too long; correct their profile in the source.",
    /// The connection's policy does not admit it.
    ForbiddenByConnection = "The connection's policy forbids what the rollout asks for these people: to create them at Okta (policy.createUsers), or what the example names; change the rollout, or ask the connection's owner to allow it.",
}

/// A person whom the source names and Okta knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Okta user id.
    pub id: UserId,
    /// Login in small letters, for shipments that name the person so.
    pub login: Option<String>,
    /// The key that the source names for this person, else the template's.
    pub key: Key,
    /// Known when the source was read: why there is no key for this person, with what a person should read.
    pub skip: Option<(Skip, String)>,
    /// Staged at Okta, and to be activated once the key is there.
    pub staged: bool,
}

/// What a source named when it was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// People in the order in which they are served, each once.
    pub members: Vec<Member>,
    /// Entries without a person: why, and the entry as a person finds it.
    pub unresolved: Vec<(Skip, String)>,
    /// People whom Okta does not know and who may be created, as a person finds them in the source.
    pub to_create: Vec<String>,
    /// The source tells who has left: a list whose entries were all found, or groups that were read to their end.
    pub tells_leavers: bool,
}

impl Roster {
    /// Entries of the source, double ones too.
    #[must_use]
    pub fn total(&self) -> usize {
        self.members.len() + self.unresolved.len() + self.to_create.len()
    }

    /// Members by id.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<&UserId, &Member> {
        self.members.iter().map(|member| (&member.id, member)).collect()
    }
}
