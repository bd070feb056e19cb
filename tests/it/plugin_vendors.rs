//! `kubectl yubikey` asks the vendors itself, with files that the caller names: the doctor before anything is installed,
//! and names of people on request. It changes nothing there.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    plugin::{self, Ran},
    sandbox::Sandbox,
    scene::{merge, scene},
};

/// A connection that is as the guides want it.
fn good(sandbox: &Sandbox) -> Value {
    let mut spec = sandbox.connection_spec();
    merge(
        &mut spec,
        json!({
            "okta": {"rpId": "localhost"}, "yubico": {"countries": ["US", "DE"]}, "orderingCluster": "ThisCluster",
        }),
    );
    spec
}

/// A copy of the sandbox's credential files, to be spoilt.
fn files(sandbox: &Sandbox, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for entry in fs::read_dir(sandbox.credentials("default")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

/// Runs the doctor where no cluster can be found.
async fn doctor(credentials: &Path, file: &Path, more: &[&str]) -> Ran {
    let mut command = Command::new(plugin::program("kubectl-yubikey"));
    command.arg("check").arg("--credentials-dir").arg(credentials).arg("--file").arg(file).args(more);
    command.env("KUBECONFIG", "/no/such/kubeconfig").env_remove("KUBERNETES_SERVICE_HOST");
    plugin::run(command).await
}

fn manifest(folder: &Path, spec: &Value) -> std::path::PathBuf {
    let file = folder.join("connection.yaml");
    let object = json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "acme"}, "spec": spec,
    });
    fs::write(&file, object.to_string()).unwrap();
    file
}

#[tokio::test]
async fn both_vendors_are_examined_without_a_cluster_and_nothing_is_changed_there() {
    let sandbox = Sandbox::start().await;
    let dir = tempfile::tempdir().unwrap();
    let file = manifest(dir.path(), &good(&sandbox));
    // The files stand in the folder itself, or in one by the connection's name.
    let (flat, named) = (dir.path().join("flat"), dir.path().join("named"));
    files(&sandbox, &flat);
    files(&sandbox, &named.join("acme"));
    let before = sandbox.last_call().await;
    for credentials in [&flat, &named] {
        let said = doctor(credentials, &file, &["--all"]).await.fine();
        for part in
            ["acme", "ready", "RoleAssigned", "ProductsKnown", "StockSufficient", "CredentialsExpiring"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert!(sandbox.effects_since(before).await.is_empty(), "nothing is changed at a vendor");
    // The chart's values, one connection of it by name, for a program.
    let values = dir.path().join("values.yaml");
    let text = json!({"connections": [{"name": "acme", "existingSecret": "s", "spec": good(&sandbox)}, {"name": "later"}]});
    fs::write(&values, text.to_string()).unwrap();
    let said = doctor(&flat, &values, &["acme", "-o", "json"]).await.fine();
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((found[0]["connection"].as_str(), found[0]["ready"].as_str()), (Some("acme"), Some("True")));
    for secret in sandbox.secrets().await {
        assert!(secret.value.len() < 8 || !said.contains(&secret.value), "{} is told", secret.kind);
    }
}

/// A fault, how it is made, and what shall be said of it.
struct Wrong {
    what: &'static str,
    said: &'static str,
    spec: Value,
    make: fn(&Path),
    org: Option<(&'static str, Value)>,
}

fn wrong(what: &'static str, said: &'static str) -> Wrong {
    Wrong { what, said, spec: json!({}), make: |_| {}, org: None }
}

fn faults() -> Vec<Wrong> {
    vec![
        Wrong {
            make: |dir| fs::remove_file(dir.join("yubico-api-token")).unwrap(),
            ..wrong("no token", "CredentialsMissing")
        },
        Wrong {
            make: |dir| fs::write(dir.join("okta-private-key"), "no key").unwrap(),
            ..wrong("no key in the file", "CredentialsInvalid")
        },
        Wrong {
            make: |dir| fs::write(dir.join("yubico-api-token"), "another").unwrap(),
            ..wrong("a token that is refused", "YubicoUnauthorized")
        },
        Wrong {
            spec: json!({"okta": {"auth": {"privateKeyJwt": {"keyId": "another"}}}}),
            ..wrong("a key id that Okta does not have", "OktaUnauthorized")
        },
        Wrong {
            spec: json!({"okta": {"orgUrl": "https://127.0.0.1:9"}}),
            ..wrong("an org that does not answer", "Unreachable")
        },
        Wrong {
            spec: json!({"keys": [{"name": "yubikey-5c-nfc", "productId": 999, "inventoryProductId": 106, "customizationId": "RXJN83"}]}),
            ..wrong("a product that is not there", "ProductUnknown")
        },
        Wrong {
            spec: json!({"okta": {"rpId": "example.com"}}),
            ..wrong("another RP id", "SignInHostMismatch")
        },
        Wrong {
            org: Some(("/okta", json!({"userVerification": "DISCOURAGED"}))),
            ..wrong("no PIN asked for", "UserVerificationDiscouraged")
        },
        Wrong {
            org: Some(("/settings", json!({"preregistrationEnabled": false}))),
            ..wrong("the feature is off", "FeatureOff")
        },
        Wrong {
            org: Some(("/keys/publish", json!({"set": "transport", "as": "empty"}))),
            ..wrong("no transport key", "VendorKeysUnusable")
        },
    ]
}

#[tokio::test]
async fn each_fault_is_found_alone_before_anything_is_installed_and_says_where_it_is_changed() {
    for fault in faults() {
        let sandbox = Sandbox::start().await;
        let dir = tempfile::tempdir().unwrap();
        let mut spec = good(&sandbox);
        merge(&mut spec, fault.spec);
        let (file, credentials) = (manifest(dir.path(), &spec), dir.path().join("files"));
        files(&sandbox, &credentials);
        (fault.make)(&credentials);
        if let Some((path, body)) = fault.org {
            sandbox.post(path, body).await;
        }
        let said = doctor(&credentials, &file, &[]).await.ends(3);
        assert!(said.out.contains(fault.said), "{}: {}", fault.what, said.out);
    }
}

#[tokio::test]
async fn what_the_doctor_cannot_begin_with_is_said_with_the_next_step() {
    let sandbox = Sandbox::start().await;
    let dir = tempfile::tempdir().unwrap();
    let file = manifest(dir.path(), &good(&sandbox));
    let empty = dir.path().join("empty.yaml");
    fs::write(&empty, "kind: Secret\n").unwrap();
    let mut spec = good(&sandbox);
    merge(&mut spec, json!({"okta": {"orgURL": "https://acme.okta.com"}}));
    let misspelt = dir.path().join("misspelt.yaml");
    fs::write(
        &misspelt,
        json!({"kind": "YubiKeyConnection", "metadata": {"name": "acme"}, "spec": spec}).to_string(),
    )
    .unwrap();
    let nowhere = dir.path().join("nowhere");
    for (credentials, file, more, code, part) in [
        (nowhere.as_path(), &file, &[][..], 1, "is not there"),
        (dir.path(), &nowhere, &[], 1, "cannot be read"),
        (dir.path(), &empty, &[], 1, "declares no connection"),
        (dir.path(), &misspelt, &[], 1, "spec.okta.orgURL"),
        (dir.path(), &file, &["another"], 2, "declares no connection another"),
    ] {
        let said = doctor(credentials, file, more).await.ends(code);
        assert!(said.err.contains(part) && said.err.contains("next:"), "{part}: {}", said.err);
    }
    let mut half = Command::new(plugin::program("kubectl-yubikey"));
    half.args(["check", "--credentials-dir", "."]);
    assert!(plugin::run(half).await.ends(2).err.contains("--file"), "the two go together");
}

#[tokio::test]
async fn names_are_shown_on_request_only_and_kept_nowhere() {
    scene("plugin-person")
        .connection(json!({"policy": {"showLogin": "Forbid"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene
                .sandbox
                .change_person(&login, json!({"profile": {"firstName": "Kimberly", "lastName": "Doe"}}))
                .await;
            scene.sandbox.post(&format!("/people/{login}/enrollments"), json!({"ageMinutes": 600})).await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_held("ExistingKey", &["RetryOrder", "AdoptOrder", "CancelOrder"]).await;
            let folder = scene.sandbox.credentials("default").display().to_string();
            let asked = ["--person", "--credentials-dir", &folder];
            for (command, code) in [(&["status"][..], 0), (&["status", "kim"], 0), (&["holds"], 3)] {
                let plain = scene.plugin(command).await.ends(code).out;
                assert!(!plain.contains("Kimberly"), "{command:?}: {plain}");
                let named = scene.plugin(&[command, &asked[..]].concat()).await.ends(code).out;
                assert!(named.contains("Kimberly Doe"), "{command:?}: {named}");
            }
            let json = scene.plugin(&[&["status", "-o", "json"], &asked[..]].concat()).await.fine();
            assert!(json.contains("Kimberly Doe"), "{json}");
            let kept =
                scene.kubectl().run(&["get", "yks,ykd,events", "-n", &scene.name, "-o", "json"]).await.fine();
            assert!(!kept.contains("Kimberly"), "the cluster holds no name");
            // The words go together, and files that do not open say so.
            assert!(scene.plugin(&["status", "--person"]).await.ends(2).err.contains("--credentials-dir"));
            let empty = tempfile::tempdir().unwrap();
            let wrong = ["status", "--person", "--credentials-dir", &empty.path().display().to_string()];
            let refused = scene.plugin(&wrong).await.ends(1);
            assert!(
                refused.err.contains("does not tell the names") && refused.err.contains("next:"),
                "{}",
                refused.err
            );
        })
        .await;
}
