//! A file of people: bytes as text, then rows. What is taken is named, bounded and has no invisible character.
#![no_main]

use domain::{
    ids::Login,
    rollout::{encoding, table},
    text,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let text = match encoding::decode(input) {
        Ok(text) => text,
        Err(error) => return assert!(error.to_string().len() < 400),
    };
    let _ = Login::read(&text).map(|login| login.spellings().count());
    let tidy = text::tidy(&text);
    assert_eq!(text::tidy(&tidy), tidy);
    match table::read(&text) {
        Ok(rows) => rows.iter().for_each(whole),
        Err(error) => assert!(error.to_string().len() < 1200, "{error}"),
    }
});

fn whole(row: &table::Row) {
    assert!(row.line >= 2);
    for (name, value) in &row.fields {
        assert!(!name.is_empty() && !value.is_empty());
        assert!(row.fault.is_some() || text::fault(value).is_none(), "{name}");
    }
}
