//! How much at once, how often and how long: the same for all that is measured.

use std::time::Duration;

/// Objects made side by side.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// Longest wait for anything.
pub(super) const PATIENCE: Duration = Duration::from_mins(15);

/// Time between looks at what it uses.
pub(super) const LOOK: Duration = Duration::from_millis(100);
