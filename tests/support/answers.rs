//! Holds and their answers, as a person reads and gives them.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{
    object::Object,
    scene::{Scene, merge},
    shipment::Handle,
    until,
};

static DECISIONS: AtomicUsize = AtomicUsize::new(0);

impl Handle {
    /// Waits until it is held for this reason with exactly these ways on, named in words too.
    pub async fn until_held(&self, reason: &str, choices: &[&str]) -> Object {
        let held = self
            .until(&format!("held: {reason}"), |object| object.text("/status/hold/reason") == reason)
            .await;
        let listed: Vec<String> =
            serde_json::from_value(held.0["status"]["hold"]["choices"].clone()).unwrap_or_default();
        let sorted = |all: Vec<&str>| {
            let mut all: Vec<_> = all.into_iter().map(str::to_owned).collect();
            all.sort();
            all
        };
        assert_eq!(
            sorted(listed.iter().map(String::as_str).collect()),
            sorted(choices.to_vec()),
            "{reason}: {}",
            held.message()
        );
        if !held.has("/metadata/deletionTimestamp") {
            assert_eq!(held.reason(), reason);
            for choice in choices {
                assert!(held.message().contains(choice), "{choice} is a way on: {}", held.message());
            }
        }
        held
    }

    /// Waits until another hold than this one is open.
    pub async fn until_held_anew(&self, before: &Object, reason: &str) -> Object {
        let old = before.text("/status/hold/id");
        self.until(&format!("held anew: {reason}"), |object| {
            let id = object.text("/status/hold/id");
            object.text("/status/hold/reason") == reason && id != old
        })
        .await
    }
}

impl Scene {
    /// The tester's own name in the cluster.
    pub async fn whoami(&self) -> String {
        let arguments = ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"];
        self.kubectl().run(&arguments).await.fine().trim().to_owned()
    }

    /// Answers the hold that the shipment shows; `more` goes into the spec.
    pub async fn decide(&self, shipment: &Handle, action: &str, more: Value) -> Handle {
        let hold = shipment.get().await.text("/status/hold/id").to_owned();
        assert!(!hold.is_empty(), "{} has no hold to answer", shipment.name);
        self.decide_on(&shipment.name, &hold, action, more).await
    }

    /// Answers a hold by its id.
    pub async fn decide_on(&self, shipment: &str, hold: &str, action: &str, more: Value) -> Handle {
        let name = format!("answer-{}", DECISIONS.fetch_add(1, Ordering::Relaxed));
        self.decide_as(&name, shipment, hold, action, more).await
    }

    /// Answers a hold with a decision of that name.
    pub async fn decide_as(
        &self,
        name: &str,
        shipment: &str,
        hold: &str,
        action: &str,
        more: Value,
    ) -> Handle {
        let mut spec = json!({
            "shipmentRef": {"name": shipment}, "holdID": hold, "action": action, "requestedBy": self.whoami().await,
        });
        merge(&mut spec, more);
        let decision = Handle::decision(&self.client, &self.name, name);
        decision.create("YubiKeyDecision", spec).await;
        decision
    }

    /// Answers the hold that the shipment shows, and waits until the answer is taken up everywhere a person looks.
    pub async fn answer(&self, shipment: &Handle, action: &str, more: Value) {
        let decision = self.decide(shipment, action, more).await;
        self.accepted(&shipment.name, &decision).await;
    }

    /// The decision was taken up: its own status, the shipment's, and an event say so.
    pub async fn accepted(&self, shipment: &str, decision: &Handle) {
        let said = answered(decision).await;
        assert_eq!((said.is("Ready"), said.reason()), ("True", "Accepted"), "{}", said.message());
        assert_eq!(said.is("Stalled"), "");
        self.recorded(shipment, &said, true).await;
    }

    /// The decision was refused, and it is said everywhere a person looks; the answer is why.
    pub async fn declined(&self, shipment: &str, decision: &Handle) -> String {
        let said = answered(decision).await;
        assert_eq!((said.is("Ready"), said.reason()), ("False", "Declined"), "{}", said.message());
        assert_eq!(said.is("Stalled"), "True");
        self.recorded(shipment, &said, false).await;
        said.message().to_owned()
    }

    async fn recorded(&self, shipment: &str, decision: &Object, accepted: bool) {
        let hold = decision.text("/spec/holdID");
        // A deletion may have ended with the answer.
        if let Some(object) = Handle::shipment(&self.client, &self.name, shipment).find().await {
            let all = object.0["status"]["decisions"].as_array().cloned().unwrap_or_default();
            let name = decision.text("/metadata/name");
            let record = all.iter().find(|record| record["name"] == name).expect("status.decisions tells");
            assert_eq!(record["holdID"], hold);
            assert_eq!(record["action"], decision.text("/spec/action"));
            assert_eq!(record["requestedBy"], decision.text("/spec/requestedBy"));
            assert_eq!(record["accepted"], accepted);
        }
        let reason = if accepted { "DecisionAccepted" } else { "DecisionDeclined" };
        let by = decision.text("/spec/requestedBy");
        let told = until(async || {
            let events = self.events(&self.name, shipment).await;
            let told =
                events.iter().any(|(why, note)| why == reason && note.contains(hold) && note.contains(by));
            told.then_some(())
        });
        assert!(told.await.is_some(), "no event {reason} about {hold}");
    }
}

/// Waits until a decision was answered to.
pub async fn answered(decision: &Handle) -> Object {
    decision.until("it is answered to", |object| !object.is("Ready").is_empty()).await
}
