//! Host names: the RP id keys are made for, the host people sign in at, and the org's custom domains. A key of one RP
//! id does not work under another.

use super::{
    check::Check,
    facts::{Declared, Domain, Method, Shown},
    verdict::{Verdict, of},
};
use crate::{
    failure::Reason,
    ids::{InvalidId, RpId},
};

/// The RP id of new keys: the connection's, else the authenticator's, else the host people sign in at.
///
/// # Errors
/// If that is no RP id.
pub fn rp_id(method: &Shown<Method>, declared: &Declared) -> Result<RpId, InvalidId> {
    if let Some(set) = &declared.rp_id {
        return RpId::new(set.as_str());
    }
    if let Some(theirs) = method.seen().and_then(|method| method.rp_id.clone()) {
        return Ok(theirs);
    }
    RpId::new(declared.sign_in_host.as_ref().unwrap_or(&declared.org_host).as_str())
}

/// Browsers offer a key at its RP id and everywhere below it (`WebAuthn`, 5.1.2).
fn covers(rp_id: &str, host: &str) -> bool {
    host.strip_suffix(rp_id).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

pub(super) fn matches(method: &Shown<Method>, declared: &Declared) -> Verdict {
    of(method, |method| match (&method.rp_id, &declared.rp_id) {
        (Some(theirs), Some(ours)) if theirs.as_str() != ours => Verdict::stop(
            Check::RPIDMatches,
            Reason::RPIDMismatch,
            &format!(
                "The authenticator uses the RP id {theirs}, and the connection has keys made for {ours}, which could not sign in"
            ),
        ),
        (Some(theirs), _) => Verdict::Good(format!("Keys are made for the authenticator's RP id {theirs}.")),
        (None, _) => Verdict::Good(
            "The authenticator uses no RP id of its own, so the host that people sign in at counts."
                .to_owned(),
        ),
    })
}

fn usable(domain: &Domain, declared: &Declared) -> bool {
    domain.verified && domain.host != declared.org_host
}

pub(super) fn sign_in_host(
    method: &Shown<Method>,
    domains: &Shown<Vec<Domain>>,
    declared: &Declared,
) -> Verdict {
    if declared.rp_id.is_none() && *method == Shown::NotAsked {
        return Verdict::not_checked();
    }
    let Ok(rp_id) = rp_id(method, declared) else {
        return Verdict::not_shown("The host of okta.orgUrl cannot be an RP id.");
    };
    let mismatch = |found: &str| Verdict::stop(Check::SignInHostMatches, Reason::SignInHostMismatch, found);
    let fits = |host: &str| covers(rp_id.as_str(), host);
    let good = |host: &str| Verdict::Good(format!("Keys of RP id {rp_id} can sign in at {host}."));
    if let Some(host) = &declared.sign_in_host {
        return if fits(host) {
            good(host)
        } else {
            mismatch(&format!("People sign in at {host}, where keys of RP id {rp_id} are not offered"))
        };
    }
    if fits(&declared.org_host) {
        return good(&declared.org_host);
    }
    let Some(domains) = domains.seen() else {
        return Verdict::not_shown(&format!(
            "Keys of RP id {rp_id} cannot sign in at {}; whether there is a custom domain for them is not known: name it in spec.okta.signInHost.",
            declared.org_host
        ));
    };
    match domains.iter().find(|domain| usable(domain, declared) && fits(&domain.host)) {
        Some(domain) => good(&domain.host),
        None => mismatch(&format!(
            "Keys of RP id {rp_id} are offered neither at {} nor at a verified custom domain of the org",
            declared.org_host
        )),
    }
}

pub(super) fn domains(method: &Shown<Method>, domains: &Shown<Vec<Domain>>, declared: &Declared) -> Verdict {
    of(domains, |domains| match &declared.sign_in_host {
        Some(host) if *host == declared.org_host => good_domain(host),
        Some(host) => named(host, domains),
        None => unnamed(method, domains, declared),
    })
}

fn good_domain(host: &str) -> Verdict {
    Verdict::Good(format!("People sign in at {host}."))
}

fn named(host: &str, domains: &[Domain]) -> Verdict {
    let advice = |reason, found: &str| Verdict::advice(Check::CustomDomainsKnown, reason, found);
    match domains.iter().find(|domain| domain.host == host) {
        Some(domain) if domain.verified => good_domain(host),
        Some(_) => advice(
            Reason::DomainNotVerified,
            &format!("The custom domain {host}, at which people shall sign in, is not verified yet"),
        ),
        None => advice(
            Reason::SignInHostUnknown,
            &format!("The org has no custom domain {host}, at which people shall sign in"),
        ),
    }
}

fn unnamed(method: &Shown<Method>, domains: &[Domain], declared: &Declared) -> Verdict {
    let rp_id = rp_id(method, declared).ok();
    let covered = |host: &str| rp_id.as_ref().is_some_and(|id| covers(id.as_str(), host));
    let mut others: Vec<_> = domains
        .iter()
        .filter(|domain| usable(domain, declared) && !covered(&domain.host))
        .map(|domain| domain.host.as_str())
        .collect();
    others.sort_unstable();
    if others.is_empty() {
        return Verdict::Good("No custom domain is left out.".to_owned());
    }
    Verdict::advice(
        Check::CustomDomainsKnown,
        Reason::SignInHostNotNamed,
        &format!("The org has the custom domain {}, where the keys would not be offered", others.join(", ")),
    )
}
