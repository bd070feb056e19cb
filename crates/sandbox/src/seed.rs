//! The world as it begins.

use std::collections::{HashMap, HashSet};

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::behaviour::Behaviour;
use crate::clock;
use crate::faults::Faults;
use crate::hris::records::Hris;
use crate::ids::Dice;
use crate::jose;
use crate::journal::Journal;
use crate::okta::settings::OrgSettings;
use crate::okta::users::add_person;
use crate::secrets::Secrets;
use crate::system_log::SystemLog;
use crate::vendor_keys::{AttestationIssuer, KeySet};
use crate::world::{ApiToken, Bucket, Group, OktaOrg, Organization, Place, Product, World, Yubico};

/// AAGUIDs Yubico publishes: series 5 with NFC at firmware 5.7, and the FIPS series at 5.4.
const SERIES_5_NFC: u128 = 0xa253_42c0_3cdc_4414_8e46_f480_7fca_511c;
const FIPS_NFC: u128 = 0xc1f9_a0bc_1dd2_404a_b27f_8e29_047a_43fd;

/// A world with one Okta org and one Yubico organization.
pub(crate) fn world(
    seed: Option<u64>,
    okta_url: &str,
    yubico_url: &str,
    place: Place,
) -> Result<World, String> {
    let attestation = AttestationIssuer::new().map_err(|error| error.to_string())?;
    let (mut transport, mut signing) = (KeySet::default(), KeySet::default());
    for _ in 0..2 {
        transport.add_transport()?;
        signing.add_signing(&attestation)?;
    }
    let mut world = World {
        dice: Dice::new(seed),
        orgs: Vec::new(),
        yubico: Yubico {
            base_url: yubico_url.into(),
            transport,
            signing,
            attestation,
            organizations: Vec::new(),
            products: products(),
            shipments: Vec::new(),
        },
        hris: Hris::default(),
        outbox: Vec::new(),
        journal: Journal::default(),
        secrets: Secrets::default(),
        faults: Faults::default(),
        settings: Behaviour::of(place.profile),
        place,
    };
    let org = add_okta_org(&mut world, okta_url)?;
    add_people(&mut world, org);
    add_yubico_organization(&mut world, "Example Inc", &["US", "CA", "DE", "GB", "FR", "NL", "SE", "IN"]);
    Ok(world)
}

fn products() -> Vec<Product> {
    let product = |id, name, code, tier, firmware, aaguid| Product {
        id,
        name,
        code,
        tier,
        firmware,
        aaguid: uuid::Uuid::from_u128(aaguid),
    };
    vec![
        product(1, "YubiKey 5 NFC", "Y-5NFC", "Advanced Plus", "5.7.1", SERIES_5_NFC),
        product(29, "YubiKey 5C NFC", "Y-5CNFC", "Advanced Plus", "5.7.1", SERIES_5_NFC),
        product(54, "YubiKey 5 NFC FIPS", "Y-5NFC-FIPS", "Premium Plus", "5.4.3", FIPS_NFC),
        product(55, "YubiKey 5C NFC FIPS", "Y-5CNFC-FIPS", "Premium Plus", "5.4.3", FIPS_NFC),
    ]
}

/// A new Okta org without people; the answer is its index.
pub(crate) fn add_okta_org(world: &mut World, base_url: &str) -> Result<usize, String> {
    let id = world.dice.okta_id("00o");
    let kid = world.dice.token(24);
    world.orgs.push(OktaOrg {
        id,
        base_url: base_url.into(),
        people: Vec::new(),
        groups: Vec::new(),
        apps: Vec::new(),
        api_tokens: Vec::new(),
        access_tokens: HashMap::new(),
        used_assertions: HashSet::new(),
        used_proofs: HashSet::new(),
        nonces: Vec::new(),
        enrollments: Vec::new(),
        signing_key: jose::new_p384(&kid, "sig").map_err(|error| error.to_string())?,
        logs: SystemLog::default(),
        sessions: HashMap::new(),
        rp_id: None,
        domains: Vec::new(),
        user_verification: "PREFERRED".into(),
        settings: OrgSettings::default(),
        rate: HashMap::new(),
        running: 0,
    });
    Ok(world.orgs.len() - 1)
}

/// A new Yubico organization with one API token; the answer is its id and the token.
pub(crate) fn add_yubico_organization(world: &mut World, name: &str, countries: &[&str]) -> (String, String) {
    let id = world.dice.shipment_id();
    let number = i64::try_from(world.yubico.organizations.len()).unwrap_or(0);
    world.yubico.organizations.push(Organization {
        id: id.clone(),
        name: name.into(),
        tokens: Vec::new(),
        buckets: vec![Bucket {
            id: 9000 + number,
            product_id: 106,
            name: "Advanced Plus Initial".into(),
            quantity: 500,
            inventory_type: 2,
            product_mapping: vec![1, 29, 54, 55],
        }],
        customizations: vec!["RXJN83".into()],
        countries: countries.iter().map(|code| (*code).to_string()).collect(),
        running_orders: 0,
        peak_running_orders: 0,
    });
    let token = add_yubico_token(world, &id, FIRST_ACCOUNT).unwrap_or_default();
    (id, token)
}

/// API tokens of Yubico live a year.
pub(crate) const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The account whose token an organization begins with.
pub(crate) const FIRST_ACCOUNT: &str = "admin@example.com";

/// A new API token of an account. The account's old one ends: YubiEnterprise lets each have one, and only makes another
/// once that is revoked.
pub(crate) fn add_yubico_token(world: &mut World, organization: &str, account: &str) -> Option<String> {
    add_yubico_token_for(world, organization, account, TOKEN_LIFE, false)
}

/// The same with another life, and possibly one that tells nothing about itself.
pub(crate) fn add_yubico_token_for(
    world: &mut World,
    organization: &str,
    account: &str,
    life: SignedDuration,
    opaque: bool,
) -> Option<String> {
    let now = clock::now();
    let expires = now.checked_add(life).ok()?;
    let payload = json!({"org": organization, "exp": expires.as_second(), "iat": now.as_second()});
    let value = if opaque {
        world.dice.token(64)
    } else {
        format!(
            "{}.{}.{}",
            crate::ids::b64(r#"{"alg":"HS256","typ":"JWT"}"#),
            crate::ids::b64(payload.to_string()),
            world.dice.token(43)
        )
    };
    let organization = world.yubico.organizations.iter_mut().find(|known| known.id == organization)?;
    organization.tokens.retain(|token| token.account != account);
    organization.tokens.push(ApiToken { account: account.to_owned(), value: value.clone(), expires });
    world.secrets.add("yubicoApiToken", &value);
    Some(value)
}

fn profile(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(profile) => profile,
        _ => Map::new(),
    }
}

fn add_people(world: &mut World, org: usize) {
    let ann = add_person(world, org, ann(), "STAGED");
    let bob = add_person(world, org, bob(), "ACTIVE");
    let eve = add_person(world, org, eve(), "ACTIVE");
    for (name, description, members) in [
        ("YubiKey new users", "New users who get a pre-registered key", vec![ann]),
        ("YubiKey existing users", "Existing users who get a pre-registered key", vec![bob, eve]),
    ] {
        let id = world.dice.okta_id("00g");
        let now = clock::now();
        world.org(org).groups.push(Group {
            id,
            name: name.into(),
            description: description.into(),
            created: now,
            last_membership_updated: now,
            members,
        });
    }
}

/// Staged, complete, American.
fn ann() -> Map<String, Value> {
    profile(json!({
        "login": "ann.lee@example.com", "firstName": "Ann", "lastName": "Lee", "email": "ann.lee@example.com",
        "secondEmail": "ann.lee@private.example", "primaryPhone": "+1 617-555-0100", "organization": "Example Inc",
        "streetAddress": "41 Maple Street Apt 7", "city": "Boston", "state": "MA", "zipCode": "02108", "countryCode": "US",
    }))
}

/// Active, complete, German: no region needed.
fn bob() -> Map<String, Value> {
    profile(json!({
        "login": "bob.ray@example.com", "firstName": "Bob", "lastName": "Ray", "email": "bob.ray@example.com",
        "primaryPhone": "+49 30 5550123", "organization": "Example GmbH", "streetAddress": "Ahornallee 12",
        "city": "Berlin", "zipCode": "14050", "countryCode": "DE",
    }))
}

/// Active, and too much for Yubico in every way at once; all of it is a good profile at Okta.
fn eve() -> Map<String, Value> {
    profile(json!({
        "login": "eve.long@example.com", "firstName": "Evangelina-Maximiliana", "lastName": "Longworth-Featherstonehaugh",
        "email": "eve.long@example.com", "primaryPhone": "+1 (617) 555-0199 extension 4711 after five in the evening",
        "organization": "The Long and Winding Road Company of New England",
        "streetAddress": "12345 Old Post Road Behind the Second Lighthouse, Building Seventeen, Third Floor",
        "city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-on-the-Hill", "zipCode": "02139",
        "countryCode": "US",
    }))
}
