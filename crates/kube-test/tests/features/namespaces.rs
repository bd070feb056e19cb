//! Namespaces isolate.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::{Api, api::ListParams};
use kube_test::wait;

use crate::common::{create, namespace};

#[tokio::test]
async fn two_of_one_prefix_are_two() {
    let (one, other) = (namespace("twin").await, namespace("twin").await);
    assert_ne!(one.name(), other.name());
    assert!(one.name().starts_with("twin-"), "{}", one.name());
    create(&one.api(), "same", "one").await;
    create(&other.api(), "same", "other").await;
}

#[tokio::test]
async fn one_in_our_own_cluster_stays_when_it_is_dropped() {
    let dropped = namespace("stays").await;
    let (name, api) = (dropped.name().to_owned(), Api::<Namespace>::all(dropped.client()));
    drop(dropped);
    let found = api.get(&name).await.unwrap();
    assert!(found.metadata.deletion_timestamp.is_none());
}

#[tokio::test]
async fn one_that_is_deleted_goes() {
    let deleted = namespace("goes").await;
    let (name, api) = (deleted.name().to_owned(), Api::<Namespace>::all(deleted.client()));
    let maps: Api<ConfigMap> = deleted.api();
    create(&maps, "inside", "").await;
    deleted.delete().await.unwrap();
    wait(&api, &name).until_gone().await.unwrap();
    assert!(maps.list(&ListParams::default()).await.unwrap().items.is_empty());
}
