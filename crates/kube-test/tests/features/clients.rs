//! Admin, service accounts and users each have their own rights.

use std::time::Duration;

use k8s_openapi::api::{authentication::v1::SelfSubjectReview, core::v1::ConfigMap};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use kube_test::{Access, Kubeconfig, User, run};

use crate::common::{cluster, namespace};

async fn who(client: Client) -> (String, Vec<String>) {
    let review =
        Api::all(client).create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
    let user = review.status.unwrap().user_info.unwrap();
    (user.username.unwrap(), user.groups.unwrap_or_default())
}

fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_forbidden())
}

#[tokio::test]
async fn a_service_account_is_itself_by_client_file_and_token() {
    let namespace = namespace("account").await;
    let account = namespace.service_account("robot").await.unwrap();
    let name = account.user().name().to_owned();
    assert_eq!(name, format!("system:serviceaccount:{}:robot", namespace.name()));
    assert_eq!(who(account.client().await.unwrap()).await.0, name);
    let file = account.kubeconfig_file().await.unwrap();
    assert_eq!(who(Kubeconfig::read(&file).unwrap().client().await.unwrap()).await.0, name);
    let token = account.token(Duration::from_mins(10)).await.unwrap();
    let with_token = cluster().await.kubeconfig().unwrap().with_token(&token);
    assert_eq!(who(with_token.client().await.unwrap()).await.0, name);
    let kubectl = namespace.kubectl().with_kubeconfig(&file);
    assert!(!kubectl.output(&["get", "configmaps"], "").await.unwrap().is_ok());
}

#[tokio::test]
async fn a_service_account_may_only_what_it_is_given() {
    let namespace = namespace("rights").await;
    let account = namespace.service_account("robot").await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(account.client().await.unwrap(), namespace.name());
    assert!(is_forbidden(&maps.list(&ListParams::default()).await.unwrap_err()));
    let subject = format!("--serviceaccount={}:robot", namespace.name());
    namespace
        .kubectl()
        .run(&["create", "rolebinding", "robot", "--clusterrole=view", &subject])
        .await
        .unwrap();
    let access = |verb| Access::new(verb, "configmaps").in_namespace(namespace.name());
    cluster().await.until_allowed(&account.user(), &access("list"), true).await.unwrap();
    cluster().await.until_allowed(&account.user(), &access("delete"), false).await.unwrap();
    let one = |verb| access(verb).named("settings");
    assert!(cluster().await.is_allowed(&account.user(), &one("get")).await.unwrap());
    assert!(!cluster().await.is_allowed(&account.user(), &one("patch")).await.unwrap());
    maps.list(&ListParams::default()).await.unwrap();
    namespace.kubectl().run(&["delete", "rolebinding", "robot"]).await.unwrap();
    cluster().await.until_allowed(&account.user(), &access("list"), false).await.unwrap();
}

#[tokio::test]
async fn a_user_is_impersonated_with_its_groups() {
    let kim = User::new("kim").in_group("readers");
    let (name, groups) = who(cluster().await.client_as(&kim).await.unwrap()).await;
    assert_eq!(name, "kim");
    assert!(
        groups.contains(&"readers".to_owned()) && !groups.contains(&"system:masters".to_owned()),
        "{groups:?}"
    );
    let said = cluster().await.kubectl().as_user(&kim).json(&["auth", "whoami"]).await.unwrap();
    assert_eq!(said["status"]["userInfo"]["username"], "kim");
}

#[tokio::test]
async fn a_kubeconfig_can_lead_elsewhere() {
    let kubeconfig = cluster().await.kubeconfig().unwrap();
    assert!(kubeconfig.server().starts_with("https://127.0.0.1:"), "{kubeconfig:?}");
    // Nobody listens on port 1.
    let elsewhere = kubeconfig.with_server("https://127.0.0.1:1");
    let path = cluster().await.directory().join("elsewhere.kubeconfig");
    elsewhere.write(&path).unwrap();
    let kubectl = cluster().await.kubectl().with_kubeconfig(&path);
    let said = run(kubectl.command(&["get", "namespaces"]), "").await.unwrap();
    assert!(said.stderr.contains("127.0.0.1:1"), "{said:?}");
}

#[tokio::test]
async fn the_cluster_has_an_id() {
    let said = cluster().await.kubectl().json(&["get", "namespace", "kube-system"]).await.unwrap();
    assert_eq!(said["metadata"]["uid"], cluster().await.id().await.unwrap());
}
