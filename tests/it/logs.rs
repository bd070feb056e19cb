//! Logs: every line about a shipment says which, in both forms; the level follows a file.

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};

use crate::support::{
    calls::{ORDER, USERS},
    mount::Mount,
    operator::{Launch, Operator},
    operator_program,
    scene::{Scene, own_scene},
    until,
};

/// Names that stand nowhere but in lines about these shipments.
const GOOD: &str = "well-and-good";
const HELD: &str = "held-for-now";

/// What a whole road asks the vendors for, in the operator's words.
const ROAD: [&str; 7] =
    ["user-by-login", "enroll", "order", "shipment", "activate", "send-pin", "validate-address"];

/// One shipment to its end and one that is held, each with its uid's beginning.
async fn walk(scene: &Scene) -> (String, String) {
    let login = scene.person(GOOD, "ACTIVE").await;
    let good = scene.ship(GOOD, &login).await;
    let order = good.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 104).await;
    let ended = good.until_reason("Activated").await;
    scene.sandbox.fault(ORDER, json!({"kind": "status", "status": 400})).await;
    let login = scene.person(HELD, "ACTIVE").await;
    let held = scene.ship(HELD, &login).await.until_reason("OrderRefused").await;
    let id = |object: &crate::support::object::Object| object.text("/metadata/uid")[..8].to_owned();
    (id(&ended), id(&held))
}

async fn operate(scene: &Scene, name: &str, more: &[&str], rust_log: &str) {
    scene.operate(Launch::on(scene.plane(), name).with(more).set("RUST_LOG", rust_log)).await;
}

fn said(scene: &Scene) -> String {
    scene.operator().as_ref().unwrap().said()
}

#[tokio::test]
async fn every_line_about_a_shipment_bears_its_id_in_both_forms_and_after_a_restart() {
    own_scene("logs")
        .play(async |scene| {
            let ours = "info,yubikey_shipment_operator=debug";
            operate(scene, "json", &["--log-format", "json"], ours).await;
            let (good, held) = walk(scene).await;
            let lines = objects(&said(scene));
            of_one_shipment(&lines, GOOD, &good);
            of_one_shipment(&lines, HELD, &held);
            calls_are_told_apart(&lines, &good);
            connections_are_named(scene, &lines);

            // The same id in another process, another form, and at a level that shows only what is wrong.
            operate(scene, "text", &[], ours).await;
            scene.sandbox.fault_always(USERS, json!({"kind": "status", "status": 500})).await;
            let login = scene.person("late", "ACTIVE").await;
            let late = scene.ship("later-on", &login).await;
            let waits = late.until("the failure is told", |object| object.has("/status/failure")).await;
            let id = waits.text("/metadata/uid")[..8].to_owned();
            let text = said(scene);
            in_text(&text, HELD, &held);
            in_text(&text, "later-on", &id);
            operate(scene, "quiet", &[], "warn,yubikey_shipment_operator::cli=info").await;
            let warned = until(async || said(scene).contains("later-on").then(|| said(scene))).await;
            in_text(&warned.expect("a failure is said at warn"), "later-on", &id);
        })
        .await;
}

#[test]
fn a_fault_of_the_process_is_an_object_too() {
    let arguments = ["run", "--credentials-dir", "/no/such/place", "--log-format", "json"];
    let output = Command::new(operator_program()).args(arguments).env_clear().output().unwrap();
    assert!(!output.status.success());
    let lines = objects(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0]["message"].as_str().unwrap().contains("/no/such/place"), "{lines:#?}");
}

fn objects(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(value[field].is_string(), "{field} in {line}");
        }
        value
    });
    lines.collect()
}

/// What tells of the shipment bears its id, and what bears its id tells its name.
fn of_one_shipment(lines: &[Value], name: &str, id: &str) {
    let about: Vec<_> = lines.iter().filter(|line| line.to_string().contains(name)).collect();
    assert!(about.len() > 5, "{} lines about {name}", about.len());
    let without: Vec<_> = about.iter().filter(|line| line["span"]["id"] != id).collect();
    assert!(without.is_empty(), "{without:#?}");
    let with: Vec<_> = lines.iter().filter(|line| line["span"]["id"] == id).collect();
    let whole =
        with.iter().all(|line| line["span"]["shipment"].as_str().unwrap().ends_with(&format!("/{name}")));
    assert!(whole, "{with:#?}");
    assert!(
        with.iter().any(|line| line["message"].as_str().unwrap().starts_with("YubiEnterprise")),
        "{with:#?}"
    );
}

fn calls_are_told_apart(lines: &[Value], id: &str) {
    let of_it = lines.iter().filter(|line| line["span"]["id"] == id);
    let operations: BTreeSet<_> = of_it.filter_map(|line| line["span"]["operation"].as_str()).collect();
    for operation in ROAD {
        assert!(operations.contains(operation), "{operation} in {operations:?}");
    }
    let orders: Vec<_> = lines.iter().filter(|line| line["span"]["operation"] == "order").collect();
    assert!(orders.iter().all(|line| line["span"]["id"].is_string() && line["span"]["api"] == "yubico"));
    assert!(orders.iter().any(|line| line["span"]["status"] == 400), "the refusal's status: {orders:#?}");
}

fn connections_are_named(scene: &Scene, lines: &[Value]) {
    let mut preflight = lines.iter().filter(|line| line["span"]["operation"] == "inventory");
    assert!(preflight.all(|line| line["span"]["connection"] == scene.name.as_str()), "{lines:#?}");
}

fn in_text(log: &str, name: &str, id: &str) {
    let about: Vec<_> = log.lines().filter(|line| line.contains(name)).collect();
    assert!(!about.is_empty(), "no line about {name}");
    let mark = format!(r#"id="{id}""#);
    let without: Vec<_> = about.iter().filter(|line| !line.contains(&mark)).collect();
    assert!(without.is_empty(), "{mark} in {without:#?}");
}

#[tokio::test]
async fn the_level_follows_a_file_without_a_restart_and_a_slip_of_the_pen_changes_nothing() {
    own_scene("level")
        .play(async |scene| {
            let source = tempfile::tempdir().unwrap();
            std::fs::write(source.path().join("log-level"), "info\n").unwrap();
            let mount = Mount::copy(source.path(), &scene.plane().dir.join("config"));
            let file = mount.dir().join("log-level");
            // The file's word goes before.
            operate(scene, "level", &["--log-level-file", file.to_str().unwrap()], "trace").await;
            let details = async |name: &str| {
                let login = scene.person(name, "ACTIVE").await;
                scene.ship_with(name, &login, json!({"suspend": true})).await.until_reason("Suspended").await;
                let log = said(scene);
                let about = log.lines().filter(|line| line.contains(name));
                about.filter(|line| line.contains(" DEBUG ")).count()
            };
            assert_eq!(details("at-info").await, 0);
            set(scene, &mount, "info,yubikey_shipment_operator=debug\n", "the log level changes").await;
            assert!(details("at-debug").await > 0);
            set(scene, &mount, "debgu\n", "the log level stays as it is").await;
            assert!(details("as-before").await > 0, "a slip of the pen silences nothing");
            set(scene, &mount, "trace\n", "level=\"trace\"").await;
            let log = said(scene);
            assert!(
                !log.lines().any(|line| line.contains(" hyper") && line.contains("TRACE")),
                "libraries stay quiet"
            );
            set(scene, &mount, "info\n", "level=\"info\"").await;
            assert_eq!(details("at-info-again").await, 0);
            let log = said(scene);
            let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
            assert_eq!(count("the log level stays as it is"), 1, "one warning");
            assert_eq!(count("started"), 1, "it was not restarted");
            assert!(!log.contains("debgu"), "what the file holds is not repeated");
        })
        .await;
}

/// Changes the file as the kubelet does and waits until it is said.
async fn set(scene: &Scene, mount: &Mount, level: &str, words: &str) {
    let before = said(scene).len();
    mount.set("log-level", level.as_bytes());
    let told = until(async || said(scene)[before..].contains(words).then_some(())).await;
    assert!(
        told.is_some(),
        "{words}:\n{}",
        scene.operator().as_ref().map_or(String::new(), |o: &Operator| o.tail(20))
    );
}
