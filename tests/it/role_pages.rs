//! The pages by role, walked as that person would: every command on them runs, and shows what the page says it shows.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use kube_test::{Access, User};
use serde_json::{Value, json};

use crate::support::{
    plugin::{self, Ran},
    root,
    scene::{Scene, merge, scene},
    shipment::Handle,
    tool,
};

/// Commands of a page: those of its blocks, and those that stand in a sentence or a table.
fn commands(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.trim().strip_prefix("$ ") {
            found.push(command.split("  #").next().unwrap_or(command).trim().to_owned());
            continue;
        }
        let quoted = line.split('`').skip(1).step_by(2);
        found.extend(
            quoted
                .filter(|code| code.starts_with("kubectl ") && *code != "kubectl yubikey")
                .map(str::to_owned),
        );
    }
    found
}

/// Runs a command of a page in a folder, in a shell that finds kubectl and the plugin.
async fn run(scene: &Scene, folder: &Path, user: Option<&User>, command: &str) -> Ran {
    let (tools, built) = (tool("kubectl"), plugin::program("kubectl-yubikey"));
    let path = [tools.parent(), built.parent()].map(|folder| folder.unwrap().display().to_string()).join(":");
    let mut shell = Command::new("bash");
    // Impersonation is how a test becomes the page's reader; who asks for somebody else asks as an administrator.
    let as_reader = match user {
        Some(user) if !command.contains("--as ") => command
            .replace("kubectl yubikey", &format!("kubectl-yubikey --as {}", user.name()))
            .replace("kubectl get", &format!("kubectl --as {} get", user.name())),
        _ => command.to_owned(),
    };
    shell.args(["-uo", "pipefail", "-c", &as_reader]).current_dir(folder);
    shell.env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap_or_default()));
    shell.env("KUBECONFIG", scene.plane().cluster.kubeconfig_file());
    plugin::run(shell).await
}

fn filled(command: &str, words: &[(&str, &str)]) -> String {
    let filled = words.iter().fold(command.to_owned(), |text, (word, value)| text.replace(word, value));
    let left: Vec<_> = ["NAME", "TEAM", "USER", "LOGIN", "MODEL", "OKTA-ID", "DIR"]
        .into_iter()
        .filter(|word| filled.split(|sign: char| !sign.is_ascii_alphanumeric()).any(|part| part == *word))
        .collect();
    assert!(left.is_empty(), "{filled}: {left:?} is not filled in");
    filled
}

fn is_secret_free(said: &str, secrets: &[testbed::leaks::Secret]) -> bool {
    secrets.iter().all(|secret| secret.value.len() < 8 || !said.contains(&secret.value))
}

#[tokio::test]
async fn the_okta_admins_commands_make_a_key_that_is_read_and_a_report_before_anything_is_installed() {
    scene("page-okta")
        .play(async |scene| {
            let dir = tempfile::tempdir().unwrap();
            let commands = commands("docs/okta-admin.md");
            let (keys, checks): (Vec<_>, Vec<_>) =
                commands.iter().partition(|command| command.starts_with("openssl"));
            assert_eq!((keys.len(), checks.len()), (2, 1), "{commands:?}");
            // What is handed over: five things that are not secret, in the platform engineer's file.
            let mut spec = scene.sandbox.connection_spec();
            merge(&mut spec, json!({"okta": {"rpId": "localhost"}, "yubico": {"countries": ["US", "DE"]}, "orderingCluster": "ThisCluster"}));
            let declare = |spec: &Value| {
                let object = json!({"apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "acme"}, "spec": spec});
                fs::write(dir.path().join("connection.yaml"), object.to_string()).unwrap();
            };
            let files = dir.path().join("credentials");
            fs::create_dir(&files).unwrap();
            for entry in fs::read_dir(scene.sandbox.credentials("default")).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), files.join(entry.file_name())).unwrap();
            }
            declare(&spec);
            let before = scene.sandbox.last_call().await;
            let said = run(scene, dir.path(), None, checks[0]).await.fine();
            assert!(said.contains("ready") && said.contains("checks hold"), "{said}");
            assert!(scene.sandbox.effects_since(before).await.is_empty(), "it changes nothing");

            // The pair of the page is read as it is; Okta alone does not know it yet.
            let mut public = String::new();
            for command in keys {
                public.push_str(&run(scene, dir.path(), None, command).await.fine());
            }
            assert!(public.contains("BEGIN PUBLIC KEY"), "{public}");
            fs::copy(dir.path().join("okta-private-key"), files.join("okta-private-key")).unwrap();
            merge(&mut spec, json!({"okta": {"auth": {"privateKeyJwt": {"algorithm": "ES256"}}}}));
            declare(&spec);
            let said = run(scene, dir.path(), None, checks[0]).await.ends(3);
            assert!(said.out.contains("OktaUnauthorized") && !said.out.contains("CredentialsInvalid"), "{}", said.out);
            assert!(is_secret_free(&said.out, &scene.sandbox.secrets().await));
        })
        .await;
}

/// A reader whose rights are the built-in role `view` everywhere, as the page asks for.
async fn viewer(scene: &Scene) -> User {
    let user = User::new(&format!("viewer-{}", scene.name));
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": user.name()},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user.name()}],
    });
    scene.kubectl().apply(&binding.to_string()).await.fine();
    let access = Access::new("list", "yubikeyconnections.fidoprereg.dev");
    scene.plane().cluster.until_allowed(&user, &access, true).await.unwrap();
    user
}

#[tokio::test]
async fn the_auditors_commands_show_what_they_promise_and_change_nothing() {
    scene("page-auditor")
        .play(async |scene| {
            let (_, held) = scene.existing_key().await;
            let answer = ["decide", "kim", "--choice", "CancelOrder", "--reason", "has a key", "--yes"];
            scene.plugin(&answer).await.fine();
            let auditor = viewer(scene).await;
            let dir = tempfile::tempdir().unwrap();
            let (team, user) = (scene.name.as_str(), "nobody-at-all");
            let login = scene.login("kim");
            let id = held.text("/status/userId");
            let credentials = scene.sandbox.credentials("default").display().to_string();
            let words = [
                ("OKTA-ID", id),
                ("LOGIN", login.as_str()),
                ("TEAM", team),
                ("USER", user),
                ("NAME", "kim"),
                ("DIR", credentials.as_str()),
                ("yubikey-shipments", team),
                ("-A --credentials-dir", &*format!("-n {team} --credentials-dir")),
            ];
            let before = scene.kubectl().run(&["get", "yks,ykd", "-n", team, "-o", "json"]).await.fine();
            let effects = scene.sandbox.last_call().await;
            let mut kinds = BTreeSet::new();
            for command in commands("docs/auditor.md") {
                let command = filled(&command, &words);
                kinds.insert(command.split(' ').take(3).collect::<Vec<_>>().join(" "));
                let said = run(scene, dir.path(), Some(&auditor), &command).await;
                let shown = format!("{command}\nout: {}\nerr: {}", said.out, said.err);
                match command.as_str() {
                    c if c.contains("can-i") => assert!(said.out.contains("no"), "{shown}"),
                    c if c.contains("yubikey report") => {
                        assert!(said.code == 0 && said.out.contains(team), "{shown}");
                    }
                    // Others in the cluster may contradict something meanwhile.
                    c if c.contains("yubikey audit") => {
                        assert!([0, 3].contains(&said.code) && said.err.contains("compared"), "{shown}");
                    }
                    c if c.contains("ykd -n") => assert!(said.out.contains("CancelOrder"), "{shown}"),
                    c if c.contains("managed-fields") => assert!(said.out.contains("manager:"), "{shown}"),
                    c if c.contains("grep") => assert!(said.out.contains(id), "{shown}"),
                    _ => assert!(said.code == 0 && !said.out.is_empty(), "{shown}"),
                }
            }
            assert!(kinds.len() >= 5, "{kinds:?}");
            assert!(scene.sandbox.effects_since(effects).await.is_empty());
            let after = scene.kubectl().run(&["get", "yks,ykd", "-n", team, "-o", "json"]).await.fine();
            assert_eq!(before, after, "they change nothing");
            scene.kubectl().run(&["delete", "clusterrolebinding", auditor.name()]).await.fine();
        })
        .await;
}

#[tokio::test]
async fn the_help_desks_commands_work_in_their_order_on_a_key_that_was_delivered() {
    scene("page-desk")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&order, 104).await;
            shipment.look_now().await;
            shipment.until_reason("Activated").await;
            let dir = tempfile::tempdir().unwrap();
            let another = scene.person("bo", "ACTIVE").await;
            let credentials = scene.sandbox.credentials("default").display().to_string();
            let words = [
                ("NAME-2", "bo-2"),
                ("LOGIN", another.as_str()),
                ("MODEL", "yubikey-5c-nfc"),
                ("NAME", "kim"),
                ("TEAM", scene.name.as_str()),
                ("DIR", &credentials),
                ("ann.lee", "kim"),
                ("yubikey holds -A", &*format!("yubikey holds -n {}", scene.name)),
            ];
            let mut deletion = None;
            let mut ran = 0;
            for command in commands("docs/help-desk.md") {
                let mut command = filled(&command, &words);
                if command.contains(" decide ") {
                    // Nothing waits: it says so, and the answers are tried elsewhere.
                    assert!(
                        run(scene, dir.path(), None, &command)
                            .await
                            .ends(1)
                            .err
                            .contains("no hold to answer")
                    );
                    continue;
                }
                if command.contains("kubectl delete") {
                    deletion = Some(command);
                    continue;
                }
                if command.contains(" order ") {
                    command = format!("{command} --connection {} --yes", scene.name);
                }
                if command.contains("resend-pin") {
                    command = format!("{command} --yes");
                }
                let said = run(scene, dir.path(), None, &command).await;
                let fine = said.code == 0 || (said.code == 3 && command.contains("report"));
                assert!(fine, "{command}\nout: {}\nerr: {}", said.out, said.err);
                ran += 1;
            }
            assert!(ran >= 9, "{ran}");
            shipment
                .until("mailed twice", |o| {
                    o.0["status"]["pin"]["mails"].as_array().is_some_and(|all| all.len() == 2)
                })
                .await;
            Handle::shipment(&scene.client, &scene.name, "bo-2").until_ordered().await;
            assert_eq!(scene.sandbox.orders().await.len(), 2, "one for each person");
            let deletion = deletion.expect("the page deletes what a leaver has");
            run(scene, dir.path(), None, &deletion).await.fine();
            shipment.until_gone().await;
        })
        .await;
}
