//! `kubectl yubikey`: orders, imports, checks, audits and reports.

use serde_json::{Value, json};

use crate::support::scene::scene;

const MODEL: &str = "yubikey-5c-nfc";

#[tokio::test]
async fn a_key_is_ordered_once_and_where_git_manages_the_namespace_only_a_manifest_is_printed() {
    scene("plugin-order")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let order = ["order", &login, "--model", MODEL, "--connection", &scene.name];
            let unsure = scene.plugin(&order).await.ends(2);
            assert!(unsure.err.contains("--yes"), "{}", unsure.err);
            let wrong = ["order", &login, "--model", "gold", "--connection", &scene.name, "--yes"];
            assert!(scene.plugin(&wrong).await.ends(2).err.contains(MODEL), "the models there are");
            let nowhere = ["order", &login, "--model", MODEL, "--connection", "none", "--yes"];
            assert!(scene.plugin(&nowhere).await.ends(1).err.contains("no connection none"));
            let tried = scene.plugin(&[&order[..], &["--dry-run", "server"]].concat()).await.fine();
            assert!(tried.contains("would be created"), "{tried}");
            scene.plugin(&[&order[..], &["--yes"]].concat()).await.fine();
            let shipment = crate::support::shipment::Handle::shipment(&scene.client, &scene.name, "kim");
            shipment.until_ordered().await;
            // Under whatever name: the person has one.
            let again = scene.plugin(&[&order[..], &["--yes", "--name", "kim-again"]].concat()).await.ends(1);
            assert!(
                again.err.contains("has shipment") && again.err.contains("/kim already"),
                "{}",
                again.err
            );
            let label =
                json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "people"}}}).to_string();
            scene
                .kubectl()
                .run(&["patch", "namespace", &scene.name, "--type=merge", "-p", &label])
                .await
                .fine();
            let lee = scene.person("lee", "ACTIVE").await;
            let printed =
                scene.plugin(&["order", &lee, "--model", MODEL, "--connection", &scene.name]).await.ends(0);
            assert!(
                printed.out.contains("kind: YubiKeyShipment") && printed.err.contains("Flux"),
                "{printed:?}"
            );
            assert_eq!(scene.shipments().await.len(), 1, "nothing was created");
            scene.kubectl().with_input(&["apply", "--dry-run=server", "-f", "-"], &printed.out).await.fine();
        })
        .await;
}

#[tokio::test]
async fn a_list_of_people_becomes_a_report_by_row_and_a_rollout_that_the_cluster_takes() {
    scene("plugin-import")
        .play(async |scene| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("people.csv");
            let path = file.to_str().unwrap();
            let kim = scene.person("kim", "ACTIVE").await;
            std::fs::write(
                &file,
                format!("Username,Key\n{kim},{MODEL}\n{kim},{MODEL}\n,{MODEL}\nlee@x.example,gold\n"),
            )
            .unwrap();
            let import = ["import", path, "--connection", &scene.name];
            let report = scene.plugin(&import).await.ends(3);
            for part in ["the same person as line 2", "it names nobody", "no such key model", "gets a key"] {
                assert!(report.out.contains(part), "{part}: {}", report.out);
            }
            let refused = scene.plugin(&[&import[..], &["-o", "yaml"]].concat()).await.ends(3);
            assert!(!refused.out.contains("kind:"), "no half of a manifest: {}", refused.out);
            let manifest = [&import[..], &["-o", "yaml", "--skip-faulty", "--name", "staff"]].concat();
            let printed = scene.plugin(&manifest).await.ends(3).out;
            scene.kubectl().apply(&printed).await.fine();
            let rollout = crate::support::shipment::Handle::rollout(&scene.client, &scene.name, "staff");
            rollout.until_reason("DryRun").await;
            let tree = scene.plugin(&["status", "ykr/staff"]).await.fine();
            assert!(tree.contains("rollout staff") && tree.contains("DryRun"), "{tree}");
        })
        .await;
}

#[tokio::test]
async fn checks_an_audit_and_a_report_tell_what_stands() {
    scene("plugin-tell")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let ordered = shipment.until_ordered().await;
            let checked = scene.plugin(&["check", &scene.name, "-o", "json"]).await;
            assert!([0, 3].contains(&checked.code), "{checked:?}");
            let value: Value = serde_json::from_str(&checked.out).unwrap();
            assert_eq!(value[0]["connection"], scene.name.as_str());
            let tree = scene.plugin(&["check", &scene.name, "--all"]).await;
            assert!(tree.out.contains("ready"), "{}", tree.out);
            let calm = scene.plugin(&["audit"]).await.ends(0);
            assert!(
                calm.err.contains("1 shipments") && calm.err.contains("0 contradictions"),
                "{}",
                calm.err
            );
            let csv = scene.plugin(&["report", "-o", "csv"]).await.fine();
            assert!(csv.starts_with("month,connection,namespace,key"), "{csv}");
            let row = csv.lines().nth(1).unwrap_or_default();
            assert!(row.contains(&scene.name) && row.contains(",1,1,1,0,0,"), "{csv}");
            // A copy of the status, as a restore under another name makes it.
            let copy = scene.ship_with("copy", &scene.login("copy"), json!({"suspend": true})).await;
            copy.until_reason("Suspended").await;
            let mut status = ordered.0["status"].clone();
            status["observedGeneration"] = json!(1);
            copy.change_status(status).await;
            let found = scene.plugin(&["audit"]).await.ends(3);
            assert!(found.out.contains("ClaimedTwice") && found.out.contains("next:"), "{}", found.out);
        })
        .await;
}

#[tokio::test]
async fn what_is_watched_is_shown_again_when_it_changes() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    scene("plugin-watch")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            shipment.until_reason("Suspended").await;
            let mut child = tokio::process::Command::new(crate::support::plugin::program("kubectl-yubikey"))
                .env("KUBECONFIG", scene.plane().cluster.kubeconfig_file())
                .args(["status", "--watch", "-n", &scene.name])
                .stdout(std::process::Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut until = async |part: &str| {
                let seen = async {
                    while let Some(line) = lines.next_line().await.unwrap() {
                        if line.contains(part) {
                            return true;
                        }
                    }
                    false
                };
                tokio::time::timeout(crate::support::DEADLINE, seen).await.unwrap_or(false)
            };
            assert!(until("Suspended").await, "as it is");
            shipment.change(json!({"suspend": false})).await;
            assert!(until("AwaitingShipment").await, "as it becomes");
            // Ctrl-C ends it at once, with the number that shells know.
            let pid = child.id().unwrap().to_string();
            let sent = tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
            assert!(sent.success());
            let ended = tokio::time::timeout(crate::support::DEADLINE, child.wait()).await.unwrap().unwrap();
            assert_eq!(ended.code(), Some(130));
        })
        .await;
}
