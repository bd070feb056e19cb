//! Asks the operator for one look now, as `kubectl yubikey look` does.

use std::sync::Arc;

use api::{REQUESTED_AT, shipment::YubiKeyShipment};
use axum::{Form, extract::State, response::Redirect};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use view::fault::Fault;

use super::{
    answer::{Fields, field},
    parts,
};
use crate::{
    context::{self, Context},
    guard,
    problem::Problem,
    settings::Settings,
};

/// Asks, and leads back to the shipment.
pub async fn ask(
    State(_): State<Arc<Settings>>,
    context: Context,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Problem> {
    guard::check_form(&context.caller, field(&fields, "form"))?;
    let namespace = context::name(field(&fields, "namespace"))?;
    let name = context::name(field(&fields, "name"))?;
    let api: Api<YubiKeyShipment> = Api::namespaced(context.caller.client.clone(), namespace);
    let patch = json!({"metadata": {"annotations": {REQUESTED_AT: context.now.to_string()}}});
    let asked = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
    asked.map_err(|error| Fault::of_api(&format!("ask for a look at {namespace}/{name}"), &error))?;
    Ok(Redirect::to(&context.scope.href(&parts::shipment_path(namespace, name))))
}
