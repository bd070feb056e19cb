//! kubectl and Helm.

use std::{fs, path::Path};

use k8s_openapi::api::core::v1::ConfigMap;
use kube_test::{Cluster, Error};

use crate::common::{cluster, namespace, value};

#[tokio::test]
async fn kubectl_is_of_the_version_of_the_api_server() {
    let version = cluster().await.kubectl().json(&["version"]).await.unwrap();
    assert!(version["serverVersion"]["gitVersion"].is_string(), "{version}");
    assert_eq!(version["clientVersion"]["gitVersion"], version["serverVersion"]["gitVersion"]);
}

#[tokio::test]
async fn kubectl_works_in_the_namespace_and_says_why_it_failed() {
    let namespace = namespace("kubectl").await;
    let map = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "b"}}"#;
    namespace.kubectl().apply(map).await.unwrap();
    assert_eq!(value(&namespace.api::<ConfigMap>().get("a").await.unwrap()), "b");
    let error = namespace.kubectl().run(&["get", "configmap", "missing"]).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(matches!(error, Error::Command(_)), "{text}");
    for part in ["get configmap missing", "exit status: 1", r#"configmaps "missing" not found"#] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

fn chart(directory: &Path) {
    fs::create_dir_all(directory.join("templates")).unwrap();
    fs::write(directory.join("Chart.yaml"), "apiVersion: v2\nname: small\nversion: 0.1.0\n").unwrap();
    let map =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-chart}\ndata: {key: '{{ .Values.key }}'}\n";
    fs::write(directory.join("templates/map.yaml"), map).unwrap();
}

#[tokio::test]
async fn helm_installs_a_chart_and_says_why_it_failed() {
    let namespace = namespace("helm").await;
    let directory = tempfile::tempdir().unwrap();
    chart(directory.path());
    let path = directory.path().to_str().unwrap();
    let install = ["install", "small", path, "--values", "-"];
    namespace.helm().output(&install, "key: from values").await.unwrap().ok().unwrap();
    assert_eq!(value(&namespace.api::<ConfigMap>().get("from-chart").await.unwrap()), "from values");
    let error = namespace.helm().run(&["install", "small", path]).await.unwrap_err();
    assert!(format!("{error:?}").contains("name that is still in use"), "{error:?}");
}

#[tokio::test]
async fn a_control_plane_that_is_not_there_is_named_with_the_way_to_one() {
    let error = Cluster::builder().control_plane("/no/such/program").start().await.unwrap_err();
    let text = error.to_string();
    for part in ["/no/such/program", "KUBE_TEST_CONTROL_PLANE", "Builder::control_plane", "build.sh"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}
