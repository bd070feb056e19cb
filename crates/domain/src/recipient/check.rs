//! What is wrong with one value, in words that never repeat it.

use super::{field::Field, rules::Rules, stand_ins};
use crate::{countries, text};

/// What a person does where no postal code is known.
const NO_CODE: &str = "what YubiEnterprise takes there is not documented, so none is made up: state one by country in the connection's recipientDefaults.postalCodes (others enter 00000, 0000 or 000; ask Yubico), or give one";

/// Checks a value as [`super::Recipient::parse_by`] brought it into form.
pub(super) fn value(field: Field, value: Option<&str>, country: &str, rules: &Rules) -> Result<(), String> {
    let needs_region = matches!(country, "US" | "CA");
    let Some(value) = value else {
        return match field {
            Field::Region if needs_region => {
                Err("is missing; addresses in this country need it, as two-letter code or name".to_owned())
            }
            Field::PostalCode if countries::has_no_postal_codes(country) => {
                Err(format!("is missing; not every address in this country has one, and {NO_CODE}"))
            }
            field if field.required() => Err("is missing".to_owned()),
            _ => Ok(()),
        };
    };
    if let Some(bad) = text::fault(value) {
        return Err(bad.to_string());
    }
    // What the connection states was meant so.
    if rules.postal_codes.get(country).is_none_or(|stated| stated != value) {
        stand_in(field, value, country)?;
    }
    length(field, value, country)?;
    if let (true, Some(letter)) = (rules.latin_only && is_lettered(field), text::beyond_latin(value)) {
        return Err(format!(
            "has {}, which is no Latin letter, and the connection's policy.recipientScript is Latin; write it in Latin letters",
            text::code_point(letter)
        ));
    }
    match field {
        Field::Phone => phone(value),
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

fn stand_in(field: Field, value: &str, country: &str) -> Result<(), String> {
    match field {
        Field::PostalCode if stand_ins::is_no_postal_code(value, country) => {
            if countries::has_no_postal_codes(country) {
                return Err(format!(
                    "stands for no postal code; not every address in this country has one, and {NO_CODE}"
                ));
            }
            Err("stands for no postal code, and addresses in this country have one; correct it".to_owned())
        }
        Field::AddressLine1 | Field::City if stand_ins::is_nothing(value) => {
            Err("only says that there is none, and the label needs it; correct it".to_owned())
        }
        Field::AddressLine2 | Field::Region if stand_ins::is_nothing(value) => {
            Err("only says that there is none; leave it empty".to_owned())
        }
        _ => Ok(()),
    }
}

fn length(field: Field, value: &str, country: &str) -> Result<(), String> {
    // India's phone numbers come with extensions; Yubico's guide allows 255 characters there.
    let limit = if field == Field::Phone && country == "IN" { 255 } else { field.limit() };
    let length = value.chars().count();
    if field != Field::CountryCode && length > limit {
        return Err(format!("has {length} characters; the limit is {limit}"));
    }
    Ok(())
}

/// Written in letters, and part of the label.
const fn is_lettered(field: Field) -> bool {
    !matches!(field, Field::Email | Field::Phone | Field::CountryCode)
}

fn phone(value: &str) -> Result<(), String> {
    if let Some(other) = value.chars().find(|c| !c.is_ascii_digit() && !"+-() ".contains(*c)) {
        return Err(format!("may hold only digits, spaces and + - ( ), and has {}", text::code_point(other)));
    }
    if value.chars().any(|c| c.is_ascii_digit()) { Ok(()) } else { Err("has no digit".to_owned()) }
}

fn looks_like_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.contains('.') && !host.contains('@') && !value.contains(char::is_whitespace)
    })
}
