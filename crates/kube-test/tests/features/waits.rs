//! What is awaited comes, or the report says what there was instead.

use std::time::Duration;

use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::{Api, api::DeleteParams};
use kube_test::{Condition, Deadline, Error, Timeout, wait};
use serde_json::json;

use crate::common::{create, namespace, value};

/// For what never comes: how long it is waited for makes no difference.
const SOON: Duration = Duration::from_millis(50);

fn timeout(error: Error) -> Box<Timeout> {
    match error {
        Error::Timeout(timeout) => timeout,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_object_that_comes_later_is_awaited() {
    let namespace = namespace("later").await;
    let maps: Api<ConfigMap> = namespace.api();
    let awaited = wait(&maps, "late").until("it says hello", |map| value(map) == "hello");
    let (awaited, _) = tokio::join!(awaited, create(&maps, "late", "hello"));
    assert_eq!(value(&awaited.unwrap()), "hello");
    let gone = wait(&maps, "late").until_gone();
    let how = DeleteParams::default();
    let (gone, deleted) = tokio::join!(gone, maps.delete("late", &how));
    deleted.unwrap();
    gone.unwrap();
}

#[tokio::test]
async fn a_condition_is_awaited_and_read() {
    let namespace = namespace("condition").await;
    let container = json!({"name": "web", "image": "example.com/web"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    });
    namespace.kubectl().apply(&deployment.to_string()).await.unwrap();
    let deployments: Api<Deployment> = namespace.api();
    let found = wait(&deployments, "web").until_condition("Available", "True").await.unwrap();
    assert_eq!(Condition::of(&found, "Available").unwrap().reason, "MinimumReplicasAvailable");
    assert!(Condition::of(&found, "NoSuch").is_none());
}

#[tokio::test]
async fn a_miss_tells_the_last_state_the_events_and_the_place() {
    let namespace = namespace("miss").await;
    let maps: Api<ConfigMap> = namespace.api();
    let map = create(&maps, "here", "hello").await;
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "here.1"}, "count": 3,
        "involvedObject": {
            "kind": "ConfigMap", "name": "here", "namespace": namespace.name(), "uid": map.metadata.uid,
        },
        "type": "Warning", "reason": "Mumbled", "message": "nobody understood it",
    });
    namespace.kubectl().apply(&event.to_string()).await.unwrap();
    assert_eq!(namespace.events("here").await.unwrap().len(), 1);
    let missed = wait(&maps, "here").within(SOON).until("it says bye", |map| value(map) == "bye").await;
    let timeout = timeout(missed.unwrap_err());
    assert!(timeout.waited >= SOON);
    let report = timeout.to_string();
    let path = format!("/api/v1/namespaces/{}/configmaps/here: it says bye", namespace.name());
    for part in ["waits.rs:", &path, r#""key": "hello""#, "Warning Mumbled (3 times): nobody understood it"] {
        assert!(report.contains(part), "{part} is missing: {report}");
    }
    assert!(!report.contains("managedFields"), "{report}");
}

#[tokio::test]
async fn a_miss_tells_what_is_not_there() {
    let namespace = namespace("absent").await;
    let maps: Api<ConfigMap> = namespace.api();
    let missed = wait(&maps, "nothing").within(SOON).until("anything", |_| true).await.unwrap_err();
    let report = timeout(missed).to_string();
    assert!(report.contains("it is not there") && report.contains("no Events about it"), "{report}");
}

#[tokio::test]
async fn a_miss_tells_why_the_object_could_not_be_read() {
    let namespace = namespace("forbidden").await;
    let account = namespace.service_account("robot").await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(account.client().await.unwrap(), namespace.name());
    let missed = wait(&maps, "here").within(SOON).until("anything", |_| true).await.unwrap_err();
    let problem = timeout(missed);
    assert!(problem.to_string().contains("is forbidden"), "{problem}");
}

#[tokio::test]
async fn anything_is_awaited_that_can_be_asked() {
    let mut asked = 0;
    let answer = Deadline::default().poll("the third answer", async || {
        asked += 1;
        (asked == 3).then_some(asked)
    });
    assert_eq!(answer.await.unwrap(), 3);
    let missed = Deadline::after(SOON).poll("what never comes", async || None::<()>).await.unwrap_err();
    assert!(missed.to_string().contains("in vain for: what never comes"), "{missed}");
    let stuck = Deadline::after(SOON).poll("no answer", std::future::pending::<Option<()>>).await;
    assert!(stuck.is_err());
}
