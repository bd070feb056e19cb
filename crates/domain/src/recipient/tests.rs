//! What is taken as a recipient, and what is said of what is not.

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
    assert_eq!(faults_of(&[(Field::CountryCode, Some("DE")), (Field::Region, Some("Niedersachsen"))]), []);
    assert_eq!(faults_of(&[(Field::CountryCode, Some("DE")), (Field::Region, None)]), []);
    assert_eq!(faults_of(&[(Field::CountryCode, Some("CA")), (Field::Region, Some("MA"))]), [Field::Region]);
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
            prop_assert_eq!(recipient.get(field).unwrap_or_default(), text::tidy(&value));
            prop_assert!(text::tidy(&value).chars().count() <= field.limit());
        }
    }
}

fn said(field: Field, value: &str, country: &str, rules: &Rules) -> Result<String, String> {
    let mut fields = good();
    fields.insert(Field::CountryCode, raw(country, Field::CountryCode));
    fields.insert(field, raw(value, field));
    match Recipient::parse_by(rules, &fields) {
        Ok(taken) => Ok(taken.get(field).unwrap_or_default().to_owned()),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

#[test]
fn a_name_is_counted_as_it_is_read_not_as_it_is_spelt() {
    let decomposed = "E\u{301}le\u{301}onore-Zoe\u{308}-A";
    assert_eq!(decomposed.chars().count(), 17);
    let rules = Rules::default();
    assert_eq!(said(Field::FirstName, decomposed, "US", &rules).as_deref(), Ok("Éléonore-Zoë-A"));
    assert_eq!(said(Field::Region, "Que\u{301}bec", "CA", &rules).as_deref(), Ok("QC"));
    assert_eq!(said(Field::City, "Mu\u{308}nchen\u{a0}", "DE", &rules).as_deref(), Ok("München"));
    assert_eq!(
        said(Field::AddressLine1, "5\u{a0}rue\u{202f}du Fort", "FR", &rules).as_deref(),
        Ok("5 rue du Fort")
    );
    assert_eq!(
        said(Field::CountryCode, "Co\u{302}te d'Ivoire", "CI", &rules)
            .map_err(|says| says.contains("Country")),
        Err(false)
    );
}

#[test]
fn every_field_names_the_character_that_no_label_carries() {
    for field in Field::ALL {
        for (inside, code) in [
            ('\u{2028}', "U+2028"),
            ('\u{fffd}', "U+FFFD"),
            ('\u{202e}', "U+202E"),
            ('\u{200b}', "U+200B"),
            ('\t', "U+0009"),
        ] {
            let says = said(field, &format!("12{inside}34"), "DE", &Rules::default()).unwrap_err();
            assert!(says.contains(code) && says.contains(field.label()) && !says.contains("34"), "{says}");
        }
    }
}

#[test]
fn a_country_without_postal_codes_gets_the_one_that_the_connection_states() {
    let stated = Rules {
        postal_codes: BTreeMap::from([
            ("HK".to_owned(), "000".to_owned()),
            ("IE".to_owned(), "D00".to_owned()),
        ]),
        ..Rules::default()
    };
    for value in ["", "-", "N/A", "n.a.", "none", "0000", "XXXX", " -- ", "NA"] {
        let says = said(Field::PostalCode, value, "Hong Kong", &Rules::default()).unwrap_err();
        assert!(says.contains("recipientDefaults.postalCodes") && says.contains("00000"), "{value}: {says}");
        assert_eq!(said(Field::PostalCode, value, "Hong Kong", &stated).as_deref(), Ok("000"), "{value}");
        assert!(said(Field::PostalCode, value, "AE", &stated).is_err(), "{value}");
    }
    assert_eq!(said(Field::PostalCode, "D02 VF25", "IE", &stated).as_deref(), Ok("D02 VF25"));
    assert_eq!(said(Field::PostalCode, "999077", "HK", &Rules::default()).as_deref(), Ok("999077"));
    for value in ["-", "N/A", "xxxxx"] {
        let says = said(Field::PostalCode, value, "Germany", &stated).unwrap_err();
        assert!(says.contains("addresses in this country have one"), "{says}");
    }
}

#[test]
fn a_word_for_nothing_is_no_part_of_an_address() {
    for field in [Field::AddressLine1, Field::AddressLine2, Field::City, Field::Region] {
        for value in ["-", "N/A", "none", "."] {
            let says = said(field, value, "DE", &Rules::default()).unwrap_err();
            assert!(says.contains("only says that there is none"), "{says}");
        }
    }
    assert_eq!(said(Field::Region, "NA", "IT", &Rules::default()).as_deref(), Ok("NA"), "Napoli");
}

#[test]
fn a_connection_may_want_latin_letters() {
    let latin = Rules { latin_only: true, ..Rules::default() };
    for (field, value, code) in [
        (Field::FirstName, "太郎", "U+592A"),
        (Field::LastName, "Иванов", "U+0418"),
        (Field::Company, "Ωmega", "U+03A9"),
        (Field::City, "서울", "U+C11C"),
        (Field::AddressLine1, "שדרות 1", "U+05E9"),
    ] {
        assert_eq!(said(field, value, "JP", &Rules::default()).as_deref(), Ok(value));
        let says = said(field, value, "JP", &latin).unwrap_err();
        assert!(says.contains(code) && says.contains("policy.recipientScript"), "{says}");
    }
    for value in ["Łódź 5", "Ngụyễn-O’Neill", "Groß & Söhne №3"] {
        assert_eq!(said(Field::AddressLine1, value, "PL", &latin).as_deref(), Ok(value));
    }
}
