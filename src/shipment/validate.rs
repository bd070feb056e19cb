//! Spec, connection and permissions, folded into one [`Desired`]; profile and overrides into one [`Recipient`]. Pure.

use api::{
    connection::{
        CancelBy, DefaultExistingKeyPolicy, FirstUse, KeyChoice, Permission, YubiKeyConnectionSpec,
    },
    durations,
    moment::Moment,
    shipment::{self, ExistingKeyPolicy, YubiKeyShipment},
};
use domain::{
    binding::Binding,
    desired::{ActivationGate, Cadence, Desired, ExistingKey, OnDelete, OnTimeout, PinGate},
    failure::{Failure, Reason},
    requests::KeyProduct,
    stable,
    vendor_states::Inventory,
};
use jiff::SignedDuration;
use kube::ResourceExt;

mod key;

pub use self::key::{models, product};
use crate::{connection::handle::Facts, shipment::revision};

/// Longest silence of a carrier before a person is asked, unless set otherwise.
const DELIVERY_TIMEOUT: SignedDuration = SignedDuration::from_hours(336);

/// What surrounds the shipment in the cluster.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Is the namespace admitted by the connection?
    pub namespace_allowed: bool,
    /// The namespace is being deleted: it admits no answers any more, so an order may be let go.
    pub namespace_ending: bool,
    /// Open orders of the namespace with this connection, this shipment's not counted.
    pub open_orders: u32,
    /// How many of them were let go and may not have arrived yet.
    pub let_go: u32,
    /// Uid of `kube-system`, where it could be read.
    pub cluster: Option<&'a str>,
    /// The connection is being deleted, and nothing was begun with it yet.
    pub connection_leaves: bool,
}

/// Folds everything that is known without a vendor.
#[must_use]
pub fn desired(
    object: &YubiKeyShipment,
    connection: &YubiKeyConnectionSpec,
    facts: &Facts,
    around: Surroundings<'_>,
) -> Desired {
    let spec = &object.spec;
    let defaults = connection.defaults.clone().unwrap_or_default();
    let activation = spec.activation.clone().unwrap_or_default();
    let by_default = defaults.activation.unwrap_or_default();
    let pin = spec.pin.as_ref().and_then(|p| p.after).or(defaults.pin.and_then(|p| p.after));
    Desired {
        generation: revision::of(object),
        activation: activation.after.or(by_default.after).map_or(ActivationGate::Delivery, Into::into),
        delivery_timeout: match activation.delivery_timeout {
            // What cannot be read never times out by itself; new orders are barred by it.
            Some(text) => durations::read(&text).unwrap_or(SignedDuration::MAX),
            None => facts.times.delivery_timeout.unwrap_or(DELIVERY_TIMEOUT),
        },
        on_timeout: activation.on_timeout.or(by_default.on_timeout).map_or(OnTimeout::Hold, Into::into),
        pin: pin.map_or(PinGate::Activation, Into::into),
        existing_key: existing_key(spec, defaults.existing_key_policy),
        order_before: spec.order_before.as_ref().and_then(Moment::read),
        on_delete: on_delete(spec.deletion_policy.or(defaults.deletion_policy), connection, around),
        cancel_in_console: connection.yubico.cancel_by == CancelBy::Console,
        cadence: Cadence {
            first_after: facts.times.first_after,
            interval: facts.times.interval,
            phase: stable::hash([object.uid().unwrap_or_default()]),
        },
        first_use: connection.polling.first_use == FirstUse::Daily,
        calls: facts.times.calls,
        orgs: facts.orgs.clone(),
        order_bar: order_bar(object, connection, around).or_else(|| facts.order_bar.clone()),
        effects_bar: effects_bar(object, connection, around),
        bound: binding(connection, around) == Binding::Here,
        deleting: object.metadata.deletion_timestamp.is_some(),
    }
}

/// What becomes of a key that is there already; `default` is the connection's.
pub(super) fn existing_key(
    spec: &shipment::YubiKeyShipmentSpec,
    default: Option<DefaultExistingKeyPolicy>,
) -> ExistingKey {
    let before = spec.existing_key_before.as_ref().and_then(Moment::read);
    match (spec.existing_key_policy.or(default.map(Into::into)), before) {
        (Some(ExistingKeyPolicy::OrderAnother), Some(before)) => ExistingKey::OrderAnother(before),
        (Some(ExistingKeyPolicy::Adopt), _) => ExistingKey::Adopt,
        // Without a time that can be read, nothing is overlooked.
        (Some(ExistingKeyPolicy::Hold | ExistingKeyPolicy::OrderAnother) | None, _) => ExistingKey::Hold,
    }
}

fn on_delete(
    policy: Option<shipment::DeletionPolicy>,
    connection: &YubiKeyConnectionSpec,
    around: Surroundings<'_>,
) -> OnDelete {
    let may_let_go = connection.policy.orphan == Permission::Allow || around.namespace_ending;
    match policy.map_or(OnDelete::Cancel, Into::into) {
        OnDelete::Orphan if may_let_go => OnDelete::Orphan,
        OnDelete::Revoke if connection.policy.revoke == Permission::Allow => OnDelete::Revoke,
        OnDelete::Cancel | OnDelete::Orphan | OnDelete::Revoke => OnDelete::Cancel,
    }
}

fn forbidden(what: &str) -> Failure {
    Failure::new(Reason::ForbiddenByConnection, what.to_owned())
}

/// What stops every effect, cancelling too.
fn effects_bar(
    object: &YubiKeyShipment,
    connection: &YubiKeyConnectionSpec,
    around: Surroundings<'_>,
) -> Option<Failure> {
    if object.spec.suspend {
        return Some(Failure::new(
            Reason::Suspended,
            "spec.suspend is set: the vendors are only read; unset it to go on.",
        ));
    }
    if !around.namespace_allowed {
        return Some(forbidden(
            "The connection's allowedNamespaces does not admit this namespace, so the vendors are only read; ask its owner to add the namespace.",
        ));
    }
    (binding(connection, around) == Binding::Elsewhere).then(|| {
        Failure::new(
            Reason::NotOrderingCluster,
            "The connection's orderingCluster names another cluster (or none), so this one only reads; bind it to this cluster to go on here.",
        )
    })
}

fn binding(connection: &YubiKeyConnectionSpec, around: Surroundings<'_>) -> Binding {
    Binding::read(connection.ordering_cluster.as_deref(), around.cluster)
}

/// What stops enrolling and ordering.
fn order_bar(
    object: &YubiKeyShipment,
    connection: &YubiKeyConnectionSpec,
    around: Surroundings<'_>,
) -> Option<Failure> {
    let spec = &object.spec;
    if let Some(unreadable) = unreadable_time(spec).or_else(|| unreadable_timeout(spec)) {
        return Some(unreadable);
    }
    if around.connection_leaves {
        return Some(Failure::new(
            Reason::ConnectionNotReady,
            "The connection is being deleted, so nothing new is enrolled or ordered with it; this shipment waits for one of that name.",
        ));
    }
    if let Some(forbidden) = forbidden_by_policy(spec, connection) {
        return Some(forbidden);
    }
    if let Err(unknown) = product(spec, connection) {
        return Some(unknown);
    }
    (around.open_orders >= connection.policy.max_open_orders).then(|| {
        let let_go = match around.let_go {
            0 => String::new(),
            count => format!(" {count} of them were let go and count until they must have arrived."),
        };
        Failure::new(
            Reason::TooManyOpenOrders,
            format!(
                "The namespace has as many open orders as the connection's policy.maxOpenOrders allows; this one waits for its turn.{let_go}"
            ),
        )
    })
}

/// What the spec asks for beyond the connection's policy.
#[must_use]
pub fn forbidden_by_policy(
    spec: &shipment::YubiKeyShipmentSpec,
    connection: &YubiKeyConnectionSpec,
) -> Option<Failure> {
    let policy = &connection.policy;
    if has_recipient(spec) && policy.recipient_override == Permission::Forbid {
        return Some(forbidden(
            "spec.recipient is set, and the connection's policy.recipientOverride is Forbid; remove it, or ask the connection's owner to allow it.",
        ));
    }
    if has_address(spec) && policy.address_override == Permission::Forbid {
        return Some(forbidden(
            "spec.address is set, and the connection's policy.addressOverride is Forbid; remove it, or ask the connection's owner to allow it.",
        ));
    }
    if spec.deletion_policy == Some(shipment::DeletionPolicy::Revoke) && policy.revoke == Permission::Forbid {
        return Some(forbidden(
            "spec.deletionPolicy is Revoke, and the connection's policy.revoke is Forbid; choose Cancel, or ask the connection's owner to allow it.",
        ));
    }
    if spec.deletion_policy == Some(shipment::DeletionPolicy::Orphan) && policy.orphan == Permission::Forbid {
        return Some(forbidden(
            "spec.deletionPolicy is Orphan, and the connection's policy.orphan is Forbid; choose Cancel, or ask the connection's owner to allow it.",
        ));
    }
    if spec.key.model.is_none() && policy.keys == KeyChoice::ModelsOnly {
        return Some(forbidden(
            "spec.key gives ids, and the connection's policy.keys is ModelsOnly; name a model of the connection in spec.key.model, or ask the connection's owner to allow any key.",
        ));
    }
    None
}

/// It would time the parcel out at once, or never.
fn unreadable_timeout(spec: &shipment::YubiKeyShipmentSpec) -> Option<Failure> {
    let text = spec.activation.as_ref()?.delivery_timeout.as_ref()?;
    durations::of("activation.deliveryTimeout", text, Reason::SpecUnreadable).err()
}

/// A fence whose time cannot be read must not be taken for none.
fn unreadable_time(spec: &shipment::YubiKeyShipmentSpec) -> Option<Failure> {
    let fields = [("existingKeyBefore", &spec.existing_key_before), ("orderBefore", &spec.order_before)];
    let (name, _) = fields.into_iter().find(|(_, at)| at.as_ref().is_some_and(|at| at.read().is_none()))?;
    Some(Failure::new(
        Reason::SpecUnreadable,
        format!(
            "spec.{name} is a time that cannot be read, so nothing is ordered; write it as in 2027-01-31T12:00:00Z."
        ),
    ))
}

/// `recipient: {}` says nothing.
fn has_recipient(spec: &shipment::YubiKeyShipmentSpec) -> bool {
    spec.recipient.as_ref().is_some_and(|r| *r != shipment::RecipientOverride::default())
}

/// `address: {}` says nothing.
pub(super) fn has_address(spec: &shipment::YubiKeyShipmentSpec) -> bool {
    spec.address.as_ref().is_some_and(|a| *a != shipment::AddressOverride::default())
}

/// Is there stock for the key?
///
/// # Errors
/// `OutOfStock`.
pub fn stock(inventory: &Inventory, product: &KeyProduct) -> Result<(), Failure> {
    let out = |what: String| Err(Failure::new(Reason::OutOfStock, what));
    let id = product.inventory_product_id;
    let Some(bucket) = inventory.bucket(id) else {
        return out(format!(
            "YubiEnterprise shows no stock under inventory product id {id}; buy keys, or correct inventoryProductId."
        ));
    };
    if bucket.quantity.is_some_and(|left| left <= 0) {
        return out(format!("YubiEnterprise has no keys left under inventory product id {id}; buy keys."));
    }
    if !bucket.products.is_empty() && !bucket.products.contains(&product.product_id) {
        return out(format!(
            "Inventory product id {id} does not pay for product id {}; correct one of the two.",
            product.product_id
        ));
    }
    Ok(())
}

#[cfg(test)]
mod personal_data;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
