//! A control plane is taken away and comes back.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, api::ListParams};
use kube_test::{Deadline, Error, wait};

use crate::common::{builder, create, turn};

/// It is there again, for a client that was made before.
async fn answers(maps: &Api<ConfigMap>) {
    let ask = async || maps.list(&ListParams::default()).await.ok();
    Deadline::default().poll("an answer", ask).await.unwrap();
}

#[tokio::test]
async fn it_is_stopped_started_killed_and_paused() {
    let _turn = turn().await;
    let cluster = builder().name("lifecycle").start().await.unwrap();
    let control_plane = cluster.control_plane().unwrap();
    let namespace = cluster.namespace("stays").await.unwrap();
    let maps: Api<ConfigMap> = namespace.api();
    create(&maps, "kept", "").await;

    control_plane.stop().await.unwrap();
    control_plane.stop().await.unwrap();
    maps.get("kept").await.unwrap_err();
    assert!(matches!(control_plane.pause(), Err(Error::Stopped(_))));
    control_plane.start().await.unwrap();
    control_plane.start().await.unwrap();
    answers(&maps).await;
    maps.get("kept").await.unwrap();

    control_plane.kill().await.unwrap();
    let (started, found) =
        tokio::join!(control_plane.start(), wait(&maps, "kept").until("it is there", |_| true));
    started.unwrap();
    found.unwrap();

    control_plane.pause().unwrap();
    let asked = tokio::time::timeout(Duration::from_millis(100), maps.get("kept")).await;
    // A connection of before it was killed may break: that is no answer either.
    assert!(!matches!(asked, Ok(Ok(_))), "one that stands still does not answer");
    control_plane.resume().unwrap();
    answers(&maps).await;

    // One that stands still ends too.
    control_plane.pause().unwrap();
    control_plane.stop().await.unwrap();
    let directory = cluster.directory().to_owned();
    drop((namespace, cluster));
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_directory_of_the_callers_stays_with_all_that_is_stored() {
    let _turn = turn().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kept");
    let first = builder().directory(&path).start().await.unwrap();
    let id = first.id().await.unwrap();
    drop(first);
    let second = builder().directory(&path).start().await.unwrap();
    assert_eq!(second.id().await.unwrap(), id);
    assert_eq!(second.directory(), path.canonicalize().unwrap());
}

#[tokio::test]
async fn what_never_gets_ready_is_given_up() {
    let _turn = turn().await;
    let error = builder().name("never").ready_within(Duration::ZERO).start().await.unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = builder().name("taken").port(port).start().await.unwrap_err();
    let Error::EndedEarly { log, .. } = &error else { panic!("{error:?}") };
    assert!(log.contains(&port.to_string()), "{log}");
}
