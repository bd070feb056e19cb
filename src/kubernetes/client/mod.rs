//! The way to the API server: no call waits for ever, and a connection that has gone dead is not used again.
//!
//! A network may drop what it carries and tell nobody. Then a call gets no answer, a watch shows nothing any more, and
//! every connection that is kept open leads into the same void. So each call has a limit, each watch is ended by the
//! server after a while and given up soon after if that end does not come, and whatever stayed silent makes the next
//! call go through a new connection.
//!
//! A write without an answer may have been done, and may still be done later. Who wrote must not act on it.

mod calls;
mod pool;
mod watching;

use std::{sync::Arc, time::Duration};

use kube::{Client, Config};

use self::{calls::Teller, pool::Pool};
use crate::readiness::Readiness;

pub use self::{
    calls::{Silences, Silent},
    watching::WATCH,
};

/// Longest wait for the whole answer to a call that is no watch. A mark that takes longer to write may not be sent on.
pub const CALL: Duration = Duration::from_secs(10);

/// Makes the clients of one cluster. They share their connections.
#[derive(Debug, Clone)]
pub struct ApiServer {
    pool: Arc<Pool>,
    teller: Arc<Teller>,
    namespace: String,
}

impl ApiServer {
    /// The cluster of this configuration. Silence is counted and shown.
    ///
    /// # Errors
    /// If no connection can be made of it, as with a certificate that cannot be read.
    pub fn new(config: Config, silences: Arc<Silences>, readiness: Readiness) -> Result<Self, kube::Error> {
        readiness.needs(calls::NAME);
        let namespace = config.default_namespace.clone();
        Ok(Self {
            pool: Arc::new(Pool::new(config)?),
            teller: Arc::new(Teller::new(silences, readiness)),
            namespace,
        })
    }

    /// A client whose calls wait for [`CALL`].
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_within(CALL)
    }

    /// A client whose calls wait no longer than this.
    #[must_use]
    pub fn client_within(&self, limit: Duration) -> Client {
        let (pool, teller) = (Arc::clone(&self.pool), Arc::clone(&self.teller));
        let service = tower::service_fn(move |request| {
            calls::send(Arc::clone(&pool), Arc::clone(&teller), request, limit)
        });
        Client::new(service, self.namespace.clone())
    }
}

#[cfg(test)]
mod tests;
