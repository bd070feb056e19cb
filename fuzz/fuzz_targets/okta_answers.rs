//! Every answer of Okta, as `operation status`, headers and body.
#![no_main]

use std::collections::BTreeSet;

use domain::{
    directory::{GroupLookup, NewPerson},
    ids::{EnrollmentId, GroupId, Login},
    system_log::{LogEvent, LogPosition, LogQuery},
    vendor_states::{EnrollmentList, EnrollmentStatus, NewEnrollment, User, UserStatus},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vendors::{
    http::{Answer, Api, Nature},
    okta::{Dpop, decode},
};
use yubikey_shipment_fuzz::{
    SECRET,
    answer::{self, body, text},
    fair, is_discreet, is_fair, is_sealed,
};

const LOGIN: &str = "ann.lee@example.com";
const GROUP: &str = "00gEXAMPLE0000000001";
const GROUP_NAME: &str = "YubiKey 5 NFC";
const ENROLLMENT: &str = "fwfEXAMPLE0000000001";
const DAY: u64 = 86_400;

fn nature(operation: &str) -> Nature {
    match operation {
        "enroll" | "create-user" => Nature::Create,
        "activate" | "send-pin" | "delete" | "token" => Nature::Change,
        _ => Nature::Read,
    }
}

fn elements(answer: &Answer) -> Vec<Value> {
    body(answer).as_array().cloned().unwrap_or_default()
}

fuzz_target!(|input: &[u8]| {
    let Some((operation, answer)) = answer::parse(input, Api::Okta, nature) else { return };
    // The operator skips members that it does not need without looking at them; what cannot be compared is left out.
    if !answer.body.is_empty() && serde_json::from_slice::<Value>(&answer.body).is_err() {
        return;
    }
    match operation {
        "enrollments" => enrollments(&answer),
        "enroll" => {
            if let Some(new) = fair(&answer, decode::enrolled(&answer)) {
                enrolled(&answer, &new);
            }
        }
        "activate" => activated(&answer),
        "send-pin" => assert_eq!(fair(&answer, decode::pin_sent(&answer)).is_some(), answer.is_success()),
        "delete" => deleted(&answer),
        "user" => {
            if let Some(Some(found)) = fair(&answer, decode::user(&answer)) {
                user(&body(&answer), &found);
            }
        }
        "user-by-login" => user_by_login(&answer),
        "groups" => {
            if let Some(groups) = fair(&answer, decode::groups(&answer)) {
                assert_eq!(
                    groups.len(),
                    elements(&answer).len(),
                    "a group that is not seen may be a denied one"
                );
            }
        }
        "group" => {
            if let Some(Some(found)) = fair(&answer, decode::group(&answer)) {
                assert_eq!(Some(found.id.as_str()), text(&body(&answer), "id"));
                assert_eq!(Some(found.name.as_str()), text(&body(&answer)["profile"], "name"));
            }
        }
        "group-search" => group_search(&answer),
        "group-members" => members(&answer, decode::members(&answer)),
        "users-search" => members(&answer, decode::users(&answer)),
        "create-user" => created(&answer),
        "system-log" => {
            log(&answer, &LogQuery::ConsoleOrders);
            log(&answer, &LogQuery::Memberships(vec![GroupId::new(GROUP).expect("an id")]));
        }
        "organization" => organization(&answer),
        "authenticators" => {
            fair(&answer, decode::authenticator(&answer));
        }
        "authenticator-methods" => {
            fair(&answer, decode::webauthn_method(&answer));
        }
        "domains" => {
            fair(&answer, decode::domains(&answer));
        }
        "policies" => {
            fair(&answer, decode::enrollment_policies(&answer));
        }
        "policy-rules" => {
            fair(&answer, decode::session_rules(&answer));
        }
        _ => token(&answer),
    }
});

fn enrollments(answer: &Answer) {
    let Some(EnrollmentList { at, entries }) = fair(answer, decode::enrollments(answer)) else { return };
    assert!(answer.is_success());
    assert_eq!(Some(at), answer.date(), "Okta's clock, never ours");
    let sent = elements(answer);
    assert_eq!(entries.len(), sent.len(), "nothing is left out in silence");
    for (entry, sent) in entries.iter().zip(&sent) {
        assert_eq!(Some(entry.id.as_str()), text(sent, "id"));
        let status = text(sent, "status").unwrap_or_default();
        match &entry.status {
            EnrollmentStatus::Active => assert_eq!(status, "ACTIVE"),
            EnrollmentStatus::Errored => assert_eq!(status, "FULFILLMENT_ERRORED"),
            EnrollmentStatus::Pending => {
                assert!(matches!(status, "FULFILLMENT_PENDING" | "PENDING_ACTIVATION"), "{status}");
            }
            EnrollmentStatus::Other(other) => assert_eq!(other, status),
        }
        if let Some(created) = entry.created {
            assert_eq!(
                created.to_string().parse::<Timestamp>().ok(),
                Some(created),
                "printed and read again"
            );
        }
    }
}

fn enrolled(answer: &Answer, new: &NewEnrollment) {
    let sent = body(answer);
    let requests = sent["credRequests"].as_array().expect("a list");
    assert_eq!(requests.len(), 1, "one key, one request");
    assert_eq!(Some(new.pin_request.expose()), text(&sent, "pinRequestJwe"));
    assert_eq!(Some(new.credential_request.expose()), text(&requests[0], "credRequestJwe"));
    assert_eq!(Some(new.id.as_str()), text(&requests[0], "authenticatorEnrollmentId"));
    assert_eq!(Some(new.key_id.as_str()), text(&requests[0], "keyId"));
    is_sealed(&new.pin_request);
    is_sealed(&new.credential_request);
}

fn activated(answer: &Answer) {
    let ours = EnrollmentId::new(ENROLLMENT).expect("an id");
    if fair(answer, decode::activated(answer, &ours)).is_some() {
        assert!(answer.is_success());
        if let Some(ids) = body(answer).get("authenticatorEnrollmentIds").and_then(Value::as_array) {
            assert!(ids.iter().any(|id| id == ENROLLMENT), "another enrolment was activated");
        }
    }
}

fn deleted(answer: &Answer) {
    if fair(answer, decode::deleted(answer)).is_some() {
        let okta_says_gone = answer.status == 404 && text(&body(answer), "errorCode").is_some();
        assert!(answer.is_success() || okta_says_gone, "a 404 of another server is no answer of Okta");
    }
}

fn user(sent: &Value, user: &User) {
    assert_eq!(Some(user.id.as_str()), text(sent, "id"));
    let status = text(sent, "status").unwrap_or_default();
    match &user.status {
        UserStatus::Staged => assert_eq!(status, "STAGED"),
        UserStatus::Provisioned => assert_eq!(status, "PROVISIONED"),
        UserStatus::Active => assert_eq!(status, "ACTIVE"),
        UserStatus::Suspended => assert_eq!(status, "SUSPENDED"),
        UserStatus::Deprovisioned => assert_eq!(status, "DEPROVISIONED"),
        UserStatus::Other(other) => assert_eq!(other, status),
    }
    for (name, value) in &user.profile {
        assert_eq!(text(&sent["profile"], name), Some(value.as_str()), "an attribute is whole or absent");
    }
}

fn user_by_login(answer: &Answer) {
    let login = Login::new(LOGIN).expect("a login");
    if let Some(Some(found)) = fair(answer, decode::user_by_login(answer, &login)) {
        let own = found.login.as_ref().expect("a login").as_str();
        assert_eq!(own.to_lowercase(), LOGIN, "somebody else");
        assert!(elements(answer).iter().any(|one| text(one, "id") == Some(found.id.as_str())));
    }
}

/// A gap would look like people who left.
fn members(answer: &Answer, read: decode::Result<Vec<User>>) {
    let Some(found) = fair(answer, read) else { return };
    let sent = elements(answer);
    assert_eq!(found.len(), sent.len(), "nobody is left out in silence");
    for (found, sent) in found.iter().zip(&sent) {
        user(sent, found);
    }
}

fn group_search(answer: &Answer) {
    let named = |one: &Value| text(&one["profile"], "name") == Some(GROUP_NAME);
    let Some(found) = fair(answer, decode::group_by_name(answer, GROUP_NAME)) else { return };
    let ids: BTreeSet<String> = elements(answer)
        .iter()
        .filter(|one| named(one))
        .filter_map(|one| text(one, "id").map(str::to_owned))
        .collect();
    match found {
        GroupLookup::Missing => assert!(ids.is_empty()),
        GroupLookup::Found(group) => assert_eq!(ids, BTreeSet::from([group.id.to_string()])),
        GroupLookup::Ambiguous(several) => {
            assert_eq!(ids, several.iter().map(ToString::to_string).collect());
        }
    }
}

fn created(answer: &Answer) {
    let profile = ["firstName", "lastName", "email", "secondEmail", "city"]
        .map(|name| (name.to_owned(), format!("{SECRET}{name}")));
    let person = NewPerson::new(Login::new(LOGIN).expect("a login"), profile.into()).expect("complete");
    if let Some(made) = fair(answer, decode::created(answer, &person)) {
        assert!(answer.is_success());
        user(&body(answer), &made);
    }
}

/// Every event is told of: as what it is, as malformed, or not at all because its group was not asked for.
fn log(answer: &Answer, query: &LogQuery) {
    let start = LogPosition::Since(Timestamp::UNIX_EPOCH);
    let Some(page) = fair(answer, decode::log_page(answer, query, &start)) else { return };
    let sent = elements(answer);
    assert_eq!(page.more, !sent.is_empty());
    assert!(page.events.len() <= sent.len());
    if *query == LogQuery::ConsoleOrders {
        assert_eq!(page.events.len(), sent.len(), "nothing is passed over in silence");
    }
    for event in &page.events {
        let (id, user) = match event {
            LogEvent::ConsoleOrder(order) => (Some(&order.id), Some(&order.user)),
            LogEvent::Membership(change) => {
                assert_eq!(change.group.as_str(), GROUP);
                (Some(&change.id), Some(&change.user))
            }
            LogEvent::Malformed(event) => {
                is_discreet(&event.fault.to_string());
                (event.id.as_ref(), event.user.as_ref())
            }
        };
        let from = |one: &&Value| id.is_none_or(|id| text(one, "uuid") == Some(id.as_str()));
        let about = |one: &&Value| {
            user.is_none_or(|user| {
                one["target"].as_array().into_iter().flatten().any(|t| text(t, "id") == Some(user.as_str()))
            })
        };
        assert!(sent.iter().filter(from).any(|one| about(&one)), "an event out of nothing");
    }
}

fn organization(answer: &Answer) {
    if let Some(organization) = fair(answer, decode::organization(answer)) {
        assert_eq!(Some(organization.id.as_str()), text(&body(answer), "id"));
        assert_eq!(organization.clock_skew.is_some(), answer.date().is_some());
    }
}

fn token(answer: &Answer) {
    for dpop in [Dpop::Auto, Dpop::Always, Dpop::Never] {
        match decode::token_life(answer, dpop) {
            Ok(Some(life)) => {
                assert!(answer.is_success() && life.as_secs() <= DAY, "no token is eternal");
                let kind = text(&body(answer), "token_type").unwrap_or_default().to_ascii_lowercase();
                assert!(kind == "dpop" || (kind == "bearer" && dpop != Dpop::Always), "{kind}");
            }
            Ok(None) => assert!(matches!(answer.status, 400 | 401) && dpop != Dpop::Never),
            Err(error) if error.failure.reason.as_str() == "ConnectionInvalid" => {}
            Err(error) => is_fair(answer, &error),
        }
    }
}
