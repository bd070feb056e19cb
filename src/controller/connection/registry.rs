//! All connections of this process, by name: usable, or at fault with the reason.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::link::Link;
use crate::domain::failure::{Failure, Reason};

/// One connection.
#[derive(Debug, Clone)]
pub enum Connection {
    /// It cannot be used; its shipments wait.
    Faulty(Failure),
    /// It can be used.
    Usable(Arc<Link>),
}

/// All connections.
#[derive(Debug, Default)]
pub struct Registry {
    connections: Mutex<HashMap<String, Connection>>,
    reports: Mutex<HashMap<String, Failure>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds the lock, so what a poisoned lock guards is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// The connection of this name, for a shipment.
    ///
    /// # Errors
    /// The connection's fault, or that there is none.
    pub fn get(&self, name: &str) -> Result<Arc<Link>, Failure> {
        match lock(&self.connections).get(name) {
            Some(Connection::Usable(link)) => Ok(Arc::clone(link)),
            Some(Connection::Faulty(failure)) => Err(failure.clone()),
            None => Err(Failure::new(
                Reason::ConnectionNotFound,
                format!("There is no YubiKeyConnection {name} that this operator has examined; create it, or correct spec.connectionRef."),
            )),
        }
    }

    /// What stands for this name, if anything.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<Connection> {
        lock(&self.connections).get(name).cloned()
    }

    /// Sets what preflight found.
    pub fn set(&self, name: &str, connection: Connection) {
        lock(&self.connections).insert(name.to_owned(), connection);
    }

    /// The resource is gone.
    pub fn remove(&self, name: &str) {
        lock(&self.connections).remove(name);
    }

    /// A shipment's call met a fault of the connection: preflight looks at it at once.
    pub fn report(&self, name: &str, failure: Failure) {
        lock(&self.reports).insert(name.to_owned(), failure);
    }

    /// Takes the reported fault, if there is one.
    #[must_use]
    pub fn take_report(&self, name: &str) -> Option<Failure> {
        lock(&self.reports).remove(name)
    }
}
