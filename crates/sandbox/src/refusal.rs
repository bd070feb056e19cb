//! The refusal that a fault rule asks for by its status alone.

use crate::hris;
use crate::http::Reply;
use crate::journal::Api;
use crate::okta;
use crate::yubico;

/// The vendor's own form of a refusal with this status.
pub(crate) fn refusal(api: Api, status: u16) -> Reply {
    match api {
        Api::Okta => okta::errors::of_status(status),
        Api::Yubico => yubico::errors::error(status, "fault", "A fault rule asked for this answer."),
        Api::Hris => hris::error(status, "a fault rule asked for this answer"),
    }
}
