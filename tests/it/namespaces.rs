//! An operator that may see the namespaces it was given and no others.

use serde_json::{Value, json};

use crate::support::{
    operator::{Launch, Operator},
    plane::operator_user,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

const ENROLL: &str = "enrollPreregistrationEnrollment";

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

fn binding(kind: &str, name: &str, place: Option<&str>) -> Value {
    let user = operator_user();
    let mut parts = user.split(':').skip(2);
    let (namespace, account) = (parts.next().unwrap(), parts.next().unwrap());
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": format!("{kind}Binding"),
        "metadata": {"name": name, "namespace": place},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    })
}

fn role(kind: &str, name: &str, place: Option<&str>, rules: &Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": name, "namespace": place}, "rules": rules,
    })
}

/// What the operator needs of the cluster when namespaces are listed.
fn of_the_cluster(names: &Names) -> [Value; 2] {
    let [one, two, late] = names.listed();
    let definitions = ["yubikeyshipments", "yubikeyconnections", "yubikeydecisions"];
    let rules = json!([
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyconnections"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyconnections/status"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system", one, two, late], "verbs": ["get"]},
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
         "resourceNames": definitions.map(|name| format!("{name}.fidoprereg.dev")), "verbs": ["get"]},
    ]);
    [role("ClusterRole", "listed", None, &rules), binding("ClusterRole", "listed", None)]
}

/// What it needs in a namespace.
fn of_a_namespace(name: &str) -> [Value; 2] {
    let rules = json!([
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyshipments"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeyshipments/status"], "verbs": ["patch"]},
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeydecisions"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["fidoprereg.dev"], "resources": ["yubikeydecisions/status"], "verbs": ["patch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    ]);
    [role("Role", "listed", Some(name), &rules), binding("Role", "listed", Some(name))]
}

/// Events of connections go to the namespace `default`.
fn of_default() -> [Value; 2] {
    let rules =
        json!([{"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]}]);
    [role("Role", "listed", Some("default"), &rules), binding("Role", "listed", Some("default"))]
}

async fn grant(scene: &Scene, objects: impl IntoIterator<Item = Value>) {
    for object in objects {
        scene.kubectl().apply(&object.to_string()).await.fine();
    }
}

/// Takes the chart's rights for the whole cluster away, and gives those for the listed namespaces.
async fn narrow_rights(scene: &Scene, names: &Names) {
    let bindings = scene.kubectl().run(&["get", "clusterrolebinding", "-o", "name"]).await.fine();
    let ours = bindings.lines().find(|name| name.contains("yubikey-shipments:")).unwrap();
    scene.kubectl().run(&["delete", ours]).await.fine();
    grant(scene, of_the_cluster(names)).await;
    grant(scene, of_default()).await;
    grant(scene, of_a_namespace(&names.one)).await;
    grant(scene, of_a_namespace(&names.two)).await;
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
        .connection(json!({"calls": {"timeout": "2s", "settle": "4s"}}))
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
            grant(scene, of_a_namespace(&names.late)).await;
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
