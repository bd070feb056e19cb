//! Definitions are served when the call returns.

use kube::{
    Api,
    api::{ApiResource, DynamicObject, GroupVersionKind, ListParams},
};
use kube_test::Error;
use serde_json::{Value, json};

use crate::common::{cluster, namespace};

fn definition(plural: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.definitions.example.com")},
        "spec": {
            "group": "definitions.example.com", "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

async fn count(plural: &str, kind: &str) -> usize {
    let kind = GroupVersionKind::gvk("definitions.example.com", "v1", kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, plural);
    let api: Api<DynamicObject> = Api::all_with(cluster().await.client().await.unwrap(), &resource);
    api.list(&ListParams::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn as_objects_once_and_again() {
    let apples = serde_json::from_value(definition("apples", "Apple")).unwrap();
    let pears = serde_json::from_value(definition("pears", "Pear")).unwrap();
    let both = [apples, pears];
    cluster().await.apply_definitions(&both).await.unwrap();
    assert_eq!((count("apples", "Apple").await, count("pears", "Pear").await), (0, 0));
    cluster().await.apply_definitions(&both).await.unwrap();
}

#[tokio::test]
async fn as_manifests_among_others() {
    let namespace = namespace("manifests").await;
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "beside", "namespace": namespace.name()},
    });
    let manifests = format!("{}\n---\n{map}\n", definition("plums", "Plum"));
    namespace.cluster().apply_definition_manifests(&manifests).await.unwrap();
    assert_eq!(count("plums", "Plum").await, 0);
    namespace.kubectl().run(&["get", "configmap", "beside"]).await.unwrap();
}

#[tokio::test]
async fn one_that_is_wrong_is_refused_by_name() {
    let mut wrong = definition("figs", "Fig");
    wrong["spec"]["names"]["plural"] = json!("others");
    let wrong = serde_json::from_value(wrong).unwrap();
    let error = cluster().await.apply_definitions(&[wrong]).await.unwrap_err();
    assert!(matches!(error, Error::Api { .. }), "{error:?}");
    assert!(error.to_string().contains("figs.definitions.example.com"), "{error}");
}
