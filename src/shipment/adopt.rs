//! Finding an order whose answer was lost, and taking over one: everything that the vendor shows must agree.

use std::sync::Arc;

use api::shipment::YubiKeyShipment;
use domain::{
    failure::{CallError, Failure, Kind},
    ids::ShipmentId,
    journal::{Enrollment, Journal, Order},
    plan::{self, Observed, Search},
    recipient::Recipient,
    requests::KeyProduct,
    vendor_states::{ListedEnrollment, Parcel, only_one},
};
use jiff::{SignedDuration, Timestamp};
use system::clock;
use vendors::yubico::{self, FoundShipment};

use super::{claims, validate};
use crate::{connection::handle::ConnectionHandle, context::Context};

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
fn window(
    object: &YubiKeyShipment,
    journal: &Journal,
    found: &Observed,
    link: &ConnectionHandle,
) -> Option<Window> {
    let settle = link.facts.times.calls.settle;
    let (from, length) = match &journal.order {
        Order::Open(_, mark) | Order::Unknown(_, mark, _) => (*mark, settle),
        Order::Refused(refused) => (refused.mark, settle),
        // An order of an enrolment is not made later than its requests live.
        _ => (enrolled_at(object, journal, found)?, plan::REQUESTS_LIVE + settle),
    };
    // The vendor's clock may lie a little before ours, and shows whole seconds.
    let slack = SignedDuration::from_secs(5);
    Some(Window { from: from.checked_sub(slack).ok()?, to: from.checked_add(length).ok()? })
}

fn enrolled_at(object: &YubiKeyShipment, journal: &Journal, found: &Observed) -> Option<Timestamp> {
    match &journal.enrollment {
        Enrollment::Made(made) => Some(made.created_at),
        _ => only_enrollment(object, found)?.created,
    }
}

/// The one enrolment that Okta lists, that can be a key's, and that this shipment does not overlook.
fn only_enrollment(object: &YubiKeyShipment, found: &Observed) -> Option<ListedEnrollment> {
    let policy = validate::existing_key(&object.spec, None);
    let seen = found.list.as_ref()?.entries.iter().filter(|entry| !policy.overlooks(entry.created));
    only_one(seen).cloned()
}

/// Looks among the organization's orders for the one that can only be ours. What the vendor does not show stops it.
///
/// # Errors
/// If the list cannot be read whole.
pub async fn search(
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &Arc<ConnectionHandle>,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let product = validate::product(&object.spec, &link.spec)?;
    let one = match (&found.recipient, window(object, journal, found, link)) {
        (Some(recipient), Some(window)) => {
            let orders = orders_of(link, recipient).await?;
            only_match(&orders, &product, window, |id| claims::of_order(ctx, id, object).is_some())
        }
        _ => None,
    };
    journal.observe_search(one.as_ref(), clock::now());
    found.search = Some(one.map_or(Search::Undecided, Search::One));
    Ok(())
}

/// None where the organization has more orders than are read: that no other fits nobody could say, so a person decides.
async fn orders_of(link: &ConnectionHandle, recipient: &Recipient) -> Result<Vec<FoundShipment>, Failure> {
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
    link: &Arc<ConnectionHandle>,
    journal: &mut Journal,
    found: &mut Observed,
) -> Result<(), Failure> {
    let Some(adoption) = journal.adoption.clone() else { return Ok(()) };
    match judge(&adoption.shipment, object, ctx, link, journal, found).await? {
        Judged::No(what) => {
            journal.adoption = None;
            found.adoption_refused = Some(plan::refusal(&adoption.shipment, &what));
        }
        Judged::Fits(made_at) => {
            let listed = only_enrollment(object, found);
            take_over(&adoption.shipment, link, journal, listed.as_ref(), made_at);
        }
    }
    Ok(())
}

fn take_over(
    id: &ShipmentId,
    link: &ConnectionHandle,
    journal: &mut Journal,
    listed: Option<&ListedEnrollment>,
    made_at: Option<Timestamp>,
) {
    let now = clock::now();
    if journal.made().is_none()
        && let Some(entry) = listed
    {
        journal.observe_adopted_enrollment(entry, &link.facts.rp_id, now);
    }
    journal.observe_adopted(id, made_at, now);
}

/// What contradicts, or when the order was made, where that is shown.
enum Judged {
    No(String),
    Fits(Option<Timestamp>),
}

impl Judged {
    fn no(what: impl Into<String>) -> Self {
        Self::No(what.into())
    }
}

async fn judge(
    id: &ShipmentId,
    object: &YubiKeyShipment,
    ctx: &Context,
    link: &ConnectionHandle,
    journal: &Journal,
    found: &Observed,
) -> Result<Judged, Failure> {
    if let Some(what) = of_another(id, object, ctx, journal, found) {
        return Ok(Judged::No(what));
    }
    let recipient = match comparable(found) {
        Ok(recipient) => recipient,
        Err(what) => return Ok(Judged::No(what)),
    };
    let (parcel, shown) = match link.yubico.shipment_beside(id, recipient).await {
        Ok(both) => both,
        Err(error) if error.is_not_found() => return Ok(Judged::no("YubiEnterprise shows no such order")),
        Err(error) => return Err(error.into()),
    };
    let product = validate::product(&object.spec, &link.spec)?;
    if let Some(what) = other_product(&parcel, &product) {
        return Ok(Judged::no(what));
    }
    let exact = exact(id, link, recipient).await?;
    let window = window(object, journal, found, link);
    let sights = [Some(shown), exact];
    let mut sights = sights.iter().flatten();
    let contradicts = sights.clone().find_map(|order| other_recipient_or_time(order, window));
    Ok(match contradicts {
        Some(what) => Judged::No(what),
        None => Judged::Fits(sights.find_map(|order| order.created)),
    })
}

/// Order and enrolment must be nobody else's: whoever has one of them would cancel or activate it too.
fn of_another(
    id: &ShipmentId,
    object: &YubiKeyShipment,
    ctx: &Context,
    journal: &Journal,
    found: &Observed,
) -> Option<String> {
    if let Some(other) = claims::of_order(ctx, id, object) {
        return Some(format!("shipment {} has it", other.name));
    }
    let enrollment = match journal.made() {
        Some(made) => made.id.clone(),
        None => match only_enrollment(object, found) {
            Some(entry) => entry.id,
            None => {
                return Some(
                    "Okta does not list exactly one pre-registered enrolment of the person that can be this order's"
                        .to_owned(),
                );
            }
        },
    };
    let other = claims::of_enrollment(ctx, &enrollment, object)?;
    Some(format!("the person's enrolment at Okta ({enrollment}) belongs to shipment {}", other.name))
}

/// A mistyped id must not take over a stranger's order: without data of its own a shipment compares nothing.
fn comparable(found: &Observed) -> Result<&Recipient, String> {
    if let Some(recipient) = &found.recipient {
        return Ok(recipient);
    }
    let why = match &found.recipient_fault {
        Some(fault) => format!("{}: {}", fault.reason, fault.message.split(". ").next().unwrap_or_default()),
        None => "Okta does not know the person".to_owned(),
    };
    let why = why.trim_end_matches('.');
    Err(format!(
        "this shipment has no usable delivery details of its own to compare it with ({why}); correct them, then answer again"
    ))
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

/// The path is not proven for pre-registered orders, and an order that it refuses to show is no contradiction. An
/// answer that may come later is waited for.
async fn exact(
    id: &ShipmentId,
    link: &ConnectionHandle,
    recipient: &Recipient,
) -> Result<Option<FoundShipment>, Failure> {
    match link.yubico.compare(id, recipient).await {
        Ok(shown) => Ok(shown),
        Err(error) if is_not_served(&error) => {
            tracing::info!(%error, "the order's recipient is not shown by this path");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A refusal that speaks of the path or of the order, and neither of the token nor of the moment.
fn is_not_served(error: &CallError) -> bool {
    error.failure.reason.kind() != Kind::Auth
        && error
            .status
            .is_some_and(|status| matches!(status, 400..=499) && !matches!(status, 401 | 408 | 429))
}

fn other_recipient_or_time(order: &FoundShipment, window: Option<Window>) -> Option<String> {
    if !order.differs.is_empty() {
        let fields: Vec<_> = order.differs.iter().map(|field| field.name()).collect();
        return Some(format!("its recipient differs in {}", fields.join(", ")));
    }
    let outside = matches!((order.created, window), (Some(at), Some(window)) if !window.holds(at));
    outside.then(|| "it was not made in the time of this shipment's order".to_owned())
}

#[cfg(test)]
mod tests;
