//! Every read of a pass: what the plan asks for, put into [`Observed`] and the journal.

use std::sync::Arc;

use api::shipment::{YubiKeyShipment, progress::is_open};
use domain::{
    failure::{CallError, Failure, Reason},
    first_use::UseSeen,
    ids::{Login, UserId},
    journal::Journal,
    plan::{Fetch, Observation, Observed, ObservedUser, Person},
    vendor_states::{AddressVerdict, ParcelClass, Programmed, User},
};
use kube::{Api, Resource, ResourceExt, api::ListParams};
use system::clock;

use crate::{
    connection::handle::ConnectionHandle,
    context::Context,
    kubernetes::{decode::Decoded, list, retry},
    shipment::{adopt, claims, recipient, validate},
};

/// Reads what the plan asked for.
///
/// # Errors
/// A failed read is never a state: the pass ends, the last known state stays.
pub async fn look(
    look: Fetch,
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &Arc<ConnectionHandle>,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    match look {
        Fetch::User => user(object, link, journal, found).await,
        Fetch::Enrollments => enrollments(link, journal, found).await,
        Fetch::Address => address(object, link, found).await,
        Fetch::Parcel => parcel(link, journal, found).await,
        Fetch::Search | Fetch::Adoption if found.recipient.is_none() && found.user.is_none() => {
            // Both compare the recipient; the plan asks again.
            user(object, link, journal, found).await
        }
        Fetch::Search => adopt::search(object, ctx, link, journal, found).await,
        Fetch::Adoption => adopt::adopt(object, ctx, link, journal, found).await,
        Fetch::Rivals => rivals(object, ctx, journal, found).await,
        Fetch::FirstUse => first_use(object, ctx, link, journal, found).await,
    }
}

/// Listed live: the cache may not show a mark that another process has just written.
async fn rivals(
    object: &YubiKeyShipment,
    ctx: &Context,
    journal: &Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let user = journal.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let selector = ListParams::default().fields(&format!("status.userId={user}"));
    let entries = found.list.as_ref().map(|list| &list.entries[..]).unwrap_or_default();
    let new: Vec<_> = entries.iter().map(|entry| &entry.id).filter(|id| !journal.was_shown(id)).collect();
    let has_one = |other: &YubiKeyShipment| {
        claims::enrollment_of(other).is_some_and(|theirs| new.iter().any(|id| id.as_str() == theirs))
    };
    let mut live = false;
    let note = |other: Decoded<YubiKeyShipment>| {
        let in_the_way = match &other.0 {
            Ok(other) => other.status.as_ref().is_some_and(is_open) || has_one(other),
            Err(other) => other.traces.open,
        };
        live |= in_the_way && other.meta().uid != object.metadata.uid;
    };
    let listed = each_shipment(ctx, &selector, note).await;
    listed.map_err(|error| retry::unread(&error, "the person's shipments"))?;
    found.rival_live = Some(live);
    Ok(())
}

/// In all namespaces that are watched; one that does not exist holds nothing.
async fn each_shipment(
    ctx: &Context,
    selector: &ListParams,
    mut visit: impl FnMut(Decoded<YubiKeyShipment>),
) -> Result<(), kube::Error> {
    let Some(namespaces) = ctx.namespaces.listed() else {
        return list::each(&Api::all(ctx.client.clone()), selector, visit).await;
    };
    for namespace in namespaces {
        let api = Api::namespaced(ctx.client.clone(), namespace);
        match list::each(&api, selector, &mut visit).await {
            Ok(()) => {}
            // A namespace takes its roles with it when it goes.
            Err(error) if !ctx.namespaces.exists(namespace).await? => {
                tracing::debug!(%error, namespace, "left out: the namespace does not exist");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The id once it is known: a login may be given to another person later.
async fn user(
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let user = read_user(object, link, journal).await?;
    let Some(user) = user else {
        found.user = Some(Person::Unknown);
        return Ok(());
    };
    groups(link, &user, found).await?;
    if found.recipient_fault.is_none() {
        recipient(object, link, &user, journal, found).await?;
    }
    journal.observe_user(&user.id, &link.facts.orgs);
    found.login.clone_from(&user.login);
    found.user = Some(Person::Found(ObservedUser { id: user.id, status: user.status }));
    Ok(())
}

/// An HRIS is asked only while an order may still be made from its answer, or is compared with it: one that is down
/// must not keep a delivered key from being activated.
async fn recipient(
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    user: &User,
    journal: &Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let record = match &link.hris {
        None => None,
        Some(_) if journal.accepted().is_some() && journal.adoption.is_none() => return Ok(()),
        Some(hris) => match hris.recipient(user).await {
            Ok(record) => Some(record),
            Err(unknown) if unknown.failure.reason == Reason::InvalidRecipient => {
                found.recipient_fault = Some(unknown.failure);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        },
    };
    match recipient::recipient(&object.spec, &link.spec, user, record.as_ref()) {
        Ok(recipient) => found.recipient = Some(recipient),
        Err(fault) => found.recipient_fault = Some(fault),
    }
    Ok(())
}

async fn read_user(
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    journal: &Journal,
) -> Result<Option<User>, Failure> {
    let invalid = |fault: String| {
        Failure::new(
            Reason::UserNotFound,
            format!("spec.userRef cannot be used: {fault}; declare a shipment with the right one."),
        )
    };
    let known = journal.user.clone().filter(|_| !journal.is_untouched());
    let id = match (known, &object.spec.user_ref.id) {
        (Some(id), _) => Some(id),
        (None, Some(id)) => Some(UserId::new(id).map_err(|fault| invalid(fault.to_string()))?),
        (None, None) => None,
    };
    if let Some(id) = id {
        return Ok(link.okta.user_by_id(&id).await?);
    }
    let written = object.spec.user_ref.login.as_deref().unwrap_or_default();
    let login = Login::read(written).map_err(|fault| invalid(fault.to_string()))?;
    Ok(link.okta.user_by_login(&login).await?)
}

/// The connection's `policy.userGroups`: one read more, and only where it is set.
async fn groups(link: &ConnectionHandle, user: &User, found: &mut Observed) -> Result<(), Failure> {
    let Some(policy) = &link.spec.policy.user_groups else { return Ok(()) };
    if policy.allow.is_empty() && policy.deny.is_empty() {
        return Ok(());
    }
    let groups = link.okta.groups_of(&user.id).await?;
    let denied = groups.iter().any(|id| policy.deny.contains(id));
    let allowed = policy.allow.is_empty() || groups.iter().any(|id| policy.allow.contains(id));
    if denied || !allowed {
        found.recipient_fault = Some(Failure::new(
            Reason::ForbiddenByConnection,
            "The connection's policy.userGroups does not admit this person; change the person's groups at Okta, or ask the connection's owner.",
        ));
    }
    Ok(())
}

async fn enrollments(
    link: &ConnectionHandle,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let user = journal.user.clone().ok_or_else(|| {
        Failure::new(
            Reason::StatusUnreadable,
            "status.userId is missing although an enrolment is marked; restore the status from a backup.",
        )
    })?;
    let list = link.okta.enrollments(&user).await?;
    journal.observe_list(&list, clock::now());
    note_used_pin(journal, &list);
    found.first_use = journal.observe_first_use(&list, clock::now());
    found.list = Some(list);
    Ok(())
}

/// Of a person whom Okta does not know any more it shows nothing.
async fn first_use(
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &ConnectionHandle,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let Some(user) = journal.user.clone() else { return Ok(()) };
    let asked = look_requested(object);
    found.first_use = match ctx.person_lists.read(link, &user, asked).await {
        Ok(list) => journal.observe_first_use(&list, clock::now()),
        Err(error) if error.is_not_found() => Some(UseSeen::NotTold),
        Err(error) => return Err(error.into()),
    };
    Ok(())
}

/// Did a person ask for a look now?
#[must_use]
pub fn look_requested(object: &YubiKeyShipment) -> bool {
    let asked = object.annotations().get(api::REQUESTED_AT);
    let handled = object.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
    asked.is_some() && asked != handled
}

/// A mail whose answer was lost is not needed once the key has signed in.
fn note_used_pin(journal: &mut Journal, list: &domain::vendor_states::EnrollmentList) {
    let ours = journal.made().and_then(|made| list.entries.iter().find(|e| e.id == made.id));
    let used = ours.is_some_and(|e| e.preset_pin_available == Some(false));
    if used && journal.pin.mark.is_some() {
        journal.observe_pin_used(clock::now());
    }
}

/// Stock and deliverability; an address service that gives no clear answer warns and does not block.
async fn address(
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    found: &mut Observed,
) -> Result<(), Failure> {
    let product = validate::product(&object.spec, &link.spec)?;
    if let Some(inventory) = link.inventory().await?
        && let Err(fault) = validate::stock(&inventory, &product)
    {
        found.checked = Some(Err(fault));
        return Ok(());
    }
    let Some(recipient) = &found.recipient else {
        found.checked = Some(Err(Failure::new(Reason::InvalidRecipient, "The recipient was not read.")));
        return Ok(());
    };
    found.checked = Some(match link.yubico.validate_address(recipient).await? {
        AddressVerdict::Deliverable => Ok(()),
        AddressVerdict::Undecided(why) => {
            tracing::warn!(why, "YubiEnterprise gave no verdict on the address; ordering goes on");
            Ok(())
        }
        AddressVerdict::Undeliverable(doubted) => Err(recipient::undeliverable(&doubted)),
    });
    Ok(())
}

async fn parcel(link: &ConnectionHandle, journal: &mut Journal, found: &mut Observed) -> Result<(), Failure> {
    let Some(order) = journal.accepted() else { return Ok(()) };
    let id = order.id.clone();
    let parcel = match link.yubico.shipment(&id).await {
        Ok(parcel) => parcel,
        Err(error) if error.is_not_found() => return missing(link, journal, found, error).await,
        Err(error) => return Err(error.into()),
    };
    let fresh = matches!(parcel.programmed, Programmed::One(_))
        && journal.kept.is_none()
        && journal.times.activated.is_none();
    // Kept beside the responses: should a key be gone later, a person can decide with both sets.
    let keys = if fresh { link.signing_keys().await.unwrap_or_default() } else { Vec::new() };
    let odd = match &parcel.programmed {
        Programmed::Unexpected(what) => Some(what.clone()),
        Programmed::NotYet | Programmed::One(_) => None,
    };
    let moved = order_moved(journal, parcel.state.class);
    journal.observe_parcel(parcel.state, &parcel.programmed, &keys, clock::now());
    if moved {
        tracking(link, journal, &id).await;
    }
    found.parcel = Some(Observation::Shown(odd));
    Ok(())
}

/// 404 counts while the same token still shows this organization; else it is the connection's fault.
async fn missing(
    link: &ConnectionHandle,
    journal: &mut Journal,
    found: &mut Observed,
    error: CallError,
) -> Result<(), Failure> {
    let now_shown = connect::caches::read_inventory(&link.yubico).await?;
    let organization = now_shown.and_then(|inventory| inventory.organization);
    let same = journal.orgs.as_ref().is_none_or(|orgs| match (&orgs.yubico, &organization) {
        (Some(then), Some(now)) => then == now,
        _ => true,
    });
    if !same {
        tracing::warn!(%error, "the order is not shown, and neither is its organization");
        return Err(Failure::new(
            Reason::ConnectionChanged,
            "YubiEnterprise does not show the order, and the connection's token now belongs to another organization, so nothing is concluded; restore the connection's token.",
        ));
    }
    journal.observe_missing(clock::now());
    found.parcel = Some(Observation::Missing);
    Ok(())
}

fn order_moved(journal: &Journal, class: ParcelClass) -> bool {
    let before = journal.accepted().and_then(|order| order.state).map(|(state, _)| state.class);
    before != Some(class) && matches!(class, ParcelClass::Shipped)
}

/// Best effort: a failure here never changes the order.
async fn tracking(link: &ConnectionHandle, journal: &mut Journal, id: &domain::ids::ShipmentId) {
    match link.yubico.tracking(id).await {
        Ok(tracking) => journal.observe_tracking(tracking),
        Err(error) => tracing::info!(%error, "no tracking data"),
    }
}
