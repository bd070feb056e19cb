//! Keys that sign in, with nothing but what their owners hold.

use std::{fs, process::Stdio};

use serde_json::Value;
use testbed::setup::Fault;

use crate::{road::Cast, stage::Stage};

/// Those who got a key.
const OWNERS: [&str; 2] = ["ann-lee", "bob-ray"];

pub(crate) async fn both(stage: &Stage, cast: &Cast) -> Result<(), Fault> {
    println!("\nA program that has only the parcel and the mail signs in at the sandbox's Okta:");
    for person in OWNERS {
        let answer = sign_in(stage, person, cast).await?;
        stage.note(&format!("{person:<10} {answer}"));
    }
    Ok(())
}

/// The program gets the parcel and the mail in a directory of their own, an empty environment, and the address of the page;
/// nothing else.
async fn sign_in(stage: &Stage, person: &str, cast: &Cast) -> Result<String, Fault> {
    let hands = stage.state.join("hands").join(person);
    fs::create_dir_all(&hands)?;
    let vendors = stage.vendors()?;
    let shipment = stage.kubectl()?.json(&["get", "yubikeyshipment", cast.shipment(person)]).await?;
    let word = |pointer: &str| shipment.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let parcel = vendors.get(&format!("/parcels/{}", word("/status/order/shipmentId"))).await?;
    let mail = vendors.get(&format!("/outbox/latest?person={}", word("/status/userId"))).await?;
    fs::write(hands.join("parcel.json"), parcel.to_string())?;
    fs::write(hands.join("mail.json"), mail.to_string())?;
    let mut program = tokio::process::Command::new(stage.sandbox_program());
    program.args(["sign-in", "--parcel", "parcel.json", "--mail", "mail.json"]);
    program.args(["--okta", vendors.told("okta"), "--ca", vendors.told("ca")]);
    let said =
        program.env_clear().current_dir(&hands).stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let answer = format!("{}{}", text(&said.stdout), text(&said.stderr));
    fs::write(hands.join("answer"), &answer)?;
    if !said.status.success() {
        return Err(stage.fault(format!("{person} cannot sign in: {answer}")));
    }
    Ok(answer)
}
