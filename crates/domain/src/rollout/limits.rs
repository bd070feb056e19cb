//! How many may begin now: budget, shipments on their way, the day, the wave, the room in the object. Each is a ceiling,
//! so the least counts.

/// Size of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    /// Of the eligible people, rounded up; 1 to 100.
    Percent(u32),
    /// So many people.
    Count(u32),
}

/// Ceilings of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most keys ever begun, whatever became of them.
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
    /// The object that holds the ledger is full.
    Room,
}

/// What is used up of each ceiling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Keys ever begun, whatever became of them.
    pub keys: u32,
    /// People for whom a key was begun.
    pub people: u32,
    /// Shipments on their way.
    pub in_flight: u32,
    /// Keys begun today (UTC).
    pub today: u32,
}

impl Used {
    /// And so many more keys, for people who were served before.
    #[must_use]
    pub const fn and_again(self, keys: u32, begun: u32) -> Self {
        Self {
            keys: self.keys.saturating_add(keys),
            people: self.people,
            in_flight: self.in_flight.saturating_add(begun),
            today: self.today.saturating_add(begun),
        }
    }
}

/// How many may begin now, and what bounds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many; 0: nobody before something changes.
    pub places: u32,
    /// The lowest ceiling.
    pub bound: Bound,
}

impl Share {
    const fn new(places: u32, bound: Bound) -> Self {
        Self { places, bound }
    }

    /// The lowest; of equals the first, and the budget where nothing bounds.
    fn lowest(ceilings: impl IntoIterator<Item = Option<Self>>) -> Self {
        let lowest = ceilings.into_iter().flatten().min_by_key(|share| share.places);
        lowest.unwrap_or(Self::new(0, Bound::Budget))
    }
}

impl Limits {
    /// How many may begin now of people who were not served. `wave` is the number of the open one, the first is 1;
    /// `room` is for how many the object has room, where that is known.
    #[must_use]
    pub fn share(&self, used: Used, wave: u32, eligible: u32, room: Option<u32>) -> Share {
        let wave = self.wave_end(wave, eligible);
        Share::lowest([
            wave.map(|end| Share::new(end.saturating_sub(used.people), Bound::Wave)),
            Some(self.again(used)),
            room.map(|most| Share::new(most, Bound::Room)),
        ])
    }

    /// The same of people who were served, and whose key is to be made again: they are in a wave and in the ledger
    /// already.
    #[must_use]
    pub fn again(&self, used: Used) -> Share {
        let left = |most: u32, used: u32, bound| Share::new(most.saturating_sub(used), bound);
        Share::lowest([
            Some(left(self.budget, used.keys, Bound::Budget)),
            self.in_flight.map(|most| left(most, used.in_flight, Bound::InFlight)),
            self.per_day.map(|most| left(most, used.today, Bound::Day)),
        ])
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
