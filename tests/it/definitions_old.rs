//! The definitions are set back to an older version while the operator runs.

use serde_json::json;

use crate::support::{plane::Plane, scene::own_scene};

/// Definitions of a version that knew no marks.
async fn set_back(plane: &Plane) {
    let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    let marks = ["enrollment/properties/mark", "order/properties/mark", "enrollment/properties/discardMark"];
    let patch: Vec<_> =
        marks.iter().map(|mark| json!({"op": "remove", "path": format!("{status}/{mark}")})).collect();
    let patch = serde_json::to_string(&patch).unwrap();
    let name = "yubikeyshipments.fidoprereg.dev";
    plane.kubectl().run(&["patch", "crd", name, "--type", "json", "-p", &patch]).await.fine();
}

#[tokio::test]
async fn definitions_that_would_drop_a_mark_stop_every_order_until_they_are_put_right() {
    own_scene("setback")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            set_back(scene.plane()).await;
            let shipment = scene.ship("kim", &login).await;
            let told = shipment.until_reason("CRDOutdated").await;
            assert_eq!(told.is("Ready"), "False");
            assert!(told.message().contains("apply the CRDs"), "{}", told.message());
            let sent = scene.sandbox.effects_since(0).await;
            assert!(sent.is_empty(), "nothing is enrolled or ordered: {sent:#?}");
            scene.plane().install_definitions().await;
            shipment.until_ordered().await;
            assert_eq!((scene.sandbox.orders().await.len(), scene.sandbox.enrollments().await.len()), (1, 1));
        })
        .await;
}
