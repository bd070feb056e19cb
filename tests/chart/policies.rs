//! What the API server keeps the operator's own token from, whoever holds it.

use kube_test::{Kubectl, Output};
use serde_json::{Value, json};

use crate::{
    account::Account,
    helm::assert_fails,
    release::{Release, until_fails},
};

/// A release with every value set, a shipment that a person declared, and kubectl with the operator's token.
struct Stage {
    release: Release,
    operator: Kubectl,
}

impl Stage {
    async fn with(name: &str, more: &[&str]) -> Self {
        let release = Release::with_everything(name, more).await;
        release.declare_shipment().await;
        let operator = release.kubectl().as_user(&release.operator());
        Self { release, operator }
    }

    /// The connection that the release makes.
    fn connection(&self) -> [&str; 2] {
        ["yubikeyconnection", &self.release.people]
    }

    async fn patch(&self, [kind, name]: [&str; 2], patch: &Value) -> Output {
        let patch = patch.to_string();
        self.operator.output(&["patch", kind, name, "--type", "merge", "-p", &patch], "").await.unwrap()
    }
}

const SHIPMENT: [&str; 2] = ["yubikeyshipment", "ann-lee"];

#[tokio::test]
async fn its_own_token_cannot_change_what_people_wrote() {
    let stage = Stage::with("wrote", &[]).await;
    // A policy counts a moment after it is made.
    let suspend = json!({"spec": {"suspend": true}}).to_string();
    let dry = ["patch", SHIPMENT[0], SHIPMENT[1], "--type", "merge", "-p", &suspend, "--dry-run=server"];
    until_fails(&stage.operator, &dry, "", "must not change a spec").await;
    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": "x", "uid": "x"}]);
    for object in [SHIPMENT, stage.connection()] {
        for (sentence, metadata) in [
            ("must not change labels", json!({"labels": {"example.com/x": "y"}})),
            ("must not change annotations", json!({"annotations": {"fidoprereg.dev/requestedAt": "now"}})),
            ("must not change owners", json!({"ownerReferences": owner})),
        ] {
            assert_fails(&stage.patch(object, &json!({"metadata": metadata})).await, sentence);
        }
    }
    let elsewhere = json!({"spec": {"okta": {"orgUrl": "https://other.example.com"}}});
    assert_fails(&stage.patch(stage.connection(), &elsewhere).await, "must not change a spec");
}

/// Its writes of status under the same policy are in every test of the operator.
#[tokio::test]
async fn its_own_token_can_change_finalizers_and_a_person_the_spec() {
    let stage = Stage::with("finalizers", &[]).await;
    for (object, finalizer) in
        [(SHIPMENT, "fidoprereg.dev/vendors"), (stage.connection(), "fidoprereg.dev/orders")]
    {
        for finalizers in [json!([finalizer]), Value::Null] {
            let patch = json!({"metadata": {"finalizers": finalizers}});
            stage.patch(object, &patch).await.ok().unwrap();
        }
    }
    // The same change by somebody else.
    let suspend =
        ["patch", SHIPMENT[0], SHIPMENT[1], "--type", "merge", "-p", r#"{"spec": {"suspend": true}}"#];
    stage.release.kubectl().run(&suspend).await.unwrap();
}

/// A shipment for Bob.
fn bob(labels: &Value, mut spec: Value) -> String {
    spec["userRef"] = json!({"id": "00u1"});
    spec["key"] = json!({"model": "yubikey-5c-nfc"});
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": "bob-ray", "labels": labels}, "spec": spec,
    })
    .to_string()
}

fn of_a_rollout() -> Value {
    json!({"fidoprereg.dev/rollout": "x"})
}

/// Nothing is stored.
const CREATE: [&str; 4] = ["create", "--dry-run=server", "-f", "-"];
const CANCEL: [&str; 4] = ["delete", SHIPMENT[0], SHIPMENT[1], "--dry-run=server"];

#[tokio::test]
async fn its_own_token_makes_and_cancels_shipments_of_rollouts_only_to_no_address_of_its_own() {
    let stage = Stage::with("of-rollouts", &["--set", "rollouts.ordering=true"]).await;
    let (operator, admin) = (&stage.operator, stage.release.kubectl());
    let suspended = || json!({"suspend": true});
    until_fails(operator, &CREATE, &bob(&json!({}), suspended()), "of rollouts only").await;
    let elsewhere = [
        json!({"recipient": {"company": "Elsewhere"}}),
        json!({"address": {"line1": "1 Elm", "city": "Bonn", "postalCode": "53111", "countryCode": "DE"}}),
    ];
    for spec in elsewhere {
        let said = operator.output(&CREATE, &bob(&of_a_rollout(), spec)).await.unwrap();
        assert_fails(&said, "must not say where a key goes");
    }
    operator.output(&CREATE, &bob(&of_a_rollout(), suspended())).await.unwrap().ok().unwrap();
    let company = json!({"recipient": {"company": "Elsewhere"}});
    admin.output(&CREATE, &bob(&json!({}), company)).await.unwrap().ok().unwrap();
    assert_fails(&operator.output(&CANCEL, "").await.unwrap(), "of rollouts only");
    admin.run(&["label", SHIPMENT[0], SHIPMENT[1], "fidoprereg.dev/rollout=x"]).await.unwrap();
    operator.run(&CANCEL).await.unwrap();
    admin.run(&["label", SHIPMENT[0], SHIPMENT[1], "fidoprereg.dev/rollout-"]).await.unwrap();
    admin.run(&CANCEL).await.unwrap();
}

/// The set switches it off; on, it is what the admission policy then narrows.
#[tokio::test]
async fn rollouts_ordering_gives_the_rights_to_make_and_delete_shipments_and_takes_them_away() {
    let stage = Stage::with("ordering", &[]).await;
    let (release, people) = (&stage.release, &stage.release.people);
    let account = Account::new(&release.cluster, release.operator());
    let here = ["create", "delete"].map(|verb| format!("{verb} yubikeyshipments in {people}"));
    let none = ["create yubikeyshipments", "delete yubikeyshipments", &here[0], &here[1]];
    account.may_not(&none).await;
    let said = stage.operator.output(&CREATE, &bob(&of_a_rollout(), json!({"suspend": true}))).await.unwrap();
    assert_fails(&said, "cannot create resource");
    assert_fails(&stage.operator.output(&CANCEL, "").await.unwrap(), "cannot delete resource");
    release.upgrade_everything(&["--set", "rollouts.ordering=true"]).await;
    account.until_may("create yubikeyshipments").await;
    account.until_may("delete yubikeyshipments").await;
    release.upgrade_everything(&[]).await;
    account.until_may_not("create yubikeyshipments").await;
    account.until_may_not("delete yubikeyshipments").await;
}
