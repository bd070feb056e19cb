//! What the shipments of a world want.

use jiff::SignedDuration;

use crate::{
    bounds::{Bounds, HOUR},
    domain::{
        failure::{Failure, Reason},
        wanted::{Cadence, CallLimits, Wanted},
    },
    state::{Slot, Version},
    vendors,
};

impl Bounds {
    /// Spec and connection of one shipment.
    #[must_use]
    pub(crate) fn wanted(&self, slot: usize, version: &Version, at: &Slot, now: i64) -> Wanted {
        let elsewhere = self.bound && self.clusters[slot] != 0;
        let message = "The connection is bound to another cluster.";
        Wanted {
            generation: version.generation,
            activation: self.activation,
            delivery_timeout: SignedDuration::from_hours(336),
            on_timeout: self.on_timeout,
            pin: self.pin,
            existing_key: self.existing,
            order_before: None,
            on_delete: version.policy,
            cancel_in_console: false,
            // Looked at whenever a pass may: the model does not count polls.
            cadence: Cadence {
                first_after: SignedDuration::from_secs(1),
                interval: SignedDuration::from_secs(1),
                phase: 0,
            },
            calls: CallLimits {
                timeout: SignedDuration::from_secs(30),
                settle: SignedDuration::from_mins(5),
                look_delay: SignedDuration::from_secs(vendors::LOOK_DELAY),
            },
            orgs: vendors::orgs(),
            order_bar: None,
            effects_bar: elsewhere.then(|| Failure::new(Reason::NotOrderingCluster, message)),
            bound: self.bound && !elsewhere && is_checked(at, now),
            deleting: version.deleting,
        }
    }
}

/// After a restore a person compares for an hour before the connection is bound again.
fn is_checked(at: &Slot, now: i64) -> bool {
    at.restored.is_none_or(|since| now >= since + HOUR)
}
