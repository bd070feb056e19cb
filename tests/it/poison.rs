//! What the API server takes, the operator can read: one odd manifest must not stop everybody's shipments.

use serde_json::json;

use crate::support::{
    operator::Operator,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

/// Times that RFC 3339 or the API server's reading of it admit, and that other readers find odd; whether the API server
/// takes each, which a version of Kubernetes may change.
const ODD_TIMES: [(&str, bool); 8] = [
    ("2030-01-01T00:00:00.123456789012345678Z", true),
    ("2016-12-31T23:59:60Z", false),
    ("0001-01-01T00:00:00Z", true),
    ("9999-12-31T23:59:59-23:59", true),
    ("2030-01-01T24:00:00Z", false),
    ("2030-01-01t00:00:00z", true),
    ("2030-01-01T00:00:00.5+14:00", true),
    ("2030-01-01 00:00:00Z", false),
];

const STREET: &str = "3 Unprintable Mews";

#[tokio::test]
async fn no_manifest_that_the_api_server_takes_stops_the_operator() {
    own_scene("poison")
        .play(async |scene| {
            let odd = declare_odd(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
            all_are_told(scene, &odd).await;
            // A watch that was opened before may go on where a list would not.
            let operator = scene.operator().take().unwrap();
            operator.stop();
            let operator = Operator::launch(scene.plane(), "info").await;
            let at_it = until(async || {
                let ready = operator.get("readyz").await.is_some();
                (ready || operator.tail(20).contains("interrupted")).then_some(())
            });
            at_it.await.expect("it lists the shipments");
            assert!(!operator.tail(1000).contains(STREET), "what cannot be read is not printed either");
            operator.is_ready().await;
            *scene.operator() = Some(operator);
            let login = scene.person("lou", "ACTIVE").await;
            scene.ship("lou", &login).await.until_ordered().await;
        })
        .await;
}

/// Declares a shipment with each of the odd times. Those that the API server takes.
async fn declare_odd(scene: &Scene) -> Vec<Handle> {
    let address = json!({"line1": STREET, "city": "Bonn", "postalCode": "53111", "countryCode": "DE"});
    let (mut taken, mut answers) = (Vec::new(), Vec::new());
    for (number, (time, _)) in ODD_TIMES.iter().enumerate() {
        let name = format!("odd-{number}");
        let login = scene.login("odd");
        let manifest = json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": name, "namespace": scene.name},
            "spec": {"userRef": {"login": login}, "key": {"model": "m"}, "orderBefore": time, "address": address},
        });
        let ok = scene.kubectl().apply(&manifest.to_string()).await.ok;
        answers.push((*time, ok));
        if ok {
            taken.push(Handle::shipment(&scene.client, &scene.name, &name));
        }
    }
    assert_eq!(answers, ODD_TIMES, "the API server's reading of times");
    taken
}

/// Each has a reason in its status: none is passed over.
async fn all_are_told(scene: &Scene, shipments: &[Handle]) {
    for shipment in shipments {
        let told = shipment.until("why nothing is ordered", |object| !object.reason().is_empty()).await;
        assert_eq!(told.is("Ordered"), "False", "{} of {}", shipment.name, scene.name);
    }
}
