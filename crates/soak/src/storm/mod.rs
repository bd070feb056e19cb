//! The storm: shipments are declared while vendors misbehave, processes die and the API server goes and comes.

mod faults;

use std::time::Duration;

use serde_json::json;
use testbed::{
    cluster::Cluster,
    control_plane::ControlPlane,
    diary::{Declared, Diary, Outage},
    dice::Dice,
    people::Person,
    replicas::Replica,
    setup::Fault,
    vendors::{Org, Vendors},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, sleep_until},
};

/// Everything that a storm rages over.
pub(crate) struct Stage {
    pub seed: u64,
    pub plane: Mutex<ControlPlane>,
    pub cluster: Cluster,
    pub vendors: Vendors,
    pub orgs: Vec<Org>,
    pub people: Vec<Person>,
    pub replicas: Mutex<Vec<Replica>>,
    pub diary: Diary,
    pub http: reqwest::Client,
}

/// Rages for so long.
pub(crate) async fn rage(stage: &Stage, length: Duration) -> Result<(), Fault> {
    let from = testbed::clock::now();
    let end = Instant::now() + length;
    tokio::try_join!(
        declare(stage, length / 2),
        misbehave(stage, end),
        disturb(stage, end),
        kill(stage, end),
        take_away(stage, end),
    )?;
    stage.vendors.mend().await?;
    stage.diary.note(|pages| pages.storm = Some((from, testbed::clock::now())));
    Ok(())
}

/// Waits, but not beyond the end. False: it is over.
async fn pause(seconds: f64, end: Instant) -> bool {
    let next = Instant::now() + Duration::from_secs_f64(seconds);
    sleep_until(next.min(end)).await;
    next < end
}

/// Shipments at random moments of the first half.
async fn declare(stage: &Stage, length: Duration) -> Result<(), Fault> {
    let mut dice = Dice::new(stage.seed, "declare");
    let begin = Instant::now();
    let mut moments: Vec<f64> =
        stage.people.iter().map(|_| dice.fraction(0.0, length.as_secs_f64())).collect();
    moments.sort_by(f64::total_cmp);
    for (person, moment) in stage.people.iter().zip(moments) {
        sleep_until(begin + Duration::from_secs_f64(moment)).await;
        let mut tries = 0;
        // The API server may be away.
        while let Err(fault) = stage.cluster.ship(&person.namespace, &person.name, &person.spec()).await {
            tries += 1;
            if tries > 200 {
                return Err(fault);
            }
            sleep(Duration::from_millis(500)).await;
        }
        let declared = Declared {
            namespace: person.namespace.clone(),
            name: person.name.clone(),
            login: person.login.clone(),
            user_id: person.user_id.clone(),
            connection: person.connection.clone(),
            at: testbed::clock::now(),
        };
        stage.diary.note(|pages| pages.shipments.push(declared));
    }
    Ok(())
}

/// New fault rules every few seconds.
async fn misbehave(stage: &Stage, end: Instant) -> Result<(), Fault> {
    let mut dice = Dice::new(stage.seed, "faults");
    loop {
        let rules = faults::draw(&mut dice);
        stage.vendors.mend().await?;
        for rule in rules {
            stage.vendors.post("/faults", rule).await?;
        }
        if !pause(dice.fraction(4.0, 10.0), end).await {
            return Ok(());
        }
    }
}

/// Tokens expire and keys are rotated. Old signing keys stay published: a response that is signed with one that is
/// gone is rightly held for a person.
async fn disturb(stage: &Stage, end: Instant) -> Result<(), Fault> {
    let mut dice = Dice::new(stage.seed, "disturb");
    while pause(dice.fraction(8.0, 20.0), end).await {
        match dice.between(0, 5) {
            0 => drop(stage.vendors.post("/tokens/expire", json!({"okta": true})).await?),
            1 => drop(stage.vendors.post("/tokens/expire", json!({"okta": false, "nonces": true})).await?),
            2 => {
                stage.vendors.post("/tokens/expire", json!({"okta": false, "yubico": true})).await?;
                for org in &stage.orgs {
                    stage.vendors.renew_token(org).await?;
                }
            }
            3 => rotate(stage, "signing", "listed").await?,
            4 => rotate(stage, "transport", "listed").await?,
            _ => rotate(stage, "transport", "unlisted").await?,
        }
    }
    Ok(())
}

async fn rotate(stage: &Stage, set: &str, old: &str) -> Result<(), Fault> {
    stage.vendors.post("/keys/rotate", json!({"set": set, "old": old})).await.map(drop)
}

/// A replica dies every few seconds.
async fn kill(stage: &Stage, end: Instant) -> Result<(), Fault> {
    let mut dice = Dice::new(stage.seed, "kills");
    while pause(dice.fraction(2.0, 6.0), end).await {
        let mut replicas = stage.replicas.lock().await;
        let chosen = usize::from(dice.happens(0.5));
        if let Some(replica) = replicas.get_mut(chosen) {
            replica.kill(&stage.diary).await?;
        }
        for replica in replicas.iter_mut() {
            replica.revive(&stage.diary)?;
        }
    }
    Ok(())
}

/// The API server goes, by force or asked, and comes back.
async fn take_away(stage: &Stage, end: Instant) -> Result<(), Fault> {
    let mut dice = Dice::new(stage.seed, "outages");
    let mut wait = dice.fraction(12.0, 20.0);
    while pause(wait, end).await {
        let killed = dice.happens(0.5);
        let from = testbed::clock::now();
        let mut plane = stage.plane.lock().await;
        plane.take_away(killed).await?;
        plane.put_back().await?;
        drop(plane);
        let outage = Outage { from, to: testbed::clock::now(), killed };
        stage.diary.note(|pages| pages.outages.push(outage));
        wait = dice.fraction(45.0, 75.0);
    }
    Ok(())
}
