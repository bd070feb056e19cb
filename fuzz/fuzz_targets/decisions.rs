//! A person's decision on any status: `{"status": …, "decision": …}` with the two resources' wire forms.
#![no_main]

use std::sync::Arc;

use api::{
    decision::{YubiKeyDecision, YubiKeyDecisionSpec},
    shipment::YubiKeyShipmentStatus,
    shipment::journal_status,
};
use domain::journal::{Journal, Order};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use yubikey_shipment_operator::shipment::decisions;

/// Decisions that the status remembers.
const REMEMBERED: usize = 5;

fuzz_target!(|input: &[u8]| {
    let Ok(mut both) = serde_json::from_slice::<Map<String, Value>>(input) else { return };
    let mut part = |name| both.remove(name).unwrap_or_default();
    let Ok(status) = serde_json::from_value::<YubiKeyShipmentStatus>(part("status")) else { return };
    let Ok(spec) = serde_json::from_value::<YubiKeyDecisionSpec>(part("decision")) else { return };
    let Ok(journal) = journal_status::read(&status) else { return };
    let mut decision = YubiKeyDecision::new("decision", spec);
    // As the API server stores it.
    decision.metadata.uid = Some("0b0c2a52-3f0f-4f39-8a0e-5d1f5d6f3a10".to_owned());
    decided(&status, &journal, &Arc::new(decision));
});

fn decided(status: &YubiKeyShipmentStatus, journal: &Journal, decision: &Arc<YubiKeyDecision>) {
    let (mut after, mut changed) = (status.clone(), journal.clone());
    let _ = decisions::apply(vec![decision.clone()], &mut after, &mut changed, 2, &|_| None);
    let fresh = after.decisions != status.decisions;
    let taken = fresh && after.decisions.last().is_some_and(|last| last.accepted);
    assert!(taken || changed == *journal, "a decision that was declined, or counted before, changes nothing");
    assert!(!fresh || after.decisions.len() <= REMEMBERED);
    if taken {
        admitted(journal, &changed, decision);
    }
    let (mut last, mut again) = (after.clone(), changed.clone());
    let _ = decisions::apply(vec![decision.clone()], &mut last, &mut again, 2, &|_| None);
    assert_eq!((&last, &again), (&after, &changed), "a decision counts once");
    let mut written = after;
    journal_status::write(&changed, &mut written);
    assert_eq!(journal_status::read(&written), Ok(changed), "what was decided is kept");
}

/// Only what the hold offers counts, and no decision makes an order out of nothing.
fn admitted(before: &Journal, after: &Journal, decision: &YubiKeyDecision) {
    let action = format!("{:?}", decision.spec.action);
    if action != "ResendPin" {
        let hold = before.hold.as_ref().expect("a hold");
        assert_eq!(hold.id, decision.spec.hold_id);
        assert!(hold.choices.iter().any(|choice| choice.as_str() == action), "{action} was not offered");
    }
    let ordered = |journal: &Journal| matches!(journal.order, Order::Open(..) | Order::Accepted(_));
    assert!(ordered(before) || !ordered(after), "an order out of nothing");
}
