//! Every check with its verdict, in the order in which they are told.

use domain::preflight::{self, Check, Declared, OktaFacts, Verdict, YubicoFacts};

/// The checks of the credential files, of both vendors, and of the spec.
#[must_use]
pub fn of(
    credentials: Verdict,
    okta: &OktaFacts,
    yubico: &YubicoFacts,
    declared: &Declared,
) -> Vec<(Check, Verdict)> {
    let mut checks = vec![(Check::CredentialsValid, credentials)];
    checks.extend(preflight::okta(okta, declared));
    checks.extend(preflight::yubico(yubico, declared));
    checks.push((Check::OrderingClusterSet, preflight::ordering_cluster(declared)));
    checks
}
