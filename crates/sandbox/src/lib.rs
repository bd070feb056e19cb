//! Stand-in for Okta and `YubiEnterprise`, for demos and tests of the `YubiKey` shipment operator.
//!
//! It speaks both vendors' HTTP APIs with real cryptography: requests and responses are a JWS inside a JWE (P-384), the
//! warehouse programs a software authenticator with a real, attested `WebAuthn` credential and a random PIN, the PIN is mailed
//! to an outbox, and the sign-in verifies key and PIN. It shares no code with the operator: a shared struct would share the
//! mistake. The README lists what it imitates, how strict it is, and what it does not imitate.

#![expect(clippy::unnecessary_wraps, reason = "every handler has the signature of the route table")]

mod apps;
mod authenticator;
mod behaviour;
mod clock;
mod control;
mod faults;
mod gate;
mod hris;
mod http;
mod ids;
mod jose;
mod journal;
mod listeners;
mod oddities;
mod okta;
mod refusal;
mod secrets;
mod seed;
mod server;
pub mod sign_in;
mod system_log;
mod tls;
mod vendor_keys;
mod warehouse;
mod world;
mod yubico;

pub use authenticator::{KeyError, SoftKey};
pub use behaviour::Profile;
pub use server::{Ready, Sandbox, ServeError, Settings, serve};
