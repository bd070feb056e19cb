//! What happens, one act after another.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{diary::Declared, objects, setup::Fault};
use tokio::time::{Instant, sleep};

use super::{cast::Person, stage::Stage};

/// Time between two looks.
const GLANCE: Duration = Duration::from_secs(2);

/// Names of the groups at Okta.
const GROUPS: [&str; 2] = ["YubiKey 5 NFC", "YubiKey 5C NFC"];

/// Times the operator is killed while orders are placed.
const KILLS: usize = 3;

/// A dry run that touches nothing, then orders in a rough time, then rest. Gives what the dry run told.
pub(super) async fn play(stage: &Stage, longest: Duration) -> Result<Vec<Value>, Fault> {
    let began = Instant::now();
    let end = began + longest;
    let say = |what: &str| eprintln!("{:4} s  {what}", began.elapsed().as_secs());
    make_groups(stage).await?;
    declare(stage).await?;
    settle(stage, end, Stop::Told).await?;
    let dry = stage.cluster.rollouts().await?;
    let touched = effects(stage).await?;
    if !touched.is_empty() {
        return Err(format!("the dry run sent something: {}", touched.join(", ")).into());
    }
    say("the dry run is told, and neither vendor was sent anything");
    click(stage).await?;
    order(stage).await?;
    churn(stage, end).await?;
    say("people came and went, the operator was killed, the button pressed again");
    settle(stage, end, Stop::Rest).await?;
    say("all have come to rest, or the time is over");
    note_shipments(stage).await?;
    Ok(dry)
}

async fn make_groups(stage: &Stage) -> Result<(), Fault> {
    let ids = |people: Vec<&Person>| people.into_iter().map(|person| person.id.clone()).collect::<Vec<_>>();
    let members = [ids(stage.cast.first_group().collect()), ids(stage.cast.second_group().collect())];
    for (name, members) in GROUPS.iter().zip(members) {
        let path = format!("/groups?org={}", stage.org.okta());
        stage.vendors.post(&path, json!({"name": name, "members": members})).await?;
    }
    Ok(())
}

async fn declare(stage: &Stage) -> Result<(), Fault> {
    let key = json!({"model": "yubikey-5c-nfc"});
    let listed: Vec<_> = stage.cast.listed().collect();
    // By login, by id, one twice, and one whom nobody knows.
    let mut list: Vec<_> = listed
        .iter()
        .enumerate()
        .map(|(n, person)| if n % 2 == 0 { json!({"login": person.login}) } else { json!({"id": person.id}) })
        .collect();
    list.extend(listed.first().map(|person| json!({"id": person.id})));
    list.push(json!({"login": "nobody@org.example"}));
    let groups = GROUPS.map(|name| json!({"name": name}));
    let interval = format!("{}s", interval(stage.cast.users));
    let template = json!({"spec": {"key": key}});
    let rollouts = [
        ("list", json!({"source": {"users": {"list": list, "interval": interval}}, "template": template})),
        (
            "group",
            json!({
                "source": {"oktaGroup": {"groups": groups, "interval": interval}}, "template": template,
                "onLeave": "CancelIfNotShipped",
            }),
        ),
        ("console", json!({"source": {"oktaConsole": {}}})),
    ];
    for (name, mut spec) in rollouts {
        spec["connectionRef"] = json!({"name": stage.org.name});
        spec["budget"] = 10_000.into();
        stage.cluster.roll_out(name, name, &spec).await?;
    }
    Ok(())
}

/// Calls that change something at a vendor; getting a token and asking for an opinion do not.
async fn effects(stage: &Stage) -> Result<Vec<String>, Fault> {
    let journal = stage.vendors.get("/journal").await?;
    let calls = journal.as_array().into_iter().flatten();
    let effects = calls.filter(|call| {
        call["method"] != "GET" && call["operation"] != "token" && call["operation"] != "ValidateAddress"
    });
    Ok(effects.map(|call| call["operation"].to_string()).collect())
}

/// Presses the button for everybody, and for one with a key that the connection does not know.
async fn click(stage: &Stage) -> Result<(), Fault> {
    for person in stage.cast.clicked() {
        press(stage, person, "29").await?;
    }
    match stage.cast.clicked().next() {
        Some(person) => press(stage, person, "4711").await,
        None => Ok(()),
    }
}

async fn press(stage: &Stage, person: &Person, product: &str) -> Result<(), Fault> {
    let path = format!("/people/{}/console-order?org={}", person.id, stage.org.okta());
    let ids = json!({"productId": product, "inventoryProductId": "106", "customizationId": "RXJN83"});
    stage.vendors.post(&path, ids).await.map(drop)
}

async fn order(stage: &Stage) -> Result<(), Fault> {
    for name in super::cast::SOURCES {
        stage.cluster.change_rollout(name, name, &json!({"mode": "Order"})).await?;
    }
    Ok(())
}

/// While orders are placed: the operator dies, the button is pressed again, people join and leave.
async fn churn(stage: &Stage, end: Instant) -> Result<(), Fault> {
    let total = stage.cast.people.iter().filter(|person| person.fate.is_served()).count();
    for part in 1..=KILLS {
        while orders(stage).await? * (KILLS + 1) < total * part && Instant::now() < end {
            stage.replica.lock().await.revive(&stage.diary)?;
            sleep(between_counts(stage.cast.users)).await;
        }
        stage.replica.lock().await.kill(&stage.diary).await?;
        match part {
            1 => move_people(stage).await?,
            2 => click(stage).await?,
            _ => {}
        }
    }
    Ok(())
}

/// To count orders is to read the whole world: of many people, less often.
fn between_counts(users: usize) -> Duration {
    Duration::from_millis(200).max(Duration::from_millis(2) * u32::try_from(users).unwrap_or(u32::MAX))
}

async fn orders(stage: &Stage) -> Result<usize, Fault> {
    let world = stage.vendors.get("/state").await?;
    Ok(world["shipments"].as_array().map_or(0, Vec::len))
}

async fn move_people(stage: &Stage) -> Result<(), Fault> {
    let org = stage.org.okta();
    let joiners: Vec<_> = stage.cast.joiners().map(|person| person.id.clone()).collect();
    let leavers: Vec<_> = stage.cast.leavers().map(|person| person.id.clone()).collect();
    let [first, second] = GROUPS.map(|name| format!("/groups/{name}?org={org}").replace(' ', "%20"));
    stage.vendors.post(&first, json!({"add": joiners})).await?;
    stage.vendors.post(&second, json!({"remove": leavers})).await?;
    Ok(())
}

/// When a wait ends.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    /// Every dry run has looked at everybody.
    Told,
    /// Nothing is on its way, and the same stands as at the looks before.
    Rest,
}

/// Seconds between two reads of a source, a minute at least. To read the people of a list is a call for every forty of
/// them, and Okta is called ten times a second: read too often, nothing else would come to its turn.
fn interval(users: usize) -> usize {
    (users / 25).max(60)
}

/// Looks in a row that must show the same: longer than a rollout takes to read its source anew.
fn looks(users: usize) -> usize {
    interval(users) / 2 + 4
}

async fn settle(stage: &Stage, end: Instant, stop: Stop) -> Result<(), Fault> {
    let (mut quiet, mut before) = (0, Value::Null);
    while quiet < looks(stage.cast.users) && Instant::now() < end {
        sleep(GLANCE).await;
        stage.replica.lock().await.revive(&stage.diary)?;
        let (rollouts, shipments) = (stage.cluster.rollouts().await?, stage.cluster.shipments().await?);
        let counts: Vec<_> = rollouts.iter().map(|rollout| rollout["status"]["counts"].clone()).collect();
        let ended = shipments.iter().filter(|shipment| objects::end(shipment).is_some()).count();
        let now = json!({"counts": counts, "ended": ended});
        let there = match stop {
            Stop::Told => rollouts.iter().all(is_told),
            Stop::Rest => ended == shipments.len() && counts.iter().all(|counts| counts["waiting"] == 0),
        };
        if stop == Stop::Told && there {
            return Ok(());
        }
        let same = before == now;
        quiet = if there && same { quiet + 1 } else { 0 };
        if !same {
            eprintln!("        {} shipments, {ended} at an end", shipments.len());
        }
        before = now;
    }
    Ok(())
}

fn is_told(rollout: &Value) -> bool {
    // A console that nobody pressed has no members.
    let counted = rollout["metadata"]["name"] == "console" || rollout["status"]["counts"]["members"] != 0;
    objects::reason(rollout) == "DryRun" && counted
}

/// For the audit that storms have too.
async fn note_shipments(stage: &Stage) -> Result<(), Fault> {
    let at = testbed::clock::now();
    for shipment in stage.cluster.shipments().await? {
        let text = |pointer: &str| objects::text(&shipment, pointer).to_owned();
        let declared = Declared {
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            login: String::new(),
            user_id: text("/spec/userRef/id"),
            connection: stage.org.name.clone(),
            at,
        };
        stage.diary.note(|pages| pages.shipments.push(declared));
    }
    stage.diary.note(|pages| pages.calm = Some(at));
    Ok(())
}
