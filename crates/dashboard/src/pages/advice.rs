//! What people call about, and what to say and do, for the state the shipment is in. The words are those of
//! `docs/help-desk.md`.

use api::shipment::{OrderOutcome, Phase, YubiKeyShipment};
use kube::{Resource as _, ResourceExt as _};
use maud::{Markup, html};
use view::{managed, pin, times::day};

use crate::context::Context;

/// How far the parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parcel {
    /// Nothing is ordered.
    None,
    /// It may be ordered: the answer is not known.
    Unknown,
    /// Ordered, not shipped.
    Ordered,
    /// On its way, or there.
    Shipped,
}

/// How far the parcel of a shipment is.
pub fn parcel(shipment: &YubiKeyShipment) -> Parcel {
    let Some(status) = &shipment.status else { return Parcel::None };
    if status.times.as_ref().is_some_and(|times| times.shipped.is_some()) {
        return Parcel::Shipped;
    }
    match status.order.as_ref().map(|order| order.outcome) {
        None | Some(OrderOutcome::Refused | OrderOutcome::Cancelled) => Parcel::None,
        Some(OrderOutcome::Open | OrderOutcome::Unknown) => Parcel::Unknown,
        Some(OrderOutcome::Accepted) => Parcel::Ordered,
    }
}

/// The section of the page.
pub fn section(context: &Context, shipment: &YubiKeyShipment) -> Markup {
    html! {
        section.advice aria-labelledby="advice" {
            h2 #advice { "If the person calls" }
            details { summary { "“I never got the mail with the PIN”" } (mail(context, shipment)) }
            details { summary { "“The parcel does not come”" } p { (late(parcel(shipment))) } }
            details { summary { "“I have moved”" } p { (moved(parcel(shipment))) } @if parcel(shipment) == Parcel::Ordered { (delete(context, shipment)) } }
            details { summary { "“They left the company”" } p { (left(shipment)) } (delete(context, shipment)) }
        }
    }
}

fn mail(context: &Context, shipment: &YubiKeyShipment) -> Markup {
    match pin::another_mail(shipment, context.now) {
        Err(why) => html! { p { "There is nothing to send: " (why) "." } },
        Ok(mail) => {
            let draft = &mail.draft;
            let query = [
                ("namespace", draft.namespace.as_str()),
                ("object", &draft.object),
                ("hold", &draft.hold),
                ("choice", draft.choice.as_str()),
            ];
            html! {
                p { "It goes to the address that Okta has; look into the spam folder first. A new hire's mail goes to the secondary address." }
                @if let Some(at) = mail.goes_out { p.warning { "Three mails were asked for within a day: another one goes out at " (day(at)) "." } }
                p { a.button href=(context.scope.href_with("/decide", &query)) { "Send the PIN once more" } }
            }
        }
    }
}

/// "The parcel does not come."
pub const fn late(parcel: Parcel) -> &'static str {
    match parcel {
        Parcel::None => "Nothing is ordered yet. The reason above says what the shipment waits for.",
        Parcel::Unknown => {
            "Nobody knows yet whether it was ordered. The question above must be answered first."
        }
        Parcel::Ordered => {
            "It is ordered and not shipped. There is nothing to do; OrderNeedsRepair would say when somebody must look."
        }
        Parcel::Shipped => {
            "It was shipped. Follow the tracking number with the carrier. If nothing is reported in time, or the parcel is lost, a question appears here."
        }
    }
}

/// "I have moved."
pub const fn moved(parcel: Parcel) -> &'static str {
    match parcel {
        Parcel::None => {
            "Nothing is ordered yet: correct the address in the Okta profile, or in the HRIS that masters it. The shipment goes on by itself; the button above has the operator look at once."
        }
        Parcel::Unknown => "Nobody knows yet whether it was ordered. Answer the question above first.",
        Parcel::Ordered => {
            "It is ordered and not shipped: the address of an order cannot be changed. Delete the shipment, which cancels the order, wait until it is gone, correct the address, and declare it again."
        }
        Parcel::Shipped => "It is shipped: only the carrier can redirect it.",
    }
}

fn left(shipment: &YubiKeyShipment) -> &'static str {
    let activated = shipment.status.as_ref().is_some_and(|status| status.phase == Some(Phase::Activated));
    match (activated, parcel(shipment)) {
        (true, _) => {
            "The key is active and stays at Okta until somebody removes it there: it goes with the account. Deleting the shipment then only ends its record here."
        }
        (false, Parcel::Shipped) => {
            "It is shipped. Delete the shipment: the parcel is followed to its end, and its key never signs in."
        }
        (false, _) => {
            "Delete the shipment, or take the person out of the group or list of its rollout. What is not shipped is cancelled."
        }
    }
}

fn delete(context: &Context, shipment: &YubiKeyShipment) -> Markup {
    let (namespace, name) = (shipment.namespace().unwrap_or_default(), shipment.name_any());
    if shipment.meta().deletion_timestamp.is_some() {
        return html! { p { "It is being deleted already." } };
    }
    if let Some(by) = managed::by(shipment.meta()) {
        return html! { p { (by) " manages this shipment: remove it in Git, else it is declared anew." } };
    }
    let query = [("namespace", namespace.as_str()), ("name", name.as_str())];
    html! {
        @if let Some(rollout) = shipment.labels().get(api::rollout::ROLLOUT_LABEL) {
            p { "It belongs to the rollout " (rollout) ", whose source names the person." }
        }
        p { a.button href=(context.scope.href_with("/delete", &query)) { "Delete the shipment" } }
        p { "By hand: " code { "kubectl delete yks " (name) " -n " (namespace) } }
    }
}
