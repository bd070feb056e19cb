//! What no pass could say in a status: when it is tried again, and what it is called.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    backoff,
    failure::{Failure, Reason},
};
use system::random;

use super::uid::Uids;
use crate::tasks::Stopped;

/// Failures in a row after which the wait has stopped growing: with ten thousand objects that cannot be written, and
/// waits of four minutes and more, the API server is asked some forty times a second.
const LAST: u32 = 8;

/// Failures in a row, by uid.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, u32>>);

impl Failures {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; the wait before the next try.
    #[must_use]
    pub fn wait(&self, uid: &str, wish: Option<Duration>) -> Duration {
        let mut all = self.lock();
        let count = all.entry(uid.to_owned()).or_default();
        *count = count.saturating_add(1).min(LAST);
        random::jittered(backoff::delay(*count)).unsigned_abs().max(wish.unwrap_or_default())
    }

    /// A pass ended well.
    pub fn ended(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Forgets objects that are gone.
    pub fn prune(&self, live: &Uids) {
        self.lock().retain(|uid, _| live.contains(uid));
    }
}

/// What a pass in a task of its own came to.
///
/// # Errors
/// That of the pass, or that it did not come to an end.
pub fn joined<T>(ended: Result<Result<T, Failure>, Stopped>) -> Result<T, Failure> {
    ended.unwrap_or_else(|why| Err(stopped(why.by_panic)))
}

/// A pass that did not come to an end: the process ends, or the operator has a fault.
#[must_use]
pub fn stopped(by_panic: bool) -> Failure {
    let message = if by_panic {
        "A fault of the operator stopped the pass; it is run again. Please report this with the log."
    } else {
        "The pass was stopped because the process ends."
    };
    Failure::new(Reason::PassStopped, message)
}

/// An object that the API server did not give.
#[must_use]
pub fn unread(error: &kube::Error, what: &str) -> Failure {
    tracing::warn!(%error, what, "the API server did not give what was to be read");
    let why = match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        _ => "no answer".to_owned(),
    };
    Failure::new(
        Reason::ObjectUnread,
        format!(
            "The API server did not show {what} ({why}); it is tried again. Check the operator's RBAC and the API server."
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::kubernetes::uid::Uid;

    #[test]
    fn waits_grow_for_each_object_and_end_with_a_good_pass() {
        let failures = Failures::default();
        let seconds = |uid: &str| failures.wait(uid, None).as_secs_f32();
        let waits: Vec<_> = (0..12).map(|_| seconds("a")).collect();
        for (wait, least) in waits.iter().zip([2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256, 256]) {
            let least = f32::from(u16::try_from(least).unwrap());
            assert!(*wait >= least && *wait <= least * 1.2, "{waits:?}");
        }
        assert!(seconds("b") < 3.0, "another object");
        failures.ended("a");
        assert!(seconds("a") < 3.0, "it starts anew");
    }

    #[test]
    fn objects_that_failed_together_do_not_come_back_together() {
        let failures = Failures::default();
        let waits: HashSet<_> = (0..200).map(|n| failures.wait(&n.to_string(), None)).collect();
        assert!(waits.len() > 20, "{waits:?}");
    }

    #[test]
    fn the_servers_wish_counts_if_it_is_longer() {
        let failures = Failures::default();
        assert_eq!(failures.wait("a", Some(Duration::from_secs(90))), Duration::from_secs(90));
        assert!(failures.wait("b", Some(Duration::from_secs(1))) >= Duration::from_secs(2));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let failures = Failures::default();
        let _ = (failures.wait("a", None), failures.wait("b", None));
        failures.prune(&[Uid::of("b")].into_iter().collect());
        assert!(!failures.lock().contains_key("a") && failures.lock().contains_key("b"));
    }

    #[tokio::test]
    async fn a_panic_is_a_fault_of_the_operator_and_no_failed_write() {
        let fault = std::env::args().next().is_some();
        let pass = async move {
            assert!(!fault, "a fault");
            Ok::<_, Failure>(())
        };
        let tasks = crate::tasks::Tasks::default();
        assert_eq!(joined(tasks.run(pass).await).unwrap_err().reason, Reason::PassStopped);
        let ended = tasks.run(async { Err::<(), _>(Failure::new(Reason::CRDOutdated, "x")) }).await;
        assert_eq!(joined(ended).unwrap_err().reason, Reason::CRDOutdated);
    }
}
