//! The example operator, tested as the reader would test an operator: with its own rights and nothing else.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, CustomResourceExt as _, api::PostParams};
use kube_test::{Access, Error, Namespace, ServiceAccount, wait};

use crate::{
    common::namespace,
    operator::{self, Greeting, GreetingSpec},
};

const RIGHTS: &str = include_str!("greeter-rights.yaml");

/// A namespace where the operator runs; it ends with the test, whose runtime it is in.
async fn operated(prefix: &str) -> (Namespace, ServiceAccount) {
    let namespace = namespace(prefix).await;
    namespace.cluster().apply_definitions(&[Greeting::crd()]).await.unwrap();
    let account = namespace.service_account("greeter").await.unwrap();
    let client = account.client().await.unwrap();
    tokio::spawn(operator::run(Api::namespaced(client, namespace.name())));
    (namespace, account)
}

async fn allow(namespace: &Namespace, account: &ServiceAccount) {
    namespace.kubectl().apply(RIGHTS).await.unwrap();
    let list = Access::new("list", "greetings.example.com").in_namespace(namespace.name());
    namespace.cluster().until_allowed(&account.user(), &list, true).await.unwrap();
}

async fn greet(namespace: &Namespace, name: &str) -> Api<Greeting> {
    let greetings = namespace.api();
    let greeting = Greeting::new(name, GreetingSpec { name: name.to_owned() });
    greetings.create(&PostParams::default(), &greeting).await.unwrap();
    greetings
}

#[tokio::test]
async fn it_greets_and_says_so() {
    let (namespace, account) = operated("greets").await;
    allow(&namespace, &account).await;
    let greetings = greet(&namespace, "kim").await;
    wait(&greetings, "kim").until_condition("Ready", "True").await.unwrap();
    let map = namespace.api::<ConfigMap>().get("kim").await.unwrap();
    assert_eq!(map.data.unwrap()["greeting"], "Hello, kim!");
}

#[tokio::test]
async fn it_writes_only_what_it_should_and_meets_no_conflict() {
    let (namespace, account) = operated("sparing").await;
    allow(&namespace, &account).await;
    let log = namespace.cluster().audit_log().unwrap();
    let before = log.mark().unwrap();
    let greetings = greet(&namespace, "kim").await;
    wait(&greetings, "kim").until_condition("Ready", "True").await.unwrap();
    let its = log.since(before).unwrap().by_user(&account.user());
    assert!(its.clone().conflicts().is_empty());
    let written = its.writes().count_by(|request| (request.resource(), request.name().to_owned()));
    let expected = [("configmaps", "kim"), ("greetings/status", "kim")];
    assert_eq!(
        written.keys().map(|(kind, name)| (kind.as_str(), name.as_str())).collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn without_rights_it_does_nothing_and_the_report_shows_it() {
    let (namespace, _account) = operated("refused").await;
    let greetings = greet(&namespace, "kim").await;
    let soon = std::time::Duration::from_millis(50);
    let error = wait(&greetings, "kim").within(soon).until_condition("Ready", "True").await.unwrap_err();
    let Error::Timeout(timeout) = &error else { panic!("{error:?}") };
    assert_eq!(timeout.what, "condition Ready is True");
    assert_eq!(timeout.last.as_ref().unwrap()["spec"]["name"], "kim");
}
