//! Settings of the organization that decide whether a pre-registered key can be used: authenticator, domains, policies.
//!
//! Source: Okta's management `OpenAPI`, tags `Authenticator`, `CustomDomain` and `Policy`. Members may be missing and
//! values are added without notice, so all of it is read tolerantly.

use domain::{
    failure::CallError,
    ids::RpId,
    preflight::{Authenticator, Domain, EnrollmentPolicy, Method, SessionRule},
};
use serde_json::Value;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    quota::Bucket,
    wire::AuthenticatorBody,
};
use crate::http::Answer;

/// Key of the authenticator and type of its method; the display name differs between orgs.
const WEBAUTHN: &str = "webauthn";

/// Global session policies whose rules are read: those evaluated first. Each costs a call.
const SESSION_POLICIES: usize = 3;

impl Client {
    /// The `WebAuthn` authenticator, and its id where it has one.
    ///
    /// # Errors
    /// Whatever but a readable 2xx; `OktaForbidden` and `ScopeMissing` where the app may not look.
    pub async fn authenticator(&self) -> Result<(Authenticator, Option<String>), CallError> {
        let path = ["api", "v1", "authenticators"];
        self.setting("authenticators", Scope::Authenticators, &path, &[], read_authenticator).await
    }

    /// Settings of the authenticator's method `webauthn`.
    ///
    /// # Errors
    /// As [`authenticator`](Self::authenticator).
    pub async fn webauthn_method(&self, authenticator: &str) -> Result<Method, CallError> {
        let path = ["api", "v1", "authenticators", authenticator, "methods"];
        self.setting("authenticator-methods", Scope::Authenticators, &path, &[], read_method).await
    }

    /// The organization's custom domains.
    ///
    /// # Errors
    /// As [`authenticator`](Self::authenticator).
    pub async fn domains(&self) -> Result<Vec<Domain>, CallError> {
        self.setting("domains", Scope::Domains, &["api", "v1", "domains"], &[], read_domains).await
    }

    /// The active authenticator enrolment policies, in the order in which Okta evaluates them.
    ///
    /// # Errors
    /// As [`authenticator`](Self::authenticator).
    pub async fn enrollment_policies(&self) -> Result<Vec<EnrollmentPolicy>, CallError> {
        let path = ["api", "v1", "policies"];
        let query = [("type", "MFA_ENROLL")];
        self.setting("policies", Scope::Policies, &path, &query, read_enrollment_policies).await
    }

    /// The active rules that let people in, of the active global session policies that Okta evaluates first.
    ///
    /// # Errors
    /// As [`authenticator`](Self::authenticator).
    pub async fn session_rules(&self) -> Result<Vec<SessionRule>, CallError> {
        let path = ["api", "v1", "policies"];
        let query = [("type", "OKTA_SIGN_ON")];
        let policies = self.setting("policies", Scope::Policies, &path, &query, read_policy_ids).await?;
        let mut rules = Vec::new();
        for id in policies.iter().take(SESSION_POLICIES) {
            let path = ["api", "v1", "policies", id, "rules"];
            rules
                .extend(self.setting("policy-rules", Scope::Policies, &path, &[], read_session_rules).await?);
        }
        Ok(rules)
    }

    async fn setting<T>(
        &self,
        operation: &'static str,
        scope: Scope,
        path: &[&str],
        query: &[(&str, &str)],
        read: impl Fn(&Answer) -> Result<T, Unread>,
    ) -> Result<T, CallError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.call(Request { scope, ..Request::get(operation, Bucket::Organization, url) }, read).await
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn is(value: &Value, name: &str, desired: &str) -> bool {
    value.get(name).and_then(Value::as_str) == Some(desired)
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    items(value, name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The active ones of a list, those evaluated first in front.
fn active(mut list: Vec<Value>) -> Vec<Value> {
    list.retain(|item| item.get("status").is_none() || is(item, "status", "ACTIVE"));
    list.sort_by_key(|item| item.get("priority").and_then(Value::as_i64).unwrap_or(i64::MAX));
    list
}

pub(super) fn read_authenticator(answer: &Answer) -> Result<(Authenticator, Option<String>), Unread> {
    done(answer)?;
    let all: Vec<AuthenticatorBody> = answer.json()?;
    let Some(ours) = all.into_iter().find(|a| a.key.as_deref() == Some(WEBAUTHN)) else {
        return Ok((Authenticator::Absent, None));
    };
    let inactive = ours.status.as_deref() == Some("INACTIVE");
    Ok((if inactive { Authenticator::Inactive } else { Authenticator::Active }, ours.id))
}

pub(super) fn read_method(answer: &Answer) -> Result<Method, Unread> {
    done(answer)?;
    let methods: Vec<Value> = answer.json()?;
    let ours = methods.iter().find(|method| is(method, "type", WEBAUTHN));
    Ok(ours.and_then(|method| method.get("settings")).map(method).unwrap_or_default())
}

fn method(settings: &Value) -> Method {
    Method {
        user_verification: text(settings, "userVerification"),
        user_verification_for_verify: text(settings, "userVerificationForVerify"),
        attachment: text(settings, "attachment"),
        fips_only: flag(settings, "fipsCompliant"),
        aaguid_groups: items(settings, "aaguidGroups")
            .iter()
            .filter_map(|group| Some((text(group, "name")?, texts(group, "aaguids"))))
            .collect(),
        rp_id: rp_id(settings),
    }
}

fn rp_id(settings: &Value) -> Option<RpId> {
    let rp_id = settings.get("rpId").filter(|rp_id| flag(rp_id, "enabled"))?;
    RpId::new(text(rp_id.get("domain")?, "name")?).ok()
}

pub(super) fn read_domains(answer: &Answer) -> Result<Vec<Domain>, Unread> {
    done(answer)?;
    let body: Value = answer.json()?;
    let domain = |item: &Value| {
        Some(Domain {
            host: text(item, "domain")?.to_ascii_lowercase(),
            verified: is(item, "validationStatus", "COMPLETED") || is(item, "validationStatus", "VERIFIED"),
        })
    };
    Ok(items(&body, "domains").iter().filter_map(domain).collect())
}

pub(super) fn read_enrollment_policies(answer: &Answer) -> Result<Vec<EnrollmentPolicy>, Unread> {
    done(answer)?;
    Ok(active(answer.json()?).iter().map(enrollment_policy).collect())
}

fn enrollment_policy(policy: &Value) -> EnrollmentPolicy {
    let settings = policy.get("settings").unwrap_or(&Value::Null);
    let ours = items(settings, "authenticators").iter().find(|item| is(item, "key", WEBAUTHN));
    let enroll = ours.and_then(|item| text(item.get("enroll")?, "self"));
    let constraints = ours.and_then(|item| item.get("constraints")).unwrap_or(&Value::Null);
    EnrollmentPolicy {
        webauthn: enroll,
        aaguid_groups: texts(constraints, "aaguidGroups"),
        by_authenticator: is(settings, "type", "AUTHENTICATORS"),
    }
}

pub(super) fn read_policy_ids(answer: &Answer) -> Result<Vec<String>, Unread> {
    done(answer)?;
    Ok(active(answer.json()?).iter().filter_map(|policy| text(policy, "id")).collect())
}

pub(super) fn read_session_rules(answer: &Answer) -> Result<Vec<SessionRule>, Unread> {
    done(answer)?;
    let rule = |rule: &Value| {
        let signon = rule.get("actions")?.get("signon").filter(|signon| !is(signon, "access", "DENY"))?;
        Some(SessionRule {
            primary_factor: text(signon, "primaryFactor"),
            require_factor: flag(signon, "requireFactor"),
            prompt_mode: text(signon, "factorPromptMode"),
        })
    };
    Ok(active(answer.json()?).iter().filter_map(rule).collect())
}
