use std::collections::BTreeMap;

use domain::{
    failure::{Arrival, Reason},
    recipient::{Field, Raw},
};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn order(created: Option<i64>, differs: &[Field]) -> FoundShipment {
    FoundShipment {
        id: ShipmentId::new("s1").expect("valid"),
        product_id: None,
        inventory_product_id: None,
        created: created.map(at),
        state: None,
        agrees: Vec::new(),
        differs: differs.to_vec(),
    }
}

fn refused(status: Option<u16>, reason: Reason) -> CallError {
    CallError { arrival: Arrival::Refused, status, failure: Failure::new(reason, "no"), web_page: None }
}

#[test]
fn an_order_of_another_time_or_recipient_is_named_as_such() {
    let window = Some(Window { from: at(0), to: at(60) });
    assert_eq!(other_recipient_or_time(&order(Some(30), &[]), window), None);
    assert_eq!(
        other_recipient_or_time(&order(None, &[]), window),
        None,
        "what is not shown contradicts nothing"
    );
    let late = other_recipient_or_time(&order(Some(61), &[]), window).expect("it is outside");
    assert!(late.contains("time"), "{late}");
    let other = other_recipient_or_time(&order(Some(30), &[Field::City]), window).expect("it differs");
    assert!(other.contains("city"), "{other}");
}

#[test]
fn without_delivery_details_of_its_own_a_shipment_compares_nothing() {
    let fault = Failure::new(Reason::InvalidRecipient, "City (profile.city) is missing. Correct it at Okta.");
    let mut found = Observed::default();
    assert!(comparable(&found).is_err(), "nobody was read");
    found.recipient_fault = Some(fault);
    let why = comparable(&found).expect_err("its own are faulty");
    assert!(why.contains("InvalidRecipient") && why.contains("profile.city"), "{why}");
    assert!(!why.contains(". "), "the sentence is one part of a longer message: {why}");
    found.recipient = Some(recipient());
    assert!(comparable(&found).is_ok());
}

fn recipient() -> Recipient {
    let raw: BTreeMap<Field, Raw> = Field::ALL
        .into_iter()
        .map(|field| {
            let value = match field {
                Field::Email => "kim@example.com",
                Field::Phone => "+1 555 0100",
                Field::CountryCode => "US",
                Field::Region => "CA",
                Field::PostalCode => "94043",
                _ => "Any",
            };
            (field, Raw { value: Some(value.to_owned()), source: String::new() })
        })
        .collect();
    Recipient::parse(&raw).expect("complete")
}

#[test]
fn a_read_that_fails_for_now_is_no_leave_to_take_the_order_unseen() {
    for (status, reason) in [
        (Some(503), Reason::YubicoUnavailable),
        (Some(429), Reason::RateLimited),
        (Some(408), Reason::YubicoUnavailable),
        (Some(401), Reason::YubicoUnauthorized),
        (Some(403), Reason::YubicoForbidden),
        (None, Reason::Unreachable),
        (None, Reason::UnreadableAnswer),
    ] {
        assert!(!is_not_served(&refused(status, reason)), "{status:?} {reason}");
    }
    for status in [400, 405, 410, 422] {
        assert!(is_not_served(&refused(Some(status), Reason::YubicoUnavailable)), "{status}");
    }
}
