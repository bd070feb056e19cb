//! A parcel on its way, or delivered, whose sealed responses `YubiEnterprise` does not show, or not as they should be.
//!
//! They may be late, or purged before the first look: how long they can be read is not documented. Without them no key
//! can be activated, so a person is asked where nothing else would ever tell: on delivery, and when the time for it is
//! over.

use jiff::Timestamp;

use super::{
    situation::{Observation, Situation, Step, rest},
    time_limits::{delivery_deadline, earlier},
};
use crate::{failure::Reason, vendor_states::ParcelClass};

pub(super) fn waits(s: &Situation<'_>, class: ParcelClass, next: Option<Timestamp>) -> Step {
    let needs_repair = |message: &str| rest(Reason::OrderNeedsRepair, message, next);
    if let Some(Observation::Shown(Some(odd))) = &s.seen.parcel {
        return needs_repair(&format!(
            "The key is shipped, but {odd}; ask Yubico Support about this order, it is looked at again meanwhile."
        ));
    }
    if class == ParcelClass::Delivered {
        return needs_repair(
            "The key is delivered, but YubiEnterprise shows no responses for it; ask Yubico Support about this order, it is looked at again meanwhile.",
        );
    }
    let deadline = delivery_deadline(s);
    if deadline.is_some_and(|end| s.now >= end) {
        return needs_repair(
            "The key was shipped longer ago than activation.deliveryTimeout, and YubiEnterprise shows neither its delivery nor its responses, without which it cannot be activated; ask Yubico Support about this order, it is looked at again meanwhile.",
        );
    }
    rest(
        Reason::AwaitingDelivery,
        "The key is shipped; YubiEnterprise does not show its responses yet.",
        earlier(deadline, next),
    )
}
