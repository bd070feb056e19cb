//! The verdict on a run, from what it left behind and nothing else.

pub(crate) mod alarms;
pub(crate) mod evidence;
pub(crate) mod explained;
pub(crate) mod journal;
pub(crate) mod orders;
pub(crate) mod pins;
#[cfg(test)]
mod tests;
pub(crate) mod time_outs;
pub(crate) mod writes;

use std::path::Path;

use serde::Serialize;
use testbed::{
    diary::Pages,
    folder::Folder,
    leaks,
    objects::{self, End},
    setup::Fault,
};

use crate::audit::evidence::Evidence;

/// The line, and what stands behind its numbers.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// One JSON object.
    pub line: String,
    /// One sentence each.
    pub findings: Vec<String>,
    /// Nothing twice, nothing lost, nothing early, nothing leaked, nothing unexplained.
    pub is_good: bool,
}

/// The line's members, in its order.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Sums {
    seed: u64,
    shipments: usize,
    kills: usize,
    faults: usize,
    double_orders: usize,
    lost_orders: usize,
    early_pins: usize,
    leaks: usize,
    unexplained: usize,
    activated: usize,
    held: usize,
    failed: usize,
    cancelled: usize,
}

/// Judges a run's folder.
pub(crate) fn audit(dir: &Path) -> Result<Verdict, Fault> {
    let folder = Folder::at(dir);
    let evidence = Evidence::load(&folder)?;
    let mut sums = count(&evidence);
    let double = orders::double(&evidence);
    let lost = orders::lost(&evidence);
    let early = pins::early(&evidence.journal);
    let leaks = leaks::find(&folder)?;
    let unexplained = [explained::unexplained(&evidence), alarms::find(&folder)?].concat();
    sums.double_orders = double.len();
    sums.lost_orders = lost.len();
    sums.early_pins = early.len();
    sums.leaks = leaks.len();
    sums.unexplained = unexplained.len();
    let findings = [double, lost, early, leaks, unexplained].concat();
    Ok(Verdict { line: serde_json::to_string(&sums)?, is_good: findings.is_empty(), findings })
}

/// What has come to no end counts as held, and as unexplained besides: the four ends always sum up to all.
fn count(evidence: &Evidence) -> Sums {
    let Pages { seed, shipments, kills, .. } = &evidence.pages;
    let mut sums = Sums {
        seed: *seed,
        shipments: shipments.len(),
        kills: kills.len(),
        faults: evidence.journal.faults(),
        ..Sums::default()
    };
    for declared in shipments {
        match evidence.shipments.of(declared).and_then(objects::end) {
            Some(End::Activated) => sums.activated += 1,
            Some(End::Failed) => sums.failed += 1,
            Some(End::Cancelled) => sums.cancelled += 1,
            Some(End::Held) | None => sums.held += 1,
        }
    }
    sums
}
