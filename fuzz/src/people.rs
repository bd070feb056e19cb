//! The one person of all targets.

use std::collections::BTreeMap;

use domain::recipient::{Field, Raw, Recipient};

/// Name and address as they should be.
pub const FIELDS: [(Field, &str); 10] = [
    (Field::FirstName, "Ann"),
    (Field::LastName, "Lee"),
    (Field::Company, "Example Inc"),
    (Field::Email, "ann.lee@example.com"),
    (Field::Phone, "+1 555-0100"),
    (Field::AddressLine1, "secret-street 1"),
    (Field::City, "Exampletown"),
    (Field::Region, "MA"),
    (Field::PostalCode, "00000"),
    (Field::CountryCode, "US"),
];

/// A recipient that can be ordered for.
///
/// # Panics
/// If the operator does not take it.
#[must_use]
pub fn recipient() -> Recipient {
    let raw = |value: &str| Raw { value: Some(value.to_owned()), source: "profile".to_owned() };
    let fields: BTreeMap<Field, Raw> = FIELDS.iter().map(|(field, value)| (*field, raw(value))).collect();
    Recipient::parse(&fields).expect("the recipient is good")
}
