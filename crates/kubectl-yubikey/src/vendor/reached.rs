//! Clients of a connection, from files on this machine.

use std::{path::Path, sync::Arc};

use api::connection::YubiKeyConnectionSpec;
use connect::clients::{self, Clients};
use domain::failure::Failure;
use vendors::{
    credentials::{Credentials, HrisSecret, expiry::Expiry},
    http::{CallMetrics, Proxies},
    yubico::OrderLanes,
};

use crate::fault::{Fault, Result};

/// The clients, and when the token of `YubiEnterprise` ends.
pub struct Reached {
    /// The clients, or why the files give none.
    pub clients: std::result::Result<Clients, Failure>,
    /// Of `YubiEnterprise`'s token; `None`: it could not be read.
    pub expiry: Option<Expiry>,
}

/// Reads the files and makes the clients; sends nothing. The files stand in `directory/NAME` as in the operator's pod, or
/// in `directory` itself.
///
/// # Errors
/// If there is no such directory, or a proxy of the environment cannot be understood.
pub async fn reach(directory: &Path, name: &str, spec: &YubiKeyConnectionSpec) -> Result<Reached> {
    if !directory.is_dir() {
        return Err(Fault::new(
            format!("the directory {} is not there", directory.display()),
            "name with --credentials-dir a directory that holds okta-private-key (or okta-api-token) and yubico-api-token",
        ));
    }
    let proxies = Proxies::read(|variable| std::env::var_os(variable))
        .map_err(|error| Fault::new(error.to_string(), "correct the variable, or unset it"))?;
    let hris = if spec.recipient_source.is_some() { HrisSecret::Token } else { HrisSecret::None };
    let own = directory.join(name);
    let folder = if own.is_dir() { own } else { directory.to_owned() };
    let read = Credentials::read_folder(folder, name, clients::okta_secret(&spec.okta.auth), hris).await;
    let expiry = read.as_ref().ok().map(|secrets| secrets.yubico_expiry.clone());
    let metrics = Arc::new(CallMetrics::default());
    let clients =
        read.and_then(|secrets| clients::of(spec, &secrets, OrderLanes::default(), proxies, metrics));
    Ok(Reached { clients, expiry })
}
