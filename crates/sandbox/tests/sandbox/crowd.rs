//! Groups, the System Log and many people, as an operator of rollouts meets them.

use std::collections::BTreeSet;

use reqwest::Response;
use serde_json::{Value, json};

use crate::operator::{World, start};

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn next(world: &World, answer: &Response) -> Option<String> {
    let links = answer.headers().get_all("link").iter();
    let mut targets = links.filter_map(|link| link.to_str().unwrap().strip_suffix("; rel=\"next\""));
    let url = targets.next()?.trim_matches(['<', '>']);
    Some(url.strip_prefix(world.okta()).unwrap().to_string())
}

/// Everything on every page.
async fn all(world: &World, token: &str, path: &str) -> (Vec<Value>, usize) {
    let (mut path, mut found, mut pages) = (Some(path.to_string()), Vec::new(), 0);
    while let Some(at) = path {
        let answer = world.okta_request(token, "GET", &at).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{at}");
        path = next(world, &answer);
        found.extend(answer.json::<Vec<Value>>().await.unwrap());
        pages += 1;
    }
    (found, pages)
}

fn ids(list: &[Value]) -> Vec<&str> {
    list.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn two_thousand_people_are_made_at_once_and_all_are_in_the_group() {
    let world = start().await;
    let token = world.token().await;
    let group = world.command("POST", "/groups", json!({"name": "Everybody new"})).await;
    let crowd =
        json!({"count": 1990, "group": "Everybody new", "profile": {"city": "Bergen", "state": null}});
    let made = world.command("POST", "/people/many", crowd).await;
    let more = json!({"count": 10, "group": "Everybody new", "status": "SUSPENDED", "events": false});
    let suspended = world.command("POST", "/people/many", more).await;
    let mut expected: Vec<&str> = ids(made.as_array().unwrap());
    expected.extend(ids(suspended.as_array().unwrap()));
    assert_eq!(expected.iter().collect::<BTreeSet<_>>().len(), 2000);

    let path = format!("/api/v1/groups/{}/users?limit=200", group["id"].as_str().unwrap());
    let (members, pages) = all(&world, &token, &path).await;
    assert_eq!(ids(&members), expected);
    assert_eq!(pages, 10);
    assert_eq!(members[3]["profile"]["city"], "Bergen");
    assert!(members[3]["profile"].get("state").is_none());
    assert_eq!(members[1999]["status"], "SUSPENDED");
    let told = world.look("/events").await["events"].as_array().unwrap().len();
    assert_eq!(told, 1990, "who joins without events is not in the log");
    let state = world.look("/state").await;
    let ours = state["orgs"][0]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|known| known["id"] == group["id"])
        .unwrap();
    assert_eq!(ours["members"].as_array().unwrap().len(), 2000);
}

#[tokio::test]
async fn a_search_takes_many_terms_and_lags_where_a_filter_does_neither() {
    let world = start().await;
    let token = world.token().await;
    let path = |parameter: &str, terms: &[&str]| {
        let terms: Vec<_> = terms.iter().map(|login| format!("profile.login eq \"{login}\"")).collect();
        format!("/api/v1/users?{parameter}={}", encoded(&terms.join(" or ")))
    };
    let both = ["Ann.Lee@example.com", "bob.ray@example.com"];
    let (found, _) = all(&world, &token, &path("search", &both)).await;
    assert_eq!(found.len(), 2, "a search does not mind capitals");
    let (found, _) = all(&world, &token, &path("filter", &both)).await;
    assert_eq!(found.len(), 1, "a filter does");
    world.command("POST", "/settings", json!({"searchLagMs": 600_000})).await;
    let made = world.command("POST", "/people/many", json!({"count": 1})).await;
    let login = made[0]["login"].as_str().unwrap();
    let (found, _) = all(&world, &token, &path("search", &[login])).await;
    assert_eq!(found, Vec::<Value>::new());
    let (found, _) = all(&world, &token, &path("filter", &[login])).await;
    assert_eq!(ids(&found), [made[0]["id"].as_str().unwrap()]);
    for (list, parameter, expression) in [
        ("users", "search", "profile.login eq ann"),
        ("users", "filter", "profile.city eq \"Boston\""),
        ("groups", "filter", "profile.name eq \"YubiKey new users\""),
        ("groups", "search", "profile.name eq \"a\" or"),
    ] {
        let path = format!("/api/v1/{list}?{parameter}={}", encoded(expression));
        let answer = world.okta_request(&token, "GET", &path).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{expression}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "E0000031");
    }
}

#[tokio::test]
async fn a_group_is_found_by_id_and_name_and_can_go() {
    let world = start().await;
    let token = world.token().await;
    let search =
        |name: &str| format!("/api/v1/groups?search={}", encoded(&format!("profile.name eq \"{name}\"")));
    let (found, _) = all(&world, &token, &search("YubiKey new users")).await;
    let id = found[0]["id"].as_str().unwrap().to_string();
    assert_eq!(found.len(), 1);
    let alone = world.okta_get(&token, &format!("/api/v1/groups/{id}")).await;
    assert_eq!(alone["profile"]["name"], "YubiKey new users");
    assert_eq!(world.control("DELETE", &format!("/groups/{id}"), None).await.status(), 204);
    for path in [format!("/api/v1/groups/{id}"), format!("/api/v1/groups/{id}/users")] {
        let answer = world.okta_request(&token, "GET", &path).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "E0000007");
    }
}

fn log(filter: &str) -> String {
    format!("/api/v1/logs?limit=2&filter={}", encoded(filter))
}

/// What is in the log from a place on, and the place behind it: a log that is followed always goes on.
async fn follow(world: &World, token: &str, mut place: String) -> (Vec<Value>, String) {
    let mut events = Vec::new();
    loop {
        let answer = world.okta_request(token, "GET", &place).send().await.unwrap();
        place = next(world, &answer).unwrap();
        let page: Vec<Value> = answer.json().await.unwrap();
        if page.is_empty() {
            return (events, place);
        }
        events.extend(page);
    }
}

#[tokio::test]
async fn who_joins_and_leaves_a_group_is_in_the_log_by_group() {
    let world = start().await;
    let token = world.token().await;
    let one =
        world.command("POST", "/groups", json!({"name": "One", "members": ["bob.ray@example.com"]})).await;
    world.command("POST", "/groups", json!({"name": "Two", "members": ["bob.ray@example.com"]})).await;
    let change =
        json!({"add": ["ann.lee@example.com", "bob.ray@example.com"], "remove": ["eve.long@example.com"]});
    world.command("POST", "/groups/One", change).await;
    world.command("POST", "/groups/One", json!({"remove": ["bob.ray@example.com"]})).await;
    let filter = format!(
        "(eventType eq \"group.user_membership.add\" or eventType eq \"group.user_membership.remove\") and \
         (target.id eq \"{}\")",
        one["id"].as_str().unwrap()
    );
    let (events, place) = follow(&world, &token, log(&filter)).await;
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event["eventType"].as_str().unwrap(), event["target"][0]["alternateId"].as_str().unwrap())
        })
        .collect();
    let (add, remove) = ("group.user_membership.add", "group.user_membership.remove");
    // Who is in already does not join again, who is not in it cannot leave.
    let expected =
        [(add, "bob.ray@example.com"), (add, "ann.lee@example.com"), (remove, "bob.ray@example.com")];
    assert_eq!(told, expected);
    world.command("POST", "/groups/One", json!({"add": ["eve.long@example.com"]})).await;
    let (later, _) = follow(&world, &token, place).await;
    assert_eq!(later.len(), 1, "from the kept place on only what is new");
}

#[tokio::test]
async fn the_button_can_be_pressed_in_every_disorder() {
    let world = start().await;
    let token = world.token().await;
    let filter = "eventType eq \"system.mfa.preregister.initiate\"";
    let press = async |login: &str, more: Value| {
        let mut order = json!({"productId": "29", "inventoryProductId": "106", "customizationId": "RXJN83"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let event = world.command("POST", &format!("/people/{login}/console-order"), order).await;
        event["uuid"].as_str().unwrap().to_string()
    };
    let uuids = |events: &[Value]| -> Vec<String> {
        events.iter().map(|event| event["uuid"].as_str().unwrap_or("none").to_string()).collect()
    };
    let ann = press("ann.lee@example.com", json!({})).await;
    let bob = press("bob.ray@example.com", json!({"camelCase": true, "hold": true})).await;
    let late = json!({"hold": true, "inDebugData": true, "published": "2026-01-05T20:43:19Z"});
    let eve = press("eve.long@example.com", late).await;
    world.command("POST", &format!("/events/{ann}/repeat"), json!({"times": 2})).await;
    world
        .command("POST", "/events", json!({"event": {"eventType": "system.mfa.preregister.initiate"}}))
        .await;
    assert_eq!(BTreeSet::from([&ann, &bob, &eve]).len(), 3, "each press has an id of its own");

    let (events, place) = follow(&world, &token, log(filter)).await;
    assert_eq!(uuids(&events), [ann.as_str(), &ann, &ann, "none"]);
    assert_eq!(events[0]["target"][0]["detailEntry"]["yubico_product_id"], "29");
    world.command("POST", "/events/release", json!({"order": "reversed"})).await;
    let (events, place) = follow(&world, &token, place).await;
    assert_eq!(uuids(&events), [eve.as_str(), &bob]);
    assert_eq!(events[0]["published"], "2026-01-05T20:43:19.000Z");
    assert_eq!(events[0]["debugContext"]["debugData"]["yubico_customization_id"], "RXJN83");
    assert_eq!(events[1]["target"][0]["detailEntry"]["yubicoInventoryProductId"], "106");
    world.command("POST", &format!("/events/{bob}/repeat"), json!({})).await;
    let (events, _) = follow(&world, &token, place).await;
    assert_eq!(uuids(&events), [bob.as_str()], "replayed long after");

    // A bounded look goes by the time of the event, a followed one by the time it was written down.
    let since = |more: &str| format!("{}&since=2026-02-01T00:00:00Z{more}", log(filter));
    let (followed, _) = follow(&world, &token, since("")).await;
    assert!(uuids(&followed).contains(&eve));
    let (bounded, _) = all(&world, &token, &since("&until=2099-01-01T00:00:00Z")).await;
    assert!(!uuids(&bounded).contains(&eve) && uuids(&bounded).contains(&ann));
    for bad in
        ["after=x", "since=yesterday", "limit=many", "sortOrder=DESCENDING", "filter=actor.id%20eq%20%22a%22"]
    {
        let answer = world.okta_request(&token, "GET", &format!("/api/v1/logs?{bad}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn factors_hide_preregistered_keys_unless_told_otherwise() {
    let world = start().await;
    let token = world.token().await;
    let bob = world.person(&token, "bob.ray@example.com").await["id"].as_str().unwrap().to_string();
    let path = format!("/api/v1/users/{bob}/factors");
    world.command("POST", "/people/bob.ray@example.com/enrollments", json!({"status": "ACTIVE"})).await;
    assert_eq!(world.okta_get(&token, &path).await, json!([]));
    world.command("POST", "/people/bob.ray@example.com/factors", json!({"factorType": "push"})).await;
    let own = json!({"factorType": "webauthn", "status": "PENDING_ACTIVATION"});
    world.command("POST", "/people/bob.ray@example.com/factors", own).await;
    let kinds = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|f| format!("{} {}", f["factorType"], f["status"])).collect()
    };
    let shown = kinds(&world.okta_get(&token, &path).await);
    assert_eq!(shown, ["\"push\" \"ACTIVE\"", "\"webauthn\" \"PENDING_ACTIVATION\""]);
    world.command("POST", "/settings", json!({"factorsHidePreregistered": false})).await;
    let shown = kinds(&world.okta_get(&token, &path).await);
    assert_eq!(shown.last().unwrap(), "\"webauthn\" \"ACTIVE\"");
}

#[tokio::test]
async fn a_new_person_joins_groups_and_a_login_is_there_once() {
    let world = start().await;
    let token = world.token().await;
    let group = world.command("POST", "/groups", json!({"name": "New"})).await;
    let profile =
        json!({"firstName": "Cy", "lastName": "Orr", "email": "cy@example.com", "login": "cy@example.com"});
    let body = json!({"profile": profile, "groupIds": [group["id"]]});
    let created = world.okta_post(&token, "/api/v1/users?activate=false", &body).await;
    assert_eq!(created.json::<Value>().await.unwrap()["status"], "STAGED");
    let events = world.look("/events").await;
    assert_eq!(
        events["events"].as_array().unwrap().last().unwrap()["eventType"],
        "group.user_membership.add"
    );
    let mut again = body;
    again["profile"]["login"] = "CY@example.com".into();
    let refused = world.okta_post(&token, "/api/v1/users?activate=false", &again).await;
    assert_eq!(refused.status(), 400, "logins differ by more than capitals");
}
