//! Which namespaces a connection admits.

use api::connection::{NamespacesFrom, YubiKeyConnectionSpec};
use domain::failure::Failure;
use kube::core::{Selector, SelectorExt};

use crate::kubernetes::namespaces::Namespaces;

/// Does the connection admit this namespace?
///
/// # Errors
/// If the labels decide and the API server does not show them.
pub async fn admits(
    namespaces: &Namespaces,
    name: &str,
    connection: &YubiKeyConnectionSpec,
) -> Result<bool, Failure> {
    let allowed = &connection.allowed_namespaces;
    Ok(match allowed.from {
        NamespacesFrom::All => true,
        NamespacesFrom::Names => {
            allowed.names.as_ref().is_some_and(|names| names.iter().any(|admitted| admitted == name))
        }
        NamespacesFrom::Selector => {
            let Some(selector) = allowed.selector.clone() else { return Ok(false) };
            let Ok(selector) = Selector::try_from(selector) else { return Ok(false) };
            namespaces.labels(name).await?.is_some_and(|labels| selector.matches(&labels))
        }
    })
}
