//! Tables as other programs write them, and what a rollout says while it reads one.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::rollout_users::{people, profile, readable};
use crate::support::{
    calls::USERS,
    scene::{Scene, scene},
    shipment::Handle,
};

fn source(more: Value) -> Value {
    let mut users = json!({"configMap": {"name": "staff", "key": "people.csv"}, "interval": "24h"});
    crate::support::scene::merge(&mut users, more);
    json!({"users": users})
}

async fn write(scene: &Scene, table: &str) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "staff", "namespace": scene.name},
        "data": {"people.csv": table},
    });
    scene.kubectl().apply(&map.to_string()).await.fine();
}

/// As kubectl puts a file that is no UTF-8: `kubectl create configmap staff --from-file=people.csv`.
async fn write_bytes(scene: &Scene, bytes: &[u8]) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "staff", "namespace": scene.name},
        "data": null, "binaryData": {"people.csv": BASE64_STANDARD.encode(bytes)},
    });
    scene.kubectl().apply(&map.to_string()).await.fine();
}

fn utf16(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
}

/// Excel's "Unicode Text" is UTF-16 with tabs; other programs write the other order of bytes.
#[tokio::test]
async fn a_table_in_utf_16_orders_for_everybody_in_it_and_one_that_does_not_say_so_for_nobody() {
    scene("utf16")
        .play(async |scene| {
            let people = people(scene, 2).await;
            readable(scene, "staff").await;
            let excel = format!("Username\tModel\r\n{}\tyubikey-5c-nfc\r\n", people[0].0);
            write_bytes(scene, &utf16(&excel, [0, 0], u16::to_le_bytes)[2..]).await;
            let rollout = scene.roll("utf16", source(json!({})), json!({})).await;
            let told = rollout.until_reason("SourceUnreadable").await;
            assert!(told.message().contains("without a byte order mark"), "{}", told.message());
            write_bytes(scene, &utf16(&excel, [0xff, 0xfe], u16::to_le_bytes)).await;
            scene.until_orders(1).await;
            let both = format!("login;model\n{};\n{};\n", people[0].0, people[1].0);
            write_bytes(scene, &utf16(&both, [0xfe, 0xff], u16::to_be_bytes)).await;
            scene.until_orders(2).await;
            assert_eq!(rollout.get().await.tally("members"), 2);
        })
        .await;
}

#[tokio::test]
async fn a_table_without_people_is_not_ready_and_a_changed_one_is_noticed_at_once() {
    scene("noticed")
        .play(async |scene| {
            let people = people(scene, 1).await;
            readable(scene, "staff").await;
            write(scene, "login,model\n").await;
            let rollout = scene.roll("noticed", source(json!({})), json!({})).await;
            let told = rollout.until_reason("NoPeople").await;
            assert_eq!((told.is("Ready"), told.is("Stalled")), ("False", "True"));
            assert!(told.message().contains("header and no rows"), "{}", told.message());
            // By itself it would be read again tomorrow.
            write(scene, &format!("login,model\r{},yubikey-5c-nfc\r", people[0].0)).await;
            rollout.until("the person is served", |object| object.tally("served") == 1).await;
        })
        .await;
}

#[tokio::test]
async fn a_column_that_is_misspelt_orders_nothing() {
    scene("misspelt")
        .play(async |scene| {
            let people = people(scene, 1).await;
            readable(scene, "staff").await;
            write(scene, &format!("login;key\n{};yubikey-5-nfc\n", people[0].0)).await;
            let rollout = scene.roll("misspelt", source(json!({})), json!({})).await;
            let told = rollout.until_reason("SourceUnreadable").await;
            assert!(told.message().contains("key (is model meant?)"), "{}", told.message());
            assert!(scene.shipments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn an_id_counts_and_a_login_beside_it_is_compared() {
    scene("beside")
        .play(async |scene| {
            let people = people(scene, 3).await;
            readable(scene, "staff").await;
            let table = format!(
                "sep=;\r\nID;Username;Model\r\n{};{};yubikey-5c-nfc\r\n{};{};yubikey-5c-nfc\r\n{}\r\n",
                people[0].1,
                people[0].0.to_uppercase(),
                people[1].1,
                people[2].0,
                people[2].1,
            );
            write(scene, &table).await;
            let rollout = scene.roll("beside", source(json!({})), json!({"mode": "DryRun"})).await;
            let told = rollout.until_reason("DryRun").await;
            told.adds_up();
            assert_eq!((told.tally("members"), told.tally("eligible")), (3, 1));
            assert_eq!(told.text(&format!("/status/plan/{}", people[0].1)), "yubikey-5c-nfc");
            assert_eq!(told.examples("LoginMismatch"), ["line 4"]);
            assert_eq!(
                told.examples("Malformed"),
                ["line 5 has 1 field, and the first line names 3 columns"]
            );
        })
        .await;
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_held_once_the_person_is_created() {
    scene("told-before")
        .connection(json!({"policy": {"createUsers": "Allow"}}))
        .play(async |scene| {
            let [postal, country, whole] = ["postal", "country", "whole"].map(|name| scene.login(name));
            let mut no_zip = profile(&postal);
            no_zip.as_object_mut().unwrap().remove("zipCode");
            let mut elsewhere = profile(&country);
            elsewhere["countryCode"] = json!("XX");
            let list = json!([
                {"login": postal, "profile": no_zip}, {"login": country, "profile": elsewhere},
                {"login": whole, "profile": profile(&whole)},
            ]);
            let source = json!({"users": {"list": list, "createMissing": "Staged", "interval": "1h"}});
            let rollout = scene.roll("told-before", source, json!({"mode": "DryRun"})).await;
            let told = rollout.until_reason("DryRun").await;
            told.adds_up();
            assert_eq!((told.tally("members"), told.tally("eligible")), (3, 1));
            let said = told.examples("InvalidRecipient");
            assert!(
                said[0].starts_with(&postal) && said[0].contains("Zip Code (profile.zipCode) is missing"),
                "{}",
                said[0]
            );
            assert!(said[1].starts_with(&country) && said[1].contains("Country Code"), "{}", said[1]);
            rollout.change(json!({"mode": "Order"})).await;
            rollout.until("the one is served", |object| object.tally("served") == 1).await;
            assert_eq!(
                scene.sandbox.count("createUser").await,
                1,
                "nobody is created who cannot be ordered for"
            );
        })
        .await;
}

/// Three full parts take minutes under a real limit; here each search takes a moment.
#[tokio::test]
async fn a_long_list_says_how_far_it_is() {
    scene("progress")
        .play(async |scene| {
            let person = people(scene, 1).await;
            scene.sandbox.fault_always(USERS, json!({"kind": "delay", "ms": 200})).await;
            let nobody = (0..450).map(|number| json!({"login": scene.login(&format!("nobody{number}"))}));
            let list: Vec<_> = std::iter::once(json!({"login": person[0].0})).chain(nobody).collect();
            let source = json!({"users": {"list": list, "interval": "1h"}});
            let rollout: Handle = scene.roll("progress", source, json!({"mode": "DryRun"})).await;
            let told =
                rollout.until("it is half read", |object| object.message().contains("200 of 451 rows")).await;
            assert_eq!((told.is("Ready"), told.reason()), ("False", "Syncing"));
            let done = rollout.until_reason("DryRun").await;
            done.adds_up();
            assert_eq!((done.tally("members"), done.tally("eligible")), (451, 1));
        })
        .await;
}
