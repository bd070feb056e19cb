use std::time::Duration;

use domain::failure::{Arrival, Reason};
use reqwest::header;
use tokio::time::Instant;

use super::{
    super::{
        budget::Budget,
        quota::{Bucket, Quota, Retry, Seen, Share},
    },
    Reply, Server, bytes, error_body, user, with_api_token, with_headers,
};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_wait_is_the_rest_of_the_window_by_the_servers_clock() {
    let seen = Seen { limit: Some(100), remaining: Some(0), reset_in: Some(20), retry_after: None };
    assert_eq!(seen.after_refusal(0), seconds(21));
    assert_eq!(seen.when_used_up(), Some(seconds(21)));
    assert_eq!(Seen { reset_in: Some(100_000), ..seen }.after_refusal(0), seconds(120), "capped");
    assert_eq!(Seen { reset_in: Some(-50), ..seen }.after_refusal(0), seconds(1), "already over");
    assert_eq!(Seen { retry_after: Some(seconds(7)), ..seen }.after_refusal(0), seconds(7));
    // As long as the server wishes; nothing of ours cuts it.
    assert_eq!(Seen { retry_after: Some(seconds(3_600)), ..seen }.after_refusal(0), seconds(3_600));
}

#[test]
fn without_a_window_the_wait_doubles() {
    let nothing = Seen::default();
    let waits: Vec<u64> = (0..9).map(|n| nothing.after_refusal(n).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
    let too_many_at_once = Seen { limit: Some(0), remaining: Some(0), reset_in: Some(50), retry_after: None };
    assert_eq!(too_many_at_once.after_refusal(0), seconds(1), "the reset is only a hint");
    assert_eq!(too_many_at_once.when_used_up(), None);
    assert_eq!(Seen { remaining: Some(1), limit: Some(2), ..nothing }.when_used_up(), None);
}

#[test]
fn a_bucket_without_news_is_open() {
    assert!(Quota::default().check(Bucket::Users, Instant::now()).is_ok());
}

/// Of a limit of 600 a window, what others find of it when we have stopped, by our share.
#[test]
fn the_rest_of_each_limit_is_left_to_others() {
    for (percent, limit, left) in
        [(50, 600, 300), (1, 600, 594), (100, 600, 0), (30, 10, 7), (50, 25, 13), (1, 50, 49), (0, 100, 99)]
    {
        let seen = |remaining| Seen {
            limit: Some(limit),
            remaining: Some(remaining),
            reset_in: Some(20),
            retry_after: None,
        };
        let now = Instant::now();
        for (remaining, waits) in [(left, true), (left + 1, false)] {
            let budget = std::sync::Arc::new(Budget::new(Share::of_percent(percent)));
            budget.note(Bucket::Users, seen(remaining), now);
            let wait = budget.begin(Bucket::Users, now).err();
            assert_eq!(wait.is_some(), waits, "{remaining} left of {limit}, {percent} % ours");
            assert!(wait.is_none_or(|wait| wait == seconds(21)), "{wait:?}");
        }
    }
    let too_many_at_once = Seen { limit: Some(0), remaining: Some(0), reset_in: Some(50), retry_after: None };
    let budget = std::sync::Arc::new(Budget::new(Share::of_percent(50)));
    budget.note(Bucket::Users, too_many_at_once, Instant::now());
    assert!(budget.begin(Bucket::Users, Instant::now()).is_ok(), "that speaks of no window");
}

#[tokio::test]
async fn when_our_share_is_used_up_nothing_is_begun_and_what_was_prepared_still_goes_out() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let used = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        // The second answer was overtaken: it still shows what was left before.
        let remaining = ["301", "300", "301", "299"][used.min(3)];
        let headers = [
            ("x-rate-limit-limit", "600"),
            ("x-rate-limit-remaining", remaining),
            ("x-rate-limit-reset", "1767645830"),
        ];
        with_headers(200, &headers, "[]")
    })
    .await;
    let client = with_api_token(&server);
    client.enrollments(&user()).await.unwrap();
    client.enrollments(&user()).await.unwrap();
    let error = client.enrollments(&user()).await.unwrap_err();
    assert_eq!((error.arrival, error.failure.reason), (Arrival::NotSent, Reason::RateLimited));
    assert!(error.failure.retry_after.is_some_and(|wait| wait > seconds(1)));
    assert!(error.failure.message.contains("okta.rateLimitShare"), "{}", error.failure.message);
    assert_eq!(client.prepare().await.unwrap_err().failure.reason, Reason::RateLimited);
    assert_eq!(server.seen().len(), 2);
    // Its mark is written: it goes out, and its answer opens nothing again.
    client.send_pin(&user(), &super::enrollment()).await.unwrap();
    assert_eq!(server.seen().len(), 3);
    assert!(client.enrollments(&user()).await.is_err());
    assert_eq!(server.seen().len(), 3);
}

/// An answer without a body, as the gates see it.
fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> crate::http::Answer {
    let headers = headers.iter().map(|(name, value)| {
        (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
    });
    crate::http::Answer {
        api: crate::http::Api::Okta,
        nature: crate::http::Nature::Read,
        place: String::new(),
        status,
        headers: headers.collect(),
        body: Vec::new(),
        sent: jiff::Timestamp::UNIX_EPOCH,
        received: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_refusal_overtook_opens_nothing_and_forgets_no_refusal() {
    let quota = Quota::default();
    let users = |quota: &Quota| quota.check(Bucket::Users, Instant::now());
    let refused = [("retry-after", "60"), ("x-okta-request-id", "req1")];
    quota.note(Bucket::Users, &answer(429, &refused), Instant::now());
    // All of them were sent before.
    let plenty = [("x-rate-limit-limit", "600"), ("x-rate-limit-remaining", "500")];
    for late in [answer(200, &plenty), answer(404, &[]), answer(500, &[])] {
        quota.note(Bucket::Users, &late, Instant::now());
        assert!(users(&quota).is_err(), "{} opened what the refusal closed", late.status);
    }
    quota.note(Bucket::Users, &answer(429, &[("retry-after", "1")]), Instant::now());
    tokio::time::advance(seconds(59)).await;
    assert!(users(&quota).is_err(), "another refusal shortened the wait");
    tokio::time::advance(seconds(3)).await;
    let retry = users(&quota).unwrap();
    assert_eq!(retry.count, 1, "the next call says how often it was refused: both were under way together");
    quota.note(Bucket::Users, &answer(200, &plenty), Instant::now());
    assert_eq!(users(&quota).unwrap(), Retry::default(), "it went through");
}

#[tokio::test]
async fn after_the_last_call_of_a_window_none_is_sent() {
    // 2026-01-05T20:43:19Z is 1767645799.
    let headers = [
        ("x-rate-limit-limit", "600"),
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-reset", "1767645830"),
    ];
    let server = Server::start(move |_| with_headers(200, &headers, "[]")).await;
    let client = with_api_token(&server);
    client.enrollments(&user()).await.unwrap();
    let error = client.enrollments(&user()).await.unwrap_err();
    assert_eq!((error.arrival, error.failure.reason), (Arrival::NotSent, Reason::RateLimited));
    let wait = error.failure.retry_after.unwrap();
    assert!(wait > seconds(1) && wait <= seconds(34), "{wait:?}");
    assert_eq!(client.prepare().await.unwrap_err().failure.reason, Reason::RateLimited);
    assert_eq!(server.seen().len(), 1);
    // Another bucket is not touched.
    assert!(client.user_by_id(&user()).await.is_err());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_call_after_a_refusal_says_which_one_it_repeats() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| -> Reply {
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            let headers = [("x-okta-request-id", "req1"), ("retry-after", "2")];
            return with_headers(429, &headers, &error_body("E0000047"));
        }
        bytes(200, "[]")
    })
    .await;
    let client = with_api_token(&server);
    let error = client.enrollments(&user()).await.unwrap_err();
    assert_eq!((error.arrival, error.failure.reason), (Arrival::Refused, Reason::RateLimited));
    assert!(error.failure.retry_after.is_some());
    assert_eq!(client.enrollments(&user()).await.unwrap_err().arrival, Arrival::NotSent);
    tokio::time::pause();
    // Two seconds, and up to one more so that not all come back together.
    tokio::time::advance(seconds(4)).await;
    tokio::time::resume();
    client.enrollments(&user()).await.unwrap();
    client.enrollments(&user()).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!((seen[1].header("x-okta-retry-for"), seen[1].header("x-okta-retry-count")), ("req1", "1"));
    assert!(seen[2].headers("x-okta-retry-for").is_empty());
}
