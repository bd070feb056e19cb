//! Finding an order whose answer was lost, and taking over one: everything that the vendor shows must agree.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{dereference::Found, validate};
use crate::{
    api::shipment::YubiKeyShipment,
    clock,
    controller::{Context, connection::link::Link},
    domain::{
        failure::Failure,
        ids::ShipmentId,
        journal::{Enrollment, Journal, Order},
        plan::{self, Search},
        recipient::Recipient,
        requests::KeyProduct,
        seen::{ListedEnrollment, Parcel},
    },
    yubico::{self, FoundShipment},
};

/// When the order that is looked for was made.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    fn holds(self, at: Timestamp) -> bool {
        at >= self.from && at <= self.to
    }
}

/// Between the mark and `settle` after it; where no mark is left, from the enrolment to the end of its requests.
fn window(journal: &Journal, found: &Found, link: &Link) -> Option<Window> {
    let settle = link.facts.times.calls.settle;
    let (from, length) = match &journal.order {
        Order::Open(_, mark) | Order::Unknown(_, mark) => (*mark, settle),
        Order::Refused(refused) => (refused.mark, settle),
        // An order of an enrolment is not made later than its requests live.
        _ => (enrolled_at(journal, found)?, plan::REQUESTS_LIVE + settle),
    };
    // The vendor's clock may lie a little before ours, and shows whole seconds.
    let slack = SignedDuration::from_secs(5);
    Some(Window { from: from.checked_sub(slack).ok()?, to: from.checked_add(length).ok()? })
}

fn enrolled_at(journal: &Journal, found: &Found) -> Option<Timestamp> {
    match &journal.enrollment {
        Enrollment::Made(made) => Some(made.created_at),
        _ => only_enrollment(found)?.created,
    }
}

/// The one enrolment that Okta lists.
fn only_enrollment(found: &Found) -> Option<ListedEnrollment> {
    match found.seen.list.as_ref()?.entries.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Looks among the organization's orders for the one that can only be ours. What the vendor does not show stops it.
///
/// # Errors
/// If the list cannot be read whole.
pub async fn search(
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &Arc<Link>,
    journal: &mut Journal,
    found: &mut Found,
) -> Result<(), Failure> {
    let product = validate::product(&object.spec, &link.spec)?;
    let one = match (&found.recipient, window(journal, found, link)) {
        (Some(recipient), Some(window)) => {
            let orders = orders_of(link, recipient).await?;
            only_match(&orders, &product, window, |id| ctx.claimant(id, object).is_some())
        }
        _ => None,
    };
    journal.observe_search(one.as_ref(), clock::now());
    found.seen.search = Some(one.map_or(Search::Undecided, Search::One));
    Ok(())
}

/// None where the organization has more orders than are read: that no other fits nobody could say, so a person decides.
async fn orders_of(link: &Link, recipient: &Recipient) -> Result<Vec<FoundShipment>, Failure> {
    match link.yubico.search(recipient).await {
        Ok(orders) => Ok(orders),
        Err(error) if yubico::is_too_long(&error) => {
            tracing::info!(%error, "no search for the order");
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

fn only_match(
    orders: &[FoundShipment],
    product: &KeyProduct,
    window: Window,
    claimed: impl Fn(&ShipmentId) -> bool,
) -> Option<ShipmentId> {
    let possible = |order: &&FoundShipment| {
        order.differs.is_empty()
            && order.product_id.is_none_or(|id| id == product.product_id)
            && order.inventory_product_id.is_none_or(|id| id == product.inventory_product_id)
            && order.created.is_none_or(|at| window.holds(at))
            && !claimed(&order.id)
    };
    let mut all = orders.iter().filter(possible);
    let (Some(only), None) = (all.next(), all.next()) else { return None };
    let shown = only.product_id.is_some() && only.created.is_some();
    shown.then(|| only.id.clone())
}

/// Checks the order that is to be taken over. If it fits it is ours from now on; if not, what contradicts is named.
///
/// # Errors
/// If it cannot be read.
pub async fn adopt(
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &Arc<Link>,
    journal: &mut Journal,
    found: &mut Found,
) -> Result<(), Failure> {
    let Some(adoption) = journal.adoption.clone() else { return Ok(()) };
    match contradiction(&adoption.shipment, object, ctx, link, journal, found).await? {
        Some(what) => {
            journal.adoption = None;
            found.seen.adoption_refused = Some(plan::refusal(&adoption.shipment, &what));
        }
        None => take_over(&adoption.shipment, link, journal, found).await?,
    }
    Ok(())
}

async fn take_over(
    id: &ShipmentId,
    link: &Link,
    journal: &mut Journal,
    found: &Found,
) -> Result<(), Failure> {
    let now = clock::now();
    let shown = match &found.recipient {
        Some(recipient) => link.yubico.compare(id, recipient).await.ok().flatten(),
        None => None,
    };
    if journal.made().is_none()
        && let Some(entry) = only_enrollment(found)
    {
        journal.observe_adopted_enrollment(&entry, &link.facts.rp_id, now);
    }
    journal.observe_adopted(id, shown.and_then(|order| order.created), now);
    Ok(())
}

async fn contradiction(
    id: &ShipmentId,
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &Link,
    journal: &Journal,
    found: &Found,
) -> Result<Option<String>, Failure> {
    if let Some(other) = ctx.claimant(id, object) {
        return Ok(Some(format!("shipment {other} has it")));
    }
    if journal.made().is_none() && only_enrollment(found).is_none() {
        return Ok(Some("Okta does not list exactly one pre-registered enrolment of the person".to_owned()));
    }
    let parcel = match link.yubico.shipment(id).await {
        Ok(parcel) => parcel,
        Err(error) if error.is_not_found() => {
            return Ok(Some("YubiEnterprise shows no such order".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    let product = validate::product(&object.spec, &link.spec)?;
    if let Some(what) = other_product(&parcel, &product) {
        return Ok(Some(what.to_owned()));
    }
    let Some(recipient) = &found.recipient else { return Ok(None) };
    other_recipient_or_time(id, link, recipient, window(journal, found, link)).await
}

fn other_product(parcel: &Parcel, product: &KeyProduct) -> Option<&'static str> {
    if parcel.product_id.is_some_and(|id| id != product.product_id) {
        return Some("it is for another product id");
    }
    if parcel.inventory_product_id.is_some_and(|id| id != product.inventory_product_id) {
        return Some("it is paid from another inventory product id");
    }
    let other = |id: &String| id != product.customization_id.as_str();
    parcel.customization_id.as_ref().is_some_and(other).then_some("it has another customization id")
}

/// Best effort: the path is not proven for pre-registered orders, and what it does not show is no contradiction.
async fn other_recipient_or_time(
    id: &ShipmentId,
    link: &Link,
    recipient: &Recipient,
    window: Option<Window>,
) -> Result<Option<String>, Failure> {
    let shown = match link.yubico.compare(id, recipient).await {
        Ok(shown) => shown,
        Err(error) if error.failure.reason.kind() == crate::domain::failure::Kind::Auth => {
            return Err(error.into());
        }
        Err(error) => {
            tracing::info!(%error, "the order's recipient could not be compared");
            None
        }
    };
    let Some(order) = shown else { return Ok(None) };
    if !order.differs.is_empty() {
        let fields: Vec<_> = order.differs.iter().map(|field| field.name()).collect();
        return Ok(Some(format!("its recipient differs in {}", fields.join(", "))));
    }
    let outside = matches!((order.created, window), (Some(at), Some(window)) if !window.holds(at));
    Ok(outside.then(|| "it was not made in the time of this shipment's order".to_owned()))
}
