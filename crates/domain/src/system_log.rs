//! Events of Okta's System Log that can start a shipment, in words of the domain. The log may show an event
//! twice, late, or out of order; [`EventId`] tells whether it is the same one.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    ids::{CustomizationId, EventId, GroupId, UserId},
    requests::KeyProduct,
};

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogQuery {
    /// `system.mfa.preregister.initiate`: "Add" was pressed in the Admin Console.
    ConsoleOrders,
    /// `group.user_membership.add` and `.remove` of these groups. A cursor belongs to the groups it was made
    /// for: when they change, start with a time again.
    Memberships(Vec<GroupId>),
}

/// From where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPosition {
    /// Okta's clock (UTC); the start when there is no cursor.
    Since(Timestamp),
    /// Where the last page ended.
    After(LogCursor),
}

/// Okta's link to what comes after the last page: opaque, never put together by hand. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCursor(String);

/// Why a text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the kept position in Okta's System Log cannot be read")]
pub struct InvalidCursor;

impl LogCursor {
    /// Longest cursor that a status can keep, in bytes. Okta's own has some hundred.
    pub const LIMIT: usize = 4096;

    /// Takes back what [`as_str`](Self::as_str) gave.
    ///
    /// # Errors
    /// If it is empty, longer than [`LIMIT`](Self::LIMIT), or has other than printable ASCII characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidCursor> {
        let text = text.into();
        let fits = (1..=Self::LIMIT).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(InvalidCursor) }
    }

    /// The text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// As they came: not necessarily in the order in which they happened.
    pub events: Vec<LogEvent>,
    /// Where to go on, at once or later.
    pub next: LogPosition,
    /// Whether there may be more already: the page was not empty.
    pub more: bool,
    /// Okta's clock (UTC) when it answered.
    pub at: Timestamp,
}

/// An event that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// Somebody pressed "Add".
    ConsoleOrder(ConsoleOrder),
    /// Somebody joined or left a group.
    Membership(Membership),
    /// It lacks something, or says something that cannot be: to be reported, never to be acted upon.
    Malformed(MalformedEvent),
}

impl LogEvent {
    /// When it happened, by Okta's clock (UTC), where that can be read.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        match self {
            Self::ConsoleOrder(order) => Some(order.published),
            Self::Membership(membership) => Some(membership.published),
            Self::Malformed(event) => event.published,
        }
    }
}

/// An order from the Admin Console's dialog "`YubiKey` enrollment and delivery".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleOrder {
    /// The event's own id.
    pub id: EventId,
    /// When it happened, by Okta's clock (UTC).
    pub published: Timestamp,
    /// Okta user id of whom the key is for.
    pub user: UserId,
    /// What was typed into the dialog.
    pub product: KeyProduct,
}

/// A change of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The event's own id.
    pub id: EventId,
    /// When it happened, by Okta's clock (UTC).
    pub published: Timestamp,
    /// Okta id of the group (`00g…`).
    pub group: GroupId,
    /// Okta user id of who joined or left.
    pub user: UserId,
    /// Joined or left?
    pub change: MembershipChange,
}

/// What happened to a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipChange {
    /// The user is in it now.
    Joined,
    /// The user is no longer in it.
    Left,
}

/// An event that cannot be used, with as much of it as can be told without showing what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedEvent {
    /// The event's own id, where it has one.
    pub id: Option<EventId>,
    /// When it happened, where that can be read.
    pub published: Option<Timestamp>,
    /// Whom it is about, where that is certain.
    pub user: Option<UserId>,
    /// What is wrong.
    pub fault: EventFault,
}

/// What is wrong with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum EventFault {
    /// It is not even an object with the members every event has.
    #[error("the event is not in the form Okta documents")]
    Form,
    /// No `uuid`: it could not be told from its repetition.
    #[error("the event has no usable `uuid`")]
    NoId,
    /// No `published`: nobody can tell how old it is.
    #[error("the event has no usable `published` time")]
    NoTime,
    /// Another event than was asked for.
    #[error("the event is of another type than was asked for")]
    OtherType,
    /// `outcome.result` is not SUCCESS.
    #[error("Okta says that what the event tells of did not succeed")]
    NotSuccessful,
    /// None of the targets is a user, or several are.
    #[error("the event does not name exactly one user")]
    NotOneUser,
    /// None of the targets is a group, or several are.
    #[error("the event does not name exactly one group")]
    NotOneGroup,
    /// For another provider than yubico, or another factor than webauthn.
    #[error("the event is for another kind of factor or another fulfilment provider than Yubico")]
    OtherProvider,
    /// A detail is not there.
    #[error("the event lacks `{0}`")]
    Missing(&'static str),
    /// A detail is there and cannot be used.
    #[error("the event's `{0}` cannot be read")]
    Unreadable(&'static str),
    /// A detail is there twice, with two values.
    #[error("the event has two values for `{0}`")]
    Contradiction(&'static str),
}

/// Puts the three ids of a console order together.
///
/// # Errors
/// Which of them cannot be used, by the log's name for it.
pub fn console_product(
    product: &str,
    inventory: &str,
    customization: &str,
) -> Result<KeyProduct, EventFault> {
    let number = |name, text: &str| text.trim().parse::<u32>().map_err(|_| EventFault::Unreadable(name));
    Ok(KeyProduct {
        product_id: number("yubico_product_id", product)?,
        inventory_product_id: number("yubico_inventory_product_id", inventory)?,
        customization_id: CustomizationId::new(customization.trim())
            .map_err(|_| EventFault::Unreadable("yubico_customization_id"))?,
    })
}
