//! A connection that is being deleted: it stays while a shipment with an open effect names it, and says which.

use std::sync::Arc;

use api::{
    connection::YubiKeyConnection,
    shipment::{YubiKeyShipment, progress},
};
use domain::failure::Reason;
use jiff::Timestamp;
use kube::{Api, ResourceExt};
use system::clock;

use crate::{
    context::Context,
    kubernetes::{
        conditions::{self, Fact},
        events, finalizer,
        index::IndexKey,
        names::whole_name,
        status_patch::{self, CommitError},
    },
    shipment::release,
};

/// Type of the condition that says what a deletion waits for; it is there only then.
pub const CONDITION: &str = "Terminating";

/// Shipments that are named; the others are counted.
const NAMED: usize = 5;

/// Lets the connection go if no shipment needs it any more: without it a key would be lost. True: it is let go.
///
/// # Errors
/// As every guarded write.
pub async fn release(object: &YubiKeyConnection, ctx: &Context) -> Result<bool, CommitError> {
    if !finalizer::present(object) {
        return Ok(true);
    }
    if !keepers(ctx, &object.name_any()).is_empty() {
        return Ok(false);
    }
    finalizer::remove(&Api::all(ctx.client.clone()), object).await.map(|_| true)
}

/// Which shipments keep a connection that is being deleted.
#[must_use]
pub fn fact(object: &YubiKeyConnection, ctx: &Context) -> Option<Fact> {
    object.metadata.deletion_timestamp.as_ref()?;
    Some(told(&keepers(ctx, &object.name_any())))
}

/// Shipments that name this connection and need it: with an open effect, or going and not done with the vendors. Sorted.
fn keepers(ctx: &Context, connection: &str) -> Vec<String> {
    let key = IndexKey::Connection(connection.to_owned());
    let theirs = ctx.shipments.by_index(&key);
    let open = theirs.iter().filter(|s| needs(s));
    let mut names: Vec<_> = open.map(|s| whole_name(s.as_ref())).collect();
    let undecodable = ctx.undecodables.by_index(&key);
    let open = undecodable.iter().filter(|s| s.traces.open);
    names.extend(open.map(|s| s.whole_name()));
    names.sort_unstable();
    names
}

/// Between cancelling its order and removing its enrolment a shipment that goes has nothing open, and is not done.
fn needs(shipment: &YubiKeyShipment) -> bool {
    let Some(status) = &shipment.status else { return false };
    let begun = status.enrollment.is_some() || status.order.is_some();
    let goes = shipment.metadata.deletion_timestamp.is_some() && finalizer::present(shipment);
    progress::is_marked(status) || (goes && begun && !release::wants(shipment))
}

fn told(keepers: &[String]) -> Fact {
    let message = format!(
        "The connection is being deleted and stays while shipments with an open effect name it: {}. It goes with the \
         last of them, and orders nothing new; spec.deletionPolicy Orphan lets a shipment that is deleted go at once.",
        named(keepers)
    );
    Fact::new(CONDITION, true, Reason::Deleting.as_str(), message)
}

/// A few by name, all by number.
fn named(keepers: &[String]) -> String {
    let shown = keepers.get(..NAMED).unwrap_or(keepers).join(", ");
    match keepers.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Says so between two examinations, if it is news.
///
/// # Errors
/// As every guarded write.
pub async fn say(object: &YubiKeyConnection, ctx: &Context) -> Result<(), CommitError> {
    let Some(fact) = fact(object, ctx) else { return Ok(()) };
    let old = object.status.clone().unwrap_or_default();
    let mut new = old.clone();
    let generation = object.metadata.generation.unwrap_or_default();
    put(&mut new.conditions, fact, generation, clock::now());
    let api: Api<YubiKeyConnection> = Api::all(ctx.client.clone());
    if let Some(written) = status_patch::commit(&api, object, &old, &new).await? {
        ctx.connections.entries.note_written(&Arc::new(written));
        events::warning(&ctx.outbox, object, CONDITION, &old.conditions, &new.conditions);
    }
    Ok(())
}

fn put(
    conditions: &mut Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
    fact: Fact,
    generation: i64,
    now: Timestamp,
) {
    let built = conditions::build(vec![fact], conditions, generation, now);
    conditions.retain(|condition| condition.type_ != CONDITION);
    conditions.extend(built);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_shipments_are_named_and_all_are_counted() {
        let keepers: Vec<String> =
            (0..1_000).map(|number| format!("onboarding/person-{number:03}")).collect();
        assert_eq!(named(&keepers[..1]), "onboarding/person-000");
        assert!(!named(&keepers[..NAMED]).contains("more"));
        assert!(named(&keepers).ends_with("onboarding/person-004 and 995 more"));
        assert!(told(&keepers).message.contains("Orphan"));
    }

    #[test]
    fn what_is_said_twice_is_written_once() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let mut conditions = Vec::new();
        put(&mut conditions, told(&["a/b".to_owned()]), 2, at);
        let before = conditions.clone();
        put(&mut conditions, told(&["a/b".to_owned()]), 2, at + jiff::SignedDuration::from_secs(9));
        assert_eq!(conditions, before);
    }
}
