//! What `/metrics` tells: all that is documented and nothing else, whatever the number of shipments.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{
    operator::{Launch, Operator},
    plane::Plane,
    root,
    scene::{Scene, own_scene},
    scrape::{PREFIX, Scrape},
    until,
};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// As many as the first walk brings, and as many as there are in the end.
const FEW: usize = 10;
const MANY: usize = 1000;

/// Declared at once; the next ones follow when these have come to rest.
const BATCH: usize = 110;

async fn scrape(operator: &Operator) -> Scrape {
    Scrape::of(&operator.get("metrics").await.expect("the metrics are served"))
}

/// As a scraper asks for a form: the type of the answer, and its text.
async fn answer(address: &str, accept: Option<&str>) -> (String, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.get(format!("http://{address}/metrics"));
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["vary"], "accept", "a cache keeps the forms apart");
    (answer.headers()["content-type"].to_str().unwrap().to_owned(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_scraper_gets_the_form_that_it_asks_for() {
    let plane = Plane::own("forms").await;
    let operator = Operator::start(&plane, "info").await;
    let newest = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for (accept, form) in [
        (None, TEXT),
        (Some("*/*"), TEXT),
        (Some("text/plain;version=0.0.4;q=1,*/*;q=0.1"), TEXT),
        (Some("application/json"), TEXT),
        (Some(newest), OPEN_METRICS),
        (Some("application/openmetrics-text"), OPEN_METRICS),
    ] {
        let (kind, text) = answer(&operator.address, accept).await;
        assert_eq!(kind, form, "{accept:?}");
        assert_eq!(text.ends_with("# EOF\n"), form == OPEN_METRICS, "{accept:?}");
        assert_eq!(
            text.contains("# TYPE yubikey_shipment_operator_build_info gauge\n"),
            form == TEXT,
            "{text}"
        );
        assert_eq!(
            Scrape::of(&text).value("build_info", &[concat!("version=", env!("CARGO_PKG_VERSION"))]),
            Some(1.0)
        );
    }
    operator.stop();
}

async fn scraped(scene: &Scene) -> Scrape {
    let address = scene.operator().as_ref().unwrap().address.clone();
    let (kind, text) = answer(&address, Some("application/openmetrics-text; version=1.0.0")).await;
    assert_eq!(kind, OPEN_METRICS);
    Scrape::of(&text)
}

#[tokio::test]
async fn metrics_are_those_that_are_documented_and_as_many_after_a_thousand_shipments_as_after_ten() {
    own_scene("metrics")
        .play(async |scene| {
            let people = format!("{}-people", scene.name);
            scene.namespace(&people).await;
            let mark = r#"[{"op": "add", "path": "/spec/keys/0/lowStock", "value": 25}]"#;
            let patch = ["patch", "ykc", &scene.name, "--type", "json", "-p", mark];
            scene.kubectl().run(&patch).await.fine();
            ten(scene, &people).await;
            let few = settled(scene, FEW).await;
            told_of_the_ten(scene, &few);
            both_ways(&few);

            let more: Vec<_> = (FEW..MANY).collect();
            for batch in more.chunks(BATCH) {
                declare(scene, &people, batch).await;
                settled(scene, batch.last().unwrap() + 1).await;
            }
            let many = settled(scene, MANY).await;
            assert_eq!(many.count("shipments"), MANY);
            let (before, after) = (few.series(), many.series());
            let new: Vec<_> = after.difference(&before).collect();
            assert!(new.is_empty(), "series that came with more shipments: {new:#?}");
            assert_eq!(before.len(), after.len(), "{:#?}", before.difference(&after).collect::<Vec<_>>());
            println!("{} series with {FEW} and with {MANY} shipments", after.len());
            names_nobody(scene, &people, &many).await;
        })
        .await;
}

/// Whole roads, and holds and rests of every cheap kind.
async fn ten(scene: &Scene, people: &str) {
    for (name, status) in [("walks-0", "STAGED"), ("walks-1", "ACTIVE")] {
        let login = scene.person(name, status).await;
        let shipment = scene.ship_in(people, name, &login, json!({})).await;
        let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
        scene.sandbox.set_state(&order, 103).await;
        shipment.until_phase("Shipped").await;
        scene.sandbox.set_state(&order, 104).await;
        shipment.until_reason("Activated").await;
    }
    let login = scene.person("has-one", "ACTIVE").await;
    let enrolled = json!({"status": "ACTIVE", "ageMinutes": 600});
    scene.sandbox.post(&format!("/people/{login}/enrollments"), enrolled).await;
    scene.ship_in(people, "has-one", &login, json!({})).await.until_reason("ExistingKey").await;
    let nobody = scene.login("nobody");
    scene.ship_in(people, "nobody", &nobody, json!({})).await.until_reason("UserNotFound").await;
    let unknown = json!({"key": {"model": "no-such-model"}});
    scene.ship_in(people, "which", &nobody, unknown).await.until_reason("UnknownKeyModel").await;
    declare(scene, people, &[5, 6, 7, 8, 9]).await;
}

/// Shipments that come to rest without a call: suspended, not admitted, and with connections that do not exist.
async fn declare(scene: &Scene, people: &str, numbers: &[usize]) {
    let one = async |number: &usize| {
        let more = match number % 5 {
            0..=2 => json!({"suspend": true}),
            3 => json!({"recipient": {"company": "Elsewhere"}}),
            _ => json!({"connectionRef": {"name": format!("made-up-{number}")}}),
        };
        let name = format!("many-{number}");
        scene.ship_in(people, &name, &scene.login(&name), more).await;
    };
    stream::iter(numbers).map(one).buffer_unordered(8).collect::<Vec<()>>().await;
}

/// Waits until so many shipments have been looked at.
async fn settled(scene: &Scene, count: usize) -> Scrape {
    let suspended = (5..count).filter(|number| number % 5 <= 2).count();
    let held = count - suspended - 2;
    let met = until(async || {
        let scrape = scraped(scene).await;
        let rests = u32::try_from(suspended).unwrap();
        let pending = scrape.value("shipments", &[&format!("connection={}", scene.name), "phase=Pending"]);
        (pending == Some(f64::from(rests)) && scrape.count("holds") == held).then_some(scrape)
    });
    match met.await {
        Some(scrape) => scrape,
        None => panic!("{count} shipments do not settle:\n{}", scraped(scene).await.text),
    }
}

fn told_of_the_ten(scene: &Scene, told: &Scrape) {
    let connection = format!("connection={}", scene.name);
    let of_ours = |name: &str, more: &[&str]| {
        let labels: Vec<_> = more.iter().copied().chain([connection.as_str()]).collect();
        told.value(name, &labels)
    };
    assert_eq!(of_ours("shipments", &["phase=Activated"]), Some(2.0));
    assert_eq!(of_ours("shipments", &["phase=Held"]), Some(4.0));
    assert_eq!(of_ours("shipments", &["phase=Shipped"]), Some(0.0), "every phase always");
    for reason in ["ExistingKey", "UserNotFound", "UnknownKeyModel", "ForbiddenByConnection"] {
        assert_eq!(of_ours("holds", &[&format!("reason={reason}")]), Some(1.0), "{reason}");
    }
    assert_eq!(told.value("holds", &["connection=", "reason=ConnectionNotFound"]), Some(1.0));
    assert_eq!(told.value("shipments", &["connection=", "phase=Held"]), Some(1.0));
    assert!(of_ours("oldest_hold_age_seconds", &[]).unwrap() < 3600.0);
    assert_eq!(of_ours("order_to_activation_seconds_count", &[]), Some(2.0), "once for each credential");
    assert_eq!(of_ours("connection_ready", &[]), Some(1.0));
    let stock = of_ours("stock", &["model=yubikey-5c-nfc"]).unwrap();
    assert!((400.0..=500.0).contains(&stock), "the bucket has 500 keys at the start: {stock}");
    assert_eq!(of_ours("stock_low_threshold", &["model=yubikey-5c-nfc"]), Some(25.0), "keys[].lowStock");
    assert_eq!(told.value("leader", &[]), Some(1.0), "without a lease it always acts");
    let orders = ["api=yubico", "operation=order", "outcome=ok"];
    assert_eq!(told.value("remote_calls_total", &orders), Some(2.0));
    let passes = ["kind=YubiKeyShipment", "outcome=ok"];
    assert!(told.value("reconciles_total", &passes).unwrap() >= 10.0);
    let failures = ["kind=YubiKeyShipment", "reason=ConnectionNotFound"];
    assert!(told.value("failures_total", &failures).unwrap() >= 1.0);
    for api in ["api=okta", "api=yubico"] {
        assert!(told.value("rate_limit_wait_seconds_count", &[api]).unwrap() > 0.0);
    }
}

/// The table of `docs/metrics.md`: name to type and labels.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    assert!(page.contains(PREFIX));
    let rows = page.lines().skip_while(|line| !line.starts_with("| metric |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let names: Vec<String> = quoted(cells[1]);
        let labels: Vec<String> = quoted(cells[3]);
        (names[0].clone(), (cells[2].to_owned(), labels.into_iter().collect()))
    });
    rows.collect()
}

/// The values that `docs/metrics.md` lists for a label.
fn documented_values(label: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| label |"));
    let mut row =
        rows.filter(|line| line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{label}`"))));
    row.next().unwrap_or_else(|| panic!("the values of {label} are documented")).to_owned()
}

fn both_ways(scrape: &Scrape) {
    let (told, documented) = (scrape.documented_form(), documented());
    assert!(documented.len() > 12, "the table is read: {documented:#?}");
    for (name, form) in &told {
        assert_eq!(documented.get(name), Some(form), "{name} is documented as it is");
    }
    for name in documented.keys() {
        assert!(told.contains_key(name), "{name} is documented and not there");
    }
    for label in ["phase", "kind", "api", "operation", "credential"] {
        let listed = documented_values(label);
        for value in scrape.samples.iter().filter_map(|sample| sample.labels.get(label)) {
            assert!(listed.contains(&format!("`{value}`")), "{label} {value} is documented");
        }
    }
    let reasons = std::fs::read_to_string(root().join("docs/reasons.md")).unwrap();
    for sample in &scrape.samples {
        for value in ["reason", "outcome"].iter().filter_map(|label| sample.labels.get(*label)) {
            assert!(value == "ok" || reasons.contains(&format!("`{value}`")), "{value} of {}", sample.name);
        }
    }
}

/// No label tells a person, a namespace, a shipment, or what somebody wrote into one.
async fn names_nobody(scene: &Scene, people: &str, scrape: &Scrape) {
    let list = scene.kubectl().run(&["get", "yks", "-n", people, "-o", "json"]).await.fine();
    let list: Value = serde_json::from_str(&list).unwrap();
    let shipments = list["items"].as_array().unwrap();
    assert_eq!(shipments.len(), MANY);
    let mut personal = BTreeSet::from([people.to_owned(), "made-up".to_owned()]);
    let pointers = [
        "/metadata/name",
        "/metadata/uid",
        "/spec/userRef/login",
        "/status/userId",
        "/status/order/shipmentId",
    ];
    for shipment in shipments {
        personal.extend(pointers.iter().filter_map(|p| shipment.pointer(p)?.as_str()).map(str::to_owned));
    }
    assert!(personal.len() > 3 * MANY, "{} names are looked for", personal.len());
    let values: BTreeSet<_> = scrape.samples.iter().flat_map(|sample| sample.labels.values()).collect();
    let found: Vec<_> =
        personal.iter().filter(|name| values.iter().any(|value| value.contains(name.as_str()))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn every_replica_tells_the_shipments_and_only_the_leader_what_it_reads() {
    own_scene("standby")
        // The order stays as it was accepted for as long as anybody asks.
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            scene.rest_operator();
            let lease = ["--lease", "yubikey-shipments/yubikey-shipment-operator", "--lease-seconds", "60"];
            let replica = async |name: &str| {
                let launch = Launch::on(scene.plane(), name).with(&lease).with(&["--identity", name]);
                let operator = launch.go().await;
                operator.is_ready().await;
                operator
            };
            let leader = replica("a").await;
            let leads =
                until(async || (scrape(&leader).await.value("leader", &[]) == Some(1.0)).then_some(()));
            leads.await.expect("it leads");
            let standby = replica("b").await;
            scene.connection().until_reason("Succeeded").await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_phase("Ordered").await;
            let connection = format!("connection={}", scene.name);
            let told = async |operator: &Operator| {
                let seen = until(async || {
                    let scrape = scrape(operator).await;
                    let ordered = scrape.value("shipments", &[&connection, "phase=Ordered"]) == Some(1.0);
                    let ready = scrape.value("connection_ready", &[&connection]) == Some(1.0);
                    (ordered && ready).then_some(scrape)
                });
                seen.await.expect("each tells what the cluster holds")
            };
            let (first, second) = (told(&leader).await, told(&standby).await);
            assert_eq!((first.value("leader", &[]), second.value("leader", &[])), (Some(1.0), Some(0.0)));
            let model = [connection.as_str(), "model=yubikey-5c-nfc"];
            assert!(first.value("stock", &model).is_some());
            assert_eq!(second.value("stock", &model), None, "the standby reads nothing from the vendors");
            assert!(first.count("reconciles_total") > 0);
            assert_eq!(second.count("reconciles_total"), 0, "nor does it pass over anything");

            // What is deleted leaves no series behind.
            scene.connect("passing", scene.connection_spec()).await;
            let has = |scrape: &Scrape| scrape.text.contains("connection=\"passing\"");
            let there = until(async || has(&scrape(&leader).await).then_some(())).await;
            assert!(there.is_some(), "a connection is told as soon as it is there");
            scene.kubectl().run(&["delete", "ykc", "passing", "--wait=true"]).await.fine();
            let gone = until(async || (!has(&scrape(&leader).await)).then_some(())).await;
            assert!(gone.is_some(), "{}", scrape(&leader).await.text);
            standby.stop();
            leader.stop();
        })
        .await;
}
