//! What is wanted of the one shipment of all targets.

use domain::desired::{
    ActivationGate, Cadence, CallLimits, Desired, ExistingKey, OnDelete, OnTimeout, Orgs, PinGate,
};
use jiff::SignedDuration;

/// As most people want it.
#[must_use]
pub fn usual() -> Desired {
    Desired {
        generation: 1,
        activation: ActivationGate::Delivery,
        delivery_timeout: SignedDuration::from_hours(336),
        on_timeout: OnTimeout::Activate,
        pin: PinGate::Activation,
        existing_key: ExistingKey::Hold,
        order_before: None,
        on_delete: OnDelete::Cancel,
        cancel_in_console: false,
        cadence: Cadence {
            first_after: SignedDuration::from_mins(20),
            interval: SignedDuration::from_hours(6),
            phase: 7,
        },
        first_use: true,
        calls: CallLimits {
            timeout: SignedDuration::from_secs(30),
            settle: SignedDuration::from_mins(2),
            look_delay: SignedDuration::from_secs(2),
        },
        orgs: Orgs::default(),
        order_bar: None,
        effects_bar: None,
        bound: true,
        deleting: false,
    }
}
