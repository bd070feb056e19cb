//! What comes next, when, and by whom: a person is named with the command that does it.

use api::{
    connection::{FirstUse, YubiKeyConnectionSpec},
    durations,
    shipment::{ActivationGate, IN_USE, OnTimeout, YubiKeyShipment, YubiKeyShipmentStatus, journal_status},
};
use domain::{
    cadence::Schedule,
    desired::Cadence,
    failure::Reason,
    first_use::{LastUseLook, Lookout},
    stable,
};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use serde::Serialize;

use super::hold;

/// How long after a mail Okta is asked for a fourth one.
const PIN_DAY: SignedDuration = SignedDuration::from_hours(24);
/// `activation.deliveryTimeout` where neither shipment nor connection sets it.
const DELIVERY_TIMEOUT: SignedDuration = SignedDuration::from_hours(336);

/// What comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// What happens, in plain words.
    pub what: String,
    /// When, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The command of whoever it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Next {
    fn says(what: &str) -> Self {
        Self { what: what.to_owned(), ..Self::default() }
    }

    fn at(what: &str, at: Option<Timestamp>) -> Self {
        Self { at, ..Self::says(what) }
    }

    fn by(what: &str, command: String) -> Self {
        Self { command: Some(command), ..Self::says(what) }
    }
}

/// What comes next for a shipment. `connection`: its connection, if one may see it; else the defaults are taken.
#[must_use]
pub fn of(shipment: &YubiKeyShipment, connection: Option<&YubiKeyConnectionSpec>, now: Timestamp) -> Next {
    let status = shipment.status.clone().unwrap_or_default();
    let place = format!("{} -n {}", shipment.name_any(), shipment.namespace().unwrap_or_default());
    if let Some(hold) = hold::of_shipment(shipment) {
        return if hold.choices.is_empty() {
            Next::by("goes on by itself once the cause is gone; to look at once", hold.command())
        } else {
            Next::by("a person answers", hold.command())
        };
    }
    if shipment.metadata.deletion_timestamp.is_some() {
        return Next::says("is being deleted; goes once the vendors are in order");
    }
    if shipment.spec.suspend {
        return Next::by("is suspended; to go on", format!("kubectl yubikey resume {place}"));
    }
    let reason = condition(&status, "Ready").and_then(|ready| Reason::parse(&ready.reason));
    if condition(&status, "Stalled").is_some_and(|stalled| stalled.status == "True") {
        return Next::by(
            "a person corrects what the message names; to look at once",
            format!("kubectl yubikey look {place}"),
        );
    }
    if status.failure.is_some() {
        return Next::says("is tried again by itself, at most ten minutes apart");
    }
    by_reason(reason, shipment, &status, connection, now)
}

fn by_reason(
    reason: Option<Reason>,
    shipment: &YubiKeyShipment,
    status: &YubiKeyShipmentStatus,
    connection: Option<&YubiKeyConnectionSpec>,
    now: Timestamp,
) -> Next {
    let poll = poll(shipment, status, connection, now);
    match reason {
        Some(Reason::AwaitingShipment | Reason::UnknownState) => {
            Next::at("YubiEnterprise is asked again", poll)
        }
        Some(Reason::AwaitingDelivery) => delivery(shipment, status, connection, now).unwrap_or_else(|| {
            Next::at("YubiEnterprise is asked again; the key is activated on delivery", poll)
        }),
        Some(Reason::AwaitingExistingKeyBefore) => {
            let at = shipment.spec.existing_key_before.as_ref().and_then(api::moment::Moment::read);
            Next::at("ordering begins", at)
        }
        Some(Reason::PinLimitReached) => {
            let first = status.pin.as_ref().and_then(|pin| pin.mails.first()).map(|mail| mail.0);
            Next::at("the PIN is mailed", first.and_then(|mail| mail.checked_add(PIN_DAY).ok()))
        }
        Some(Reason::TooManyOpenOrders) => {
            Next::says("orders once the namespace has a free place, the oldest first")
        }
        Some(Reason::NotOrderingCluster) => {
            Next::says("another cluster orders with this connection; nothing is sent here")
        }
        Some(Reason::Activated) if done(status, IN_USE) => {
            Next::says("nothing: the person has signed in with the key")
        }
        Some(Reason::Activated) if done(status, "Delivered") => use_look(status, connection, now)
            .unwrap_or_else(|| Next::says("nothing: the key is delivered and can sign in")),
        Some(Reason::Activated) => Next::at("the parcel is followed until it is delivered", poll),
        Some(reason) if reason.kind() == domain::failure::Kind::Auth => Next::by(
            "waits for its connection",
            format!("kubectl yubikey check {}", shipment.spec.connection_ref.name),
        ),
        _ => Next::says("goes on by itself"),
    }
}

/// Whether the person has signed in with the key is looked for, for a while.
fn use_look(
    status: &YubiKeyShipmentStatus,
    connection: Option<&YubiKeyConnectionSpec>,
    now: Timestamp,
) -> Option<Next> {
    let looks = connection.is_some_and(|spec| spec.polling.first_use == FirstUse::Daily);
    let lookout = Lookout::of(&journal_status::read(status).ok()?).filter(|_| looks)?;
    let at = lookout.next(now, LastUseLook::at(now)).filter(|_| !lookout.is_over(now))?;
    Some(Next::at("the person signs in with the key; Okta is asked whether that was", Some(at)))
}

/// A parcel that nobody reports as delivered waits until then.
fn delivery(
    shipment: &YubiKeyShipment,
    status: &YubiKeyShipmentStatus,
    connection: Option<&YubiKeyConnectionSpec>,
    now: Timestamp,
) -> Option<Next> {
    let own = shipment.spec.activation.clone().unwrap_or_default();
    let default = connection.and_then(|spec| spec.defaults.as_ref()).and_then(|d| d.activation.clone());
    let default = default.unwrap_or_default();
    if done(status, "Activated")
        || own.after.or(default.after).is_some_and(|after| after != ActivationGate::Delivery)
    {
        return None;
    }
    let timeout = own.delivery_timeout.or(default.delivery_timeout);
    let timeout = timeout.map_or(Some(DELIVERY_TIMEOUT), |text| durations::read(&text))?;
    let shipped = status.times.as_ref()?.shipped.as_ref()?.0;
    let at = shipped.checked_add(timeout).ok().filter(|at| *at > now)?;
    let what = match own.on_timeout.or(default.on_timeout) {
        Some(OnTimeout::Activate) => "is activated on delivery, or without a delivery",
        _ => "is activated on delivery; without one a person is asked",
    };
    Some(Next::at(what, Some(at)))
}

/// When `YubiEnterprise` is asked about the order next, where orders are read one by one.
fn poll(
    shipment: &YubiKeyShipment,
    status: &YubiKeyShipmentStatus,
    connection: Option<&YubiKeyConnectionSpec>,
    now: Timestamp,
) -> Option<Timestamp> {
    let ordered = status.order.as_ref()?.ordered_at.as_ref()?.0;
    let polling = connection.map(|spec| spec.polling.clone())?;
    let cadence = Cadence {
        first_after: durations::read(&polling.first_after)?,
        interval: durations::read(&polling.interval)?,
        phase: stable::hash([shipment.uid().unwrap_or_default()]),
    };
    Some(Schedule::new(ordered, cadence).next(now))
}

fn condition<'a>(
    status: &'a YubiKeyShipmentStatus,
    kind: &str,
) -> Option<&'a k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    status.conditions.iter().find(|condition| condition.type_ == kind)
}

fn done(status: &YubiKeyShipmentStatus, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition.status == "True")
}
