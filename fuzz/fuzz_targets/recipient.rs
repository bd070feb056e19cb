//! Recipient and address: lines `field=value`. What is taken stands there whole.
#![no_main]

use std::collections::BTreeMap;

use domain::{
    countries,
    recipient::{Fault, Field, Raw, Recipient},
    text,
};
use libfuzzer_sys::fuzz_target;
use yubikey_shipment_fuzz::{is_discreet, people};

fuzz_target!(|input: &str| {
    let raw = fields(input);
    match Recipient::parse(&raw) {
        Ok(recipient) => whole(&raw, &recipient),
        Err(faults) => named(&faults),
    }
});

/// The usual person, and what the input says instead. A blank line breaks a value.
fn fields(input: &str) -> BTreeMap<Field, Raw> {
    let raw = |value: &str| Raw { value: Some(value.to_owned()), source: "profile".to_owned() };
    let mut fields: BTreeMap<Field, Raw> =
        people::FIELDS.iter().map(|(field, value)| (*field, raw(value))).collect();
    for line in input.split('\n') {
        let Some((name, value)) = line.split_once('=') else { continue };
        if let Some(field) = Field::ALL.into_iter().find(|field| field.name() == name) {
            fields.insert(field, raw(&value.replace('\u{1}', "\n")));
        }
    }
    fields
}

fn whole(raw: &BTreeMap<Field, Raw>, recipient: &Recipient) {
    let country = recipient.get(Field::CountryCode).expect("a country");
    assert!(countries::is_alpha2(country));
    for field in Field::ALL {
        let given = raw.get(&field).and_then(|raw| raw.value.as_deref()).unwrap_or_default();
        let given = text::tidy(given);
        let given = given.as_str();
        let taken = recipient.get(field).unwrap_or_default();
        // Names of places become codes, and mean the same.
        let meant = match field {
            Field::CountryCode => countries::code_of_country(given),
            Field::Region => countries::code_of_region(given, country),
            _ => None,
        };
        assert_eq!(taken, meant.unwrap_or(given), "{} is cut or changed", field.name());
        let limit = if field == Field::Phone && country == "IN" { 255 } else { field.limit() };
        assert!(taken.chars().count() <= limit, "{} is too long", field.name());
        assert!(text::fault(taken).is_none(), "{} breaks the label", field.name());
        let optional = matches!(field, Field::AddressLine2 | Field::Region);
        assert!(optional || !taken.is_empty(), "{} is missing", field.name());
    }
    let region = recipient.get(Field::Region).unwrap_or_default();
    assert!(!matches!(country, "US" | "CA") || region.len() == 2, "no carrier takes it");
    assert_eq!(format!("{recipient:?}"), "Recipient(..)");
}

/// Each field at most once, in the order of a label, and without its value.
fn named(faults: &[Fault]) {
    assert!(!faults.is_empty());
    assert!(faults.windows(2).all(|pair| pair[0].field < pair[1].field));
    for fault in faults {
        is_discreet(&fault.to_string());
    }
}
