//! Stock, products and countries.

use serde_json::{Value, json};

use crate::http::{Answer, Call, Reply};
use crate::world::{Bucket, Organization, Product, World};
use crate::yubico::auth::organization;
use crate::yubico::errors::not_found;
use crate::yubico::request::list_of;

fn bucket_view(organization: &Organization, bucket: &Bucket) -> Value {
    json!({
        "organization_product_inventory_id": bucket.id, "is_subscription_product": true, "is_virtual_product": true,
        "organization_id": organization.id, "organization_product_quantity": bucket.quantity,
        "product_id": bucket.product_id, "inventory_type": bucket.inventory_type, "product_name": bucket.name,
        "product_tier": "Advanced Plus", "product_mapping": bucket.product_mapping,
    })
}

/// A page of a list under that name.
fn listed(world: &World, call: &Call, name: &str, all: &[Value]) -> Answer {
    Ok(Reply::json(200, &list_of(call, &world.settings, name, all)?))
}

/// `GET /v1/inventory`: an empty bucket of type 1 is not in it.
pub(crate) fn inventory(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?;
    let buckets: Vec<Value> = organization
        .buckets
        .iter()
        .filter(|bucket| bucket.inventory_type != 1 || bucket.quantity > 0)
        .map(|bucket| bucket_view(organization, bucket))
        .collect();
    listed(world, call, "organization_product_inventory", &buckets)
}

fn product_view(product: &Product) -> Value {
    json!({
        "product_id": product.id, "product_name": product.name, "product_code": product.code,
        "product_tier": product.tier, "inventory_type": 2,
    })
}

/// `GET /v1/products`.
pub(crate) fn products(world: &mut World, call: &Call) -> Answer {
    organization(world, call)?;
    let products: Vec<Value> = world.yubico.products.iter().map(product_view).collect();
    listed(world, call, "products", &products)
}

/// `GET /v1/products/{id}`.
pub(crate) fn product(world: &mut World, call: &Call) -> Answer {
    organization(world, call)?;
    let id = call.param("id");
    let product =
        world.yubico.products.iter().find(|product| product.id.to_string() == id).ok_or_else(not_found)?;
    Ok(Reply::json(200, &product_view(product)))
}

/// `GET /v1/countries`: where this organization may ship to.
pub(crate) fn countries(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?;
    let countries: Vec<Value> = organization
        .countries
        .iter()
        .map(|code| json!({"country_code_2": code, "is_enabled": true}))
        .collect();
    listed(world, call, "countries", &countries)
}

/// `GET /v1/shippablekeys`: all products, those without stock too.
pub(crate) fn shippable_keys(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?;
    let total: i64 = organization.buckets.iter().map(|bucket| bucket.quantity).sum();
    let buckets: Vec<Value> =
        organization.buckets.iter().map(|bucket| bucket_view(organization, bucket)).collect();
    Ok(Reply::json(200, &json!({"result_set": [{"total_keys_available": total, "keys": buckets}]})))
}
