//! What answers in a vendor's place: `nature status`, headers, body. Its status counts, and nobody's data is at fault.
#![no_main]

use domain::failure::{Arrival, CallError, Reason};
use libfuzzer_sys::fuzz_target;
use vendors::http::{Answer, Api, LONGEST_WISH, Nature};
use yubikey_shipment_fuzz::{answer, is_discreet};

fuzz_target!(|input: &[u8]| {
    for api in [Api::Okta, Api::Yubico, Api::Hris] {
        let Some((_, answer)) = answer::parse(input, api, nature) else { return };
        for page in [answer.web_page(), answer.web_page_for_a_file()].into_iter().flatten() {
            of_the_gateway(&answer, &page);
        }
        if answer.is_success() && answer.web_page().is_some() {
            assert!(!answer.body.is_empty(), "an empty success is the vendor's");
        }
        if (300..400).contains(&answer.status) {
            assert!(answer.web_page().is_some(), "a redirect is never followed and never the vendor's");
        }
    }
});

fn nature(name: &str) -> Nature {
    match name {
        "order" => Nature::Order,
        "create" => Nature::Create,
        "change" => Nature::Change,
        _ => Nature::Read,
    }
}

fn of_the_gateway(answer: &Answer, page: &CallError) {
    is_discreet(&page.failure.message);
    assert!(page.failure.message.contains(&format!("HTTP {}", answer.status)), "the status is told");
    assert_eq!((page.web_page, page.status), (Some(answer.status), None), "it is no word of the vendor");
    assert!(page.failure.retry_after.is_none_or(|wait| wait <= LONGEST_WISH));
    assert!(
        matches!(
            page.failure.reason,
            Reason::RateLimited
                | Reason::WrongAddress
                | Reason::OktaUnavailable
                | Reason::YubicoUnavailable
                | Reason::RecipientSourceUnavailable
        ),
        "{} blames somebody",
        page.failure.reason
    );
    let closed = matches!(answer.status, 400 | 401 | 403 | 404 | 422 | 429);
    if answer.nature == Nature::Order {
        assert_eq!(page.arrival == Arrival::Refused, closed, "ordered, or sent twice");
    }
    assert_ne!(page.arrival, Arrival::NotSent);
}
