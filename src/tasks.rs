//! Running passes, so that an orderly end can wait for the calls that are under way, and begins no others.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

/// Counts running tasks.
#[derive(Debug, Clone)]
pub struct Tasks {
    running: Arc<watch::Sender<usize>>,
    closing: Arc<watch::Sender<bool>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { running: Arc::new(watch::channel(0).0), closing: Arc::new(watch::channel(false).0) }
    }
}

struct Counted(Arc<watch::Sender<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl Tasks {
    /// Runs a future to its end, whatever becomes of the handle.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.running.send_modify(|n| *n += 1);
        let counted = Counted(Arc::clone(&self.running));
        tokio::spawn(async move {
            let _counted = counted;
            future.await
        })
    }

    /// The process ends: tasks finish what is under way and begin nothing else.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Does the process end?
    #[must_use]
    pub fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// What this comes to; `None` if the process ends first. Only for what may be dropped half-way.
    pub async fn unless_closing<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut closing = self.closing.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => None,
            done = work => Some(done),
        }
    }

    /// Waits until nothing runs, at most this long. False if something still does.
    pub async fn settle(&self, longest: Duration) -> bool {
        let mut running = self.running.subscribe();
        tokio::time::timeout(longest, running.wait_for(|n| *n == 0)).await.is_ok()
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
