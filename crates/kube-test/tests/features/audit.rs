//! Requests are counted as soon as they are answered.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, PostParams},
};
use kube_test::{Access, Error, User};

use crate::common::{cluster, config_map, create, namespace};

#[tokio::test]
async fn writes_reads_and_conflicts_are_told_apart() {
    let namespace = namespace("audit").await;
    let log = namespace.cluster().audit_log().unwrap();
    let before = log.mark().unwrap();
    let maps: Api<ConfigMap> = namespace.api();
    let stale = create(&maps, "one", "1").await;
    let mut fresh = stale.clone();
    fresh.data = config_map("one", "2").data;
    maps.replace("one", &PostParams::default(), &fresh).await.unwrap();
    maps.replace("one", &PostParams::default(), &stale).await.unwrap_err();
    maps.create(&PostParams::default(), &config_map("one", "3")).await.unwrap_err();
    maps.get("one").await.unwrap();
    maps.list(&ListParams::default()).await.unwrap();

    // The control plane itself puts a ConfigMap into each namespace.
    let ours = log.since(before).unwrap().by_user(&User::new("admin"));
    let ours = ours.in_namespace(namespace.name()).about("configmaps");
    let by_verb = ours.clone().writes().count_by(|request| request.verb().to_owned());
    assert_eq!(by_verb, [("create".to_owned(), 2), ("update".to_owned(), 2)].into());
    assert_eq!(ours.clone().writes().succeeded().len(), 2);
    assert_eq!(ours.clone().conflicts().len(), 1, "that it is there already is no conflict");
    assert_eq!(ours.clone().reads().len(), 2);
    assert_eq!(ours.clone().reads().named("one").len(), 1);
    assert!(log.read().unwrap().len() > ours.len());
}

#[tokio::test]
async fn requests_are_counted_by_who_asked() {
    let namespace = namespace("asked").await;
    let log = namespace.cluster().audit_log().unwrap();
    let account = namespace.service_account("robot").await.unwrap();
    let subject = format!("--serviceaccount={}:robot", namespace.name());
    let bind = ["create", "rolebinding", "view", "--clusterrole=view", &subject, "--user=kim"];
    namespace.kubectl().run(&bind).await.unwrap();
    let kim = User::new("kim");
    let before = log.mark().unwrap();
    for user in [&kim, &account.user()] {
        let list = Access::new("list", "configmaps").in_namespace(namespace.name());
        cluster().await.until_allowed(user, &list, true).await.unwrap();
    }
    for client in [account.client().await.unwrap(), account.client().await.unwrap()] {
        Api::<ConfigMap>::namespaced(client, namespace.name()).list(&ListParams::default()).await.unwrap();
    }
    namespace.kubectl().as_user(&kim).run(&["get", "configmaps"]).await.unwrap();

    let lists =
        log.since(before).unwrap().in_namespace(namespace.name()).filter(|request| request.verb() == "list");
    assert_eq!(lists.clone().by_user(&account.user()).len(), 2);
    let tokens = lists.clone().by_user(&account.user()).count_by(|request| request.credential().to_owned());
    assert_eq!(tokens.len(), 2, "each client has a token of its own");
    assert_eq!(lists.clone().by_user(&kim).len(), 1);
    let by_kubectl = lists.filter(|request| request.user_agent().contains("kubectl"));
    assert!(by_kubectl.iter().all(|request| request.user() == "kim") && by_kubectl.len() == 1);
}

#[tokio::test]
async fn a_log_that_is_not_there_or_no_log_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.log");
    let log = kube_test::AuditLog::at(&path);
    assert!(matches!(log.read(), Err(Error::Io { .. })));
    std::fs::write(&path, "{\"stage\": \"ResponseComplete\"}\n{\"stage\": \"Resp").unwrap();
    assert_eq!(log.read().unwrap().len(), 1, "a line that is being written is not read yet");
    std::fs::write(&path, "no JSON\n").unwrap();
    assert!(matches!(log.read(), Err(Error::Json { .. })));
}

#[tokio::test]
async fn half_a_line_of_a_killed_api_server_hides_no_request() {
    let namespace = namespace("half").await;
    let log = namespace.cluster().audit_log().unwrap();
    create(&namespace.api::<ConfigMap>(), "one", "1").await;
    let whole: Vec<_> = log.read().unwrap().into_iter().map(|request| request.event().to_string()).collect();

    let text = std::fs::read_to_string(log.path()).unwrap();
    let line = text.lines().find(|line| line.contains("ResponseComplete")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.log");
    std::fs::write(&path, format!("{line}\n{}{line}\n{line}\n", &line[..line.len() / 2])).unwrap();
    let killed = kube_test::AuditLog::at(&path);
    let finished: Vec<_> = killed.read().unwrap().into_iter().collect();
    assert_eq!(finished.len(), 3);
    assert!(finished.iter().all(|request| whole.contains(&request.event().to_string())));
    assert!(finished.iter().all(|request| !request.finished_at().is_empty()));
}
