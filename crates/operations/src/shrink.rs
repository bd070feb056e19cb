//! Makes a failing sequence shorter: takes steps away for as long as the same rule is still broken. Candidates are played
//! side by side, each in a fresh world.

use std::time::Duration;

use testbed::setup::Fault;
use tokio::time::Instant;

use crate::{bed::Bed, run, step::Step};

/// Candidates that are played at once.
const AT_ONCE: usize = 8;

/// No new candidates after that.
const PATIENCE: Duration = Duration::from_mins(15);

/// The shortest that was found; `None` if the sequence alone does not break the rule again.
pub(crate) async fn shrink(
    bed: &Bed,
    prefix: &str,
    steps: &[Step],
    oracle: &str,
) -> Result<Option<Vec<Step>>, Fault> {
    let end = Instant::now() + PATIENCE;
    let mut shortest = None;
    let mut parts = 1;
    let mut batch = 0;
    loop {
        let from = shortest.clone().unwrap_or_else(|| steps.to_vec());
        let tried =
            if shortest.is_none() { vec![from.clone(), from.clone()] } else { candidates(&from, parts) };
        let mut better = None;
        for some in tried.chunks(AT_ONCE) {
            batch += 1;
            eprintln!("shrinking: {} steps, {} candidates", from.len(), some.len());
            let (played, _) = Box::pin(run::play(bed, &format!("{prefix}-s{batch:02}"), some)).await?;
            let broken =
                played.iter().map(|played| played.violations.iter().any(|found| found.oracle == oracle));
            better = some.iter().zip(broken).find(|(_, broken)| *broken).map(|(steps, _)| steps.clone());
            if better.is_some() || Instant::now() > end {
                break;
            }
        }
        parts = match (&better, shortest.is_some()) {
            (None, false) => return Ok(None),
            (Some(_), false) => 2,
            (Some(_), true) => parts.saturating_sub(1).max(2),
            (None, true) if parts >= from.len() => return Ok(shortest),
            (None, true) => parts * 2,
        };
        shortest = better.or(shortest);
        if Instant::now() > end {
            return Ok(shortest);
        }
    }
}

/// The sequence without each of so many parts; the last rest stays.
fn candidates(steps: &[Step], parts: usize) -> Vec<Vec<Step>> {
    let length = steps.len().div_ceil(parts).max(1);
    let mut all = Vec::new();
    for from in (0..steps.len()).step_by(length) {
        let to = (from + length).min(steps.len());
        let mut rest = [&steps[..from], &steps[to..]].concat();
        if rest.last() != Some(&Step::Rest) {
            rest.push(Step::Rest);
        }
        if rest.len() < steps.len() {
            all.push(rest);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(count: usize) -> Vec<Step> {
        let look = |slot| Step::Look { kind: crate::step::Kind::Shipment, slot };
        (0..count).map(look).chain([Step::Rest]).collect()
    }

    #[test]
    fn each_candidate_lacks_a_part_and_ends_with_a_rest() {
        let steps = steps(7);
        let all = candidates(&steps, 2);
        assert_eq!(all.len(), 2);
        for candidate in &all {
            assert!(candidate.len() < steps.len());
            assert_eq!(candidate.last(), Some(&Step::Rest));
        }
    }

    #[test]
    fn with_as_many_parts_as_steps_each_step_is_left_out_once() {
        let steps = steps(3);
        let all = candidates(&steps, steps.len());
        assert_eq!(all.len(), 3, "a sequence without its rest is no shorter one");
        assert!(all.iter().all(|candidate| candidate.len() == 3));
    }
}
