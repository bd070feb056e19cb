//! What the Workflows template does wrong, row by row, and what happens here instead.
//!
//! | weak point of the template | here | test |
//! |---|---|---|
//! | one failed read becomes a state, and a shipped key is dropped for ever | a failed read is never a state | [`a_failed_read_of_a_parcel_is_never_a_state`] |
//! | enrols before it checks, and leaves errored factors | everything is checked first, our enrolment is removed before the next attempt | [`stock_and_address_are_checked_before_anybody_is_enrolled`], `recipient::all_faults_of_a_profile_are_listed_at_once_and_nothing_is_made_until_they_are_corrected`, `held::a_refused_order_waits_and_a_changed_spec_starts_again_with_a_fresh_enrolment` |
//! | errors of the activation are swallowed, and the PIN is sent all the same | the PIN waits for a confirmed activation | [`no_pin_is_mailed_before_the_activation_is_confirmed`], `activation::an_activation_whose_answer_is_lost_is_found_in_the_list_and_mails_one_pin` |
//! | no retry | passing faults are tried again, each alone | [`every_call_of_the_road_survives_a_passing_fault`] |
//! | a repeated event orders a second key | one resource, one order; one order a person | [`a_repeated_request_orders_no_second_key`], `held::two_shipments_for_one_person_order_one_key_and_the_other_says_which_comes_first`, `clusters::two_clusters_that_declare_the_same_people_at_once_order_one_key_each` |
//! | the order's id is written after the order only | a mark stands before it, and a lost answer is found or held | [`an_order_whose_answer_is_lost_is_found_and_followed`], `network::an_order_whose_answer_a_cut_network_swallowed_is_found_again_and_never_sent_twice`, `restore::a_backup_with_an_open_order_finds_the_order_and_goes_on_with_it` |
//! | no cancel; a delete on one side ends in 404 and "error" | both sides in a safe order; a 404 is doubted | [`an_order_that_is_not_shown_any_more_is_doubted_first`], `deletion::deleted_after_the_order_it_is_cancelled_first_and_then_the_enrolment_is_discarded` |
//! | unknown states are errors; repairable ones are marked errored | nothing is final that can still move | [`a_repairable_order_is_not_reported_to_okta_as_failed`], `states::a_state_that_nobody_knows_is_told_and_changes_nothing`, `states::an_order_that_needs_repair_says_so_until_it_moves_on` |
//! | region not checked, second line never sent, names cut | region required, second line sent, nothing cut | [`the_second_address_line_is_sent_and_nothing_is_cut`], `recipient::all_faults_of_a_profile_are_listed_at_once_and_nothing_is_made_until_they_are_corrected` |
//! | no check of address and stock, no notice | conditions and Events | [`stock_and_address_are_checked_before_anybody_is_enrolled`], [`a_hold_is_told_by_condition_and_event`] |
//! | stops looking after the activation | followed to delivered or final | `states::a_parcel_lost_after_the_activation_is_said_loudly` |
//! | the PIN is mailed at activation only | a gate of its own, and a cap | `states::the_gate_shipment_activates_in_transit_and_the_pin_can_wait_for_the_delivery`, `activation::okta_is_asked_for_three_pin_mails_a_day_at_most` |
//! | reacts once a day, one row after another | the connection's rhythm, side by side | [`a_parcel_that_cannot_be_read_holds_up_no_other`] |
//! | one customization and one inventory for all models | ids of each model | [`each_model_is_ordered_by_its_own_ids`] |
//! | the RP id is cut from a URL, responses matched by position | configured and shown; responses of another key are refused | [`the_rp_id_is_configured_and_shown`], `states::responses_of_another_enrolment_are_not_sent_to_okta` |
//! | an entitlement and an admin's connection | a service app with two scopes | [`two_scopes_are_enough`] |
//! | two regions, one token each, a gap every year | connections with countries; credentials are re-read | [`that_the_connection_does_not_ship_to_a_country_is_said`], `connections::an_expired_token_of_yubienterprise_is_told_and_a_swapped_secret_heals_it` |
//! | a forgotten test order ships a real key | a sandbox, and an approval | `states::the_gate_approval_waits_for_a_person_and_is_no_fault`, and every test here |
//! | unknown statuses break strict clients | open types | [`statuses_that_nobody_knows_break_nothing`] |

use serde_json::{Value, json};

use crate::support::{
    calls::{ACTIVATE, ENROLL, LIST, MAIL, MARK_ERROR, ORDER, PARCEL, USERS},
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

async fn ordered(scene: &Scene, name: &str) -> (Handle, String) {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship(name, &login).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

async fn one_order(scene: &Scene) {
    assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
}

#[tokio::test]
async fn a_failed_read_of_a_parcel_is_never_a_state() {
    scene("reads")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim").await;
            scene.sandbox.set_state(&order, 103).await;
            shipment.until_phase("Shipped").await;
            let failures = [
                json!({"kind": "status", "status": 500}),
                json!({"kind": "status", "status": 503}),
                json!({"kind": "malformed"}),
                json!({"kind": "truncate"}),
                json!({"kind": "drop"}),
                json!({"kind": "wrongCasing"}),
            ];
            for failure in failures {
                let seen = scene.sandbox.count(PARCEL).await;
                let rule = scene.sandbox.fault_always(PARCEL, failure.clone()).await;
                shipment.look_now().await;
                scene.sandbox.counts(PARCEL, seen + 2).await;
                let object = shipment.get().await;
                assert_eq!(object.phase(), "Shipped", "{failure}: {}", object.message());
                assert_eq!((object.is("Ready"), object.is("Stalled")), ("True", ""), "{failure}");
                assert_eq!(object.number("/status/order/state/id"), Some(103), "{failure}");
                scene.sandbox.mend(rule).await;
            }
            assert_eq!(scene.sandbox.count(MARK_ERROR).await, 0, "Okta is not told of an error");
            scene.sandbox.set_state(&order, 104).await;
            shipment.look_now().await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn stock_and_address_are_checked_before_anybody_is_enrolled() {
    scene("checks")
        .play(async |scene| {
            scene.sandbox.post("/stock", json!({"inventoryProductId": 106, "quantity": 0})).await;
            scene.connection().look_now().await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("OutOfStock").await;
            assert!(held.message().contains("106"), "{}", held.message());
            assert!(scene.sandbox.effects_since(0).await.is_empty());
            scene.sandbox.post("/stock", json!({"inventoryProductId": 106, "quantity": 9})).await;
            scene.connection().look_now().await;
            shipment.look_now().await;
            shipment.until_ordered().await;
            one_order(scene).await;
        })
        .await;
}

#[tokio::test]
async fn no_pin_is_mailed_before_the_activation_is_confirmed() {
    scene("unconfirmed")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim").await;
            scene.sandbox.fault(ACTIVATE, json!({"kind": "status", "status": 429})).await;
            for status in [502, 503] {
                scene.sandbox.fault(ACTIVATE, json!({"kind": "status", "status": status})).await;
            }
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            let calls = scene.sandbox.calls().await;
            let last = |operation: &str| calls.iter().rposition(|call| call.operation == operation).unwrap();
            let mail = calls.iter().position(|call| call.operation == MAIL).unwrap();
            assert!(
                calls.iter().filter(|call| call.operation == ACTIVATE).count() >= 2,
                "it was tried again"
            );
            assert!(last(ACTIVATE) < mail && calls[last(ACTIVATE)].status == Some(200));
            assert_eq!(scene.sandbox.count(MAIL).await, 1);
        })
        .await;
}

#[tokio::test]
async fn every_call_of_the_road_survives_a_passing_fault() {
    scene("passing")
        .connection(json!({"calls": {"timeout": "3s", "settle": "16s"}}))
        .play(async |scene| {
            let calls =
                [USERS, "getUser", LIST, "ValidateAddress", PARCEL, "GetShipmentExactById", ACTIVATE, MAIL];
            for call in calls {
                scene.sandbox.fault(call, json!({"kind": "status", "status": 503})).await;
            }
            // Enrolling never arrives the first time; an order may be repeated after a 429 only.
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "before"})).await;
            scene.sandbox.fault(ORDER, json!({"kind": "status", "status": 429})).await;
            let (shipment, order) = ordered(scene, "kim").await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            assert_eq!((scene.sandbox.orders().await.len(), scene.sandbox.enrollments().await.len()), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_repeated_request_orders_no_second_key() {
    scene("repeated")
        .play(async |scene| {
            let (shipment, _) = ordered(scene, "kim").await;
            let manifest = json!({
                "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
                "metadata": {"name": "kim", "namespace": scene.name},
                "spec": scene.shipment_spec(&scene.login("kim"), json!({})),
            });
            for _ in 0..3 {
                scene.kubectl().apply(&manifest.to_string()).await.fine();
                shipment.look_now().await;
            }
            let again = scene.ship("kim-again", &scene.login("kim")).await;
            again.until_reason("AnotherOrderForUser").await;
            one_order(scene).await;
            assert_eq!(scene.sandbox.count(ENROLL).await, 1);
        })
        .await;
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_found_and_followed() {
    scene("sought")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            scene.sandbox.fault(ORDER, json!({"kind": "drop", "when": "after"})).await;
            let (shipment, order) = ordered(scene, "kim").await;
            assert_eq!(order, scene.sandbox.orders().await[0]["id"].as_str().unwrap());
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            one_order(scene).await;
        })
        .await;
}

#[tokio::test]
async fn an_order_that_is_not_shown_any_more_is_doubted_first() {
    scene("doubted")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim").await;
            let rule = scene.sandbox.fault_always(PARCEL, json!({"kind": "status", "status": 404})).await;
            shipment.until("the doubt is noted", |o| o.has("/status/order/missingSince")).await;
            shipment.look_now().await;
            let object = shipment.get().await;
            assert_ne!(object.phase(), "Failed");
            assert_eq!((object.is("Ready"), object.is("Ordered")), ("True", "True"), "{}", object.message());
            assert_eq!(scene.sandbox.count(MARK_ERROR).await, 0);
            assert_eq!(scene.sandbox.enrollments().await.len(), 1, "the key may still arrive");
            scene.sandbox.mend(rule).await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.look_now().await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn a_repairable_order_is_not_reported_to_okta_as_failed() {
    scene("repair")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, "kim").await;
            for state in [2, 6, 7, 8, 9, 106] {
                scene.sandbox.set_state(&order, state).await;
                shipment
                    .until("it needs repair", |o| o.number("/status/order/state/id") == Some(state.into()))
                    .await;
                assert_eq!(shipment.get().await.reason(), "OrderNeedsRepair", "state {state}");
            }
            assert_eq!(scene.sandbox.count(MARK_ERROR).await, 0);
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn the_second_address_line_is_sent_and_nothing_is_cut() {
    scene("lines")
        .connection(json!({
            "recipientMapping": {"addressLine2": "customUnit"}, "policy": {"recipientOverride": "Allow"},
        }))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            // Longer than the template's 10, 15 and 15 letters.
            let names = ["Maximiliana", "Featherstonehaugh", "Example Holdings"];
            let profile = json!({
                "firstName": names[0], "lastName": names[1], "organization": names[2], "customUnit": "Flat 12",
            });
            scene.sandbox.change_person(&login, json!({"profile": profile})).await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            let sent = at_yubico(scene, &order).await.to_string();
            for text in names.iter().chain(&["Flat 12"]) {
                assert!(sent.contains(text), "{text} in {sent}");
            }
            // What does not fit is refused, and an override is the way out.
            let other = scene.person("sam", "ACTIVE").await;
            let profile = json!({"firstName": "Wilhelmina Alexandrina"});
            scene.sandbox.change_person(&other, json!({"profile": profile})).await;
            let long = scene.ship("sam", &other).await;
            let held = long.until_reason("InvalidRecipient").await;
            assert!(held.message().contains("firstName"), "{}", held.message());
            long.change(json!({"recipient": {"firstName": "Mina"}})).await;
            long.until_ordered().await;
        })
        .await;
}

/// The order as the vendor keeps it.
async fn at_yubico(scene: &Scene, order: &str) -> Value {
    let credentials = scene.sandbox.credentials("default");
    let read = |name: &str| std::fs::read_to_string(credentials.join(name)).unwrap();
    let ca = reqwest::Certificate::from_pem(read("ca.crt").as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]).build().unwrap();
    let url = format!("{}/v1/shipments_exact/{order}", scene.sandbox.says("yubico"));
    let answer = http.get(url).bearer_auth(read("yubico-api-token").trim()).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_hold_is_told_by_condition_and_event() {
    scene("told")
        .play(async |scene| {
            let login = scene.login("nobody");
            let shipment = scene.ship("nobody", &login).await;
            let held = shipment.until_reason("UserNotFound").await;
            assert_eq!((held.is("Ready"), held.is("Stalled")), ("False", "True"));
            let told = until(async || {
                let events = scene.events(&scene.name, "nobody").await;
                events.into_iter().find(|(reason, _)| reason == "UserNotFound")
            });
            let (_, note) = told.await.expect("an Event tells");
            assert_eq!(note, held.message());
        })
        .await;
}

#[tokio::test]
async fn a_parcel_that_cannot_be_read_holds_up_no_other() {
    scene("sidebyside")
        .play(async |scene| {
            let (slow, stuck) = ordered(scene, "slow").await;
            // Every read of this one takes longer than it is waited for.
            let never = json!({"kind": "delay", "ms": 60_000});
            let rule = scene.sandbox.fault_at(PARCEL, &stuck, (1, 0), never).await;
            let mut others = Vec::new();
            for name in ["kim", "sam", "lee"] {
                others.push(ordered(scene, name).await);
            }
            scene.sandbox.set_state(&stuck, 104).await;
            for (_, order) in &others {
                scene.sandbox.set_state(order, 104).await;
            }
            for (shipment, _) in &others {
                shipment.until_reason("Activated").await;
            }
            assert_eq!(slow.get().await.is("Delivered"), "False");
            scene.sandbox.mend(rule).await;
            slow.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn each_model_is_ordered_by_its_own_ids() {
    let keys = json!([
        {"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"},
        {"name": "yubikey-5-nfc", "productId": 1, "inventoryProductId": 106, "customizationId": "RXJN83"},
    ]);
    scene("models")
        .connection(json!({"keys": keys}))
        .play(async |scene| {
            for (name, model, product) in [("kim", "yubikey-5c-nfc", 29), ("sam", "yubikey-5-nfc", 1)] {
                let login = scene.person(name, "ACTIVE").await;
                scene.ship_with(name, &login, json!({"key": {"model": model}})).await.until_ordered().await;
                let orders = scene.sandbox.orders().await;
                let order = orders.iter().find(|order| order["recipientEmail"] == login.as_str()).unwrap();
                assert_eq!(order["productId"], product);
            }
            let login = scene.person("lee", "ACTIVE").await;
            let unknown = scene.ship_with("lee", &login, json!({"key": {"model": "yubikey-4"}})).await;
            let held = unknown.until_reason("UnknownKeyModel").await;
            assert!(held.message().contains("spec.key.model"), "{}", held.message());
        })
        .await;
}

#[tokio::test]
async fn the_rp_id_is_configured_and_shown() {
    scene("rpid")
        .play(async |scene| {
            let ready = |object: &Object| object.is("Ready") == "True" && object.is_current();
            let connection = scene.connection();
            let found = connection.until("it can be used", ready).await;
            assert_eq!(
                found.text("/status/rpId"),
                "localhost",
                "the host of the org, as nothing else is set"
            );
            scene.sandbox.post("/okta", json!({"rpId": "keys.example.com"})).await;
            connection.look_now().await;
            let found =
                connection.until("the authenticator's", |o| o.text("/status/rpId") == "keys.example.com");
            found.await;
            // The authenticator's own would stop orders with any other.
            scene.sandbox.post("/okta", json!({"rpId": ""})).await;
            connection.change(json!({"okta": {"rpId": "localhost"}})).await;
            let found = connection.until("the spec's", |o| ready(o) && o.text("/status/rpId") == "localhost");
            found.await;
            let (shipment, _) = ordered(scene, "kim").await;
            assert_eq!(shipment.get().await.text("/status/enrollment/rpIds/0"), "localhost");
        })
        .await;
}

#[tokio::test]
async fn two_scopes_are_enough() {
    scene("scopes")
        .play(async |scene| {
            let app = format!("/apps/{}", scene.sandbox.says("clientId"));
            let least = json!({"scopes": ["okta.users.manage", "okta.users.read"]});
            scene.sandbox.post(&app, least).await;
            scene.sandbox.post("/tokens/expire", json!({"okta": true})).await;
            scene.connection().look_now().await;
            let (shipment, order) = ordered(scene, "kim").await;
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn that_the_connection_does_not_ship_to_a_country_is_said() {
    scene("countries")
        .connection(json!({"yubico": {"countries": ["DE", "FR"]}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let held = scene.ship("kim", &login).await.until_reason("InvalidRecipient").await;
            for word in ["profile.countryCode", "DE, FR"] {
                assert!(held.message().contains(word), "{word} in: {}", held.message());
            }
            assert!(!held.message().contains("US"), "the person's country is nobody's: {}", held.message());
            assert!(scene.sandbox.effects_since(0).await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn statuses_that_nobody_knows_break_nothing() {
    scene("statuses")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            let new = json!({"status": "FULFILLMENT_REROUTED", "ageMinutes": 60});
            let there = scene.sandbox.post(&path, new).await;
            let held = scene.ship("kim", &login).await.until_reason("ExistingKey").await;
            assert!(held.message().contains(there["id"].as_str().unwrap()), "{}", held.message());
            // A person whose status nobody knows gets a key all the same.
            let other = scene.person("sam", "PASSWORD_EXPIRED").await;
            scene.ship("sam", &other).await.until_ordered().await;
        })
        .await;
}
