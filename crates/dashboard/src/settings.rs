//! What the page is served with.

use crate::{access::Access, site::Site};

/// What the page is served with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In whose name.
    pub access: Access,
    /// Under which addresses.
    pub site: Site,
    /// The namespace that is shown if the address names none; `None`: all of them.
    pub namespace: Option<String>,
}
