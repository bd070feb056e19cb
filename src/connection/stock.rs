//! How many keys of each model of a connection are left, for people who buy more in time.

use api::connection::YubiKeyConnectionSpec;
use domain::vendor_states::Inventory;

/// Keys left for each entry of `spec.keys`: those of its bucket, which models may share. A bucket that is not shown is
/// empty; a model is left out where the quantity is not told.
#[must_use]
pub fn left(spec: &YubiKeyConnectionSpec, inventory: &Inventory) -> Vec<(String, i64)> {
    let models = spec.keys.iter().filter_map(|key| {
        let left = inventory.bucket(key.inventory_product_id).map_or(Some(0), |bucket| bucket.quantity)?;
        Some((key.name.clone(), left.max(0)))
    });
    models.collect()
}

#[cfg(test)]
mod tests {
    use domain::vendor_states::Bucket;
    use serde_json::json;

    use super::*;

    fn spec() -> YubiKeyConnectionSpec {
        let key = |name: &str, inventory: u32| json!({"name": name, "productId": 29, "inventoryProductId": inventory, "customizationId": "R"});
        serde_json::from_value(json!({
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
            "keys": [key("shown", 1), key("twin", 1), key("gone", 2), key("silent", 3)],
            "allowedNamespaces": {"from": "All"},
        }))
        .unwrap()
    }

    #[test]
    fn a_bucket_that_is_not_shown_is_empty_and_one_without_a_quantity_is_not_known() {
        let bucket = |id, quantity| Bucket { inventory_product_id: id, quantity, products: Vec::new() };
        let inventory = Inventory { organization: None, buckets: vec![bucket(1, Some(12)), bucket(3, None)] };
        let expected = [("shown", 12), ("twin", 12), ("gone", 0)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(left(&spec(), &inventory), expected);
    }
}
