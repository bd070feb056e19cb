//! What is kept of `YubiEnterprise` between calls, by preflight and shipments alike: either one's read spares the other's.

use domain::{failure::Failure, preflight::KeySet, vendor_states::Inventory};
use jiff::{SignedDuration, Timestamp};
use system::clock;
use tokio::sync::Mutex;
use vendors::yubico;

/// Key sets and the stock, of one token.
#[derive(Debug, Default)]
pub struct Caches {
    transport: Kept<KeySet>,
    signing: Kept<KeySet>,
    inventory: Kept<Option<Inventory>>,
}

/// A value and when it was read.
#[derive(Debug)]
struct Kept<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    async fn get<F: Future<Output = Result<T, Failure>>>(
        &self,
        oldest: SignedDuration,
        good: impl Fn(&T) -> bool,
        read: impl FnOnce() -> F,
    ) -> Result<T, Failure> {
        let mut kept = self.0.lock().await;
        if let Some((at, value)) = &*kept
            && clock::now().duration_since(*at) < oldest
        {
            return Ok(value.clone());
        }
        let value = read().await?;
        *kept = good(&value).then(|| (clock::now(), value.clone()));
        Ok(value)
    }

    async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// A set without a usable key is asked for again by the next one.
const fn usable(set: &KeySet) -> bool {
    matches!(set, KeySet::Usable(_))
}

impl Caches {
    /// What requests are sealed to, at most so old.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn transport(
        &self,
        yubico: &yubico::Client,
        oldest: SignedDuration,
    ) -> Result<KeySet, Failure> {
        self.transport.get(oldest, usable, || async { Ok(yubico.transport_keys().await?) }).await
    }

    /// What responses are signed with, at most so old.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn signing(&self, yubico: &yubico::Client, oldest: SignedDuration) -> Result<KeySet, Failure> {
        self.signing.get(oldest, usable, || async { Ok(yubico.signing_keys().await?) }).await
    }

    /// The stock, at most so old; `None` where the API does not show it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn inventory(
        &self,
        yubico: &yubico::Client,
        oldest: SignedDuration,
    ) -> Result<Option<Inventory>, Failure> {
        self.inventory.get(oldest, |_| true, || read_inventory(yubico)).await
    }

    /// The signing keys are read anew by the next one.
    pub async fn forget_signing(&self) {
        self.signing.forget().await;
    }
}

/// Reads the stock; an API without it (404) is no fault, the check is left out then.
///
/// # Errors
/// If it cannot be read otherwise.
pub async fn read_inventory(yubico: &yubico::Client) -> Result<Option<Inventory>, Failure> {
    match yubico.inventory().await {
        Ok(inventory) => Ok(Some(inventory)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
