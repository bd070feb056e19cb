//! What stops a new enrolment or order: the spec, the connection, the person.

use jiff::Timestamp;

use super::situation::{Person, Situation, Step, rest, rest_for};
use crate::{
    desired::{Desired, ExistingKey},
    failure::Reason,
    journal::{Enrollment, Order},
    vendor_states::UserStatus,
};

/// Could it enrol and order now, as far as its spec, its connection and the time tell?
#[must_use]
pub fn may_order(desired: &Desired, now: Timestamp) -> bool {
    !desired.deleting && blocked(desired, now).is_none()
}

pub(super) fn barred(s: &Situation<'_>) -> Option<Step> {
    blocked(s.desired, s.now)
}

/// What stops enrolling and ordering, before any remote write.
pub(super) fn blocked(desired: &Desired, now: Timestamp) -> Option<Step> {
    let blocked = desired.effects_bar.as_ref().or(desired.order_bar.as_ref());
    if let Some(blocked) = blocked {
        return Some(rest_for(blocked, None));
    }
    if desired.order_before.is_some_and(|end| now > end) {
        return Some(rest(
            Reason::OrderBeforePassed,
            "spec.orderBefore has passed and nothing was ordered; set a later time if the key is still wanted.",
            None,
        ));
    }
    match desired.existing_key {
        ExistingKey::OrderAnother(before) if now < before => Some(rest(
            Reason::AwaitingExistingKeyBefore,
            "spec.existingKeyBefore lies in the future; ordering waits until it has passed.",
            Some(before),
        )),
        _ => None,
    }
}

pub(super) fn eligible(person: &Person) -> Option<Step> {
    let Person::Found(user) = person else {
        return Some(rest(
            Reason::UserNotFound,
            "Okta knows no user by spec.userRef; create the user, or declare a shipment with the right login or id.",
            None,
        ));
    };
    let status = match user.status {
        UserStatus::Suspended => "suspended",
        UserStatus::Deprovisioned => "deactivated",
        UserStatus::Staged | UserStatus::Provisioned | UserStatus::Active | UserStatus::Other(_) => {
            return None;
        }
    };
    Some(rest(
        Reason::UserNotEligible,
        format!(
            "The Okta user is {status}, so no key is ordered, activated or given a PIN; reactivate the user at Okta, or delete this shipment."
        ),
        None,
    ))
}

/// The connection leads to other organizations than what we made there: whatever they show or lack is no news about
/// it, and nothing is sent there on its account. Where nothing of ours stands, the next attempt may be made there.
pub(super) fn other_organizations(s: &Situation<'_>) -> Option<Step> {
    let changed = s.journal.orgs.as_ref().is_some_and(|orgs| orgs.contradicts(&s.desired.orgs));
    let enrolled = matches!(s.journal.enrollment, Enrollment::Open(..) | Enrollment::Made(_));
    let ordered = matches!(s.journal.order, Order::Open(..) | Order::Unknown(..) | Order::Accepted(_));
    (changed && (enrolled || ordered)).then(|| {
        rest(
            Reason::ConnectionChanged,
            "The connection now shows other organizations than this shipment was enrolled or ordered under, so nothing is done; restore its URLs and credentials, or delete this shipment with deletionPolicy Orphan.",
            None,
        )
    })
}
