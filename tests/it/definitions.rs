//! The definitions as people and tools meet them.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    kubectl, manifest, operator_program, root,
    scene::{Scene, scene},
    schema::{KINDS, Node, nodes, served},
};

#[tokio::test]
async fn the_definitions_in_the_tree_are_those_of_the_types() {
    let fresh = tempfile::tempdir().unwrap();
    let mut command = Command::new(operator_program());
    command.args(["crds", "--dir"]).arg(fresh.path());
    kubectl::run(command, String::new()).await.fine();
    let wanted = files(fresh.path());
    assert_eq!(wanted.len(), KINDS.len());
    for place in ["crds", "charts/yubikey-shipment-operator-crds/files/crds"] {
        assert!(files(&root().join(place)) == wanted, "{place} differs: run `make crds`");
    }
}

fn files(dir: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

async fn all_nodes(scene: &Scene) -> Vec<Node> {
    let mut all = Vec::new();
    for (_, plural) in KINDS {
        all.extend(nodes(&served(&scene.kubectl(), plural).await));
    }
    all
}

#[tokio::test]
async fn every_field_is_described() {
    scene("described")
        .play(async |scene| {
            let own = |path: &str| ["apiVersion", "kind", "metadata"].contains(&path);
            let all = all_nodes(scene).await;
            let silent = all
                .iter()
                .filter(|node| !own(&node.path) && !node.path.ends_with("[]"))
                .filter(|node| node.schema["description"].as_str().is_none_or(|text| text.trim().len() < 4));
            assert_eq!(silent.map(|node| &node.path).collect::<Vec<_>>(), Vec::<&String>::new());
        })
        .await;
}

#[tokio::test]
async fn every_text_and_list_of_a_spec_is_bounded_and_no_format_is_unknown() {
    scene("bounded")
        .play(async |scene| {
            let all = all_nodes(scene).await;
            let endless = all.iter().filter(|node| node.path.starts_with("spec")).filter(|node| {
                let has = |bound: &str| !node.schema[bound].is_null();
                match node.kind() {
                    "string" => !has("maxLength") && !has("enum"),
                    "array" => !has("maxItems"),
                    "object" => has("additionalProperties") && !has("maxProperties"),
                    _ => false,
                }
            });
            assert_eq!(endless.map(|node| &node.path).collect::<Vec<_>>(), Vec::<&String>::new());
            let formats: BTreeSet<_> = all.iter().filter_map(|node| node.schema["format"].as_str()).collect();
            let known = BTreeSet::from(["date-time", "int32", "int64"]);
            assert!(formats.is_subset(&known), "{formats:?}");
        })
        .await;
}

#[tokio::test]
async fn kubectl_explains_every_field_at_the_top() {
    scene("explain")
        .play(async |scene| {
            for (kind, plural) in KINDS {
                let version = served(&scene.kubectl(), plural).await;
                for part in ["spec", "status"] {
                    let said = scene.kubectl().run(&["explain", &format!("{kind}.{part}")]).await.fine();
                    let pointer = format!("/schema/openAPIV3Schema/properties/{part}/properties");
                    for field in version.pointer(&pointer).unwrap().as_object().unwrap().keys() {
                        let lines: Vec<_> = said.lines().collect();
                        let at = lines
                            .iter()
                            .position(|line| line.trim_start().starts_with(&format!("{field}\t")));
                        let at = at.unwrap_or_else(|| panic!("{kind}.{part}.{field} in:\n{said}"));
                        let told = lines.iter().skip(at + 1).find(|line| !line.contains("enum:")).unwrap();
                        assert!(
                            told.starts_with("    ") && !told.contains("<no description>"),
                            "{field}: {told}"
                        );
                    }
                }
            }
        })
        .await;
}

#[tokio::test]
async fn kubectl_knows_short_names_the_category_columns_and_selectors() {
    scene("columns")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let object = scene.ship("kim", &login).await.until_ordered().await;
            let get = async |arguments: &[&str]| {
                let arguments = [&["get"], arguments, &["-n", &scene.name]].concat();
                scene.kubectl().run(&arguments).await.fine()
            };
            let narrow = get(&["yks"]).await;
            assert_eq!(header(&narrow), ["NAME", "USER", "KEY", "PHASE", "READY", "REASON", "AGE"]);
            assert!(narrow.contains(&login) && narrow.contains("yubikey-5c-nfc"), "{narrow}");
            let wide = get(&["yks", "-o", "wide"]).await;
            assert_eq!(header(&wide)[7..], ["MESSAGE", "SHIPMENT", "SERIAL", "CARRIER", "TRACKING"]);
            assert!(get(&["ykc"]).await.contains(&scene.name));
            let both = get(&["yubikeys"]).await;
            assert!(both.contains("yubikeyshipment") && both.contains("yubikeyconnection"), "{both}");
            let user = object.text("/status/userId");
            for selector in [
                format!("spec.userRef.login={login}"),
                format!("spec.connectionRef.name={},status.userId={user}", scene.name),
            ] {
                assert_eq!(
                    get(&["yks", "--field-selector", &selector, "-o", "name"]).await.lines().count(),
                    1,
                    "{selector}"
                );
            }
            let other = format!("spec.userRef.login={login},status.phase=Failed");
            assert_eq!(get(&["yks", "--field-selector", &other, "-o", "name"]).await, "");
            let phase = scene.ship_with("lou", &login, serde_json::json!({"suspend": true})).await;
            phase.until_reason("Suspended").await;
            let pending = get(&["yks", "--field-selector", "status.phase=Pending", "-o", "name"]).await;
            assert!(pending.contains("/lou") && !pending.contains("/kim"), "{pending}");
        })
        .await;
}

/// The help desk reads this table all day: one that wraps is none.
#[tokio::test]
async fn the_wide_table_has_a_short_message_and_the_condition_the_whole_one() {
    scene("wide")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let nothing = json!({"city": null, "zipCode": null, "streetAddress": null, "lastName": null});
            scene.sandbox.change_person(&login, json!({"profile": nothing})).await;
            let held = scene.ship("kim", &login).await;
            held.until_reason("InvalidRecipient").await;
            let other = scene.ship_with("lou", &login, json!({"key": {"model": "none"}})).await;
            other.until_reason("UnknownKeyModel").await;
            let mut long = 0;
            for handle in [&held, &other, &scene.connection()] {
                let object = handle.get().await;
                let (short, whole) = (object.text("/status/summary"), object.message());
                assert!(!short.is_empty() && short.chars().count() <= 120, "{short}");
                long += usize::from(whole.chars().count() > 120);
                assert!(whole.starts_with(short.split(" …").next().unwrap()), "{short}\n{whole}");
                let plural = if handle.name == scene.name { "ykc" } else { "yks" };
                let arguments = ["get", plural, &handle.name, "-n", &scene.name, "-o", "wide"];
                let table = scene.kubectl().run(&arguments).await.fine();
                assert!(table.contains(short), "{table}");
                assert!(table.lines().all(|line| line.chars().count() < 400), "{table}");
            }
            assert!(long > 0, "a message was longer than its column");
        })
        .await;
}

fn header(table: &str) -> Vec<&str> {
    table.lines().next().unwrap_or_default().split_whitespace().collect()
}

#[tokio::test]
async fn an_object_that_nobody_has_seen_yet_says_so() {
    scene("unseen")
        .play(async |scene| {
            for whole in [manifest::shipment(), manifest::connection(), manifest::decision()] {
                let made = manifest::asked(&scene.client, &scene.name, &whole).await.unwrap();
                assert_eq!(made.number("/status/observedGeneration"), Some(-1), "{}", whole["kind"]);
            }
            let mut small = manifest::shipment();
            small["spec"] = serde_json::json!({"userRef": {"id": "00u1"}, "key": {"model": "m"}});
            let made = manifest::asked(&scene.client, &scene.name, &small).await.unwrap();
            assert_eq!(made.text("/spec/connectionRef/name"), "default");
            assert_eq!(
                made.0.pointer("/spec/activation"),
                None::<&Value>,
                "what the connection decides has no default"
            );
        })
        .await;
}
