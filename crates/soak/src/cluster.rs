//! The API server as a user sees it: objects as JSON.

use std::path::Path;

use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use kube_test::Kubeconfig;
use serde_json::{Value, json};

use crate::setup::Fault;

/// The admin's client.
#[derive(Clone)]
pub(crate) struct Cluster(Client);

fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    let plural = format!("{}s", kind.to_lowercase());
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural)
}

fn ours(kind: &str) -> ApiResource {
    resource("fidoprereg.dev", "v1alpha1", kind)
}

impl Cluster {
    pub(crate) async fn open(kubeconfig: &Path) -> Result<Self, Fault> {
        Ok(Self(Kubeconfig::read(kubeconfig)?.client().await?))
    }

    pub(crate) async fn make_namespace(&self, name: &str) -> Result<(), Fault> {
        let api = Api::all_with(self.0.clone(), &resource("", "v1", "Namespace"));
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        api.create(&PostParams::default(), &object(namespace)?).await?;
        Ok(())
    }

    pub(crate) async fn connect(&self, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::all_with(self.0.clone(), &ours("YubiKeyConnection"));
        let manifest = manifest("YubiKeyConnection", name, spec);
        api.create(&PostParams::default(), &object(manifest)?).await?;
        Ok(())
    }

    /// Declares a shipment. One that stands already is no error: an answer may have been lost.
    pub(crate) async fn ship(&self, namespace: &str, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyShipment"));
        let manifest = object(manifest("YubiKeyShipment", name, spec))?;
        match api.create(&PostParams::default(), &manifest).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            made => Ok(made.map(drop)?),
        }
    }

    /// Makes one as a backup would bring it back, its status with it.
    pub(crate) async fn restore(&self, namespace: &str, name: &str, whole: &Value) -> Result<(), Fault> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyShipment"));
        let mut manifest = manifest("YubiKeyShipment", name, &whole["spec"]);
        manifest["metadata"]["finalizers"] = whole["metadata"]["finalizers"].clone();
        match api.create(&PostParams::default(), &object(manifest)?).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => {}
            made => drop(made?),
        }
        let status = Patch::Merge(json!({"status": whole["status"]}));
        #[expect(clippy::disallowed_methods, reason = "the operator's rule; a backup is put back like this")]
        api.patch_status(name, &PatchParams::default(), &status).await?;
        Ok(())
    }

    /// Asks the operator for a look at the vendors now.
    pub(crate) async fn ask_for_a_look(&self, namespace: &str, name: &str, token: &str) -> Result<(), Fault> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyShipment"));
        let asked = json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": token}}});
        api.patch(name, &PatchParams::default(), &Patch::Merge(asked)).await?;
        Ok(())
    }

    pub(crate) async fn shipments(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyShipment")).await
    }

    pub(crate) async fn rollouts(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyRollout")).await
    }

    /// Declares a rollout.
    pub(crate) async fn roll_out(&self, namespace: &str, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyRollout"));
        let manifest = object(manifest("YubiKeyRollout", name, spec))?;
        api.create(&PostParams::default(), &manifest).await?;
        Ok(())
    }

    /// Merges a change into a rollout's spec.
    pub(crate) async fn change_rollout(
        &self,
        namespace: &str,
        name: &str,
        spec: &Value,
    ) -> Result<(), Fault> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyRollout"));
        let change = Patch::Merge(json!({"spec": spec}));
        api.patch(name, &PatchParams::default(), &change).await?;
        Ok(())
    }

    pub(crate) async fn connections(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyConnection")).await
    }

    pub(crate) async fn events(&self) -> Result<Vec<Value>, Fault> {
        self.all(&resource("events.k8s.io", "v1", "Event")).await
    }

    async fn all(&self, resource: &ApiResource) -> Result<Vec<Value>, Fault> {
        let api: Api<DynamicObject> = Api::all_with(self.0.clone(), resource);
        let list = api.list(&ListParams::default()).await?;
        Ok(list.items.into_iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }
}

fn manifest(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "fidoprereg.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn object(manifest: Value) -> Result<DynamicObject, Fault> {
    Ok(serde_json::from_value(manifest)?)
}
