//! A moment as Okta writes it, in its answers and in the System Log.

use jiff::Timestamp;

/// Okta writes three decimals.
pub(crate) fn okta_time(at: Timestamp) -> String {
    format!("{at:.3}")
}
