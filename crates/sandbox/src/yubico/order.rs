//! An order as it is placed: who gets which key at which address, and Okta's requests for the warehouse.

use serde::{Deserialize, Deserializer, Serialize};

/// The nested body of `POST /v1/fpr/shipments`. Members the facts do not name are refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// May be left out, and may not be null.
    #[serde(default, deserialize_with = "given")]
    pub delivery_type: Option<i64>,
    pub recipient: Recipient,
    pub mailing_address: Address,
    pub shipment_items: Vec<Item>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_validation_bypass: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller_organization_id: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub(crate) struct Recipient {
    pub recipient_company: String,
    pub recipient_email: String,
    pub recipient_firstname: String,
    pub recipient_lastname: String,
    pub recipient_telephone: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    pub street_line1: String,
    #[serde(default)]
    pub street_line2: Option<String>,
    pub city: String,
    #[serde(default)]
    pub region: Option<String>,
    pub postal_code: String,
    pub country_code_2: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    pub product_id: i64,
    pub inventory_product_id: i64,
    pub product_quantity: i64,
    pub customization_id: String,
    pub product_customizations: Vec<Customization>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Customization {
    pub fido_pin_request: String,
    pub fido_credential_requests: Vec<String>,
}
