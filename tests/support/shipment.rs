//! One shipment, handled as a user handles it.

use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};

use super::{object::Object, until};

/// The kinds.
pub fn resource(kind: &str) -> ApiResource {
    let plural = format!("{}s", kind.to_lowercase());
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("fidoprereg.dev", "v1alpha1", kind), &plural)
}

/// A handle to one resource of ours.
#[derive(Debug, Clone)]
pub struct Handle {
    api: Api<DynamicObject>,
    pub name: String,
}

impl Handle {
    pub fn shipment(client: &Client, namespace: &str, name: &str) -> Self {
        let api = Api::namespaced_with(client.clone(), namespace, &resource("YubiKeyShipment"));
        Self { api, name: name.to_owned() }
    }

    pub fn connection(client: &Client, name: &str) -> Self {
        Self { api: Api::all_with(client.clone(), &resource("YubiKeyConnection")), name: name.to_owned() }
    }

    pub fn rollout(client: &Client, namespace: &str, name: &str) -> Self {
        let api = Api::namespaced_with(client.clone(), namespace, &resource("YubiKeyRollout"));
        Self { api, name: name.to_owned() }
    }

    pub fn decision(client: &Client, namespace: &str, name: &str) -> Self {
        let api = Api::namespaced_with(client.clone(), namespace, &resource("YubiKeyDecision"));
        Self { api, name: name.to_owned() }
    }

    /// All of a kind in a namespace, as the API server has them.
    pub async fn all(client: &Client, kind: &str, namespace: &str) -> Vec<Self> {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource(kind));
        let found = api.list(&ListParams::default()).await.expect("the API server answers");
        found.into_iter().map(|object| Self { name: object.name_any(), api: api.clone() }).collect()
    }

    /// Declares it.
    pub async fn create(&self, kind: &str, spec: Value) {
        self.try_create(kind, spec).await.expect("the manifest is accepted");
    }

    /// Declares what may be refused.
    pub async fn try_create(&self, kind: &str, spec: Value) -> Result<(), String> {
        let manifest = json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": kind, "metadata": {"name": self.name}, "spec": spec,
        });
        let object: DynamicObject = serde_json::from_value(manifest).unwrap();
        let result = self.api.create(&PostParams::default(), &object).await;
        result.map(drop).map_err(|error| error.to_string())
    }

    /// As it is; `None` once it is gone.
    pub async fn find(&self) -> Option<Object> {
        let found = self.api.get_opt(&self.name).await.expect("the API server answers")?;
        Some(Object(serde_json::to_value(found).unwrap()))
    }

    /// As it is.
    pub async fn get(&self) -> Object {
        self.find().await.unwrap_or_else(|| panic!("{} is gone", self.name))
    }

    /// Waits until it is as described.
    pub async fn until(&self, what: &str, holds: impl Fn(&Object) -> bool) -> Object {
        let met = until(async || Some(self.get().await).filter(|object| holds(object))).await;
        match met {
            Some(object) => object,
            None => panic!("{} did not come to: {what}", self.name),
        }
    }

    /// Waits until Ready says why, about the spec as it is.
    pub async fn until_reason(&self, reason: &str) -> Object {
        self.until(reason, |object| object.reason() == reason && object.is_current()).await
    }

    pub async fn until_phase(&self, phase: &str) -> Object {
        self.until(phase, |object| object.phase() == phase).await
    }

    /// Waits until the order is accepted, wherever the parcel is by then.
    pub async fn until_ordered(&self) -> Object {
        self.until("the order is accepted", |object| object.is("Ordered") == "True").await
    }

    /// Waits until it is gone.
    pub async fn until_gone(&self) {
        let gone = until(async || self.find().await.is_none().then_some(())).await;
        assert!(gone.is_some(), "{} does not go", self.name);
    }

    /// Merges a change.
    pub async fn patch(&self, change: Value) {
        self.try_patch(change).await.expect("the change is accepted");
    }

    /// Merges a change that may be refused.
    pub async fn try_patch(&self, change: Value) -> Result<(), String> {
        let patch = Patch::Merge(change);
        let result = self.api.patch(&self.name, &PatchParams::default(), &patch).await;
        result.map(drop).map_err(|error| error.to_string())
    }

    /// Merges a change of the status, as a restored backup or the passing of time would make it.
    #[expect(
        clippy::disallowed_methods,
        reason = "the rule is the operator's; nobody but a test writes like this"
    )]
    pub async fn set_status(&self, status: Value) {
        let patch = Patch::Merge(json!({"status": status}));
        self.api
            .patch_status(&self.name, &PatchParams::default(), &patch)
            .await
            .expect("the status is accepted");
    }

    /// Merges a change of the spec.
    pub async fn change(&self, spec: Value) {
        self.patch(json!({"spec": spec})).await;
    }

    /// Changes the status behind the operator's back, as a restore or a careless hand does; null empties it.
    pub async fn change_status(&self, status: Value) {
        let patch = Patch::Merge(json!({"status": status}));
        #[expect(
            clippy::disallowed_methods,
            reason = "the operator's rule; here its status is damaged on purpose"
        )]
        let changed = self.api.patch_status(&self.name, &PatchParams::default(), &patch).await;
        changed.expect("the status can be changed");
    }

    /// Removes the resource while no operator looks, finalizer or not.
    pub async fn tear_away(&self) {
        self.patch(json!({"metadata": {"finalizers": null}})).await;
        self.delete().await;
        self.until_gone().await;
    }

    /// Asks for a look now and waits until it was had.
    pub async fn look_now(&self) {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let token = format!("look-{}", ASKED.fetch_add(1, Ordering::Relaxed));
        self.patch(json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": token}}})).await;
        self.until("the look was had", |object| object.text("/status/lastHandledReconcileAt") == token).await;
    }

    /// Deletes it; its finalizer decides when it goes.
    pub async fn delete(&self) {
        self.api.delete(&self.name, &DeleteParams::default()).await.expect("it can be deleted");
    }

    /// Removes it without regard for finalizers, when a test is over.
    pub async fn wipe(&self) {
        let _ = self.api.delete(&self.name, &DeleteParams::default()).await;
        let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        let _ = self.api.patch(&self.name, &PatchParams::default(), &none).await;
    }
}
