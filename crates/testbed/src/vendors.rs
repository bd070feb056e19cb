//! The sandbox in the part of both vendors, and its control API.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    control_api::ControlApi,
    folder::Folder,
    programs::Program,
    setup::{Fault, Setup},
};

/// The running sandbox.
#[derive(Debug)]
pub struct Vendors {
    program: Program,
    ready: Value,
    control: ControlApi,
}

/// One Okta org and one `YubiEnterprise` organization.
#[derive(Debug, Clone)]
pub struct Org {
    /// The connection's name.
    pub name: String,
    view: Value,
}

impl Org {
    /// The Okta org's id.
    #[must_use]
    pub fn okta(&self) -> &str {
        self.view["oktaOrganization"].as_str().unwrap_or_default()
    }

    /// The id of the `YubiEnterprise` organization.
    #[must_use]
    pub fn organization(&self) -> &str {
        self.view["yubicoOrganization"].as_str().unwrap_or_default()
    }

    /// A connection to it with small times. `settle` is longer than the latest start of a call after its mark, its
    /// time-out and the delays of the storm together, so that no verdict depends on the machine's speed.
    #[must_use]
    pub fn connection(&self, cluster: &str) -> Value {
        let yubico = self.view["yubico"].as_str().unwrap_or_default();
        json!({
            "okta": {"orgUrl": self.view["okta"], "auth": {"privateKeyJwt": {
                "clientId": self.view["clientId"], "keyId": self.view["keyId"], "algorithm": self.view["algorithm"],
            }}},
            "yubico": {
                "apiUrl": format!("{yubico}/v1"),
                "transportKeysUrl": format!("{yubico}/.well-known/yubico-transport-keys.jwks"),
                "signingKeysUrl": format!("{yubico}/.well-known/yubico-sign.jwks"),
            },
            "keys": [{"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"}],
            "polling": {"firstAfter": "10s", "interval": "10s"},
            "calls": {"timeout": "2s", "settle": "15s", "lookDelay": "100ms"},
            "allowedNamespaces": {"from": "All"},
            "policy": {"maxOpenOrders": 1000},
            "orderingCluster": cluster,
        })
    }
}

impl Vendors {
    /// Parcels move on after `step` seconds in a state.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn start(setup: &Setup, folder: &Folder, step: &str) -> Result<Self, Fault> {
        let seed = setup.seed.to_string();
        Self::serve(&setup.sandbox, &folder.path("sandbox"), &["--step", step, "--seed", &seed]).await
    }

    /// Starts the program with a directory of its own and these arguments; its log lies beside the directory.
    ///
    /// # Errors
    /// The sandbox does not start, or does not say that it is ready.
    pub async fn serve(program: &Path, dir: &Path, arguments: &[&str]) -> Result<Self, Fault> {
        let mut command = Command::new(program);
        command.arg("serve").args(arguments).arg("--dir").arg(dir);
        let (program, line) = Program::announced(command, &dir.with_extension("log")).await?;
        let ready: Value = serde_json::from_str(&line)?;
        let control = ControlApi::at(ready["control"].as_str().unwrap_or_default())?;
        Ok(Self { program, ready, control })
    }

    /// What it said when it was ready: URLs, and where credentials and certificates lie.
    #[must_use]
    pub const fn ready(&self) -> &Value {
        &self.ready
    }

    /// A text of that, such as `okta` or `control`; empty if it said none.
    #[must_use]
    pub fn told(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_default()
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        self.program.has_ended()
    }

    /// One directory of credentials a connection.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        PathBuf::from(self.ready["credentials"].as_str().unwrap_or_default())
    }

    /// Opens an Okta org and a `YubiEnterprise` organization with plenty of keys.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn open(&self, name: &str) -> Result<Org, Fault> {
        let view = self.post("/orgs", json!({"name": name, "countries": ["US"]})).await?;
        let org = Org { name: name.to_owned(), view };
        let stock =
            json!({"inventoryProductId": 106, "quantity": 1_000_000, "organization": org.organization()});
        self.post("/stock", stock).await?;
        Ok(org)
    }

    /// What Okta's limit does is a matter of the fault rules.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn set_pace(&self) -> Result<(), Fault> {
        self.post("/settings", json!({"oktaRequestsAMinute": 1_000_000})).await.map(drop)
    }

    /// A new API token of an organization, and it alone, in the file that the operators read.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn renew_token(&self, org: &Org) -> Result<(), Fault> {
        let made = self.post("/tokens/yubico", json!({"organization": org.organization()})).await?;
        let dir = self.credentials().join(&org.name);
        let (file, next) = (dir.join("yubico-api-token"), dir.join(".yubico-api-token.next"));
        fs::write(&next, made["token"].as_str().unwrap_or_default())?;
        Ok(fs::rename(next, file)?)
    }

    /// What the control API answers to a GET.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.control.get(path).await
    }

    /// What the control API answers to a POST.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Fault> {
        self.control.post(path, body).await
    }

    /// What the control API answers to a DELETE.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn delete(&self, path: &str) -> Result<Value, Fault> {
        self.control.delete(path).await
    }

    /// From now on they behave.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn mend(&self) -> Result<(), Fault> {
        self.delete("/faults").await.map(drop)
    }

    /// Ends it.
    ///
    /// # Errors
    /// The sandbox does not start, refuses, or does not answer.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        self.program.stop().await
    }
}
