//! Running passes, so that an orderly end can wait for the calls that are under way, and begins no others.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    task::Poll,
    time::Duration,
};

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of this process, and whether it ends.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    running: TaskTracker,
    closing: CancellationToken,
}

/// Work that did not come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// By a fault of its own; else because the process ends.
    pub by_panic: bool,
}

/// What a future comes to, which is polled only when it was woken itself. The controller polls all passes that are under
/// way whenever one of them goes on: with many that costs more than the passes.
pub async fn when_woken<F: Future>(future: F) -> F::Output {
    let mut one = FuturesUnordered::from_iter([future]);
    poll_fn(|context| match one.poll_next_unpin(context) {
        Poll::Ready(Some(output)) => Poll::Ready(output),
        // It ends after its one output, which is asked for no more then.
        Poll::Ready(None) | Poll::Pending => Poll::Pending,
    })
    .await
}

impl Tasks {
    /// Runs a future to its end, whatever becomes of the caller. What has nothing to wait for needs no task: at the start
    /// a hundred thousand passes find that nothing is to be done, and as many tasks would be most of the memory.
    ///
    /// # Errors
    /// If it did not come to an end.
    pub async fn run<F>(&self, future: F) -> Result<F::Output, Stopped>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut work = Box::pin(AssertUnwindSafe(future).catch_unwind());
        let ended = match futures::poll!(work.as_mut()) {
            Poll::Ready(ended) => ended,
            Poll::Pending => self.spawn(work).await.map_err(|_| Stopped { by_panic: false })?,
        };
        ended.map_err(|_| Stopped { by_panic: true })
    }

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

    #[tokio::test]
    async fn what_has_nothing_to_wait_for_is_run_at_once() {
        let tasks = Tasks::default();
        assert_eq!(tasks.run(async { 1 }).now_or_never(), Some(Ok(1)));
    }

    #[tokio::test]
    async fn who_waits_is_not_polled_because_others_go_on() {
        let (go, gone) = tokio::sync::oneshot::channel();
        let (mut polls, mut gone) = (0, Box::pin(gone));
        let waits = when_woken(poll_fn(|context| {
            polls += 1;
            gone.as_mut().poll(context)
        }));
        let others = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            go.send(7).unwrap();
        };
        // Both are polled whenever one of them is woken.
        let (came, ()) = futures::future::join(waits, others).await;
        assert_eq!((came.unwrap(), polls), (7, 2));
    }

    /// A dropped reconcile may not part a call from the write of its receipt.
    #[tokio::test]
    async fn what_waits_goes_on_when_its_caller_is_gone() {
        let tasks = Tasks::default();
        let (told, heard) = tokio::sync::oneshot::channel();
        let work = async move {
            tokio::task::yield_now().await;
            told.send(()).unwrap();
        };
        assert_eq!(tasks.run(work).now_or_never(), None, "the caller is dropped here");
        heard.await.unwrap();
    }

    #[tokio::test]
    async fn a_fault_is_told_whether_it_comes_at_once_or_later() {
        let tasks = Tasks::default();
        let fault = std::env::args().next().is_some();
        let faulty = |later: bool| async move {
            if later {
                tokio::task::yield_now().await;
            }
            assert!(!fault, "a fault of the operator");
        };
        for later in [false, true] {
            assert_eq!(tasks.run(faulty(later)).await, Err(Stopped { by_panic: true }));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_process_and_what_is_under_way_is_waited_for() {
        let tasks = Tasks::default();
        assert_eq!(tasks.unless_closing(async { 1 }).await, Some(1));
        let (all, hour) = (tasks.clone(), Duration::from_hours(1));
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
