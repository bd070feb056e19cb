//! Figures for people: rounded, and for each of many.

use std::time::Duration;

/// In MiB, of KiB.
pub(super) fn mib(kib: u64) -> f64 {
    rounded(Duration::from_millis(kib).as_secs_f64() * 1000.0 / 1024.0)
}

/// Milliseconds of CPU for each of so many.
pub(super) fn each_ms(cpu: Duration, count: usize) -> f64 {
    rounded(cpu.as_secs_f64() * 1000.0 / float(count.max(1)))
}

/// How many for each of so many.
pub(super) fn per(count: usize, of: usize) -> f64 {
    rounded(float(count) / float(of.max(1)))
}

/// To hundredths.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// For divisions.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}
