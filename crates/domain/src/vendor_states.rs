//! What the two services reported, in words of the domain. Unknown values have a place: the vendors add
//! states and statuses without notice.

use jiff::Timestamp;

use super::{
    ids::{EnrollmentId, KeyId, Login, Sealed, Serial, ShipmentId, UserId, YubicoOrgId},
    recipient::Field,
};

/// Status of an Okta user. `other` statuses are let through with a warning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UserStatus {
    /// Created, not yet activated.
    Staged,
    /// Activated, has not set up a factor.
    Provisioned,
    /// Ready to sign in.
    Active,
    /// Must not get a key.
    Suspended,
    /// Must not get a key.
    Deprovisioned,
    /// RECOVERY, `LOCKED_OUT`, `PASSWORD_EXPIRED`, or one this version does not know.
    Other(String),
}

impl UserStatus {
    /// Must this user not get a key, whatever a connection or a rollout says?
    #[must_use]
    pub const fn is_shut_out(&self) -> bool {
        matches!(self, Self::Suspended | Self::Deprovisioned)
    }
}

/// An Okta user as read: id, login, status and the raw profile. The profile never reaches `status`.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The immutable id.
    pub id: UserId,
    /// The login, where Okta shows one.
    pub login: Option<Login>,
    /// Where the user is in Okta's life cycle.
    pub status: UserStatus,
    /// Profile attributes that are strings, by Okta's names, custom ones included.
    pub profile: std::collections::BTreeMap<String, String>,
    /// Attributes that say something, and no text: the type that JSON has for it, for people.
    pub no_text: std::collections::BTreeMap<String, &'static str>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The profile is personal data.
        f.debug_struct("User").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// Status of a pre-registered enrolment at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnrollmentStatus {
    /// `ACTIVE`: a credential that signs in.
    Active,
    /// `FULFILLMENT_PENDING` or `PENDING_ACTIVATION`: an open order.
    Pending,
    /// `FULFILLMENT_ERRORED`: what mark-error sets.
    Errored,
    /// Anything else; needs attention.
    Other(String),
}

/// One pre-registered enrolment as Okta lists it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedEnrollment {
    /// Okta's id of the pre-registered factor.
    pub id: EnrollmentId,
    /// Its status in Okta's words, as this version knows them.
    pub status: EnrollmentStatus,
    /// When Okta made it, by Okta's clock (UTC). Absent if Okta gave none that can be read.
    pub created: Option<Timestamp>,
    /// `profile.presetPinAvailable`: false once the key has signed in.
    pub preset_pin_available: Option<bool>,
}

/// Okta's list of a user's pre-registered enrolments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnrollmentList {
    /// Okta's clock (UTC), from the `Date` header of the answer.
    pub at: Timestamp,
    /// What it showed.
    pub entries: Vec<ListedEnrollment>,
}

/// The one that can be a key's, and only that: of several, those that were marked errored are nobody's key, unless there
/// is nothing else. Okta's Workflows template leaves them behind.
#[must_use]
pub fn only_one<'a>(
    entries: impl Iterator<Item = &'a ListedEnrollment> + Clone,
) -> Option<&'a ListedEnrollment> {
    let mut living = entries.clone().filter(|entry| entry.status != EnrollmentStatus::Errored).peekable();
    if living.peek().is_some() { single(living) } else { single(entries) }
}

fn single<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// What Okta gives for a new enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewEnrollment {
    /// Id of the factor.
    pub id: EnrollmentId,
    /// Key pair that will open the answer.
    pub key_id: KeyId,
    /// PIN request, sealed to Yubico.
    pub pin_request: Sealed,
    /// Credential request, sealed to Yubico.
    pub credential_request: Sealed,
}

/// Encrypted answers of Yubico, carried to Okta unopened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Responses {
    /// Serial number, a string at Okta.
    pub serial: Serial,
    /// Firmware version, e.g. `5.7.1`.
    pub firmware: String,
    /// PIN response, sealed to Okta.
    pub pin: Sealed,
    /// Credential response, sealed to Okta.
    pub credential: Sealed,
    /// `kid` of the credential response's JWE header, where it can be read: names the enrolment key.
    pub credential_key_id: Option<KeyId>,
}

/// What the shipped items of an order hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Programmed {
    /// No product data yet.
    NotYet,
    /// Exactly one key with one credential.
    One(Box<Responses>),
    /// Another count than one, or a part is missing: what, in words.
    Unexpected(String),
}

/// An order as `YubiEnterprise` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// State id and what it means.
    pub state: ParcelState,
    /// Responses, if present; they may come in any state.
    pub programmed: Programmed,
    /// Product id of the one item, where shown.
    pub product_id: Option<u32>,
    /// Its inventory product id, where shown.
    pub inventory_product_id: Option<u32>,
    /// Its customization, where shown.
    pub customization_id: Option<String>,
}

/// Class of a `YubiEnterprise` state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParcelClass {
    /// 3, 4, 5, 12, 100–102, 1025, 2000: on its way to be shipped.
    InProgress,
    /// 1: incomplete; the value of a fresh order, worrying only from the first poll on.
    Incomplete,
    /// 2, 6–9, 106: a person can repair it in the Console.
    NeedsRepair,
    /// 103: in transit.
    Shipped,
    /// 104: the carrier has delivered it.
    Delivered,
    /// 105: the parcel is lost; it may be delivered after all.
    Lost,
    /// 99, 107, 108, 110.
    Failed,
    /// Not known to this version: ongoing, needs attention, never final.
    Unknown,
}

/// State of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParcelState {
    /// The vendor's number.
    pub id: u32,
    /// What it means to us.
    pub class: ParcelClass,
}

impl ParcelState {
    /// Classifies a vendor's state id (source: Yubico's partial table and the published template).
    #[must_use]
    pub const fn from_id(id: u32) -> Self {
        let class = match id {
            1 => ParcelClass::Incomplete,
            2 | 6..=9 | 106 => ParcelClass::NeedsRepair,
            3..=5 | 12 | 100..=102 | 1025 | 2000 => ParcelClass::InProgress,
            103 => ParcelClass::Shipped,
            104 => ParcelClass::Delivered,
            105 => ParcelClass::Lost,
            99 | 107 | 108 | 110 => ParcelClass::Failed,
            _ => ParcelClass::Unknown,
        };
        Self { id, class }
    }

    /// What the state is called in `status` and in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.id {
            1 => "Incomplete",
            7 => "AddressUndeliverable",
            8 => "ProcessingError",
            9 => "DeniedParty",
            99 => "ShippingError",
            106 => "DeliveryException",
            _ => match self.class {
                ParcelClass::InProgress => "InProgress",
                ParcelClass::Incomplete => "Incomplete",
                ParcelClass::NeedsRepair => "NeedsRepair",
                ParcelClass::Shipped => "Shipped",
                ParcelClass::Delivered => "Delivered",
                ParcelClass::Lost => "Lost",
                ParcelClass::Failed => "Failed",
                ParcelClass::Unknown => "Unknown",
            },
        }
    }
}

/// An order as the organization's list shows it, whoever it goes to. The address is personal data: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// Its id at `YubiEnterprise`.
    pub id: ShipmentId,
    /// The organization's customization, where shown: pre-registered orders have one.
    pub customization_id: Option<String>,
    /// When it was made, by Yubico's clock (UTC), where shown.
    pub created: Option<Timestamp>,
    /// Its state, where shown.
    pub state: Option<ParcelState>,
    /// The recipient's e-mail address, where shown.
    pub email: Option<String>,
}

impl std::fmt::Debug for ListedOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListedOrder")
            .field("id", &self.id)
            .field("created", &self.created)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Carrier data, where the vendor shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tracking {
    /// The carrier as the vendor names it, e.g. `UPS`.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub number: Option<String>,
    /// A link for people.
    pub link: Option<String>,
}

/// Yubico's opinion of an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressVerdict {
    /// Parcels arrive there.
    Deliverable,
    /// They do not; the fields of which the vendor speaks.
    Undeliverable(Vec<Field>),
    /// No clear answer: warn, do not block.
    Undecided(String),
}

/// One bucket of credits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The bucket's `product_id`: an order's `inventory_product_id`.
    pub inventory_product_id: u32,
    /// How many are left; absent where the vendor gives none.
    pub quantity: Option<i64>,
    /// Product ids it may buy; empty where the vendor does not say.
    pub products: Vec<u32>,
}

/// The organization's stock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Inventory {
    /// The organization the token belongs to.
    pub organization: Option<YubicoOrgId>,
    /// The buckets that the vendor shows; empty where it shows none.
    pub buckets: Vec<Bucket>,
}

impl Inventory {
    /// The bucket of this `inventoryProductId`, if it is shown.
    #[must_use]
    pub fn bucket(&self, inventory_product_id: u32) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.inventory_product_id == inventory_product_id)
    }
}

/// A public key of Yubico, the six members Okta takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// The `kid` under which Yubico publishes it.
    pub kid: String,
    /// P-384 coordinate, base64url.
    pub x: String,
    /// P-384 coordinate, base64url.
    pub y: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_state_is_never_final() {
        for id in [0, 10, 11, 50, 98, 109, 111, 999, u32::MAX] {
            assert_eq!(ParcelState::from_id(id).class, ParcelClass::Unknown, "state {id}");
        }
    }

    #[test]
    fn a_user_prints_without_its_profile() {
        let user = User {
            id: UserId::new("00u1").expect("valid"),
            login: None,
            status: UserStatus::Active,
            profile: [("streetAddress".to_owned(), "1 Secret Street".to_owned())].into(),
            no_text: std::collections::BTreeMap::new(),
        };
        assert!(!format!("{user:?}").contains("Secret"));
    }
}
