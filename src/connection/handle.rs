//! A connection that can be used: both clients, what preflight learned, and what is kept for a while.

use std::{sync::Arc, time::Duration};

use api::connection::YubiKeyConnectionSpec;
use connect::{caches::Caches, times::Times};
use domain::{
    desired::Orgs,
    failure::{Failure, Reason},
    ids::RpId,
    preflight::KeySet,
    vendor_states::{Inventory, PublicKey},
};
use jiff::SignedDuration;
use system::random;
use vendors::{hris, okta, yubico};

use super::need::Reserved;

/// Yubico's keys and the inventory are at most this old when they are used.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What preflight learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The organizations behind the credentials.
    pub orgs: Orgs,
    /// Relying party id of new keys.
    pub rp_id: RpId,
    /// What stops new orders, by preflight; those that were placed go on.
    pub order_bar: Option<Failure>,
    /// The times of the spec.
    pub times: Times,
}

/// One usable connection.
#[derive(Debug, Clone)]
pub struct ConnectionHandle {
    /// Its name, which another connection may have later.
    pub name: String,
    /// Its uid, which no other ever has.
    pub uid: String,
    /// The spec that it was examined with.
    pub spec: YubiKeyConnectionSpec,
    /// Calls the Okta org, within `okta.rateLimitShare` of its limits.
    pub okta: Arc<okta::Client>,
    /// Calls `YubiEnterprise`, one order at a time.
    pub yubico: Arc<yubico::Client>,
    /// The HRIS, where the connection names one.
    pub hris: Option<Arc<hris::Client>>,
    /// What preflight learned.
    pub facts: Facts,
    caches: Arc<Caches>,
}

impl ConnectionHandle {
    /// What is said of the web page of a gateway that keeps calls or orders back at present.
    #[must_use]
    pub fn web_page(&self) -> Option<String> {
        self.yubico.web_page().or_else(|| self.okta.web_page())
    }

    /// Puts a link together from what preflight read.
    #[must_use]
    pub fn new(
        (name, uid): (String, String),
        spec: YubiKeyConnectionSpec,
        okta: Arc<okta::Client>,
        yubico: Arc<yubico::Client>,
        hris: Option<Arc<hris::Client>>,
        facts: Facts,
        caches: Arc<Caches>,
    ) -> Self {
        Self { name, uid, spec, okta, yubico, hris, facts, caches }
    }

    /// The same connection for one pass, whose calls to Okta are those that were reserved.
    #[must_use]
    pub fn with(&self, reserved: &Reserved) -> Arc<Self> {
        let okta = match &reserved.okta {
            Some(reservation) => Arc::new(self.okta.with(Arc::clone(reservation))),
            None => Arc::clone(&self.okta),
        };
        Arc::new(Self { okta, ..self.clone() })
    }

    /// One of Yubico's transport keys, at most 10 minutes old, chosen at random as the published clients do.
    ///
    /// # Errors
    /// If the keys cannot be read or there are none.
    pub async fn transport_key(&self) -> Result<PublicKey, Failure> {
        let keys = keys(self.caches.transport(&self.yubico, FRESH).await?, "transportKeysUrl")?;
        let index = usize::from(random::byte()).checked_rem(keys.len()).unwrap_or(0);
        keys.into_iter().nth(index).ok_or_else(|| unusable("transportKeysUrl"))
    }

    /// All of Yubico's signing keys, at most 10 minutes old.
    ///
    /// # Errors
    /// If the keys cannot be read.
    pub async fn signing_keys(&self) -> Result<Vec<PublicKey>, Failure> {
        keys(self.caches.signing(&self.yubico, FRESH).await?, "signingKeysUrl")
    }

    /// The stock, at most 10 minutes old; `None` where the API does not show it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn inventory(&self) -> Result<Option<Inventory>, Failure> {
        self.caches.inventory(&self.yubico, FRESH).await
    }

    /// The next activation reads the signing keys anew: Okta refused those we had.
    pub async fn forget_signing_keys(&self) {
        self.caches.forget_signing().await;
    }

    /// The same way with another spec that leads to the same vendors.
    #[must_use]
    pub fn with_spec(&self, spec: YubiKeyConnectionSpec) -> Self {
        Self {
            name: self.name.clone(),
            uid: self.uid.clone(),
            spec,
            okta: Arc::clone(&self.okta),
            yubico: Arc::clone(&self.yubico),
            hris: self.hris.clone(),
            facts: self.facts.clone(),
            caches: Arc::clone(&self.caches),
        }
    }

    /// Longest time that one call may take (`calls.timeout`).
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.facts.times.calls.timeout.unsigned_abs()
    }
}

fn keys(set: KeySet, field: &str) -> Result<Vec<PublicKey>, Failure> {
    match set {
        KeySet::Usable(keys) => Ok(keys),
        KeySet::Empty | KeySet::AnotherCurve => Err(unusable(field)),
    }
}

fn unusable(field: &str) -> Failure {
    Failure::new(
        Reason::VendorKeysUnusable,
        format!("yubico.{field} publishes no usable key; check the URL with Yubico."),
    )
}
