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

/// How fast the parcel travels: `delivery_type` of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// `delivery_type` 1, the normal way.
    Standard,
    /// `delivery_type` 2, faster, at a price.
    Expedited,
}

/// `POST enroll`: one enrolment for one RP id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollRequest {
    /// Okta user id the key is for.
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
    /// Model, bucket of credits and customization.
    pub product: KeyProduct,
    /// Sent as `delivery_type`.
    pub delivery: Delivery,
    /// PIN request of the enrolment.
    pub pin_request: Sealed,
    /// Credential request of the enrolment.
    pub credential_request: Sealed,
}

/// `POST activate`: makes the credential able to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivateRequest {
    /// Okta user id the key is for.
    pub user: UserId,
    /// The factor that becomes able to sign in.
    pub enrollment: EnrollmentId,
    /// Yubico's sealed responses, serial and firmware, passed through as they came.
    pub responses: Responses,
    /// All of Yubico's current signing keys.
    pub signing_keys: Vec<PublicKey>,
}
