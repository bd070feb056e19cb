//! The org itself: its clock, what it lets the app do, and its authenticator.

use jiff::SignedDuration;

use super::{
    check::Check,
    facts::{Authenticator, Engine, Method, OktaFacts, Shown},
    verdict::{Verdict, of},
};
use crate::domain::failure::{Failure, Reason};

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

/// What a refusal to give a token is about has a condition of its own.
fn is_about_scopes(failure: &Failure) -> bool {
    failure.reason == Reason::ScopeMissing
}

pub(super) fn reachable(access: &Shown<Result<(), Failure>>) -> Verdict {
    of(access, |access| match access {
        Err(failure) if !is_about_scopes(failure) => Verdict::Fault(failure.clone()),
        _ => Verdict::Good("Okta answers and takes the credentials.".to_owned()),
    })
}

pub(super) fn scopes(access: &Shown<Result<(), Failure>>) -> Verdict {
    of(access, |access| match access {
        Ok(()) => Verdict::Good("Okta grants the scopes that orders need.".to_owned()),
        Err(failure) if is_about_scopes(failure) => Verdict::Fault(failure.clone()),
        Err(_) => Verdict::not_checked(),
    })
}

const NOBODY: &str = "Okta shows nobody to try it with; it shows with the first person.";

pub(super) fn role(facts: &OktaFacts) -> Verdict {
    let good = || Verdict::Good("The app may read a person's pre-registered keys.".to_owned());
    match &facts.enrollments {
        Shown::Seen(Err(failure)) if failure.reason == Reason::RoleMissing => Verdict::Fault(failure.clone()),
        Shown::Seen(_) => good(),
        Shown::Missing => Verdict::not_shown(NOBODY),
        Shown::Hidden(_) | Shown::NotAsked => Verdict::not_checked(),
    }
}

pub(super) fn feature(facts: &OktaFacts) -> Verdict {
    match &facts.enrollments {
        Shown::Seen(Err(failure)) if failure.reason != Reason::RoleMissing => Verdict::Fault(failure.clone()),
        Shown::Seen(Ok(())) => Verdict::Good("The API of pre-registration answers.".to_owned()),
        Shown::Missing => Verdict::not_shown(NOBODY),
        Shown::Seen(Err(_)) | Shown::Hidden(_) | Shown::NotAsked => Verdict::not_checked(),
    }
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
