//! `status` <-> journal: parsed at the edge into facts that fit together, written back without loss.

mod read;
mod write;

pub use self::{read::read, write::write};

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::shipment::YubiKeyShipmentStatus;

    /// Each time a status can hold, by a hand that wrote nanoseconds.
    fn by_hand() -> Value {
        let at = "2027-01-05T20:43:19.0000002Z";
        json!({
            "observedGeneration": 1, "conditions": [],
            "enrollment": {
                "attempt": 1, "outcome": "Made", "id": "fwf1", "rpIds": ["acme.com"], "createdAt": at, "discardMark": at,
                "mark": {"at": at, "oktaTime": at},
            },
            "order": {
                "attempt": 1, "outcome": "Accepted", "mark": at, "shipmentId": "order1", "orderedAt": at,
                "state": {"id": 3, "name": "Accepted", "since": at}, "cancelAcceptedAt": at, "missingSince": at,
            },
            "pin": {"id": 1, "mark": at, "mails": [at]},
            "times": {
                "enrolled": at, "ordered": at, "shipped": at, "delivered": at, "activated": at, "pinSent": at, "used": at,
            },
            "answered": {
                "discard": {"id": "fwf1", "mark": at}, "adopt": {"shipmentId": "order1", "since": at, "byPerson": true},
            },
            "hold": {
                "id": "order-1-k7f3ab", "reason": "AwaitingApproval", "message": "", "since": at, "generation": 1,
                "choices": ["ApproveActivation"],
            },
            "failure": {"reason": "RateLimited", "message": "", "since": at, "count": 1},
        })
    }

    #[test]
    fn a_time_finer_than_a_status_is_written_is_read_as_it_will_be() {
        let mut status: YubiKeyShipmentStatus = serde_json::from_value(by_hand()).unwrap();
        let journal = read(&status).unwrap();
        assert!(!format!("{journal:?}").contains("19.0000002"), "{journal:?}");
        write(&journal, &mut status);
        assert_eq!(read(&status), Ok(journal));
    }
}
