//! Certificates that all connections trust: a proxy with a CA of its own stands between the cluster and the vendors.

use std::fs;

use crate::support::{
    operator::Launch,
    scene::{Scene, own_scene},
};

async fn order(scene: &Scene, name: &str) {
    let login = scene.person(name, "ACTIVE").await;
    scene.ship(name, &login).await.until_ordered().await;
}

#[tokio::test]
async fn the_shared_ca_is_trusted_and_read_again_and_a_bad_one_is_named() {
    own_scene("sharedca")
        .play(async |scene| {
            let files = scene.mount.files().into_iter().filter(|(name, _)| name != "ca.crt");
            scene.mount.swap(&files.collect::<Vec<_>>());
            scene.connection().until_reason("UntrustedCertificate").await;
            let file = scene.plane().dir.join("proxy-ca.pem");
            let path = file.to_str().unwrap();
            fs::copy(scene.sandbox.says("ca"), &file).unwrap();
            scene.operate(Launch::on(scene.plane(), "operator").with(&["--extra-ca", path])).await;
            scene.connection().until_reason("Succeeded").await;
            order(scene, "kim").await;

            fs::write(&file, "no certificate\n").unwrap();
            let told = scene.connection().until_reason("CredentialsInvalid").await;
            assert!(told.message().contains(path), "{}", told.message());
            let said = scene.operator().as_ref().unwrap().said();
            assert!(
                said.lines().any(|line| line.contains("WARN") && line.contains(path)),
                "the log says it too"
            );
            order(scene, "lou").await;

            fs::copy(scene.sandbox.says("ca"), &file).unwrap();
            scene.connection().until_reason("Succeeded").await;
        })
        .await;
}
