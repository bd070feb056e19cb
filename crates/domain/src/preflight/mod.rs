//! Preflight: is this Okta org, and this `YubiEnterprise` organization, ready for orders? Facts in, verdicts out.

mod check;
mod facts;
mod hosts;
mod models;
mod org;
mod policies;
mod supplier;
mod verdict;

pub use self::{
    check::Check,
    facts::{
        Authenticator, Declared, Domain, Engine, EnrollmentPolicy, KeySet, Method, Model, OktaFacts, Orders,
        SessionRule, Shown, YubicoFacts,
    },
    hosts::rp_id,
    verdict::{Unknown, Verdict},
};
use crate::{binding::THIS_CLUSTER, failure::Reason};

/// Every check of Okta, each with its verdict. While Okta lets nobody in, its settings are judged as they were seen last.
#[must_use]
pub fn okta(facts: &OktaFacts, declared: &Declared) -> Vec<(Check, Verdict)> {
    vec![
        (Check::ClockSynchronized, org::clock(&facts.clock_skew)),
        (Check::OktaReachable, org::reachable(&facts.access)),
        (Check::ScopesGranted, org::scopes(&facts.scopes)),
        (Check::RoleAssigned, org::role(&facts.role)),
        (Check::PreRegistrationEnabled, org::feature(&facts.feature)),
        (Check::IdentityEngine, org::engine(&facts.engine)),
        (Check::WebAuthnEnabled, org::webauthn(&facts.authenticator)),
        (Check::UserVerification, org::user_verification(&facts.method)),
        (Check::KeyAllowed, models::allowed(&facts.method, &facts.enrollment_policies, &declared.models)),
        (Check::RPIDMatches, hosts::matches(&facts.method, declared)),
        (Check::SignInHostMatches, hosts::sign_in_host(&facts.method, &facts.domains, declared)),
        (Check::CustomDomainsKnown, hosts::domains(&facts.method, &facts.domains, declared)),
        (Check::EnrollmentPolicyFits, policies::enrollment(&facts.enrollment_policies)),
        (Check::SessionPolicyFits, policies::session(&facts.session_rules)),
        (Check::OnlyOrderingTool, org::only_tool(&facts.strangers)),
    ]
}

/// Every check of `YubiEnterprise`, each with its verdict.
#[must_use]
pub fn yubico(facts: &YubicoFacts, declared: &Declared) -> Vec<(Check, Verdict)> {
    vec![
        (Check::YubicoReachable, supplier::reachable(&facts.access)),
        (Check::TokenRegionMatches, supplier::region(&facts.countries_of_token, declared)),
        (Check::ProductsKnown, supplier::products(facts, declared)),
        (Check::InventoriesKnown, supplier::inventories(facts, declared)),
        (Check::ProductsMapped, supplier::mapped(facts, declared)),
        (Check::CustomizationsKnown, supplier::customizations(declared)),
        (Check::StockSufficient, supplier::stock(facts, declared)),
        (Check::CountriesEnabled, supplier::countries(&facts.countries, declared)),
        (Check::TransportKeysUsable, supplier::keys(Check::TransportKeysUsable, &facts.transport_keys)),
        (Check::SigningKeysUsable, supplier::keys(Check::SigningKeysUsable, &facts.signing_keys)),
    ]
}

/// Is one cluster named that may order? Any cluster with a copy of the resources would order too.
#[must_use]
pub fn ordering_cluster(declared: &Declared) -> Verdict {
    match (declared.ordering_cluster.as_deref(), &declared.cluster) {
        (Some(THIS_CLUSTER), _) => Verdict::Good(
            "The connection promises that no other cluster holds it, so that this one may order.".to_owned(),
        ),
        (Some(_), _) => Verdict::Good("The connection names the one cluster that may order.".to_owned()),
        (None, here) => {
            let id = here.as_ref().map(|id| format!(", or this one's id, {id}")).unwrap_or_default();
            Verdict::advice(
                Check::OrderingClusterSet,
                Reason::OrderingClusterUnset,
                &format!(
                    "The connection names no cluster, so that every one may order; write {THIS_CLUSTER} where no \
                     other cluster holds it{id}"
                ),
            )
        }
    }
}

/// Does the token belong to an organization that ships to other countries only?
#[must_use]
pub fn is_of_another_region(countries: &Shown<Vec<String>>, declared: &Declared) -> bool {
    matches!(supplier::region(countries, declared), Verdict::Stop(..))
}

#[cfg(test)]
mod tests;
