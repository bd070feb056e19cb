//! Whether the org lets the ordered models be used. Which firmware is in the warehouse is not known, so a list that
//! lacks a model may still hold its next AAGUID: advice.

use super::{
    check::Check,
    facts::{EnrollmentPolicy, Method, Model, Shown},
    verdict::{Verdict, of},
};
use crate::failure::Reason;

/// AAGUIDs of the series with NFC by firmware 5.1, 5.2 to 5.4, and 5.7 (Yubico: `YubiKey` Hardware FIDO2 AAGUIDs).
const SERIES_5_NFC: &[&str] = &[
    "fa2b99dc-9e39-4257-8f92-4a30d23c4118",
    "2fc0579f-8113-47ea-b116-bb5a8db9202a",
    "a25342c0-3cdc-4414-8e46-f4807fca511c",
];

/// The FIPS series with NFC, firmware 5.4 (the same source).
const FIPS_NFC: &[&str] = &["c1f9a0bc-1dd2-404a-b27f-8e29047a43fd"];

/// What is known of a product id (the incomplete list of Yubico's clients): its AAGUIDs, and whether it is FIPS.
const fn known(product_id: u32) -> Option<(&'static [&'static str], bool)> {
    match product_id {
        1 | 29 => Some((SERIES_5_NFC, false)),
        54 | 55 => Some((FIPS_NFC, true)),
        _ => None,
    }
}

pub(super) fn allowed(
    method: &Shown<Method>,
    policies: &Shown<Vec<EnrollmentPolicy>>,
    models: &[Model],
) -> Verdict {
    of(method, |method| {
        if method.attachment.as_deref() == Some("BUILT_IN") {
            return Verdict::stop(
                Check::KeyAllowed,
                Reason::OnlyBuiltInAllowed,
                "The authenticator admits built-in authenticators only, and a YubiKey is none",
            );
        }
        let admitted = admitted(method, policies.seen().map(Vec::as_slice).unwrap_or_default());
        let refused = |model: &&Model| {
            known(model.product_id).is_some_and(|(aaguids, fips)| {
                (method.fips_only && !fips) || admitted.as_ref().is_some_and(|list| !meets(list, aaguids))
            })
        };
        let names: Vec<_> = models.iter().filter(refused).map(|model| model.name.as_str()).collect();
        if names.is_empty() {
            return Verdict::Good("The ordered models may be used.".to_owned());
        }
        Verdict::advice(
            Check::KeyAllowed,
            Reason::ModelNotAllowed,
            &format!(
                "The authenticator's FIPS setting or the allowed AAGUIDs of the enrolment policies leave out {}, as far as its AAGUIDs are known",
                names.join(", ")
            ),
        )
    })
}

/// The AAGUIDs that the policies admit; `None` where one of them admits all.
fn admitted<'a>(method: &'a Method, policies: &[EnrollmentPolicy]) -> Option<Vec<&'a str>> {
    let allowing = policies
        .iter()
        .filter(|policy| policy.webauthn.as_deref().is_some_and(|enroll| enroll != "NOT_ALLOWED"));
    let mut admitted = Vec::new();
    let mut restricted = false;
    for policy in allowing {
        if policy.aaguid_groups.is_empty() {
            return None;
        }
        restricted = true;
        let groups = method.aaguid_groups.iter().filter(|(name, _)| policy.aaguid_groups.contains(name));
        admitted.extend(groups.flat_map(|(_, aaguids)| aaguids.iter().map(String::as_str)));
    }
    restricted.then_some(admitted)
}

fn meets(list: &[&str], aaguids: &[&str]) -> bool {
    list.iter().any(|listed| aaguids.iter().any(|known| listed.eq_ignore_ascii_case(known)))
}
