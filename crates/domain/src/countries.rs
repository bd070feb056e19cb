//! Countries and the subdivisions that `YubiEnterprise` demands as two letters, read from what people write.
//!
//! Codes, ISO's own names and ISO 3166-2 come from the crate `rust_iso3166`; what people write besides from
//! [`place_names`]. Only a name that means one thing is taken: what is not found is refused, never guessed.

use std::{collections::HashMap, sync::LazyLock};

use rust_iso3166::iso3166_2::{SUBDIVISION_COUNTRY_MAP, Subdivision};

use crate::{place_names, text};

/// Names that ISO gives to one country and people to two.
const AMBIGUOUS: [&str; 2] = ["congo", "korea"];

/// Is this an assigned two-letter country code, in capitals?
#[must_use]
pub fn is_alpha2(code: &str) -> bool {
    rust_iso3166::from_alpha2(code).is_some()
}

/// The two-letter code of a country that is written as one of its ISO 3166-1 codes (two or three letters, or the
/// number), or by an English name: ISO's, the UN's, CLDR's or a common one. Capitals, accents, articles, `&` or `and`,
/// and the order of ISO's qualifiers (`Korea, Republic of`) do not matter. `None` for anything that is not exactly one
/// of those.
#[must_use]
pub fn code_of_country(text: &str) -> Option<&'static str> {
    static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| names().collect());
    CODES.get(&key(text)).copied()
}

/// Is there nobody in this country whose address has a postal code, or are there many? (Google's libaddressinput.)
#[must_use]
pub fn has_no_postal_codes(code: &str) -> bool {
    place_names::published().any(|row| row.code == code && !row.postal_codes)
}

/// The two-letter code of a state, province or territory of the US or Canada, by its code, ISO 3166-2 code (`US-MA`)
/// or name; `None` elsewhere and for anything unknown.
#[must_use]
pub fn code_of_region(text: &str, country: &str) -> Option<&'static str> {
    let by_name = match country {
        "US" => {
            static US: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| regions("US"));
            &US
        }
        "CA" => {
            static CA: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| regions("CA"));
            &CA
        }
        _ => return None,
    };
    by_name.get(&key(text)).copied()
}

/// Every spelling of every country.
fn names() -> impl Iterator<Item = (String, &'static str)> {
    let of_iso = rust_iso3166::ALL.iter().flat_map(|country| {
        let codes = [country.alpha2.to_owned(), country.alpha3.to_owned(), format!("{:03}", country.numeric)];
        spellings(country.name).chain(codes).map(|name| (name, country.alpha2))
    });
    let published = place_names::published()
        .flat_map(|row| row.names.flat_map(spellings).map(move |name| (name, row.code)));
    let common = place_names::COMMON.iter().map(|(name, code)| ((*name).to_owned(), *code));
    of_iso
        .chain(published)
        .chain(common)
        .map(|(name, code)| (key(&name), code))
        .filter(|(name, _)| !AMBIGUOUS.contains(&name.as_str()))
}

/// `Korea (Republic of)` as it is, and as people turn it: `Republic of Korea`.
fn spellings(name: &str) -> impl Iterator<Item = String> {
    let qualified = name.strip_suffix(')').and_then(|name| name.split_once(" ("));
    let turned = qualified.map(|(name, qualifier)| format!("{qualifier} {name}"));
    [name.to_owned()].into_iter().chain(turned)
}

fn regions(country: &str) -> HashMap<String, &'static str> {
    let known: &[Subdivision] = SUBDIVISION_COUNTRY_MAP.get(country).copied().unwrap_or_default();
    let of_iso = known.iter().flat_map(|region| {
        [region.name, region.code, region.region_code].map(|spelling| (key(spelling), region.region_code))
    });
    let common = place_names::REGIONS.iter().filter(|(of, ..)| *of == country);
    let common = common.flat_map(|(_, name, code)| [name, code].map(|spelling| (key(spelling), *code)));
    of_iso.chain(common).collect()
}

/// One spelling for many: no capitals, accents, articles, dots, commas or brackets; single blanks.
fn key(text: &str) -> String {
    let text = text::plain(&text::tidy(text)).replace('&', " and ");
    let text: String = text.chars().filter(|c| !matches!(c, '.' | '\'' | '\u{2019}' | '\u{2bb}')).collect();
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '-' | '\u{2010}'..='\u{2014}'));
    let words = words.filter(|word| !word.is_empty() && *word != "the");
    words.map(|word| if word == "st" { "saint" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_name_means_one_country() {
        let mut seen = BTreeMap::new();
        for (name, code) in names() {
            assert!(is_alpha2(code), "{code}");
            assert!(!name.is_empty(), "{code}");
            assert_eq!(*seen.entry(name.clone()).or_insert(code), code, "{name}");
            assert_eq!(code_of_country(&name), Some(code), "{name}");
        }
        assert_eq!(seen.values().collect::<std::collections::BTreeSet<_>>().len(), 249);
    }

    #[test]
    fn countries_are_found_as_hr_systems_write_them() {
        let cases = [
            ("United States of America", "US"),
            ("The United States of America", "US"),
            ("U.S.A.", "US"),
            ("usa", "US"),
            ("840", "US"),
            ("UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND", "GB"),
            ("UK", "GB"),
            ("England", "GB"),
            ("Korea, Republic of", "KR"),
            ("Korea (Republic of)", "KR"),
            ("Republic of Korea", "KR"),
            ("Korea, Democratic People's Republic of", "KP"),
            ("Viet Nam", "VN"),
            ("Vietnam", "VN"),
            ("Socialist Republic of Viet Nam", "VN"),
            ("Russian Federation", "RU"),
            ("Czech Republic", "CZ"),
            ("Turkiye", "TR"),
            ("Turkey", "TR"),
            ("Cote d'Ivoire", "CI"),
            ("Côte d\u{2019}Ivoire", "CI"),
            ("Co\u{302}te d'Ivoire", "CI"),
            ("Taiwan, Province of China", "TW"),
            ("Iran, Islamic Republic of", "IR"),
            ("Bolivia, Plurinational State of", "BO"),
            ("Tanzania, United Republic of", "TZ"),
            ("Venezuela (Bolivarian Republic of)", "VE"),
            ("Moldova, Republic of", "MD"),
            ("Micronesia, Federated States of", "FM"),
            ("Palestine, State of", "PS"),
            ("Lao People's Democratic Republic", "LA"),
            ("Federal Republic of Germany", "DE"),
            ("Kingdom of Spain", "ES"),
            ("Kingdom of the Netherlands", "NL"),
            ("The Netherlands", "NL"),
            ("Netherlands (the)", "NL"),
            ("Holland", "NL"),
            ("Hong Kong", "HK"),
            ("Hong Kong S.A.R.", "HK"),
            ("Macau", "MO"),
            ("People's Republic of China", "CN"),
            ("Slovak Republic", "SK"),
            ("Kyrgyz Republic", "KG"),
            ("Syrian Arab Republic", "SY"),
            ("Brunei Darussalam", "BN"),
            ("Bosnia and Herzegovina", "BA"),
            ("Trinidad & Tobago", "TT"),
            ("St. Lucia", "LC"),
            ("Saint Lucia", "LC"),
            ("Holy See", "VA"),
            ("Burma", "MM"),
            ("Swaziland", "SZ"),
            ("Cabo Verde", "CV"),
            ("Virgin Islands, British", "VG"),
            ("Virgin Islands (U.S.)", "VI"),
            ("Republic of Ireland", "IE"),
            ("UAE", "AE"),
            ("Former Yugoslav Republic of Macedonia", "MK"),
            ("Congo, Democratic Republic of the", "CD"),
            ("Réunion", "RE"),
            ("\u{a0}germany\u{200b}", "DE"),
        ];
        for (name, code) in cases {
            assert_eq!(code_of_country(name), Some(code), "{name}");
        }
    }

    /// Forms of HR systems, forms and exports that no list of examples named.
    #[test]
    fn further_names_of_countries_are_found() {
        let cases = [
            ("U. S. A.", "US"),
            ("U. K.", "GB"),
            ("u.k", "GB"),
            ("GBR", "GB"),
            ("276", "DE"),
            ("Democratic Republic of the Congo", "CD"),
            ("Republic of the Congo", "CG"),
            ("Congo - Kinshasa", "CD"),
            ("Congo-Brazzaville", "CG"),
            ("Ivory Coast", "CI"),
            ("Timor-Leste", "TL"),
            ("Cape Verde", "CV"),
            ("Palestine", "PS"),
            ("South Korea", "KR"),
            ("Taiwan", "TW"),
            ("Hong Kong SAR China", "HK"),
            ("St. Kitts & Nevis", "KN"),
            ("St Vincent and the Grenadines", "VC"),
            ("Russia", "RU"),
            ("Syria", "SY"),
            ("Laos", "LA"),
            ("Czechia", "CZ"),
            ("North Macedonia", "MK"),
            ("Eswatini", "SZ"),
            ("M\u{e9}xico", "MX"),
            ("Sao Tome & Principe", "ST"),
            ("Curacao", "CW"),
            ("\u{c5}land Islands", "AX"),
            ("Antigua \u{26} Barbuda", "AG"),
            ("Papua New Guinea", "PG"),
            ("Bahamas, The", "BS"),
            ("Gambia (The)", "GM"),
            ("ＧＥＲＭＡＮＹ", "DE"),
        ];
        for (name, code) in cases {
            assert_eq!(code_of_country(name), Some(code), "{name}");
        }
    }

    #[test]
    fn further_names_of_regions_are_found_and_others_are_not_guessed() {
        for (name, country, code) in [
            ("B.C.", "CA", Some("BC")),
            ("D.C.", "US", Some("DC")),
            ("N. Y.", "US", None),
            ("Yukon Territory", "CA", Some("YT")),
            ("Yukon", "CA", Some("YT")),
            ("Washington State", "US", Some("WA")),
            ("Washington", "US", Some("WA")),
            ("Puerto Rico", "US", Some("PR")),
            ("Hawai\u{2bb}i", "US", Some("HI")),
            ("north-carolina", "US", Some("NC")),
            ("Prince Edward Island", "CA", Some("PE")),
            ("Mass.", "US", None),
            ("PQ", "CA", None),
            ("Georgia", "CA", None),
        ] {
            assert_eq!(code_of_region(name, country), code, "{name}");
        }
    }

    #[test]
    fn what_is_not_a_country_is_not_guessed() {
        for text in
            ["", "Deutschlnd", "U", "United", "Korea", "Congo", "Europe", "usa!", "XK", "the", "XX", "1"]
        {
            assert_eq!(code_of_country(text), None, "{text}");
        }
        assert_eq!(code_of_country("  united   STATES "), Some("US"));
    }

    #[test]
    fn every_subdivision_is_found_by_code_iso_code_and_name() {
        for (country, count) in [("US", 57), ("CA", 13)] {
            let known = SUBDIVISION_COUNTRY_MAP[country];
            assert_eq!(known.len(), count, "{country}");
            for region in known {
                for spelling in [region.name, region.code, region.region_code] {
                    assert_eq!(code_of_region(spelling, country), Some(region.region_code), "{spelling}");
                    assert_eq!(code_of_region(&spelling.to_lowercase(), country), Some(region.region_code));
                }
            }
        }
        for (spelling, country, code) in [
            ("US-MA", "US", Some("MA")),
            ("us-ny", "US", Some("NY")),
            ("CA-ON", "CA", Some("ON")),
            ("CA-QC", "CA", Some("QC")),
            ("Que\u{301}bec", "CA", Some("QC")),
            ("Newfoundland & Labrador", "CA", Some("NL")),
            ("Washington, D.C.", "US", Some("DC")),
            ("Armed Forces Europe", "US", Some("AE")),
            ("ae", "US", Some("AE")),
            ("US-MA", "CA", None),
            ("CA-ON", "US", None),
            ("MA", "CA", None),
            ("US-ZZ", "US", None),
            ("Bayern", "DE", None),
        ] {
            assert_eq!(code_of_region(spelling, country), code, "{spelling}");
        }
    }

    #[test]
    fn two_letters_in_capitals_are_a_code() {
        assert!(is_alpha2("DE") && !is_alpha2("UK") && !is_alpha2("us") && !is_alpha2(""));
    }

    #[test]
    fn who_has_no_postal_codes_is_known() {
        for code in ["HK", "AE", "QA", "PA", "UG", "IE", "BO", "MO"] {
            assert!(has_no_postal_codes(code), "{code}");
        }
        for code in ["US", "DE", "SG", "IL", "ZZ", ""] {
            assert!(!has_no_postal_codes(code), "{code}");
        }
    }
}
