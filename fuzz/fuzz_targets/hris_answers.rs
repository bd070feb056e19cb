//! Every answer of an HRIS, as `operation status`, headers and body.
#![no_main]

use domain::recipient::Field;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vendors::{
    hris,
    http::{Answer, Api, Nature},
};
use yubikey_shipment_fuzz::{
    answer::{self, body, text},
    fair,
};

fuzz_target!(|input: &[u8]| {
    let Some((_, answer)) = answer::parse(input, Api::Hris, |_| Nature::Read) else { return };
    if let Some(record) = fair(&answer, hris::read(&answer)) {
        whole(&answer, &record);
    }
});

/// What was said is taken as it is, all of it, and nothing beside it.
fn whole(answer: &Answer, record: &hris::Record) {
    assert!(answer.is_success());
    let sent = body(answer);
    let members = sent.as_object().expect("an object");
    for (name, value) in members {
        let field =
            Field::ALL.into_iter().find(|field| field.name() == name).expect("a member that is a field");
        let said = value.as_str().filter(|text| !text.trim().is_empty());
        assert!(said.is_some() || value.is_null() || value.is_string());
        assert_eq!(record.get(&field).map(String::as_str), said);
    }
    for (field, value) in record {
        assert_eq!(text(&Value::Object(members.clone()), field.name()), Some(value.as_str()));
    }
}
