//! Is what a vendor shows of an order this recipient?
//!
//! An order keeps what was sent when it was placed, by whoever placed it. Vendors change capitals, blanks and how letters
//! with accents are spelt; Okta's Workflows template cuts names; and the same person has two addresses at Okta.

use super::{Field, Recipient};
use crate::{countries, text};

/// What Okta's Workflows template leaves of a value, in UTF-16 units: it cuts the rest without a word (its flow *Create
/// shipment*, template `yubico_fido_preregistration`).
const fn template_leaves(field: Field) -> Option<usize> {
    match field {
        Field::FirstName => Some(10),
        Field::LastName | Field::Company => Some(15),
        _ => None,
    }
}

impl Recipient {
    /// Does the value that a vendor shows of a field say what this recipient's does, or what the Workflows template made
    /// of it?
    #[must_use]
    pub fn is_shown_as(&self, field: Field, shown: &str) -> bool {
        let ours = self.get(field).unwrap_or_default();
        is_same(shown, ours) || self.is_known_as(field, shown, ours)
    }

    fn is_known_as(&self, field: Field, shown: &str, ours: &str) -> bool {
        let country = self.get(Field::CountryCode).unwrap_or_default();
        match field {
            // A staged person's order goes to the secondary address, and the person is active by now; or the other way.
            Field::Email => self.other_email.as_deref().is_some_and(|other| is_same(shown, other)),
            Field::Region => countries::code_of_region(shown, country) == Some(ours),
            Field::CountryCode => countries::code_of_country(shown) == Some(ours),
            _ => template_leaves(field).is_some_and(|units| is_cut(shown, ours, units)),
        }
    }
}

/// Whatever the capitals, the blanks and the spelling of accents.
fn is_same(shown: &str, ours: &str) -> bool {
    let plain = |text: &str| text::folded(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    plain(shown) == plain(ours)
}

/// Exactly what is left of ours, in any of the forms in which a directory may hold it. Shorter is another name.
fn is_cut(shown: &str, ours: &str, units: usize) -> bool {
    let forms = [ours.into(), text::composed(ours), text::decomposed(ours)];
    forms.iter().any(|form| cut(form, units).is_some_and(|left| is_same(shown, left)))
}

/// The first units of a text that has more; a character that would be cut in two is left out.
fn cut(text: &str, units: usize) -> Option<&str> {
    let mut count = 0;
    let (end, _) = text.char_indices().find(|(_, letter)| {
        count += letter.len_utf16();
        count > units
    })?;
    text.get(..end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::recipient::Raw;

    fn recipient(changes: &[(Field, &str)]) -> Recipient {
        let value = |field| match field {
            Field::Email => "kim@example.com",
            Field::Phone => "+1 555 0100",
            Field::CountryCode => "US",
            Field::Region => "MA",
            Field::PostalCode => "01742",
            _ => "Any",
        };
        let mut raw: BTreeMap<Field, Raw> = BTreeMap::new();
        for field in Field::ALL {
            raw.insert(field, Raw { value: Some(value(field).to_owned()), source: String::new() });
        }
        for (field, value) in changes {
            raw.insert(*field, Raw { value: Some((*value).to_owned()), source: String::new() });
        }
        Recipient::parse(&raw).unwrap()
    }

    fn agrees(field: Field, ours: &str, shown: &str) -> bool {
        recipient(&[(field, ours)]).is_shown_as(field, shown)
    }

    #[test]
    fn names_that_the_template_cut_are_the_persons_own() {
        for (field, ours, shown) in [
            (Field::FirstName, "Maximiliana", "Maximilian"),
            (Field::FirstName, "Anne Claire Jo", "Anne Clair"),
            (Field::FirstName, "Maria del Mar", "MARIA DEL "),
            (Field::LastName, "Featherstonehaugh", "Featherstonehau"),
            (Field::LastName, "Müller-Lüdenscheidt", "Müller-Lüdensch"),
            (Field::Company, "Example Holdings", "Example Holding"),
            (Field::Company, "Example GmbH & Co KG", "Example GmbH & "),
        ] {
            assert!(agrees(field, ours, shown), "{ours} as {shown}");
        }
    }

    #[test]
    fn a_name_that_a_directory_holds_in_letters_and_accents_is_cut_earlier() {
        // Ten units of the decomposed form are eight letters.
        assert!(agrees(Field::FirstName, "Éléonore-Anne", &text::decomposed("Éléonore")));
        assert!(agrees(Field::FirstName, "Éléonore-Anne", "Éléonore-A"));
        // No half of a letter is left.
        assert!(agrees(Field::FirstName, "Abcdefghi\u{20bb7}\u{91ce}", "Abcdefghi"));
    }

    #[test]
    fn a_name_that_is_shorter_longer_or_another_is_another_persons() {
        for (field, ours, shown) in [
            (Field::FirstName, "Maximiliana", "Max"),
            (Field::FirstName, "Maximiliana", "Maximilia"),
            (Field::FirstName, "Maximilian", "Maximili"),
            (Field::FirstName, "Maximiliana", "Maximilien"),
            (Field::FirstName, "Maximiliana", ""),
            (Field::LastName, "Featherstonehaugh", "Featherstone"),
            (Field::Company, "Example Holdings", "Example"),
            (Field::City, "Llanfairpwllgwyngyll", "Llanfairpwllgwy"),
            (Field::AddressLine1, "1000 Granite Terrace", "1000 Granite Te"),
        ] {
            assert!(!agrees(field, ours, shown), "{ours} as {shown}");
        }
    }

    #[test]
    fn capitals_blanks_and_accents_are_the_vendors_to_change() {
        assert!(agrees(Field::FirstName, "José  Ann", &text::decomposed("JOSÉ ANN")));
        assert!(!agrees(Field::FirstName, "José", "Jose"));
    }

    #[test]
    fn both_addresses_of_a_person_are_theirs() {
        let staged = recipient(&[]).with_other_email(Some("home@kim.example".to_owned()));
        assert!(staged.is_shown_as(Field::Email, "Kim@example.com"));
        assert!(staged.is_shown_as(Field::Email, "home@kim.example"));
        assert!(!staged.is_shown_as(Field::Email, "lee@example.com"));
        assert!(!recipient(&[]).is_shown_as(Field::Email, "home@kim.example"));
        assert!(!recipient(&[]).with_other_email(None).is_shown_as(Field::Email, ""));
    }

    #[test]
    fn a_region_or_country_by_its_name_is_the_one_by_its_code() {
        assert!(agrees(Field::Region, "MA", "Massachusetts"));
        assert!(agrees(Field::Region, "Massachusetts", "ma"));
        assert!(!agrees(Field::Region, "MA", "ME"));
        assert!(agrees(Field::CountryCode, "US", "United States"));
        assert!(!agrees(Field::CountryCode, "US", "CA"));
    }
}
