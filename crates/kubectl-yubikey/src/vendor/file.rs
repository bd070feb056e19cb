//! Connections of a file: manifests, or the chart's values.

use std::path::Path;

use api::{
    connection::{YubiKeyConnection, YubiKeyConnectionSpec},
    definitions,
};
use kube::Resource as _;
use serde_json::Value;

use crate::fault::{Fault, Result};

/// A connection as a file declares it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// `metadata.name`, which names the directory of credentials.
    pub name: String,
    /// The spec, judged by its types only: no API server has checked its rules.
    pub spec: YubiKeyConnectionSpec,
}

const NEXT: &str =
    "write a YubiKeyConnection into it (docs/connect.md), or name the values.yaml of the chart";

/// All connections of a file: documents of the kind `YubiKeyConnection`, and `connections` of the chart's values.
///
/// # Errors
/// If the file cannot be read, declares none, or one of them has a field that is not known or cannot be read.
pub fn declared(path: &Path) -> Result<Vec<Declared>> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Fault::new(format!("{file} cannot be read: {error}"), "name another file with -f")
    })?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
        .map_err(|error| Fault::new(format!("{file} is no YAML: {error}"), "correct it"))?;
    let found = documents.iter().flat_map(connections).map(|(name, spec)| one(name, spec, path));
    let found = found.collect::<Result<Vec<_>>>()?;
    if found.is_empty() {
        return Err(Fault::new(format!("{file} declares no connection"), NEXT));
    }
    Ok(found)
}

/// Name and spec of each connection of a document.
fn connections(document: &Value) -> Vec<(&str, &Value)> {
    let text = |value: &'_ Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    if text(document, "/kind").as_deref() == Some(&*YubiKeyConnection::kind(&())) {
        let name = document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("default");
        return document.get("spec").map(|spec| (name, spec)).into_iter().collect();
    }
    let listed = document.get("connections").and_then(Value::as_array).into_iter().flatten();
    listed
        .filter_map(|entry| {
            let name = entry.get("name").and_then(Value::as_str)?;
            entry.get("spec").filter(|spec| !spec.is_null()).map(|spec| (name, spec))
        })
        .collect()
}

fn one(name: &str, spec: &Value, path: &Path) -> Result<Declared> {
    let file = path.display();
    let mut unknown = Vec::new();
    if let Some(schema) = schema() {
        strangers("spec", spec, &schema, &mut unknown);
    }
    if !unknown.is_empty() {
        return Err(Fault::new(
            format!("connection {name} of {file} has fields that are not known: {}", unknown.join(", ")),
            "correct their names: `kubectl explain ykc.spec`, or docs/connect.md, has them all",
        ));
    }
    let spec = serde_json::from_value(spec.clone()).map_err(|error| {
        Fault::new(format!("connection {name} of {file} cannot be read: {error}"), "correct the field")
    })?;
    Ok(Declared { name: name.to_owned(), spec })
}

/// What the definition says of `spec`.
fn schema() -> Option<Value> {
    let kind = YubiKeyConnection::kind(&());
    let definition = definitions::all().into_iter().find(|definition| definition.spec.names.kind == kind)?;
    let definition = serde_json::to_value(definition).ok()?;
    definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").cloned()
}

/// Paths of the fields that the schema does not have: the API server would refuse or drop them.
fn strangers(path: &str, value: &Value, schema: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let known = schema.get("properties").and_then(Value::as_object);
            let any = schema.get("additionalProperties");
            for (name, inner) in fields {
                let path = format!("{path}.{name}");
                match (known.and_then(|known| known.get(name)), any) {
                    (Some(schema), _) => strangers(&path, inner, schema, found),
                    (None, Some(any)) => strangers(&path, inner, any, found),
                    (None, None) if known.is_some() => found.push(path),
                    (None, None) => {}
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                strangers(&format!("{path}[{at}]"), item, &schema["items"], found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Declared>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        declared(file.path())
    }

    const SPEC: &str = "{okta: {orgUrl: 'https://acme.okta.com', auth: {apiToken: {}}}, yubico: {}, \
                        allowedNamespaces: {from: All}}";

    #[test]
    fn manifests_and_the_charts_values_are_taken() {
        let manifest = format!(
            "kind: ConfigMap\n---\nkind: YubiKeyConnection\nmetadata: {{name: acme}}\nspec: {SPEC}\n"
        );
        let values = format!(
            "connections:\n  - {{name: acme, existingSecret: s, spec: {SPEC}}}\n  - {{name: later}}\n"
        );
        for text in [manifest, values] {
            let found = read(&text).unwrap();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(
                (found[0].name.as_str(), found[0].spec.okta.org_url.as_str()),
                ("acme", "https://acme.okta.com")
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_path() {
        let manifest =
            |spec: &str| format!("kind: YubiKeyConnection\nmetadata: {{name: acme}}\nspec: {spec}\n");
        for (text, part) in [
            (manifest(&SPEC.replace("orgUrl", "orgURL")), "spec.okta.orgURL"),
            (manifest(&SPEC.replace("yubico: {}", "yubico: {}, keys: [{model: x}]")), "spec.keys[0].model"),
            (manifest(&SPEC.replace("from: All", "from: Some")), "Some"),
            ("kind: Secret\n".to_owned(), "declares no connection"),
            ("a: [".to_owned(), "is no YAML"),
            (String::new(), "declares no connection"),
        ] {
            let fault = read(&text).unwrap_err();
            assert!(fault.what.contains(part) && !fault.next.is_empty(), "{part}: {fault:?}");
        }
        assert!(declared(Path::new("no/such/file")).unwrap_err().what.contains("cannot be read"));
    }
}
