//! `audit --credentials-dir`: the cluster is read, both vendors are asked, and the cluster is read again.

use std::path::PathBuf;

use api::{connection::YubiKeyConnection, shipment::YubiKeyShipment};
use clap::Args;
use kube::ResourceExt as _;
use system::clock;

use super::{
    beside::{self, Known, Shown},
    findings::{self, Finding},
};
use crate::{
    cluster::Cluster,
    fault::Result,
    objects,
    terminal::Terminal,
    vendor::{self, Declared, Seen},
};

/// Things that are asked between two words of progress.
const PROGRESS: usize = 25;

/// Whether the vendors are asked, and with what.
#[derive(Debug, Clone, Default, Args)]
pub struct VendorOptions {
    /// Ask both vendors too, with the credential files of this folder: the connection's, or a folder for each by its name
    #[arg(long, value_name = "DIR")]
    credentials_dir: Option<PathBuf>,
    /// The connections, where one may not read those of the cluster: manifests, or the values.yaml of the chart
    #[arg(short, long, value_name = "FILE", requires = "credentials_dir")]
    file: Option<PathBuf>,
    /// Show the names of the people, as Okta tells them
    #[arg(long, requires = "credentials_dir")]
    person: bool,
}

impl VendorOptions {
    /// Are the vendors asked?
    #[must_use]
    pub const fn is_wished(&self) -> bool {
        self.credentials_dir.is_some()
    }

    /// Are the connections named by a file?
    #[must_use]
    pub const fn names_connections(&self) -> bool {
        self.file.is_some()
    }

    /// What the vendors contradict, and whom it is about. Nothing without the wish.
    ///
    /// # Errors
    /// If files or the cluster cannot be read.
    pub async fn findings(
        &self,
        cluster: &Cluster,
        before: &[YubiKeyShipment],
        connections: Option<&[YubiKeyConnection]>,
        terminal: &Terminal,
    ) -> Result<Vec<Finding>> {
        let Some(directory) = &self.credentials_dir else { return Ok(Vec::new()) };
        let mut declared = match &self.file {
            Some(file) => vendor::declared(file)?,
            None => connections.unwrap_or_default().iter().map(declared).collect(),
        };
        if declared.is_empty() {
            return Err(beside::nothing_to_ask());
        }
        // Whoever looks at one namespace asks about its shipments only.
        let has_any = |name: &str| before.iter().any(|one| one.spec.connection_ref.name == name);
        declared.retain(|connection| cluster.scope.is_none() || has_any(&connection.name));
        let mut seen = Vec::new();
        for connection in &declared {
            let wanted = beside::wanted(before, &connection.name);
            let all = wanted.ids.len() + wanted.logins.len() + wanted.orders.len();
            terminal.tell(&format!(
                "Asking both vendors of connection {}: {all} people and orders.",
                connection.name
            ));
            let mut asked = 0_usize;
            let tell = || {
                asked += 1;
                if asked.is_multiple_of(PROGRESS) {
                    terminal.tell(&format!("{asked} of {all} asked."));
                }
            };
            seen.push(vendor::see(directory, connection, &wanted, tell).await?);
        }
        // What the operator wrote while the vendors were asked contradicts nothing.
        let after = objects::list::<YubiKeyShipment>(cluster, "shipments").await?;
        let shown: Vec<_> = declared.iter().zip(&seen).collect();
        let whole = cluster.scope.is_none() && after.undecodable.is_empty();
        Ok(self.named(compared(before, &after.objects, &shown, whole), &after.objects, &shown))
    }

    fn named(&self, found: Vec<Finding>, shipments: &[YubiKeyShipment], shown: &[Shown<'_>]) -> Vec<Finding> {
        let names = beside::names(shipments, shown, clock::now());
        let users = findings::users(shipments);
        let with_user = found.into_iter().map(|found| {
            let user = users.get(&found.object).cloned().unwrap_or_default();
            let name = names.get(&found.object).filter(|_| self.person);
            Finding { user: name.map_or_else(|| user.clone(), |name| format!("{name} ({user})")), ..found }
        });
        with_user.collect()
    }
}

fn declared(connection: &YubiKeyConnection) -> Declared {
    Declared { name: connection.name_any(), spec: connection.spec.clone() }
}

fn compared(
    before: &[YubiKeyShipment],
    after: &[YubiKeyShipment],
    shown: &[(&Declared, &Seen)],
    whole: bool,
) -> Vec<Finding> {
    let now = clock::now();
    let of = |shipments| beside::all(Known { shipments, whole, now }, shown);
    beside::lasting(&of(before), of(after))
}
