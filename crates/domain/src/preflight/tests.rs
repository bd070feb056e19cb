//! Each fault alone is found by its own check, and by no other.

use jiff::SignedDuration;

use super::*;
use crate::{
    failure::{Failure, Kind},
    ids::RpId,
    vendor_states::{Bucket, Inventory, PublicKey},
};

/// A good org, a good organization, and a connection that fits both.
struct World {
    okta: OktaFacts,
    yubico: YubicoFacts,
    declared: Declared,
}

fn keys() -> Shown<Result<KeySet, Failure>> {
    let key = PublicKey { kid: "k".to_owned(), x: "x".to_owned(), y: "y".to_owned() };
    Shown::Observed(Ok(KeySet::Usable(vec![key])))
}

fn model(name: &str, product_id: u32) -> Model {
    Model {
        name: name.to_owned(),
        product_id,
        inventory_product_id: 106,
        customization_id: "RXJN83".to_owned(),
        low_stock: 10,
        orders: Orders::Accepted,
    }
}

fn enrollment(webauthn: &str) -> EnrollmentPolicy {
    EnrollmentPolicy {
        webauthn: Some(webauthn.to_owned()),
        aaguid_groups: Vec::new(),
        by_authenticator: true,
    }
}

fn rule() -> SessionRule {
    SessionRule {
        primary_factor: Some("PASSWORD_IDP_ANY_FACTOR".to_owned()),
        require_factor: true,
        prompt_mode: Some("ALWAYS".to_owned()),
    }
}

fn inventory(quantity: i64, products: &[u32]) -> Shown<Inventory> {
    let bucket = Bucket { inventory_product_id: 106, quantity: Some(quantity), products: products.to_vec() };
    Shown::Observed(Inventory { organization: None, buckets: vec![bucket] })
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn good() -> World {
    World {
        okta: OktaFacts {
            access: Shown::Observed(Ok(())),
            scopes: Shown::Observed(Ok(())),
            clock_skew: Shown::Observed(SignedDuration::from_secs(-3)),
            engine: Shown::Observed(Engine::Identity),
            role: Shown::Observed(Ok(())),
            feature: Shown::Observed(Ok(())),
            authenticator: Shown::Observed(Authenticator::Active),
            method: Shown::Observed(Method {
                user_verification: Some("PREFERRED".to_owned()),
                attachment: Some("ANY".to_owned()),
                aaguid_groups: vec![("keys".to_owned(), texts(&["2FC0579F-8113-47EA-B116-BB5A8DB9202A"]))],
                ..Method::default()
            }),
            domains: Shown::Observed(Vec::new()),
            enrollment_policies: Shown::Observed(vec![enrollment("OPTIONAL"), enrollment("REQUIRED")]),
            session_rules: Shown::Observed(vec![SessionRule { require_factor: false, ..rule() }, rule()]),
            strangers: Shown::Observed(0),
        },
        yubico: YubicoFacts {
            access: Shown::Observed(Ok(())),
            inventory: inventory(500, &[1, 29]),
            products: Shown::Observed(vec![1, 29, 54, 55]),
            countries: Shown::Observed(texts(&["US", "CA"])),
            countries_of_token: Shown::Observed(texts(&["US", "CA"])),
            transport_keys: keys(),
            signing_keys: keys(),
        },
        declared: Declared {
            org_host: "acme.okta.com".to_owned(),
            sign_in_host: None,
            rp_id: None,
            models: vec![model("5c-nfc", 29)],
            countries: texts(&["US"]),
            ordering_cluster: Some("uid".to_owned()),
            cluster: Some("uid".to_owned()),
        },
    }
}

impl World {
    fn verdicts(&self) -> Vec<(Check, Verdict)> {
        let mut all = okta(&self.okta, &self.declared);
        all.extend(yubico(&self.yubico, &self.declared));
        all.push((Check::OrderingClusterSet, ordering_cluster(&self.declared)));
        all
    }

    fn method(&mut self) -> &mut Method {
        match &mut self.okta.method {
            Shown::Observed(method) => method,
            _ => panic!("the good world shows it"),
        }
    }

    fn custom_domain(&mut self, host: &str, verified: bool) {
        self.okta.domains = Shown::Observed(vec![Domain { host: host.to_owned(), verified }]);
    }
}

fn failure(reason: Reason) -> Failure {
    Failure::new(reason, "so it is.")
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Weight {
    Advice,
    Stop,
    Fault,
}
use Weight::{Advice, Fault, Stop};

type Spoil = fn(&mut World);

/// Everything that can be wrong, alone.
const FAULTS: &[(Check, Reason, Weight, Spoil)] = &[
    (Check::ClockSynchronized, Reason::ClockSkew, Stop, |w| {
        w.okta.clock_skew = Shown::Observed(SignedDuration::from_mins(-3));
    }),
    (Check::IdentityEngine, Reason::ClassicEngine, Stop, |w| {
        w.okta.engine = Shown::Observed(Engine::Classic);
    }),
    (Check::RoleAssigned, Reason::RoleMissing, Fault, |w| {
        w.okta.role = Shown::Observed(Err(failure(Reason::RoleMissing)));
    }),
    (Check::PreRegistrationEnabled, Reason::FeatureOff, Fault, |w| {
        w.okta.feature = Shown::Observed(Err(failure(Reason::FeatureOff)));
    }),
    (Check::WebAuthnEnabled, Reason::WebAuthnOff, Stop, |w| {
        w.okta.authenticator = Shown::Observed(Authenticator::Inactive);
    }),
    (Check::UserVerification, Reason::UserVerificationDiscouraged, Advice, |w| {
        w.method().user_verification = Some("DISCOURAGED".to_owned());
    }),
    (Check::UserVerification, Reason::UserVerificationDiscouraged, Advice, |w| {
        w.method().user_verification_for_verify = Some("DISCOURAGED".to_owned());
    }),
    (Check::KeyAllowed, Reason::OnlyBuiltInAllowed, Stop, |w| {
        w.method().attachment = Some("BUILT_IN".to_owned());
    }),
    (Check::KeyAllowed, Reason::ModelNotAllowed, Advice, |w| w.method().fips_only = true),
    (Check::KeyAllowed, Reason::ModelNotAllowed, Advice, |w| {
        let policy = EnrollmentPolicy { aaguid_groups: texts(&["others"]), ..enrollment("REQUIRED") };
        w.okta.enrollment_policies = Shown::Observed(vec![policy]);
    }),
    (Check::RPIDMatches, Reason::RPIDMismatch, Stop, |w| {
        w.method().rp_id = RpId::new("acme.com").ok();
        w.declared.rp_id = Some("acme.okta.com".to_owned());
    }),
    (Check::SignInHostMatches, Reason::SignInHostMismatch, Stop, |w| {
        w.declared.rp_id = Some("acme.com".to_owned());
    }),
    (Check::SignInHostMatches, Reason::SignInHostMismatch, Stop, |w| {
        w.custom_domain("login.acme.com", true);
        w.declared.sign_in_host = Some("login.acme.com".to_owned());
        w.declared.rp_id = Some("keys.login.acme.com".to_owned());
    }),
    (Check::CustomDomainsKnown, Reason::SignInHostNotNamed, Advice, |w| {
        w.custom_domain("login.acme.com", true);
    }),
    (Check::CustomDomainsKnown, Reason::SignInHostUnknown, Advice, |w| {
        w.declared.sign_in_host = Some("login.acme.com".to_owned());
    }),
    (Check::CustomDomainsKnown, Reason::DomainNotVerified, Advice, |w| {
        w.custom_domain("login.acme.com", false);
        w.declared.sign_in_host = Some("login.acme.com".to_owned());
    }),
    (Check::EnrollmentPolicyFits, Reason::EnrollmentForbidden, Stop, |w| {
        w.okta.enrollment_policies = Shown::Observed(vec![enrollment("NOT_ALLOWED")]);
    }),
    (Check::EnrollmentPolicyFits, Reason::EnrollmentNotRequired, Advice, |w| {
        w.okta.enrollment_policies = Shown::Observed(vec![enrollment("OPTIONAL")]);
    }),
    (Check::SessionPolicyFits, Reason::SessionPolicyDiffers, Advice, |w| {
        let rule = SessionRule { primary_factor: Some("PASSWORD_IDP".to_owned()), ..rule() };
        w.okta.session_rules = Shown::Observed(vec![rule]);
    }),
    (Check::OnlyOrderingTool, Reason::AnotherOrderingTool, Advice, |w| w.okta.strangers = Shown::Observed(1)),
    (Check::TokenRegionMatches, Reason::TokenOfAnotherRegion, Stop, |w| {
        w.yubico.countries_of_token = Shown::Observed(texts(&["DE", "FR"]));
    }),
    (Check::CountriesEnabled, Reason::CountryOff, Advice, |w| w.declared.countries = texts(&["US", "MX"])),
    (Check::ProductsKnown, Reason::ProductUnknown, Stop, |w| w.declared.models = vec![model("5c-nfc", 2900)]),
    (Check::ProductsKnown, Reason::ProductUnknown, Advice, |w| {
        w.declared.models.push(model("typo", 2900));
    }),
    (Check::InventoriesKnown, Reason::InventoryUnknown, Stop, |w| {
        w.declared.models[0].inventory_product_id = 1060;
    }),
    (Check::ProductsMapped, Reason::PairNotMapped, Stop, |w| w.declared.models = vec![model("fips", 55)]),
    (Check::CustomizationsKnown, Reason::CustomizationDoubtful, Advice, |w| {
        w.declared.models[0].orders = Orders::Refused;
    }),
    (Check::StockSufficient, Reason::StockLow, Advice, |w| w.yubico.inventory = inventory(9, &[1, 29])),
    (Check::StockSufficient, Reason::StockLow, Advice, |w| w.yubico.inventory = inventory(0, &[])),
    (Check::TransportKeysUsable, Reason::VendorKeysUnusable, Stop, |w| {
        w.yubico.transport_keys = Shown::Observed(Ok(KeySet::Empty));
    }),
    (Check::SigningKeysUsable, Reason::VendorKeysUnusable, Stop, |w| {
        w.yubico.signing_keys = Shown::Observed(Ok(KeySet::AnotherCurve));
    }),
    (Check::SigningKeysUsable, Reason::YubicoUnavailable, Fault, |w| {
        w.yubico.signing_keys = Shown::Observed(Err(failure(Reason::YubicoUnavailable)));
    }),
    (Check::YubicoReachable, Reason::YubicoUnauthorized, Fault, |w| {
        w.yubico.access = Shown::Observed(Err(failure(Reason::YubicoUnauthorized)));
    }),
    (Check::ScopesGranted, Reason::ScopeMissing, Fault, |w| {
        w.okta.scopes = Shown::Observed(Err(failure(Reason::ScopeMissing)));
    }),
    (Check::OktaReachable, Reason::OktaUnauthorized, Fault, |w| {
        w.okta.access = Shown::Observed(Err(failure(Reason::OktaUnauthorized)));
    }),
    (Check::OrderingClusterSet, Reason::OrderingClusterUnset, Advice, |w| w.declared.ordering_cluster = None),
];

fn weight(verdict: &Verdict) -> Option<(Reason, Weight)> {
    match verdict {
        Verdict::Advice(reason, _) => Some((*reason, Advice)),
        Verdict::Stop(reason, _) => Some((*reason, Stop)),
        Verdict::Fault(failure) => Some((failure.reason, Fault)),
        Verdict::Good(_) | Verdict::Unknown(..) => None,
    }
}

#[test]
fn a_good_world_raises_no_alarm() {
    for (check, verdict) in good().verdicts() {
        assert!(matches!(verdict, Verdict::Good(_)), "{check:?}: {verdict:?}");
    }
}

#[test]
fn each_fault_alone_is_found_by_its_own_check_and_by_no_other() {
    for (number, (check, reason, expected, spoil)) in FAULTS.iter().enumerate() {
        let mut world = good();
        spoil(&mut world);
        for (found, verdict) in world.verdicts() {
            if found == *check {
                assert_eq!(weight(&verdict), Some((*reason, *expected)), "fault {number}: {verdict:?}");
            } else {
                assert!(matches!(verdict, Verdict::Good(_)), "fault {number} at {found:?}: {verdict:?}");
            }
        }
    }
}

/// Every check but that of the files, which is made where they are read.
#[test]
fn every_check_can_fail_and_is_judged_once() {
    let judged: Vec<_> = good().verdicts().into_iter().map(|(check, _)| check).collect();
    let files = |check: &Check| *check != Check::CredentialsValid;
    for check in Check::ALL.iter().filter(|check| files(check)) {
        assert_eq!(judged.iter().filter(|known| *known == check).count(), 1, "{check:?}");
        let fails = FAULTS.iter().any(|(known, ..)| known == check);
        assert!(fails, "{check:?} has no fault in the table");
    }
}

#[test]
fn what_stops_is_the_connections_fault_and_advice_is_not() {
    for (_, reason, weight, _) in FAULTS {
        match weight {
            Stop => assert_eq!(reason.kind(), Kind::Auth, "{reason}"),
            // The same reason stops where no model is left.
            Advice => {
                assert!(reason.kind() == Kind::Waiting || *reason == Reason::ProductUnknown, "{reason}");
            }
            Fault => {}
        }
    }
}

#[test]
fn what_is_not_shown_is_no_alarm() {
    let mut world = good();
    let scope = "okta.policies.read";
    world.okta.clock_skew = Shown::Missing;
    world.okta.engine = Shown::Missing;
    world.okta.role = Shown::Missing;
    world.okta.feature = Shown::Missing;
    world.okta.authenticator = Shown::Hidden(scope);
    world.okta.method = Shown::Hidden(scope);
    world.okta.domains = Shown::Hidden(scope);
    world.okta.enrollment_policies = Shown::Hidden(scope);
    world.okta.session_rules = Shown::Hidden(scope);
    world.okta.strangers = Shown::Hidden(scope);
    world.yubico.inventory = Shown::Missing;
    world.yubico.products = Shown::Observed(Vec::new());
    world.yubico.countries = Shown::Missing;
    world.yubico.countries_of_token = Shown::NotAsked;
    world.declared.models[0].orders = Orders::None;
    for (check, verdict) in world.verdicts() {
        assert_eq!(weight(&verdict), None, "{check:?}: {verdict:?}");
        if let Verdict::Unknown(Unknown::ScopeNotGranted, message) = verdict {
            assert!(message.contains(scope), "{check:?} names the scope: {message}");
        }
    }
}

#[test]
fn messages_say_what_was_found_what_is_wanted_and_where_it_is_changed() {
    for (check, _, weight, spoil) in FAULTS {
        let mut world = good();
        spoil(&mut world);
        for (found, verdict) in world.verdicts() {
            let (Verdict::Advice(_, message) | Verdict::Stop(_, message)) = verdict else { continue };
            assert_eq!(found, *check);
            assert!(message.contains(check.wants()) && message.contains(check.place()), "{message}");
            let ends =
                if *weight == Stop { "No key is ordered until then." } else { "Nothing stops for it." };
            assert!(message.ends_with(ends), "{message}");
        }
    }
}

#[test]
fn keys_are_offered_at_their_rp_id_and_below_it() {
    for (rp_id, host, fits) in [
        ("acme.com", "acme.com", true),
        ("acme.com", "login.acme.com", true),
        ("acme.com", "notacme.com", false),
        ("login.acme.com", "acme.com", false),
    ] {
        let mut world = good();
        world.declared.sign_in_host = Some(host.to_owned());
        world.declared.rp_id = Some(rp_id.to_owned());
        world.custom_domain(host, true);
        let stopped = world.verdicts().iter().any(|(_, verdict)| matches!(verdict, Verdict::Stop(..)));
        assert_eq!(stopped, !fits, "{rp_id} at {host}");
    }
}

#[test]
fn the_rp_id_is_the_connections_else_the_authenticators_else_the_hosts() {
    let mut world = good();
    let of = |world: &World| rp_id(&world.okta.method, &world.declared).unwrap().to_string();
    assert_eq!(of(&world), "acme.okta.com");
    world.declared.sign_in_host = Some("login.acme.com".to_owned());
    assert_eq!(of(&world), "login.acme.com");
    world.method().rp_id = RpId::new("acme.com").ok();
    assert_eq!(of(&world), "acme.com");
    world.declared.rp_id = Some("set.acme.com".to_owned());
    assert_eq!(of(&world), "set.acme.com");
}

/// The number that is left changes with each order; the message would be written each time.
#[test]
fn the_words_about_the_stock_stand_while_it_shrinks() {
    let told = |left| {
        let mut world = good();
        world.yubico.inventory = inventory(left, &[]);
        let found = world.verdicts().into_iter().find(|(check, _)| *check == Check::StockSufficient);
        found.map(|(_, verdict)| verdict)
    };
    assert_eq!(told(9), told(1));
    assert_eq!(told(500), told(10));
    assert_ne!(told(1), told(0));
}

/// Each check of the page is one of the code, with what is wanted, where it is changed and what it does, and the other
/// way round.
#[test]
fn the_page_about_preflight_is_that_of_the_code() {
    let page = include_str!("../../../../docs/preflight.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.trim_end_matches(" |").split(" | ").collect())
        .filter(|row: &Vec<&str>| row.len() == 4)
        .collect();
    let told: Vec<_> = rows.iter().map(|row| row[0].trim_end_matches('`')).collect();
    let known: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(told, known, "every check, in its order");
    for (row, check) in rows.iter().zip(Check::ALL) {
        assert_eq!((row[1], row[2]), (check.wants(), check.place()), "{}", check.name());
    }
    for (check, reason, weight, _) in FAULTS {
        let row = rows.iter().find(|row| row[0].trim_end_matches('`') == check.name()).unwrap();
        let word = match weight {
            Advice => format!("`{reason}` (advice)"),
            Stop => format!("`{reason}` (stops orders)"),
            Fault => format!("`{reason}`"),
        };
        assert!(row[3].contains(&word), "{} says {word}: {}", check.name(), row[3]);
    }
}

#[test]
fn a_connection_that_names_no_cluster_is_told_both_ways_to_name_one() {
    let mut world = good();
    world.declared.ordering_cluster = None;
    for (here, told) in [(Some("3c7f1e0a"), "or this one's id, 3c7f1e0a"), (None, "write ThisCluster")] {
        world.declared.cluster = here.map(str::to_owned);
        let Verdict::Advice(Reason::OrderingClusterUnset, message) = ordering_cluster(&world.declared) else {
            panic!("no advice");
        };
        assert!(message.contains("write ThisCluster") && message.contains(told), "{message}");
    }
    world.declared.ordering_cluster = Some("ThisCluster".to_owned());
    assert!(matches!(ordering_cluster(&world.declared), Verdict::Good(_)));
}
