//! Running passes, so that an orderly end can wait for the calls that are under way, and begins no others.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of this process, and whether it ends.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    running: TaskTracker,
    closing: CancellationToken,
}

impl Tasks {
    /// Runs a future to its end, whatever becomes of the handle.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.running.spawn(future)
    }

    /// The process ends: tasks finish what is under way and begin nothing else.
    pub fn close(&self) {
        self.closing.cancel();
        self.running.close();
    }

    /// Does the process end?
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// What this comes to; `None` if the process ends first. Only for what may be dropped half-way.
    pub async fn unless_closing<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.closing.run_until_cancelled(work).await
    }

    /// Waits until nothing runs, at most this long. False if something still does. Only after [`Tasks::close`].
    pub async fn settle(&self, longest: Duration) -> bool {
        tokio::time::timeout(longest, self.running.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_process_and_what_is_under_way_is_waited_for() {
        let tasks = Tasks::default();
        assert_eq!(tasks.unless_closing(async { 1 }).await, Some(1));
        let (all, hour) = (tasks.clone(), Duration::from_secs(3600));
        let pass = tasks.spawn(async move {
            let waited = all.unless_closing(tokio::time::sleep(hour)).await;
            tokio::time::sleep(Duration::from_secs(20)).await;
            waited
        });
        tokio::task::yield_now().await;
        assert!(!tasks.is_closing() && !tasks.settle(Duration::from_secs(1)).await);
        tasks.close();
        assert!(tasks.is_closing() && tasks.settle(Duration::from_secs(25)).await);
        assert_eq!(pass.await.unwrap(), None);
        assert_eq!(tasks.unless_closing(async { 1 }).await, None, "nothing is begun any more");
    }
}
