//! An operator as small as one can be: it answers each `Greeting` by a `ConfigMap`, and says so in its status.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api, Client, CustomResource, Resource as _, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{Controller, controller::Action, watcher},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Whom to greet.
#[derive(CustomResource, Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[kube(group = "example.com", version = "v1", kind = "Greeting", namespaced, status = "GreetingStatus")]
pub struct GreetingSpec {
    /// A name.
    pub name: String,
}

/// Whether it was done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GreetingStatus {
    /// `Ready`.
    pub conditions: Vec<Condition>,
}

/// Greets whom these objects name, until the future is dropped.
pub async fn run(greetings: Api<Greeting>) {
    let client = Arc::new(greetings.clone().into_client());
    let controller = Controller::new(greetings, watcher::Config::default());
    let retry = |_, _: &kube::Error, _| Action::requeue(Duration::from_secs(1));
    controller.run(greet, retry, client).for_each(async |_| ()).await;
}

async fn greet(greeting: Arc<Greeting>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let (namespace, name) = (greeting.namespace().unwrap_or_default(), greeting.name_any());
    let maps: Api<ConfigMap> = Api::namespaced((*client).clone(), &namespace);
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [greeting.controller_owner_ref(&())]},
        "data": {"greeting": format!("Hello, {}!", greeting.spec.name)},
    });
    let how = PatchParams::apply("greeter").force();
    maps.patch(&name, &how, &Patch::Apply(map)).await?;
    let generation = greeting.metadata.generation;
    let status = json!({"apiVersion": "example.com/v1", "kind": "Greeting", "status": {"conditions": [{
        "type": "Ready", "status": "True", "reason": "Greeted", "message": "", "observedGeneration": generation,
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }]}});
    let greetings: Api<Greeting> = Api::namespaced((*client).clone(), &namespace);
    greetings.patch_status(&name, &how, &Patch::Apply(status)).await?;
    Ok(Action::await_change())
}
