//! Names of people, only on request: the cluster's objects hold none.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use api::{connection::YubiKeyConnection, shipment::YubiKeyShipment};
use clap::Args;
use domain::{failure::Failure, ids::UserId, vendor_states::User};
use kube::ResourceExt as _;

use super::reached;
use crate::{
    cluster::Cluster,
    fault::{Fault, Result},
    objects,
};

/// Whether names are asked for, and with what.
#[derive(Debug, Clone, Default, Args)]
pub struct PersonOptions {
    /// Ask Okta for the names of the people that are shown; needs --credentials-dir
    #[arg(long, requires = "credentials_dir")]
    pub person: bool,
    /// Folder with the connection's credential files, or with such a folder for each connection
    #[arg(long, value_name = "DIR", requires = "person")]
    pub credentials_dir: Option<PathBuf>,
}

/// Namespace and name of a shipment.
pub type Object = (String, String);

/// Asks Okta for the names of those whose keys these shipments are; whoever is not found has none. Without the wish
/// nothing is asked.
///
/// # Errors
/// If shipments or connections cannot be read, or Okta does not answer.
pub async fn names(
    cluster: &Cluster,
    options: &PersonOptions,
    shown: &BTreeSet<Object>,
) -> Result<BTreeMap<Object, String>> {
    let Some(directory) = options.credentials_dir.as_ref().filter(|_| options.person) else {
        return Ok(BTreeMap::new());
    };
    let shipments = objects::list::<YubiKeyShipment>(cluster, "shipments").await?.objects;
    let connections = objects::connections(cluster).await?.objects;
    let mut names = BTreeMap::new();
    for connection in connections {
        let theirs = people(&shipments, &connection.name_any(), shown);
        if theirs.is_empty() {
            continue;
        }
        let ids: BTreeSet<_> = theirs.values().cloned().collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let found = ask(directory, &connection, &ids).await?;
        names.extend(theirs.into_iter().filter_map(|(object, id)| {
            let user = found.iter().find(|(asked, _)| *asked == id)?.1.as_ref()?;
            Some((object, full_name(user)))
        }));
    }
    Ok(names)
}

/// Whose keys the shown shipments of a connection are.
fn people(
    shipments: &[YubiKeyShipment],
    connection: &str,
    shown: &BTreeSet<Object>,
) -> BTreeMap<Object, UserId> {
    shipments
        .iter()
        .filter(|shipment| shipment.spec.connection_ref.name == connection)
        .filter_map(|shipment| {
            let object = (shipment.namespace().unwrap_or_default(), shipment.name_any());
            let id = UserId::new(shipment.status.as_ref()?.user_id.as_ref()?.as_str()).ok()?;
            shown.contains(&object).then_some((object, id))
        })
        .collect()
}

async fn ask(
    directory: &Path,
    connection: &YubiKeyConnection,
    ids: &[UserId],
) -> Result<Vec<(UserId, Option<User>)>> {
    let next = "see `kubectl yubikey check --credentials-dir DIR -f FILE`, or leave --person out";
    let refused =
        |failure: &Failure| Fault::new(format!("Okta does not tell the names: {}", failure.message), next);
    let reached = reached::reach(directory, &connection.name_any(), &connection.spec).await?;
    let clients = reached.clients.map_err(|failure| refused(&failure))?;
    clients.okta.users_by_id(ids).await.map_err(|error| refused(&error.failure))
}

/// First and last name; where Okta has neither, the login.
pub(super) fn full_name(user: &User) -> String {
    let part = |name: &str| user.profile.get(name).map(String::as_str).unwrap_or_default().trim();
    let name = format!("{} {}", part("firstName"), part("lastName"));
    match (name.trim(), &user.login) {
        ("", Some(login)) => login.as_str().to_owned(),
        ("", None) => "no name at Okta".to_owned(),
        (name, _) => name.to_owned(),
    }
}
