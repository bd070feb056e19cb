//! Installations in a cluster that has never seen our kinds, and what is refused where pods are restricted.

use std::fs;

use crate::{
    clusters::{self, bare, bare_for},
    helm::{HELM_3, NAMESPACE, assert_fails, chart, values},
    release::{Release, WITHOUT_FOREIGN},
};

/// Or that no pod of the chart was refused would show nothing.
#[tokio::test]
async fn pod_security_refuses_other_pods() {
    let kubectl = clusters::shared().await.kubectl().in_namespace(NAMESPACE);
    let said = kubectl.output(&["run", "other", "--image", "example.com/other"], "").await.unwrap();
    assert_fails(&said, "violates PodSecurity");
}

#[tokio::test]
async fn a_misspelt_field_of_a_connection_is_named_and_put_right_by_the_next_upgrade() {
    let own = bare("misspelt").await;
    let release = Release::alone(&own);
    let set = fs::read_to_string(format!("{}/ci/connection-values.yaml", chart())).unwrap();
    let said = release.try_install(&chart(), &["--values", "-"], &set.replace("countries", "contries")).await;
    assert_fails(&said, ".spec.yubico.contries: field not declared in schema");
    release.upgrade(&[&values("connection")]).await;
    release.kubectl().run(&["get", "yubikeyconnection", "default"]).await.unwrap();
    release.uninstall().await;
}

#[tokio::test]
async fn helm_3_installs_upgrades_and_uninstalls() {
    let own = bare_for("helm-3", HELM_3).await;
    let release = Release::alone(&own);
    release.try_install(&chart(), &[&values("connection")], "").await.ok().unwrap();
    release.kubectl().run(&["get", "yubikeyconnection", "default"]).await.unwrap();
    release.helm().run(&["upgrade", "yks", &chart(), &values("connection")]).await.unwrap();
    assert!(release.has("kind: YubiKeyConnection").await, "the upgrade takes the connection over");
    release.until_available().await;
    release.helm().run(&["uninstall", "yks"]).await.unwrap();
}

/// The kind is not known when Helm begins, so the connection is made by a hook; at the next upgrade it becomes an object
/// of the release, the same one.
#[tokio::test]
async fn one_installation_makes_definitions_and_a_connection_and_the_next_upgrade_takes_it_over() {
    let own = bare("first").await;
    let release = Release::alone(&own);
    release.install(&[&values("connection")]).await;
    let connection = release.kubectl().json(&["get", "yubikeyconnection", "default"]).await.unwrap();
    assert!(connection["metadata"]["annotations"].to_string().contains("post-install"), "{connection}");
    release.upgrade(&[&values("connection")]).await;
    let same = release.kubectl().json(&["get", "yubikeyconnection", "default"]).await.unwrap();
    assert_eq!(same["metadata"]["uid"], connection["metadata"]["uid"]);
    assert!(release.has("kind: YubiKeyConnection").await);
}

#[tokio::test]
async fn installs_with_every_value_set() {
    let own = bare("everything").await;
    let release = Release::alone(&own);
    release.install(&[&values("everything"), "--set", WITHOUT_FOREIGN]).await;
    let kubectl = release.cluster.kubectl().in_namespace(&release.namespace);
    kubectl.run(&["get", "poddisruptionbudget,networkpolicy,service", "courier"]).await.unwrap();
    release.kubectl().run(&["get", "configmap", "courier-dashboard"]).await.unwrap();
}

/// The pod with the sidecar gets past Pod Security, and its connection is served.
#[tokio::test]
async fn installs_the_sandbox_and_without_a_real_connection() {
    // Its connection has one name everywhere.
    let own = bare("sandbox").await;
    let release = Release::alone(&own);
    release.install(&[&values("sandbox")]).await;
    release.kubectl().run(&["get", "yubikeyconnection", "sandbox"]).await.unwrap();
    let kubectl = release.cluster.kubectl().in_namespace(&release.namespace);
    let pods = kubectl.json(&["get", "pods", "-l", "app.kubernetes.io/instance=yks"]).await.unwrap();
    let sidecar = &pods["items"][0]["spec"]["initContainers"][0];
    assert_eq!(sidecar["restartPolicy"], "Always", "{pods}");
    release.uninstall().await;
}
