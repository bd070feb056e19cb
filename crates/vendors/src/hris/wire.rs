//! The two bodies, as `docs/recipient.md` describes them.

use std::collections::BTreeMap;

use domain::recipient::Field;
use serde::{Deserialize, Serialize};

/// What the HRIS says of one person; a field it says nothing about is absent.
pub type Record = BTreeMap<Field, String>;

/// Of whom the HRIS is asked; the whole request (docs/recipient.md).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestBody<'a> {
    pub(super) user_id: &'a str,
    /// Absent where Okta shows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<&'a str>,
}

/// The recipient's fields. A member of another name is refused: a misspelt one would leave its field to the Okta
/// profile, and parts of two addresses make a third that nobody lives at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResponseBody {
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country_code: Option<String>,
}

impl ResponseBody {
    /// Without what is null or blank: it says nothing.
    pub(super) fn into_record(self) -> Record {
        let fields = [
            (Field::FirstName, self.first_name),
            (Field::LastName, self.last_name),
            (Field::Company, self.company),
            (Field::Email, self.email),
            (Field::Phone, self.phone),
            (Field::AddressLine1, self.address_line1),
            (Field::AddressLine2, self.address_line2),
            (Field::City, self.city),
            (Field::Region, self.region),
            (Field::PostalCode, self.postal_code),
            (Field::CountryCode, self.country_code),
        ];
        let said = |(field, value): (Field, Option<String>)| Some((field, value?));
        fields.into_iter().filter_map(said).filter(|(_, value)| !value.trim().is_empty()).collect()
    }
}
