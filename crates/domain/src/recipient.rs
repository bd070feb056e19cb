//! Who gets the parcel and where: checked whole against `YubiEnterprise`'s limits, all faults at once.
//!
//! Nothing is ever cut to fit: a name that is cut is another name, an address that is cut is another address. What is
//! changed means the same afterwards: outer blanks go, and the names of countries and of US and Canadian subdivisions
//! become their codes.

use std::{collections::BTreeMap, fmt};

use super::countries;

/// One field of recipient or address at `YubiEnterprise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `recipient_firstname`
    FirstName,
    /// `recipient_lastname`
    LastName,
    /// `recipient_company`
    Company,
    /// `recipient_email`
    Email,
    /// `recipient_telephone`
    Phone,
    /// `street_line1`
    AddressLine1,
    /// `street_line2`
    AddressLine2,
    /// `city`
    City,
    /// `region`
    Region,
    /// `postal_code`
    PostalCode,
    /// `country_code_2`
    CountryCode,
}

impl Field {
    /// All of them, in the order in which a person reads an address label.
    pub const ALL: [Self; 11] = [
        Self::FirstName,
        Self::LastName,
        Self::Company,
        Self::Email,
        Self::Phone,
        Self::AddressLine1,
        Self::AddressLine2,
        Self::City,
        Self::Region,
        Self::PostalCode,
        Self::CountryCode,
    ];

    /// Its name in `spec.recipient`, `spec.address` and the connection's `recipientMapping`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Company => "company",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::AddressLine1 => "addressLine1",
            Self::AddressLine2 => "addressLine2",
            Self::City => "city",
            Self::Region => "region",
            Self::PostalCode => "postalCode",
            Self::CountryCode => "countryCode",
        }
    }

    /// The Okta profile attribute it comes from unless the connection maps another one. Okta has one
    /// street line and none for an apartment.
    #[must_use]
    pub const fn default_attribute(self) -> Option<&'static str> {
        match self {
            Self::FirstName => Some("firstName"),
            Self::LastName => Some("lastName"),
            Self::Company => Some("organization"),
            Self::Email => Some("email"),
            Self::Phone => Some("primaryPhone"),
            Self::AddressLine1 => Some("streetAddress"),
            Self::AddressLine2 => None,
            Self::City => Some("city"),
            Self::Region => Some("state"),
            Self::PostalCode => Some("zipCode"),
            Self::CountryCode => Some("countryCode"),
        }
    }

    /// The words of Okta's own dialog ("Delivery details missing from user profile").
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::FirstName => "First name",
            Self::LastName => "Last name",
            Self::Company => "Organization",
            Self::Email => "Email",
            Self::Phone => "Primary phone number",
            Self::AddressLine1 => "Street address",
            Self::AddressLine2 => "Second address line",
            Self::City => "City",
            Self::Region => "State",
            Self::PostalCode => "Zip Code",
            Self::CountryCode => "Country Code",
        }
    }

    /// Longest value in characters (Yubico's guide for `ServiceNow` of 2024; the postal code by its older text).
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::FirstName => 15,
            Self::LastName | Self::Company | Self::PostalCode => 20,
            Self::Email => 80,
            Self::Phone => 40,
            Self::AddressLine1 | Self::AddressLine2 | Self::City => 60,
            Self::Region => 50,
            Self::CountryCode => 2,
        }
    }

    const fn required(self) -> bool {
        !matches!(self, Self::AddressLine2 | Self::Region)
    }
}

/// A field's raw value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The value, if there was one.
    pub value: Option<String>,
    /// The Okta attribute or spec field to correct, e.g. `profile.streetAddress` or `spec.address.city`.
    pub source: String,
}

impl Raw {
    /// What it says, without outer blanks; `None` if that is nothing.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.value.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field.
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
        let mut fields = BTreeMap::new();
        let mut faults = Vec::new();
        let country = normal(Field::CountryCode, raw, "").unwrap_or_default();
        for field in Field::ALL {
            let value = normal(field, raw, &country);
            match check(field, value.as_deref(), &country) {
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
        if faults.is_empty() { Ok(Self { fields }) } else { Err(faults) }
    }

    /// The value of a field; absent only for an optional one.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }
}

/// The value in the form that `YubiEnterprise` takes; one that has none stays as it is, for the fault to be told.
fn normal(field: Field, raw: &BTreeMap<Field, Raw>, country: &str) -> Option<String> {
    let value = raw.get(&field)?.text()?;
    let code = match field {
        Field::CountryCode => countries::code_of_country(value),
        Field::Region => countries::code_of_region(value, country),
        _ => None,
    };
    Some(code.unwrap_or(value).to_owned())
}

fn check(field: Field, value: Option<&str>, country: &str) -> Result<(), String> {
    let needs_region = matches!(country, "US" | "CA");
    let Some(value) = value else {
        return match field {
            Field::Region if needs_region => {
                Err("is missing; addresses in this country need it, as two-letter code or name".to_owned())
            }
            field if field.required() => Err("is missing".to_owned()),
            _ => Ok(()),
        };
    };
    if value.chars().any(char::is_control) {
        return Err("has a line break or control character; keep it on one line".to_owned());
    }
    // India's phone numbers come with extensions; Yubico's guide allows 255 characters there.
    let limit = if field == Field::Phone && country == "IN" { 255 } else { field.limit() };
    let length = value.chars().count();
    if field != Field::CountryCode && length > limit {
        return Err(format!("has {length} characters; the limit is {limit}"));
    }
    match field {
        Field::Phone if !value.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c)) => {
            Err("may hold only digits, spaces and + - ( )".to_owned())
        }
        Field::Phone if !value.chars().any(|c| c.is_ascii_digit()) => Err("has no digit".to_owned()),
        Field::Email if !looks_like_email(value) => Err("is not an e-mail address".to_owned()),
        Field::CountryCode if !countries::is_alpha2(value) => {
            Err("is neither an ISO 3166-1 code nor the English name of a country".to_owned())
        }
        Field::Region if needs_region && countries::code_of_region(value, country).is_none() => {
            Err("is no state, province or territory of the address's country, neither by code nor by name"
                .to_owned())
        }
        _ => Ok(()),
    }
}

fn looks_like_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.contains('.') && !host.contains('@') && !value.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn good() -> BTreeMap<Field, Raw> {
        let values = [
            (Field::FirstName, "Ann"),
            (Field::LastName, "Lee"),
            (Field::Company, "Example Inc"),
            (Field::Email, "ann.lee@example.com"),
            (Field::Phone, "+1 555-0100"),
            (Field::AddressLine1, "1 Example St"),
            (Field::City, "Exampletown"),
            (Field::Region, "MA"),
            (Field::PostalCode, "00000"),
            (Field::CountryCode, "US"),
        ];
        values.into_iter().map(|(f, v)| (f, raw(v, f))).collect()
    }

    fn raw(value: &str, field: Field) -> Raw {
        Raw { value: Some(value.to_owned()), source: format!("profile.{}", field.name()) }
    }

    fn faults_of(spoil: &[(Field, Option<&str>)]) -> Vec<Field> {
        let mut fields = good();
        for (field, value) in spoil {
            fields.insert(*field, Raw { value: value.map(str::to_owned), source: "x".into() });
        }
        Recipient::parse(&fields).err().unwrap_or_default().into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn the_good_recipient_is_taken() {
        assert!(Recipient::parse(&good()).is_ok());
    }

    #[test]
    fn one_spoiled_field_gives_one_fault() {
        let long = "x".repeat(61);
        let cases: [(Field, Option<&str>); 14] = [
            (Field::FirstName, Some("Maximilian-Alexander")),
            (Field::LastName, None),
            (Field::Company, Some("   ")),
            (Field::Email, Some("ann.lee")),
            (Field::Email, None),
            (Field::Phone, Some("555 0100 ext. 7")),
            (Field::Phone, Some("+-() ")),
            (Field::AddressLine1, Some(&long)),
            (Field::AddressLine1, Some("1 Example St\nAnytown")),
            (Field::City, Some(&long)),
            (Field::Region, None),
            (Field::Region, Some("Massachusets")),
            (Field::PostalCode, Some("123456789012345678901")),
            (Field::CountryCode, Some("usaa")),
        ];
        for (field, value) in cases {
            assert_eq!(faults_of(&[(field, value)]), [field], "{field:?} = {value:?}");
        }
    }

    #[test]
    fn all_faults_are_listed_at_once() {
        let found = faults_of(&[
            (Field::FirstName, Some("Maximilian-Alexander")),
            (Field::Region, None),
            (Field::Phone, None),
        ]);
        assert_eq!(found, [Field::FirstName, Field::Phone, Field::Region]);
    }

    #[test]
    fn region_is_free_outside_the_us_and_canada() {
        assert_eq!(
            faults_of(&[(Field::CountryCode, Some("DE")), (Field::Region, Some("Niedersachsen"))]),
            []
        );
        assert_eq!(faults_of(&[(Field::CountryCode, Some("DE")), (Field::Region, None)]), []);
        assert_eq!(
            faults_of(&[(Field::CountryCode, Some("CA")), (Field::Region, Some("MA"))]),
            [Field::Region]
        );
        assert_eq!(faults_of(&[(Field::Region, Some("AE"))]), [], "US military addresses");
    }

    #[test]
    fn india_may_have_long_phone_numbers() {
        let long = "0".repeat(200);
        assert_eq!(faults_of(&[(Field::Phone, Some(&long))]), [Field::Phone]);
        assert_eq!(faults_of(&[(Field::CountryCode, Some("IN")), (Field::Phone, Some(&long))]), []);
    }

    #[test]
    fn names_of_places_become_codes() {
        let cases = [
            ("Massachusetts", "United States", "MA", "US"),
            ("québec", "canada", "QC", "CA"),
            ("ma", "usa", "MA", "US"),
            ("Bayern", "Germany", "Bayern", "DE"),
            ("England", "UK", "England", "GB"),
        ];
        for (region, country, region_code, country_code) in cases {
            let mut fields = good();
            fields.insert(Field::Region, raw(region, Field::Region));
            fields.insert(Field::CountryCode, raw(country, Field::CountryCode));
            let taken = Recipient::parse(&fields).expect(region);
            assert_eq!(taken.get(Field::Region), Some(region_code));
            assert_eq!(taken.get(Field::CountryCode), Some(country_code));
        }
    }

    /// Not those where codes stand for names, see `names_of_places_become_codes`.
    fn taken_as_they_are() -> Vec<Field> {
        Field::ALL.into_iter().filter(|field| !matches!(field, Field::Region | Field::CountryCode)).collect()
    }

    proptest! {
        /// Nothing is ever cut: what was taken stands there whole, apart from outer blanks.
        #[test]
        fn nothing_is_truncated(field in proptest::sample::select(taken_as_they_are()), value in "\\PC{0,100}") {
            let mut fields = good();
            fields.insert(field, Raw { value: Some(value.clone()), source: "x".into() });
            if let Ok(recipient) = Recipient::parse(&fields) {
                prop_assert_eq!(recipient.get(field).unwrap_or_default(), value.trim());
                prop_assert!(value.trim().chars().count() <= field.limit());
            }
        }
    }
}
