//! The custom resources: wire format, documentation and rules of each kind, one kind a file.
//! Doc comments become the text of `kubectl explain`.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod calls;
pub mod connection;
pub mod decision;
pub mod definitions;
pub mod durations;
mod mirrored;
pub mod moment;
pub mod policy;
pub mod recipient;
pub mod rollout;
pub mod schema;
pub mod shipment;

/// API group. The domain must be registered, or this constant changed, before v1 (see `docs/decisions`).
pub const GROUP: &str = "fidoprereg.dev";

/// API version of all kinds.
pub const VERSION: &str = "v1alpha1";

/// Keeps a resource until the outside world is left in order.
pub const FINALIZER: &str = "fidoprereg.dev/vendors-in-order";

/// Asks for one look now, as in Flux; echoed in `status.lastHandledReconcileAt`.
pub const REQUESTED_AT: &str = "fidoprereg.dev/requestedAt";

/// Name of the connection of a shipment that names none.
pub const DEFAULT_CONNECTION: &str = "default";
