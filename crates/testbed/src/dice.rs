//! Random numbers of one purpose, so that one that draws more often does not move the others.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A stream of random numbers that follows from the seed and its purpose.
#[derive(Debug)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// The stream of a seed and a purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, purpose).hash(&mut hasher);
        Self(fastrand::Rng::with_seed(hasher.finish()))
    }

    /// Both ends included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// From `low` up to `high`.
    pub fn fraction(&mut self, low: f64, high: f64) -> f64 {
        low + self.0.f64() * (high - low)
    }

    /// True as often as that, from 0 to 1.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// One of several; they must not be none.
    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.0.usize(..among.len())]
    }
}
