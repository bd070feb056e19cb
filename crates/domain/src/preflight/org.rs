//! The org itself: its clock, what it lets the app do, and its authenticator.

use jiff::SignedDuration;

use super::{
    check::Check,
    facts::{Authenticator, Engine, Method, Shown},
    verdict::{Verdict, of},
};
use crate::failure::{Failure, Reason};

/// Okta refuses proofs older than five minutes or from the future; two minutes leave room.
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn clock(skew: &Shown<SignedDuration>) -> Verdict {
    of(skew, |skew| {
        if skew.abs() <= MOST_SKEW {
            return Verdict::Good("The operator's clock agrees with Okta's.".to_owned());
        }
        Verdict::stop(
            Check::ClockSynchronized,
            Reason::ClockSkew,
            "The operator's clock differs from Okta's by more than two minutes, and Okta refuses what is signed at such a time",
        )
    })
}

pub(super) fn reachable(access: &Shown<Result<(), Failure>>) -> Verdict {
    tried(access, "Okta answers and takes the credentials.")
}

pub(super) fn scopes(scopes: &Shown<Result<(), Failure>>) -> Verdict {
    tried(scopes, "Okta grants the scopes that orders need.")
}

pub(super) fn role(role: &Shown<Result<(), Failure>>) -> Verdict {
    on_somebody(role, "The app may read a person's pre-registered keys.")
}

pub(super) fn feature(feature: &Shown<Result<(), Failure>>) -> Verdict {
    on_somebody(feature, "The API of pre-registration answers.")
}

fn tried(outcome: &Shown<Result<(), Failure>>, good: &str) -> Verdict {
    of(outcome, |outcome| match outcome {
        Ok(()) => Verdict::Good(good.to_owned()),
        Err(failure) => Verdict::Fault(failure.clone()),
    })
}

fn on_somebody(outcome: &Shown<Result<(), Failure>>, good: &str) -> Verdict {
    if *outcome == Shown::Missing {
        return Verdict::not_shown("Okta shows nobody to try it with; it shows with the first person.");
    }
    tried(outcome, good)
}

pub(super) fn engine(engine: &Shown<Engine>) -> Verdict {
    of(engine, |engine| match engine {
        Engine::Identity => Verdict::Good("The org runs Identity Engine.".to_owned()),
        Engine::Classic => Verdict::stop(
            Check::IdentityEngine,
            Reason::ClassicEngine,
            "The Okta org runs Classic Engine, which has no pre-registration",
        ),
        Engine::Other => Verdict::not_shown("Okta names an engine that this version does not know."),
    })
}

pub(super) fn webauthn(authenticator: &Shown<Authenticator>) -> Verdict {
    let off = |found| Verdict::stop(Check::WebAuthnEnabled, Reason::WebAuthnOff, found);
    of(authenticator, |authenticator| match authenticator {
        Authenticator::Active => Verdict::Good("The WebAuthn authenticator is active.".to_owned()),
        Authenticator::Inactive => off("The FIDO2 (WebAuthn) authenticator is switched off"),
        Authenticator::Absent => off("The org has no FIDO2 (WebAuthn) authenticator"),
    })
}

pub(super) fn user_verification(method: &Shown<Method>) -> Verdict {
    of(method, |method| {
        let at =
            [("enrolling", &method.user_verification), ("signing in", &method.user_verification_for_verify)];
        let discouraged = at.iter().filter(|(_, value)| value.as_deref() == Some("DISCOURAGED"));
        let when: Vec<_> = discouraged.map(|(when, _)| *when).collect();
        if !when.is_empty() {
            return Verdict::advice(
                Check::UserVerification,
                Reason::UserVerificationDiscouraged,
                &format!(
                    "User verification is Discouraged when {}, so the key alone opens the account, without its PIN",
                    when.join(" and ")
                ),
            );
        }
        if method.user_verification.is_none() {
            return Verdict::not_shown("Okta does not tell the authenticator's user verification.");
        }
        Verdict::Good("People verify themselves with the PIN.".to_owned())
    })
}

pub(super) fn only_tool(strangers: &Shown<usize>) -> Verdict {
    of(strangers, |strangers| {
        if *strangers == 0 {
            return Verdict::Good(
                "As far as the System Log of the last day shows, nothing else orders keys in this org."
                    .to_owned(),
            );
        }
        Verdict::advice(
            Check::OnlyOrderingTool,
            Reason::AnotherOrderingTool,
            "After the Admin Console's Add somebody got a pre-registered key that no shipment of this cluster has, as if Okta's Workflows template, another cluster or another tool ordered too; a person may then get two keys",
        )
    })
}
