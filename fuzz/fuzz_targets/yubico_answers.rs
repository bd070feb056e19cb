//! Every answer of `YubiEnterprise`, as `operation status`, headers and body.
#![no_main]

use domain::{
    countries,
    ids::ShipmentId,
    recipient::Field,
    vendor_states::{AddressVerdict, ParcelClass, ParcelState, Programmed, Responses, Tracking},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vendors::{
    http::{Answer, Api, Nature},
    yubico::{Cancelled, decode},
};
use yubikey_shipment_fuzz::{
    answer::{self, body, text},
    fair, is_discreet, is_sealed,
    people::recipient,
};

/// The states that this version knows; written here once more, so that one that slips in is seen.
const KNOWN: [u32; 23] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 110, 1025, 2000];

/// Longest text that is kept for people.
const LABEL: usize = 255;

fn nature(operation: &str) -> Nature {
    match operation {
        "order" => Nature::Order,
        "cancel" => Nature::Change,
        _ => Nature::Read,
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((operation, answer)) = answer::parse(input, Api::Yubico, nature) else { return };
    match operation {
        "order" => order(&answer),
        "shipment" => shipment(&answer),
        "cancel" => cancel(&answer),
        "tracking" => {
            if let Some(Tracking { carrier, number, link }) = fair(&answer, decode::tracking(&answer)) {
                assert!([carrier, number, link.clone()].iter().flatten().all(|text| text.len() <= LABEL));
                assert!(link.is_none_or(|link| link.starts_with("http")), "people click on it");
            }
        }
        "search" | "compare" => compare(operation, &answer),
        "validate-address" => verdict(&answer),
        "list" => {
            if let Some(page) = fair(&answer, decode::listed(&answer)) {
                assert!(page.rows.len() <= page.entries);
                page.rows.iter().for_each(|row| assert_eq!(row.state, ParcelState::from_id(row.state.id)));
            }
        }
        "inventory" => {
            fair(&answer, decode::inventory(&answer));
        }
        "products" => {
            fair(&answer, decode::products(&answer));
        }
        _ => {
            let found = fair(&answer, decode::countries(&answer)).unwrap_or_default();
            assert!(found.iter().all(|code| countries::is_alpha2(code)));
        }
    }
});

fn order(answer: &Answer) {
    if let Some(ordered) = fair(answer, decode::receipt(answer)) {
        assert!(answer.is_success());
        let sent = &body(answer)["shipment_id"];
        let id = sent.as_str().map_or_else(|| sent.to_string(), ToOwned::to_owned);
        assert_eq!(id, ordered.shipment.as_str(), "another id");
        ordered.state.into_iter().for_each(|state| classified(&body(answer), state));
    }
}

/// A state is a number that the answer holds, and known only if it is on the list.
fn classified(sent: &Value, state: ParcelState) {
    assert_eq!(KNOWN.contains(&state.id), state.class != ParcelClass::Unknown, "state {}", state.id);
    assert_eq!(ParcelState::from_id(state.id), state);
    let places = [&sent["shipment_state"]["shipment_state_id"], &sent["shipment_state_id"]];
    let shown = |place: &&Value| match place {
        Value::String(text) => text.trim().trim_start_matches('+').parse() == Ok(state.id),
        other => other.as_u64() == Some(state.id.into()),
    };
    assert!(places.iter().any(shown), "state {} out of nothing", state.id);
}

fn shipment(answer: &Answer) {
    let Some(parcel) = fair(answer, decode::shipment(answer)) else { return };
    assert!(answer.is_success(), "a failed read is never a state");
    let sent = body(answer);
    classified(&sent, parcel.state);
    match &parcel.programmed {
        Programmed::NotYet => {}
        Programmed::Unexpected(what) => is_discreet(what),
        Programmed::One(responses) => programmed(&sent, responses),
    }
}

fn programmed(sent: &Value, responses: &Responses) {
    let items = sent["shipment_items"].as_array().expect("a list");
    assert_eq!(items.len(), 1, "one key is ordered");
    is_sealed(&responses.pin);
    is_sealed(&responses.credential);
    assert!(responses.firmware.len() <= LABEL && responses.serial.as_str().len() <= LABEL);
    assert_eq!(decode::key_id(responses.credential.expose()), responses.credential_key_id);
    let data = items[0]["product_data"].as_array().expect("a list");
    let held = |one: &Value| text(one, "fido_pin_response").is_none_or(|pin| pin == responses.pin.expose());
    assert!(data.iter().any(held), "the response is passed on whole");
}

fn cancel(answer: &Answer) {
    match fair(answer, decode::cancelled(answer)) {
        Some(Cancelled::Accepted) => assert!(answer.is_success()),
        Some(Cancelled::Gone) => assert_eq!(answer.status, 404),
        Some(Cancelled::TooLate(why)) => {
            is_discreet(&why);
            assert!((400..500).contains(&answer.status));
        }
        None => {}
    }
}

fn compare(operation: &str, answer: &Answer) {
    let ours = recipient();
    let id = ShipmentId::new("EXAMPLE0000000000000AB").expect("an id");
    let found = if operation == "search" {
        for order in fair(answer, decode::order_book(answer)).unwrap_or_default() {
            let address = order.email.clone().unwrap_or_default();
            assert!(
                address.len() < 5
                    || !format!("{order:?}").contains(&address)
                    || order.id.as_str().contains(&address)
            );
        }
        fair(answer, decode::search(answer, &ours)).unwrap_or_default()
    } else {
        fair(answer, decode::compared(answer, &id, &ours)).flatten().into_iter().collect()
    };
    for shipment in found {
        is_discreet(&format!("{:?}", (&shipment.agrees, &shipment.differs)));
        assert!(shipment.agrees.iter().all(|field| !shipment.differs.contains(field)));
        if operation == "search" {
            assert!(shipment.agrees.contains(&Field::Email), "it could be anyone's");
        } else {
            assert_eq!(shipment.id, id);
        }
    }
}

fn verdict(answer: &Answer) {
    match fair(answer, decode::verdict(answer)) {
        Some(AddressVerdict::Undeliverable(doubted)) => assert!(doubted.is_sorted(), "fields, each once"),
        Some(AddressVerdict::Undecided(why)) => is_discreet(&why),
        Some(AddressVerdict::Deliverable) => assert!(answer.is_success() || answer.status == 400),
        None => {}
    }
}
