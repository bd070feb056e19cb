//! The batch: people of a list get keys, each once.

use serde_json::{Value, json};

use crate::support::scene::{Scene, scene};

/// People with a complete profile: logins and ids.
async fn people(scene: &Scene, count: usize) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for number in 0..count {
        let login = scene.login(&format!("p{number}"));
        let id = scene.sandbox.person(&login, "ACTIVE").await;
        all.push((login, id));
    }
    all
}

fn list(logins: &[&str]) -> Value {
    let list: Vec<_> = logins.iter().map(|login| json!({"login": login})).collect();
    json!({"users": {"list": list, "interval": "1s"}})
}

#[tokio::test]
async fn people_of_a_list_are_told_first_and_then_served_to_an_activated_key() {
    scene("batch")
        .play(async |scene| {
            let people = people(scene, 3).await;
            let source = json!({"users": {"list": [
                {"login": people[0].0}, {"id": people[1].1}, {"login": people[2].0},
            ]}});
            let rollout = scene.roll("batch", source, json!({"mode": "DryRun"})).await;
            let told = rollout.until_reason("DryRun").await;
            told.adds_up();
            assert_eq!((told.tally("members"), told.tally("eligible")), (3, 3));
            for (_, id) in &people {
                assert_eq!(told.text(&format!("/status/plan/{id}")), "yubikey-5c-nfc");
            }
            assert_eq!(
                scene.effects().await,
                Vec::<String>::new(),
                "a dry run changes nothing at the vendors"
            );
            assert!(scene.shipments().await.is_empty());

            rollout.change(json!({"mode": "Order"})).await;
            let done = scene
                .deliver_until(&rollout, "everybody has a key", |object| object.tally("activated") == 3)
                .await;
            done.adds_up();
            assert_eq!(rollout.until_reason("Complete").await.is("Ready"), "True");
            assert!(!done.has("/status/plan"));
            assert_eq!(scene.sandbox.orders().await.len(), 3);
            for (login, id) in &people {
                assert_eq!(done.ledger(id), "Activated");
                let told = done.0.to_string();
                assert!(
                    told.contains(login) == (login != &people[1].0),
                    "status shows logins as given in spec only"
                );
            }
            for shipment in scene.shipments().await {
                let name = shipment.text("/metadata/name");
                assert!(name.starts_with("batch-") && name.len() == "batch-".len() + 12, "{name}");
                assert_eq!(shipment.text("/metadata/labels/fidoprereg.dev~1rollout"), "batch");
                assert!(!shipment.has("/metadata/ownerReferences"), "nothing takes it along");
            }
        })
        .await;
}

#[tokio::test]
async fn whoever_gets_no_key_is_counted_with_the_reason() {
    scene("skips")
        .play(async |scene| {
            let [ann, sus, inc, key, other] =
                ["ann", "sus", "inc", "key", "other"].map(|name| scene.login(name));
            scene.sandbox.person(&ann, "ACTIVE").await;
            let suspended = scene.sandbox.person(&sus, "SUSPENDED").await;
            let incomplete = scene.sandbox.person(&inc, "ACTIVE").await;
            scene.sandbox.change_person(&incomplete, json!({"profile": {"primaryPhone": null}})).await;
            let has_key = scene.sandbox.person(&key, "ACTIVE").await;
            scene.sandbox.post(&format!("/people/{has_key}/enrollments"), json!({"status": "ACTIVE"})).await;
            let elsewhere = scene.sandbox.person(&other, "ACTIVE").await;
            scene.ship("by-hand", &other).await.until_ordered().await;
            let nobody = scene.login("nobody");
            let upper = ann.to_uppercase();
            let logins = [&*ann, &sus, &inc, &key, &other, &nobody, &upper];
            let rollout = scene.roll("skips", list(&logins), json!({"skip": {"anyWebAuthn": true}})).await;
            let object = rollout
                .until("everybody was looked at", |object| {
                    object.tally("served") == 1 && object.skipped("PreRegisteredKey") == 1
                })
                .await;
            object.adds_up();
            assert_eq!((object.tally("members"), object.tally("eligible")), (7, 1));
            assert!(object.examples("UserStatus")[0].contains(&suspended));
            let fault = &object.examples("InvalidRecipient")[0];
            assert!(fault.contains(&incomplete) && fault.contains("Primary phone number"), "{fault}");
            assert_eq!(object.examples("PreRegisteredKey"), [has_key]);
            assert_eq!(object.examples("UserNotFound"), [nobody]);
            assert_eq!(object.examples("DoubleEntry"), [upper]);
            let yielded = &object.examples("OrderedElsewhere")[0];
            assert!(yielded.contains(&elsewhere) && yielded.contains("/by-hand"), "{yielded}");
            scene.deliver_until(&rollout, "the one has a key", |object| object.tally("activated") == 1).await;
            assert_eq!(scene.sandbox.orders().await.len(), 2, "one by hand, one by the rollout");
        })
        .await;
}
