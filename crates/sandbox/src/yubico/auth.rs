//! Whose API token a call carries.

use crate::clock;
use crate::http::{Call, Reply};
use crate::world::{Organization, World};
use crate::yubico::errors::error;

/// The organization of a call's token: 401 for a wrong or expired one.
pub(crate) fn organization<'a>(world: &'a World, call: &Call) -> Result<&'a Organization, Reply> {
    let token =
        call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let now = clock::now();
    world
        .yubico
        .organizations
        .iter()
        .find(|organization| {
            organization.tokens.iter().any(|known| known.value == token && known.expires > now)
        })
        .ok_or_else(|| error(401, "unauthorized", "The API token is wrong or has expired."))
}
