//! What is stored is put back.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube_test::{Deadline, wait};

use crate::common::{builder, create, turn, value};

#[tokio::test]
async fn a_cluster_forgets_what_happened_since() {
    let _turn = turn().await;
    let cluster = builder().name("snapshot").start().await.unwrap();
    let control_plane = cluster.control_plane().unwrap();
    let namespace = cluster.namespace("kept").await.unwrap();
    let id = cluster.id().await.unwrap();
    let maps: Api<ConfigMap> = namespace.api();
    create(&maps, "before", "as it was").await;
    let snapshot = control_plane.snapshot().await.unwrap();
    wait(&maps, "before").until("it is there", |map| value(map) == "as it was").await.unwrap();
    create(&maps, "after", "").await;

    control_plane.restore(&snapshot).await.unwrap();
    wait(&maps, "before").until("it is there again", |map| value(map) == "as it was").await.unwrap();
    assert!(maps.get_opt("after").await.unwrap().is_none());
    assert_eq!(cluster.id().await.unwrap(), id);

    control_plane.reset().await.unwrap();
    wait(&maps, "before").until_gone().await.unwrap();
    let another = async || cluster.id().await.ok().filter(|now| *now != id);
    Deadline::default().poll("it is another cluster", another).await.unwrap();
}
