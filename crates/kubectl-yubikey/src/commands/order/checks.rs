//! Before an order: has the person a shipment already, and does the connection admit it?

use api::{
    connection::{KeyChoice, NamespacesFrom, YubiKeyConnection},
    shipment::YubiKeyShipment,
};
use kube::{Api, ResourceExt as _};

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects,
    terminal::Terminal,
};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Login or Okta user id.
    pub who: &'a str,
    /// The key model.
    pub model: &'a str,
    /// Name of the connection to order with.
    pub connection: &'a str,
    /// Although the person has a shipment.
    pub another: bool,
}

/// Nobody else orders for the person.
pub async fn person(cluster: &Cluster, wish: Wish<'_>, terminal: &Terminal) -> Result<()> {
    let everywhere = Cluster { scope: None, ..cluster.clone() };
    let shipments = match objects::list::<YubiKeyShipment>(&everywhere, "shipments").await {
        Ok(listed) => listed.objects,
        Err(fault) if fault.exit == Exit::Denied => {
            match objects::list::<YubiKeyShipment>(cluster, "shipments").await {
                Ok(listed) => {
                    terminal.warn("you may not see other namespaces, so only this one was looked at for a shipment of the person; the operator looks everywhere");
                    listed.objects
                }
                Err(fault) if fault.exit == Exit::Denied => {
                    terminal.warn("you may not list shipments, so none was looked for; the operator does");
                    Vec::new()
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(fault) => return Err(fault),
    };
    let Some(other) = shipments.iter().find(|shipment| is_of(shipment, wish.who)) else {
        return Ok(());
    };
    let phase =
        other.status.as_ref().and_then(|status| status.phase).map_or("Pending", api::shipment::Phase::as_str);
    let place = format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any());
    if wish.another {
        terminal.warn(&format!("the person has shipment {place} already ({phase})"));
        return Ok(());
    }
    Err(Fault::new(
        format!("the person has shipment {place} already ({phase})"),
        format!(
            "see `kubectl yubikey status {} -n {}`; --another declares one all the same",
            other.name_any(),
            other.namespace().unwrap_or_default()
        ),
    ))
}

fn is_of(shipment: &YubiKeyShipment, who: &str) -> bool {
    let user = &shipment.spec.user_ref;
    let found = shipment.status.as_ref().and_then(|status| status.user_id.as_ref());
    let cancelled =
        shipment.status.as_ref().and_then(|status| status.phase) == Some(api::shipment::Phase::Cancelled);
    let same = user.login.as_ref().is_some_and(|login| login.eq_ignore_ascii_case(who))
        || user.id.as_deref() == Some(who)
        || found.is_some_and(|id| id == who);
    same && !cancelled
}

/// The connection knows the model and admits the namespace. Whoever may not see it is told by the operator.
pub async fn connection(cluster: &Cluster, wish: Wish<'_>, terminal: &Terminal) -> Result<()> {
    let name = wish.connection;
    let found = Api::<YubiKeyConnection>::all(cluster.client.clone()).get_opt(name).await;
    let connection = match found {
        Ok(Some(connection)) => connection,
        Ok(None) => {
            return Err(Fault::new(
                format!("there is no connection {name}"),
                "see `kubectl yubikey check`, and name one with --connection",
            ));
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            terminal.warn(&format!(
                "you may not see connection {name}, so the model was not checked; the operator does"
            ));
            return Ok(());
        }
        Err(error) => return Err(Fault::of_api(&format!("read connection {name}"), &error)),
    };
    fits(&connection, wish, &cluster.namespace)?;
    let ready = connection.status.iter().flat_map(|status| &status.conditions).find(|c| c.type_ == "Ready");
    if ready.is_none_or(|ready| ready.status != "True") {
        terminal.warn(&format!(
            "connection {name} is not ready, so the order waits: `kubectl yubikey check {name}`"
        ));
    }
    Ok(())
}

fn fits(connection: &YubiKeyConnection, wish: Wish<'_>, namespace: &str) -> Result<()> {
    let spec = &connection.spec;
    if !spec.keys.iter().any(|key| key.name == wish.model) {
        let known: Vec<_> = spec.keys.iter().map(|key| key.name.as_str()).collect();
        let ids =
            if spec.policy.keys == KeyChoice::Any { ", or write a manifest with its three ids" } else { "" };
        return Err(Fault::usage(
            format!("connection {} has no key model {}", wish.connection, wish.model),
            format!(
                "choose one of {}{ids}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            ),
        ));
    }
    let names = spec.allowed_namespaces.names.iter().flatten();
    if spec.allowed_namespaces.from == NamespacesFrom::Names
        && !names.into_iter().any(|name| name == namespace)
    {
        return Err(Fault::new(
            format!("connection {} does not admit namespace {namespace}", wish.connection),
            "ask its owner (spec.allowedNamespaces), or choose another namespace",
        ));
    }
    Ok(())
}
