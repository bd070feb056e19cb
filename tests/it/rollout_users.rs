//! The batch: people of a list get keys, each once.

use serde_json::{Value, json};

use crate::support::{
    calls::{LIST, USERS},
    plane::operator_user,
    scene::{Scene, scene},
    until,
};

/// People with a complete profile: logins and ids.
pub async fn people(scene: &Scene, count: usize) -> Vec<(String, String)> {
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
    json!({"users": {"list": list, "interval": "1m"}})
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
async fn who_lost_the_key_at_okta_is_served_at_once_when_a_look_is_asked_for() {
    scene("again")
        .play(async |scene| {
            // Where a list does not show the key yet, nobody is passed over: `lagging_list` has what comes of it then.
            scene.sandbox.post("/settings", json!({"enrollmentListLagMs": 0})).await;
            let login = scene.login("key");
            let person = scene.sandbox.person(&login, "ACTIVE").await;
            let made = scene
                .sandbox
                .post(&format!("/people/{person}/enrollments"), json!({"status": "ACTIVE"}))
                .await;
            let rollout = scene.roll("again", list(&[&login]), json!({})).await;
            rollout.until("passed over", |object| object.skipped("PreRegisteredKey") == 1).await;
            scene.sandbox.delete(&format!("/enrollments/{}", made["id"].as_str().unwrap())).await;
            let looks = async || {
                let calls = scene.sandbox.calls().await;
                calls
                    .iter()
                    .filter(|call| call.operation == LIST && call.user_id.as_ref() == Some(&person))
                    .count()
            };
            let (before, read) = (looks().await, scene.sandbox.count(USERS).await);
            scene.sandbox.counts(USERS, read + 1).await;
            assert_eq!(looks().await, before, "the source is read anew, and nobody looked at");
            rollout.look_now().await;
            rollout.until("served", |object| object.tally("served") == 1).await;
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

pub fn profile(login: &str) -> Value {
    json!({
        "firstName": "Noa", "lastName": "Roe", "email": login, "secondEmail": format!("home.{login}"),
        "primaryPhone": "+1 617-555-0199", "streetAddress": "12 Quarry Lane", "city": "Concord", "state": "MA",
        "zipCode": "01742", "countryCode": "US", "organization": "Example Inc",
    })
}

#[tokio::test]
async fn new_people_are_created_staged_before_their_key_and_activated_after_it() {
    scene("new-people")
        .connection(json!({"policy": {"createUsers": "Allow"}}))
        .play(async |scene| {
            let [new, bare, known] = ["new", "bare", "known"].map(|name| scene.login(name));
            scene.sandbox.person(&known, "ACTIVE").await;
            let mut incomplete = profile(&bare);
            incomplete.as_object_mut().unwrap().remove("secondEmail");
            let source = json!({"users": {
                "list": [
                    {"login": new, "profile": profile(&new)}, {"login": bare, "profile": incomplete}, {"login": known},
                ],
                "interval": "1m", "createMissing": "Staged", "activateUser": "AfterDelivery",
            }});
            let rollout = scene.roll("new-people", source, json!({"mode": "DryRun"})).await;
            let told = rollout.until_reason("DryRun").await;
            told.adds_up();
            assert_eq!((told.tally("members"), told.tally("eligible")), (3, 2));
            assert_eq!(told.examples("ToBeCreated"), std::slice::from_ref(&new));
            assert!(told.examples("IncompleteProfile")[0].contains("secondEmail"));
            assert_eq!(scene.sandbox.count("createUser").await, 0, "a dry run creates nobody");

            rollout.change(json!({"mode": "Order"})).await;
            rollout.until("both are served", |object| object.tally("served") == 2).await;
            let staged = scene.sandbox.get(&format!("/people/{new}")).await;
            assert_eq!(staged["status"], "STAGED");
            assert_eq!(scene.sandbox.count("activateUser").await, 0, "not before the key is there");
            let done = scene.deliver_until(&rollout, "both have keys", |o| o.tally("activated") == 2).await;
            done.adds_up();
            scene.sandbox.counts("activateUser", 1).await;
            // Okta does it in its own time.
            let status = async || scene.sandbox.get(&format!("/people/{new}")).await["status"].clone();
            let active = until(async || (status().await == "ACTIVE").then_some(())).await;
            assert!(active.is_some(), "{new} is {}", status().await);
            assert_eq!(scene.sandbox.count("createUser").await, 1);
            let status = done.0["status"].to_string();
            for personal in ["Quarry", "555-0199", "home.", "Noa", "01742"] {
                assert!(!status.contains(personal), "{personal} is in the status");
            }
            assert_eq!(done.0["status"]["created"].as_object().unwrap().len(), 1);
        })
        .await;
}

#[tokio::test]
async fn nobody_is_created_where_the_connection_forbids_it() {
    scene("no-people")
        .play(async |scene| {
            let new = scene.login("new");
            let source = json!({"users": {
                "list": [{"login": new, "profile": profile(&new)}], "interval": "1m", "createMissing": "Staged",
            }});
            let rollout = scene.roll("no-people", source, json!({})).await;
            let told = rollout.until("it is told", |object| object.skipped("ForbiddenByConnection") == 1).await;
            told.adds_up();
            assert_eq!(told.examples("ForbiddenByConnection"), [new]);
            assert_eq!(scene.sandbox.count("createUser").await, 0);
        })
        .await;
}

/// Lets the operator read one `ConfigMap`, as an installation that names it does.
pub async fn readable(scene: &Scene, name: &str) {
    let (group, user) = ("rbac.authorization.k8s.io", operator_user());
    let meta = json!({"name": "table", "namespace": scene.name});
    let role = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": meta,
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name], "verbs": ["get", "watch"]}],
    });
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": meta,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "table"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    });
    for object in [role, binding] {
        scene.kubectl().apply(&object.to_string()).await.fine();
    }
}

#[tokio::test]
async fn a_table_is_read_whole_or_says_what_is_wrong_with_it() {
    scene("table")
        .play(async |scene| {
            let people = people(scene, 2).await;
            let source = json!({"users": {"configMap": {"name": "staff", "key": "people.csv"}, "interval": "1m"}});
            let rollout = scene.roll("table", source, json!({})).await;
            let told = rollout.until_reason("SourceUnreadable").await;
            assert!(told.message().contains("rollouts.listNamespaces"), "{}", told.message());
            readable(scene, "staff").await;
            rollout.until("it is missing", |o| o.message().contains("There is no ConfigMap staff")).await;
            let table = |text: &str| {
                json!({
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "staff", "namespace": scene.name},
                    "data": {"people.csv": text},
                })
                .to_string()
            };
            scene.kubectl().apply(&table("name\nann\n")).await.fine();
            rollout.until("its columns are wrong", |o| o.message().contains("neither login nor id")).await;
            let text = format!("login,id,model\n{},,yubikey-5c-nfc\n,{},\n,,\nx,y,z,w\n", people[0].0, people[1].1);
            scene.kubectl().apply(&table(&text)).await.fine();
            let done = scene.deliver_until(&rollout, "both have keys", |o| o.tally("activated") == 2).await;
            done.adds_up();
            assert_eq!((done.tally("members"), done.skipped("Malformed")), (3, 1));
            assert_eq!(done.examples("Malformed"), ["line 5 has 4 fields, and the first line names 3 columns"]);
        })
        .await;
}
