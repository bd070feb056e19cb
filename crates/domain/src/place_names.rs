//! What people call countries and the subdivisions of the US and Canada beside ISO's names, from published sets, and
//! the few forms that none of them has.

/// A country of the published sets.
#[derive(Debug)]
pub(crate) struct Published {
    /// ISO 3166-1 alpha-2, in capitals.
    pub code: &'static str,
    /// Addresses there have postal codes.
    pub postal_codes: bool,
    /// English names of Unicode CLDR and of github.com/datasets/country-codes.
    pub names: std::str::Split<'static, char>,
}

/// The published names; see `hack/place-names.py` for where they come from.
pub(crate) fn published() -> impl Iterator<Item = Published> {
    let lines = include_str!("place_names/published.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut fields = line.split('\t');
        let (code, postal_codes) = (fields.next()?, fields.next()? == "yes");
        Some(Published { code, postal_codes, names: fields })
    })
}

/// Common names of countries that stand in none of the published sets, and their codes.
pub(crate) const COMMON: [(&str, &str); 27] = [
    ("Bosnia", "BA"),
    ("Britain", "GB"),
    ("Brunei", "BN"),
    ("Burma", "MM"),
    ("DR Congo", "CD"),
    ("DRC", "CD"),
    ("Eire", "IE"),
    ("England", "GB"),
    ("Former Yugoslav Republic of Macedonia", "MK"),
    ("Great Britain", "GB"),
    ("Holland", "NL"),
    ("Hong Kong SAR", "HK"),
    ("Korea North", "KP"),
    ("Korea South", "KR"),
    ("Macao SAR", "MO"),
    ("Macau", "MO"),
    ("Macedonia", "MK"),
    ("Northern Ireland", "GB"),
    ("PRC", "CN"),
    ("Republic of Ireland", "IE"),
    ("Scotland", "GB"),
    ("UAE", "AE"),
    ("U K", "GB"),
    ("U S", "US"),
    ("U S A", "US"),
    ("Vatican", "VA"),
    ("Wales", "GB"),
];

/// Country, name and code of subdivisions as its post has them beside ISO 3166-2: the military "states" of the US
/// (USPS Publication 28), and common names.
pub(crate) const REGIONS: [(&str, &str, &str); 10] = [
    ("US", "Armed Forces Americas", "AA"),
    ("US", "Armed Forces Europe", "AE"),
    ("US", "Armed Forces Pacific", "AP"),
    ("US", "Washington DC", "DC"),
    ("US", "Virgin Islands", "VI"),
    ("US", "US Virgin Islands", "VI"),
    ("US", "US Outlying Islands", "UM"),
    ("US", "Washington State", "WA"),
    ("CA", "Newfoundland", "NL"),
    ("CA", "Yukon Territory", "YT"),
];
