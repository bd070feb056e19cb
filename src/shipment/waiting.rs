//! Who waits because of another shipment: a pass over that one, and its end, wake them. Kept in memory only: those who
//! wait look again by themselves, a little later.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use api::shipment::YubiKeyShipment;
use kube::runtime::reflector::ObjectRef;
use tokio::time::Instant;

/// How long the watch may take to show that a shipment is gone.
const LAG: Duration = Duration::from_mins(10);

/// Who waits for whom.
#[derive(Debug, Default)]
pub struct Waiting {
    behind: Mutex<HashMap<String, HashSet<ObjectRef<YubiKeyShipment>>>>,
    gone: Mutex<HashMap<String, Instant>>,
}

impl Waiting {
    /// A shipment waits because of the one with this uid.
    pub fn wait(&self, uid: &str, who: ObjectRef<YubiKeyShipment>) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.entry(uid.to_owned()).or_default().insert(who);
    }

    /// Those who waited for it; each asks again if it still has to wait.
    #[must_use]
    pub fn take(&self, uid: &str) -> HashSet<ObjectRef<YubiKeyShipment>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner).remove(uid).unwrap_or_default()
    }

    /// It is gone, and nobody waits for it any more.
    pub fn forget(&self, uid: &str) {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// It was let go: what the watch still shows of it counts no more.
    pub fn note_gone(&self, uid: &str) {
        let now = Instant::now();
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.retain(|_, since| now.duration_since(*since) < LAG);
        gone.insert(uid.to_owned(), now);
    }

    /// Was it let go?
    #[must_use]
    pub fn is_gone(&self, uid: &str) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains_key(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ObjectRef<YubiKeyShipment> {
        ObjectRef::new(name).within("onboarding")
    }

    #[test]
    fn who_waits_is_told_once_and_asks_again() {
        let waiting = Waiting::default();
        for who in ["kim", "lou", "kim"] {
            waiting.wait("a", name(who));
        }
        assert_eq!(waiting.take("a"), HashSet::from([name("kim"), name("lou")]));
        assert!(waiting.take("a").is_empty() && waiting.take("b").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_gone_is_forgotten_once_the_watch_must_have_shown_it() {
        let waiting = Waiting::default();
        waiting.note_gone("a");
        assert!(waiting.is_gone("a") && !waiting.is_gone("b"));
        tokio::time::advance(LAG).await;
        waiting.note_gone("b");
        assert!(!waiting.is_gone("a") && waiting.is_gone("b"));
    }
}
