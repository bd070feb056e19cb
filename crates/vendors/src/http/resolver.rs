//! Addresses of hosts, looked up once for the connections of a moment. The system's look-up reads files and waits for
//! name servers in a thread of its own; calls that make something open a connection each.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;

/// How long addresses are used. Shorter than it takes to move a service to others.
const USED_FOR: Duration = Duration::from_secs(10);

/// A host's addresses, and when they were looked up.
#[derive(Debug, Clone)]
struct Found {
    addresses: Vec<SocketAddr>,
    at: Instant,
}

/// One host. Who asks while somebody looks it up waits for that answer.
type Host = Arc<tokio::sync::Mutex<Option<Found>>>;

/// Looks up hosts for the clients that share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolver {
    hosts: Arc<Mutex<HashMap<String, Host>>>,
}

impl Resolver {
    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look_up` gives, or gave a moment ago. A failure is nobody's but the asker's: the next one asks anew.
    async fn addresses<E>(
        &self,
        host: &str,
        look_up: impl Future<Output = Result<Vec<SocketAddr>, E>>,
    ) -> Result<Vec<SocketAddr>, E> {
        // The hosts of one connection's vendors: a handful.
        let host = Arc::clone(self.hosts().entry(host.to_owned()).or_default());
        let mut known = host.lock().await;
        if let Some(found) = known.as_ref().filter(|found| found.at.elapsed() < USED_FOR) {
            return Ok(found.addresses.clone());
        }
        let addresses = look_up.await?;
        *known = Some(Found { addresses: addresses.clone(), at: Instant::now() });
        Ok(addresses)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            // Whoever connects puts the port of its URL in place of 0.
            let look_up = async { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) };
            let found = resolver.addresses::<std::io::Error>(host, look_up).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// Looks that were made, each with another answer.
    #[derive(Default)]
    struct Looks(AtomicU16);

    impl Looks {
        async fn answer(&self) -> Result<Vec<SocketAddr>, ()> {
            tokio::task::yield_now().await;
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], number))])
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_looked_up_once_in_a_moment_and_anew_after_it() {
        let (resolver, looks) = (Resolver::default(), Looks::default());
        let first = resolver.addresses("a", looks.answer()).await.unwrap();
        tokio::time::advance(USED_FOR.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(resolver.addresses("a", looks.answer()).await.unwrap(), first);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_ne!(resolver.addresses("a", looks.answer()).await.unwrap(), first, "it may have moved");
        assert_eq!(looks.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_wait_for_one_answer_and_hosts_are_told_apart() {
        let (resolver, looks) = (Resolver::default(), Looks::default());
        let many = futures::future::join_all((0..20).map(|_| resolver.addresses("a", looks.answer()))).await;
        assert!(many.iter().all(|found| *found == many[0]), "{many:?}");
        assert_ne!(resolver.addresses("b", looks.answer()).await, many[0]);
        assert_eq!(looks.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_not_kept() {
        let (resolver, looks) = (Resolver::default(), Looks::default());
        assert_eq!(resolver.addresses("a", async { Err(()) }).await, Err(()));
        assert!(resolver.addresses("a", looks.answer()).await.is_ok());
    }

    #[tokio::test]
    async fn the_systems_look_up_is_asked() {
        let found: Vec<_> =
            Resolver::default().resolve("localhost".parse().unwrap()).await.unwrap().collect();
        assert!(found.iter().any(|address| address.ip().is_loopback()), "{found:?}");
    }
}
