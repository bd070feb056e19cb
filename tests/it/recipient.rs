//! Faults of recipient and address: all at once, each with its profile attribute and limit, before anything is made.

use serde_json::json;

use crate::support::{
    calls::{ENROLL, ORDER},
    scene::{Scene, scene},
};

/// Everything that is wrong with this profile, as attribute and what the message must say about it.
const FAULTS: [(&str, &str); 7] = [
    ("profile.firstName", "15"),
    ("profile.lastName", "20"),
    ("profile.organization", "20"),
    ("profile.primaryPhone", "digits"),
    ("profile.streetAddress", "60"),
    ("profile.city", "60"),
    ("profile.state", "this country"),
];

async fn person_who_does_not_fit(scene: &Scene) -> String {
    let login = scene.person("eve", "ACTIVE").await;
    let profile = json!({
        "firstName": "Evangelina-Maximiliana", "lastName": "Longworth-Featherstonehaugh",
        "organization": "The Long and Winding Road Company", "primaryPhone": "617-555-0199 after five",
        "streetAddress": "12345 Old Post Road Behind the Second Lighthouse, Building Seventeen, Third Floor",
        "city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-on-the-Hill", "state": null,
    });
    scene.sandbox.change_person(&login, json!({"profile": profile})).await;
    login
}

#[tokio::test]
async fn all_faults_of_a_profile_are_listed_at_once_and_nothing_is_made_until_they_are_corrected() {
    scene("faults")
        .play(async |scene| {
            let login = person_who_does_not_fit(scene).await;
            let shipment = scene.ship("eve", &login).await;
            let held = shipment.until_reason("InvalidRecipient").await;
            assert_eq!((held.phase(), held.is("Ready"), held.is("Stalled")), ("Held", "False", "True"));
            for (attribute, limit) in FAULTS {
                let said = held.message().split_once(attribute).map(|(_, rest)| rest);
                let said = said.unwrap_or_else(|| panic!("{attribute} is missing in: {}", held.message()));
                let sentence = said.split("(profile.").next().unwrap_or_default();
                assert!(sentence.contains(limit), "{attribute} names {limit}: {sentence}");
            }
            for value in ["Evangelina", "Lighthouse", "Llanfair", "after five"] {
                assert!(!held.0.to_string().contains(value), "no personal data in the status: {value}");
            }
            nothing_made(scene).await;
            let profile = json!({
                "firstName": "Eve", "lastName": "Long", "organization": "Example Inc", "primaryPhone": "617-555-0199",
                "streetAddress": "12 Old Post Road", "city": "Cambridge", "state": "MA",
            });
            scene.sandbox.change_person(&login, json!({"profile": profile})).await;
            shipment.look_now().await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn an_address_that_the_connection_does_not_admit_is_refused_before_anything_is_made() {
    scene("override")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let address = json!({"address": {"line1": "1 Elm", "city": "Bonn", "postalCode": "53111", "countryCode": "DE"}});
            let shipment = scene.ship_with("kim", &login, address).await;
            let held = shipment.until_reason("ForbiddenByConnection").await;
            assert!(held.message().contains("spec.address"), "{}", held.message());
            nothing_made(scene).await;
            scene.connection().change(json!({"policy": {"addressOverride": "Allow"}})).await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn a_staged_person_without_a_private_mailbox_is_told_that_the_pin_could_not_be_read() {
    scene("mailbox")
        .play(async |scene| {
            let login = scene.person("kim", "STAGED").await;
            scene.sandbox.change_person(&login, json!({"profile": {"secondEmail": null}})).await;
            let held = scene.ship("kim", &login).await.until_reason("InvalidRecipient").await;
            assert!(held.message().contains("profile.secondEmail"), "{}", held.message());
            nothing_made(scene).await;
        })
        .await;
}

#[tokio::test]
async fn what_a_latin_label_cannot_show_is_told_before_anything_is_made_where_the_connection_asks_for_it() {
    scene("latin")
        .connection(json!({"policy": {"recipientScript": "Latin"}}))
        .play(async |scene| {
            let login = scene.person("ivan", "ACTIVE").await;
            let profile = json!({"firstName": "Иван", "lastName": "Łódź-Ørsted", "city": "Αθήνα"});
            scene.sandbox.change_person(&login, json!({"profile": profile})).await;
            let shipment = scene.ship("ivan", &login).await;
            let held = shipment.until_reason("InvalidRecipient").await;
            for said in ["profile.firstName", "U+0418", "profile.city", "U+0391", "policy.recipientScript"] {
                assert!(held.message().contains(said), "{said}: {}", held.message());
            }
            assert!(!held.message().contains("profile.lastName"), "accents are Latin: {}", held.message());
            assert!(!held.0.to_string().contains("Иван"), "no personal data in the status");
            nothing_made(scene).await;
            let profile = json!({"firstName": "Ivan", "city": "Athens"});
            scene.sandbox.change_person(&login, json!({"profile": profile})).await;
            shipment.look_now().await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn where_addresses_have_no_postal_code_the_one_that_the_connection_states_is_ordered_with() {
    scene("no-code")
        .play(async |scene| {
            let ships = json!({"countries": ["US", "CA", "HK", "AE"]});
            scene.sandbox.post("/countries", ships).await;
            let (login, other) = (scene.person("kim", "ACTIVE").await, scene.person("lou", "ACTIVE").await);
            let hong_kong = json!({
                "streetAddress": "1 Queen's Road Central", "city": "Hong Kong", "state": null, "zipCode": "N/A",
                "countryCode": "HK", "primaryPhone": "+852 5550 1990",
            });
            let dubai = json!({
                "streetAddress": "Office 5, Al Maktoum Road", "city": "Dubai", "state": null, "zipCode": null,
                "countryCode": "AE", "primaryPhone": "+971 4 555 0199",
            });
            scene.sandbox.change_person(&login, json!({"profile": hong_kong})).await;
            scene.sandbox.change_person(&other, json!({"profile": dubai})).await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("InvalidRecipient").await;
            assert!(held.message().contains("recipientDefaults.postalCodes"), "{}", held.message());
            nothing_made(scene).await;
            let stated = json!({"recipientDefaults": {"postalCodes": {"HK": "999077"}}});
            scene.connection().change(stated).await;
            shipment.until_ordered().await;
            let orders = scene.sandbox.get("/state").await["shipments"].clone();
            assert!(orders.to_string().contains("999077"), "{orders}");
            // What is stated for one country is stated for no other.
            let held = scene.ship("lou", &other).await.until_reason("InvalidRecipient").await;
            assert!(held.message().contains("profile.zipCode"), "{}", held.message());
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

async fn nothing_made(scene: &Scene) {
    for effect in [ENROLL, ORDER, "ValidateAddress"] {
        assert_eq!(scene.sandbox.count(effect).await, 0, "{effect}");
    }
}
