//! Shipments as a rollout sees them: its own by person, and those of others for the same people.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::{make, memory::Known, record};
use crate::{
    api::{
        rollout::{LedgerState, Mode, ROLLOUT_LABEL, YubiKeyRollout},
        shipment::{OrderOutcome, Phase, YubiKeyShipment, YubiKeyShipmentStatus},
    },
    clock,
    controller::{Context, conditions, connection::registry::Connection, context::is_finished},
    domain::{
        ids::UserId,
        rollout::{Key, Roster, Seen, Stage},
    },
};

/// Longest time in which the cache shows what was just made.
const LAG: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// What there is for a rollout.
#[derive(Debug, Default)]
pub struct View {
    /// Its own, by person.
    pub ours: BTreeMap<UserId, Arc<YubiKeyShipment>>,
    /// Open ones of others, by person and by login.
    others: Others,
}

#[derive(Debug, Default)]
struct Others {
    by_id: HashMap<String, String>,
    by_login: HashMap<String, String>,
}

impl View {
    /// From the cache, and from what was made a moment ago.
    #[must_use]
    pub fn of(rollout: &YubiKeyRollout, ctx: &Context, known: &mut Known) -> Self {
        let mut view = Self::default();
        let org = org(ctx, &rollout.spec.connection_ref.name);
        for shipment in ctx.shipments.state() {
            match person(rollout, &shipment) {
                Some(user) => {
                    view.ours.insert(user, shipment);
                }
                None if same_org(ctx, org.as_deref(), &shipment.spec.connection_ref.name) => {
                    view.others.note(&shipment);
                }
                None => {}
            }
        }
        let now = clock::now();
        known.made.retain(|user, (at, _)| !view.ours.contains_key(user) && now.duration_since(*at) < LAG);
        let fresh = known.made.iter().map(|(user, (_, shipment))| (user.clone(), Arc::clone(shipment)));
        view.ours.extend(fresh);
        view.others.note_ledgers(rollout, ctx, org.as_deref());
        view
    }

    /// Its own, in words of the domain.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<UserId, Seen> {
        self.ours.iter().map(|(user, shipment)| (user.clone(), seen(shipment))).collect()
    }

    /// Members with an open shipment of somebody else.
    #[must_use]
    pub fn elsewhere(&self, roster: Option<&Roster>) -> BTreeMap<UserId, String> {
        let members = roster.map(|roster| &roster.members[..]).unwrap_or_default();
        let other = |member: &crate::domain::rollout::Member| {
            let by_login = member.login.as_ref().and_then(|login| self.others.by_login.get(login));
            let found = self.others.by_id.get(member.id.as_str()).or(by_login)?;
            Some((member.id.clone(), found.clone()))
        };
        members.iter().filter_map(other).collect()
    }
}

impl Others {
    fn note(&mut self, shipment: &YubiKeyShipment) {
        let status = shipment.status.as_ref();
        if status.is_some_and(is_finished) {
            return;
        }
        let name = format!("{}/{}", shipment.namespace().unwrap_or_default(), shipment.name_any());
        let user = &shipment.spec.user_ref;
        let id = status.and_then(|status| status.user_id.clone()).or_else(|| user.id.clone());
        match (id, &user.login) {
            (Some(id), _) => {
                self.by_id.insert(id, name);
            }
            (None, Some(login)) => {
                self.by_login.insert(login.to_lowercase(), name);
            }
            (None, None) => {}
        }
    }

    /// People for whom another rollout has written that it begins: their shipment may not be there yet.
    fn note_ledgers(&mut self, rollout: &YubiKeyRollout, ctx: &Context, org: Option<&str>) {
        for other in ctx.rollouts.state() {
            let theirs = &other.spec.connection_ref.name;
            let live = other.uid() != rollout.uid() && other.spec.mode == Mode::Order;
            if !live || !same_org(ctx, org, theirs) {
                continue;
            }
            let other = ctx.rollout_memory.newest(&other);
            let name = format!("rollout {}/{}", other.namespace().unwrap_or_default(), other.name_any());
            let ledger = other.status.iter().flat_map(|status| &status.ledger);
            for (id, _) in ledger.filter(|(_, entry)| entry.state == LedgerState::Begun) {
                self.by_id.entry(id.clone()).or_insert_with(|| name.clone());
            }
        }
    }
}

/// Whom a shipment of this rollout is for; `None` if it is not this rollout's.
#[must_use]
pub fn person(rollout: &YubiKeyRollout, shipment: &YubiKeyShipment) -> Option<UserId> {
    let labelled = shipment.labels().get(ROLLOUT_LABEL) == Some(&rollout.name_any());
    if !labelled || shipment.namespace() != rollout.namespace() {
        return None;
    }
    let user = UserId::new(shipment.spec.user_ref.id.clone()?).ok()?;
    make::is_ours(rollout, shipment, &user).then_some(user)
}

/// The Okta org behind a connection, where it is known.
fn org(ctx: &Context, connection: &str) -> Option<String> {
    match ctx.registry.get(connection)? {
        Connection::Usable(link) => link.facts.orgs.okta.as_ref().map(ToString::to_string),
        Connection::Faulty(_) => None,
    }
}

/// Ids belong to one org; where one is not known, they may be the same.
fn same_org(ctx: &Context, ours: Option<&str>, connection: &str) -> bool {
    match (ours, org(ctx, connection)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    }
}

fn seen(shipment: &YubiKeyShipment) -> Seen {
    let status = shipment.status.as_ref();
    let conditions: &[Condition] = status.map(|status| &status.conditions[..]).unwrap_or_default();
    let made = shipment.creation_timestamp().map_or_else(clock::now, |at| at.0);
    Seen {
        name: shipment.name_any(),
        stage: status.map_or(Stage::Before, stage),
        phase: status.and_then(|status| status.phase).unwrap_or(Phase::Pending).as_str(),
        held: conditions::find(conditions, "Stalled")
            .filter(|stalled| stalled.status == "True")
            .map(|stalled| stalled.reason.clone()),
        deleting: shipment.metadata.deletion_timestamp.is_some(),
        key: record::key_of_spec(&shipment.spec.key).unwrap_or(Key::Model(String::new())),
        day: made.to_zoned(TimeZone::UTC).date(),
    }
}

fn stage(status: &YubiKeyShipmentStatus) -> Stage {
    let over = status
        .order
        .as_ref()
        .is_some_and(|order| order.outcome == OrderOutcome::Cancelled || order.given_up == Some(true));
    match &status.times {
        Some(times) if times.activated.is_some() => Stage::Activated,
        _ if over => Stage::Over,
        Some(times) if times.shipped.is_some() => Stage::Shipped,
        _ => Stage::Before,
    }
}
