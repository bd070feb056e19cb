//! What stands under a connection's name at this moment.

use std::sync::Arc;

use api::connection::YubiKeyConnectionSpec;
use domain::failure::Failure;

use crate::connection::{entries::Connection, handle::ConnectionHandle};

/// The way to the vendors.
#[derive(Debug, Clone)]
pub enum ConnectionState {
    /// No connection of this name is declared.
    Absent,
    /// It is declared and was not examined as it is now: nobody knows yet where it leads.
    Unexamined,
    /// It cannot be used.
    Faulty(Failure),
    /// It can be used.
    Usable(Arc<ConnectionHandle>),
}

impl ConnectionState {
    /// What was examined counts for the spec that was examined, and for no other.
    #[must_use]
    pub fn of(declared: &YubiKeyConnectionSpec, found: Option<Connection>) -> Self {
        match found {
            Some(Connection::Faulty(failure)) => Self::Faulty(failure),
            Some(Connection::Usable(link)) if link.spec == *declared => Self::Usable(link),
            Some(Connection::Usable(_)) | None => Self::Unexamined,
        }
    }

    /// The link, if there is one to be used.
    #[must_use]
    pub fn usable(self) -> Option<Arc<ConnectionHandle>> {
        match self {
            Self::Usable(link) => Some(link),
            Self::Absent | Self::Unexamined | Self::Faulty(_) => None,
        }
    }
}
