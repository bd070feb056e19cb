//! Names of objects as people give them: with or without their kind.

use crate::fault::{Fault, Result};

/// What a name may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `yks/NAME`: a `YubiKeyShipment`.
    Shipment,
    /// `ykr/NAME`: a `YubiKeyRollout`.
    Rollout,
    /// `ykc/NAME`: a `YubiKeyConnection`, which has no namespace.
    Connection,
}

/// A name, with its kind if one is given: `ann-lee`, `yks/ann-lee`, `ykr/staff`.
///
/// # Errors
/// If the kind is none of ours.
pub fn named(text: &str) -> Result<(Option<Kind>, &str)> {
    let Some((kind, name)) = text.split_once('/') else { return Ok((None, text)) };
    let kind = match kind {
        "yks" | "yubikeyshipment" | "yubikeyshipments" | "shipment" => Kind::Shipment,
        "ykr" | "yubikeyrollout" | "yubikeyrollouts" | "rollout" => Kind::Rollout,
        "ykc" | "yubikeyconnection" | "yubikeyconnections" | "connection" => Kind::Connection,
        other => {
            return Err(Fault::usage(
                format!("{other} is no kind that this command knows"),
                "name yks/NAME (a shipment), ykr/NAME (a rollout), or the name alone",
            ));
        }
    };
    Ok((Some(kind), name))
}
