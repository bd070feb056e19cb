//! What a connection says of all its recipients.

use std::collections::BTreeMap;

/// What a connection says of all its recipients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Names and addresses may have Latin letters only.
    pub latin_only: bool,
    /// By two-letter code of a country: the postal code of those whose address has none.
    pub postal_codes: BTreeMap<String, String>,
}
