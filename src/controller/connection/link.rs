//! A connection that can be used: both clients, what preflight learned, and what is kept for a while.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::{
    api::connection::YubiKeyConnectionSpec,
    chance, clock,
    domain::{
        failure::{Failure, Reason},
        ids::RpId,
        seen::{Inventory, PublicKey},
        wanted::Orgs,
    },
    okta, yubico,
};

/// Yubico's keys and the inventory are at most this old when they are used.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What preflight learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The organizations behind the credentials.
    pub orgs: Orgs,
    /// Relying party id of new keys.
    pub rp_id: RpId,
}

/// One usable connection.
#[derive(Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: YubiKeyConnectionSpec,
    /// Okta.
    pub okta: Arc<okta::Client>,
    /// `YubiEnterprise`.
    pub yubico: Arc<yubico::Client>,
    /// What preflight learned.
    pub facts: Facts,
    transport: Kept<Vec<PublicKey>>,
    signing: Kept<Vec<PublicKey>>,
    inventory: Kept<Option<Inventory>>,
}

/// A value that is read again once it is no longer fresh.
#[derive(Debug)]
pub struct Kept<T>(Mutex<Option<(Timestamp, T)>>);

impl<T: Clone> Kept<T> {
    /// Nothing kept yet.
    #[must_use]
    pub fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// Starts with a value read now.
    #[must_use]
    pub fn with(value: T) -> Self {
        Self(Mutex::new(Some((clock::now(), value))))
    }

    async fn get<F: Future<Output = Result<T, Failure>>>(
        &self,
        read: impl FnOnce() -> F,
    ) -> Result<T, Failure> {
        let mut kept = self.0.lock().await;
        if let Some((at, value)) = &*kept
            && clock::now().duration_since(*at) < FRESH
        {
            return Ok(value.clone());
        }
        let value = read().await?;
        *kept = Some((clock::now(), value.clone()));
        Ok(value)
    }

    async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Link {
    /// Puts a link together from what preflight read.
    #[must_use]
    pub fn new(
        name: String,
        spec: YubiKeyConnectionSpec,
        okta: Arc<okta::Client>,
        yubico: Arc<yubico::Client>,
        facts: Facts,
        inventory: Option<Inventory>,
    ) -> Self {
        Self {
            name,
            spec,
            okta,
            yubico,
            facts,
            transport: Kept::empty(),
            signing: Kept::empty(),
            inventory: Kept::with(inventory),
        }
    }

    /// One of Yubico's transport keys, at most 10 minutes old, chosen at random as the published clients do.
    ///
    /// # Errors
    /// If the keys cannot be read or there are none.
    pub async fn transport_key(&self) -> Result<PublicKey, Failure> {
        let keys = self.transport.get(|| async { Ok(self.yubico.transport_keys().await?) }).await?;
        let index = usize::from(chance::byte()).checked_rem(keys.len()).unwrap_or(0);
        keys.into_iter().nth(index).ok_or_else(|| {
            Failure::new(
                Reason::VendorKeysUnusable,
                "yubico.transportKeysUrl publishes no usable key; check the URL with Yubico.",
            )
        })
    }

    /// All of Yubico's signing keys, at most 10 minutes old.
    ///
    /// # Errors
    /// If the keys cannot be read.
    pub async fn signing_keys(&self) -> Result<Vec<PublicKey>, Failure> {
        self.signing.get(|| async { Ok(self.yubico.signing_keys().await?) }).await
    }

    /// The stock, at most 10 minutes old; `None` where the API does not show it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn inventory(&self) -> Result<Option<Inventory>, Failure> {
        self.inventory.get(|| read_inventory(&self.yubico)).await
    }

    /// The next activation reads the signing keys anew: Okta refused those we had.
    pub async fn forget_signing_keys(&self) {
        self.signing.forget().await;
    }

    /// Longest call.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        super::super::durations::std(&self.spec.calls.timeout)
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
