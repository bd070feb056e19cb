//! Objects of a namespace that no connection serves cost the operator next to nothing, however large they are: whoever may
//! declare them must not be able to end it.

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{
    operator::Operator,
    root,
    scene::{Scene, own_scene},
    scrape::Scrape,
    until,
};

const ROLLOUTS: u32 = 50;
const PEOPLE: usize = 5000;

/// What all of them together may add, in MiB. Their lists alone are ten times as much once they are decoded.
const MORE: u64 = 48;

/// The chart's limit, in MiB.
fn limit() -> u64 {
    let text = std::fs::read_to_string(root().join("charts/yubikey-shipment-operator/values.yaml")).unwrap();
    let own = text.split("\nresources:").nth(1).unwrap().split("\n\n").next().unwrap();
    let memory = own.split("limits:").nth(1).and_then(|rest| rest.split("memory:").nth(1)).unwrap();
    memory.trim().strip_suffix("Mi").expect("a limit in Mi").parse().unwrap()
}

async fn declare(scene: &Scene, number: u32) {
    let people: Vec<Value> =
        (0..PEOPLE).map(|n| json!({"login": format!("first.last.{n}@subsidiary.example.com")})).collect();
    let more = json!({"connectionRef": {"name": "nowhere"}});
    scene.roll(&format!("crowd-{number}"), json!({"users": {"list": people}}), more).await;
}

/// Every rollout was looked at by this process.
async fn looked_at_all(operator: &Operator) {
    let met = until(async || {
        let scrape = Scrape::of(&operator.get("metrics").await?);
        let labels = ["kind=YubiKeyRollout", "outcome=ok"];
        (scrape.value("reconciles_total", &labels)? >= f64::from(ROLLOUTS)).then_some(())
    });
    assert!(met.await.is_some(), "not every rollout was looked at:\n{}", operator.tail(20));
}

#[tokio::test]
async fn fifty_rollouts_of_five_thousand_people_stay_below_the_limit_of_the_chart() {
    own_scene("memory")
        .play(async |scene| {
            let operator = scene.operator().take().unwrap();
            let before = operator.peak();
            stream::iter(0..ROLLOUTS).for_each_concurrent(4, |number| declare(scene, number)).await;
            looked_at_all(&operator).await;
            let running = operator.peak();
            operator.stop();
            scene.start_operator().await;
            let operator = scene.operator().take().unwrap();
            looked_at_all(&operator).await;
            let restarted = operator.peak();
            operator.stop();
            println!("{before} MiB without, {running} MiB with them, {restarted} MiB after a restart");
            for peak in [running, restarted] {
                assert!(peak < limit(), "{peak} MiB, and the chart gives {}", limit());
                assert!(peak <= before + MORE, "{peak} MiB, and {before} MiB without the rollouts");
            }
        })
        .await;
}
