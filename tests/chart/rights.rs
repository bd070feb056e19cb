//! The operator's rights: those that its work needs, and no others.

use crate::{account::Account, helm::values, release::Release};

#[tokio::test]
async fn the_operator_may_do_its_work() {
    let release = Release::with_everything("work", &[]).await;
    let (system, people) = (&release.namespace, &release.people);
    let operator = Account::new(&release.cluster, release.operator());
    operator
        .may(&[
            "watch yubikeyshipments",
            "patch yubikeyshipments",
            "patch yubikeyshipments/status",
            "patch yubikeyconnections/status",
            "create events.events.k8s.io",
            "list namespaces",
            "get namespaces kube-system",
            "watch yubikeydecisions",
            "patch yubikeydecisions/status",
            "watch yubikeyrollouts",
            "patch yubikeyrollouts/status",
            &format!("get configmaps in {people}"),
            &format!("watch configmaps in {people}"),
            &format!("create leases.coordination.k8s.io in {system}"),
            &format!("patch leases.coordination.k8s.io courier in {system}"),
            "get customresourcedefinitions.apiextensions.k8s.io yubikeyshipments.fidoprereg.dev",
        ])
        .await;
}

#[tokio::test]
async fn the_operator_may_do_nothing_else() {
    let release = Release::with_everything("nothing-else", &[]).await;
    let (system, people) = (&release.namespace, &release.people);
    let operator = Account::new(&release.cluster, release.operator());
    operator
        .may_not(&[
            "get secrets",
            &format!("list secrets in {system}"),
            &format!("get namespaces {people} in *"),
            "get yubikeydecisions",
            &format!("get pods in {system}"),
            "create yubikeyrollouts",
            "delete yubikeyrollouts",
            "deletecollection yubikeyshipments",
            "get configmaps",
            &format!("list configmaps in {people}"),
            "create yubikeydecisions",
            &format!("patch leases.coordination.k8s.io another in {system}"),
            "create leases.coordination.k8s.io in kube-system",
            "list customresourcedefinitions.apiextensions.k8s.io",
            "patch customresourcedefinitions.apiextensions.k8s.io",
            "patch namespaces",
            "* *",
        ])
        .await;
}

#[tokio::test]
async fn in_listed_namespaces_the_operator_has_rights_only_there() {
    let release = Release::beside_others("listed").await;
    let other = release.cluster.namespace("listed-other").await.unwrap();
    let (system, people, other) = (&release.namespace, &release.people, other.name());
    let apart = format!(
        "crds.install=false,fullnameOverride=courier,watchNamespaces={{{people},{other}}},connections[0].name={people}"
    );
    release.install(&[&values("namespaced"), "--set", &apart]).await;
    let operator = Account::new(&release.cluster, release.operator());
    for listed in [people.as_str(), other] {
        operator
            .may(&[
                &format!("watch yubikeyshipments in {listed}"),
                &format!("patch yubikeyshipments/status in {listed}"),
                &format!("watch yubikeydecisions in {listed}"),
                &format!("create events.events.k8s.io in {listed}"),
                &format!("get namespaces {listed}"),
            ])
            .await;
    }
    operator
        .may(&[
            "watch yubikeyconnections",
            "get namespaces kube-system",
            "create events.events.k8s.io in default",
            &format!("patch leases.coordination.k8s.io courier in {system}"),
        ])
        .await;
    operator
        .may_not(&[
            "watch yubikeyshipments",
            "list yubikeyshipments in *",
            "create events.events.k8s.io in kube-system",
            "list namespaces",
            "get namespaces default",
            &format!("get secrets in {people}"),
        ])
        .await;
}
