//! The served definitions, walked.

use serde_json::Value;

use super::kubectl::Kubectl;

/// The kinds, with their plural.
pub const KINDS: [(&str, &str); 4] = [
    ("YubiKeyConnection", "yubikeyconnections"),
    ("YubiKeyDecision", "yubikeydecisions"),
    ("YubiKeyRollout", "yubikeyrollouts"),
    ("YubiKeyShipment", "yubikeyshipments"),
];

/// One place in a schema: `spec.keys[].name`.
#[derive(Debug, Clone)]
pub struct Node {
    pub path: String,
    pub schema: Value,
}

impl Node {
    pub fn kind(&self) -> &str {
        self.schema["type"].as_str().unwrap_or_default()
    }

    /// Messages of the rules at this place.
    pub fn rules(&self) -> Vec<String> {
        let rules = self.schema["x-kubernetes-validations"].as_array().into_iter().flatten();
        rules.map(|rule| rule["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// The definition as the API server serves it.
pub async fn served(kubectl: &Kubectl, plural: &str) -> Value {
    let name = format!("{plural}.fidoprereg.dev");
    let text = kubectl.run(&["get", "crd", &name, "-o", "json"]).await.fine();
    let mut crd: Value = serde_json::from_str(&text).unwrap();
    crd.pointer_mut("/spec/versions/0").unwrap().take()
}

/// All places of a definition, its root first.
pub fn nodes(version: &Value) -> Vec<Node> {
    let mut found = Vec::new();
    walk("", &version["schema"]["openAPIV3Schema"], &mut found);
    found
}

fn walk(path: &str, schema: &Value, found: &mut Vec<Node>) {
    found.push(Node { path: path.to_owned(), schema: schema.clone() });
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(&path, child, found);
    }
    for member in ["items", "additionalProperties"] {
        if schema[member].is_object() {
            walk(&format!("{path}[]"), &schema[member], found);
        }
    }
}
