//! The way to the API server: no call waits for ever, and a connection that has gone dead is not used again.
//!
//! A network may drop what it carries and tell nobody. Then a call gets no answer, a watch shows nothing any more, and
//! every connection that is kept open leads into the same void. So each call has a limit, each watch is ended by the
//! server after a while and given up soon after if that end does not come, and whatever stayed silent makes the next
//! call go through a new connection.
//!
//! A server that is slow gets slower by every call that is sent beside the others, until none is answered within its
//! limit any more. So no more than a few are under way at once; the others wait for their turn, and what gets none is
//! never sent.
//!
//! A write without an answer may have been done, and may still be done later. Who wrote must not act on it.

mod calls;
mod pool;
mod watching;

use std::{sync::Arc, time::Duration};

use kube::{Client, Config};
use tokio::sync::Semaphore;

use self::{calls::Teller, pool::Pool};
use crate::readiness::Readiness;

pub use self::{
    calls::{NoTurn, Silences, Silent},
    watching::WATCH,
};

/// Longest wait for the whole answer to a call that is no watch. A mark that takes longer to write may not be sent on.
pub const CALL: Duration = Duration::from_secs(10);

/// Calls of this process under way at once, watches and the lease apart.
const AT_ONCE: usize = 32;

/// Makes the clients of one cluster. They share their connections.
#[derive(Debug, Clone)]
pub struct ApiServer {
    pool: Arc<Pool>,
    teller: Arc<Teller>,
    turns: Arc<Semaphore>,
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
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            namespace,
        })
    }

    /// A client whose calls wait for [`CALL`], half of it for their turn at most.
    #[must_use]
    pub fn client(&self) -> Client {
        self.serve(CALL, Some(Arc::clone(&self.turns)))
    }

    /// A client whose calls wait no longer than this, and for no turn: for the lease.
    #[must_use]
    pub fn client_within(&self, limit: Duration) -> Client {
        self.serve(limit, None)
    }

    fn serve(&self, limit: Duration, turns: Option<Arc<Semaphore>>) -> Client {
        let (pool, teller) = (Arc::clone(&self.pool), Arc::clone(&self.teller));
        let service = tower::service_fn(move |request| {
            calls::send(Arc::clone(&pool), Arc::clone(&teller), turns.clone(), request, limit)
        });
        Client::new(service, self.namespace.clone())
    }
}

#[cfg(test)]
mod tests;
