//! Work lists: a few steps at a time, and between them a look whether the next ones may still be made.

use std::future::Future;

use domain::failure::Failure;
use futures::future::join_all;
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::Driver;

/// Runs the steps, `width` of them side by side, until one fails or nothing more may be changed. The answer is what was
/// done, and the first failure.
pub(super) async fn carry_out<T, F>(
    steps: impl IntoIterator<Item = F>,
    width: usize,
    may_go_on: impl Fn() -> bool,
) -> (Vec<T>, Option<Failure>)
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut steps = steps.into_iter();
    let (mut done, mut failure) = (Vec::new(), None);
    while failure.is_none() && may_go_on() {
        let few: Vec<_> = steps.by_ref().take(width).collect();
        if few.is_empty() {
            break;
        }
        for outcome in join_all(few).await {
            match outcome {
                Ok(one) => done.push(one),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    (done, failure)
}

impl Driver {
    /// Whether the next change may still be made: the process leads, and nobody has paused, changed or deleted the rollout
    /// since this pass began. A list may take minutes.
    pub(super) fn may_go_on(&self) -> bool {
        let object = &self.object;
        let newest = self.ctx.rollouts.get(&ObjectRef::from_obj(object));
        let is_same = newest.is_none_or(|newest| {
            newest.uid() == object.uid()
                && newest.metadata.generation <= object.metadata.generation
                && newest.metadata.deletion_timestamp == object.metadata.deletion_timestamp
        });
        is_same && self.ctx.leadership.is_held()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::failure::Reason;

    use super::*;

    /// How many of 20 steps are made, three side by side.
    async fn made(fails_at: usize, may_go_on: impl Fn(usize) -> bool) -> (usize, bool) {
        let begun = Cell::new(0);
        let begun = &begun;
        let step = |number: usize| async move {
            begun.set(begun.get() + 1);
            if number == fails_at { Err(Failure::new(Reason::Unreachable, "no answer")) } else { Ok(number) }
        };
        let (done, failure) = carry_out((0..20).map(step), 3, || may_go_on(begun.get())).await;
        assert_eq!(done.len() + usize::from(failure.is_some()), begun.get());
        (begun.get(), failure.is_some())
    }

    #[tokio::test]
    async fn a_list_ends_at_the_first_failure_and_where_nothing_more_may_be_changed() {
        assert_eq!(made(99, |_| true).await, (20, false));
        assert_eq!(made(4, |_| true).await, (6, true), "what runs beside it comes to its end");
        assert_eq!(made(99, |begun| begun < 7).await, (9, false));
        assert_eq!(made(99, |_| false).await, (0, false));
    }
}
