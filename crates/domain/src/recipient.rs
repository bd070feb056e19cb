//! Who gets the parcel and where: checked whole against `YubiEnterprise`'s limits, all faults at once.
//!
//! Nothing is ever cut to fit: a name that is cut is another name, an address that is cut is another address. What is
//! changed means the same afterwards: outer blanks go, letters get their one composed form (see [`text`]), and the names of
//! countries and of US and Canadian subdivisions become their codes.

mod check;
pub mod fault_list;
mod field;
mod rules;
mod shown;
mod stand_ins;

use std::{collections::BTreeMap, fmt};

pub use self::{field::Field, rules::Rules};
use super::{countries, text};

/// A field's raw value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The value, if there was one.
    pub value: Option<String>,
    /// The Okta attribute or spec field to correct, e.g. `profile.streetAddress` or `spec.address.city`.
    pub source: String,
}

impl Raw {
    /// What it says, in its one form ([`text::tidy`]); `None` if that is nothing.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.value.as_deref().map(text::tidy).filter(|text| !text.is_empty())
    }
}

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field that cannot be ordered with.
    pub field: Field,
    /// Where to correct it.
    pub source: String,
    /// What is wrong, without the value itself.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) {}", self.field.label(), self.source, self.what)
    }
}

/// Recipient and address that `YubiEnterprise` can take: made by [`Recipient::parse`] only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    fields: BTreeMap<Field, String>,
    /// Where an order of the same person may have gone before.
    other_email: Option<String>,
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data: never printed.
        f.write_str("Recipient(..)")
    }
}

impl Recipient {
    /// Checks all fields and collects every fault.
    ///
    /// # Errors
    /// All faults, in the order of [`Field::ALL`].
    pub fn parse(raw: &BTreeMap<Field, Raw>) -> Result<Self, Vec<Fault>> {
        Self::parse_by(&Rules::default(), raw)
    }

    /// As [`parse`](Self::parse), by the rules of a connection.
    ///
    /// # Errors
    /// All faults, in the order of [`Field::ALL`].
    pub fn parse_by(rules: &Rules, raw: &BTreeMap<Field, Raw>) -> Result<Self, Vec<Fault>> {
        let mut fields = BTreeMap::new();
        let mut faults = Vec::new();
        let country = normal(Field::CountryCode, raw, "", rules).unwrap_or_default();
        for field in Field::ALL {
            let value = normal(field, raw, &country, rules);
            match check::value(field, value.as_deref(), &country, rules) {
                Ok(()) => {
                    if let Some(value) = value {
                        fields.insert(field, value);
                    }
                }
                Err(what) => {
                    let source =
                        raw.get(&field).map_or_else(|| field.name().to_owned(), |r| r.source.clone());
                    faults.push(Fault { field, source, what });
                }
            }
        }
        if faults.is_empty() { Ok(Self { fields, other_email: None }) } else { Err(faults) }
    }

    /// The same with the person's other e-mail address. Nothing is sent there; an order that went there is theirs.
    #[must_use]
    pub fn with_other_email(self, other_email: Option<String>) -> Self {
        Self { other_email, ..self }
    }

    /// The value of a field; absent only for an optional one.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }
}

/// The value in the form that `YubiEnterprise` takes; one that has none stays as it is, for the fault to be told.
fn normal(field: Field, raw: &BTreeMap<Field, Raw>, country: &str, rules: &Rules) -> Option<String> {
    let value = raw.get(&field).and_then(Raw::text);
    if field == Field::PostalCode
        && let Some(stated) = rules.postal_codes.get(country)
        && value.as_deref().is_none_or(|value| stand_ins::is_no_postal_code(value, country))
    {
        return Some(stated.clone());
    }
    let value = value?;
    let code = match field {
        Field::CountryCode => countries::code_of_country(&value),
        Field::Region => countries::code_of_region(&value, country),
        _ => None,
    };
    Some(code.map_or(value, str::to_owned))
}

#[cfg(test)]
mod tests;
