//! One closed list of reasons, and the four kinds of failure that decide what happens next.

use std::{fmt, time::Duration};

use thiserror::Error;

/// What a failure asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person must change something; looked at again slowly.
    Stalled,
    /// Nothing is wrong; come back at a known time.
    Waiting,
    /// May pass by itself; retried with backoff and jitter.
    Transient,
    /// The connection is at fault: said there once, its shipments wait.
    Auth,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $kind:ident),+ $(,)?) => {
        /// Why a shipment or connection is where it is. The name is the condition reason,
        /// the event reason and the metric label.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name),+ }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The `CamelCase` name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it asks of us.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),+ }
            }

            /// The reason of that name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|r| r.as_str() == name)
            }
        }
    };
}

reasons! {
    // Steps of the road.
    /// Accepted by the operator, nothing done yet.
    Pending = Waiting,
    /// The person and the address are being checked.
    Validating = Waiting,
    /// Okta is making the enrolment.
    Enrolling = Waiting,
    /// Okta is removing our enrolment.
    Discarding = Waiting,
    /// The order is being placed at `YubiEnterprise`.
    Ordering = Waiting,
    /// The order was accepted; the key is not yet shipped.
    AwaitingShipment = Waiting,
    /// The key is in transit.
    AwaitingDelivery = Waiting,
    /// The credential is being activated at Okta.
    Activating = Waiting,
    /// Okta is being asked to mail the PIN.
    SendingPin = Waiting,
    /// A planned approval is pending.
    AwaitingApproval = Waiting,
    /// Activated, and the PIN was mailed.
    Activated = Waiting,
    /// `spec.suspend` stops every effect.
    Suspended = Waiting,
    /// The resource is being deleted.
    Deleting = Waiting,
    /// Another call of this resource may still be under way; its outcome is judged after `settle`.
    Settling = Waiting,
    /// Okta confirmed our enrolment and does not list it yet.
    EnrollmentNotListed = Waiting,
    /// The vendor's one-at-a-time slot or the rate budget is taken.
    RateLimited = Waiting,
    /// The namespace has as many open orders as the connection allows.
    TooManyOpenOrders = Waiting,
    /// Ordering waits until `existingKeyBefore` has passed.
    AwaitingExistingKeyBefore = Waiting,
    /// This cluster is not the one that may order with the connection; it only reads.
    NotOrderingCluster = Waiting,

    // Steps of a rollout.
    /// The source of the rollout is being read.
    Syncing = Waiting,
    /// The rollout tells what it would do and does nothing.
    DryRun = Waiting,
    /// The rollout orders, or waits for what it ordered.
    RollingOut = Waiting,
    /// Everybody whom the rollout names has a key, or gets none.
    Complete = Waiting,
    /// `spec.paused` stops every effect of the rollout.
    Paused = Waiting,

    // A person must act on the rollout.
    /// The source names nobody any more.
    SourceEmpty = Stalled,
    /// So many people left the source at once that nothing is cancelled without a decision.
    TooManyLeaving = Stalled,
    /// The source of a rollout names nobody.
    NoPeople = Stalled,
    /// Everybody whom the source of a rollout named has left it.
    EverybodyLeft = Stalled,
    /// Somebody else deleted shipments of the rollout, so nobody new is ordered for without a decision.
    ShipmentDeleted = Stalled,
    /// The rollout's object has no room for more people.
    ObjectFull = Stalled,
    /// People wait, and the budget is used up.
    BudgetExhausted = Stalled,
    /// Okta has no group of this name or id, or several of the name.
    GroupNotFound = Stalled,
    /// The list of people cannot be read.
    SourceUnreadable = Stalled,

    // A person must act on the shipment.
    /// The named connection does not exist.
    ConnectionNotFound = Stalled,
    /// The connection does not admit what the shipment asks for.
    ForbiddenByConnection = Stalled,
    /// `spec.key.model` is not in the connection's `keys`.
    UnknownKeyModel = Stalled,
    /// A field of spec passes the schema and yet cannot be read.
    SpecUnreadable = Stalled,
    /// No Okta user has this login or id.
    UserNotFound = Stalled,
    /// The user is suspended, deprovisioned or gone.
    UserNotEligible = Stalled,
    /// Okta denies the app this one user.
    UserForbidden = Stalled,
    /// Recipient data is missing, too long, or not allowed.
    InvalidRecipient = Stalled,
    /// `YubiEnterprise` calls the address undeliverable.
    AddressUndeliverable = Stalled,
    /// The inventory has no such product, or none left.
    OutOfStock = Stalled,
    /// `spec.orderBefore` has passed.
    OrderBeforePassed = Stalled,
    /// The person already has a pre-registered key at Okta.
    ExistingKey = Stalled,
    /// Another shipment or tool is ordering for the same person.
    AnotherOrderForUser = Stalled,
    /// Okta did not answer the enrolment, and the list does not tell.
    EnrollOutcomeUnknown = Stalled,
    /// Okta refused the enrolment.
    EnrollRefused = Stalled,
    /// `YubiEnterprise` did not answer the order; it may have been accepted.
    OrderOutcomeUnknown = Stalled,
    /// `YubiEnterprise` refused the order.
    OrderRefused = Stalled,
    /// `YubiEnterprise` no longer shows the order.
    OrderNotFound = Stalled,
    /// A person must repair the order in the `YubiEnterprise` Console.
    OrderNeedsRepair = Stalled,
    /// `YubiEnterprise` gave a state this version does not know.
    UnknownState = Waiting,
    /// The status knows less than the vendors: a backup was restored.
    StatusBehindVendors = Stalled,
    /// The status contradicts itself.
    StatusUnreadable = Stalled,
    /// The object holds what only another version of the operator knows.
    ObjectUndecodable = Stalled,
    /// The connection shows other organizations than the order was made under.
    ConnectionChanged = Stalled,
    /// The shipped responses do not belong to this enrolment.
    WrongResponses = Stalled,
    /// A signing key that was seen with the responses is gone.
    SigningKeyGone = Stalled,
    /// Okta refused the activation.
    ActivationRefused = Stalled,
    /// The parcel is lost.
    ParcelLost = Stalled,
    /// A parcel that was given up was found again.
    ParcelFound = Stalled,
    /// The parcel was not delivered in time.
    DeliveryTimedOut = Stalled,
    /// Okta was asked for three PIN mails within a day.
    PinLimitReached = Waiting,
    /// Okta refused to mail the PIN.
    PinRefused = Stalled,
    /// One vendor id is claimed by two resources.
    ClaimedTwice = Stalled,
    /// The order cannot be cancelled any more; it is followed to its end.
    CancelImpossible = Stalled,
    /// A person must cancel the order in the Console.
    CancelInConsole = Stalled,
    /// The order ended without a delivered key.
    OrderFailed = Stalled,
    /// The order was cancelled.
    OrderCancelled = Stalled,

    // The connection is at fault.
    /// A credential file is missing or cannot be read.
    CredentialsMissing = Auth,
    /// A credential file has the wrong form.
    CredentialsInvalid = Auth,
    /// Okta refused the service app or token.
    OktaUnauthorized = Auth,
    /// Okta refused the scope or role.
    OktaForbidden = Auth,
    /// `YubiEnterprise` refused the token.
    YubicoUnauthorized = Auth,
    /// `YubiEnterprise` refused the token for this.
    YubicoForbidden = Auth,
    /// The URL does not lead to a server that speaks the API.
    WrongAddress = Auth,
    /// The server's certificate is not trusted.
    UntrustedCertificate = Auth,
    /// The server cannot be reached.
    Unreachable = Auth,
    /// No usable transport or signing key is published.
    VendorKeysUnusable = Auth,
    /// The clocks differ by more than the vendors accept.
    ClockSkew = Auth,
    /// The connection contradicts itself.
    ConnectionInvalid = Auth,
    /// Preflight has not finished yet.
    ConnectionNotReady = Auth,
    /// The app lacks a scope without which nothing can be enrolled.
    ScopeMissing = Auth,
    /// The app has no admin role that covers people.
    RoleMissing = Auth,
    /// Pre-registration is not switched on in the org.
    FeatureOff = Auth,

    // The connection's preflight stops ordering.
    /// The org runs Classic Engine.
    ClassicEngine = Auth,
    /// The `WebAuthn` authenticator is not active.
    WebAuthnOff = Auth,
    /// Only built-in authenticators are admitted.
    OnlyBuiltInAllowed = Auth,
    /// The authenticator uses another RP id than the connection.
    RPIDMismatch = Auth,
    /// Keys would not be offered where people sign in.
    SignInHostMismatch = Auth,
    /// No enrolment policy allows `WebAuthn`.
    EnrollmentForbidden = Auth,
    /// The token's organization ships to other countries.
    TokenOfAnotherRegion = Auth,
    /// A product id is not known to `YubiEnterprise`.
    ProductUnknown = Auth,
    /// An inventory product id is not known to `YubiEnterprise`.
    InventoryUnknown = Auth,
    /// An inventory does not pay for the product beside it.
    PairNotMapped = Auth,

    // The connection's preflight advises; nothing stops.
    /// Keys are used without their PIN.
    UserVerificationDiscouraged = Waiting,
    /// The org's lists leave a model out.
    ModelNotAllowed = Waiting,
    /// A custom domain that the keys would not be offered at.
    SignInHostNotNamed = Waiting,
    /// The org has no such custom domain.
    SignInHostUnknown = Waiting,
    /// The custom domain is not verified.
    DomainNotVerified = Waiting,
    /// No enrolment policy requires `WebAuthn`.
    EnrollmentNotRequired = Waiting,
    /// No global session rule is as the guide wants it.
    SessionPolicyDiffers = Waiting,
    /// Something else seems to order keys in the same org.
    AnotherOrderingTool = Waiting,
    /// Orders with a customization id are refused.
    CustomizationDoubtful = Waiting,
    /// Few keys are left.
    StockLow = Waiting,
    /// A country of the connection is not enabled at `YubiEnterprise`.
    CountryOff = Waiting,
    /// The connection names no cluster that may order.
    OrderingClusterUnset = Waiting,

    // May pass.
    /// Okta answered with an error that may pass.
    OktaUnavailable = Transient,
    /// `YubiEnterprise` answered with an error that may pass.
    YubicoUnavailable = Transient,
    /// The HRIS did not give the recipient's data.
    RecipientSourceUnavailable = Transient,
    /// The vendor's answer could not be read.
    UnreadableAnswer = Transient,
    /// The API server refused or lost a write.
    StatusWriteFailed = Transient,
    /// The API server did not show an object.
    ObjectUnread = Transient,
    /// A fault of the operator, or the end of its process, stopped a pass.
    PassStopped = Transient,
    /// The served CRD lacks fields that this version needs.
    CRDOutdated = Stalled,
}

impl Reason {
    /// What is being done, for a step that is under way.
    #[must_use]
    pub const fn progress(self) -> &'static str {
        match self {
            Self::Enrolling => "Okta is asked for the enrolment.",
            Self::Discarding => "Okta is asked to remove this shipment's enrolment.",
            Self::Ordering => "The order is being placed at YubiEnterprise.",
            Self::AwaitingShipment => "The order is placed; YubiEnterprise has not shipped the key yet.",
            Self::Activating => "Okta is asked to activate the credential.",
            Self::SendingPin => "The key is able to sign in; Okta is asked to mail the PIN.",
            _ => "The shipment is being worked on.",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a pass ended early. The message is stable between tries: ids and times that change belong in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    /// The closed reason.
    pub reason: Reason,
    /// What happened, to which field, what to do next.
    pub message: String,
    /// The vendor's wish, if it gave one.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a wish for a time.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), retry_after: None }
    }

    /// Nothing is wrong: its time is known, it counts as no failure, and it does not grow.
    #[must_use]
    pub const fn is_wait(&self) -> bool {
        matches!(self.reason.kind(), Kind::Waiting)
    }
}

/// Did a call that failed reach the vendor?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It never left this process.
    NotSent,
    /// The vendor said no; by the closed list of definite refusals nothing was done.
    Refused,
    /// The vendor may have done it: time-out, reset, 3xx, 408, 409, 5xx, unreadable 2xx.
    Unclear,
}

/// A vendor call without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{failure}")]
pub struct CallError {
    /// Did it arrive?
    pub arrival: Arrival,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// Reason and message.
    pub failure: Failure,
    /// HTTP status of what answered in place of the vendor: a web page, or a redirect.
    pub web_page: Option<u16>,
}

impl CallError {
    /// True for 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        error.failure
    }
}

#[cfg(test)]
mod tests;
