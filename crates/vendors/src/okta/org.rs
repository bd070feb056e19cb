//! The organization itself: who it is, and how its clock goes.

use domain::{failure::CallError, ids::OktaOrgId, preflight::Engine};
use jiff::SignedDuration;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    quota::Bucket,
    wire::OrganizationBody,
};
use crate::http::Answer;

/// What `/.well-known/okta-organization` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The id that never changes, whatever its host names are.
    pub id: OktaOrgId,
    /// Whether pre-registration can exist there.
    pub engine: Engine,
    /// Okta's clock minus ours, to about a second; absent if `Date` was.
    pub clock_skew: Option<SignedDuration>,
}

impl Client {
    /// Who this organization is. Needs no credentials.
    ///
    /// # Errors
    /// Whatever but a readable 2xx.
    pub async fn organization(&self) -> Result<Organization, CallError> {
        let url = self.url(&[".well-known", "okta-organization"])?;
        let request =
            Request { scope: Scope::None, ..Request::get("organization", Bucket::Organization, url) };
        self.call(request, read_organization).await
    }
}

pub(super) fn read_organization(answer: &Answer) -> Result<Organization, Unread> {
    done(answer)?;
    let body: OrganizationBody = answer.json()?;
    Ok(Organization {
        id: OktaOrgId::new(body.id).map_err(|_| answer.unreadable("the organization has no usable id"))?,
        engine: engine(body.pipeline.as_deref()),
        clock_skew: clock_skew(answer),
    })
}

fn engine(pipeline: Option<&str>) -> Engine {
    match pipeline {
        Some("idx") => Engine::Identity,
        Some("v1") => Engine::Classic,
        _ => Engine::Other,
    }
}

/// `Date` is made somewhere between sending and reading; half of that is as good as it gets.
fn clock_skew(answer: &Answer) -> Option<SignedDuration> {
    let there = answer.date()?;
    let took = answer.received.duration_since(answer.sent);
    Some(there.duration_since(answer.sent + took / 2))
}
