//! The caller's cluster is used and left as it was.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube_test::Error;

use crate::common::{builder, cluster};

#[tokio::test]
async fn nothing_is_left_behind_in_a_borrowed_cluster() {
    let own = cluster().await;
    let borrowed = builder().name("borrowed").borrow(own.kubeconfig_file()).await.unwrap();
    assert!(borrowed.is_borrowed() && !own.is_borrowed());
    assert_eq!(borrowed.id().await.unwrap(), own.id().await.unwrap());
    assert!(matches!(borrowed.control_plane(), Err(Error::Borrowed(_))));
    assert!(matches!(borrowed.audit_log(), Err(Error::Borrowed(_))));
    let namespace = borrowed.namespace("guest").await.unwrap();
    let name = namespace.name().to_owned();
    let account = namespace.service_account("robot").await.unwrap();
    account.client().await.unwrap().apiserver_version().await.unwrap();
    drop(namespace);
    let namespaces: Api<Namespace> = Api::all(own.client().await.unwrap());
    let left = namespaces.get_opt(&name).await.unwrap();
    assert!(left.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()));
}

#[tokio::test]
async fn a_kubeconfig_that_is_none_is_named() {
    let error = builder().borrow("/no/such/kubeconfig").await.unwrap_err();
    assert!(matches!(error, Error::Command(_)), "{error:?}");
}
