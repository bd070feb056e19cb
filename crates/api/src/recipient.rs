//! Where a connection takes recipients from: an HRIS, defaults, and attributes of other names.

use kube::KubeSchema;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A source of recipient data beside Okta.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RecipientSource {
    /// An HTTP server that answers for the HRIS: one documented JSON request a person (docs/recipient.md). Its bearer
    /// token is the file `hris-token` of the connection's credentials, its CA the file `hris-ca.crt`.
    pub http: HttpRecipientSource,
}

/// The HTTP server that answers for the HRIS.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRecipientSource {
    /// Where the request is sent to, e.g. `https://hris.example.com/yubikey-recipient`. Logins travel in the body only.
    #[schemars(schema_with = "crate::schema::url")]
    pub url: String,
}

/// Values for people whose profile has none. There is no default for a part of a street address.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RecipientDefaults {
    /// Company on the parcel; at most 20 characters at `YubiEnterprise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20))]
    pub company: Option<String>,
    /// Telephone number for the carrier, such as that of the help desk: digits, spaces and + - ( ).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::phone")]
    pub phone: Option<String>,
    /// Country of people whose profile names none, as ISO 3166-1 two-letter code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::country")]
    pub country_code: Option<String>,
    /// Postal code by country (ISO 3166-1 two-letter code), for people there whose address has none, or says so with
    /// `-`, `N/A` or zeros: what `YubiEnterprise` takes for a country without postal codes is not documented.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::schema::postal_codes")]
    pub postal_codes: BTreeMap<String, String>,
}

/// Recipient field to Okta profile attribute.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RecipientMapping {
    /// Left out: `firstName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub first_name: Option<String>,
    /// Left out: `lastName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub last_name: Option<String>,
    /// Left out: `organization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub company: Option<String>,
    /// Left out: `secondEmail` of a staged user, whose work mailbox cannot be read yet, else `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub email: Option<String>,
    /// Left out: `primaryPhone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub phone: Option<String>,
    /// Left out: `streetAddress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub address_line1: Option<String>,
    /// Left out: none, Okta has one street line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub address_line2: Option<String>,
    /// Left out: `city`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub city: Option<String>,
    /// Left out: `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub region: Option<String>,
    /// Left out: `zipCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub postal_code: Option<String>,
    /// Left out: `countryCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub country_code: Option<String>,
}
