//! Rollouts, declared and followed as a person does.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::{
    answers::answered,
    object::Object,
    scene::{Scene, merge},
    shipment::Handle,
    until,
};

impl Scene {
    /// Declares a rollout that orders with the first connection.
    pub async fn roll(&self, name: &str, source: Value, more: Value) -> Handle {
        let mut spec = json!({
            "connectionRef": {"name": self.name}, "source": source, "budget": 100, "mode": "Order",
        });
        if spec["source"]["oktaConsole"].is_null() {
            spec["template"] = json!({"spec": {"key": {"model": "yubikey-5c-nfc"}}});
        }
        merge(&mut spec, more);
        let handle = Handle::rollout(&self.client, &self.name, name);
        handle.create("YubiKeyRollout", spec).await;
        handle
    }

    /// Shipments of the namespace.
    pub async fn shipments(&self) -> Vec<Object> {
        let text = self.kubectl().run(&["get", "yks", "-n", &self.name, "-o", "json"]).await.fine();
        let list: Value = serde_json::from_str(&text).unwrap();
        list["items"].as_array().unwrap().iter().cloned().map(Object).collect()
    }

    /// Delivers whatever is ordered until this holds of the rollout.
    pub async fn deliver_until(
        &self,
        rollout: &Handle,
        what: &str,
        holds: impl Fn(&Object) -> bool,
    ) -> Object {
        let mut delivered = BTreeSet::new();
        let met = until(async || {
            for order in self.sandbox.orders().await {
                let id = order["id"].as_str().unwrap().to_owned();
                if delivered.insert(id.clone()) {
                    self.sandbox.set_state(&id, 104).await;
                }
            }
            Some(rollout.get().await).filter(|object| holds(object))
        });
        met.await.unwrap_or_else(|| panic!("{} did not come to: {what}", rollout.name))
    }

    /// Waits until so many orders stand at the warehouse.
    pub async fn until_orders(&self, count: u64) {
        let standing = async || self.sandbox.get("/state").await["counts"]["ordersNotDeleted"].as_u64();
        let met = until(async || (standing().await == Some(count)).then_some(())).await;
        assert!(met.is_some(), "{:?} orders stand, not {count}", standing().await);
    }

    /// What the vendors were asked that changes something there.
    pub async fn effects(&self) -> Vec<String> {
        let calls = self.sandbox.effects_since(0).await;
        calls.into_iter().filter(|call| call.operation != "token").map(|call| call.operation).collect()
    }
}

impl Object {
    /// One of the rollout's counts; 0 if it is not there.
    pub fn tally(&self, name: &str) -> i64 {
        self.number(&format!("/status/counts/{name}")).unwrap_or(0)
    }

    /// People skipped for this reason.
    pub fn skipped(&self, reason: &str) -> i64 {
        self.number(&format!("/status/counts/skippedByReason/{reason}")).unwrap_or(0)
    }

    /// Examples of a problem.
    pub fn examples(&self, reason: &str) -> Vec<String> {
        let all = self.0["status"]["problems"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|problem| problem["reason"] == reason);
        found.map(|p| serde_json::from_value(p["examples"].clone()).unwrap()).unwrap_or_default()
    }

    /// Everybody is eligible or skipped, and each skip has its reason.
    pub fn adds_up(&self) {
        let counts = &self.0["status"]["counts"];
        let by_reason = counts["skippedByReason"].as_object().cloned().unwrap_or_default();
        let skipped: i64 = by_reason.values().map(|n| n.as_i64().unwrap()).sum();
        assert_eq!(self.tally("skipped"), skipped, "{counts}");
        assert_eq!(self.tally("members"), self.tally("eligible") + skipped, "{counts}");
    }

    /// State of a person in the ledger; empty if the person is not there.
    pub fn ledger(&self, user: &str) -> &str {
        self.text(&format!("/status/ledger/{user}/state"))
    }

    /// Id of the hold for this reason; empty if there is none.
    pub fn hold(&self, reason: &str) -> String {
        let all = self.0["status"]["holds"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|hold| hold["reason"] == reason);
        found.map(|hold| hold["id"].as_str().unwrap().to_owned()).unwrap_or_default()
    }
}

static DECISIONS: AtomicUsize = AtomicUsize::new(0);

impl Scene {
    /// Answers a hold of a rollout; `more` goes into the spec.
    pub async fn proceed(&self, rollout: &Handle, hold: &str, more: Value) -> Handle {
        let name = format!("proceed-{}", DECISIONS.fetch_add(1, Ordering::Relaxed));
        let mut spec = json!({
            "rolloutRef": {"name": rollout.name}, "holdID": hold, "action": "Proceed", "requestedBy": self.whoami().await,
        });
        merge(&mut spec, more);
        let decision = Handle::decision(&self.client, &self.name, &name);
        decision.create("YubiKeyDecision", spec).await;
        decision
    }

    /// The decision was taken up: its own status and the rollout's say so.
    pub async fn accepted_by_rollout(&self, decision: &Handle) {
        let said = answered(decision).await;
        assert_eq!((said.is("Ready"), said.reason()), ("True", "Accepted"), "{}", said.message());
        let name = said.text("/spec/rolloutRef/name").to_owned();
        let rollout = Handle::rollout(&self.client, &self.name, &name).get().await;
        let all = rollout.0["status"]["decisions"].as_array().cloned().unwrap_or_default();
        let record = all.iter().find(|record| record["name"] == said.text("/metadata/name"));
        assert_eq!(record.expect("status.decisions tells")["accepted"], true);
    }

    /// The decision was refused; the answer is why.
    pub async fn declined_by_rollout(&self, decision: &Handle) -> String {
        let said = answered(decision).await;
        assert_eq!((said.is("Ready"), said.reason()), ("False", "Declined"), "{}", said.message());
        said.message().to_owned()
    }
}
