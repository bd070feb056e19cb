//! What a message about a recipient tells of the person: which fields, never what stands in them, nor the country.

use domain::{
    ids::{Login, UserId},
    vendor_states::{AddressVerdict, User, UserStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use system::clock;
use vendors::{
    http::{Answer, Api, Nature},
    yubico::decode,
};

use super::*;
use crate::shipment::recipient::*;

/// A word that no sentence of ours has: it has no vowel.
fn word() -> impl Strategy<Value = String> {
    "[b-df-hj-np-tv-xz]{4,9}"
}

/// One of Yubico's sentences about an address, made of words of the recipient in any spelling, and of others.
fn sentence() -> impl Strategy<Value = (Vec<String>, String)> {
    let spelt = |words: &[String], how: u8| {
        let joined = words.join(["-", " ", ", ", "\u{a0}"][usize::from(how % 4)]);
        match how % 3 {
            0 => joined.to_uppercase(),
            1 => format!("No house 17b at {joined}, postal code unknown in this city"),
            _ => format!("did you mean {joined}?"),
        }
    };
    (prop::collection::vec(word(), 1..4), any::<u8>())
        .prop_map(move |(words, how)| (words.clone(), spelt(&words, how)))
}

fn answer(body: &Value) -> Answer {
    Answer {
        api: Api::Yubico,
        nature: Nature::Read,
        place: "https://api.example.com".to_owned(),
        status: 200,
        headers: reqwest::header::HeaderMap::new(),
        body: body.to_string().into_bytes(),
        sent: clock::now(),
        received: clock::now(),
    }
}

fn connection(countries: &[&str]) -> YubiKeyConnectionSpec {
    serde_json::from_value(json!({
        "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {"countries": countries},
        "allowedNamespaces": {"from": "All"},
    }))
    .unwrap()
}

fn shipment() -> shipment::YubiKeyShipmentSpec {
    serde_json::from_value(json!({"userRef": {"id": "00u1"}, "key": {"model": "m"}})).unwrap()
}

fn person(profile: &[(&str, &str)]) -> User {
    let good = [
        ("firstName", "Ann"),
        ("lastName", "Lee"),
        ("organization", "Example Inc"),
        ("email", "ann.lee@example.com"),
        ("primaryPhone", "5550100"),
        ("streetAddress", "1 Example St"),
        ("city", "Exampletown"),
        ("state", "MA"),
        ("zipCode", "00000"),
        ("countryCode", "US"),
    ];
    User {
        id: UserId::new("00u1").unwrap(),
        login: Login::new("ann.lee@example.com").ok(),
        status: UserStatus::Active,
        profile: good
            .iter()
            .chain(profile)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        no_text: std::collections::BTreeMap::new(),
    }
}

fn message(profile: &[(&str, &str)], countries: &[&str]) -> String {
    recipient(&shipment(), &connection(countries), &person(profile), None).unwrap_err().message
}

proptest! {
    #[test]
    fn a_sentence_of_yubico_made_of_the_recipients_words_is_not_repeated(
        said in prop::collection::vec(sentence(), 1..5),
    ) {
        let details: Vec<_> = said.iter().map(|(_, text)| json!({"description": text, "message": text})).collect();
        let body = json!({"status": "undeliverable", "details": details, "message": said[0].1});
        let Ok(AddressVerdict::Undeliverable(doubted)) = decode::verdict(&answer(&body)) else {
            return Err(TestCaseError::fail("it is a clear word"));
        };
        let message = undeliverable(&doubted).message.to_lowercase();
        for word in said.iter().flat_map(|(words, _)| words).map(String::as_str).chain(["17b", "did you mean"]) {
            prop_assert!(!message.contains(word), "{word} in {message}");
        }
    }

    #[test]
    fn no_fault_repeats_a_value(
        values in prop::collection::vec(word(), 9),
        // A character that no label carries, one that is seen only, none at all: too long, and a word for nothing.
        unfit in prop::sample::select(vec!["\n", "\u{202e}", "\u{fffd}", "", "-"]),
        length in prop::sample::select(vec![0_usize, 300]),
    ) {
        let unfit: Vec<_> =
            values.iter().map(|value| format!("{value}{unfit}{}", "x".repeat(length))).collect();
        let attributes = [
            "firstName", "lastName", "organization", "email", "primaryPhone", "streetAddress", "city", "zipCode",
            "countryCode",
        ];
        let profile: Vec<_> = attributes.into_iter().zip(unfit.iter().map(String::as_str)).collect();
        let message = message(&profile, &[]);
        prop_assert!(values.iter().all(|value| !message.contains(value.as_str())), "{message}");
    }
}

#[test]
fn a_fault_of_the_country_tells_no_country_of_the_person() {
    let told = message(&[("countryCode", "DE")], &["US", "CA"]);
    assert!(told.contains("profile.countryCode") && told.contains("yubico.countries: US, CA"), "{told}");
    for country in ["FR", "Germany", "IN", "VA", "United Kingdom"] {
        assert_eq!(message(&[("countryCode", country)], &["US", "CA"]), told);
    }
}

#[test]
fn a_missing_region_tells_no_country() {
    let told = message(&[("state", "")], &[]);
    assert!(told.contains("State (profile.state) is missing"), "{told}");
    assert_eq!(message(&[("state", ""), ("countryCode", "CA")], &[]), told);
    let told = message(&[("state", "Nowhere")], &[]);
    assert_eq!(message(&[("state", "Nowhere"), ("countryCode", "CA")], &[]), told);
}

#[test]
fn an_attribute_of_another_type_is_named_as_such_and_not_as_missing() {
    let fault = |attribute: &str, kind: &'static str, connection: &YubiKeyConnectionSpec| {
        let mut user = person(&[]);
        user.profile.remove(attribute);
        user.no_text.insert(attribute.to_owned(), kind);
        recipient(&shipment(), connection, &user, None).map_err(|fault| fault.message)
    };
    let plain = connection(&[]);
    for (attribute, label, kind) in [
        ("zipCode", "Zip Code", "a number"),
        ("primaryPhone", "Primary phone number", "a list"),
        ("streetAddress", "Street address", "an object"),
        ("organization", "Organization", "a boolean"),
        ("countryCode", "Country Code", "a number"),
        ("state", "State", "a list"),
    ] {
        let told = fault(attribute, kind, &plain).unwrap_err();
        let expected = format!("{label} (profile.{attribute}) is {kind}, and a text is needed");
        assert!(
            told.contains(&expected) && !told.contains("missing;") && !told.contains("is missing"),
            "{told}"
        );
    }
    let told = recipient(&shipment(), &plain, &staged_with_numbers(), None).unwrap_err().message;
    assert!(told.contains("Secondary email (profile.secondEmail) is a number"), "{told}");
    // Neither an optional field nor one that the connection has a default for is passed over in silence.
    let mut mapped = connection(&[]);
    mapped.recipient_mapping = serde_json::from_value(json!({"addressLine2": "room"})).unwrap();
    assert!(fault("room", "a number", &mapped).unwrap_err().contains("profile.room) is a number"));
    let mut defaults = connection(&[]);
    defaults.recipient_defaults = serde_json::from_value(json!({"company": "Example Inc"})).unwrap();
    assert!(fault("organization", "a number", &defaults).unwrap_err().contains("is a number"));
    // What nobody asks for may be what it likes, and the shipment's own word counts more.
    assert!(fault("costCenter", "a number", &plain).is_ok());
    let mut overridden = shipment();
    overridden.recipient = serde_json::from_value(json!({"company": "Example Inc"})).unwrap();
    let mut user = person(&[]);
    user.no_text.insert("organization".to_owned(), "a number");
    assert!(recipient(&overridden, &plain, &user, None).is_ok());
}

fn staged_with_numbers() -> User {
    let mut user = User { status: UserStatus::Staged, ..person(&[]) };
    user.no_text.insert("secondEmail".to_owned(), "a number");
    user
}
