//! What preflight has read of a connection and when: each thing is read again at its own pace, and stays as it was seen
//! while it cannot be read.

use domain::{
    failure::{CallError, Failure, Reason},
    preflight::{Authenticator, Domain, EnrollmentPolicy, KeySet, Method, SessionRule, Shown},
    vendor_states::Inventory,
};
use jiff::{SignedDuration, Timestamp};
use system::clock;
use vendors::okta::Organization;

/// Why a connection is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its time has come: what is old is read.
    Time,
    /// Something could not be read: that is read again.
    Fault,
    /// A shipment's call was refused: what lets it in is read again.
    Reported,
    /// Asked for, changed, or a check stops ordering: everything is read again.
    Everything,
}

/// One thing that is read.
#[derive(Debug, Clone)]
pub struct Reading<T> {
    at: Option<Timestamp>,
    failed: bool,
    /// As last seen.
    pub shown: Shown<T>,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self { at: None, failed: false, shown: Shown::NotAsked }
    }
}

/// How old a thing may be, and from which occasion on it is read whatever its age.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Read again when it is older.
    pub oldest: SignedDuration,
    /// Read again at these occasions at the latest.
    pub from: Why,
}

/// Okta's organization: clock and engine. No token, one small page.
pub const ORGANIZATION: Pace = Pace { oldest: SignedDuration::from_mins(9), from: Why::Reported };
/// Whether somebody's keys may be listed.
pub const TRIAL: Pace = Pace { oldest: SignedDuration::from_hours(1), from: Why::Reported };
/// Okta's settings: people change them rarely.
pub const SETTINGS: Pace = Pace { oldest: SignedDuration::from_hours(1), from: Why::Everything };
/// Token and stock.
pub const INVENTORY: Pace = Pace { oldest: SignedDuration::from_mins(30), from: Why::Reported };
/// Yubico's products and countries.
pub const CATALOGUE: Pace = Pace { oldest: SignedDuration::from_hours(2), from: Why::Everything };
/// Yubico's two key sets.
pub const KEYS: Pace = Pace { oldest: SignedDuration::from_hours(1), from: Why::Reported };

impl Pace {
    fn is_over(self, at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(at) >= self.oldest
    }
}

impl<T> Reading<T> {
    /// Was it never read by this process?
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.at.is_none()
    }

    /// Is it to be read now?
    #[must_use]
    pub fn is_due(&self, pace: Pace, why: Why) -> bool {
        let Some(at) = self.at else { return true };
        why >= pace.from || (self.failed && why >= Why::Fault) || pace.is_over(at, clock::now())
    }

    /// How old a value of a cache may be to serve as this reading. After a read that failed only a new one counts: what
    /// was kept from before says nothing of whether the vendor answers by now.
    #[must_use]
    pub fn oldest(&self, pace: Pace, why: Why) -> SignedDuration {
        if self.failed || why >= pace.from { SignedDuration::ZERO } else { pace.oldest }
    }

    /// Notes what was read.
    pub fn set(&mut self, shown: Shown<T>, failed: bool) {
        *self = Self { at: Some(clock::now()), failed, shown };
    }

    /// It could not be read: what was seen stands, and it is read again soon.
    pub fn retry(&mut self) {
        self.failed = true;
        self.at = Some(clock::now());
    }

    /// Notes a setting: where the app may not look, `scope` would let it. A failed read changes nothing but the time of
    /// the next.
    pub fn take(&mut self, read: Result<T, CallError>, scope: &'static str) {
        match read {
            Ok(value) => self.set(Shown::Observed(value), false),
            Err(error) if may_not_look(&error) => self.set(Shown::Hidden(scope), false),
            Err(error) if is_not_there(&error) => self.set(Shown::Missing, false),
            Err(error) => {
                tracing::info!(reason = %error.failure.reason, "a setting could not be read; it stands as last seen");
                self.failed = true;
            }
        }
    }
}

fn may_not_look(error: &CallError) -> bool {
    matches!(
        error.failure.reason,
        Reason::OktaUnauthorized | Reason::OktaForbidden | Reason::ScopeMissing | Reason::YubicoForbidden
    )
}

/// A server that speaks the API in part only, or answers with something else there.
#[must_use]
pub fn is_not_there(error: &CallError) -> bool {
    error.is_not_found() || error.failure.reason == Reason::WrongAddress
}

/// Everything that was read of a connection's vendors.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// The URLs it was read from: another vendor is another world.
    pub doors: (String, String),
    /// Who the organization is.
    pub organization: Reading<Organization>,
    /// Whether the scopes of orders are granted.
    pub scopes: Shown<Result<(), Failure>>,
    /// Whether the app's role covers somebody.
    pub role: Reading<Result<(), Failure>>,
    /// Whether somebody's keys can be listed.
    pub feature: Reading<Result<(), Failure>>,
    /// The authenticator and its id.
    pub authenticator: Reading<(Authenticator, Option<String>)>,
    /// Settings of its method `webauthn`.
    pub method: Reading<Method>,
    /// The org's custom domains.
    pub domains: Reading<Vec<Domain>>,
    /// Active enrolment policies, by priority.
    pub enrollment_policies: Reading<Vec<EnrollmentPolicy>>,
    /// Rules of global session policies.
    pub session_rules: Reading<Vec<SessionRule>>,
    /// Keys ordered by others.
    pub strangers: Reading<usize>,
    /// The stock, with the organization that the token belongs to.
    pub inventory: Reading<Inventory>,
    /// Ids of all products.
    pub products: Reading<Vec<u32>>,
    /// Two-letter codes of the countries that the organization ships to.
    pub countries: Reading<Vec<String>>,
    /// Stock, products and countries as last seen of an organization of the connection's region.
    pub of_region: (Shown<Inventory>, Shown<Vec<u32>>, Shown<Vec<String>>),
    /// What requests are sealed to.
    pub transport: Reading<Result<KeySet, Failure>>,
    /// What responses are signed with.
    pub signing: Reading<Result<KeySet, Failure>>,
}

impl Readings {
    /// Takes over what was read of `YubiEnterprise`, while the rest was read of Okta.
    pub fn take_yubico(&mut self, other: Self) {
        self.inventory = other.inventory;
        self.products = other.products;
        self.countries = other.countries;
        self.of_region = other.of_region;
        self.transport = other.transport;
        self.signing = other.signing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Result<u8, CallError> {
        Err(vendors::http::not_sent(Reason::OktaUnavailable, "down"))
    }

    /// Calls an hour by the paces alone, looked at every ten minutes and a little for a day.
    fn an_hour(paces: &[Pace]) -> usize {
        let look = SignedDuration::from_secs(603);
        let start = Timestamp::UNIX_EPOCH;
        let mut read = vec![start; paces.len()];
        let mut calls = 0;
        let mut now = start;
        while now.duration_since(start) < SignedDuration::from_hours(24) {
            now += look;
            for (pace, at) in paces.iter().zip(&mut read) {
                if pace.is_over(*at, now) {
                    *at = now;
                    calls += 1;
                }
            }
        }
        calls / 24
    }

    #[test]
    fn a_healthy_connection_costs_few_calls() {
        // Inventory, products, countries, both key sets.
        assert!(an_hour(&[INVENTORY, CATALOGUE, CATALOGUE, KEYS, KEYS]) <= 5);
        // The organization's page; the trial's one or two calls; authenticator, method, domains, two lists of
        // policies, up to three lists of rules, the log and up to three lists of keys.
        let okta = [[ORGANIZATION].as_slice(), &[TRIAL; 2], &[SETTINGS; 12]].concat();
        assert!(an_hour(&okta) <= 20);
    }

    #[test]
    fn after_a_failed_read_nothing_that_was_kept_from_before_serves() {
        let mut stock = Reading::default();
        stock.set(Shown::Observed(1), false);
        assert_eq!(stock.oldest(INVENTORY, Why::Time), INVENTORY.oldest);
        assert_eq!(stock.oldest(INVENTORY, Why::Fault), INVENTORY.oldest, "something else had failed");
        stock.retry();
        for why in [Why::Time, Why::Fault, Why::Reported, Why::Everything] {
            assert_eq!(stock.oldest(INVENTORY, why), SignedDuration::ZERO, "{why:?}");
        }
        let mut keys = Reading::default();
        keys.set(Shown::Observed(failed()), true);
        assert_eq!(keys.oldest(KEYS, Why::Fault), SignedDuration::ZERO);
        keys.set(Shown::Observed(Ok(1)), false);
        assert_eq!(keys.oldest(KEYS, Why::Fault), KEYS.oldest, "it is read again");
        assert_eq!(keys.oldest(KEYS, Why::Reported), SignedDuration::ZERO);
    }

    #[test]
    fn what_cannot_be_read_stands_as_last_seen_and_is_asked_for_again() {
        let mut reading = Reading::default();
        assert!(reading.is_due(SETTINGS, Why::Time), "never read");
        reading.take(Ok(1), "scope");
        assert!(!reading.is_due(SETTINGS, Why::Reported));
        assert!(reading.is_due(SETTINGS, Why::Everything));
        reading.take(failed(), "scope");
        assert_eq!(reading.shown, Shown::Observed(1));
        assert!(reading.is_due(SETTINGS, Why::Fault));
        reading.take(Err(vendors::http::not_sent(Reason::ScopeMissing, "no")), "okta.x.read");
        assert_eq!(reading.shown, Shown::Hidden("okta.x.read"));
        assert!(!reading.is_due(SETTINGS, Why::Fault));
    }
}
