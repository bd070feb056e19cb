//! Many who want a key at once, and an Okta that allows few calls: a simulated clock, the real queue and the real limits.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{failure::CallError, plan::REQUESTS_LIVE};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{sync::Notify, time::Instant};

use super::super::{
    Calls, Reservation, Share,
    limits::{Limits, Urgency},
    quota::Bucket,
};
use crate::http::{Answer, Api, Nature};
use queue::budget_queue::{Budget, BudgetQueue, Position, Short, Vendor};

/// What there is of an Okta that counts all calls of a minute together, and allows so many.
struct Okta {
    began: Instant,
    limit: u64,
    minute: u64,
    used: u64,
    /// Of each minute, those of our calls that were answered.
    ours: Vec<u64>,
    refused: u64,
    /// Calls of others in each minute, all at its beginning.
    others: Vec<u64>,
    /// Numbers of calls that are refused whatever is left.
    moods: Vec<u64>,
    calls: u64,
}

const START: i64 = 1_767_645_780; // 2026-01-05T20:43:00Z, a full minute

impl Okta {
    fn answer(&mut self) -> Answer {
        let elapsed = self.began.elapsed();
        let minute = elapsed.as_secs() / 60;
        if minute != self.minute || self.calls == 0 {
            let index = usize::try_from(minute).unwrap();
            self.ours.resize(index + 1, 0);
            let others = self.others.get(index).copied().unwrap_or_default();
            (self.minute, self.used) = (minute, others);
        }
        self.calls += 1;
        self.used += 1;
        let refused = self.used > self.limit || self.moods.contains(&self.calls);
        *self.ours.last_mut().unwrap() += 1;
        self.refused += u64::from(refused);
        let now = Timestamp::from_second(START).unwrap() + SignedDuration::try_from(elapsed).unwrap();
        let reset = START + i64::try_from((minute + 1) * 60).unwrap();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-rate-limit-limit", self.limit.to_string()),
            ("x-rate-limit-remaining", self.limit.saturating_sub(self.used).to_string()),
            ("x-rate-limit-reset", reset.to_string()),
            ("date", date),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        Answer {
            api: Api::Okta,
            nature: Nature::Read,
            place: String::new(),
            status: if refused { 429 } else { 200 },
            headers,
            body: Vec::new(),
            sent: now,
            received: now,
        }
    }
}

struct Org {
    limits: Limits,
    okta: Mutex<Okta>,
    /// Orders are placed one at a time.
    orders: tokio::sync::Mutex<()>,
    begun: Mutex<Vec<usize>>,
}

impl Budget for Org {
    type Need = Calls;
    type Reserved = Reservation;

    fn reserve(&self, need: Calls) -> Result<Reservation, Short> {
        let reserved = self.limits.reserve(need, Instant::now());
        reserved.map_err(|error| Short { of: Vendor::Okta, wait: error.failure.retry_after.unwrap() })
    }

    fn a_window(&self, need: Calls) -> Option<u64> {
        let ours = self.limits.a_window(need, Instant::now())?;
        Some(ours / u64::from(need.users + need.preregistration))
    }
}

impl Org {
    async fn call(&self, bucket: Bucket, reserved: Option<&Reservation>) -> Result<(), CallError> {
        let _turn = self.limits.turn(bucket).await;
        let (_, _under_way) = self.limits.begin(bucket, Urgency::Planned, reserved, Instant::now())?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let answer = self.okta.lock().unwrap().answer();
        let wait = self.limits.learn(bucket, &answer, Instant::now());
        if answer.status == 429 { Err(answer.rate_limited(wait)) } else { Ok(()) }
    }

    /// The calls of one pass, as the planner has them made.
    async fn road(&self, reserved: Option<&Reservation>, person: &mut Person) -> Result<(), CallError> {
        if person.enrolled.is_none() {
            self.begun.lock().unwrap().push(person.number);
            self.call(Bucket::Users, reserved).await?;
            self.call(Bucket::Preregistration, reserved).await?;
            self.call(Bucket::Preregistration, reserved).await?;
            person.enrolled = Some(Instant::now());
            tokio::time::sleep(Duration::from_secs(2)).await;
            self.call(Bucket::Preregistration, reserved).await?;
        } else {
            self.call(Bucket::Preregistration, reserved).await?;
            self.call(Bucket::Users, reserved).await?;
        }
        let _slot = self.orders.lock().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        person.ordered = Some(Instant::now());
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Person {
    number: usize,
    enrolled: Option<Instant>,
    ordered: Option<Instant>,
}

impl Person {
    fn place(&self) -> Position {
        let number = i64::try_from(self.number).unwrap();
        Position {
            enrolled: self.enrolled.is_some(),
            namespace: "people".to_owned(),
            since: Timestamp::from_second(number).unwrap(),
            uid: self.number.to_string(),
        }
    }

    const fn need(&self) -> Calls {
        Calls { users: 1, preregistration: if self.enrolled.is_some() { 2 } else { 3 } }
    }
}

type Queue = BudgetQueue<usize, Org>;

/// Passes until the key is ordered; between them it is woken, or its time comes.
async fn served(org: Arc<Org>, queue: Queue, woken: Arc<Notify>, mut person: Person) -> Person {
    loop {
        let entered = queue.enter("acme", &org, &person.number, person.place(), person.need());
        let wait = match entered {
            Err(wait) => wait,
            Ok(admitted) => match org.road(admitted.reserved(), &mut person).await {
                Ok(()) => return person,
                Err(error) => {
                    let wish = error.failure.retry_after.unwrap();
                    queue.wait("acme", &org, &person.number, person.place(), person.need(), wish)
                }
            },
        };
        let _ = tokio::time::timeout(wait, woken.notified()).await;
    }
}

struct Crowd {
    people: usize,
    limit: u64,
    percent: u32,
    others: Vec<u64>,
    moods: Vec<u64>,
    /// Seconds of the first minute that have passed.
    into: u64,
}

async fn everybody(crowd: Crowd) -> (Vec<Person>, Arc<Org>, Instant) {
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(crowd.into)).await;
    let okta = Okta {
        began,
        limit: crowd.limit,
        minute: 0,
        used: 0,
        ours: Vec::new(),
        refused: 0,
        others: crowd.others,
        moods: crowd.moods,
        calls: 0,
    };
    let org = Arc::new(Org {
        limits: Limits::new(NonZeroU32::MAX, Share::of_percent(crowd.percent)),
        okta: Mutex::new(okta),
        orders: tokio::sync::Mutex::default(),
        begun: Mutex::default(),
    });
    // Preflight has looked before.
    org.call(Bucket::Users, None).await.ok();
    let wakers: Vec<_> = (0..crowd.people).map(|_| Arc::new(Notify::new())).collect();
    let called = wakers.clone();
    let queue = Queue::new(move |who: &usize| {
        called[*who].notify_one();
        true
    });
    let declared = Instant::now();
    let people = (0..crowd.people).map(|number| {
        let person = Person { number, enrolled: None, ordered: None };
        tokio::spawn(served(Arc::clone(&org), queue.clone(), Arc::clone(&wakers[number]), person))
    });
    let people = futures::future::join_all(people.collect::<Vec<_>>()).await;
    (people.into_iter().map(Result::unwrap).collect(), org, declared)
}

fn in_time(person: &Person) -> bool {
    let (enrolled, ordered) = (person.enrolled.unwrap(), person.ordered.unwrap());
    ordered.duration_since(enrolled) < REQUESTS_LIVE.unsigned_abs()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_fifty_at_once_are_ordered_in_order_within_twelve_minutes_and_nobody_is_read_twice() {
    let crowd = Crowd { people: 150, limit: 120, percent: 50, others: vec![], moods: vec![], into: 40 };
    let (people, org, declared) = everybody(crowd).await;
    let last = people.iter().filter_map(|person| person.ordered).max().unwrap();
    let took = last.duration_since(declared);
    assert!(took <= Duration::from_mins(12), "{took:?}");
    assert!(people.iter().all(in_time));
    let begun = org.begun.lock().unwrap();
    // Those of one window begin together.
    assert!(begun.iter().enumerate().all(|(at, who)| at.abs_diff(*who) < 15), "the oldest first: {begun:?}");
    assert_eq!(begun.len(), 150, "each once");
    let okta = org.okta.lock().unwrap();
    assert_eq!((okta.refused, okta.calls), (0, 1 + 4 * 150));
    assert!(okta.ours.iter().all(|calls| *calls <= 60), "half of the limit is others': {:?}", okta.ours);
    assert!(
        okta.ours.iter().skip(1).rev().skip(1).all(|calls| *calls >= 56),
        "no window is idle: {:?}",
        okta.ours
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever others use of the limit and whatever Okta refuses besides, everybody who is enrolled gets the order in
    /// time, and everybody gets one.
    #[test]
    fn nobody_starves_whatever_others_use_and_okta_refuses(
        people in 1usize..60,
        limit in 8u64..200,
        percent in 10u32..=90,
        others in proptest::collection::vec((0u64..=100, any::<bool>()), 0..20),
        moods in proptest::collection::vec(2u64..200, 0..6),
        into in 0u64..60,
    ) {
        // Of every third minute at least others leave us something: without it no order could follow in time.
        let others = others.into_iter().enumerate().map(|(minute, (part, greedy))| {
            if greedy && minute % 3 > 0 { limit } else { limit * u64::from(100 - percent) * part / 10_000 }
        });
        let others = others.collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (people, org, _) = runtime.block_on(everybody(Crowd { people, limit, percent, others, moods, into }));
        let late: Vec<_> = people.iter().filter(|person| !in_time(person)).collect();
        prop_assert!(late.is_empty(), "{late:?} {:?}", org.okta.lock().unwrap().ours);
    }
}
