//! Definitions of kinds (CRDs).

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt as _,
    api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams},
};
use serde_json::Value;

use crate::{Cluster, Deadline, Error, Result, kubectl::stream, wait};

/// Who applies, to the API server.
const MANAGER: &str = "kube-test";

impl Cluster {
    /// Applies definitions, and waits until the API server serves them. A definition that is there already becomes
    /// this one, whoever made it.
    ///
    /// # Errors
    /// [`Error::Api`] if the API server refuses one, and [`Error::Timeout`] if it does not serve it in time.
    pub async fn apply_definitions(&self, definitions: &[CustomResourceDefinition]) -> Result<()> {
        let client = self.client().await?;
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        let how = PatchParams::apply(MANAGER).force();
        for definition in definitions {
            let name = definition.name_any();
            let applied = api.patch(&name, &how, &Patch::Apply(definition)).await;
            applied.map_err(Error::api(format!("applying the definition {name}")))?;
        }
        for definition in definitions {
            until_served(&client, &definition.name_any()).await?;
        }
        Ok(())
    }

    /// Applies manifests with kubectl, and waits until the API server serves the definitions among them.
    ///
    /// # Errors
    /// As [`Kubectl::run`](crate::Kubectl::run), and [`Error::Timeout`] if a definition is not served in time.
    pub async fn apply_definition_manifests(&self, manifests: &str) -> Result<()> {
        let applied =
            self.kubectl().output(&["apply", "-f", "-", "-o", "json"], &stream(manifests)).await?.ok()?;
        let applied: Value = serde_json::from_str(&applied).map_err(Error::json("what kubectl applied"))?;
        let all = applied["items"].as_array().cloned().unwrap_or_else(|| vec![applied]);
        let client = self.client().await?;
        for definition in all.iter().filter(|object| object["kind"] == "CustomResourceDefinition") {
            until_served(&client, definition["metadata"]["name"].as_str().unwrap_or_default()).await?;
        }
        Ok(())
    }
}

/// Established means that the name is settled; the objects themselves can be had a moment later.
async fn until_served(client: &Client, name: &str) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = wait(&api, name).until_condition("Established", "True").await?;
    for version in definition.spec.versions.iter().filter(|version| version.served) {
        let names = &definition.spec.names;
        let kind = GroupVersionKind::gvk(&definition.spec.group, &version.name, &names.kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, &names.plural);
        let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let ask = async || objects.list(&ListParams::default().limit(1)).await.ok().map(drop);
        Deadline::default().poll(&format!("{name}: the version {} can be listed", version.name), ask).await?;
    }
    Ok(())
}
