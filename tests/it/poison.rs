//! What the API server takes, the operator can read: one odd manifest must not stop everybody's shipments.

use serde_json::json;

use crate::support::{operator::Operator, scene::own_scene, until};

/// Times that RFC 3339 or the API server's reading of it admit, and that other readers find odd.
const ODD_TIMES: [&str; 8] = [
    "2030-01-01T00:00:00.123456789012345678Z",
    "2016-12-31T23:59:60Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "2030-01-01T24:00:00Z",
    "2030-01-01t00:00:00z",
    "2030-01-01T00:00:00.5+14:00",
    "2030-01-01 00:00:00Z",
];

const STREET: &str = "3 Unprintable Mews";

#[tokio::test]
async fn no_manifest_that_the_api_server_takes_stops_the_operator() {
    own_scene("poison")
        .play(async |scene| {
            let address = json!({"line1": STREET, "city": "Bonn", "postalCode": "53111", "countryCode": "DE"});
            let mut taken = 0;
            for (number, time) in ODD_TIMES.iter().enumerate() {
                let manifest = json!({
                    "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
                    "metadata": {"name": format!("odd-{number}"), "namespace": scene.name},
                    "spec": {"userRef": {"login": scene.login("odd")}, "key": {"model": "m"}, "orderBefore": time, "address": address},
                });
                taken += usize::from(scene.kubectl().apply(&manifest.to_string()).await.ok);
            }
            assert!(taken > 0, "the API server takes none of these");
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
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
