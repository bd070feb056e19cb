//! What a connection declares, in words of the domain.

use api::connection::{KeyModel, YubiKeyConnectionSpec};
use domain::preflight::{Declared, Model, Orders};
use url::Url;

/// Reads a spec; `orders` tells how the last orders of a model ended, `cluster` is this cluster's id, where there is one.
#[must_use]
pub fn declared(
    spec: &YubiKeyConnectionSpec,
    orders: impl Fn(&str) -> Orders,
    cluster: Option<&str>,
) -> Declared {
    let host = Url::parse(&spec.okta.org_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let model = |key: &KeyModel| Model {
        name: key.name.clone(),
        product_id: key.product_id,
        inventory_product_id: key.inventory_product_id,
        customization_id: key.customization_id.clone(),
        low_stock: key.low_stock(),
        orders: orders(&key.name),
    };
    Declared {
        org_host: host.unwrap_or_default(),
        sign_in_host: spec.okta.sign_in_host.clone(),
        rp_id: spec.okta.rp_id.clone(),
        models: spec.keys.iter().map(model).collect(),
        countries: spec.yubico.countries.clone(),
        ordering_cluster: spec.ordering_cluster.clone(),
        cluster: cluster.map(str::to_owned),
    }
}
