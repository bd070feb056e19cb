//! Okta's policies. They hold for groups, and which of them holds for a person only Okta can tell: that none fits is
//! certain, that one fits is not, so most of this is advice.

use super::{
    check::Check,
    facts::{EnrollmentPolicy, SessionRule, Shown},
    verdict::{Verdict, of},
};
use crate::failure::Reason;

pub(super) fn enrollment(policies: &Shown<Vec<EnrollmentPolicy>>) -> Verdict {
    of(policies, |policies| {
        let has = |desired: &str| policies.iter().any(|policy| policy.webauthn.as_deref() == Some(desired));
        if has("REQUIRED") {
            return Verdict::Good("An enrolment policy requires WebAuthn.".to_owned());
        }
        if has("OPTIONAL") {
            return Verdict::advice(
                Check::EnrollmentPolicyFits,
                Reason::EnrollmentNotRequired,
                "WebAuthn is Optional in every enrolment policy that allows it, so new people may choose another factor",
            );
        }
        // Settings of the older kind, or values added later, say nothing for certain.
        let clear = |policy: &EnrollmentPolicy| {
            policy.by_authenticator && policy.webauthn.as_deref().is_none_or(|w| w == "NOT_ALLOWED")
        };
        if policies.is_empty() || !policies.iter().all(clear) {
            return Verdict::not_shown("The enrolment policies do not tell whether WebAuthn is allowed.");
        }
        Verdict::stop(
            Check::EnrollmentPolicyFits,
            Reason::EnrollmentForbidden,
            "No enrolment policy allows WebAuthn, so nobody could use the key",
        )
    })
}

pub(super) fn session(rules: &Shown<Vec<SessionRule>>) -> Verdict {
    of(rules, |rules| {
        if rules.iter().any(|rule| faults(rule).is_empty()) {
            return Verdict::Good("A global session rule lets people in with the key alone.".to_owned());
        }
        // The rule nearest to what is wanted tells the shortest way.
        let Some(nearest) = rules.iter().min_by_key(|rule| faults(rule).len()) else {
            return Verdict::not_shown("No active global session rule that lets people in is shown.");
        };
        Verdict::advice(
            Check::SessionPolicyFits,
            Reason::SessionPolicyDiffers,
            &format!("No global session rule fits; the nearest one {}", faults(nearest).join(" and ")),
        )
    })
}

fn faults(rule: &SessionRule) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if rule.primary_factor.as_deref() != Some("PASSWORD_IDP_ANY_FACTOR") {
        faults.push("demands a password first (primaryFactor)");
    }
    if !rule.require_factor {
        faults.push("requires no second factor (requireFactor)");
    }
    if rule.prompt_mode.as_deref() != Some("ALWAYS") {
        faults.push("does not ask at every sign-in (factorPromptMode)");
    }
    faults
}
