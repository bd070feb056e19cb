//! Finding a shipment by what a caller can name: login, name, order, serial number, tracking number.

use api::shipment::YubiKeyShipment;
use kube::ResourceExt as _;

/// Does a shipment hold every word of the search? Upper and lower case are the same; an empty search finds all.
#[must_use]
pub fn finds(shipment: &YubiKeyShipment, search: &str) -> bool {
    let texts = texts(shipment);
    let mut words = search.split_whitespace().map(str::to_lowercase);
    words.all(|word| texts.iter().any(|text| text.contains(&word)))
}

fn texts(shipment: &YubiKeyShipment) -> Vec<String> {
    let status = shipment.status.as_ref();
    let order = status.and_then(|status| status.order.as_ref());
    let user = &shipment.spec.user_ref;
    let found = [
        Some(shipment.name_any()),
        shipment.namespace(),
        user.login.clone(),
        user.id.clone(),
        status.and_then(|status| status.display.as_ref()).map(|display| display.user.clone()),
        status.and_then(|status| status.user_id.clone()),
        order.and_then(|order| order.shipment_id.clone()),
        order.and_then(|order| order.tracking.clone()),
        status.and_then(|status| status.key.as_ref()).map(|key| key.serial.clone()),
    ];
    found.into_iter().flatten().map(|text| text.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shipment_is_found_by_each_number_that_a_caller_may_read_out() {
        let shipment: YubiKeyShipment = serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "ann-lee", "namespace": "hr"},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "ann.lee@example.com"}, "key": {"model": "yubikey-5c-nfc"}},
            "status": {
                "display": {"user": "Ann.Lee@example.com", "key": "yubikey-5c-nfc"}, "userId": "00u5nGAR",
                "order": {"attempt": 1, "outcome": "Accepted", "mark": "2027-01-30T12:00:00.000000Z", "shipmentId": "Zu5Yb1hWqQ", "carrier": "UPS", "tracking": "1ZABC"},
                "key": {"serial": "31415926", "firmware": "5.7.1"},
            },
        }))
        .unwrap();
        for search in ["ann.lee", "ANN-LEE", "zu5yb1", "31415926", " 1zabc ", "00u5ngar", "hr ann", ""] {
            assert!(finds(&shipment, search), "{search}");
        }
        for search in ["bob", "ann bob", "ups", "5.7.1"] {
            assert!(!finds(&shipment, search), "{search}");
        }
    }
}
