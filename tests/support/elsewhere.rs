//! Another cluster with an operator of its own, connected to the same vendors.

use kube::Client;
use serde_json::Value;

use super::{
    mount::Mount,
    operator::{Launch, Operator},
    plane::Plane,
    scene::Scene,
    shipment::Handle,
};

/// Two clusters take two of the few places for control planes: two such tests at once would wait for each other.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The turn of a test that needs another cluster; to be had before its scene is set.
pub async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    TURN.lock().await
}

/// The other cluster.
pub struct Elsewhere {
    pub operator: Operator,
    client: Client,
    /// The namespace of its shipments, and its connection.
    name: String,
    _mount: Mount,
    _plane: Plane,
}

impl Elsewhere {
    /// Set up as the scene is: a namespace and a connection of the same names.
    pub async fn beside(scene: &Scene, connection: Value) -> Self {
        let plane = Plane::own(&format!("{}-elsewhere", scene.name)).await;
        let credentials = plane.dir.join("credentials").join(&scene.name);
        let mount = Mount::copy(&scene.sandbox.credentials("default"), &credentials);
        plane.kubectl().run(&["create", "namespace", &scene.name]).await.fine();
        let client = plane.client().await;
        Handle::connection(&client, &scene.name).create("YubiKeyConnection", connection).await;
        let operator = Launch::on(&plane, "operator").go().await;
        operator.is_ready().await;
        Self { operator, client, name: scene.name.clone(), _mount: mount, _plane: plane }
    }

    /// The connection there.
    pub fn connection(&self) -> Handle {
        Handle::connection(&self.client, &self.name)
    }

    /// Declares a shipment there.
    pub async fn ship(&self, name: &str, spec: Value) -> Handle {
        let handle = Handle::shipment(&self.client, &self.name, name);
        handle.create("YubiKeyShipment", spec).await;
        handle
    }
}
