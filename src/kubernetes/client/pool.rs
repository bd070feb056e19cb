//! The connections that are kept open, and their replacement as a whole.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kube::{Client, Config};

/// Connections that were made together.
pub(super) struct Pool {
    config: Config,
    current: Mutex<Current>,
}

#[derive(Clone)]
pub(super) struct Current {
    pub(super) client: Client,
    /// Counts the replacements.
    pub(super) number: u64,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("server", &self.config.cluster_url).finish_non_exhaustive()
    }
}

impl Pool {
    /// # Errors
    /// If the configuration cannot be used.
    pub(super) fn new(mut config: Config) -> Result<Self, kube::Error> {
        // Each call has a limit for everything; shorter ones beside it would not be told as silence.
        (config.connect_timeout, config.read_timeout, config.write_timeout) = (None, None, None);
        // It would send a write again that may have been done, and wait for as long as a quarter of an hour.
        config.default_retry = false;
        let client = Client::try_from(config.clone())?;
        Ok(Self { config, current: Mutex::new(Current { client, number: 0 }) })
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn current(&self) -> Current {
        self.lock().clone()
    }

    /// A call through `used` stayed silent: later calls go through new connections. Those under way go on.
    pub(super) fn replace(&self, used: &Current) {
        let mut current = self.lock();
        if current.number != used.number {
            // Another call has seen the same.
            return;
        }
        match Client::try_from(self.config.clone()) {
            Ok(client) => *current = Current { client, number: used.number + 1 },
            Err(error) => tracing::warn!(%error, "new connections to the API server cannot be made"),
        }
    }
}
