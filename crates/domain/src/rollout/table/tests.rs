//! Tables as people export them: taken whole, or refused with the place of what is wrong.

use proptest::prelude::*;

use super::*;
use crate::directory;

fn fields(row: &Row) -> Vec<(&str, &str)> {
    row.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn says(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn a_table_of_a_spreadsheet_is_read() {
    let text = "\u{feff}login,model, city \r\nann@x.example,nfc,\"Bonn, \"\"old\"\" town\"\r\n\r\nlou@x.example,,\r\n";
    let rows = read(text).unwrap();
    assert_eq!(
        fields(&rows[0]),
        [("city", "Bonn, \"old\" town"), ("login", "ann@x.example"), ("model", "nfc")]
    );
    assert_eq!((rows[1].line, fields(&rows[1])), (4, vec![("login", "lou@x.example")]));
}

#[test]
fn every_end_of_line_ends_a_line() {
    for end in ["\n", "\r\n", "\r", "\r\r\n", "\n\r"] {
        let text = ["login,model", "ann@x.example,nfc", "lou@x.example,"].join(end);
        let rows = read(&text).unwrap();
        assert_eq!(rows.len(), 2, "{end:?}");
        assert_eq!(fields(&rows[0]), [("login", "ann@x.example"), ("model", "nfc")], "{end:?}");
    }
}

#[test]
fn every_separator_is_taken_where_the_header_or_a_line_before_it_shows_it() {
    for separator in [',', ';', '\t', '|'] {
        let text = format!(
            "login{separator}city{separator}model\nann@x.example{separator}\"a{separator}b\"{separator}nfc\n"
        );
        for text in
            [text.clone(), format!("sep={separator}\n{text}"), format!("\"sep={separator}\"\r\n{text}")]
        {
            let rows = read(&text).unwrap();
            let desired = [
                ("city", format!("a{separator}b")),
                ("login", "ann@x.example".into()),
                ("model", "nfc".into()),
            ];
            assert_eq!(rows[0].fields, BTreeMap::from(desired), "{text:?}");
        }
    }
    assert!(says("sep=:\nlogin:city\n").contains("commas, semicolons, tabs"));
    assert_eq!(read("login\nann@x.example\n").unwrap().len(), 1, "one column has no separator");
}

#[test]
fn columns_are_known_in_any_capitals_and_as_okta_calls_them() {
    let text = "Username,E-mail,first_name,LASTNAME,Second Email,Zip code\nann@x.example,a@x.example,Ann,Lee,h@x.example,1\n";
    let row = &read(text).unwrap()[0];
    let names: Vec<_> = row.fields.keys().copied().collect();
    assert_eq!(names, ["email", "firstName", "lastName", "login", "secondEmail", "zipCode"]);
    for (name, _) in directory::ATTRIBUTES_OF_NEW_PEOPLE {
        assert!(read(&format!("id,{name}\n00u1,x\n")).is_ok(), "{name}");
    }
    assert_eq!(read("login,Username\na,b"), Err(Unreadable::DoubleColumn("login".into())));
}

#[test]
fn a_column_that_nobody_reads_is_refused_by_its_name_and_with_the_one_it_may_mean() {
    let text = "login,department,firstName,userType\nann@x.example,finance-admins,Ann,Employee\n";
    let refused = says(text);
    assert!(refused.contains("department, userType") && !refused.contains("finance"), "{refused}");
    for (name, near) in [
        ("key", "model"),
        ("Modell", "model"),
        ("modle", "model"),
        ("keyModel", "model"),
        ("postalCode", "zipCode"),
        ("postcode", "zipCode"),
        ("zip", "zipCode"),
        ("country", "countryCode"),
        ("phone", "primaryPhone"),
        ("fristName", "firstName"),
        ("company", "organization"),
        ("organisation", "organization"),
    ] {
        let refused = says(&format!("id,{name}\n00u1,x\n"));
        let desired = format!("{name} (is {near} meant?)");
        assert!(refused.contains(&desired), "{name}: {refused}");
        assert!(refused.contains(name), "{refused}");
    }
    assert!(says("logn,model\na,b\n").contains("is login meant"));
    assert!(!says("id,managerId\n00u1,x\n").contains("meant"));
}

#[test]
fn a_value_in_a_column_without_a_name_is_not_passed_over() {
    assert_eq!(read("id,,model\n00u1,,nfc\n").unwrap()[0].fields.len(), 2, "an empty column is none");
    assert_eq!(
        read("login,\nann@x.example,\nlou@x.example,nfc\n"),
        Err(Unreadable::NamelessColumn { column: 2, line: 3 })
    );
}

#[test]
fn what_parts_or_quotes_the_names_and_is_nothing_of_a_table_is_named_by_its_code_point() {
    for (header, code) in [
        ("login:model", "U+003A"),
        ("login model", "U+0020"),
        ("login\u{ff0c}model", "U+FF0C"),
        ("login\u{3001}model", "U+3001"),
        ("login/model", "U+002F"),
        ("login\u{a6}model", "U+00A6"),
        ("login\u{2028}ann@x.example", "U+2028"),
        ("login\u{85}ann@x.example", "U+0085"),
        ("login\u{b}ann@x.example", "U+000B"),
        ("\u{201c}login\u{201d},\u{201c}model\u{201d}", "U+201C"),
        ("\u{201e}login\u{201c};\u{201e}model\u{201c}", "U+201E"),
        ("'login','model'", "U+0027"),
        ("\u{ab}login\u{bb}", "U+00AB"),
    ] {
        let refused = says(&format!("{header}\nann@x.example,nfc\n"));
        assert!(refused.contains(code) && !refused.contains("ann"), "{header}: {refused}");
    }
    for person in ["ann@x.example,nfc", "Ann Lee <ann@x.example>", "{\"login\": \"ann@x.example\"}"] {
        assert_eq!(read(&format!("{person}\n")), Err(Unreadable::NoPerson(String::new())), "{person}");
    }
}

#[test]
fn an_invisible_character_in_the_name_of_a_column_is_shown() {
    for (name, shown) in [
        ("lo\u{200b}gin", "lo<U+200B>gin (is login meant?)"),
        ("mod\u{ad}el", "mod<U+00AD>el (is model meant?)"),
        ("mo\u{202e}del", "mo<U+202E>del (is model meant?)"),
        ("cit\u{fffd}y", "cit<U+FFFD>y (is city meant?)"),
    ] {
        let refused = says(&format!("id,{name}\n00u1,x\n"));
        assert!(refused.contains(shown), "{refused}");
    }
    assert!(
        read("\u{a0}login\u{a0},\u{feff}model\nann@x.example,nfc\n").is_ok(),
        "around a name it is left out"
    );
}

#[test]
fn a_line_that_repeats_the_header_is_nobody() {
    let text = "Login;Model\nann@x.example;nfc\nlogin;model\n\u{feff}Username;model\nlou@x.example;\n";
    let rows = read(text).unwrap();
    let faults: Vec<_> = rows.iter().map(|row| row.fault.is_some()).collect();
    assert_eq!(faults, [false, true, true, false]);
    assert!(rows[1].fault.as_deref().unwrap().starts_with("repeats the names of the first line"));
    let city = &read("login,city\nann@x.example,City\n").unwrap()[0];
    assert_eq!(city.fault, None, "a name beside a person is a value");
}

#[test]
fn a_formula_is_no_value() {
    for cell in ["=\"02108\"", "\"=\"\"02108\"\"\"", "=HYPERLINK(A1)", " =A1", "=1"] {
        let row = &read(&format!("login;zipCode\nann@x.example;{cell}\n")).unwrap()[0];
        let fault = row.fault.clone().unwrap();
        assert!(fault.starts_with("zipCode begins with =") && !fault.contains("02108"), "{fault}");
    }
    for cell in ["+49 30 5550199", "-", "'s-Hertogenbosch", "@home", "2+2=4"] {
        let row = &read(&format!("login;city\nann@x.example;{cell}\n")).unwrap()[0];
        assert_eq!(row.fault, None, "{cell}");
    }
}

#[test]
fn a_row_of_another_length_is_said_with_both() {
    let rows = read("login,model\nann@x.example,nfc,more\nlou@x.example\nkim@x.example,nfc,\n").unwrap();
    assert_eq!(rows[0].fault.as_deref(), Some("has 3 fields, and the first line names 2 columns"));
    assert_eq!(rows[1].fault.as_deref(), Some("has 1 field, and the first line names 2 columns"));
    assert_eq!(rows[2].fault, None, "a separator at the end is none");
}

#[test]
fn a_character_that_no_label_carries_is_said_with_its_column() {
    for (cell, code) in [
        ("Mu\u{fffd}ller", "U+FFFD"),
        ("An\u{202e}n", "U+202E"),
        ("a\u{2028}b", "U+2028"),
        ("\"a\nb\"", "U+000A"),
    ] {
        let row = &read(&format!("login,firstName\nann@x.example,{cell}\n")).unwrap()[0];
        let fault = row.fault.clone().unwrap();
        assert!(fault.starts_with("firstName has") && fault.contains(code), "{fault}");
    }
    let row = &read("login\nann@x.example\u{a0}\n").unwrap()[0];
    assert_eq!((fields(row), row.fault.clone()), (vec![("login", "ann@x.example")], None));
}

#[test]
fn a_table_whose_rows_cannot_be_told_apart_or_belong_to_nobody_is_refused() {
    assert_eq!(read(" \n\n"), Err(Unreadable::Empty));
    assert_eq!(read(""), Err(Unreadable::Empty));
    assert_eq!(read("name\nann"), Err(Unreadable::NoPerson(String::new())));
    assert_eq!(read("login,login\na,b"), Err(Unreadable::DoubleColumn("login".into())));
    assert_eq!(read("login\n\"ann"), Err(Unreadable::OpenQuote(2)));
    assert_eq!(read("login,city\nann,\"a\" b\n"), Err(Unreadable::TextAfterQuote(2)));
    assert_eq!(read("login,model\n"), Ok(Vec::new()), "a header alone names nobody");
}

#[test]
fn what_is_said_of_the_columns_is_short_and_never_a_person() {
    let many: Vec<_> = (0..900).map(|n| format!("column-{n}-{}", "x".repeat(900))).collect();
    let said = says(&format!("id,{}\n", many.join(",")));
    assert!(said.len() < 600 && said.contains("and 895 more"), "{said}");
    let twice = "y".repeat(900);
    assert!(says(&format!("id,{twice},{twice}\n")).len() < 200);
    assert_eq!(read("ann@x.example,12 Elm Street,12 Elm Street\n"), Err(Unreadable::NoPerson(String::new())));
}

proptest! {
    /// What a spreadsheet writes comes back as it was, whatever stands in a field.
    #[test]
    fn quoted_fields_come_back(values in proptest::collection::vec("[ -~]{0,12}", 1..6)) {
        let columns = ["id", "firstName", "lastName", "city", "state", "zipCode"];
        let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
        let text = format!("{}\n{}\n", columns[..values.len()].join(","), values.iter().map(quoted).collect::<Vec<_>>().join(","));
        let rows = read(&text).unwrap();
        let desired: BTreeMap<&str, String> = columns
            .into_iter()
            .zip(values.iter().map(|v| v.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        prop_assert_eq!(rows.first().map(|row| row.fields.clone()).unwrap_or_default(), desired);
    }

    /// Whatever is taken, a reader that is kept by others reads alike. (It takes more: see the decision record.)
    #[test]
    fn the_crate_csv_reads_what_is_taken_alike(rows in proptest::collection::vec(proptest::collection::vec("[a-z,;\"\r\n ]{0,6}", 3), 0..5)) {
        let body: Vec<_> = rows.iter().map(|row| row.join(",")).collect();
        let text = format!("login,id,city\n{}", body.join("\n"));
        if let Ok(ours) = records::read(&text.replace("\r\n", "\n").replace('\r', "\n"), ',') {
            let mut theirs = csv::ReaderBuilder::new();
            let theirs = theirs.has_headers(false).flexible(true).trim(csv::Trim::Fields);
            // It takes a quotation mark behind a blank for a letter, and no blank for what is outside the quotes.
            if !text.contains(" \"") && !text.contains("\" ") {
                let theirs: Vec<Vec<String>> = theirs
                    .from_reader(text.as_bytes())
                    .records()
                    .map(|record| record.unwrap().iter().map(|field| text::tidy(&field.replace("\r\n", "\n").replace('\r', "\n"))).collect())
                    .filter(|record: &Vec<String>| record.iter().any(|field| !field.is_empty()))
                    .collect();
                let ours: Vec<_> = ours.into_iter().map(|(_, fields)| fields.into_iter().map(|field| field.replace('\r', "\n")).collect::<Vec<_>>()).collect();
                prop_assert_eq!(ours, theirs, "{:?}", text);
            }
        }
    }

    #[test]
    fn no_text_makes_it_stop(text in "[a-z,;\"\n\r ]{0,60}") {
        let _ = read(&text);
        let _ = read(&format!("login{text}"));
    }
}
