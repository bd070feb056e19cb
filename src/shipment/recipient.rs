//! Who gets the parcel: the Okta profile, the HRIS, the connection's defaults and the shipment's own words, folded into
//! one [`Recipient`]. Pure.

use std::collections::BTreeMap;

use api::{
    connection::{RecipientMapping, RecipientScript, YubiKeyConnectionSpec},
    shipment,
};
use domain::{
    failure::{Failure, Reason},
    recipient::{Fault, Field, Raw, Recipient, Rules, fault_list},
    vendor_states::{User, UserStatus},
};
use vendors::hris::Record;

use super::validate::has_address;

/// The parts of an address. All or nothing: parts of two addresses make a third that nobody lives at.
pub(super) const ADDRESS: [Field; 6] = [
    Field::AddressLine1,
    Field::AddressLine2,
    Field::City,
    Field::Region,
    Field::PostalCode,
    Field::CountryCode,
];

/// Recipient and address: the shipment's overrides, else what the HRIS says, else the profile as the connection maps
/// it, else the connection's defaults.
///
/// # Errors
/// `InvalidRecipient` with every fault, each naming its profile attribute or spec field.
pub fn recipient(
    spec: &shipment::YubiKeyShipmentSpec,
    connection: &YubiKeyConnectionSpec,
    user: &User,
    hris: Option<&Record>,
) -> Result<Recipient, Failure> {
    let mapping = connection.recipient_mapping.clone().unwrap_or_default();
    let mut raw: BTreeMap<Field, Raw> = Field::ALL
        .into_iter()
        .filter_map(|field| Some((field, from_profile(field, &mapping, user)?)))
        .collect();
    from_hris(hris, &mut raw);
    fill_in(connection, user, &mut raw);
    overrides(spec, &mut raw);
    let no_text = no_text(user, &raw);
    let parsed = Recipient::parse_by(&rules(connection), &raw);
    let other = |fault: &&Fault| !no_text.contains_key(&fault.field);
    let mut faults: Vec<String> =
        parsed.as_ref().err().into_iter().flatten().filter(other).map(ToString::to_string).collect();
    faults.extend(no_text.into_values());
    faults.extend(country_fault(connection, &raw));
    faults.extend(pin_mail_fault(user));
    match parsed {
        Ok(recipient) if faults.is_empty() => Ok(recipient.with_other_email(other_email(user, &raw))),
        _ => Err(Failure::new(Reason::InvalidRecipient, fault_list::message(&faults))),
    }
}

/// The attribute that a source names, if it is one of the profile that holds something else than text.
fn other_type(user: &User, source: &str) -> Option<&'static str> {
    user.no_text.get(source.strip_prefix("profile.")?).copied()
}

/// What the profile says in another type than text is neither missing nor guessed: `2108` is no postal code any more. Only
/// fields whose last word is the profile's.
fn no_text(user: &User, raw: &BTreeMap<Field, Raw>) -> BTreeMap<Field, String> {
    let fault = |(field, raw): (&Field, &Raw)| {
        let kind = other_type(user, &raw.source)?;
        let what = format!("is {kind}, and a text is needed");
        Some((*field, Fault { field: *field, source: raw.source.clone(), what }.to_string()))
    };
    raw.iter().filter_map(fault).collect()
}

fn from_profile(field: Field, mapping: &RecipientMapping, user: &User) -> Option<Raw> {
    let mapped = match field {
        Field::FirstName => &mapping.first_name,
        Field::LastName => &mapping.last_name,
        Field::Company => &mapping.company,
        Field::Email => &mapping.email,
        Field::Phone => &mapping.phone,
        Field::AddressLine1 => &mapping.address_line1,
        Field::AddressLine2 => &mapping.address_line2,
        Field::City => &mapping.city,
        Field::Region => &mapping.region,
        Field::PostalCode => &mapping.postal_code,
        Field::CountryCode => &mapping.country_code,
    };
    // A new user cannot read the work mailbox yet.
    let staged_email = field == Field::Email && user.status == UserStatus::Staged;
    let attribute = match mapped {
        Some(name) => name.as_str(),
        None if staged_email => "secondEmail",
        None => field.default_attribute()?,
    };
    Some(Raw { value: user.profile.get(attribute).cloned(), source: format!("profile.{attribute}") })
}

/// The other of the profile's two addresses, where the e-mail address is the profile's: which of them an order went to
/// follows from the person's state then, and that changes.
fn other_email(user: &User, raw: &BTreeMap<Field, Raw>) -> Option<String> {
    let other = match raw.get(&Field::Email)?.source.as_str() {
        "profile.email" => "secondEmail",
        "profile.secondEmail" => "email",
        _ => return None,
    };
    Raw { value: user.profile.get(other).cloned(), source: String::new() }.text()
}

/// What the connection says of all its recipients.
fn rules(connection: &YubiKeyConnectionSpec) -> Rules {
    let stated = connection.recipient_defaults.as_ref().map(|defaults| &defaults.postal_codes);
    Rules {
        latin_only: connection.policy.recipient_script == RecipientScript::Latin,
        postal_codes: stated.cloned().unwrap_or_default(),
    }
}

/// What the HRIS says, over the profile.
fn from_hris(record: Option<&Record>, raw: &mut BTreeMap<Field, Raw>) {
    let Some(record) = record else { return };
    let has_address = ADDRESS.iter().any(|field| record.contains_key(field));
    for field in Field::ALL {
        if record.contains_key(&field) || (has_address && ADDRESS.contains(&field)) {
            let source = format!("hris.{}", field.name());
            raw.insert(field, Raw { value: record.get(&field).cloned(), source });
        }
    }
}

/// What the connection says of people whose profile says nothing. No part of a street address has a default: parts of
/// two addresses make a third that nobody lives at.
fn fill_in(connection: &YubiKeyConnectionSpec, user: &User, raw: &mut BTreeMap<Field, Raw>) {
    let Some(defaults) = &connection.recipient_defaults else { return };
    for (field, value) in [
        (Field::Company, &defaults.company),
        (Field::Phone, &defaults.phone),
        (Field::CountryCode, &defaults.country_code),
    ] {
        let said = raw.get(&field);
        let blank = said.and_then(Raw::text).is_none()
            && said.is_none_or(|raw| other_type(user, &raw.source).is_none());
        if let (true, Some(value)) = (blank, value) {
            let source = format!("the connection's recipientDefaults.{}", field.name());
            raw.insert(field, Raw { value: Some(value.clone()), source });
        }
    }
}

fn overrides(spec: &shipment::YubiKeyShipmentSpec, raw: &mut BTreeMap<Field, Raw>) {
    let mut set = |field, value: Option<&String>, source: &str| {
        if let Some(value) = value {
            raw.insert(field, Raw { value: Some(value.clone()), source: source.to_owned() });
        }
    };
    if let Some(r) = &spec.recipient {
        set(Field::FirstName, r.first_name.as_ref(), "spec.recipient.firstName");
        set(Field::LastName, r.last_name.as_ref(), "spec.recipient.lastName");
        set(Field::Company, r.company.as_ref(), "spec.recipient.company");
        set(Field::Email, r.email.as_ref(), "spec.recipient.email");
        set(Field::Phone, r.phone.as_ref(), "spec.recipient.phone");
    }
    if !has_address(spec) {
        return;
    }
    let Some(address) = &spec.address else { return };
    for (field, value, source) in [
        (Field::AddressLine1, &address.line1, "spec.address.line1"),
        (Field::AddressLine2, &address.line2, "spec.address.line2"),
        (Field::City, &address.city, "spec.address.city"),
        (Field::Region, &address.region, "spec.address.region"),
        (Field::PostalCode, &address.postal_code, "spec.address.postalCode"),
        (Field::CountryCode, &address.country_code, "spec.address.countryCode"),
    ] {
        raw.insert(field, Raw { value: value.clone(), source: source.to_owned() });
    }
}

fn country_fault(connection: &YubiKeyConnectionSpec, raw: &BTreeMap<Field, Raw>) -> Option<String> {
    let countries = &connection.yubico.countries;
    let country = raw.get(&Field::CountryCode)?;
    let code = domain::countries::code_of_country(country.value.as_deref()?)?;
    (!countries.is_empty() && !countries.iter().any(|c| c == code)).then(|| {
        format!(
            "Country Code ({}) is none of those to which this connection ships (yubico.countries: {})",
            country.source,
            countries.join(", ")
        )
    })
}

/// Okta mails the PIN of a new user to the secondary address; without one nobody could read it.
fn pin_mail_fault(user: &User) -> Option<String> {
    let missing = user.profile.get("secondEmail").is_none_or(|mail| mail.trim().is_empty());
    (user.status == UserStatus::Staged && missing).then(|| {
        let what = match other_type(user, "profile.secondEmail") {
            Some(kind) => format!("is {kind}, and a text is needed"),
            None => "is missing".to_owned(),
        };
        let label = fault_list::SECONDARY_EMAIL;
        format!("{label} (profile.secondEmail) {what}; Okta mails a new user's PIN there")
    })
}

/// Yubico calls the address undeliverable. In our own words: its sentences may repeat the address.
#[must_use]
pub fn undeliverable(doubted: &[Field]) -> Failure {
    let fields: Vec<_> = doubted.iter().map(|field| field.label()).collect();
    let said =
        if fields.is_empty() { String::new() } else { format!(" and speaks of: {}", fields.join(", ")) };
    Failure::new(
        Reason::AddressUndeliverable,
        format!(
            "YubiEnterprise calls the address undeliverable{said}. Correct it in the user's Okta profile, the HRIS that masters it, or spec.address."
        ),
    )
}
