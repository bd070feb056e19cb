//! An operator that may see the namespaces it was given and no others.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    calls::ENROLL,
    kubectl,
    operator::{Launch, Operator},
    root,
    scene::{Scene, own_scene},
    shipment::Handle,
    tool, until,
};

/// The names of the test's namespaces; the last one does not exist at first.
struct Names {
    one: String,
    two: String,
    elsewhere: String,
    late: String,
}

impl Names {
    fn listed(&self) -> [&str; 3] {
        [&self.one, &self.two, &self.late]
    }
}

/// Takes the rights for the whole cluster away, and gives the chart's for the listed namespaces.
async fn narrow_rights(scene: &Scene, names: &Names) {
    let bindings = scene.kubectl().run(&["get", "clusterrolebinding", "-o", "name"]).await.fine();
    let ours = bindings.lines().find(|name| name.contains("yubikey-shipments:")).unwrap();
    scene.kubectl().run(&["delete", ours]).await.fine();
    chart_rights(scene, &names.listed()).await;
}

async fn chart_rights(scene: &Scene, listed: &[&str]) {
    let mut helm = Command::new(tool("helm"));
    helm.args(["template", "yubikey-shipment-operator"]).arg(root().join("charts/yubikey-shipment-operator"));
    helm.args(["--namespace", "yubikey-shipments", "--show-only", "templates/rbac.yaml"]);
    helm.args(["--set", &format!("watchNamespaces={{{}}}", listed.join(","))]);
    let rules = kubectl::run(helm, String::new()).await.fine();
    // What belongs to a namespace that is not there yet is refused.
    scene.kubectl().apply(&rules).await;
}

async fn until_ready(operator: &Operator, says: impl Fn(&str) -> bool) -> String {
    let said = until(async || operator.get("readyz").await.filter(|text| says(text))).await;
    said.unwrap_or_else(|| panic!("/readyz does not come to that:\n{}", operator.tail(30)))
}

async fn order(scene: &Scene, namespace: &str, name: &str, more: Value) -> Handle {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship_in(namespace, name, &login, more).await;
    shipment.until_ordered().await;
    shipment
}

#[tokio::test]
async fn with_rights_in_the_listed_namespaces_only_it_works_there_and_touches_nothing_elsewhere() {
    own_scene("listed")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            let with_end = |end: &str| format!("{}-{end}", scene.name);
            let names = Names {
                one: scene.name.clone(),
                two: with_end("two"),
                elsewhere: with_end("else"),
                late: with_end("late"),
            };
            scene.namespace(&names.two).await;
            scene.namespace(&names.elsewhere).await;
            scene.rest_operator();
            narrow_rights(scene, &names).await;
            let list = names.listed().join(",");
            let operator = Launch::on(scene.plane(), "operator").with(&["--namespaces", &list]).go().await;
            // One of them is missing: it is named, and holds nothing up.
            let missing = format!("not watched: namespace {}", names.late);
            until_ready(&operator, |text| text.starts_with("ok\n") && text.contains(&missing)).await;

            let login = scene.person("ann", "ACTIVE").await;
            let untouched = scene.ship_in(&names.elsewhere, "ann", &login, json!({})).await;
            order(scene, &names.one, "kim", json!({})).await;
            order(scene, &names.two, "lou", json!({})).await;

            rivals_are_seen_across_the_listed(scene, &names).await;
            labels_are_asked_for(scene, &names).await;
            an_enrolment_without_an_answer_is_settled(scene, &names).await;

            scene.namespace(&names.late).await;
            chart_rights(scene, &names.listed()).await;
            order(scene, &names.late, "max", json!({})).await;
            until_ready(&operator, |text| text == "ok\n").await;

            let object = untouched.get().await;
            assert!(
                !object.has("/status/conditions") && !object.has("/metadata/finalizers"),
                "{:?}",
                object.0
            );
            let said = operator.said();
            let refused = said.lines().find(|l| l.contains("forbidden") && !l.contains(&names.late));
            assert_eq!(refused, None, "nothing else was asked for");
            operator.stop();
        })
        .await;
}

async fn rivals_are_seen_across_the_listed(scene: &Scene, names: &Names) {
    let login = scene.person("ray", "ACTIVE").await;
    scene.ship_in(&names.one, "ray", &login, json!({})).await.until_ordered().await;
    let second = scene.ship_in(&names.two, "ray", &login, json!({})).await;
    second.until_reason("AnotherOrderForUser").await;
}

/// A connection that admits namespaces by their labels: those of a listed one can be read.
async fn labels_are_asked_for(scene: &Scene, names: &Names) {
    let name = format!("{}-b", scene.name);
    let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
    let mut spec = scene.connection_spec();
    spec["allowedNamespaces"] = json!({"from": "Selector", "selector": {"matchLabels": {"keys": "yes"}}});
    scene.kubectl().run(&["label", "namespace", &names.two, "keys=yes"]).await.fine();
    scene.connect(&name, spec).await;
    let here = json!({"connectionRef": {"name": name}});
    order(scene, &names.two, "eva", here.clone()).await;
    let login = scene.person("ian", "ACTIVE").await;
    let refused = scene.ship_in(&names.one, "ian", &login, here).await;
    refused.until_reason("ForbiddenByConnection").await;
    mount.remove();
}

/// Whose it is, the person's other shipments tell: they are listed live, in the listed namespaces.
async fn an_enrolment_without_an_answer_is_settled(scene: &Scene, names: &Names) {
    scene.connection().change(json!({"orderingCluster": scene.plane().id().await})).await;
    scene.connection().until("bound", |object| object.is("Ready") == "True" && object.is_current()).await;
    scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "after"})).await;
    let shipment = order(scene, &names.two, "leo", json!({})).await;
    assert_eq!(
        shipment.get().await.number("/status/enrollment/attempt"),
        Some(2),
        "the lost one was removed"
    );
}
