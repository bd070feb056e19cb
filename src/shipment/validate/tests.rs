//! Whose word counts for a field of the recipient, in every combination of who says something.

use domain::{
    ids::{Login, UserId},
    recipient::{Field, Recipient},
    vendor_states::{User, UserStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use vendors::hris::Record;

use super::*;
use crate::shipment::recipient::*;

/// A good value of each field that tells who said it.
fn value(field: Field, who: char) -> String {
    match field {
        Field::Email => format!("{who}@example.com"),
        Field::Phone => u32::from(who).to_string(),
        // Names of countries become codes, and two of the four ship without a region.
        Field::CountryCode => match who {
            'o' => "DE",
            'h' => "France",
            _ => "NL",
        }
        .to_owned(),
        _ => who.to_string(),
    }
}

fn connection() -> YubiKeyConnectionSpec {
    serde_json::from_value(json!({
        "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
        "allowedNamespaces": {"from": "All"},
        "recipientDefaults": {
            "company": value(Field::Company, 'd'), "phone": value(Field::Phone, 'd'), "countryCode": "NL",
        },
    }))
    .unwrap()
}

fn shipment(recipient: &Value, address: &Value) -> shipment::YubiKeyShipmentSpec {
    serde_json::from_value(json!({
        "userRef": {"id": "00u1"}, "key": {"model": "m"}, "recipient": recipient, "address": address,
    }))
    .unwrap()
}

fn user(says: impl Fn(Field) -> bool) -> User {
    let profile = Field::ALL.into_iter().filter(|field| says(*field)).filter_map(|field| {
        let attribute = field.default_attribute()?;
        Some((attribute.to_owned(), value(field, 'p')))
    });
    User {
        id: UserId::new("00u1").unwrap(),
        login: Login::new("p@example.com").ok(),
        status: UserStatus::Active,
        profile: profile.collect(),
        no_text: std::collections::BTreeMap::new(),
    }
}

fn code(name: &str) -> &str {
    domain::countries::code_of_country(name).unwrap()
}

proptest! {
    /// Shipment, HRIS, profile, default: the first that says something, and an address whole from one of them.
    #[test]
    fn the_first_in_order_that_speaks_is_heard(said in prop::array::uniform11(prop::bits::u8::masked(7))) {
        let bit = |field: Field, bit: u8| said[field as usize] & bit != 0;
        let overrides_address = bit(Field::City, 1);
        let mut recipient = json!({});
        for field in [Field::FirstName, Field::LastName, Field::Company, Field::Email, Field::Phone] {
            if bit(field, 1) {
                recipient[field.name()] = value(field, 'o').into();
            }
        }
        let address = if overrides_address {
            json!({"line1": "o", "city": "o", "postalCode": "o", "countryCode": "DE"})
        } else {
            Value::Null
        };
        let record: Record =
            Field::ALL.into_iter().filter(|f| bit(*f, 2)).map(|f| (f, value(f, 'h'))).collect();
        let user = user(|field| bit(field, 4));
        let found = recipient_of(&shipment(&recipient, &address), &user, &record);
        let hris_has_address = ADDRESS.iter().any(|field| record.contains_key(field));
        for field in Field::ALL {
            let in_address = ADDRESS.contains(&field);
            let is_overridden = if in_address { overrides_address } else { bit(field, 1) };
            let has_default = matches!(field, Field::Company | Field::Phone | Field::CountryCode);
            let profile = bit(field, 4) && field.default_attribute().is_some();
            let expected = if is_overridden && in_address {
                match field {
                    Field::AddressLine2 | Field::Region => None,
                    field => Some(value(field, 'o')),
                }
            } else if is_overridden {
                Some(value(field, 'o'))
            } else if record.contains_key(&field) {
                Some(value(field, 'h'))
            } else if profile && !(in_address && hris_has_address) {
                Some(value(field, 'p'))
            } else if has_default {
                Some(value(field, 'd'))
            } else {
                None
            };
            match (&found, expected) {
                (Ok(recipient), Some(expected)) if field == Field::CountryCode => {
                    prop_assert_eq!(recipient.get(field), Some(code(&expected)));
                }
                (Ok(recipient), expected) => prop_assert_eq!(recipient.get(field), expected.as_deref()),
                (Err(fault), Some(_)) => {
                    prop_assert!(!fault.message.contains(field.label()), "{:?}: {}", field, fault.message);
                }
                (Err(fault), None) => {
                    let optional = matches!(field, Field::AddressLine2 | Field::Region);
                    prop_assert!(optional || fault.message.contains(field.label()), "{}", fault.message);
                }
            }
        }
    }
}

fn recipient_of(
    spec: &shipment::YubiKeyShipmentSpec,
    user: &User,
    record: &Record,
) -> Result<Recipient, Failure> {
    recipient(spec, &connection(), user, Some(record))
}

#[test]
fn a_fault_names_who_has_to_correct_it() {
    let record = Record::from([(Field::City, "x".repeat(61)), (Field::CountryCode, "Atlantis".into())]);
    let fault = recipient_of(&shipment(&Value::Null, &Value::Null), &user(|_| true), &record).unwrap_err();
    for words in [
        "City (hris.city) has 61 characters",
        "Street address (hris.addressLine1) is missing",
        "(hris.countryCode)",
    ] {
        assert!(fault.message.contains(words), "{words} in {}", fault.message);
    }
    assert!(!fault.message.contains("xxx") && !fault.message.contains("Atlantis"), "{}", fault.message);
}

#[test]
fn who_cannot_read_the_work_mailbox_yet_gets_mail_at_the_other_one() {
    let address = |status: UserStatus| {
        let mut user = user(|_| true);
        user.status = status;
        user.profile.insert("email".to_owned(), "work@example.com".to_owned());
        user.profile.insert("secondEmail".to_owned(), "home@example.com".to_owned());
        let spec = shipment(&json!({}), &Value::Null);
        let recipient = recipient_of(&spec, &user, &Record::new()).unwrap();
        recipient.get(Field::Email).map(ToOwned::to_owned)
    };
    assert_eq!(address(UserStatus::Staged).as_deref(), Some("home@example.com"));
    assert_eq!(address(UserStatus::Active).as_deref(), Some("work@example.com"));
}
