//! Definitions, connections and shipments stay, whatever becomes of the release.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    clusters::bare,
    helm::{assert_fails, chart, copy, definitions_chart, values},
    release::Release,
};

const DEFINITIONS: [&str; 4] = [
    "yubikeyconnections.fidoprereg.dev",
    "yubikeydecisions.fidoprereg.dev",
    "yubikeyrollouts.fidoprereg.dev",
    "yubikeyshipments.fidoprereg.dev",
];

/// What is there now and must stay: the definitions, a connection, a shipment.
async fn what_stands(release: &Release) -> Vec<Value> {
    let uid = async |what: &[&str]| {
        let object = release.kubectl().json(&[&["get"], what].concat()).await.unwrap();
        object["metadata"]["uid"].clone()
    };
    let mut all = Vec::new();
    for definition in DEFINITIONS {
        all.push(uid(&["crd", definition]).await);
    }
    all.push(uid(&["yubikeyshipment", "ann-lee"]).await);
    all.push(uid(&["yubikeyconnection", "default"]).await);
    all
}

/// A release with a connection, and a shipment declared; and what stands then.
async fn installed(release: &Release) -> Vec<Value> {
    release.install(&[&values("connection")]).await;
    release.declare_shipment().await;
    what_stands(release).await
}

#[tokio::test]
async fn definitions_stay_when_they_are_switched_off() {
    let own = bare("off").await;
    let release = Release::alone(&own);
    let before = installed(&release).await;
    release.upgrade(&[&values("connection"), "--set", "crds.install=false"]).await;
    assert!(!release.has("kind: CustomResourceDefinition").await);
    assert_eq!(what_stands(&release).await, before);
}

#[tokio::test]
async fn all_stays_when_the_release_is_uninstalled_and_installed_again_it_takes_up_what_is_there() {
    let own = bare("uninstalled").await;
    let release = Release::alone(&own);
    let before = installed(&release).await;
    release.uninstall().await;
    assert_eq!(what_stands(&release).await, before);
    release.install(&[&values("connection")]).await;
    assert_eq!(what_stands(&release).await, before);
    assert!(release.has("kind: CustomResourceDefinition").await);
}

#[tokio::test]
async fn upgrades_from_a_chart_with_the_definitions_among_its_own_templates() {
    let own = bare("one-chart").await;
    let release = Release::alone(&own);
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("yubikey-shipment-operator");
    make_one_chart(&old);
    release.try_install(old.to_str().unwrap(), &[&values("connection")], "").await.ok().unwrap();
    assert!(release.has("yubikey-shipment-operator/templates/crds.yaml").await);
    release.declare_shipment().await;
    let before = what_stands(&release).await;
    release.upgrade(&[&values("connection")]).await;
    assert!(release.has("charts/yubikey-shipment-operator-crds/templates/crds.yaml").await);
    assert_eq!(what_stands(&release).await, before);
}

/// The chart as it was before there were two.
fn make_one_chart(old: &Path) {
    copy(&chart(), old);
    fs::remove_dir_all(old.join("charts")).unwrap();
    let about = fs::read_to_string(old.join("Chart.yaml")).unwrap();
    fs::write(old.join("Chart.yaml"), about.split("dependencies:\n").next().unwrap()).unwrap();
    copy(&format!("{}/files/crds", definitions_chart()), &old.join("files/crds"));
    let template = fs::read_to_string(format!("{}/templates/crds.yaml", definitions_chart())).unwrap();
    let template = format!("{{{{- if .Values.crds.install }}}}\n{template}{{{{- end }}}}\n");
    fs::write(old.join("templates/crds.yaml"), template).unwrap();
}

#[tokio::test]
async fn the_definitions_move_to_a_release_of_their_own_and_back() {
    let own = bare("moved").await;
    let release = Release::alone(&own);
    let before = installed(&release).await;
    release.upgrade(&[&values("connection"), "--set", "crds.install=false"]).await;
    let (helm, definitions) = (release.helm(), definitions_chart());
    let install = ["install", "yubikey-crds", definitions.as_str()];
    assert_fails(&helm.output(&install, "").await.unwrap(), "cannot be imported");
    helm.run(&["uninstall", "yubikey-crds", "--ignore-not-found"]).await.unwrap();
    helm.run(&[&install[..], &["--take-ownership"]].concat()).await.unwrap();
    helm.run(&["uninstall", "yubikey-crds"]).await.unwrap();
    assert_eq!(what_stands(&release).await, before);
    release.upgrade(&[&values("connection"), "--take-ownership"]).await;
    assert_eq!(what_stands(&release).await, before);
}
