//! Roles of people, and answers in their own name.

use kube_test::User;
use serde_json::json;

use crate::{
    account::Account,
    helm::assert_fails,
    release::{Release, until_fails},
};

async fn bind(release: &Release, user: &str, role: &str) {
    let role = if ["decide", "rollout"].contains(&role) {
        format!("{}:courier:{role}", release.namespace)
    } else {
        role.to_owned()
    };
    let bind = ["create", "rolebinding", user, "--clusterrole", &role, "--user", user];
    release.kubectl().run(&bind).await.unwrap();
}

/// Who has `edit` decides and rolls out only where two values say so; here no release says so.
#[tokio::test]
async fn people_see_edit_and_decide_by_roles_of_their_own() {
    let release = Release::with_everything("roles", &[]).await;
    let people = &release.people;
    for (user, role) in [("jane", "edit"), ("dan", "decide"), ("rita", "rollout"), ("vera", "view")] {
        bind(&release, user, role).await;
    }
    let account = |name: &str| Account::new(&release.cluster, User::new(name));
    let here = |what: &str| format!("{what} in {people}");
    let jane = account("jane");
    jane.until_may(&here("create yubikeyshipments")).await;
    jane.until_may(&here("get yubikeyshipments")).await;
    jane.may_not(&[
        &here("create yubikeyrollouts"),
        &here("create yubikeydecisions"),
        &here("patch yubikeyshipments/status"),
        &here("deletecollection yubikeyshipments"),
    ])
    .await;
    let vera = account("vera");
    vera.until_may(&here("get yubikeydecisions")).await;
    vera.until_may(&here("get yubikeyrollouts")).await;
    vera.may_not(&[&here("create yubikeyshipments")]).await;
    let rita = account("rita");
    rita.until_may(&here("create yubikeyrollouts")).await;
    rita.until_may(&here("get yubikeyshipments")).await;
    rita.may_not(&[&here("create yubikeyshipments"), &here("patch yubikeyrollouts/status")]).await;
    let dan = account("dan");
    dan.until_may(&here("create yubikeydecisions")).await;
    dan.may_not(&[&here("create yubikeyshipments")]).await;
}

fn decision(requested_by: &str) -> String {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyDecision", "metadata": {"name": "answer"},
        "spec": {
            "shipmentRef": {"name": "ann-lee"}, "holdID": "order-1-k7f3ab", "action": "ConfirmCancelled",
            "requestedBy": requested_by,
        },
    })
    .to_string()
}

#[tokio::test]
async fn nobody_decides_in_anothers_name() {
    let release = Release::with_everything("own-name", &[]).await;
    bind(&release, "jane", "edit").await;
    bind(&release, "dan", "decide").await;
    let create = ["create", "--dry-run=server", "-f", "-"];
    let (jane, dan) = (User::new("jane"), User::new("dan"));
    let as_dan = release.kubectl().as_user(&dan);
    let own = "spec.requestedBy must be your own user name in this cluster, dan";
    until_fails(&as_dan, &create, &decision("jane"), own).await;
    as_dan.output(&create, &decision("dan")).await.unwrap().ok().unwrap();
    let account = Account::new(&release.cluster, jane.clone());
    account.until_may(&format!("create yubikeyshipments in {}", release.people)).await;
    let said = release.kubectl().as_user(&jane).output(&create, &decision("jane")).await.unwrap();
    assert_fails(&said, "forbidden");
}
