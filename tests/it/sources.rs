//! What rollouts may read, and how often: a namespace spends no more of a connection's calls than its owner admits.

use serde_json::{Value, json};

use crate::support::{
    calls::USERS,
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

/// Calls that read whom a source names.
const READS: [&str; 4] = [USERS, "listGroups", "listGroupUsers", "listLogEvents"];

/// Anything that reads a source: operation and time.
async fn reads(scene: &Scene) -> usize {
    scene.sandbox.calls().await.iter().filter(|call| READS.contains(&&*call.operation)).count()
}

async fn group(scene: &Scene, name: &str) -> (String, String) {
    let member = scene.sandbox.person(&scene.login(name), "ACTIVE").await;
    let made = scene.sandbox.post("/groups", json!({"name": name, "members": [member]})).await;
    (made["id"].as_str().unwrap().to_owned(), member)
}

fn groups(groups: &Value) -> Value {
    json!({"oktaGroup": {"groups": groups}})
}

async fn refused(rollout: &Handle, field: &str) -> Object {
    let said = rollout.until_reason("ForbiddenByConnection").await;
    assert!(said.message().contains(field), "{}", said.message());
    assert_eq!((said.is("Ready"), said.is("Stalled")), ("False", "True"));
    said
}

#[tokio::test]
async fn the_consoles_clicks_are_read_only_where_the_connection_allows_it() {
    scene("clicks")
        .play(async |scene| {
            let (before, rollout) =
                (reads(scene).await, scene.roll("console", json!({"oktaConsole": {}}), json!({})).await);
            refused(&rollout, "policy.sources.oktaConsole").await;
            rollout.patch(json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": "now"}}})).await;
            rollout.change(json!({"budget": 7})).await;
            refused(&rollout, "policy.sources.oktaConsole").await;
            assert_eq!(reads(scene).await, before, "nothing was read");
            scene.connection().change(json!({"policy": {"sources": {"oktaConsole": "Allow"}}})).await;
            rollout.until("it listens", |o| o.has("/status/cursor/next") && o.is("Ready") == "True").await;
            scene.connection().change(json!({"policy": {"sources": {"oktaConsole": "Forbid"}}})).await;
            refused(&rollout, "policy.sources.oktaConsole").await;
        })
        .await;
}

#[tokio::test]
async fn only_groups_that_the_connection_lists_are_read() {
    scene("listed")
        .play(async |scene| {
            let (one, _) = group(scene, "one").await;
            let (other, member) = group(scene, "other").await;
            let allow = json!({"policy": {"sources": {"oktaGroups": {"allow": [one, "two"]}}}});
            scene.connection().change(allow).await;
            scene.connection().until("it is looked at", |o| o.is("Ready") == "True" && o.is_current()).await;
            let before = reads(scene).await;
            for (name, named) in [("by-id", json!({"id": other})), ("by-name", json!({"name": "other"}))] {
                let rollout = scene.roll(name, groups(&json!([{"id": one}, named])), json!({})).await;
                let said = refused(&rollout, "policy.sources.oktaGroups").await;
                let named = named["id"].as_str().or(named["name"].as_str()).unwrap();
                assert!(
                    said.message().contains(named) && !said.message().contains(&one),
                    "{}",
                    said.message()
                );
            }
            assert_eq!(reads(scene).await, before, "nothing was read");
            let allow = json!({"policy": {"sources": {"oktaGroups": {"allow": [one, other, "other"]}}}});
            scene.connection().change(allow).await;
            let rollout = Handle::rollout(&scene.client, &scene.name, "by-name");
            rollout
                .until("it goes on", |o| !o.ledger(&member).is_empty() || o.skipped("OrderedElsewhere") > 0)
                .await;
        })
        .await;
}

#[tokio::test]
async fn a_look_that_is_asked_for_again_and_again_is_had_once_a_minute() {
    scene("asked")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let source = json!({"users": {"list": [{"login": login}]}});
            let rollout = scene.roll("asked", source, json!({"mode": "DryRun"})).await;
            rollout.until_reason("DryRun").await;
            // Preflight lists people too, each time as the connection needs it; it has looked by now.
            let (before, started) = (scene.sandbox.count(USERS).await, std::time::Instant::now());
            let mut last = String::new();
            for number in 0..25 {
                last = format!("look-{number}");
                let annotations = json!({"fidoprereg.dev/requestedAt": last});
                rollout
                    .patch(json!({"metadata": {"annotations": annotations}, "spec": {"budget": 10 + number}}))
                    .await;
                let seen = async || Some(rollout.get().await).filter(Object::is_current);
                assert!(until(seen).await.is_some(), "each change is taken up");
            }
            let (looks, minutes) = (scene.sandbox.count(USERS).await, started.elapsed().as_secs() / 60);
            let most = before + usize::try_from(minutes).unwrap() + 1;
            assert!(looks <= most, "{} looks in {minutes} minutes, and {before} before", looks - before);
            let told = rollout
                .until("the last request is answered", |o| o.text("/status/lastHandledReconcileAt") == last)
                .await;
            assert!(scene.sandbox.count(USERS).await > looks, "by a look: {}", told.message());
        })
        .await;
}

#[tokio::test]
async fn whom_a_changed_list_does_not_name_any_more_gets_nothing_while_the_list_waits_to_be_read() {
    scene("struck")
        .play(async |scene| {
            let (ann, bob) = (scene.person("ann", "ACTIVE").await, scene.person("bob", "ACTIVE").await);
            let list = |logins: &[&String]| -> Value {
                let list: Vec<_> = logins.iter().map(|login| json!({"login": login})).collect();
                json!({"users": {"list": list}})
            };
            let rollout = scene.roll("struck", list(&[&ann, &bob]), json!({"mode": "DryRun"})).await;
            rollout.until("both would get one", |o| o.tally("eligible") == 2).await;
            rollout.look_now().await;
            // From here on nothing is read for up to a minute.
            rollout.change(json!({"source": list(&[&ann]), "mode": "Order"})).await;
            let done =
                rollout.until("one is served", |o| o.tally("members") == 1 && o.tally("served") == 1).await;
            done.adds_up();
            assert_eq!(scene.shipments().await.len(), 1, "nobody is ordered for who was struck off");
        })
        .await;
}
