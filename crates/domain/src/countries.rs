//! ISO 3166-1 alpha-2 codes and the subdivisions that `YubiEnterprise` demands as two letters.

use std::{collections::HashMap, sync::LazyLock};

use super::place_names;

/// The 249 officially assigned codes, sorted.
pub const ALPHA2: [&str; 249] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA",
    "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV",
    "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU",
    "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES",
    "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM",
    "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR", "HT", "HU", "ID", "IE",
    "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM",
    "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY",
    "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT",
    "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU",
    "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA",
    "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM",
    "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL",
    "TM", "TN", "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE",
    "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// USPS codes of states, the district and territories.
pub const US_STATES: [&str; 57] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND",
    "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC",
    "AS", "GU", "MP", "PR", "VI", "UM",
];

/// Canada Post codes of provinces and territories.
pub const CA_PROVINCES: [&str; 13] =
    ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];

/// Is this an assigned two-letter country code, in capitals?
#[must_use]
pub fn is_alpha2(code: &str) -> bool {
    ALPHA2.binary_search(&code).is_ok()
}

/// The two-letter code of a country that is written as its code, its three-letter code or its English name; capitals,
/// accents of apostrophes and outer blanks do not matter. `None` for anything that is not exactly one of those.
#[must_use]
pub fn code_of_country(text: &str) -> Option<&'static str> {
    static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let countries = place_names::COUNTRIES.iter();
        let words = countries.flat_map(|(two, three, names)| {
            [two, three].into_iter().chain(*names).map(|word| (plain(word), *two))
        });
        words.collect()
    });
    CODES.get(&plain(text)).copied()
}

/// The two-letter code of a state, province or territory of the US or Canada, by its code or name; `None` elsewhere
/// and for anything unknown.
#[must_use]
pub fn code_of_region(text: &str, country: &str) -> Option<&'static str> {
    let text = plain(text);
    let (codes, names): (&[&str], &[(&str, &str)]) = match country {
        "US" => (&US_STATES, &place_names::US_STATES),
        "CA" => (&CA_PROVINCES, &place_names::CA_PROVINCES),
        _ => return None,
    };
    let by_code = codes.iter().chain(military(country)).find(|code| plain(code) == text).copied();
    by_code.or_else(|| names.iter().find(|(name, _)| plain(name) == text).map(|(_, code)| *code))
}

/// US military "states"; the country is US there.
const MILITARY: [&str; 3] = ["AA", "AE", "AP"];

fn military(country: &str) -> &'static [&'static str] {
    if country == "US" { &MILITARY } else { &[] }
}

/// One spelling for many: lower case, one kind of apostrophe, single blanks.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_country() {
        let mut seen = std::collections::BTreeMap::new();
        for (two, three, names) in place_names::COUNTRIES {
            assert!(is_alpha2(two), "{two}");
            for name in names.iter().chain([&two, &three]) {
                assert_eq!(seen.insert(plain(name), two), None, "{name}");
                assert_eq!(code_of_country(name), Some(two), "{name}");
            }
        }
    }

    #[test]
    fn every_subdivision_has_a_name() {
        for (country, codes, names) in [
            ("US", US_STATES.as_slice(), place_names::US_STATES.as_slice()),
            ("CA", CA_PROVINCES.as_slice(), place_names::CA_PROVINCES.as_slice()),
        ] {
            for code in codes {
                assert!(names.iter().any(|(_, known)| known == code), "{code}");
            }
            for (name, code) in names {
                assert!(codes.contains(code), "{name}");
                assert_eq!(code_of_region(name, country), Some(*code));
            }
        }
        assert_eq!(code_of_region("ma", "US"), Some("MA"));
        assert_eq!(code_of_region("MA", "CA"), None);
        assert_eq!(code_of_region("ae", "US"), Some("AE"), "military addresses");
        assert_eq!(code_of_region("Bayern", "DE"), None);
    }

    #[test]
    fn what_is_not_a_country_is_not_guessed() {
        for text in ["", "Deutschlnd", "U", "United", "Korea", "Congo", "Europe", "usa!"] {
            assert_eq!(code_of_country(text), None, "{text}");
        }
        assert_eq!(code_of_country("  united   STATES "), Some("US"));
        assert_eq!(code_of_country("Côte d\u{2019}Ivoire"), Some("CI"));
    }

    #[test]
    fn the_table_is_sorted_so_that_every_code_is_found() {
        assert!(ALPHA2.iter().all(|code| is_alpha2(code)));
        assert!(!is_alpha2("UK") && !is_alpha2("us") && !is_alpha2(""));
    }
}
