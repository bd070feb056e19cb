//! How many may begin now: budget, shipments on their way, the day, the wave. Each is a ceiling, so the least counts.

use jiff::civil::Date;

use super::ledger::Ledger;

/// Size of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    /// Of the eligible people, rounded up; 1 to 100.
    Percent(u32),
    /// People.
    Count(u32),
}

/// Ceilings of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Keys ever.
    pub budget: u32,
    /// Shipments on their way at once.
    pub in_flight: Option<u32>,
    /// Shipments begun on one day (UTC).
    pub per_day: Option<u32>,
    /// Waves; whoever is left after the last makes one more.
    pub waves: Vec<Wave>,
}

/// Which ceiling is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A wave, until a decision.
    Wave,
    /// The budget, until it is raised.
    Budget,
    /// Shipments on their way, until one is finished.
    InFlight,
    /// The day, until midnight UTC.
    Day,
}

/// How many may begin now, and what bounds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub places: u32,
    /// The lowest ceiling.
    pub bound: Bound,
}

impl Limits {
    /// How many may begin now. `wave` is the number of the open one, the first is 1.
    #[must_use]
    pub fn share(&self, ledger: &Ledger, in_flight: u32, today: Date, wave: u32, eligible: u32) -> Share {
        let ceilings = [
            self.wave_end(wave, eligible).map(|end| (end.saturating_sub(ledger.people()), Bound::Wave)),
            Some((self.budget.saturating_sub(ledger.served()), Bound::Budget)),
            self.in_flight.map(|most| (most.saturating_sub(in_flight), Bound::InFlight)),
            self.per_day.map(|most| (most.saturating_sub(ledger.begun_on(today)), Bound::Day)),
        ];
        let lowest = ceilings.into_iter().flatten().min_by_key(|(places, _)| *places);
        let (places, bound) = lowest.unwrap_or((0, Bound::Budget));
        Share { places, bound }
    }

    /// People served once this wave is through; `None` where nothing is left to come after it.
    #[must_use]
    pub fn wave_end(&self, wave: u32, eligible: u32) -> Option<u32> {
        let open = usize::try_from(wave.max(1)).unwrap_or(usize::MAX);
        if open > self.waves.len() {
            return None;
        }
        let sizes = self.waves.iter().take(open).map(|wave| wave.size(eligible));
        Some(sizes.fold(0, u32::saturating_add))
    }
}

impl Wave {
    fn size(self, eligible: u32) -> u32 {
        match self {
            Self::Count(people) => people,
            Self::Percent(share) => {
                let people = (u64::from(eligible) * u64::from(share)).div_ceil(100);
                u32::try_from(people).unwrap_or(u32::MAX)
            }
        }
    }
}
