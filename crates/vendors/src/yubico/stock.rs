//! Inventory, products and countries: reads for preflight and validation.

use domain::{
    countries,
    failure::CallError,
    ids::YubicoOrgId,
    vendor_states::{Bucket, Inventory},
};
use serde_json::Value;

use super::{Client, lenient_json};

/// Where the lists of buckets, products and countries stand in their pages.
pub(super) const BUCKETS: [&str; 1] = ["organization_product_inventory"];
pub(super) const PRODUCTS: [&str; 2] = ["products", "result_set"];
pub(super) const COUNTRIES: [&str; 2] = ["countries", "result_set"];

/// One product the organization may order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Product {
    /// An order's `product_id`.
    pub id: u32,
    /// E.g. `YubiKey 5C NFC`.
    pub name: Option<String>,
}

impl Client {
    /// The organization and its buckets. A bucket may be missing when it is empty.
    ///
    /// # Errors
    /// Whatever but readable 2xx for every page.
    pub async fn inventory(&self) -> Result<Inventory, CallError> {
        Ok(inventory(&self.pages("inventory", &["inventory"], &BUCKETS).await?))
    }

    /// All products, the only sure source of their ids.
    ///
    /// # Errors
    /// Whatever but readable 2xx for every page.
    pub async fn products(&self) -> Result<Vec<Product>, CallError> {
        let items = self.pages("products", &["products"], &PRODUCTS).await?;
        Ok(items.iter().filter_map(product).collect())
    }

    /// Two-letter codes of the countries the organization may ship to.
    ///
    /// # Errors
    /// Whatever but readable 2xx for every page.
    pub async fn countries(&self) -> Result<Vec<String>, CallError> {
        let items = self.pages("countries", &["countries"], &COUNTRIES).await?;
        Ok(items.iter().filter_map(country).collect())
    }
}

pub(super) fn inventory(items: &[Value]) -> Inventory {
    let mut organizations: Vec<String> =
        items.iter().filter_map(|item| lenient_json::text_of(item, &["organization_id"])).collect();
    organizations.sort();
    organizations.dedup();
    // Two organizations in one inventory are none that could be named.
    let organization = match <[String; 1]>::try_from(organizations) {
        Ok([only]) => YubicoOrgId::new(only).ok(),
        Err(_) => None,
    };
    Inventory { organization, buckets: items.iter().filter_map(bucket).collect() }
}

fn bucket(item: &Value) -> Option<Bucket> {
    Some(Bucket {
        inventory_product_id: lenient_json::id_of(item, &["product_id"])?,
        quantity: lenient_json::member(item, &["organization_product_quantity"])
            .and_then(lenient_json::number),
        products: lenient_json::list(item, &["product_mapping"])
            .iter()
            .filter_map(lenient_json::id)
            .collect(),
    })
}

pub(super) fn product(item: &Value) -> Option<Product> {
    Some(Product {
        id: lenient_json::id_of(item, &["product_id"])?,
        name: lenient_json::text_of(item, &["product_name"]),
    })
}

/// A code by itself, or in a member of one of the likely names.
pub(super) fn country(item: &Value) -> Option<String> {
    let names = ["country_code_2", "country_code", "code", "alpha_2", "iso_code"];
    let code = item.as_str().map(str::to_owned).or_else(|| lenient_json::text_of(item, &names))?;
    let code = code.trim().to_ascii_uppercase();
    countries::is_alpha2(&code).then_some(code)
}
