//! Service apps and the credential files an operator is given.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jwk::{Jwk, KeyPair as _};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::world::{App, World};

const SCOPES: [&str; 7] = [
    "okta.users.manage",
    "okta.users.read",
    "okta.groups.read",
    "okta.authenticators.read",
    "okta.policies.read",
    "okta.domains.read",
    "okta.logs.read",
];

/// A service app to be registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct AppSpec {
    pub algorithm: String,
    pub dpop: bool,
    pub scopes: Vec<String>,
    /// Whether the app has an admin role.
    pub role: bool,
    /// The Okta org's id; left out: the first.
    pub org: Option<String>,
    /// The client id; left out: drawn.
    pub client_id: Option<String>,
    /// The id of the app's key; left out: drawn.
    pub key_id: Option<String>,
}

impl Default for AppSpec {
    fn default() -> Self {
        Self {
            algorithm: "ES256".into(),
            dpop: true,
            scopes: SCOPES.iter().map(|scope| (*scope).to_string()).collect(),
            role: true,
            org: None,
            client_id: None,
            key_id: None,
        }
    }
}

/// What a registered app authenticates with.
#[derive(Debug, Clone)]
pub(crate) struct AppCredentials {
    pub client_id: String,
    pub key_id: String,
    pub algorithm: String,
    pub private_key_pem: String,
    pub private_jwk: Value,
}

/// Registers an app with a new key pair.
pub(crate) fn register(world: &mut World, org: usize, spec: &AppSpec) -> Result<AppCredentials, String> {
    // Drawn in any case, so that ids given by the caller do not change those drawn later.
    let (drawn_client, drawn_key) = (world.dice.okta_id("0oa"), world.dice.token(20));
    let client_id = spec.client_id.clone().unwrap_or(drawn_client);
    let key_id = spec.key_id.clone().unwrap_or(drawn_key);
    let (credentials, public) = new_key(world, &client_id, key_id, &spec.algorithm)?;
    world.org(org).apps.push(App {
        client_id,
        keys: vec![public],
        dpop_bound: spec.dpop,
        scopes: spec.scopes.clone(),
        has_role: spec.role,
    });
    Ok(credentials)
}

/// Another key for an app that is there; those before stay until they are removed.
pub(crate) fn add_key(world: &mut World, client_id: &str, algorithm: &str) -> Result<AppCredentials, String> {
    let key_id = world.dice.token(20);
    let (credentials, public) = new_key(world, client_id, key_id, algorithm)?;
    let app = app_mut(world, client_id).ok_or("there is no such app")?;
    app.keys.push(public);
    Ok(credentials)
}

/// The app with that client id, whichever org it belongs to.
pub(crate) fn app_mut<'a>(world: &'a mut World, client_id: &str) -> Option<&'a mut App> {
    world.orgs.iter_mut().flat_map(|org| &mut org.apps).find(|app| app.client_id == client_id)
}

/// A new key pair: what its owner gets, and the public half for the app.
fn new_key(
    world: &mut World,
    client_id: &str,
    key_id: String,
    algorithm: &str,
) -> Result<(AppCredentials, Jwk), String> {
    let (pem, mut private, mut public) = key_pair(algorithm)?;
    for jwk in [&mut private, &mut public] {
        jwk.set_key_id(key_id.as_str());
        jwk.set_algorithm(algorithm);
        jwk.set_key_use("sig");
    }
    world.secrets.add("privateKey", &pem);
    let members: &Map<String, Value> = private.as_ref();
    world.secrets.add("privateKey", members.get("d").and_then(Value::as_str).unwrap_or_default());
    let private_jwk = Value::Object(members.clone());
    let credentials = AppCredentials {
        client_id: client_id.to_owned(),
        key_id,
        algorithm: algorithm.to_owned(),
        private_key_pem: pem,
        private_jwk,
    };
    Ok((credentials, public))
}

fn key_pair(algorithm: &str) -> Result<(String, Jwk, Jwk), String> {
    let text = |pem: Vec<u8>| String::from_utf8(pem).map_err(|error| error.to_string());
    let curve = match algorithm {
        "RS256" | "RS384" | "RS512" => {
            let pair = RsaKeyPair::generate(2048).map_err(|error| error.to_string())?;
            return Ok((text(pair.to_pem_private_key())?, pair.to_jwk_key_pair(), pair.to_jwk_public_key()));
        }
        "ES256" => EcCurve::P256,
        "ES384" => EcCurve::P384,
        "ES512" => EcCurve::P521,
        _ => return Err(format!("{algorithm} is not one of RS256 RS384 RS512 ES256 ES384 ES512")),
    };
    let pair = EcKeyPair::generate(curve).map_err(|error| error.to_string())?;
    Ok((text(pair.to_pem_private_key())?, pair.to_jwk_key_pair(), pair.to_jwk_public_key()))
}

/// The files of one connection, ready to be an operator's credentials directory.
pub(crate) fn write_credentials(
    dir: &Path,
    app: &AppCredentials,
    yubico_token: &str,
    ca_pem: Option<&[u8]>,
) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    write_private(&dir.join("okta-private-key"), app.private_key_pem.as_bytes())?;
    write_private(&dir.join("yubico-api-token"), yubico_token.as_bytes())?;
    let ca = dir.join("ca.crt");
    match ca_pem {
        Some(pem) => fs::write(ca, pem),
        // A certificate of an earlier run over https would only mislead.
        None if ca.exists() => fs::remove_file(ca),
        None => Ok(()),
    }
}

/// Writes a file only its owner can read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)
}
