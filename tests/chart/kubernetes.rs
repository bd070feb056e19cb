//! Versions of Kubernetes that the charts take.

use crate::helm::{HELM, assert_fails, definitions_chart, run, template};

const OLD: &str = "--kube-version=1.31.9";

#[tokio::test]
async fn refuses_kubernetes_before_1_32() {
    let said = template(&[OLD], "").await;
    assert_fails(&said, "requires kubeVersion: >=1.32.0-0 which is incompatible with Kubernetes v1.31.9");
    let said = run(HELM, &["template", "x", &definitions_chart(), OLD], "").await;
    assert_fails(&said, "requires kubeVersion");
}

#[tokio::test]
async fn takes_kubernetes_1_32_as_some_providers_name_it() {
    template(&["--kube-version=v1.32.0-gke.100"], "").await.ok().unwrap();
}
