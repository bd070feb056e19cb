//! What `helm install` says to do next.

use crate::helm::{HELM, NAMESPACE, chart, run, values};

async fn says(set: &str, next: &str) {
    let (chart, values) = (chart(), values(set));
    let install = ["install", "yks", &chart, "--dry-run=client", "--namespace", NAMESPACE, &values];
    let said = run(HELM, &install, "").await.ok().unwrap();
    let notes = said.split_once("\nNOTES").unwrap().1;
    assert!(notes.contains(next), "the notes do not say: {next}\n{notes}");
}

#[tokio::test]
async fn without_credentials_how_to_make_them() {
    says("minimal", "create secret generic okta-yubico").await;
}

#[tokio::test]
async fn without_a_spec_to_apply_a_connection() {
    says("credentials", "kubectl apply -f connection.yaml").await;
}

#[tokio::test]
async fn with_a_spec_to_declare_a_shipment_where_it_may_be() {
    says("connection", "kubectl apply --namespace onboarding").await;
}

#[tokio::test]
async fn with_the_sandbox_a_shipment_of_its_world() {
    says("sandbox", "connectionRef: {name: sandbox}").await;
}
