//! How long to wait after a failure, from the count of failures in a row. The caller adds jitter.

use jiff::SignedDuration;

/// Delay after the first failure, in seconds.
const FIRST_SECS: i64 = 2;

/// Longest delay, in seconds, however many failures in a row.
const LONGEST_SECS: i64 = 600;

/// A person must change something; the cause is looked for again this often.
pub const STALLED: SignedDuration = SignedDuration::from_mins(30);

/// Whoever asks for fewer calls and names no time is asked again after this.
pub const UNNAMED: SignedDuration = SignedDuration::from_secs(15);

/// The count at which the delay has stopped growing: nothing is written after it.
pub const LAST_COUNT: u32 = 10;

/// Delay after `count` failures in a row (1 is the first): 2 s doubling to 10 min.
#[must_use]
pub fn delay(count: u32) -> SignedDuration {
    let doublings = count.clamp(1, LAST_COUNT) - 1;
    SignedDuration::from_secs((FIRST_SECS << doublings).min(LONGEST_SECS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_and_then_stays() {
        assert_eq!(delay(1).as_secs(), 2);
        assert_eq!(delay(2).as_secs(), 4);
        assert_eq!(delay(LAST_COUNT).as_secs(), LONGEST_SECS);
        assert_eq!(delay(u32::MAX).as_secs(), LONGEST_SECS);
        assert!(
            (1..LAST_COUNT).all(|n| delay(n + 1) > delay(n)),
            "every write before LAST_COUNT is a doubling"
        );
    }
}
