//! A rollout's groups: found by name without guessing, and read to the last member.

use domain::{
    directory::{Group, GroupLookup},
    failure::{Arrival, Reason},
    ids::GroupId,
};
use serde_json::{Value, json};

use super::{
    Reply, Seen, Server, bytes, error_body, in_a_hurry, schemas, wire::told, with_api_token, with_headers,
};
use crate::okta::Client;

fn id(text: &str) -> GroupId {
    GroupId::new(text).unwrap()
}

fn body(id: &str, name: &str) -> Value {
    json!({"id": id, "profile": {"name": name}})
}

fn member(number: usize) -> Value {
    json!({"id": format!("00u{number}"), "status": "ACTIVE", "profile": {"login": format!("u{number}@example.com")}})
}

/// Members in pages of two, with the links as Okta writes them.
async fn with_members(pages: Vec<Vec<Value>>) -> (std::sync::Arc<Server>, Client) {
    let server = Server::start(move |seen| {
        let index: usize = seen.path().split("after=").nth(1).map_or(0, |after| after.parse().unwrap());
        let host = seen.header("host");
        let own = format!("<http://{host}{}>; rel=\"self\"", seen.path());
        let next =
            format!("<http://{host}/api/v1/groups/00g1/users?limit=200&after={}>; rel=\"next\"", index + 1);
        let mut links = vec![("link", own.as_str())];
        if index + 1 < pages.len() {
            links.push(("link", &next));
        }
        with_headers(200, &links, &Value::from(pages[index].clone()).to_string())
    })
    .await;
    let client = in_a_hurry(&server);
    (std::sync::Arc::new(server), client)
}

#[tokio::test]
async fn every_page_of_members_is_read_and_each_member_is_there_once() {
    let pages = vec![vec![member(1), member(2)], vec![member(2), member(3)], vec![], vec![member(4)]];
    let (server, okta) = with_members(pages).await;
    let members = okta.members(&id("00g1"), |user| user).await.unwrap().unwrap();
    let ids: Vec<&str> = members.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["00u1", "00u2", "00u3", "00u4"]);
    assert_eq!(members[3].login.as_ref().unwrap().as_str(), "u4@example.com");
    let seen = server.seen();
    assert_eq!(seen[0].path(), "/api/v1/groups/00g1/users?limit=200");
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_no_end_and_is_not_asked_for_again() {
    for link in [
        "<>; rel=next",
        "<?limit=200>; rel=\"next\"",
        "<#page2>; rel=\"next\"",
        "<users?limit=200>; rel=next",
    ] {
        let server =
            Server::start(move |_| with_headers(200, &[("link", link)], &json!([member(1)]).to_string()))
                .await;
        let error = in_a_hurry(&server).members(&id("00g1"), |user| user).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::UnreadableAnswer, "{link}");
        assert!(error.failure.message.contains("leads to itself"), "{}", error.failure.message);
        assert_eq!(server.seen().len(), 1, "{link}");
    }
}

/// As many members as are asked for, from a number on, each with a profile of so many bytes.
async fn with_large_members(count: usize, bytes_each: usize) -> (std::sync::Arc<Server>, Client) {
    let server = Server::start(move |seen| {
        let of = |name: &str| -> usize {
            let after = seen.path().split_once(&format!("{name}=")).map(|(_, after)| after);
            after.map_or(0, |after| after.split('&').next().unwrap().parse().unwrap())
        };
        let (first, limit) = (of("after"), of("limit"));
        let end = (first + limit).min(count);
        let page: Vec<Value> = (first..end)
            .map(|number| {
                let mut member = member(number);
                member["profile"]["about"] = "x".repeat(bytes_each).into();
                member
            })
            .collect();
        let next = format!("</api/v1/groups/00g1/users?after={end}&limit={limit}>; REL=next");
        let links = if end < count { vec![("link", next.as_str())] } else { vec![] };
        with_headers(200, &links, &Value::from(page).to_string())
    })
    .await;
    let client = in_a_hurry(&server);
    (std::sync::Arc::new(server), client)
}

#[tokio::test]
async fn a_page_that_is_larger_than_an_answer_may_be_is_asked_for_in_smaller_ones() {
    // 200 of 9 KiB are more than 1 MiB, 100 are not; 200 of 60 KiB want pages of 12.
    for (count, bytes_each, limit) in [(230, 9 * 1024, 100), (60, 60 * 1024, 12), (5, 600 * 1024, 1)] {
        let (server, okta) = with_large_members(count, bytes_each).await;
        let ids: Vec<String> =
            okta.members(&id("00g1"), |user| user.id.as_str().to_owned()).await.unwrap().unwrap();
        assert_eq!(ids, (0..count).map(|number| format!("00u{number}")).collect::<Vec<_>>());
        let last = server.seen().last().unwrap().path().to_owned();
        assert!(last.contains(&format!("limit={limit}")), "{last}");
    }
    let (server, okta) = with_large_members(3, 1100 * 1024).await;
    let error = okta.members(&id("00g1"), |user| user).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
    assert_eq!(server.seen().len(), 8, "200, 100, 50, 25, 12, 6, 3, 1: then it is told");
}

/// A gap in the list would look like people who left the group.
#[tokio::test]
async fn a_list_with_a_gap_is_refused_as_a_whole() {
    let (_server, okta) = with_members(vec![vec![member(1)], vec![json!({"id": "", "profile": {}})]]).await;
    let error = okta.members(&id("00g1"), |user| user).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Unclear, Reason::UnreadableAnswer, Some(200)));

    let server = Server::start(|seen| {
        if seen.path().contains("after") {
            return bytes(503, "");
        }
        let next = format!("<http://{}/api/v1/groups/00g1/users?after=1>; rel=\"next\"", seen.header("host"));
        with_headers(200, &[("link", next.as_str())], "[]")
    })
    .await;
    let error = with_api_token(&server).members(&id("00g1"), |user| user).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::OktaUnavailable);
}

#[tokio::test]
async fn a_group_without_an_end_is_refused() {
    let (server, okta) = with_members((0..200).map(|n| vec![member(n)]).collect()).await;
    let error = okta.members(&id("00g1"), |user| user).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::UnreadableAnswer, None));
    assert!(error.failure.message.contains("several groups"), "{}", error.failure.message);
    assert_eq!(server.seen().len(), 100);
}

#[tokio::test]
async fn a_group_that_is_gone_is_not_an_empty_one() {
    let server = Server::start(|_| bytes(404, &error_body("E0000007"))).await;
    let okta = with_api_token(&server);
    assert_eq!(okta.members(&id("00g1"), |user| user).await, Ok(None));
    assert_eq!(okta.group_by_id(&id("00g1")).await, Ok(None));
    // Would lead to another path.
    assert_eq!(okta.members(&id("00g1/../.."), |user| user).await, Ok(None));
    assert_eq!(okta.group_by_id(&id("a b")).await, Ok(None));
    assert_eq!(server.seen().len(), 2);
    let server = Server::start(|_| bytes(404, "{\"message\":\"no route\"}")).await;
    let error = with_api_token(&server).members(&id("00g1"), |user| user).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::WrongAddress, None));
}

#[tokio::test]
async fn a_name_finds_the_group_that_has_exactly_it() {
    let found = |groups: Vec<Value>| async move {
        let server = Server::start(move |_| bytes(200, &Value::from(groups.clone()).to_string())).await;
        with_api_token(&server).group_by_name("YubiKey 5 NFC").await.unwrap()
    };
    let ours = body("00g1", "YubiKey 5 NFC");
    let other = body("00g2", "YubiKey 5 NFC spare");
    let capitals = body("00g3", "yubikey 5 nfc");
    let one = Group { id: id("00g1"), name: "YubiKey 5 NFC".into() };
    assert_eq!(found(vec![other.clone(), ours.clone(), capitals.clone()]).await, GroupLookup::Found(one));
    assert_eq!(found(vec![other, capitals]).await, GroupLookup::Missing);
    assert_eq!(found(vec![]).await, GroupLookup::Missing);
    let twice = vec![ours.clone(), body("00g9", "YubiKey 5 NFC"), ours];
    assert_eq!(found(twice).await, GroupLookup::Ambiguous(vec![id("00g1"), id("00g9")]));
}

/// The search lags behind: a group made a moment ago is found by the other way.
#[tokio::test]
async fn a_group_that_the_search_does_not_show_yet_is_found() {
    let server = Server::start(|seen: &Seen| {
        let new = if seen.path().contains("search=") { json!([]) } else { json!([body("00g1", "New")]) };
        bytes(200, &new.to_string())
    })
    .await;
    let found = with_api_token(&server).group_by_name("New").await.unwrap();
    assert_eq!(found, GroupLookup::Found(Group { id: id("00g1"), name: "New".into() }));
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.path().to_owned()).collect();
    assert_eq!(paths[0], "/api/v1/groups?limit=200&search=profile.name%20eq%20%22New%22");
    assert_eq!(paths[1], "/api/v1/groups?limit=200&q=New");
}

#[tokio::test]
async fn oktas_own_example_is_read_and_a_missing_scope_is_named() {
    let examples = schemas::directory_example("list-groups-search").to_string();
    let server = Server::start(move |_| bytes(200, &examples)).await;
    let found = with_api_token(&server).group_by_name("West Coast users").await.unwrap();
    assert!(matches!(found, GroupLookup::Found(group) if group.id.as_str() == "00g1emaKYZTWRYYRRTSK"));

    let server =
        Server::start(|_| Reply::Bytes(crate::http::testing::json(403, &error_body("E0000006")))).await;
    let okta = with_api_token(&server);
    for error in [
        okta.group_by_name("x").await.unwrap_err(),
        okta.group_by_id(&id("00g1")).await.unwrap_err(),
        okta.members(&id("00g1"), |user| user).await.unwrap_err(),
    ] {
        assert_eq!(error.failure.reason, Reason::OktaForbidden);
        assert!(error.failure.message.contains("okta.groups.read"), "{}", error.failure.message);
    }
}
