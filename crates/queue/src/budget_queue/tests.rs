use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

use super::*;

/// So many may begin at Okta; `YubiEnterprise` takes calls or not.
#[derive(Default)]
struct Limits {
    okta: AtomicU32,
    yubico_closed: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    Okta,
    Yubico,
}

impl Budget for Limits {
    type Need = Needs;
    type Reserved = ();

    fn reserve(&self, need: Needs) -> Result<(), Short> {
        let wait = Duration::from_secs(30);
        match need {
            Needs::Yubico if self.yubico_closed.load(Ordering::SeqCst) > 0 => {
                Err(Short { of: Vendor::Yubico, wait })
            }
            Needs::Yubico => Ok(()),
            Needs::Okta => self
                .okta
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .map(drop)
                .map_err(|_| Short { of: Vendor::Okta, wait }),
        }
    }

    fn a_window(&self, _: Needs) -> Option<u64> {
        Some(10)
    }
}

struct Scene {
    limits: Arc<Limits>,
    queue: BudgetQueue<u32, Limits>,
    woken: Arc<Mutex<Vec<u32>>>,
}

impl Scene {
    /// Number 13 is gone by the time it is called.
    fn new() -> Self {
        let woken: Arc<Mutex<Vec<u32>>> = Arc::default();
        let noted = Arc::clone(&woken);
        let queue = BudgetQueue::new(move |who: &u32| {
            noted.lock().unwrap().push(*who);
            *who != 13
        });
        Self { limits: Arc::default(), queue, woken }
    }

    fn place(who: u32) -> Position {
        Position {
            enrolled: false,
            namespace: "people".to_owned(),
            since: Timestamp::from_second(i64::from(who)).unwrap(),
            uid: who.to_string(),
        }
    }

    fn enter(&self, who: u32, need: Needs) -> Result<BudgetPermit<u32, Limits>, Duration> {
        self.queue.enter("acme", &self.limits, &who, Self::place(who), need)
    }

    fn woken(&self) -> Vec<u32> {
        std::mem::take(&mut *self.woken.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_called_has_its_turn_and_who_is_gone_gives_it_to_the_next() {
    let scene = Scene::new();
    for who in [12, 13, 14, 15] {
        assert!(scene.enter(who, Needs::Okta).is_err());
    }
    scene.limits.okta.store(2, Ordering::SeqCst);
    // One that is younger than all of them asks, and the older ones are called.
    assert!(scene.enter(20, Needs::Okta).is_err());
    assert_eq!(scene.woken(), [12, 13]);
    assert!(scene.queue.is_called(&12) && !scene.queue.stands(&13));
    assert!(scene.enter(15, Needs::Okta).is_err(), "not its turn");
    // What the one that is gone had reserved is free again.
    scene.limits.okta.store(1, Ordering::SeqCst);
    drop(scene.enter(12, Needs::Okta).expect("it was called"));
    assert_eq!(scene.woken(), [14]);
    // It never comes: its place is not lost for ever, and it does not stand in the queue any more.
    tokio::time::advance(COMES_WITHIN).await;
    scene.limits.okta.store(1, Ordering::SeqCst);
    assert!(scene.enter(20, Needs::Okta).is_err());
    assert_eq!(scene.woken(), [15]);
    assert!(!scene.queue.stands(&14));
}

#[tokio::test(start_paused = true)]
async fn who_needs_nothing_of_the_vendor_that_is_closed_is_not_held_up() {
    let scene = Scene::new();
    scene.limits.yubico_closed.store(1, Ordering::SeqCst);
    scene.limits.okta.store(1, Ordering::SeqCst);
    assert_eq!(scene.enter(1, Needs::Yubico).err(), Some(Duration::from_secs(30)));
    assert!(scene.enter(2, Needs::Okta).is_ok());
    // A place in the queue is worth a time: so many fit into a window, a little apart.
    for who in 3..13 {
        assert!(scene.enter(who, Needs::Okta).is_err());
    }
    let (second, twelfth) = (scene.enter(2, Needs::Okta).err(), scene.enter(12, Needs::Okta).err());
    assert_eq!(second, Some(Duration::from_millis(30_100)));
    assert_eq!(twelfth, Some(Duration::from_millis(90_100)));
}

#[tokio::test(start_paused = true)]
async fn who_met_a_limit_on_its_way_is_not_let_in_before_the_time_that_was_named() {
    let scene = Scene::new();
    scene.limits.okta.store(9, Ordering::SeqCst);
    let named = Duration::from_secs(90);
    let wait = scene.queue.wait("acme", &scene.limits, &1, Scene::place(1), Needs::Okta, named);
    assert_eq!(wait, named);
    assert!(scene.enter(1, Needs::Okta).is_err(), "nor where it asks again");
    assert!(scene.enter(2, Needs::Okta).is_ok(), "others go on");
    assert_eq!(scene.woken(), Vec::<u32>::new());
    tokio::time::advance(named).await;
    drop(scene.enter(2, Needs::Okta).unwrap());
    assert_eq!(scene.woken(), [1]);
}

#[tokio::test(start_paused = true)]
async fn the_next_is_called_when_the_window_ends_though_its_own_timer_is_later() {
    let scene = Scene::new();
    for who in 20..60 {
        assert!(scene.enter(who, Needs::Okta).is_err());
    }
    // As many as fit into a window, and then none: whoever was called is served, and nobody asks.
    for window in 0..4_u32 {
        scene.limits.okta.store(5, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(31)).await;
        let called = scene.woken();
        assert_eq!(called, (20 + window * 5..25 + window * 5).collect::<Vec<_>>(), "window {window}");
        for who in called {
            drop(scene.enter(who, Needs::Okta).unwrap());
        }
    }
}
