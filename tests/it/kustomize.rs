//! Names that Kustomize makes: of a table by its content, of a connection by a prefix.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::rollout_users::people;
use crate::support::{
    plane::operator_user,
    root,
    scene::{Scene, scene},
};

const EXAMPLE: &str = "examples/gitops/kustomize";
const CONNECTION: &str = "\n---\napiVersion: fidoprereg.dev/v1alpha1\nkind: YubiKeyConnection\nmetadata:\n  name: acme\nspec: {}\n";

/// The example in a folder of its own, so that it can be changed.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join(EXAMPLE)).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn edit(dir: &Path, file: &str, change: impl FnOnce(String) -> String) {
    let path = dir.join(file);
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
}

async fn build(scene: &Scene, dir: &Path) -> Vec<Value> {
    let text = scene.kubectl().run(&["kustomize", dir.to_str().unwrap()]).await.fine();
    serde_saphyr::from_multiple(&text).unwrap()
}

fn one<'a>(built: &'a [Value], kind: &str) -> &'a Value {
    built.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("there is no {kind}"))
}

fn table(built: &[Value]) -> String {
    one(built, "ConfigMap")["metadata"]["name"].as_str().unwrap().to_owned()
}

fn named(built: &[Value]) -> String {
    one(built, "YubiKeyRollout")["spec"]["source"]["users"]["configMap"]["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_rollout_names_the_table_as_kustomize_does() {
    scene("suffix")
        .play(async |scene| {
            let dir = copy();
            let built = build(scene, dir.path()).await;
            let first = table(&built);
            assert!(first.starts_with("staff-") && first.len() > "staff-".len(), "{first}");
            assert_eq!(named(&built), first);
            edit(dir.path(), "people.csv", |text| format!("{text}cyd.fox@example.com,\n"));
            let built = build(scene, dir.path()).await;
            let second = table(&built);
            assert_ne!(first, second, "another content, another name");
            assert_eq!(named(&built), second);
            let mut rollout = one(&built, "YubiKeyRollout").clone();
            rollout["metadata"]["namespace"] = json!(scene.name);
            let create = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];
            scene.kubectl().with_input(&create, &rollout.to_string()).await.fine();

            // What names.yaml is there for.
            edit(dir.path(), "kustomization.yaml", |text| {
                text.replace("configurations:\n  - names.yaml\n", "")
            });
            assert_eq!(named(&build(scene, dir.path()).await), "staff", "Kustomize does not know our kinds");
        })
        .await;
}

#[tokio::test]
async fn prefixes_suffixes_and_generators_without_a_suffix_are_followed() {
    scene("prefix")
        .play(async |scene| {
            for (more, table_is, connection_is) in [
                ("namePrefix: eu-\n", "eu-staff-", "eu-acme"),
                ("nameSuffix: -eu\n", "staff-eu-", "acme-eu"),
                ("generatorOptions: {disableNameSuffixHash: true}\n", "staff", "acme"),
                ("commonAnnotations: {team: it}\n", "staff-", "acme"),
            ] {
                let dir = copy();
                edit(dir.path(), "kustomization.yaml", |text| format!("{text}{more}"));
                edit(dir.path(), "rollout.yaml", |text| format!("{text}{CONNECTION}"));
                let built = build(scene, dir.path()).await;
                assert!(table(&built).starts_with(table_is), "{more}{}", table(&built));
                assert_eq!(named(&built), table(&built), "{more}");
                let rollout = one(&built, "YubiKeyRollout");
                assert_eq!(rollout["spec"]["connectionRef"]["name"], connection_is, "{more}");
                assert_eq!(one(&built, "YubiKeyConnection")["metadata"]["name"], connection_is, "{more}");
            }
            // The platform's connection stands in another build, and is not renamed there either.
            let dir = copy();
            edit(dir.path(), "kustomization.yaml", |text| format!("{text}namePrefix: eu-\n"));
            let built = build(scene, dir.path()).await;
            assert_eq!(one(&built, "YubiKeyRollout")["spec"]["connectionRef"]["name"], "acme");
        })
        .await;
}

/// The right that the chart gives in a namespace of `rollouts.listNamespaces`: any name.
async fn tables_are_readable(scene: &Scene) {
    let group = "rbac.authorization.k8s.io";
    let meta = json!({"name": "tables", "namespace": scene.name});
    let role = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": meta,
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "watch"]}],
    });
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": meta,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "tables"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": operator_user()}],
    });
    for object in [role, binding] {
        scene.kubectl().apply(&object.to_string()).await.fine();
    }
}

#[tokio::test]
async fn people_who_are_added_to_a_table_are_served_under_its_next_name_and_nobody_twice() {
    scene("next-name")
        .play(async |scene| {
            let people = people(scene, 2).await;
            tables_are_readable(scene).await;
            let dir = copy();
            edit(dir.path(), "kustomization.yaml", |text| text.replace("onboarding", &scene.name));
            edit(dir.path(), "rollout.yaml", |text| {
                text.replace("name: acme", &format!("name: {}", scene.name)).replace("DryRun", "Order")
            });
            edit(dir.path(), "people.csv", |_| format!("login\n{}\n", people[0].0));
            let apply = ["apply", "--server-side", "-k", dir.path().to_str().unwrap()];
            scene.kubectl().run(&apply).await.fine();
            scene.until_orders(1).await;
            edit(dir.path(), "people.csv", |text| format!("{text}{}\n", people[1].0));
            scene.kubectl().run(&apply).await.fine();
            scene.until_orders(2).await;
            let all = scene.shipments().await;
            let mut users: Vec<_> = all.iter().map(|object| object.text("/spec/userRef/id")).collect();
            users.sort_unstable();
            let mut ids = [people[0].1.as_str(), people[1].1.as_str()];
            ids.sort_unstable();
            assert_eq!(users, ids, "each once");
        })
        .await;
}
