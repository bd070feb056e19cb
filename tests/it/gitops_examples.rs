//! `examples/gitops`: every manifest fits, and an umbrella chart is waited for until the orders are placed.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{
    calls::ORDER,
    judge::strict,
    kubectl::Said,
    root,
    scene::{Scene, scene},
    shipment::Handle,
};

const EXAMPLES: &str = "examples/gitops";

/// Manifests of a folder: not charts, not what only Kustomize reads, not the test data of another project's layout.
fn manifests(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() {
            if !["templates", "resource_customizations"].contains(&name.as_str()) {
                found.extend(manifests(&path));
            }
        } else if path.extension().is_some_and(|end| end == "yaml")
            && !["Chart.yaml", "values.yaml", "kustomization.yaml", "names.yaml"].contains(&name.as_str())
        {
            found.push(path.into_os_string().into_string().unwrap());
        }
    }
    found.sort();
    found
}

fn documents(file: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&fs::read_to_string(file).unwrap()).unwrap()
}

fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn example(path: &str) -> String {
    root().join(EXAMPLES).join(path).into_os_string().into_string().unwrap()
}

/// The one document of a file that is of a kind and a name.
fn one(file: &str, kind: &str, name: &str) -> Value {
    let all = documents(&example(file));
    let found = all.into_iter().find(|d| text(d, "/kind") == kind && text(d, "/metadata/name") == name);
    found.unwrap_or_else(|| panic!("{file} has no {kind} {name}"))
}

/// The API server's word on a manifest, in a namespace of this test; nothing is stored.
async fn dry_run(scene: &Scene, mut document: Value) -> Said {
    if document.pointer("/metadata/namespace").is_some() {
        document["metadata"]["namespace"] = json!(scene.name);
    }
    // What a cluster has one of may be there already.
    if ["Namespace", "YubiKeyConnection"].contains(&text(&document, "/kind")) {
        document["metadata"]["name"] = json!(format!("{}-example", scene.name));
    }
    let create = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];
    scene.kubectl().with_input(&create, &document.to_string()).await
}

#[tokio::test]
async fn every_manifest_of_the_examples_fits_its_published_type_or_the_api_server() {
    scene("gitops-fit")
        .play(async |scene| {
            let files = manifests(&root().join(EXAMPLES));
            let said = strict(&files).await.fine();
            let mut judged = 0;
            let mut asked = 0;
            let documents: Vec<_> = files.iter().flat_map(|file| documents(file)).collect();
            for document in documents {
                let (kind, name) = (text(&document, "/kind"), text(&document, "/metadata/name"));
                assert_ne!(kind, "YubiKeyDecision", "{name}: decisions are never in Git");
                let line = |verdict: &str| {
                    let ends = format!(" {kind} {name}");
                    said.lines().any(|line| line.starts_with(verdict) && line.ends_with(&ends))
                };
                if line("ok ") {
                    judged += 1;
                    continue;
                }
                assert!(line("skipped "), "{kind} {name} was not looked at:\n{said}");
                let answer = dry_run(scene, document.clone()).await;
                assert!(answer.ok, "{kind} {name}: {}", answer.err);
                asked += 1;
            }
            assert!(judged >= 20 && asked >= 8, "{judged} decoded, {asked} asked for");
            let mut wrong = one("people/ann-lee.yaml", "YubiKeyShipment", "ann-lee");
            wrong["spec"]["deletePolicy"] = json!("Orphan");
            let answer = dry_run(scene, wrong).await;
            assert!(!answer.ok && answer.err.contains("deletePolicy"), "a fault is seen: {}", answer.err);
        })
        .await;
}

#[tokio::test]
async fn the_values_of_the_examples_are_values_of_the_chart() {
    scene("gitops-values")
        .play(async |scene| {
            let argocd = one("argocd/apps/platform.yaml", "Application", "yubikey-operator");
            let flux = one("flux/operator/operator.yaml", "HelmRelease", "yubikey-shipment-operator");
            let all = [&argocd["spec"]["source"]["helm"]["valuesObject"], &flux["spec"]["values"]];
            let chart = root().join("charts/yubikey-shipment-operator");
            for values in all {
                let file = scene.plane().dir.join(format!("{}-values.json", scene.name));
                fs::write(&file, values.to_string()).unwrap();
                let paths = (chart.to_str().unwrap(), file.to_str().unwrap());
                let template =
                    ["template", "yks", paths.0, "--namespace", "yubikey-shipments", "--values", paths.1];
                let rendered = scene.helm(&template).await.fine();
                assert!(rendered.contains("/credentials/acme"), "the credentials are mounted");
                assert!(!rendered.contains("CustomResourceDefinition\n"), "definitions come apart");
            }
        })
        .await;
}

#[tokio::test]
async fn flux_may_declare_shipments_and_neither_delete_them_nor_answer_for_a_person() {
    scene("gitops-access")
        .play(async |scene| {
            for kind in ["ServiceAccount", "Role", "RoleBinding"] {
                let mut document = one("flux/people-access/access.yaml", kind, "flux-people");
                document["metadata"]["namespace"] = json!(scene.name);
                if let Some(subject) = document.pointer_mut("/subjects/0/namespace") {
                    *subject = json!(scene.name);
                }
                scene.kubectl().apply(&document.to_string()).await.fine();
            }
            let account = format!("system:serviceaccount:{}:flux-people", scene.name);
            let may = async |verb: &str, what: &str| {
                let ask = ["auth", "can-i", verb, what, "-n", &scene.name, "--as", &account];
                scene.kubectl().run(&ask).await.ok
            };
            for verb in ["get", "list", "watch", "create", "patch"] {
                assert!(may(verb, "yubikeyshipments.fidoprereg.dev").await, "{verb}");
            }
            assert!(!may("delete", "yubikeyshipments.fidoprereg.dev").await);
            assert!(!may("create", "yubikeydecisions.fidoprereg.dev").await);
            let status =
                ["auth", "can-i", "patch", "yubikeyshipments.fidoprereg.dev", "--subresource=status"];
            let status = [status.as_slice(), &["-n", &scene.name, "--as", &account]].concat();
            assert!(!scene.kubectl().run(&status).await.ok);
            assert!(!may("get", "secrets").await);
        })
        .await;
}

#[tokio::test]
async fn what_the_operator_writes_is_no_difference_to_git() {
    scene("gitops-drift")
        .play(async |scene| {
            scene.person("kim", "ACTIVE").await;
            let mut manifest = one("people/ann-lee.yaml", "YubiKeyShipment", "ann-lee");
            manifest["metadata"]["namespace"] = json!(scene.name);
            manifest["spec"]["connectionRef"]["name"] = json!(scene.name);
            manifest["spec"]["userRef"] = json!({"login": scene.login("kim")});
            let manifest = manifest.to_string();
            let apply = ["apply", "--server-side", "--field-manager=git", "-f", "-"];
            scene.kubectl().with_input(&apply, &manifest).await.fine();
            let shipment = Handle::shipment(&scene.client, &scene.name, "ann-lee");
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&order, 104).await;
            let before = shipment.until_reason("Activated").await;
            let diff = ["diff", "--server-side", "--field-manager=git", "-f", "-"];
            let said = scene.kubectl().with_input(&diff, &manifest).await;
            assert!(said.ok && said.out.is_empty(), "{}{}", said.out, said.err);
            scene.kubectl().with_input(&apply, &manifest).await.fine();
            let after = shipment.get().await;
            let version = "/metadata/resourceVersion";
            assert_eq!(before.text(version), after.text(version), "applied again it is the same");
        })
        .await;
}

/// A chart of this test around the example's and the operator's own.
fn umbrella(scene: &Scene, people: &Value) -> String {
    let dir = scene.plane().dir.join(format!("{}-umbrella", scene.name));
    fs::create_dir_all(&dir).unwrap();
    let part = |name: &str, path: &str| {
        let head = fs::read_to_string(root().join(path).join("Chart.yaml")).unwrap();
        let head: Value = serde_saphyr::from_str(&head).unwrap();
        let repository = format!("file://{}", root().join(path).display());
        json!({"name": name, "version": head["version"], "repository": repository})
    };
    let chart = json!({
        "apiVersion": "v2", "name": "umbrella", "version": "0.1.0", "dependencies": [
            part("people", "examples/gitops/helm/people"),
            part("yubikey-shipment-operator", "charts/yubikey-shipment-operator"),
        ],
    });
    fs::write(dir.join("Chart.yaml"), chart.to_string()).unwrap();
    let values = json!({
        "people": {"connection": scene.name, "people": people},
        // The cluster of the tests has these.
        "yubikey-shipment-operator": {"crds": {"install": false}, "admissionPolicy": {"create": false}},
    });
    fs::write(dir.join("values.yaml"), values.to_string()).unwrap();
    dir.into_os_string().into_string().unwrap()
}

async fn install(scene: &Scene, people: Value) -> Said {
    let chart = umbrella(scene, &people);
    scene.helm(&["dependency", "build", &chart]).await.fine();
    let install = ["install", "umbrella", &chart, "--namespace", &scene.name, "--wait", "--timeout", "80s"];
    scene.helm(&install).await
}

#[tokio::test]
async fn helm_waits_for_an_umbrella_chart_until_the_orders_are_placed_and_no_longer() {
    scene("gitops-umbrella")
        // No parcel is looked at meanwhile, as with an interval of hours.
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            scene.sandbox.fault_always(ORDER, json!({"kind": "delay", "ms": 3000})).await;
            let mut people = Vec::new();
            for name in ["kim", "lou"] {
                people.push(json!({"name": name, "login": scene.person(name, "ACTIVE").await}));
            }
            install(scene, json!(people)).await.fine();
            for name in ["kim", "lou"] {
                let object = Handle::shipment(&scene.client, &scene.name, name).get().await;
                assert_eq!((object.is("Ordered"), object.is("Ready")), ("True", "True"), "not earlier");
                assert_eq!((object.is("Shipped"), object.is("Activated")), ("False", "False"), "not later");
            }
            let deployment = ["get", "deployment", "-n", &scene.name, "-o", "name"];
            let deployed = scene.kubectl().run(&deployment).await.fine();
            assert!(deployed.contains("deployment.apps/"), "more than shipments was waited for");
            scene.helm(&["uninstall", "umbrella", "--namespace", &scene.name]).await.fine();
            let kept = Handle::shipment(&scene.client, &scene.name, "kim").get().await;
            assert!(!kept.has("/metadata/deletionTimestamp"), "uninstalling cancels nothing");
        })
        .await;
}

#[tokio::test]
async fn helm_fails_at_once_on_a_held_shipment_of_an_umbrella_chart_and_says_why() {
    scene("gitops-refused")
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let (kim, lou) = (scene.person("kim", "ACTIVE").await, scene.person("lou", "ACTIVE").await);
            scene.sandbox.post(&format!("/people/{kim}/enrollments"), json!({"ageMinutes": 600})).await;
            let people = json!([{"name": "kim", "login": kim}, {"name": "lou", "login": lou}]);
            let said = install(scene, people).await;
            assert!(!said.ok, "a person has to answer first: {}", said.out);
            let held = Handle::shipment(&scene.client, &scene.name, "kim").get().await;
            assert_eq!(held.reason(), "ExistingKey");
            for part in ["YubiKeyShipment", "kim not ready", "status: Failed", held.message()] {
                assert!(said.err.contains(part), "{part} is in: {}", said.err);
            }
            assert!(
                !said.err.contains("deadline exceeded"),
                "it did not wait for time to pass: {}",
                said.err
            );
            assert!(!said.err.contains("lou not ready"), "the others are ordered: {}", said.err);
        })
        .await;
}
