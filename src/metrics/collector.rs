//! Gauges over all shipments, rollouts and connections: counted from the cache when they are read, so that they are right on
//! every replica and nothing has to be kept in step. One walk; nothing is allocated for a shipment.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use api::{
    connection::YubiKeyConnection,
    rollout::YubiKeyRollout,
    shipment::{Phase, YubiKeyShipmentStatus},
};
use domain::failure::Reason;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use jiff::Timestamp;
use kube::{Resource, ResourceExt, runtime::reflector::Store};
use prometheus_client::{
    collector::Collector, encoding::DescriptorEncoder, metrics::MetricType, registry::Unit,
};
use system::clock;

use crate::{
    kubernetes::{
        conditions,
        kept::{self, Glance, KeptShipment},
        leader_election::Leadership,
        undecodable::{KINDS, Undecodables},
    },
    metrics::{Connections, instrument},
};

/// Label of a reason that another version wrote.
const OTHER: &str = "Other";

/// What is counted.
#[derive(Debug)]
pub struct ObjectCollector {
    /// All shipments, as watched, in one store or several.
    pub shipments: Vec<Store<KeptShipment>>,
    /// Whether each of these watches has listed or was refused.
    pub answered: Shared<BoxFuture<'static, ()>>,
    /// All rollouts, as watched, in one store or several.
    pub rollouts: Vec<Store<YubiKeyRollout>>,
    /// All connections, as watched.
    pub connections: Store<YubiKeyConnection>,
    /// What cannot be decoded.
    pub undecodables: Undecodables,
    /// What passes learned of each connection.
    pub known: Arc<Connections>,
    /// Does this process act?
    pub leadership: Leadership,
}

impl Collector for ObjectCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let leads = self.leadership.is_held();
        let help = "1 if this process acts, 0 if it stands by.";
        encoder
            .encode_descriptor("leader", help, None, MetricType::Gauge)?
            .encode_gauge(&u64::from(leads))?;
        encode_undecodable(&mut encoder, &self.undecodables)?;
        // Half a list would be told as a drop.
        if !is_listed(&self.connections) || !self.are_shipments_listed() {
            return Ok(());
        }
        let connections = self.connections.state();
        let mut by_name: BTreeMap<String, bool> = BTreeMap::new();
        by_name.extend(connections.iter().map(|connection| (connection.name_any(), is_ready(connection))));
        // Whatever it says of itself, this process cannot use it.
        let undecodable = self.undecodables.of_kind(instrument::CONNECTION);
        by_name.extend(undecodable.iter().map(|connection| (connection.name(), false)));
        encode_ready(&mut encoder, &by_name)?;
        let names: Vec<&str> = by_name.keys().map(String::as_str).collect();
        encode_tallies(&mut encoder, &count(&self.shipments, &names), clock::now())?;
        encode_rollouts(&mut encoder, &self.rollouts)?;
        let uid = |c: &Arc<YubiKeyConnection>| (c.name_any(), c.uid().unwrap_or_default());
        self.known.encode(&mut encoder, &connections.iter().map(uid).collect(), leads)
    }
}

impl ObjectCollector {
    /// A namespace that is not there, or may not be read, is no reason to tell nothing of the others.
    fn are_shipments_listed(&self) -> bool {
        self.answered.clone().now_or_never().is_some() && self.shipments.iter().any(is_listed)
    }
}

fn is_listed<K>(store: &Store<K>) -> bool
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store.wait_until_ready().now_or_never().is_some_and(|listed| listed.is_ok())
}

fn is_ready(connection: &YubiKeyConnection) -> bool {
    let conditions = connection.status.as_ref().map(|status| status.conditions.as_slice());
    conditions::find(conditions.unwrap_or_default(), "Ready").is_some_and(|ready| ready.status == "True")
}

/// The shipments of one connection.
#[derive(Debug, Default)]
struct Counts {
    phases: [u64; Phase::ALL.len()],
    holds: BTreeMap<Option<Reason>, u64>,
    oldest: Option<Timestamp>,
    unused: u64,
    longest_unused: Option<Timestamp>,
}

impl Counts {
    fn add_phase(&mut self, phase: Option<Phase>) {
        if let Some(count) = self.phases.get_mut(phase.unwrap_or(Phase::Pending) as usize) {
            *count += 1;
        }
    }

    fn add(&mut self, shipment: Glance<'_>) {
        let status = match shipment {
            Glance::Whole(shipment) => shipment.status.as_ref(),
            Glance::Packed(packed) => {
                self.add_phase(packed.phase);
                return self.add_unused(packed.unused_since);
            }
        };
        self.add_phase(status.and_then(|status| status.phase));
        if let Some((reason, since)) = status.and_then(hold) {
            *self.holds.entry(Reason::parse(reason)).or_default() += 1;
            self.oldest = Some(self.oldest.map_or(since, |oldest| oldest.min(since)));
        }
        self.add_unused(status.and_then(kept::unused_since));
    }

    fn add_unused(&mut self, since: Option<Timestamp>) {
        if let Some(delivered) = since {
            self.unused += 1;
            self.longest_unused = Some(self.longest_unused.map_or(delivered, |at| at.min(delivered)));
        }
    }
}

/// What waits for a person, and since when. What is over waits for nobody.
fn hold(status: &YubiKeyShipmentStatus) -> Option<(&str, Timestamp)> {
    if matches!(status.phase, Some(Phase::Failed | Phase::Cancelled)) {
        return None;
    }
    let noted = status.hold.as_ref().map(|hold| (hold.reason.as_str(), hold.since.0));
    let stalled = conditions::find(&status.conditions, "Stalled").filter(|c| c.status == "True");
    let said = stalled.map(|c| (c.reason.as_str(), c.last_transition_time.0));
    match (noted, said) {
        // A status that cannot be read keeps the hold it had.
        (Some(noted), Some(said)) if noted.0 != said.0 => Some(said),
        (Some(noted), _) => Some(noted),
        (None, said) => said,
    }
}

/// Shipments by the connection they name. What names none that exists is counted under the empty name: anybody may
/// write any name into a shipment, and no label may grow by that.
fn count<'a>(shipments: &[Store<KeptShipment>], existing: &[&'a str]) -> Vec<(&'a str, Counts)> {
    let names = [""].into_iter().chain(existing.iter().copied());
    let mut tallies: Vec<(&str, Counts)> = names.map(|name| (name, Counts::default())).collect();
    let places: HashMap<&str, usize> =
        existing.iter().enumerate().map(|(index, name)| (*name, index + 1)).collect();
    let counted = RefCell::new(&mut tallies);
    for store in shipments {
        // The one way through a store that copies nothing.
        let _ = store.find(|shipment| {
            let glance = shipment.glance();
            let connection = match glance {
                Glance::Whole(shipment) => shipment.spec.connection_ref.name.as_str(),
                Glance::Packed(packed) => &packed.connection,
            };
            let place = places.get(connection).copied().unwrap_or(0);
            if let Some((_, tally)) = counted.borrow_mut().get_mut(place) {
                tally.add(glance);
            }
            false
        });
    }
    tallies
}

fn encode_undecodable(encoder: &mut DescriptorEncoder<'_>, undecodables: &Undecodables) -> fmt::Result {
    let help = "Objects that this version cannot decode, by kind; nothing is done about them.";
    let mut family = encoder.encode_descriptor("undecodable_objects", help, None, MetricType::Gauge)?;
    for kind in KINDS {
        family.encode_family(&[("kind", kind)])?.encode_gauge(&(undecodables.count(kind) as u64))?;
    }
    Ok(())
}

fn encode_ready(encoder: &mut DescriptorEncoder<'_>, connections: &BTreeMap<String, bool>) -> fmt::Result {
    if connections.is_empty() {
        return Ok(());
    }
    let help = "1 if a connection can be used by shipments, else 0.";
    let mut family = encoder.encode_descriptor("connection_ready", help, None, MetricType::Gauge)?;
    for (name, ready) in connections {
        family.encode_family(&[("connection", name.as_str())])?.encode_gauge(&u64::from(*ready))?;
    }
    Ok(())
}

fn encode_tallies(
    encoder: &mut DescriptorEncoder<'_>,
    tallies: &[(&str, Counts)],
    now: Timestamp,
) -> fmt::Result {
    let help = "Shipments of a connection by phase; under the empty name those that name none that exists.";
    let mut family = encoder.encode_descriptor("shipments", help, None, MetricType::Gauge)?;
    for (connection, tally) in tallies {
        for (phase, count) in Phase::ALL.iter().zip(&tally.phases) {
            let labels = [("connection", *connection), ("phase", phase.as_str())];
            family.encode_family(&labels)?.encode_gauge(count)?;
        }
    }
    let help = "Age of the longest wait for a person, 0 if none waits.";
    let (name, unit) = ("oldest_hold_age", Unit::Seconds);
    let mut family = encoder.encode_descriptor(name, help, Some(&unit), MetricType::Gauge)?;
    for (connection, tally) in tallies {
        let age = tally.oldest.map_or(0, |since| now.duration_since(since).as_secs().max(0));
        family.encode_family(&[("connection", *connection)])?.encode_gauge(&age)?;
    }
    encode_holds(encoder, tallies)?;
    encode_unused(encoder, tallies, now)
}

fn encode_unused(
    encoder: &mut DescriptorEncoder<'_>,
    tallies: &[(&str, Counts)],
    now: Timestamp,
) -> fmt::Result {
    let help = "Keys that were delivered, can sign in, and were not seen used, while that is looked for.";
    let mut family = encoder.encode_descriptor("keys_not_used", help, None, MetricType::Gauge)?;
    for (connection, tally) in tallies {
        family.encode_family(&[("connection", *connection)])?.encode_gauge(&tally.unused)?;
    }
    let help = "Time since the delivery of the one of them that lies longest, 0 if there is none.";
    let (name, unit) = ("oldest_key_not_used_age", Unit::Seconds);
    let mut family = encoder.encode_descriptor(name, help, Some(&unit), MetricType::Gauge)?;
    for (connection, tally) in tallies {
        let age = tally.longest_unused.map_or(0, |since| now.duration_since(since).as_secs().max(0));
        family.encode_family(&[("connection", *connection)])?.encode_gauge(&age)?;
    }
    Ok(())
}

fn encode_holds(encoder: &mut DescriptorEncoder<'_>, tallies: &[(&str, Counts)]) -> fmt::Result {
    if tallies.iter().all(|(_, tally)| tally.holds.is_empty()) {
        return Ok(());
    }
    let help = "Shipments that wait for a person, by reason.";
    let mut family = encoder.encode_descriptor("holds", help, None, MetricType::Gauge)?;
    for (connection, tally) in tallies {
        for (reason, count) in &tally.holds {
            let labels = [("connection", *connection), ("reason", reason.map_or(OTHER, Reason::as_str))];
            family.encode_family(&labels)?.encode_gauge(count)?;
        }
    }
    Ok(())
}

/// Conditions of a rollout that tell how it stands; whichever is true.
const STANDS: [&str; 3] = ["Ready", "Reconciling", "Stalled"];

fn encode_rollouts(encoder: &mut DescriptorEncoder<'_>, rollouts: &[Store<YubiKeyRollout>]) -> fmt::Result {
    let all: Vec<_> = rollouts.iter().filter(|store| is_listed(store)).flat_map(Store::state).collect();
    let help = "Rollouts by how they stand.";
    let mut family = encoder.encode_descriptor("rollouts", help, None, MetricType::Gauge)?;
    for state in STANDS {
        let count = all.iter().filter(|rollout| stands(rollout) == state).count();
        family.encode_family(&[("state", state)])?.encode_gauge(&(count as u64))?;
    }
    Ok(())
}

/// One that no pass has seen yet is under way.
fn stands(rollout: &YubiKeyRollout) -> &'static str {
    let conditions = rollout.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let so = |kind: &&str| conditions::find(conditions, kind).is_some_and(|found| found.status == "True");
    STANDS.into_iter().find(so).unwrap_or("Reconciling")
}

#[cfg(test)]
mod tests;
