//! What all worlds of a run share: API server, vendors, operator.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{
    cluster::Cluster,
    control_plane::ControlPlane,
    diary::Diary,
    folder::{self, Folder},
    replicas::Replica,
    set::Set,
    setup::{Fault, Setup},
    vendors::Vendors,
};
use tokio::sync::Mutex;

use crate::generate::Schemas;

/// Parcels move by command only.
const STEP: &str = "1000000";

/// What may say where a person lives, in a spec: of a shipment, of a rollout's template, of a connection.
const DECLARED: [(&str, &str); 5] = [
    ("/spec", "address"),
    ("/spec", "recipient"),
    ("/spec", "recipientDefaults"),
    ("/spec/template/spec", "address"),
    ("/spec/template/spec", "recipient"),
];

/// What a person declared is theirs to read; it may be nowhere else.
fn undeclared(mut objects: Vec<Value>) -> Vec<Value> {
    for object in &mut objects {
        for (at, name) in DECLARED.into_iter().chain([("/metadata", "managedFields")]) {
            let parent = object.pointer_mut(at).and_then(Value::as_object_mut);
            parent.map(|parent| parent.remove(name));
        }
    }
    objects
}

/// Everything that runs.
pub(crate) struct Bed {
    pub plane: ControlPlane,
    pub cluster: Cluster,
    pub vendors: Vendors,
    pub replica: Mutex<Replica>,
    pub diary: Diary,
    pub folder: Folder,
    pub schemas: Schemas,
    /// What `requestedBy` of an answer must say.
    pub admin: String,
    /// What `orderingCluster` says.
    pub bound_to: String,
    http: reqwest::Client,
}

impl Bed {
    pub(crate) async fn build(setup: &Setup, folder: &Folder) -> Result<Self, Fault> {
        let Set { plane, vendors, cluster, bound_to } = Set::build(setup, folder, STEP).await?;
        let (kubeconfig, credentials) = (plane.operator_kubeconfig.clone(), vendors.credentials());
        let replica = Replica::start(setup, folder, "operator", kubeconfig, &credentials, false).await?;
        let schemas = Schemas {
            shipment: cluster.schema("YubiKeyShipment").await?,
            rollout: cluster.schema("YubiKeyRollout").await?,
            connection: cluster.schema("YubiKeyConnection").await?,
            decision: cluster.schema("YubiKeyDecision").await?,
        };
        let admin = cluster.whoami().await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        Ok(Self {
            plane,
            cluster,
            vendors,
            replica: Mutex::new(replica),
            diary: Diary::new(setup.seed, false),
            folder: folder.clone(),
            schemas,
            admin,
            bound_to,
            http,
        })
    }

    /// SIGKILL to the operator, and a new life at once.
    pub(crate) async fn kill(&self) -> Result<(), Fault> {
        self.replica.lock().await.kill(&self.diary).await
    }

    /// An operator that ended by itself is started again; it should not have.
    pub(crate) async fn revive(&self) -> Result<usize, Fault> {
        self.replica.lock().await.revive(&self.diary)?;
        Ok(self.diary.pages().exits)
    }

    /// Every call that the vendors received from a number on.
    pub(crate) async fn calls(&self, since: u64) -> Result<Vec<Value>, Fault> {
        let journal = self.vendors.get(&format!("/journal?since={since}")).await?;
        Ok(journal.as_array().cloned().unwrap_or_default())
    }

    /// Keeps what the leak check looks into.
    pub(crate) async fn collect(&self) -> Result<(), Fault> {
        self.replica.lock().await.sample(&self.http).await?;
        self.folder.save(folder::SHIPMENTS, &undeclared(self.cluster.shipments().await?))?;
        self.folder.save(folder::ROLLOUTS, &undeclared(self.cluster.rollouts().await?))?;
        self.folder.save(folder::CONNECTIONS, &undeclared(self.cluster.connections().await?))?;
        self.folder.save(folder::EVENTS, &self.cluster.events().await?)?;
        self.folder.save(folder::JOURNAL, &self.vendors.get("/journal").await?)?;
        self.folder.save(folder::STATE, &self.vendors.get("/state").await?)?;
        self.folder.save_privately(folder::SECRETS, &self.vendors.get("/secrets").await?)
    }

    /// The connection of a world at its beginning: all that a sequence may ask for is allowed, and times are short.
    pub(crate) fn connection(&self, org: &testbed::vendors::Org) -> Value {
        let mut spec = org.connection(&self.bound_to);
        spec["calls"] = json!({"timeout": "2s", "settle": "14s", "lookDelay": "50ms"});
        spec["polling"] = json!({"firstAfter": "1s", "interval": "1s"});
        spec["policy"] = json!({
            "maxOpenOrders": 100, "addressOverride": "Allow", "recipientOverride": "Allow", "revoke": "Allow",
        });
        spec
    }

    pub(crate) async fn end(self) -> Result<(), Fault> {
        self.replica.into_inner().stop().await?;
        let (mut vendors, mut plane) = (self.vendors, self.plane);
        vendors.stop().await?;
        plane.stop().await
    }
}
