//! Who comes first of those who ask for a key for one person, over all namespaces and connections of one Okta org.

use std::sync::Arc;

use api::shipment::{
    EnrollmentOutcome, YubiKeyShipment, YubiKeyShipmentStatus,
    progress::{is_finished, is_open},
};
use domain::{
    desired::ExistingKey,
    failure::Reason,
    ids::UserId,
    journal::Journal,
    plan::{self, Observed, Person},
    precedence::{Facts, Rank, Standing},
    text,
};
use kube::ResourceExt;
use system::clock;

use super::{
    revision,
    validate::{self, Surroundings},
};
use crate::{
    connection::{allowed_namespaces, handle::ConnectionHandle},
    context::Context,
    kubernetes::{decode::Undecodable, index::IndexKey, names::whole_name},
};

/// A shipment that comes before another one of its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// `metadata.uid`, which no other shipment ever has.
    pub uid: String,
    /// Its name, as people write it.
    pub name: String,
    /// It has something at the vendors; else it is only older and could order now.
    pub begun: bool,
}

impl Rival {
    /// For the plan.
    #[must_use]
    pub fn as_planned(&self) -> plan::Rival<'_> {
        plan::Rival { name: &self.name, begun: self.begun }
    }
}

/// The shipment that comes first for the same person, if it is not this one.
pub async fn rival(
    ctx: &Context,
    object: &YubiKeyShipment,
    seen: &Observed,
    journal: &Journal,
    existing_key: ExistingKey,
) -> Option<Rival> {
    let Some(Person::Found(user)) = &seen.user else { return None };
    if journal.is_open() || journal.accepted().is_some() {
        return None;
    }
    let dim = undecodable(ctx, object, &user.id).await;
    if dim.as_ref().is_some_and(|rival| rival.begun) {
        return dim;
    }
    let mine = rank(object, Standing::Able);
    let mut others: Vec<_> = of_person(ctx, &user.id, object.spec.user_ref.login.as_deref())
        .into_iter()
        .filter(|other| other.uid() != object.uid() && same_person(ctx, other, object, &user.id))
        .map(|other| (facts(&other, existing_key), other))
        .collect();
    // Those that have begun first, then by age: whether one could order now is asked of the older ones only.
    others.sort_by_cached_key(|(facts, other)| {
        rank(other, if facts.begun { Standing::Begun } else { Standing::Able })
    });
    for (mut facts, other) in others {
        if !facts.begun {
            if rank(&other, Standing::Able) > mine {
                return dim;
            }
            facts.can_order = could_order(ctx, &other).await;
        }
        if let Some(standing) = facts.standing() {
            return Some(Rival {
                uid: other.uid().unwrap_or_default(),
                name: whole_name(other.as_ref()),
                begun: standing == Standing::Begun,
            });
        }
    }
    dim
}

/// A shipment of the same person that this version cannot decode. It may have a mark; without one it bars where an older
/// one that could be decoded would.
async fn undecodable(ctx: &Context, object: &YubiKeyShipment, id: &UserId) -> Option<Rival> {
    let mine = rank(object, Standing::Able);
    let mut older = None;
    for other in undecodable_of_person(ctx, id, object.spec.user_ref.login.as_deref()) {
        if another_org(org_of_undecodable(ctx, &other), ctx.connections.okta_org_of(object))
            || other.traces.finished
        {
            continue;
        }
        let rival = Rival {
            uid: other.metadata.uid.clone().unwrap_or_default(),
            name: other.whole_name(),
            begun: other.traces.open,
        };
        if rival.begun {
            return Some(rival);
        }
        let theirs = Rank {
            standing: Standing::Able,
            created: other.metadata.creation_timestamp.as_ref().map(|at| at.0),
            uid: rival.uid.clone(),
        };
        if theirs < mine && undecodable_counts(ctx, &other).await {
            older = Some(rival);
        }
    }
    older
}

/// Shipments that this version cannot decode and that name this person, by id or login.
pub fn undecodable_of_person(ctx: &Context, id: &UserId, login: Option<&str>) -> Vec<Arc<Undecodable>> {
    let index_keys = [Some(IndexKey::Person(id.to_string())), login.map(IndexKey::login)];
    index_keys.into_iter().flatten().flat_map(|key| ctx.undecodables.by_index(&key)).collect()
}

/// The Okta org of a shipment that cannot be decoded, where it is known.
pub fn org_of_undecodable(ctx: &Context, other: &Undecodable) -> Option<String> {
    other.traces.okta_org.clone().or_else(|| ctx.connections.okta_org_behind(&other.traces.connection))
}

/// Does it count for somebody else who wants a key for its person? What it asks for is not known, so all that bars it
/// is its connection or a deletion.
pub async fn undecodable_counts(ctx: &Context, other: &Undecodable) -> bool {
    if other.traces.open || other.traces.finished {
        return other.traces.open;
    }
    let deleting = other.metadata.deletion_timestamp.is_some();
    !deleting && admitted(ctx, &other.traces.connection, &other.namespace()).await.is_some()
}

/// The connection, if it is there, can be used and admits the namespace.
async fn admitted(ctx: &Context, connection: &str, namespace: &str) -> Option<Arc<ConnectionHandle>> {
    let link = ctx.connections.state(connection).1.usable()?;
    // What cannot be told now is asked again soon; until then the older one counts.
    allowed_namespaces::admits(&ctx.namespaces, namespace, &link.spec).await.unwrap_or(true).then_some(link)
}

/// Shipments that name this person, by id or login; also those whose login is another one's by now.
pub fn of_person(ctx: &Context, id: &UserId, login: Option<&str>) -> Vec<Arc<YubiKeyShipment>> {
    let mut all = ctx.shipments.by_index(&IndexKey::Person(id.to_string()));
    if let Some(login) = login {
        for other in ctx.shipments.by_index(&IndexKey::login(login)) {
            if !all.iter().any(|known| known.uid() == other.uid()) {
                all.push(other);
            }
        }
    }
    all
}

fn rank(object: &YubiKeyShipment, standing: Standing) -> Rank {
    Rank {
        standing,
        created: object.creation_timestamp().map(|at| at.0),
        uid: object.uid().unwrap_or_default(),
    }
}

/// All but whether it could order now.
fn facts(other: &YubiKeyShipment, existing_key: ExistingKey) -> Facts {
    let status = other.status.as_ref();
    Facts {
        begun: status.is_some_and(is_open),
        aside: status.is_some_and(|status| is_finished(status) || is_overlooked(status, existing_key)),
        can_order: false,
    }
}

/// As the person's list at Okta would be: an enrolment whose answer is not known is never overlooked.
fn is_overlooked(status: &YubiKeyShipmentStatus, existing_key: ExistingKey) -> bool {
    let made = status.enrollment.as_ref().filter(|e| e.outcome == EnrollmentOutcome::Made);
    made.is_some_and(|made| existing_key.overlooks(made.created_at.as_ref().map(|at| at.0)))
}

/// Does it count for somebody else who wants a key for its person: begun, or able to order now?
pub async fn counts(ctx: &Context, other: &YubiKeyShipment) -> bool {
    let mut facts = facts(other, ExistingKey::Hold);
    facts.can_order = !facts.begun && !facts.aside && could_order(ctx, other).await;
    facts.standing().is_some()
}

/// Its connection is there and usable, admits its namespace and what it asks for, nothing bars it, and it waits for
/// nobody's answer. One that only waits for its turn among the open orders could.
pub async fn could_order(ctx: &Context, other: &YubiKeyShipment) -> bool {
    if waits_for_a_person(other) {
        return false;
    }
    let namespace = other.namespace().unwrap_or_default();
    let Some(link) = admitted(ctx, &other.spec.connection_ref.name, &namespace).await else { return false };
    let around = Surroundings {
        namespace_allowed: true,
        namespace_ending: false,
        open_orders: 0,
        let_go: 0,
        cluster: ctx.cluster.as_deref(),
        connection_leaves: ctx.connections.is_leaving(&link.name),
    };
    plan::may_order(&validate::desired(other, &link.spec, &link.facts, around), clock::now())
}

/// A hold of this spec: what it needs first (a complete profile, an answer, stock) may never come. Behind another
/// shipment it only waits its turn.
fn waits_for_a_person(other: &YubiKeyShipment) -> bool {
    let hold = other.status.as_ref().and_then(|status| status.hold.as_ref());
    hold.is_some_and(|hold| {
        let in_line = hold.reason == Reason::AnotherOrderForUser.as_str() && hold.choices.is_empty();
        hold.generation == revision::of(other) && !in_line
    })
}

/// By the id Okta gave, else by the reference as written: before the first mark no id is known. Logins and ids
/// belong to one Okta org; one that is not known may be the same.
fn same_person(ctx: &Context, other: &YubiKeyShipment, mine: &YubiKeyShipment, id: &UserId) -> bool {
    if another_org(ctx.connections.okta_org_of(other), ctx.connections.okta_org_of(mine)) {
        return false;
    }
    if let Some(known) = other.status.as_ref().and_then(|s| s.user_id.as_deref()) {
        return known == id.as_str();
    }
    let theirs = &other.spec.user_ref;
    let ours = &mine.spec.user_ref;
    let same_login = match (&theirs.login, &ours.login) {
        (Some(a), Some(b)) => text::is_same(&text::tidy(a), &text::tidy(b)),
        _ => false,
    };
    same_login || theirs.id.as_deref() == Some(id.as_str())
}

fn another_org(theirs: Option<String>, ours: Option<String>) -> bool {
    matches!((theirs, ours), (Some(theirs), Some(ours)) if theirs != ours)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AT: &str = "2027-01-01T00:00:00.000000Z";

    fn shipment(generation: i64, status: Value) -> YubiKeyShipment {
        let mut whole = json!({"conditions": [], "observedGeneration": 1});
        if let (Some(whole), Value::Object(status)) = (whole.as_object_mut(), status) {
            whole.extend(status);
        }
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "kim", "namespace": "onboarding", "generation": generation},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "kim@example.com"}, "key": {"model": "m"}},
            "status": whole,
        }))
        .expect("a shipment")
    }

    fn held(reason: &str, choices: &[&str]) -> Value {
        json!({"hold": {"id": "order-1-abc234", "reason": reason, "message": "m", "since": AT, "generation": 2,
            "choices": choices}})
    }

    fn made() -> Value {
        json!({"enrollment": {"attempt": 1, "outcome": "Made", "id": "fwf1", "rpIds": ["acme.com"], "createdAt": AT,
            "mark": {"at": AT, "oktaTime": AT, "shown": []}}})
    }

    #[test]
    fn who_is_held_for_a_person_bars_nobody_until_its_spec_changes() {
        let lasting = ["RetryOrder"];
        for held in
            [held("ExistingKey", &lasting), held("ForbiddenByConnection", &[]), held("OutOfStock", &[])]
        {
            assert!(waits_for_a_person(&shipment(2, held.clone())), "{held}");
            assert!(!waits_for_a_person(&shipment(3, held.clone())), "{held}: changed");
        }
        assert!(!waits_for_a_person(&shipment(2, json!({}))));
    }

    #[test]
    fn who_waits_behind_another_one_keeps_its_place_before_younger_ones() {
        assert!(!waits_for_a_person(&shipment(2, held("AnotherOrderForUser", &[]))));
        assert!(waits_for_a_person(&shipment(2, held("AnotherOrderForUser", &["RetryOrder"]))));
    }

    #[test]
    fn an_enrolment_counts_unless_it_is_older_than_existing_key_before() {
        let other = shipment(1, made());
        let at = |text: &str| ExistingKey::OrderAnother(text.parse().expect("a time"));
        assert_eq!(facts(&other, ExistingKey::Hold).standing(), Some(Standing::Begun));
        assert_eq!(facts(&other, at("2027-01-01T00:00:00Z")).standing(), Some(Standing::Begun));
        assert_eq!(facts(&other, at("2027-01-02T00:00:00Z")).standing(), None);
    }

    #[test]
    fn an_enrolment_without_an_answer_is_never_overlooked() {
        let open = json!({"enrollment":
            {"attempt": 1, "outcome": "Open", "mark": {"at": AT, "oktaTime": AT, "shown": []}}});
        let later = ExistingKey::OrderAnother("2028-01-01T00:00:00Z".parse().expect("a time"));
        assert_eq!(facts(&shipment(1, open), later).standing(), Some(Standing::Begun));
    }
}
