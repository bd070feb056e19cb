use std::{num::NonZeroU32, time::Duration};

use tokio::time::Instant;

use super::super::{
    CALLS_PER_SECOND, Share,
    pace::Pace,
    quota::{Bucket, Seen},
};

fn limit(limit: u64) -> Seen {
    Seen { limit: Some(limit), remaining: Some(limit), reset_in: Some(20), retry_after: None }
}

fn half() -> Pace {
    Pace::new(CALLS_PER_SECOND, Share::of_percent(50))
}

/// How long so many calls wait, one after the other.
async fn time(pace: &Pace, bucket: Bucket, calls: u32) -> Duration {
    let begun = Instant::now();
    for _ in 0..calls {
        drop(pace.turn(bucket).await);
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn okta_is_called_gently_until_it_names_a_limit_and_then_as_fast_as_our_share_of_it() {
    let pace = half();
    assert_eq!(pace.rate(Bucket::Users), 10);
    // 6,000 a minute are 100 a second, and half of them is ours.
    pace.learn(Bucket::Users, limit(6_000), Instant::now());
    assert_eq!(pace.rate(Bucket::Users), 50);
    assert_eq!(pace.rate(Bucket::Preregistration), 10, "another bucket");
    // A low limit is kept by stopping, not by creeping.
    pace.learn(Bucket::Users, limit(60), Instant::now());
    assert_eq!(pace.rate(Bucket::Users), 10);
}

#[tokio::test(start_paused = true)]
async fn of_the_limits_that_are_named_within_a_minute_the_lowest_counts() {
    let pace = half();
    pace.learn(Bucket::Users, limit(3_000), Instant::now());
    pace.learn(Bucket::Users, limit(6_000), Instant::now());
    assert_eq!(pace.rate(Bucket::Users), 25);
    tokio::time::advance(Duration::from_secs(59)).await;
    pace.learn(Bucket::Users, limit(3_000), Instant::now());
    tokio::time::advance(Duration::from_secs(59)).await;
    pace.learn(Bucket::Users, limit(6_000), Instant::now());
    assert_eq!(pace.rate(Bucket::Users), 25, "it was named again");
    tokio::time::advance(Duration::from_secs(2)).await;
    pace.learn(Bucket::Users, limit(6_000), Instant::now());
    assert_eq!(pace.rate(Bucket::Users), 50);
}

#[tokio::test(start_paused = true)]
async fn what_names_no_window_changes_nothing() {
    let pace = half();
    for limit in [None, Some(0)] {
        pace.learn(Bucket::Users, Seen { limit, remaining: Some(0), ..Seen::default() }, Instant::now());
    }
    assert_eq!(pace.rate(Bucket::Users), 10);
    pace.learn(Bucket::Users, limit(u64::MAX), Instant::now());
    assert!(pace.rate(Bucket::Users) > 1_000_000);
}

#[tokio::test]
async fn calls_beyond_the_pace_wait_for_their_second() {
    let pace = Pace::new(NonZeroU32::MIN.saturating_add(9), Share::of_percent(50));
    // A second's worth at once, then one a tenth of a second.
    assert!(time(&pace, Bucket::Logs, 13).await >= Duration::from_millis(290));
}

#[tokio::test]
async fn no_more_than_sixteen_calls_are_under_way() {
    let pace = Pace::new(NonZeroU32::MAX, Share::of_percent(50));
    let mut turns = Vec::new();
    for _ in 0..16 {
        turns.push(pace.turn(Bucket::Users).await);
    }
    // Whatever the bucket: Okta counts them together.
    let mut next = Box::pin(pace.turn(Bucket::Groups));
    assert!(futures::poll!(&mut next).is_pending());
    turns.pop();
    drop(next.await);
}
