//! Spec, connection and permissions, folded into one [`Desired`]; profile and overrides into one [`Recipient`]. Pure.

use std::collections::BTreeMap;

use api::{
    connection::{
        CancelBy, DefaultExistingKeyPolicy, KeyChoice, Permission, RecipientMapping, YubiKeyConnectionSpec,
    },
    durations,
    moment::Moment,
    shipment::{self, YubiKeyShipment},
};
use domain::{
    binding::Binding,
    desired::{ActivationGate, Cadence, Desired, ExistingKey, OnDelete, OnTimeout, PinGate},
    failure::{Failure, Reason},
    ids::CustomizationId,
    recipient::{Field, Raw, Recipient},
    requests::{Delivery, KeyProduct},
    stable,
    vendor_states::{Inventory, User, UserStatus},
};
use jiff::SignedDuration;
use kube::ResourceExt;
use vendors::hris::Record;

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
        activation: gate(activation.after.or(by_default.after)),
        delivery_timeout: match activation.delivery_timeout {
            // What cannot be read never times out by itself; new orders are barred by it.
            Some(text) => durations::read(&text).unwrap_or(SignedDuration::MAX),
            None => facts.times.delivery_timeout.unwrap_or(DELIVERY_TIMEOUT),
        },
        on_timeout: match activation.on_timeout.or(by_default.on_timeout) {
            Some(shipment::OnTimeout::Activate) => OnTimeout::Activate,
            Some(shipment::OnTimeout::Hold) | None => OnTimeout::Hold,
        },
        pin: match pin {
            Some(shipment::PinGate::Delivery) => PinGate::Delivery,
            Some(shipment::PinGate::Approval) => PinGate::Approval,
            Some(shipment::PinGate::Activation) | None => PinGate::Activation,
        },
        existing_key: existing_key(spec, defaults.existing_key_policy),
        order_before: spec.order_before.as_ref().and_then(Moment::read),
        on_delete: on_delete(spec.deletion_policy.or(defaults.deletion_policy), connection, around),
        cancel_in_console: connection.yubico.cancel_by == CancelBy::Console,
        cadence: Cadence {
            first_after: facts.times.first_after,
            interval: facts.times.interval,
            phase: stable::hash([object.uid().unwrap_or_default()]),
        },
        calls: facts.times.calls,
        orgs: facts.orgs.clone(),
        order_bar: order_bar(object, connection, around).or_else(|| facts.order_bar.clone()),
        effects_bar: effects_bar(object, connection, around),
        bound: binding(connection, around) == Binding::Here,
        deleting: object.metadata.deletion_timestamp.is_some(),
    }
}

const fn gate(gate: Option<shipment::ActivationGate>) -> ActivationGate {
    match gate {
        Some(shipment::ActivationGate::Shipment) => ActivationGate::Shipment,
        Some(shipment::ActivationGate::Approval) => ActivationGate::Approval,
        Some(shipment::ActivationGate::Delivery) | None => ActivationGate::Delivery,
    }
}

fn existing_key(
    spec: &shipment::YubiKeyShipmentSpec,
    default: Option<DefaultExistingKeyPolicy>,
) -> ExistingKey {
    let before = spec.existing_key_before.as_ref().and_then(Moment::read);
    match (spec.existing_key_policy, before, default) {
        (Some(shipment::ExistingKeyPolicy::OrderAnother), Some(before), _) => {
            ExistingKey::OrderAnother(before)
        }
        (Some(shipment::ExistingKeyPolicy::Adopt), ..) | (None, _, Some(DefaultExistingKeyPolicy::Adopt)) => {
            ExistingKey::Adopt
        }
        _ => ExistingKey::Hold,
    }
}

fn on_delete(
    policy: Option<shipment::DeletionPolicy>,
    connection: &YubiKeyConnectionSpec,
    around: Surroundings<'_>,
) -> OnDelete {
    let may_let_go = connection.policy.orphan == Permission::Allow || around.namespace_ending;
    match policy {
        Some(shipment::DeletionPolicy::Orphan) if may_let_go => OnDelete::Orphan,
        Some(shipment::DeletionPolicy::Revoke) if connection.policy.revoke == Permission::Allow => {
            OnDelete::Revoke
        }
        _ => OnDelete::Cancel,
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
fn has_address(spec: &shipment::YubiKeyShipmentSpec) -> bool {
    spec.address.as_ref().is_some_and(|a| *a != shipment::AddressOverride::default())
}

/// The three ids of the key.
///
/// # Errors
/// `UnknownKeyModel` if the connection has no such model.
pub fn product(
    spec: &shipment::YubiKeyShipmentSpec,
    connection: &YubiKeyConnectionSpec,
) -> Result<KeyProduct, Failure> {
    let key = &spec.key;
    let named = |model: &str| connection.keys.iter().find(|k| k.name == model);
    let ids = match (&key.model, key.product_id, key.inventory_product_id, &key.customization_id) {
        (Some(model), ..) => {
            named(model).map(|k| (k.product_id, k.inventory_product_id, k.customization_id.clone()))
        }
        (None, Some(product), Some(inventory), Some(customization)) => {
            Some((product, inventory, customization.clone()))
        }
        _ => None,
    };
    let unknown = || {
        Failure::new(
            Reason::UnknownKeyModel,
            "spec.key.model is not among the connection's keys; choose one of them, or ask the connection's owner to add it.",
        )
    };
    let (product_id, inventory_product_id, customization) = ids.ok_or_else(unknown)?;
    let customization_id = CustomizationId::new(customization).map_err(|_| unknown())?;
    Ok(KeyProduct { product_id, inventory_product_id, customization_id })
}

/// Delivery type.
#[must_use]
pub const fn delivery(spec: &shipment::YubiKeyShipmentSpec) -> Delivery {
    match spec.delivery {
        shipment::Delivery::Standard => Delivery::Standard,
        shipment::Delivery::Expedited => Delivery::Expedited,
    }
}

/// Recipient and address: the shipment's overrides, else what the HRIS says, else the profile as the connection maps
/// it, else the connection's defaults.
///
/// # Errors
/// `InvalidRecipient` with every fault, each naming its profile attribute or spec field.
pub fn recipient(
    spec: &shipment::YubiKeyShipmentSpec,
    connection: &YubiKeyConnectionSpec,
    user: &User,
    hris: Option<&Record>,
) -> Result<Recipient, Failure> {
    let mapping = connection.recipient_mapping.clone().unwrap_or_default();
    let mut raw: BTreeMap<Field, Raw> = Field::ALL
        .into_iter()
        .filter_map(|field| Some((field, from_profile(field, &mapping, user)?)))
        .collect();
    from_hris(hris, &mut raw);
    fill_in(connection, &mut raw);
    overrides(spec, &mut raw);
    let parsed = Recipient::parse(&raw);
    let mut faults: Vec<String> =
        parsed.as_ref().err().into_iter().flatten().map(ToString::to_string).collect();
    faults.extend(country_fault(connection, &raw));
    faults.extend(pin_mail_fault(user));
    match parsed {
        Ok(recipient) if faults.is_empty() => Ok(recipient),
        _ => Err(Failure::new(
            Reason::InvalidRecipient,
            format!(
                "Delivery details are missing or cannot be used, so nothing was enrolled or ordered: {}. Correct them in the user's Okta profile or the HRIS that masters it.",
                faults.join("; ")
            ),
        )),
    }
}

fn from_profile(field: Field, mapping: &RecipientMapping, user: &User) -> Option<Raw> {
    let mapped = match field {
        Field::FirstName => &mapping.first_name,
        Field::LastName => &mapping.last_name,
        Field::Company => &mapping.company,
        Field::Email => &mapping.email,
        Field::Phone => &mapping.phone,
        Field::AddressLine1 => &mapping.address_line1,
        Field::AddressLine2 => &mapping.address_line2,
        Field::City => &mapping.city,
        Field::Region => &mapping.region,
        Field::PostalCode => &mapping.postal_code,
        Field::CountryCode => &mapping.country_code,
    };
    // A new user cannot read the work mailbox yet.
    let staged_email = field == Field::Email && user.status == UserStatus::Staged;
    let attribute = match mapped {
        Some(name) => name.as_str(),
        None if staged_email => "secondEmail",
        None => field.default_attribute()?,
    };
    Some(Raw { value: user.profile.get(attribute).cloned(), source: format!("profile.{attribute}") })
}

/// The parts of an address. All or nothing: parts of two addresses make a third that nobody lives at.
const ADDRESS: [Field; 6] = [
    Field::AddressLine1,
    Field::AddressLine2,
    Field::City,
    Field::Region,
    Field::PostalCode,
    Field::CountryCode,
];

/// What the HRIS says, over the profile.
fn from_hris(record: Option<&Record>, raw: &mut BTreeMap<Field, Raw>) {
    let Some(record) = record else { return };
    let has_address = ADDRESS.iter().any(|field| record.contains_key(field));
    for field in Field::ALL {
        if record.contains_key(&field) || (has_address && ADDRESS.contains(&field)) {
            let source = format!("hris.{}", field.name());
            raw.insert(field, Raw { value: record.get(&field).cloned(), source });
        }
    }
}

/// What the connection says of people whose profile says nothing. No part of a street address has a default: parts of
/// two addresses make a third that nobody lives at.
fn fill_in(connection: &YubiKeyConnectionSpec, raw: &mut BTreeMap<Field, Raw>) {
    let Some(defaults) = &connection.recipient_defaults else { return };
    for (field, value) in [
        (Field::Company, &defaults.company),
        (Field::Phone, &defaults.phone),
        (Field::CountryCode, &defaults.country_code),
    ] {
        let blank = raw.get(&field).and_then(Raw::text).is_none();
        if let (true, Some(value)) = (blank, value) {
            let source = format!("the connection's recipientDefaults.{}", field.name());
            raw.insert(field, Raw { value: Some(value.clone()), source });
        }
    }
}

fn overrides(spec: &shipment::YubiKeyShipmentSpec, raw: &mut BTreeMap<Field, Raw>) {
    let mut set = |field, value: Option<&String>, source: &str| {
        if let Some(value) = value {
            raw.insert(field, Raw { value: Some(value.clone()), source: source.to_owned() });
        }
    };
    if let Some(r) = &spec.recipient {
        set(Field::FirstName, r.first_name.as_ref(), "spec.recipient.firstName");
        set(Field::LastName, r.last_name.as_ref(), "spec.recipient.lastName");
        set(Field::Company, r.company.as_ref(), "spec.recipient.company");
        set(Field::Email, r.email.as_ref(), "spec.recipient.email");
        set(Field::Phone, r.phone.as_ref(), "spec.recipient.phone");
    }
    if !has_address(spec) {
        return;
    }
    let Some(address) = &spec.address else { return };
    for (field, value, source) in [
        (Field::AddressLine1, &address.line1, "spec.address.line1"),
        (Field::AddressLine2, &address.line2, "spec.address.line2"),
        (Field::City, &address.city, "spec.address.city"),
        (Field::Region, &address.region, "spec.address.region"),
        (Field::PostalCode, &address.postal_code, "spec.address.postalCode"),
        (Field::CountryCode, &address.country_code, "spec.address.countryCode"),
    ] {
        raw.insert(field, Raw { value: value.clone(), source: source.to_owned() });
    }
}

fn country_fault(connection: &YubiKeyConnectionSpec, raw: &BTreeMap<Field, Raw>) -> Option<String> {
    let countries = &connection.yubico.countries;
    let country = raw.get(&Field::CountryCode)?;
    let code = domain::countries::code_of_country(country.value.as_deref()?)?;
    (!countries.is_empty() && !countries.iter().any(|c| c == code)).then(|| {
        format!(
            "Country Code ({}) is none of those to which this connection ships (yubico.countries: {})",
            country.source,
            countries.join(", ")
        )
    })
}

/// Okta mails the PIN of a new user to the secondary address; without one nobody could read it.
fn pin_mail_fault(user: &User) -> Option<String> {
    let missing = user.profile.get("secondEmail").is_none_or(|mail| mail.trim().is_empty());
    (user.status == UserStatus::Staged && missing).then(|| {
        "Secondary email (profile.secondEmail) is missing; Okta mails a new user's PIN there".to_owned()
    })
}

/// Yubico calls the address undeliverable. In our own words: its sentences may repeat the address.
#[must_use]
pub fn undeliverable(doubted: &[Field]) -> Failure {
    let fields: Vec<_> = doubted.iter().map(|field| field.label()).collect();
    let said =
        if fields.is_empty() { String::new() } else { format!(" and speaks of: {}", fields.join(", ")) };
    Failure::new(
        Reason::AddressUndeliverable,
        format!(
            "YubiEnterprise calls the address undeliverable{said}. Correct it in the user's Okta profile, the HRIS that masters it, or spec.address."
        ),
    )
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
