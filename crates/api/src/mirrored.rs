//! Enums that stand in the resources and in the domain: what people write, and what the planner decides by. Each pair is
//! joined here, in both directions, and a member that one side alone has does not compile.
//!
//! Pairs whose members carry facts (outcomes of enrolments and orders) are read and written whole in
//! `shipment/journal_status`.

use domain::{desired, hold, requests, rollout as domain_rollout, summary};

use crate::{
    connection::DefaultExistingKeyPolicy,
    decision::Action,
    rollout::LedgerState,
    shipment::{ActivationGate, DeletionPolicy, Delivery, ExistingKeyPolicy, OnTimeout, Phase, PinGate},
};

/// Both conversions of each pair; a `match` without a rest names every member of both sides.
macro_rules! mirrored {
    ($($api:ty = $domain:ty { $($name:ident)+ })+) => {
        $(
            impl From<$api> for $domain {
                fn from(written: $api) -> Self {
                    match written { $(<$api>::$name => Self::$name),+ }
                }
            }

            impl From<$domain> for $api {
                fn from(known: $domain) -> Self {
                    match known { $(<$domain>::$name => Self::$name),+ }
                }
            }
        )+

        #[cfg(test)]
        mod tests {
            use serde_json::Value;

            use super::*;

            /// The members that `kubectl explain` shows, in a schema with or without a sentence for each.
            fn members(schema: &schemars::Schema) -> Vec<String> {
                let all = |of| schema.get(of).and_then(Value::as_array).into_iter().flatten();
                let told = all("oneOf").filter_map(|one| one["const"].as_str());
                all("enum").filter_map(Value::as_str).chain(told).map(str::to_owned).collect()
            }

            #[test]
            fn both_sides_have_the_same_members_by_the_same_names() {
                $(
                    let names = [$(stringify!($name)),+];
                    assert_eq!(members(&schemars::schema_for!($api)), names, stringify!($api));
                    $(
                        let known = <$domain>::from(<$api>::$name);
                        assert_eq!(format!("{known:?}"), stringify!($name));
                        assert_eq!(<$api>::from(known), <$api>::$name);
                        assert_eq!(serde_json::to_value(<$api>::$name).unwrap(), stringify!($name));
                    )+
                )+
            }
        }
    };
}

mirrored! {
    ActivationGate = desired::ActivationGate { Delivery Shipment Approval }
    OnTimeout = desired::OnTimeout { Hold Activate }
    PinGate = desired::PinGate { Activation Delivery Approval }
    DeletionPolicy = desired::OnDelete { Cancel Orphan Revoke }
    Delivery = requests::Delivery { Standard Expedited }
    Phase = summary::Phase { Pending Enrolled Ordered Shipped Delivered Activated Held Failed Cancelled }
    LedgerState = domain_rollout::State { Waiting Begun Made Activated Leaving Left Deleted }
    Action = hold::Choice {
        RetryOrder AdoptOrder CancelOrder DiscardEnrollment ConfirmCancelled ActivateWithKeptKeys ApproveActivation ApprovePin
        ResendPin Proceed
    }
}

/// What a connection sets for shipments that say nothing: a part of what a shipment may say.
impl From<DefaultExistingKeyPolicy> for ExistingKeyPolicy {
    fn from(default: DefaultExistingKeyPolicy) -> Self {
        match default {
            DefaultExistingKeyPolicy::Hold => Self::Hold,
            DefaultExistingKeyPolicy::Adopt => Self::Adopt,
        }
    }
}
