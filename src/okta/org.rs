//! The organization itself: who it is, how its clock goes, and its RP id.

use jiff::SignedDuration;
use serde_json::Value;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    quota::Bucket,
    wire::{AuthenticatorBody, MethodBody, OrganizationBody},
};
use crate::{
    domain::{
        failure::{CallError, Reason},
        ids::{OktaOrgId, RpId},
    },
    http::Answer,
};

/// What `/.well-known/okta-organization` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The id that never changes, whatever its host names are.
    pub id: OktaOrgId,
    /// Whether pre-registration can exist there.
    pub pipeline: Pipeline,
    /// Okta's clock minus ours, to about a second; absent if `Date` was.
    pub clock_skew: Option<SignedDuration>,
}

/// Okta's two products.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pipeline {
    /// `idx`: Identity Engine, the one with pre-registration.
    IdentityEngine,
    /// `v1`: Classic Engine.
    Classic,
    /// Anything else.
    Other(String),
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

    /// The RP id that the organization's `WebAuthn` authenticator uses, if one is switched on.
    ///
    /// `None` also where the app may not look (401, 403, scope not granted).
    ///
    /// # Errors
    /// Whatever but these and a readable 2xx.
    pub async fn webauthn_rp_id(&self) -> Result<Option<RpId>, CallError> {
        match self.look_for_rp_id().await {
            Err(error) if may_not_look(&error) => Ok(None),
            other => other,
        }
    }

    async fn look_for_rp_id(&self) -> Result<Option<RpId>, CallError> {
        let path = ["api", "v1", "authenticators"];
        let Some(id) = self.authenticator_list("authenticators", &path, read_webauthn).await? else {
            return Ok(None);
        };
        let path = ["api", "v1", "authenticators", &id, "methods"];
        self.authenticator_list("authenticator-methods", &path, read_rp_id).await
    }

    async fn authenticator_list<T>(
        &self,
        operation: &'static str,
        path: &[&str],
        read: impl Fn(&Answer) -> Result<T, Unread>,
    ) -> Result<T, CallError> {
        let request = Request {
            scope: Scope::Authenticators,
            ..Request::get(operation, Bucket::Organization, self.url(path)?)
        };
        self.call(request, read).await
    }
}

pub(super) fn read_organization(answer: &Answer) -> Result<Organization, Unread> {
    done(answer)?;
    let body: OrganizationBody = answer.json()?;
    Ok(Organization {
        id: OktaOrgId::new(body.id).map_err(|_| answer.unreadable("the organization has no usable id"))?,
        pipeline: pipeline(body.pipeline.unwrap_or_default()),
        clock_skew: clock_skew(answer),
    })
}

/// The id of the `WebAuthn` authenticator, if one is switched on.
pub(super) fn read_webauthn(answer: &Answer) -> Result<Option<String>, Unread> {
    done(answer)?;
    let authenticators: Vec<AuthenticatorBody> = answer.json()?;
    let is_webauthn = |a: &AuthenticatorBody| {
        a.key.as_deref() == Some("webauthn") && a.status.as_deref() != Some("INACTIVE")
    };
    Ok(authenticators.into_iter().find(is_webauthn).and_then(|a| a.id))
}

pub(super) fn read_rp_id(answer: &Answer) -> Result<Option<RpId>, Unread> {
    done(answer)?;
    let methods: Vec<MethodBody> = answer.json()?;
    let method = methods.into_iter().find(|m| m.r#type.as_deref() == Some("webauthn"));
    Ok(method.and_then(|m| m.settings).as_ref().and_then(rp_id))
}

fn may_not_look(error: &CallError) -> bool {
    matches!(error.failure.reason, Reason::OktaUnauthorized | Reason::OktaForbidden)
}

fn rp_id(settings: &Value) -> Option<RpId> {
    let rp_id = settings.get("rpId")?;
    if rp_id.get("enabled").and_then(Value::as_bool) != Some(true) {
        return None;
    }
    RpId::new(rp_id.get("domain")?.get("name")?.as_str()?).ok()
}

fn pipeline(text: String) -> Pipeline {
    match text.as_str() {
        "idx" => Pipeline::IdentityEngine,
        "v1" => Pipeline::Classic,
        _ => Pipeline::Other(text),
    }
}

/// `Date` is made somewhere between sending and reading; half of that is as good as it gets.
fn clock_skew(answer: &Answer) -> Option<SignedDuration> {
    let there = answer.date()?;
    let took = answer.received.duration_since(answer.sent);
    Some(there.duration_since(answer.sent + took / 2))
}
