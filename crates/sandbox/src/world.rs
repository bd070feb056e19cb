//! The simulated world: people and enrolments at Okta, orders and parcels at Yubico, and what was said about them.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use josekit::jwk::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::behaviour::{Behaviour, Profile};
use crate::faults::Faults;
use crate::hris::records::Hris;
use crate::ids::Dice;
use crate::journal::Journal;
use crate::okta::session::Session;
use crate::okta::settings::OrgSettings;
use crate::okta::webauthn::Registration;
use crate::secrets::Secrets;
use crate::system_log::SystemLog;
use crate::vendor_keys::{AttestationIssuer, KeySet};
use crate::yubico::order::Order;

/// The world behind its lock.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<World>);

impl Shared {
    pub fn new(world: World) -> Self {
        Self(Mutex::new(world))
    }

    /// The world. A handler that died half-way must not end the sandbox, so a poisoned lock is taken over.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub dice: Dice,
    pub orgs: Vec<OktaOrg>,
    pub yubico: Yubico,
    pub hris: Hris,
    pub outbox: Vec<Mail>,
    pub journal: Journal,
    pub secrets: Secrets,
    pub faults: Faults,
    pub settings: Behaviour,
    pub place: Place,
}

/// Where the sandbox runs, for what is written and opened later by command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub dir: PathBuf,
    pub step: Option<Duration>,
    pub control_url: String,
    /// What the settings begin with, and go back to.
    pub profile: Profile,
}

/// One Okta org, behind its own port.
#[derive(Debug)]
pub(crate) struct OktaOrg {
    pub id: String,
    /// `https://localhost:PORT`.
    pub base_url: String,
    pub people: Vec<Person>,
    pub groups: Vec<Group>,
    pub apps: Vec<App>,
    pub api_tokens: Vec<String>,
    pub access_tokens: HashMap<String, AccessToken>,
    /// `jti` of client assertions and of DPoP proofs, each good for one use.
    pub used_assertions: HashSet<String>,
    pub used_proofs: HashSet<String>,
    /// DPoP nonces, newest last.
    pub nonces: Vec<(String, Timestamp)>,
    pub enrollments: Vec<Enrollment>,
    /// Signs access tokens and the requests for Yubico.
    pub signing_key: Jwk,
    pub logs: SystemLog,
    pub sessions: HashMap<String, Session>,
    /// The authenticator's configured RP id.
    pub rp_id: Option<String>,
    pub domains: Vec<String>,
    pub user_verification: String,
    /// What an admin may get wrong.
    pub settings: OrgSettings,
    /// Number of the window and its requests, by caller and bucket.
    pub rate: HashMap<(String, &'static str), (i64, u32)>,
    /// Calls that are being answered.
    pub running: u32,
}

/// An Okta user.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub id: String,
    pub status: String,
    pub created: Timestamp,
    pub activated: Option<Timestamp>,
    pub status_changed: Option<Timestamp>,
    pub last_login: Option<Timestamp>,
    pub last_updated: Timestamp,
    /// A status that is taken on at that moment.
    pub becomes: Option<(String, Timestamp)>,
    pub profile: Map<String, Value>,
    /// What they can sign in with besides pre-registered keys.
    pub factors: Vec<Factor>,
}

/// A factor that was not pre-registered.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    pub id: String,
    pub kind: String,
    pub status: String,
    pub created: Timestamp,
}

impl Shipment {
    /// Cancelled, and that shows.
    pub fn is_gone(&self, settings: &Behaviour, now: Timestamp) -> bool {
        let lag = SignedDuration::from_millis(settings.cancellation_lag_ms);
        self.deleted && self.deleted_at.is_none_or(|at| at + lag <= now)
    }
}

impl Person {
    /// A profile attribute as text; empty when absent or null.
    pub fn attribute(&self, name: &str) -> &str {
        self.profile.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn login(&self) -> &str {
        self.attribute("login")
    }

    pub fn set_status(&mut self, status: &str, now: Timestamp) {
        self.becomes = None;
        if self.status != status {
            self.status = status.to_string();
            self.status_changed = Some(now);
            self.last_updated = now;
        }
    }
}

/// A group of people.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub id: String,
    pub name: String,
    pub description: String,
    pub created: Timestamp,
    pub last_membership_updated: Timestamp,
    pub members: Vec<String>,
}

/// A service app ("API Services") at Okta.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub client_id: String,
    pub keys: Vec<Jwk>,
    pub dpop_bound: bool,
    pub scopes: Vec<String>,
    /// Without an admin role every call is answered 403.
    pub has_role: bool,
}

/// An access token the org has issued.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub client_id: String,
    pub scopes: Vec<String>,
    pub expires: Timestamp,
    /// The members of the DPoP key the token is bound to.
    pub bound_to: Option<Value>,
}

/// A pre-registered factor.
#[derive(Debug)]
pub(crate) struct Enrollment {
    pub id: String,
    pub user_id: String,
    pub rp_id: String,
    /// The pair that opens Yubico's responses; `kid` is the `keyId`.
    pub key: Jwk,
    pub key_id: String,
    pub status: String,
    pub created: Timestamp,
    pub last_updated: Timestamp,
    pub registration: Registration,
    pub authenticator_name: Option<String>,
    pub serial: Option<String>,
    pub preset_pin_available: bool,
    /// The PIN response as it came, opened each time a mail is sent.
    pub pin_response: Option<String>,
}

/// A mail in the outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mail {
    pub id: usize,
    pub at: Timestamp,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub user_id: String,
    pub enrollment_id: String,
}

/// What `YubiEnterprise` and Yubico's key sets are made of.
#[derive(Debug)]
pub(crate) struct Yubico {
    /// `https://localhost:PORT`, without `/v1`.
    pub base_url: String,
    pub transport: KeySet,
    pub signing: KeySet,
    pub attestation: AttestationIssuer,
    pub organizations: Vec<Organization>,
    pub products: Vec<Product>,
    pub shipments: Vec<Shipment>,
}

/// One YubiEnterprise organization.
#[derive(Debug, Clone)]
pub(crate) struct Organization {
    pub id: String,
    pub name: String,
    pub tokens: Vec<ApiToken>,
    pub buckets: Vec<Bucket>,
    pub customizations: Vec<String>,
    pub countries: Vec<String>,
    pub running_orders: u32,
    pub peak_running_orders: u32,
}

/// An API token of an organization.
#[derive(Debug, Clone)]
pub(crate) struct ApiToken {
    /// The account that made it: each has one token at the most.
    pub account: String,
    pub value: String,
    pub expires: Timestamp,
}

/// A bucket of credits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bucket {
    pub id: i64,
    pub product_id: i64,
    pub name: String,
    pub quantity: i64,
    pub inventory_type: i64,
    /// What it may buy.
    pub product_mapping: Vec<i64>,
}

/// A model of key.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub id: i64,
    pub name: &'static str,
    pub code: &'static str,
    pub tier: &'static str,
    pub firmware: &'static str,
    pub aaguid: uuid::Uuid,
}

/// An order and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Shipment {
    pub id: String,
    pub organization_id: String,
    pub order: Order,
    pub state: i64,
    pub state_since: Timestamp,
    pub created: Timestamp,
    pub states: Vec<(i64, Timestamp)>,
    pub programmed: Option<Programmed>,
    pub programmed_at: Option<Timestamp>,
    pub shipped: Option<Timestamp>,
    pub delivered: Option<Timestamp>,
    /// Cancelled: GET answers 404 from then on, or after the time that a cancellation takes to show.
    pub deleted: bool,
    pub deleted_at: Option<Timestamp>,
    pub problem: Option<String>,
}

/// What the warehouse hands back after programming: ciphertext, and the key itself for the parcel.
#[derive(Debug, Clone)]
pub(crate) struct Programmed {
    pub serial: String,
    pub firmware: String,
    pub pin_response: String,
    pub credential_responses: Vec<String>,
    pub parcel: Value,
    pub carrier: String,
    pub tracking_number: String,
}

impl World {
    /// The org of a call; listeners exist only for orgs that do.
    pub fn org(&mut self, index: usize) -> &mut OktaOrg {
        &mut self.orgs[index]
    }

    /// The org with that id, or the first.
    pub fn org_index(&self, id: Option<&str>) -> Option<usize> {
        match id {
            None => Some(0),
            Some(id) => self.orgs.iter().position(|org| org.id == id),
        }
    }
}

impl OktaOrg {
    /// A person by id, login or the login's part before the `@`.
    pub fn person(&self, key: &str) -> Option<&Person> {
        let of_id = self.people.iter().find(|person| person.id == key);
        of_id.or_else(|| {
            let named = |login: &str| login == key || login.split('@').next() == Some(key);
            self.people.iter().find(|person| named(person.login()))
        })
    }

    pub fn person_mut(&mut self, key: &str) -> Option<&mut Person> {
        let id = self.person(key)?.id.clone();
        self.people.iter_mut().find(|person| person.id == id)
    }

    /// Lets changes of status that were taken earlier show, as far as their time has come.
    pub fn settle(&mut self, now: Timestamp) {
        for person in &mut self.people {
            if let Some((status, at)) = person.becomes.clone()
                && at <= now
            {
                person.set_status(&status, at);
            }
        }
    }

    /// The host people sign in at.
    pub fn host(&self) -> String {
        url::Url::parse(&self.base_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_string))
            .unwrap_or_default()
    }

    /// RP ids an enrolment may name: the authenticator's only, or any that this org has.
    pub fn rp_ids(&self, of_authenticator: bool) -> Vec<String> {
        if of_authenticator {
            return vec![self.rp_id.clone().unwrap_or_else(|| self.host())];
        }
        let mut ids = vec![self.host()];
        ids.extend(self.rp_id.clone());
        ids.extend(self.domains.iter().cloned());
        ids
    }

    /// The origin of the pages under an RP id.
    pub fn origin(&self, rp_id: &str) -> String {
        if rp_id == self.host() { self.base_url.clone() } else { format!("https://{rp_id}") }
    }
}
