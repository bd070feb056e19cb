//! Names of the vendors' calls, as their references have them: what the sandbox counts, delays and refuses by.

/// Okta: begins an enrolment.
pub const ENROLL: &str = "enrollPreregistrationEnrollment";
/// Okta: a person's enrolments.
pub const LIST: &str = "listWebAuthnPreregistrationFactors";
/// Okta: activates the credential.
pub const ACTIVATE: &str = "activatePreregistrationEnrollment";
/// Okta: mails the PIN.
pub const MAIL: &str = "sendPin";
/// Okta: marks an enrolment as failed.
pub const MARK_ERROR: &str = "assignFulfillmentErrorWebAuthnPreregistrationFactor";
/// Okta: removes an enrolment.
pub const DISCARD: &str = "deleteWebAuthnPreregistrationFactor";
/// Okta: finds people.
pub const USERS: &str = "listUsers";

/// `YubiEnterprise`: orders a key.
pub const ORDER: &str = "CreateFPRShipment";
/// `YubiEnterprise`: an order with its parcel and responses.
pub const PARCEL: &str = "GetFPRShipmentById";
/// `YubiEnterprise`: cancels an order.
pub const CANCEL: &str = "DeleteShipmentExactById";
