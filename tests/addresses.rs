//! Forty people of seventeen countries, as their profiles are written, and what becomes of each: the label as it is
//! ordered, or the exact words of every fault. Nothing is ever cut.

use std::collections::BTreeMap;

use domain::recipient::{Field, Raw, Recipient};

/// First name, last name, company, telephone, street, second line, city, region, postal code, country.
type Profile = [&'static str; 10];

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

/// Street, second line, city, region, postal code, country, of what is taken; or the faults.
type Outcome = Result<&'static str, &'static [&'static str]>;

const PEOPLE: [(Profile, Outcome); 40] = [
    (
        [
            "Ann",
            "Lee",
            "Example Inc",
            "+1 617-555-0100",
            "77 Summer Street",
            "Apt 4B",
            "Boston",
            "MA",
            "02110",
            "US",
        ],
        Ok("77 Summer Street | Apt 4B | Boston | MA | 02110 | US"),
    ),
    (
        [
            "Bob",
            "Ray",
            "Example Inc",
            "(415) 555-0101",
            "500 Howard Street, Suite 300",
            "",
            "San Francisco",
            "California",
            "94105",
            "United States",
        ],
        Ok("500 Howard Street, Suite 300 | San Francisco | CA | 94105 | US"),
    ),
    (
        [
            "Cleo",
            "Park",
            "Example Inc",
            "2025550102",
            "1600 K Street NW",
            "",
            "Washington",
            "District of Columbia",
            "20006-2800",
            "USA",
        ],
        Ok("1600 K Street NW | Washington | DC | 20006-2800 | US"),
    ),
    (
        [
            "Dan",
            "Ortiz",
            "Example Inc",
            "787-555-0103",
            "250 Calle San Francisco",
            "",
            "San Juan",
            "PR",
            "00901",
            "US",
        ],
        Ok("250 Calle San Francisco | San Juan | PR | 00901 | US"),
    ),
    (
        [
            "Eve",
            "Stone",
            "Example Inc",
            "+1 808 555 0104",
            "  2500 Kalakaua Ave  ",
            "",
            "Honolulu",
            "hi",
            "96815",
            "us",
        ],
        Ok("2500 Kalakaua Ave | Honolulu | HI | 96815 | US"),
    ),
    (
        ["Finn", "Gray", "Example Inc", "+1 555-0105", "PSC 1234 Box 5678", "", "APO", "AE", "09123", "US"],
        Ok("PSC 1234 Box 5678 | APO | AE | 09123 | US"),
    ),
    (
        ["Gus", "Hill", "Example Inc", "+1 555-0106", "12 Elm Street", "", "Springfield", "", "62704", "US"],
        Err(&[
            "State (profile.region) is missing; addresses in this country need it, as two-letter code or name",
        ]),
    ),
    (
        [
            "Hal",
            "Ives",
            "Example Inc",
            "+1 555-0107",
            "12 Elm Street",
            "",
            "Springfield",
            "Illinoi",
            "62704",
            "US",
        ],
        Err(&[
            "State (profile.region) is no state, province or territory of the address's country, neither by code nor by name",
        ]),
    ),
    (
        [
            "Ida",
            "Jones",
            "Example Inc",
            "+1 555-0108 x22",
            "12 Elm Street",
            "",
            "Albany",
            "NY",
            "12207",
            "US",
        ],
        Err(&[
            "Primary phone number (profile.phone) may hold only digits, spaces and + - ( ), and has U+0078",
        ]),
    ),
    (
        [
            "Maximilian-Alexander",
            "Kent",
            "Example Inc",
            "+1 555-0109",
            "12 Elm Street",
            "",
            "Albany",
            "NY",
            "12207",
            "US",
        ],
        Err(&["First name (profile.firstName) has 20 characters; the limit is 15"]),
    ),
    (
        [
            "Jo",
            "Tremblay",
            "Exemple Inc",
            "+1 514 555 0110",
            "1200 rue Sherbrooke Ouest",
            "",
            "Montréal",
            "Québec",
            "H3A 1H6",
            "Canada",
        ],
        Ok("1200 rue Sherbrooke Ouest | Montréal | QC | H3A 1H6 | CA"),
    ),
    (
        [
            "Kai",
            "Singh",
            "Example Inc",
            "604-555-0111",
            "800 Robson St",
            "Unit 12",
            "Vancouver",
            "BC",
            "V6Z 3B7",
            "CAN",
        ],
        Ok("800 Robson St | Unit 12 | Vancouver | BC | V6Z 3B7 | CA"),
    ),
    (
        [
            "Lou",
            "Power",
            "Example Inc",
            "709-555-0112",
            "10 Water Street",
            "",
            "St. John's",
            "Newfoundland and Labrador",
            "A1C 1A1",
            "CA",
        ],
        Ok("10 Water Street | St. John's | NL | A1C 1A1 | CA"),
    ),
    (
        ["Max", "Roy", "Example Inc", "418-555-0113", "5 rue du Fort", "", "Québec", "MA", "G1R 4S9", "CA"],
        Err(&[
            "State (profile.region) is no state, province or territory of the address's country, neither by code nor by name",
        ]),
    ),
    (
        [
            "Nina",
            "Weber",
            "Beispiel GmbH",
            "+49 30 5550114",
            "Unter den Linden 77",
            "",
            "Berlin",
            "",
            "10117",
            "Germany",
        ],
        Ok("Unter den Linden 77 | Berlin | 10117 | DE"),
    ),
    (
        [
            "Ole",
            "Groß",
            "Beispiel GmbH",
            "+49 89 5550115",
            "Straße der Einheit 5",
            "3. OG",
            "München",
            "Bayern",
            "80331",
            "DEU",
        ],
        Ok("Straße der Einheit 5 | 3. OG | München | Bayern | 80331 | DE"),
    ),
    (
        [
            "Pia",
            "Leutheusser-Schnarrenberger",
            "Beispiel GmbH",
            "+49 30 5550116",
            "Ufer 1",
            "",
            "Berlin",
            "",
            "10117",
            "DE",
        ],
        Err(&["Last name (profile.lastName) has 27 characters; the limit is 20"]),
    ),
    (
        [
            "Quin",
            "Koch",
            "Beispielhafte Versicherungsgesellschaft",
            "+49 30 5550117",
            "Ufer 1",
            "",
            "Berlin",
            "",
            "10117",
            "DE",
        ],
        Err(&["Organization (profile.company) has 39 characters; the limit is 20"]),
    ),
    (
        [
            "Rémi",
            "Lefèvre",
            "Exemple SA",
            "+33 1 55 50 01 18",
            "12 bis, rue de l'Église",
            "Bâtiment C",
            "Saint-Étienne",
            "",
            "42000",
            "France",
        ],
        Ok("12 bis, rue de l'Église | Bâtiment C | Saint-Étienne | 42000 | FR"),
    ),
    (
        [
            "Sam",
            "Taylor",
            "Example Ltd",
            "+44 20 5550 0119",
            "221B Baker Street",
            "",
            "London",
            "",
            "NW1 6XE",
            "United Kingdom",
        ],
        Ok("221B Baker Street | London | NW1 6XE | GB"),
    ),
    (
        [
            "Tia",
            "Evans",
            "Example Ltd",
            "+44 29 5550 0120",
            "1 Heol y Castell",
            "",
            "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
            "Wales",
            "LL61 5UJ",
            "UK",
        ],
        Ok(
            "1 Heol y Castell | Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch | Wales | LL61 5UJ | GB",
        ),
    ),
    (
        [
            "Una",
            "Evans",
            "Example Ltd",
            "+44 29 5550 0121",
            "1 Castle Road",
            "",
            "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-on-Sea",
            "",
            "LL61 5UJ",
            "GB",
        ],
        Err(&["City (profile.city) has 65 characters; the limit is 60"]),
    ),
    (
        [
            "Vic",
            "de Vries",
            "Voorbeeld BV",
            "+31 20 555 0122",
            "Prinsengracht 263-267",
            "",
            "Amsterdam",
            "Noord-Holland",
            "1016 GV",
            "The Netherlands",
        ],
        Ok("Prinsengracht 263-267 | Amsterdam | Noord-Holland | 1016 GV | NL"),
    ),
    (
        [
            "Åsa",
            "Öberg",
            "Exempel AB",
            "+46 8 555 01 23",
            "Drottninggatan 5",
            "",
            "Malmö",
            "",
            "211 41",
            "Sweden",
        ],
        Ok("Drottninggatan 5 | Malmö | 211 41 | SE"),
    ),
    (
        [
            "Wim",
            "Claes",
            "Voorbeeld NV",
            "+32 2 555 01 24",
            "Rue de la Loi 16",
            "",
            "Bruxelles",
            "",
            "1000",
            "BE",
        ],
        Ok("Rue de la Loi 16 | Bruxelles | 1000 | BE"),
    ),
    (
        [
            "Xenia",
            "Meier",
            "Beispiel AG",
            "+41 44 555 01 25",
            "Bahnhofstrasse 45",
            "",
            "Zürich",
            "ZH",
            "8001",
            "Switzerland",
        ],
        Ok("Bahnhofstrasse 45 | Zürich | ZH | 8001 | CH"),
    ),
    (
        [
            "Yuki",
            "Tanaka",
            "Example KK",
            "+81 3-5550-0126",
            "1-1 Marunouchi",
            "Chiyoda-ku",
            "Tokyo",
            "Tokyo",
            "100-0005",
            "Japan",
        ],
        Ok("1-1 Marunouchi | Chiyoda-ku | Tokyo | Tokyo | 100-0005 | JP"),
    ),
    (
        [
            "太郎",
            "山田",
            "例株式会社",
            "+81 3-5550-0127",
            "丸の内1-1",
            "",
            "千代田区",
            "東京都",
            "100-0005",
            "JP",
        ],
        Ok("丸の内1-1 | 千代田区 | 東京都 | 100-0005 | JP"),
    ),
    (
        [
            "Zoe",
            "Ryan",
            "Example Pty",
            "+61 2 5550 0128",
            "1 Martin Place",
            "Level 9",
            "Sydney",
            "NSW",
            "2000",
            "Australia",
        ],
        Ok("1 Martin Place | Level 9 | Sydney | NSW | 2000 | AU"),
    ),
    (
        [
            "Asha",
            "Rao",
            "Example Pvt",
            "+91 80 5550 0129",
            "12 MG Road",
            "Indiranagar",
            "Bengaluru",
            "Karnataka",
            "560001",
            "India",
        ],
        Ok("12 MG Road | Indiranagar | Bengaluru | Karnataka | 560001 | IN"),
    ),
    (
        [
            "Bela",
            "Iyer",
            "Example Pvt",
            "+91 (80) 5550-0130 - 5550-0131 - 5550-0132 - 5550-0133",
            "4 Park Street",
            "",
            "Kolkata",
            "",
            "700016",
            "IN",
        ],
        Ok("4 Park Street | Kolkata | 700016 | IN"),
    ),
    (
        ["Cara", "Nolan", "Example Ltd", "", "5 Grafton Street", "", "Dublin", "", "D02 VF25", "Ireland"],
        Err(&["Primary phone number (profile.phone) is missing"]),
    ),
    (
        [
            "Dara",
            "Nolan",
            "Example Ltd",
            "+353 1 555 0134",
            "5 Grafton Street",
            "",
            "Dublin",
            "",
            "D02 VF25",
            "Ireland",
        ],
        Ok("5 Grafton Street | Dublin | D02 VF25 | IE"),
    ),
    (
        [
            "Ezra",
            "Cohen",
            "Example Ltd",
            "+972 3-555-0135",
            "Rothschild Blvd 22",
            "",
            "Tel Aviv",
            "",
            "6688218",
            "Israel",
        ],
        Ok("Rothschild Blvd 22 | Tel Aviv | 6688218 | IL"),
    ),
    (
        [
            "Fran",
            "Silva",
            "Exemplo SA",
            "+55 11 5550-0136",
            "Avenida Paulista 1578",
            "conj. 1201",
            "São Paulo",
            "SP",
            "01310-200",
            "Brazil",
        ],
        Ok("Avenida Paulista 1578 | conj. 1201 | São Paulo | SP | 01310-200 | BR"),
    ),
    (
        [
            "Gia",
            "Tan",
            "Example Pte",
            "+65 5550 0137",
            "1 Raffles Place",
            "#20-61",
            "Singapore",
            "",
            "048616",
            "Singapore",
        ],
        Ok("1 Raffles Place | #20-61 | Singapore | 048616 | SG"),
    ),
    (
        [
            "Hugo",
            "García",
            "Ejemplo SL",
            "+34 91 555 01 38",
            "Calle de Alcalá, 42, 3.º izq.",
            "",
            "Madrid",
            "",
            "28014",
            "España",
        ],
        Err(&[
            "Country Code (profile.countryCode) is neither an ISO 3166-1 code nor the English name of a country",
        ]),
    ),
    (
        [
            "Iris",
            "Rossi",
            "Esempio Srl",
            "+39 02 555 0139",
            "Via Dante 3\nScala B",
            "",
            "Milano",
            "MI",
            "20121",
            "Italy",
        ],
        Err(&[
            "Street address (profile.addressLine1) has a line break or control character; keep it on one line",
        ]),
    ),
    (
        ["Juno", "Kim", "Example Inc", "+82 2 555 0140", "1 Sejong-daero", "", "Seoul", "", "04524", "Korea"],
        Err(&[
            "Country Code (profile.countryCode) is neither an ISO 3166-1 code nor the English name of a country",
        ]),
    ),
    (
        ["", "", "", "phone", "", "", "", "", "", ""],
        Err(&[
            "First name (profile.firstName) is missing",
            "Last name (profile.lastName) is missing",
            "Organization (profile.company) is missing",
            "Primary phone number (profile.phone) may hold only digits, spaces and + - ( )",
            "Street address (profile.addressLine1) is missing",
            "City (profile.city) is missing",
            "Zip Code (profile.postalCode) is missing",
            "Country Code (profile.countryCode) is missing",
        ]),
    ),
];

fn raw(profile: &Profile) -> BTreeMap<Field, Raw> {
    let values = FIELDS.into_iter().zip(profile).chain([(Field::Email, &"someone@example.com")]);
    let one = |(field, value): (Field, &&str)| {
        let source = format!("profile.{}", field.name());
        (field, Raw { value: Some((*value).to_owned()), source })
    };
    values.map(one).collect()
}

fn label(recipient: &Recipient) -> String {
    let lines = FIELDS.iter().skip(4).filter_map(|field| recipient.get(*field));
    lines.collect::<Vec<_>>().join(" | ")
}

#[test]
fn each_profile_becomes_its_label_or_its_faults() {
    for (profile, expected) in PEOPLE {
        let found = Recipient::parse(&raw(&profile));
        let found = found
            .map(|taken| label(&taken))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>());
        let expected = expected
            .map(str::to_owned)
            .map_err(|all| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected, "{profile:?}");
    }
}

#[test]
fn nothing_is_cut() {
    for (profile, _) in PEOPLE {
        let Ok(taken) = Recipient::parse(&raw(&profile)) else { continue };
        for (field, value) in FIELDS.into_iter().zip(profile) {
            let (is, was) = (taken.get(field).unwrap_or_default(), value.trim());
            let is_code = matches!(field, Field::Region | Field::CountryCode);
            assert!(is == was || is_code, "{field:?}: {was} became {is}");
        }
    }
}

#[test]
fn they_live_in_many_countries() {
    let countries: std::collections::BTreeSet<_> = PEOPLE
        .iter()
        .filter_map(|(profile, _)| Recipient::parse(&raw(profile)).ok())
        .filter_map(|taken| taken.get(Field::CountryCode).map(str::to_owned))
        .collect();
    assert!(countries.len() >= 12, "{countries:?}");
}
