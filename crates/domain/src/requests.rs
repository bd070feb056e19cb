//! What is sent to the vendors, complete and valid by construction.

use super::{
    ids::{CustomizationId, EnrollmentId, RpId, Sealed, UserId},
    recipient::Recipient,
    vendor_states::{PublicKey, Responses},
};

/// The key model to ship: three ids issued by Yubico.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyProduct {
    /// The `YubiKey` model.
    pub product_id: u32,
    /// The bucket of credits that pays.
    pub inventory_product_id: u32,
    /// The organization's customization.
    pub customization_id: CustomizationId,
}

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// `delivery_type` 1.
    Standard,
    /// `delivery_type` 2.
    Expedited,
}

/// `POST enroll`: one enrolment for one RP id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollRequest {
    /// Whom.
    pub user: UserId,
    /// For which host.
    pub rp_id: RpId,
    /// One of Yubico's transport keys, at most 10 minutes old.
    pub transport_key: PublicKey,
}

/// `POST fpr/shipments`: one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRequest {
    /// To whom and where.
    pub recipient: Recipient,
    /// Which key.
    pub product: KeyProduct,
    /// How fast.
    pub delivery: Delivery,
    /// PIN request of the enrolment.
    pub pin_request: Sealed,
    /// Credential request of the enrolment.
    pub credential_request: Sealed,
}

/// `POST activate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivateRequest {
    /// Whose.
    pub user: UserId,
    /// Which enrolment.
    pub enrollment: EnrollmentId,
    /// Yubico's answers.
    pub responses: Responses,
    /// All of Yubico's current signing keys.
    pub signing_keys: Vec<PublicKey>,
}
