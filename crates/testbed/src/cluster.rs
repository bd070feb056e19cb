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
pub struct Cluster(Client);

fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    let plural = format!("{}s", kind.to_lowercase());
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural)
}

fn ours(kind: &str) -> ApiResource {
    resource("fidoprereg.dev", "v1alpha1", kind)
}

impl Cluster {
    /// Opens the API server that a kubeconfig names.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn open(kubeconfig: &Path) -> Result<Self, Fault> {
        Ok(Self(Kubeconfig::read(kubeconfig)?.client().await?))
    }

    /// Our objects of a kind, such as `YubiKeyShipment`: of a namespace, else of the whole cluster.
    #[must_use]
    pub fn api(&self, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.0.clone(), namespace, &ours(kind)),
            None => Api::all_with(self.0.clone(), &ours(kind)),
        }
    }

    /// Somebody else's objects in a namespace: of this group, version and kind.
    #[must_use]
    pub fn any(&self, [group, version, kind]: [&str; 3], namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.0.clone(), namespace, &resource(group, version, kind))
    }

    /// Makes an object of somebody else's kind.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn make_any(
        &self,
        of: [&str; 3],
        namespace: &str,
        name: &str,
        spec: &Value,
    ) -> Result<(), Fault> {
        let [group, version, kind] = of;
        let manifest = json!({"apiVersion": format!("{group}/{version}"), "kind": kind,
            "metadata": {"name": name}, "spec": spec});
        self.any(of, namespace).create(&PostParams::default(), &object(manifest)?).await?;
        Ok(())
    }

    /// The version in which the API server stores a kind.
    ///
    /// # Errors
    /// The API server does not know the kind, or does not answer.
    pub async fn stored_version(&self, group: &str, kind: &str) -> Result<String, Fault> {
        let definitions = resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let api: Api<DynamicObject> = Api::all_with(self.0.clone(), &definitions);
        let definition = api.get(&format!("{}s.{group}", kind.to_lowercase())).await?;
        let versions = definition.data.pointer("/spec/versions").and_then(Value::as_array);
        let stored = versions.into_iter().flatten().find(|version| version["storage"] == true);
        let name = stored.and_then(|version| version["name"].as_str());
        name.map(str::to_owned).ok_or_else(|| format!("the definition of {kind} stores no version").into())
    }

    /// The schema (`OpenAPI` v3) that the API server has for a kind of ours.
    ///
    /// # Errors
    /// The API server does not know the kind, or does not answer.
    pub async fn schema(&self, kind: &str) -> Result<Value, Fault> {
        let definitions = resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let api: Api<DynamicObject> = Api::all_with(self.0.clone(), &definitions);
        let definition = api.get(&format!("{}.fidoprereg.dev", ours(kind).plural)).await?;
        let schema = definition.data.pointer("/spec/versions/0/schema/openAPIV3Schema");
        schema.cloned().ok_or_else(|| format!("the definition of {kind} has no schema").into())
    }

    /// The name by which the API server knows the admin.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn whoami(&self) -> Result<String, Fault> {
        let review = resource("authentication.k8s.io", "v1", "SelfSubjectReview");
        let api: Api<DynamicObject> = Api::all_with(self.0.clone(), &review);
        let asked =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}});
        let told = api.create(&PostParams::default(), &object(asked)?).await?;
        let name = told.data.pointer("/status/userInfo/username").and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| "the API server does not say who the admin is".into())
    }

    /// Makes a namespace.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn make_namespace(&self, name: &str) -> Result<(), Fault> {
        let api = Api::all_with(self.0.clone(), &resource("", "v1", "Namespace"));
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        api.create(&PostParams::default(), &object(namespace)?).await?;
        Ok(())
    }

    /// Declares a connection.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn connect(&self, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::all_with(self.0.clone(), &ours("YubiKeyConnection"));
        let manifest = manifest("YubiKeyConnection", name, spec);
        api.create(&PostParams::default(), &object(manifest)?).await?;
        Ok(())
    }

    /// Declares a shipment. One that stands already is no error: an answer may have been lost.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn ship(&self, namespace: &str, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyShipment"));
        let manifest = object(manifest("YubiKeyShipment", name, spec))?;
        match api.create(&PostParams::default(), &manifest).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            made => Ok(made.map(drop)?),
        }
    }

    /// Makes one as a backup would bring it back, its status with it.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn restore(&self, namespace: &str, name: &str, whole: &Value) -> Result<(), Fault> {
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
    ///
    /// # Errors
    /// The API server did not take it.
    pub async fn ask_for_a_look(&self, namespace: &str, name: &str, token: &str) -> Result<(), Fault> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyShipment"));
        let asked = json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": token}}});
        api.patch(name, &PatchParams::default(), &Patch::Merge(asked)).await?;
        Ok(())
    }

    /// All shipments, of all namespaces.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn shipments(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyShipment")).await
    }

    /// All rollouts.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn rollouts(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyRollout")).await
    }

    /// All decisions.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn decisions(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyDecision")).await
    }

    /// Declares a rollout.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn roll_out(&self, namespace: &str, name: &str, spec: &Value) -> Result<(), Fault> {
        let api = Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyRollout"));
        let manifest = object(manifest("YubiKeyRollout", name, spec))?;
        api.create(&PostParams::default(), &manifest).await?;
        Ok(())
    }

    /// Merges a change into a rollout's spec.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn change_rollout(&self, namespace: &str, name: &str, spec: &Value) -> Result<(), Fault> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.0.clone(), namespace, &ours("YubiKeyRollout"));
        let change = Patch::Merge(json!({"spec": spec}));
        api.patch(name, &PatchParams::default(), &change).await?;
        Ok(())
    }

    /// All connections.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn connections(&self) -> Result<Vec<Value>, Fault> {
        self.all(&ours("YubiKeyConnection")).await
    }

    /// All Events of `events.k8s.io`.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn events(&self) -> Result<Vec<Value>, Fault> {
        self.all(&resource("events.k8s.io", "v1", "Event")).await
    }

    async fn all(&self, resource: &ApiResource) -> Result<Vec<Value>, Fault> {
        let api: Api<DynamicObject> = Api::all_with(self.0.clone(), resource);
        let list = api.list(&ListParams::default()).await?;
        Ok(list.items.into_iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }
}

/// A whole object of ours, without a namespace.
#[must_use]
pub fn manifest(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "fidoprereg.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// The object that a manifest describes.
///
/// # Errors
/// It has no `metadata`, or another form.
pub fn object(manifest: Value) -> Result<DynamicObject, Fault> {
    Ok(serde_json::from_value(manifest)?)
}
