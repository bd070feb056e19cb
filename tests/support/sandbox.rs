//! The sandbox as a process, and its control API.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use kube_test::Announced;
use serde::Deserialize;
use serde_json::{Value, json};
use testbed::{control_api::ControlApi, leaks::Secret};

use super::{DEADLINE, kubectl, kubectl::Said, until};

/// One call that a vendor received.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub seq: u64,
    pub operation: String,
    pub method: String,
    pub at: jiff::Timestamp,
    pub status: Option<u16>,
    pub user_id: Option<String>,
}

impl Call {
    /// Does it change anything at a vendor? Getting a token and asking for an opinion do not.
    pub fn is_effect(&self) -> bool {
        self.method != "GET"
            && !matches!(self.operation.as_str(), "token" | "ValidateAddress" | "GetRecipient")
    }
}

/// Is the sandbox unfriendly wherever the vendors' documents are silent (`make strict`)?
pub fn is_strict() -> bool {
    std::env::var("SANDBOX_PROFILE").is_ok_and(|profile| profile == "strict")
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// The line it says when it is ready.
    pub ready: Value,
    dir: tempfile::TempDir,
    control: ControlApi,
    _process: Announced,
}

impl Sandbox {
    /// Starts one whose warehouse moves by command only. `SANDBOX_PROFILE` is handed on to it.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(super::sandbox_program());
        command.args(["serve", "--manual", "--dir"]).arg(dir.path().join("world"));
        let log = dir.path().join("log");
        let started = tokio::task::spawn_blocking(move || Announced::start(command, &log, DEADLINE));
        let (process, line) = started.await.unwrap().unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let control = ControlApi::at(ready["control"].as_str().unwrap()).unwrap();
        let sandbox = Self { ready, dir, control, _process: process };
        // The operator uses half of it, and no test shall wait for the next minute.
        sandbox.post("/settings", json!({"oktaRequestsAMinute": 1200})).await;
        sandbox
    }

    /// A member of the ready line.
    pub fn says(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// The credentials directory of a connection of that name.
    pub fn credentials(&self, name: &str) -> PathBuf {
        Path::new(self.says("credentials")).join(name)
    }

    /// A connection to it, with times that suit a test.
    pub fn connection_spec(&self) -> Value {
        let (okta, yubico) = (self.says("okta"), self.says("yubico"));
        json!({
            "okta": {"orgUrl": okta, "auth": {"privateKeyJwt": {
                "clientId": self.says("clientId"), "keyId": self.says("keyId"), "algorithm": self.says("algorithm"),
            }}},
            "yubico": {
                "apiUrl": format!("{yubico}/v1"),
                "transportKeysUrl": format!("{yubico}/.well-known/yubico-transport-keys.jwks"),
                "signingKeysUrl": format!("{yubico}/.well-known/yubico-sign.jwks"),
            },
            "keys": [{"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"}],
            "polling": {"firstAfter": "1s", "interval": "1s"},
            "calls": {"timeout": "10s", "settle": "30s", "lookDelay": "100ms"},
            "allowedNamespaces": {"from": "All"},
        })
    }

    pub async fn get(&self, path: &str) -> Value {
        self.control.get(path).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.control.post(path, body).await.unwrap()
    }

    pub async fn delete(&self, path: &str) {
        self.control.delete(path).await.unwrap();
    }

    /// What the vendors were asked after a moment of the journal.
    pub async fn calls_since(&self, seq: u64) -> Vec<Call> {
        serde_json::from_value(self.get(&format!("/journal?since={seq}")).await).unwrap()
    }

    /// Everything the vendors were asked.
    pub async fn calls(&self) -> Vec<Call> {
        self.calls_since(0).await
    }

    /// Number of the last call.
    pub async fn last_call(&self) -> u64 {
        self.calls().await.last().map_or(0, |call| call.seq)
    }

    /// How often an operation was asked for.
    pub async fn count(&self, operation: &str) -> usize {
        self.calls().await.iter().filter(|call| call.operation == operation).count()
    }

    /// Waits until an operation was asked for that often.
    pub async fn counts(&self, operation: &str, at_least: usize) {
        let seen = until(async || (self.count(operation).await >= at_least).then_some(())).await;
        assert!(seen.is_some(), "{operation} was not asked for {at_least} times");
    }

    /// Orders that were accepted, deleted ones too.
    pub async fn orders(&self) -> Vec<Value> {
        self.get("/state").await["shipments"].as_array().unwrap().clone()
    }

    /// Enrolments as Okta has them.
    pub async fn enrollments(&self) -> Vec<Value> {
        self.get("/state").await["enrollments"].as_array().unwrap().clone()
    }

    /// Makes the next matching call misbehave.
    pub async fn fault(&self, operation: &str, effect: Value) -> u64 {
        self.fault_where(json!({"operation": operation}), effect).await
    }

    /// Makes calls misbehave until the rule goes.
    pub async fn fault_always(&self, operation: &str, effect: Value) -> u64 {
        self.fault_where(json!({"operation": operation, "times": 0}), effect).await
    }

    async fn fault_where(&self, what: Value, effect: Value) -> u64 {
        let rule = self.post("/faults", json!({"match": what, "effect": effect})).await;
        rule["id"].as_u64().unwrap()
    }

    /// Removes a rule.
    pub async fn mend(&self, rule: u64) {
        self.delete(&format!("/faults/{rule}")).await;
    }

    /// Makes calls whose path matches misbehave: from the `nth` on, `times` of them (0: all).
    pub async fn fault_at(
        &self,
        operation: &str,
        path: &str,
        (nth, times): (u32, u32),
        effect: Value,
    ) -> u64 {
        let what = json!({"operation": operation, "path": path, "nth": nth, "times": times});
        self.fault_where(what, effect).await
    }

    /// Calls since a moment of the journal that change something.
    pub async fn effects_since(&self, seq: u64) -> Vec<Call> {
        self.calls_since(seq).await.into_iter().filter(Call::is_effect).collect()
    }

    /// Port of a vendor.
    pub fn port(&self, vendor: &str) -> u16 {
        self.says(vendor).rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Puts an order into a state.
    pub async fn set_state(&self, shipment: &str, state: u32) {
        self.post(&format!("/shipments/{shipment}/state"), json!({"id": state})).await;
    }

    /// A person with a complete profile; the answer is the id.
    pub async fn person(&self, login: &str, status: &str) -> String {
        let profile = json!({
            "login": login, "email": login, "firstName": "Kim", "lastName": "Doe", "secondEmail": format!("home.{login}"),
            "primaryPhone": "+1 617-555-0142", "organization": "Example Inc", "streetAddress": "7 Granite Terrace",
            "city": "Concord", "state": "MA", "zipCode": "01742", "countryCode": "US",
        });
        let made = self.post("/people", json!({"profile": profile, "status": status})).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Yubico's Delivery API knows pre-registered orders, at once and with their recipients: what nobody promises, and a
    /// test is about.
    pub async fn shows_orders(&self) {
        let known = json!({
            "listPreregOrders": true, "exactKnowsPrereg": true, "preregShowsRecipient": true, "orderListLagMs": 0,
        });
        self.post("/settings", known).await;
    }

    /// Orders begin accepted. One that waits for its validation is a question after the first look at it, so that what a
    /// test sees before would depend on the machine's speed. Unfriendly vendors begin as they do.
    pub async fn accepts_at_once(&self) {
        if !is_strict() {
            self.post("/settings", json!({"firstState": 3})).await;
        }
    }

    /// Yubico's refusals are JSON: what nobody promises, and a test is about.
    pub async fn refuses_in_json(&self) {
        self.post("/settings", json!({"htmlErrors": false})).await;
    }

    /// Changes a profile; null removes.
    pub async fn change_person(&self, person: &str, change: Value) {
        self.post(&format!("/people/{person}"), change).await;
    }

    pub async fn secrets(&self) -> Vec<Secret> {
        serde_json::from_value(self.get("/secrets").await).unwrap()
    }

    /// Signs in with nothing but the parcel and the mail of the PIN.
    pub async fn sign_in(&self, shipment: &str, person: &str, extra: &[&str]) -> Said {
        let (parcel, mail) = (self.dir.path().join("parcel.json"), self.dir.path().join("mail.json"));
        let contents = self.get(&format!("/parcels/{shipment}")).await;
        std::fs::write(&parcel, contents.to_string()).unwrap();
        let latest = self.get(&format!("/outbox/latest?person={person}")).await;
        std::fs::write(&mail, latest.to_string()).unwrap();
        let mut command = Command::new(super::sandbox_program());
        command.arg("sign-in").arg("--parcel").arg(parcel).arg("--mail").arg(mail);
        command.args(["--okta", self.says("okta"), "--ca", self.says("ca")]).args(extra).env_clear();
        kubectl::run(command, String::new()).await
    }
}
