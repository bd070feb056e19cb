//! Running passes, so that an orderly end can wait for the calls that are under way.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

/// Counts running tasks.
#[derive(Debug, Clone)]
pub struct Tasks {
    running: Arc<watch::Sender<usize>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { running: Arc::new(watch::channel(0).0) }
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

    /// Waits until nothing runs, at most this long. False if something still does.
    pub async fn settle(&self, longest: Duration) -> bool {
        let mut running = self.running.subscribe();
        tokio::time::timeout(longest, running.wait_for(|n| *n == 0)).await.is_ok()
    }
}
