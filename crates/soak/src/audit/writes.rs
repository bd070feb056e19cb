//! Status writes of shipments that the API server took, as its own log tells.

use std::collections::HashMap;

use jiff::Timestamp;
use kube_test::{AuditLog, Request};
use testbed::{diary::Declared, folder::Folder, setup::Fault};

/// When each shipment's status was written, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct Writes(HashMap<(String, String), Vec<Timestamp>>);

impl Writes {
    /// Of a run's folder; nothing where it has no such log: then it is not known what was written.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>, Fault> {
        let path = folder.audit_log();
        if !path.exists() {
            return Ok(None);
        }
        let mut writes = Self::default();
        for request in AuditLog::at(&path).each()? {
            writes.note(&request?)?;
        }
        Ok(Some(writes))
    }

    fn note(&mut self, request: &Request) -> Result<(), Fault> {
        let status = request.resource() == "yubikeyshipments/status";
        if status && request.verb() == "patch" && (200..300).contains(&request.code()) {
            let of = (request.namespace().to_owned(), request.name().to_owned());
            self.0.entry(of).or_default().push(request.finished_at().parse()?);
        }
        Ok(())
    }

    /// Was the status of this shipment written in this time?
    pub(crate) fn any(&self, declared: &Declared, from: Timestamp, to: Timestamp) -> bool {
        let of = (declared.namespace.clone(), declared.name.clone());
        self.0.get(&of).is_some_and(|all| all.iter().any(|at| *at >= from && *at <= to))
    }
}
