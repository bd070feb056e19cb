//! No PIN leaves before its key is able to sign in.

use std::collections::HashMap;

use super::journal::{ACTIVATE, Journal, SEND_PIN};

/// PINs that were mailed before the activation of their enrolment.
pub(crate) fn early(journal: &Journal) -> Vec<String> {
    let mut activated = HashMap::new();
    for call in journal.done(ACTIVATE) {
        activated.entry(call.enrollment_id.as_deref()).or_insert(call.seq);
    }
    let is_early = |seq: u64, enrollment: Option<&str>| {
        enrollment.is_none() || activated.get(&enrollment).is_none_or(|since| *since > seq)
    };
    let early = journal.done(SEND_PIN).filter(|call| is_early(call.seq, call.enrollment_id.as_deref()));
    early
        .map(|call| {
            let enrollment = call.enrollment_id.as_deref().unwrap_or("no enrolment");
            format!("early PIN: call {} mailed the PIN of {enrollment} before its activation", call.seq)
        })
        .collect()
}
