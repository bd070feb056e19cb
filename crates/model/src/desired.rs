//! What the shipments of a world want.

use domain::{
    desired::{Cadence, CallLimits, Desired},
    failure::{Failure, Reason},
};
use jiff::SignedDuration;

use crate::{
    bounds::{Bounds, HOUR},
    state::{Blocked, Conn, Slot, Version, at as moment},
    vendors,
};

impl Bounds {
    /// Spec and connection of one shipment.
    #[must_use]
    pub(crate) fn desired(&self, slot: usize, version: &Version, conn: Conn, at: &Slot, now: i64) -> Desired {
        let elsewhere = (self.bound && self.clusters[slot] != 0) || conn.blocked == Some(Blocked::Elsewhere);
        Desired {
            generation: version.generation,
            activation: self.activation,
            delivery_timeout: SignedDuration::from_hours(336),
            on_timeout: self.on_timeout,
            pin: self.pin,
            existing_key: self.existing,
            order_before: self.order_before.map(moment),
            on_delete: version.policy,
            cancel_in_console: false,
            // Looked at whenever a pass may: the model does not count polls.
            cadence: Cadence {
                first_after: SignedDuration::from_secs(1),
                interval: SignedDuration::from_secs(1),
                phase: 0,
            },
            first_use: true,
            calls: CallLimits {
                timeout: SignedDuration::from_secs(30),
                settle: SignedDuration::from_mins(5),
                look_delay: SignedDuration::from_secs(vendors::LOOK_DELAY),
            },
            orgs: vendors::orgs(conn.other),
            order_bar: barred(conn.blocked == Some(Blocked::Order), Reason::ForbiddenByConnection),
            effects_bar: barred(version.suspended, Reason::Suspended)
                .or_else(|| barred(conn.blocked == Some(Blocked::Namespace), Reason::ForbiddenByConnection))
                .or_else(|| barred(elsewhere, Reason::NotOrderingCluster)),
            bound: self.bound && !elsewhere && is_checked(at, now),
            deleting: version.deleting,
        }
    }
}

fn barred(yes: bool, reason: Reason) -> Option<Failure> {
    yes.then(|| Failure::new(reason, "It is barred."))
}

/// After a restore a person compares for an hour before the connection is bound again.
fn is_checked(at: &Slot, now: i64) -> bool {
    at.restored.is_none_or(|since| now >= since + HOUR)
}
