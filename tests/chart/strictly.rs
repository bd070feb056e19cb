//! What the API server would store, every field known to it.

use std::fs;

use kube_test::{Kubectl, Output};

use crate::{
    clusters,
    helm::{HELM, assert_fails, root},
    sets::{documents, render, rendered},
};

const APPLY: [&str; 8] = [
    "apply",
    "--server-side",
    "--force-conflicts",
    "--field-manager=dry-run",
    "--dry-run=server",
    "--validate=strict",
    "-f",
    "-",
];

async fn dry_run(stream: &str) -> Output {
    clusters::shared().await.kubectl().output(&APPLY, stream).await.unwrap()
}

/// Kinds of the Prometheus operator are not served here: `files.rs` has them judged.
fn served(stream: &str) -> Vec<&str> {
    documents(stream).filter(|document| !document.contains("\napiVersion: monitoring.coreos.com/")).collect()
}

async fn takes(stream: &str) {
    let served = served(stream);
    let said = dry_run(&served.join("---\n")).await.ok().unwrap();
    let taken = said.lines().filter(|line| line.ends_with("serverside-applied (server dry run)")).count();
    assert_eq!(taken, served.len(), "{said}");
}

async fn is_known(set: &str) {
    let stream = match set {
        // A cluster refuses other pods than its namespaces allow, and this set says nothing.
        "unset" => {
            let anything_goes = clusters::shared().await.namespace("unset").await.unwrap();
            clusters::until_pods_may_come(&anything_goes.kubectl()).await;
            render(HELM, set, anything_goes.name(), &[]).await
        }
        _ => rendered(set).await,
    };
    takes(&stream).await;
}

mod every_field_is_known_to_the_api_server {
    each_set!(super::is_known);
}

/// Or the tests before would show nothing.
#[tokio::test]
async fn an_unknown_field_would_be_noticed() {
    let text = rendered("minimal").await;
    let wrong = text.replace("\n  replicas: ", "\n  replcas: 2\n  replicas: ");
    assert_ne!(wrong, text);
    assert_fails(&dry_run(&wrong).await, "replcas");
}

const CREATE: [&str; 5] = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];

async fn kubectl() -> Kubectl {
    clusters::shared().await.kubectl()
}

#[tokio::test]
async fn its_definitions_take_the_examples() {
    let examples = root().join("examples");
    let examples = examples.to_str().unwrap();
    let files =
        ["connection.yaml", "shipments", "rollouts"].map(|name| format!("--filename={examples}/{name}"));
    let [connection, shipments, rollouts] = files.each_ref().map(String::as_str);
    let apply = ["apply", "--dry-run=server", "--validate=strict", connection, shipments, rollouts];
    kubectl().await.run(&apply).await.unwrap();
}

/// Whole manifests on the pages for those who order.
#[tokio::test]
async fn its_definitions_take_the_manifests_of_the_pages_for_those_who_order() {
    let mut pages: Vec<_> =
        fs::read_dir(root().join("docs/ordering")).unwrap().map(|it| it.unwrap().path()).collect();
    pages.push(root().join("docs/migrating.md"));
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    let texts = pages.iter().map(|page| fs::read_to_string(page).unwrap());
    let manifests: Vec<_> = texts.flat_map(|text| manifests_of(&text)).collect();
    let stream = manifests.join("---\n");
    assert!(stream.matches("\nkind: YubiKeyRollout\n").count() >= 4, "{stream}");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: helpdesk}\n";
    kubectl().await.apply(namespace).await.unwrap();
    kubectl().await.output(&CREATE, &stream).await.unwrap().ok().unwrap();
}

/// The blocks of a page that are whole.
fn manifests_of(page: &str) -> Vec<String> {
    let blocks = page.split("\n```yaml").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once('\n')?.1.split_once("\n```").map(|it| it.0));
    blocks.filter(|block| block.starts_with("apiVersion:")).map(|block| format!("{block}\n")).collect()
}

#[test]
fn of_a_page_the_whole_manifests_are_read() {
    let page = "text\n```yaml\nspec: {}\n```\n```yaml title=\"x\"\napiVersion: v1\nkind: A\n```\nend\n";
    assert_eq!(manifests_of(page), ["apiVersion: v1\nkind: A\n"]);
}
