//! A hundred people of more than forty countries, as their profiles are written, and what becomes of each: the label as
//! it is ordered, or the exact words of every fault. Nothing is ever cut.
//!
//! `cargo test --workspace --test addresses -- --nocapture` prints them as a table.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    recipient::{Field, Raw, Recipient, Rules},
    text,
};

const FIELDS: [Field; 10] = [
    Field::FirstName,
    Field::LastName,
    Field::Company,
    Field::Phone,
    Field::AddressLine1,
    Field::AddressLine2,
    Field::City,
    Field::Region,
    Field::PostalCode,
    Field::CountryCode,
];

/// A line of the data.
struct Person {
    profile: Vec<String>,
    /// Street, second line, city, region, postal code, country, of what is taken; or the faults.
    outcome: Result<String, Vec<String>>,
}

fn people() -> Vec<Person> {
    let lines = include_str!("data/addresses.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(person).collect()
}

fn person(line: &str) -> Person {
    let fields: Vec<String> = line.split('\t').map(|field| field.replace("\\n", "\n")).collect();
    let (profile, outcome) = fields.split_at(FIELDS.len());
    let faults: Vec<_> =
        outcome.iter().filter_map(|field| Some(field.strip_prefix("! ")?.to_owned())).collect();
    let outcome = if faults.is_empty() { Ok(outcome[0].clone()) } else { Err(faults) };
    Person { profile: profile.to_vec(), outcome }
}

fn raw(profile: &[String]) -> BTreeMap<Field, Raw> {
    let email = "someone@example.com".to_owned();
    let values = FIELDS.into_iter().zip(profile).chain([(Field::Email, &email)]);
    let one = |(field, value): (Field, &String)| {
        let source = format!("profile.{}", field.name());
        (field, Raw { value: Some(value.clone()), source })
    };
    values.map(one).collect()
}

fn label(recipient: &Recipient) -> String {
    let lines = FIELDS.iter().skip(4).filter_map(|field| recipient.get(*field));
    lines.collect::<Vec<_>>().join(" | ")
}

fn outcome(profile: &[String]) -> Result<String, Vec<String>> {
    let parsed = Recipient::parse(&raw(profile));
    parsed.map(|taken| label(&taken)).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn each_profile_becomes_its_label_or_its_faults() {
    let people = people();
    assert_eq!(people.len(), 100);
    for (number, Person { profile, outcome: desired }) in people.iter().enumerate() {
        let found = outcome(profile);
        match &found {
            Ok(label) => println!("{number:3} | {} | accepted | {label}", profile[9]),
            Err(faults) => println!("{number:3} | {} | refused | {}", profile[9], faults.join("; ")),
        }
        assert_eq!(found, *desired, "{profile:?}");
    }
}

#[test]
fn nothing_is_cut() {
    for Person { profile, .. } in people() {
        let Ok(taken) = Recipient::parse(&raw(&profile)) else { continue };
        for (field, value) in FIELDS.into_iter().zip(&profile) {
            let (is, was) = (taken.get(field).unwrap_or_default(), text::tidy(value));
            let is_code = matches!(field, Field::Region | Field::CountryCode);
            assert!(is == was || is_code, "{field:?}: {was} became {is}");
        }
    }
}

/// Where the connection wants Latin letters, those and only those whose label has others are refused besides.
#[test]
fn a_connection_may_refuse_other_letters_than_latin_ones() {
    let rules = Rules { latin_only: true, ..Rules::default() };
    let mut refused = 0;
    for Person { profile, .. } in people() {
        if outcome(&profile).is_err() {
            continue;
        }
        let other = profile.iter().any(|value| text::beyond_latin(value).is_some());
        assert_eq!(Recipient::parse_by(&rules, &raw(&profile)).is_err(), other, "{profile:?}");
        refused += u32::from(other);
    }
    assert!(refused >= 5, "{refused}");
}

#[test]
fn they_live_in_many_countries() {
    let countries: BTreeSet<_> =
        people().iter().filter_map(|person| domain::countries::code_of_country(&person.profile[9])).collect();
    assert!(countries.len() >= 40, "{countries:?}");
}
