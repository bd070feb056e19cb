//! Connections by name, as declared and as this process knows them.

use std::sync::Arc;

use api::{connection::YubiKeyConnection, shipment::YubiKeyShipment};
use domain::failure::Failure;
use kube::{
    ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};

use super::{
    entries::{ConnectionEntries, ConnectionVersion},
    state::ConnectionState,
};
use crate::{
    kubernetes::undecodable::{Undecodables, connection_fault},
    metrics::instrument,
};

/// Every connection of the cluster: as declared, and what is known of it.
pub struct ConnectionLister {
    /// As the watch shows them; may lag.
    pub declared: Store<YubiKeyConnection>,
    /// What is known of each.
    pub entries: Arc<ConnectionEntries>,
    /// Objects that this version cannot decode.
    pub undecodables: Undecodables,
}

impl ConnectionLister {
    /// The connection of this name as watched.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<YubiKeyConnection>> {
        self.declared.get(&ObjectRef::new(name))
    }

    /// What stands under this name now, and which version of it.
    #[must_use]
    pub fn state(&self, name: &str) -> (ConnectionVersion, ConnectionState) {
        let Some(declared) = self.get(name) else {
            let undecodable = self.undecodable(name);
            let state = undecodable.map_or(ConnectionState::Absent, ConnectionState::Faulty);
            return (ConnectionVersion::default(), state);
        };
        let (version, found) = self.entries.look(&declared.uid().unwrap_or_default());
        (version, ConnectionState::of(&declared.spec, found))
    }

    /// Why this connection cannot be used although it is there: this version cannot decode it.
    #[must_use]
    pub fn undecodable(&self, name: &str) -> Option<Failure> {
        let object = self.undecodables.get(instrument::CONNECTION, "", name)?;
        Some(connection_fault(name, &object))
    }

    /// Which version of the connection of this name stands.
    #[must_use]
    pub fn version(&self, name: &str) -> ConnectionVersion {
        let declared = self.get(name).and_then(|declared| declared.uid());
        declared.map(|uid| self.entries.version(&uid)).unwrap_or_default()
    }

    /// Uid of the connection of this name; empty if there is none.
    #[must_use]
    pub fn uid_of(&self, name: &str) -> String {
        self.get(name).and_then(|declared| declared.uid()).unwrap_or_default()
    }

    /// Is the connection of this name being deleted?
    #[must_use]
    pub fn is_leaving(&self, name: &str) -> bool {
        self.get(name).is_some_and(|declared| declared.metadata.deletion_timestamp.is_some())
    }

    /// The Okta org behind a connection, where it is known.
    #[must_use]
    pub fn okta_org_behind(&self, name: &str) -> Option<String> {
        let handle = self.state(name).1.usable()?;
        handle.facts.orgs.okta.as_ref().map(ToString::to_string)
    }

    /// The Okta org that the shipment is ordered under, or would be.
    #[must_use]
    pub fn okta_org_of(&self, shipment: &YubiKeyShipment) -> Option<String> {
        let written = shipment.status.as_ref().and_then(|s| s.org.as_ref()).and_then(|org| org.okta.clone());
        written.or_else(|| self.okta_org_behind(&shipment.spec.connection_ref.name))
    }
}
