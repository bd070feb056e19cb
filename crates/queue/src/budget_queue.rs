//! Who may begin to call, where the vendors' limits do not admit everybody at once: a queue for each connection, served in
//! order. First those that are enrolled, because their order must follow in time; then namespaces take turns, and in
//! each the oldest comes first.
//!
//! Who is let in has its calls reserved. Who is not rests without having read anything: it is woken when its turn has
//! come. Its own timer, which is set to the time its place in the queue is worth, finds out if nobody did.

mod order;

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use self::order::Order;
pub use self::order::Position;

/// Admitted at once for each connection, beside those that run: who was called and has not come yet counts.
const MOST_CALLED: usize = 64;

/// Who was called and did not come within this time does not come: the process lost its leadership.
const COMES_WITHIN: Duration = Duration::from_mins(2);

/// So many are asked, from the front on, whether there is enough for them: who waits for something else is passed over.
const LOOKED_THROUGH: usize = 320;

/// Those who wait for one window wake this far apart.
const SPREAD: Duration = Duration::from_millis(100);

/// A window, as far as is known.
const WINDOW: Duration = Duration::from_mins(1);

/// What a place in the queue waits for.
pub trait Budget: Send + Sync + 'static {
    /// What one needs.
    type Need: Copy + fmt::Debug + Send;
    /// What was reserved; goes back when it is dropped.
    type Reserved: Send;

    /// Reserves it.
    ///
    /// # Errors
    /// What there is not enough of, and when to ask again.
    fn reserve(&self, need: Self::Need) -> Result<Self::Reserved, Short>;

    /// How many like this one fit into a window, where that is known.
    fn a_window(&self, need: Self::Need) -> Option<u64>;
}

/// There is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// Whose limit does not suffice.
    pub of: Vendor,
    /// Asked again after this.
    pub wait: Duration,
}

/// Whose limits a place waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Okta's rate limits, of which the operator has a share.
    Okta,
    /// `YubiEnterprise`'s, one order at a time.
    Yubico,
}

/// The queues of all connections; a copy is the same queues.
pub struct BudgetQueue<T, B: Budget> {
    queues: Arc<Mutex<HashMap<String, Queue<T, B>>>>,
    wake: Arc<dyn Fn(&T) -> bool + Send + Sync>,
}

impl<T, B: Budget> Clone for BudgetQueue<T, B> {
    fn clone(&self) -> Self {
        Self { queues: Arc::clone(&self.queues), wake: Arc::clone(&self.wake) }
    }
}

impl<T, B: Budget> fmt::Debug for BudgetQueue<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetQueue").finish_non_exhaustive()
    }
}

struct Queue<T, B: Budget> {
    budget: Arc<B>,
    order: Order<T>,
    waiting: HashMap<T, Waiting<B::Need>>,
    called: HashMap<T, (B::Reserved, Instant)>,
    /// When it is asked by itself whether there is enough for the next.
    asks_at: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Waiting<N> {
    need: N,
    not_before: Option<Instant>,
}

/// The right to call; what is left of its reservation, and the turn, go to the next when it is dropped.
pub struct BudgetPermit<T: Clone + Eq + Hash + Send + 'static, B: Budget> {
    queues: BudgetQueue<T, B>,
    connection: String,
    reserved: Option<B::Reserved>,
}

impl<T: Clone + Eq + Hash + Send + 'static, B: Budget> fmt::Debug for BudgetPermit<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetPermit").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl<T: Clone + Eq + Hash + Send + 'static, B: Budget> BudgetPermit<T, B> {
    /// What was reserved.
    #[must_use]
    pub const fn reserved(&self) -> Option<&B::Reserved> {
        self.reserved.as_ref()
    }
}

impl<T: Clone + Eq + Hash + Send + 'static, B: Budget> Drop for BudgetPermit<T, B> {
    fn drop(&mut self) {
        self.reserved = None;
        self.queues.call_next(&self.connection);
    }
}

impl<T: Clone + Eq + Hash + Send + 'static, B: Budget> BudgetQueue<T, B> {
    /// `wake` calls who may come in now, and tells whether there still is one.
    #[must_use]
    pub fn new(wake: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        Self { queues: Arc::default(), wake: Arc::new(wake) }
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<String, Queue<T, B>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `who` in if it is its turn and there is enough for it.
    ///
    /// # Errors
    /// It stands in the queue, and is woken; it asks again after the time that is given, at the latest.
    pub fn enter(
        &self,
        connection: &str,
        budget: &Arc<B>,
        who: &T,
        place: Position,
        need: B::Need,
    ) -> Result<BudgetPermit<T, B>, Duration> {
        let mut queues = self.queues();
        let queue = queues.entry(connection.to_owned()).or_insert_with(|| Queue::new(budget));
        queue.budget = Arc::clone(budget);
        if let Some((reserved, _)) = queue.called.remove(who) {
            drop(queues);
            return Ok(self.admitted(connection, reserved));
        }
        queue.put(who, place, Waiting { need, not_before: None });
        let (called, short) = queue.call(Instant::now());
        let mine = queue.called.remove(who).map(|(reserved, _)| reserved);
        let wait = queue.time_of(who, need, short);
        let asks_at = queue.asks_at(short);
        drop(queues);
        self.ask_at(connection, asks_at);
        self.wake_all(called.iter().filter(|called| *called != who));
        mine.map(|reserved| self.admitted(connection, reserved)).ok_or(wait)
    }

    /// `who` met a limit on its way: it stands in the queue, and is not let in before this time has passed. Gives the time
    /// after which it asks again.
    #[must_use]
    pub fn wait(
        &self,
        connection: &str,
        budget: &Arc<B>,
        who: &T,
        place: Position,
        need: B::Need,
        at_least: Duration,
    ) -> Duration {
        let mut queues = self.queues();
        let queue = queues.entry(connection.to_owned()).or_insert_with(|| Queue::new(budget));
        queue.budget = Arc::clone(budget);
        queue.called.remove(who);
        queue.put(who, place, Waiting { need, not_before: Some(Instant::now() + at_least) });
        let short = Short { of: Vendor::Okta, wait: at_least };
        queue.time_of(who, need, Some(short))
    }

    /// Was it called, and has not come yet?
    #[must_use]
    pub fn is_called(&self, who: &T) -> bool {
        self.queues().values().any(|queue| queue.called.contains_key(who))
    }

    /// Does it stand in a queue, or was it called?
    #[must_use]
    pub fn stands(&self, who: &T) -> bool {
        self.queues().values().any(|queue| queue.called.contains_key(who) || queue.waiting.contains_key(who))
    }

    /// It needs nothing any more.
    pub fn leave(&self, who: &T) {
        let mut given_back = Vec::new();
        self.queues().retain(|connection, queue| {
            queue.remove(who);
            given_back.extend(queue.called.remove(who).map(|reserved| (connection.clone(), reserved)));
            !(queue.waiting.is_empty() && queue.called.is_empty())
        });
        for (connection, reserved) in given_back {
            drop(reserved);
            self.call_next(&connection);
        }
    }

    fn admitted(&self, connection: &str, reserved: B::Reserved) -> BudgetPermit<T, B> {
        BudgetPermit { queues: self.clone(), connection: connection.to_owned(), reserved: Some(reserved) }
    }

    fn call_next(&self, connection: &str) {
        let (called, asks_at) = {
            let mut queues = self.queues();
            let Some(queue) = queues.get_mut(connection) else { return };
            let (called, short) = queue.call(Instant::now());
            (called, queue.asks_at(short))
        };
        self.ask_at(connection, asks_at);
        self.wake_all(called.iter());
    }

    /// The next one is called when the window ends, whatever its own timer says: the estimate may be wrong by then.
    fn ask_at(&self, connection: &str, at: Option<Instant>) {
        let (Some(at), Ok(runtime)) = (at, tokio::runtime::Handle::try_current()) else { return };
        let (queues, connection) = (self.clone(), connection.to_owned());
        runtime.spawn(async move {
            tokio::time::sleep_until(at).await;
            if let Some(queue) =
                queues.queues().get_mut(&connection).filter(|queue| queue.asks_at == Some(at))
            {
                queue.asks_at = None;
            }
            queues.call_next(&connection);
        });
    }

    /// Whom nobody knows any more gives its place to the next.
    fn wake_all<'a>(&self, called: impl Iterator<Item = &'a T>)
    where
        T: 'a,
    {
        let gone: Vec<_> = called.filter(|who| !(self.wake)(who)).collect();
        for who in gone {
            self.leave(who);
        }
    }
}

impl<T: Clone + Eq + Hash, B: Budget> Queue<T, B> {
    fn new(budget: &Arc<B>) -> Self {
        Self {
            budget: Arc::clone(budget),
            order: Order::default(),
            waiting: HashMap::new(),
            called: HashMap::new(),
            asks_at: None,
        }
    }

    /// Who asks again does not come sooner than it may.
    fn put(&mut self, who: &T, place: Position, waiting: Waiting<B::Need>) {
        self.order.put(who, place);
        let named = self.waiting.get(who).and_then(|known| known.not_before);
        let not_before = waiting.not_before.max(named);
        self.waiting.insert(who.clone(), Waiting { not_before, ..waiting });
    }

    fn remove(&mut self, who: &T) {
        self.order.remove(who);
        self.waiting.remove(who);
    }

    /// Calls, in order, for whom there is enough. Nobody overtakes whoever waits for the same vendor.
    fn call(&mut self, now: Instant) -> (Vec<T>, Option<Short>) {
        self.called.retain(|_, (_, since)| now < *since + COMES_WITHIN);
        let (mut called, mut first) = (Vec::new(), None);
        for who in self.order.next(LOOKED_THROUGH) {
            let Some(waiting) = self.waiting.get(&who) else { continue };
            if self.called.len() >= MOST_CALLED {
                break;
            }
            if waiting.not_before.is_some_and(|at| now < at) {
                continue;
            }
            match self.budget.reserve(waiting.need) {
                Ok(reserved) => {
                    self.waiting.remove(&who);
                    self.order.serve(&who);
                    self.called.insert(who.clone(), (reserved, now));
                    called.push(who);
                }
                Err(short) => {
                    // Whoever needs nothing of this vendor may still go on; of Okta everybody needs something.
                    let of = short.of;
                    first.get_or_insert(short);
                    if of == Vendor::Okta {
                        break;
                    }
                }
            }
        }
        (called, first)
    }

    /// When to ask by itself, if that is sooner than it would be done anyway.
    fn asks_at(&mut self, short: Option<Short>) -> Option<Instant> {
        let at = Instant::now() + short.filter(|_| !self.waiting.is_empty())?.wait;
        let sooner = self.asks_at.is_none_or(|known| at < known);
        sooner.then(|| *self.asks_at.insert(at))
    }

    /// When it is worth asking again: after the present wait, and as many windows as those before it fill.
    fn time_of(&self, who: &T, need: B::Need, short: Option<Short>) -> Duration {
        let before = self.order.before(who);
        let at_once = self.budget.a_window(need).unwrap_or(u64::MAX).max(1);
        let windows = u32::try_from(before / at_once).unwrap_or(u32::MAX);
        let within = u32::try_from(before % at_once).unwrap_or(0);
        let wait = short.map_or(WINDOW, |short| short.wait);
        wait.saturating_add(WINDOW.saturating_mul(windows))
            .saturating_add(SPREAD.saturating_mul(within).min(WINDOW))
    }
}

#[cfg(test)]
mod tests;
