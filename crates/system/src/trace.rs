//! The spans that log lines stand in: which shipment, which connection, which call. They are there at every level, so
//! that each line says whom it is about.

use tracing::{Span, error_span, field::Empty};

/// Target of these spans and of nothing else, so that a filter of lines never takes them away.
pub const SPANS: &str = "yubikey_shipment_operator::span";

/// Target of the lines about remote calls: filters of the log name it.
pub const CALLS: &str = "yubikey_shipment_operator::http";

/// Letters of a uid that tell one shipment of a cluster from another.
const ID: usize = 8;

/// A pass over a shipment. `id` is the beginning of its uid: the same through its whole life and all restarts, and
/// another one when it is declared again.
#[must_use]
pub fn shipment(namespace: &str, name: &str, uid: &str) -> Span {
    error_span!(target: SPANS, "shipment", shipment = format!("{namespace}/{name}"), id = uid.get(..ID).unwrap_or(uid))
}

/// A pass over a rollout.
#[must_use]
pub fn rollout(namespace: &str, name: &str, uid: &str) -> Span {
    error_span!(target: SPANS, "rollout", rollout = format!("{namespace}/{name}"), id = uid.get(..ID).unwrap_or(uid))
}

/// A pass over a connection.
#[must_use]
pub fn connection(name: &str) -> Span {
    error_span!(target: SPANS, "connection", connection = name)
}

/// A remote call. What the answer tells is recorded later.
#[must_use]
pub fn call(api: &'static str, operation: &'static str) -> Span {
    error_span!(
        target: SPANS,
        "call",
        api,
        operation,
        status = Empty,
        request_id = Empty,
        error_id = Empty,
        error_code = Empty,
    )
}
