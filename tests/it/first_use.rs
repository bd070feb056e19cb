//! Is the key used? Who signs in is told so, nobody is asked about where it is off, and what is finished is touched by
//! nothing else.

use domain::{
    first_use::{LastUseLook, Lookout},
    journal::Journal,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    audit,
    calls::LIST,
    hours_ago, now,
    object::Object,
    plane::operator_user,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    until,
};

/// A person whose key is delivered, activated and has its PIN mailed: the shipment, its order, the login.
async fn served(scene: &Scene, name: &str) -> (Handle, String, String) {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship(name, &login).await;
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    scene.sandbox.set_state(&order, 104).await;
    shipment.look_now().await;
    shipment.until("the PIN was mailed", |o| o.is("PinSent") == "True" && o.reason() == "Activated").await;
    (shipment, order, login)
}

/// What the rest of the world reads: untouched by whether the key is used.
fn is_at_its_end(object: &Object) {
    assert_eq!((object.is("Ready"), object.reason(), object.phase()), ("True", "Activated", "Activated"));
    assert_eq!((object.is("Stalled"), object.is("Reconciling")), ("", ""));
    assert!(!object.has("/status/failure"), "{}", object.0["status"]);
}

#[tokio::test]
async fn a_person_signs_in_and_the_shipment_says_so() {
    scene("used")
        .play(async |scene| {
            let (shipment, order, login) = served(scene, "kim").await;
            let mailed = shipment.get().await;
            assert_eq!((mailed.is("InUse"), mailed.reason_of("InUse")), ("False", "NotUsedYet"));
            is_at_its_end(&mailed);
            let before = scene.sandbox.count(LIST).await;
            shipment.look_now().await;
            let unused = shipment.get().await;
            assert_eq!((unused.is("InUse"), unused.reason_of("InUse")), ("False", "NotUsedYet"));
            assert_eq!(scene.sandbox.count(LIST).await, before + 1, "one look, one call");
            let signed_in = scene.sandbox.sign_in(&order, &login, &[]).await;
            assert!(signed_in.ok, "{}", signed_in.err);
            shipment.look_now().await;
            let used = shipment.get().await;
            assert_eq!((used.is("InUse"), used.reason_of("InUse")), ("True", "Used"));
            assert!(used.has("/status/times/used") && used.has("/status/times/pinSent"));
            is_at_its_end(&used);
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(LIST).await, before + 2, "what is known is not asked for again");
        })
        .await;
}

#[tokio::test]
async fn where_it_is_off_nobody_is_asked_about() {
    scene("unasked")
        .connection(json!({"polling": {"firstUse": "Never"}}))
        .play(async |scene| {
            let (shipment, order, login) = served(scene, "kim").await;
            let before = scene.sandbox.count(LIST).await;
            assert!(scene.sandbox.sign_in(&order, &login, &[]).await.ok);
            for _ in 0..3 {
                shipment.look_now().await;
            }
            let object = shipment.get().await;
            assert_eq!(object.is("InUse"), "", "nothing is said of what nobody looked for");
            is_at_its_end(&object);
            assert_eq!(scene.sandbox.count(LIST).await, before);
        })
        .await;
}

#[tokio::test]
async fn nobody_is_asked_about_while_the_shipment_is_suspended() {
    scene("halted")
        .play(async |scene| {
            let (shipment, ..) = served(scene, "kim").await;
            shipment.change(json!({"suspend": true})).await;
            shipment.until("the suspension was seen", Object::is_current).await;
            let before = scene.sandbox.count(LIST).await;
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(LIST).await, before);
            shipment.change(json!({"suspend": false})).await;
            shipment.until("its end was seen", Object::is_current).await;
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(LIST).await, before + 1);
        })
        .await;
}

/// What Okta shows of a person, whoever it is.
async fn shows(scene: &Scene, user: &str, entries: Value) -> u64 {
    let what = json!({"operation": LIST, "path": format!("/users/{user}/"), "times": 0});
    let effect = json!({"kind": "status", "status": 200, "when": "before", "body": entries});
    let rule = scene.sandbox.post("/faults", json!({"match": what, "effect": effect})).await;
    rule["id"].as_u64().unwrap()
}

#[tokio::test]
async fn what_okta_does_not_show_is_neither_used_nor_unused() {
    scene("hidden")
        .play(async |scene| {
            let (shipment, ..) = served(scene, "kim").await;
            let object = shipment.get().await;
            let (user, ours) = (object.text("/status/userId"), object.text("/status/enrollment/id"));
            let entry = |id: &str, status: &str, profile: Value| json!([{"id": id, "status": status, "profile": profile}]);
            for hidden in [
                json!([]),
                entry("fwfANOTHER", "ACTIVE", json!({"presetPinAvailable": false})),
                entry(ours, "ACTIVE", json!({})),
                entry(ours, "ACTIVE", json!({"presetPinAvailable": "false"})),
                entry(ours, "EXPIRED", json!({"presetPinAvailable": false})),
            ] {
                let rule = shows(scene, user, hidden.clone()).await;
                shipment.look_now().await;
                let told = shipment.get().await;
                assert_eq!((told.is("InUse"), told.reason_of("InUse")), ("Unknown", "NotShown"), "{hidden}");
                assert!(!told.has("/status/times/used"), "{hidden}");
                is_at_its_end(&told);
                scene.sandbox.mend(rule).await;
                shipment.look_now().await;
                assert_eq!(shipment.get().await.is("InUse"), "False", "shown again, and not used: {hidden}");
            }
        })
        .await;
}

/// The operator's writes of a shipment since a line of the log.
fn writes(scene: &Scene, from: usize, name: &str) -> usize {
    let log = audit::read(scene.plane().audit_log.as_ref().unwrap()).split_off(from);
    let ours = |r: &&audit::Request| r.user() == operator_user() && r.is_write() && r.name() == name;
    log.iter().filter(ours).count()
}

fn lines(scene: &Scene) -> usize {
    audit::read(scene.plane().audit_log.as_ref().unwrap()).len()
}

#[tokio::test]
async fn while_the_connection_is_at_fault_a_finished_shipment_is_not_written() {
    own_scene("usefault")
        .play(async |scene| {
            let (shipment, ..) = served(scene, "kim").await;
            let before = shipment.get().await.0["status"].clone();
            let asked = |mut status: Value| {
                status.as_object_mut().unwrap().remove("lastHandledReconcileAt");
                status
            };
            // Of a look that fails nothing is told here but that it was had.
            for effect in [
                json!({"kind": "status", "status": 503, "when": "before"}),
                json!({"kind": "status", "status": 429, "when": "before", "headers": {"retry-after": "1"}}),
                json!({"kind": "malformed"}),
                json!({"kind": "drop", "when": "before"}),
                json!({"kind": "status", "status": 403, "when": "before"}),
            ] {
                let rule = scene.sandbox.fault_always(LIST, effect.clone()).await;
                shipment.look_now().await;
                let after = shipment.get().await;
                assert_eq!(asked(after.0["status"].clone()), asked(before.clone()), "{effect}");
                scene.sandbox.mend(rule).await;
            }
            // Nor is it written when the connection is at fault, and well again.
            let from = lines(scene);
            let files = scene.mount.files();
            let without = files.iter().filter(|(name, _)| name != "okta-private-key").cloned();
            scene.mount.swap(&without.collect::<Vec<_>>());
            scene.connection().until_reason("CredentialsMissing").await;
            let waiting = scene.person("lou", "ACTIVE").await;
            let waiting = scene.ship("lou", &waiting).await;
            waiting.until_reason("CredentialsMissing").await;
            scene.mount.swap(&files);
            waiting.until_ordered().await;
            assert_eq!(writes(scene, from, &shipment.name), 0);
        })
        .await;
}

/// An Okta user id whose moment of the day comes a little later than now.
fn whose_moment_comes_soon() -> String {
    let now = now();
    let soon = |id: &String| {
        let mut journal = Journal { user: domain::ids::UserId::new(id).ok(), ..Journal::default() };
        let before = now - SignedDuration::from_hours(30);
        (journal.times.activated, journal.times.pin_sent) = (Some(before), Some(before));
        let next = Lookout::of(&journal).and_then(|lookout| lookout.next(now, LastUseLook::at(now)));
        next.is_some_and(|next| (5..20).contains(&next.duration_since(now).as_secs()))
    };
    (0..100_000).map(|number| format!("00uSOON{number}")).find(soon).unwrap()
}

/// The same shipment of another person, finished a while ago.
async fn of_another(scene: &Scene, pattern: &Object, name: &str, user: &str) -> Handle {
    let mut text = json!({"spec": pattern.0["spec"], "status": pattern.0["status"]}).to_string();
    for (pointer, id) in [
        ("/spec/userRef/login", format!("{user}@{name}.example")),
        ("/status/userId", user.to_owned()),
        ("/status/enrollment/id", format!("fwf{name}")),
        ("/status/order/shipmentId", format!("S{name}")),
    ] {
        text = text.replace(pattern.text(pointer), &id);
    }
    let mut copy: Value = serde_json::from_str(&text).unwrap();
    let before = hours_ago(30);
    for time in ["delivered", "activated", "pinSent"] {
        copy["status"]["times"][time] = json!(before);
    }
    // Nobody asked for a look at this one, and an answer to that would be a write.
    copy["status"].as_object_mut().unwrap().remove("lastHandledReconcileAt");
    let handle = Handle::shipment(&scene.client, &scene.name, name);
    handle.create("YubiKeyShipment", copy["spec"].clone()).await;
    handle.patch(json!({"metadata": {"finalizers": ["fidoprereg.dev/vendors-in-order"]}})).await;
    handle.set_status(copy["status"].clone()).await;
    handle
}

#[tokio::test]
async fn at_the_persons_moment_one_call_tells_of_all_the_persons_keys() {
    own_scene("moment")
        .play(async |scene| {
            let (shipment, ..) = served(scene, "kim").await;
            let pattern = shipment.get().await;
            scene.rest_operator();
            let mut keys = Vec::new();
            for name in ["first", "second", "third"] {
                keys.push(of_another(scene, &pattern, name, &format!("00uLATER{name}")).await);
            }
            scene.start_operator().await;
            let before = scene.sandbox.count(LIST).await;
            let from = lines(scene);
            // The moment comes while this operator runs, whether it has seen them by then or not.
            let user = whose_moment_comes_soon();
            let entry = |name: &str, unused: bool| {
                json!({"id": format!("fwf{name}"), "status": "ACTIVE", "profile": {"presetPinAvailable": unused}})
            };
            shows(scene, &user, json!([entry("first", false), entry("second", true), entry("third", false)]))
                .await;
            for key in &keys {
                key.change_status(json!({"userId": user})).await;
            }
            for used in [&keys[0], &keys[2]] {
                let told = used.until("it is told as used", |object| object.is("InUse") == "True").await;
                is_at_its_end(&told);
                assert_eq!(writes(scene, from, &used.name), 1, "only the answer is written");
            }
            assert_eq!(keys[1].get().await.is("InUse"), "False");
            assert_eq!(writes(scene, from, &keys[1].name), 0, "it says what it said");
            assert_eq!(scene.sandbox.count(LIST).await, before + 1, "one call a person a day");
            let address = scene.operator().as_ref().unwrap().address.clone();
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let lines = [("keys_not_used", 2), ("delivery_to_first_use_seconds_count", 2)].map(|(family, count)| {
                format!("yubikey_shipment_operator_{family}{{connection=\"{}\"}} {count}\n", scene.name)
            });
            let counted = until(async || {
                let answer = http.get(format!("http://{address}/metrics")).send().await.ok()?;
                let text = answer.text().await.ok()?;
                lines.iter().all(|line| text.contains(line)).then_some(())
            });
            assert!(counted.await.is_some(), "the metrics lack {lines:?}");
        })
        .await;
}
