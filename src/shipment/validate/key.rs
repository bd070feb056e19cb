//! Which key a spec asks for, and what is said where the connection has none such. `spec.key` cannot change, so that the ways
//! on are a key more at the connection, or another shipment.

use api::{connection::YubiKeyConnectionSpec, shipment};
use domain::{
    failure::{Failure, Reason},
    ids::CustomizationId,
    requests::KeyProduct,
};

/// So many models are named in a message; more are counted.
const NAMED: usize = 12;

/// The three ids of the key.
///
/// # Errors
/// `UnknownKeyModel` if the connection has no such model, or the ids name no key.
pub fn product(
    spec: &shipment::YubiKeyShipmentSpec,
    connection: &YubiKeyConnectionSpec,
) -> Result<KeyProduct, Failure> {
    let key = &spec.key;
    let (product_id, inventory_product_id, customization) =
        match (&key.model, key.product_id, key.inventory_product_id, &key.customization_id) {
            (Some(model), ..) => {
                let known = connection.keys.iter().find(|known| known.name == *model);
                let known = known.ok_or_else(|| unknown_model(model, connection))?;
                (known.product_id, known.inventory_product_id, &known.customization_id)
            }
            (None, Some(product), Some(inventory), Some(customization)) => {
                (product, inventory, customization)
            }
            _ => return Err(unusable("spec.key names neither a model nor all three ids")),
        };
    let customization_id = CustomizationId::new(customization).map_err(|_| {
        unusable("The customizationId of spec.key, or of its model in the connection's keys, cannot be used")
    })?;
    Ok(KeyProduct { product_id, inventory_product_id, customization_id })
}

fn unknown_model(model: &str, connection: &YubiKeyConnectionSpec) -> Failure {
    Failure::new(
        Reason::UnknownKeyModel,
        format!(
            "spec.key.model is {model}, and the connection's keys are: {}. spec.key cannot be changed: delete this shipment and declare another with one of them, or have the connection's owner add {model} to its keys.",
            models(connection)
        ),
    )
}

fn unusable(what: &str) -> Failure {
    Failure::new(
        Reason::UnknownKeyModel,
        format!(
            "{what}, so nothing is ordered. spec.key cannot be changed: delete this shipment and declare another, or have the connection's owner correct its keys."
        ),
    )
}

/// The names of the connection's keys, in its order.
#[must_use]
pub fn models(connection: &YubiKeyConnectionSpec) -> String {
    let names: Vec<&str> = connection.keys.iter().map(|key| key.name.as_str()).collect();
    let more = names.len().saturating_sub(NAMED);
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => names.join(", "),
        (false, more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connection(names: &[String]) -> YubiKeyConnectionSpec {
        let keys: Vec<_> = names
            .iter()
            .map(|name| json!({"name": name, "productId": 1, "inventoryProductId": 2, "customizationId": "RXJN83"}))
            .collect();
        serde_json::from_value(json!({
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {}, "keys": keys,
            "allowedNamespaces": {"from": "All"},
        }))
        .unwrap()
    }

    fn told(key: &serde_json::Value, names: &[String]) -> String {
        let spec = serde_json::from_value(json!({"userRef": {"id": "00u1"}, "key": key})).unwrap();
        let failure = product(&spec, &connection(names)).unwrap_err();
        assert_eq!(failure.reason, Reason::UnknownKeyModel);
        failure.message
    }

    #[test]
    fn an_unknown_model_is_named_with_those_that_there_are_and_a_way_on() {
        let names = ["5C".to_owned(), "5C-NFC".to_owned()];
        let message = told(&json!({"model": "5Ci"}), &names);
        assert!(message.contains("5Ci") && message.contains("are: 5C, 5C-NFC."), "{message}");
        assert!(
            message.contains("cannot be changed") && message.contains("delete this shipment"),
            "{message}"
        );
        assert!(!message.contains("choose one"), "{message}");
        assert!(told(&json!({"model": "5Ci"}), &[]).contains("keys are: none."));
        let many: Vec<String> = (0..40).map(|n| format!("model-{n}")).collect();
        let message = told(&json!({"model": "5Ci"}), &many);
        assert!(message.contains("model-11 and 28 more") && message.len() < 500, "{message}");
        let ids = json!({"productId": 1, "inventoryProductId": 2, "customizationId": ""});
        assert!(told(&ids, &names).contains("customizationId"));
        assert!(told(&json!({}), &names).contains("neither a model nor all three ids"));
    }

    #[test]
    fn a_known_model_gives_its_ids() {
        let spec = serde_json::from_value(json!({"userRef": {"id": "00u1"}, "key": {"model": "5C"}}));
        let product = product(&spec.unwrap(), &connection(&["5C".to_owned()])).unwrap();
        assert_eq!(product.inventory_product_id, 2);
    }
}
