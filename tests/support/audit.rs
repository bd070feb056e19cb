//! The API server's own count of what the operator did.

use std::path::Path;

use kube_test::AuditLog;
pub use kube_test::Request;

/// All finished requests, in order.
pub fn read(log: &Path) -> Vec<Request> {
    AuditLog::at(log).read().unwrap().into()
}
