//! Shipments as a rollout sees them: its own by person, and those of others for the same people.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    rollout::{LedgerState, Mode, ROLLOUT_LABEL, YubiKeyRollout, ledger_status},
    shipment::{OrderOutcome, Phase, YubiKeyShipment, YubiKeyShipmentStatus},
};
use domain::{
    binding::Binding,
    failure::Reason,
    ids::UserId,
    rollout::{Key, Member, ObservedShipment, Stage},
};
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use system::clock;

use super::memory::Known;
use crate::{
    connection::allowed_namespaces,
    context::Context,
    kubernetes::{
        conditions,
        decode::{Decoded, Undecodable},
        index::IndexKey,
        names::whole_name,
    },
    metrics::instrument,
    rollout::shipments,
    shipment::precedence,
};

/// Longest time in which the cache shows what was just made.
const LAG: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// What there is for a rollout.
#[derive(Debug, Default)]
pub struct View {
    /// Its own, by person.
    pub ours: BTreeMap<UserId, Arc<YubiKeyShipment>>,
    /// Its own that this version cannot decode: they are there, and nothing is done about them.
    pub undecodable: BTreeMap<UserId, Arc<Undecodable>>,
    /// Members with a shipment of somebody else that has begun or could, or whom another rollout begins for, and whose
    /// that is.
    pub elsewhere: BTreeMap<UserId, String>,
}

impl View {
    /// From the cache, and from what was made a moment ago.
    #[must_use]
    pub async fn of(rollout: &YubiKeyRollout, ctx: &Context, known: &mut Known) -> Self {
        let mut view = Self::default();
        let key = IndexKey::Rollout {
            namespace: rollout.namespace().unwrap_or_default(),
            rollout: rollout.name_any(),
        };
        let labelled = ctx.shipments.watched.by_index(&key).into_iter();
        view.ours = labelled.filter_map(|shipment| Some((person(rollout, &shipment)?, shipment))).collect();
        ctx.undecodables.by_index(&key).into_iter().for_each(|object| view.note_undecodable(rollout, object));
        let now = clock::now();
        known.made.retain(|user, (at, _)| !view.has(user) && now.duration_since(*at) < LAG);
        let fresh = known.made.iter().map(|(user, (_, shipment))| (user.clone(), Arc::clone(shipment)));
        view.ours.extend(fresh);
        if let Some(roster) = &known.roster {
            let others = Others::of(rollout, ctx).await;
            for member in &roster.members {
                if let Some(other) = others.whose(member).await {
                    view.elsewhere.insert(member.id.clone(), other);
                }
            }
        }
        view
    }

    /// Is there a shipment for this person, readable or not?
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.ours.contains_key(user) || self.undecodable.contains_key(user)
    }

    /// Takes a shipment with the rollout's label, if it is one of its own.
    pub fn note(&mut self, rollout: &YubiKeyRollout, shipment: Decoded<YubiKeyShipment>) {
        match shipment.0 {
            Ok(shipment) => {
                self.ours.extend(person(rollout, &shipment).map(|user| (user, Arc::new(shipment))));
            }
            Err(object) => self.note_undecodable(rollout, object),
        }
    }

    fn note_undecodable(&mut self, rollout: &YubiKeyRollout, object: Arc<Undecodable>) {
        let Some(Ok(user)) = object.traces.user.clone().map(UserId::new) else { return };
        let namespace = rollout.namespace().unwrap_or_default();
        if object.name() == shipments::name(&namespace, &rollout.name_any(), &user) {
            self.undecodable.insert(user, object);
        }
    }

    /// Its own, in words of the domain.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<UserId, ObservedShipment> {
        let undecodable = self.undecodable.iter().map(|(user, object)| (user.clone(), seen_dimly(object)));
        undecodable.chain(self.ours.iter().map(|(user, shipment)| (user.clone(), seen(shipment)))).collect()
    }
}

/// Whoever else may order for the same people.
struct Others<'a> {
    ctx: &'a Context,
    rollout: &'a YubiKeyRollout,
    org: Option<String>,
    /// Other rollouts of the org, as last written.
    rollouts: Vec<Arc<YubiKeyRollout>>,
}

impl<'a> Others<'a> {
    async fn of(rollout: &'a YubiKeyRollout, ctx: &'a Context) -> Self {
        let org = org(ctx, &rollout.spec.connection_ref.name);
        let mut rollouts = Vec::new();
        for other in ctx.rollouts.all() {
            let orders = other.uid() != rollout.uid()
                && other.spec.mode == Mode::Order
                && same_org(org.as_deref(), self::org(ctx, &other.spec.connection_ref.name));
            if orders && may_begin(&other, ctx).await {
                rollouts.push(ctx.rollout_memory.newest(&other));
            }
        }
        Self { ctx, rollout, org, rollouts }
    }

    /// What a person may get from somebody else.
    async fn whose(&self, member: &Member) -> Option<String> {
        match self.shipment(member).await {
            Some(shipment) => Some(shipment),
            None => self.begun(member),
        }
    }

    /// A shipment that has begun, or could: one that may not order is in nobody's way.
    async fn shipment(&self, member: &Member) -> Option<String> {
        let mut names = Vec::new();
        for shipment in precedence::of_person(self.ctx, &member.id, member.login.as_deref()) {
            let another = person(self.rollout, &shipment).is_none()
                && same_org(self.org.as_deref(), self.ctx.connections.okta_org_of(&shipment));
            if another && precedence::counts(self.ctx, &shipment).await {
                names.push(whole_name(shipment.as_ref()));
            }
        }
        match names.into_iter().min() {
            Some(name) => Some(name),
            None => self.undecodable(member).await,
        }
    }

    async fn undecodable(&self, member: &Member) -> Option<String> {
        let (namespace, label) = (self.rollout.namespace(), self.rollout.name_any());
        let is_ours = |other: &Undecodable| {
            other.metadata.namespace == namespace
                && other.metadata.labels.as_ref().and_then(|labels| labels.get(ROLLOUT_LABEL)) == Some(&label)
        };
        let mut names = Vec::new();
        for other in precedence::undecodable_of_person(self.ctx, &member.id, member.login.as_deref()) {
            let another = !is_ours(&other)
                && same_org(self.org.as_deref(), precedence::org_of_undecodable(self.ctx, &other));
            if another && precedence::undecodable_counts(self.ctx, &other).await {
                names.push(other.whole_name());
            }
        }
        names.into_iter().min()
    }

    /// A rollout that has written that it begins, or has made a shipment that the cache does not show: it lags behind the
    /// ledger, which this process writes itself.
    fn begun(&self, member: &Member) -> Option<String> {
        let begins = |other: &&Arc<YubiKeyRollout>| {
            let ledger = other.status.as_ref().and_then(|status| status.ledger.get(member.id.as_str()));
            ledger.is_some_and(|entry| match entry.state {
                LedgerState::Begun => other.spec.mode == Mode::Order,
                LedgerState::Made | LedgerState::Leaving => !self.shows(other, &member.id),
                _ => false,
            })
        };
        let other = self.rollouts.iter().find(begins).map(|other| whole_name(other.as_ref()));
        let undecodable = || {
            let all = self.ctx.undecodables.of_kind(instrument::ROLLOUT);
            let other = all.iter().find(|other| other.traces.begun.contains(member.id.as_str()))?;
            Some(other.whole_name())
        };
        other.or_else(undecodable).map(|name| format!("rollout {name}"))
    }

    /// The cache shows the shipment that another rollout made for this person.
    fn shows(&self, other: &YubiKeyRollout, user: &UserId) -> bool {
        let all = self.ctx.shipments.watched.by_index(&IndexKey::Person(user.to_string()));
        all.iter().any(|shipment| person(other, shipment).is_some())
    }
}

/// Whatever its ledger says, a rollout begins nobody whose connection cannot be used, does not admit its namespace or
/// is bound to another cluster, or that is paused or goes.
async fn may_begin(other: &YubiKeyRollout, ctx: &Context) -> bool {
    let name = &other.spec.connection_ref.name;
    let Some(link) = ctx.connections.state(name).1.usable() else { return false };
    if other.spec.paused
        || other.metadata.deletion_timestamp.is_some()
        || Binding::read(link.spec.ordering_cluster.as_deref(), ctx.cluster.as_deref()) == Binding::Elsewhere
    {
        return false;
    }
    // What cannot be told now is asked again at the next look; until then it may.
    allowed_namespaces::admits(&ctx.namespaces, &other.namespace().unwrap_or_default(), &link.spec)
        .await
        .unwrap_or(true)
}

/// Whom a shipment of this rollout is for; `None` if it is not this rollout's.
#[must_use]
pub fn person(rollout: &YubiKeyRollout, shipment: &YubiKeyShipment) -> Option<UserId> {
    let labelled = shipment.labels().get(ROLLOUT_LABEL) == Some(&rollout.name_any());
    if !labelled || shipment.namespace() != rollout.namespace() {
        return None;
    }
    let user = UserId::new(shipment.spec.user_ref.id.clone()?).ok()?;
    shipments::is_ours(rollout, shipment, &user).then_some(user)
}

/// The Okta org behind a connection, where it is known.
fn org(ctx: &Context, connection: &str) -> Option<String> {
    ctx.connections.okta_org_behind(connection)
}

/// Ids belong to one org; where one is not known, they may be the same.
fn same_org(ours: Option<&str>, theirs: Option<String>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    }
}

fn seen(shipment: &YubiKeyShipment) -> ObservedShipment {
    let status = shipment.status.as_ref();
    let conditions: &[Condition] = status.map(|status| &status.conditions[..]).unwrap_or_default();
    let made = shipment.creation_timestamp().map_or_else(clock::now, |at| at.0);
    ObservedShipment {
        name: shipment.name_any(),
        stage: status.map_or(Stage::Before, stage),
        phase: status.and_then(|status| status.phase).unwrap_or(Phase::Pending).as_str(),
        held: conditions::find(conditions, "Stalled")
            .filter(|stalled| stalled.status == "True")
            .map(|stalled| stalled.reason.clone()),
        deleting: shipment.metadata.deletion_timestamp.is_some(),
        key: ledger_status::key_of_spec(&shipment.spec.key).unwrap_or(Key::Model(String::new())),
        day: made.to_zoned(TimeZone::UTC).date(),
    }
}

/// Counted as on its way, and never as one that may still be taken back.
fn seen_dimly(object: &Undecodable) -> ObservedShipment {
    let made = object.metadata.creation_timestamp.as_ref().map_or_else(clock::now, |at| at.0);
    let key = object.traces.key.as_ref().and_then(ledger_status::key_of_spec);
    ObservedShipment {
        name: object.name(),
        stage: if object.traces.finished { Stage::Over } else { Stage::Shipped },
        phase: Phase::Held.as_str(),
        held: Some(Reason::ObjectUndecodable.to_string()),
        deleting: object.metadata.deletion_timestamp.is_some(),
        key: key.unwrap_or(Key::Model(String::new())),
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
