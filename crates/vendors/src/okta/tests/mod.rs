//! An Okta of a few lines, and what all tests of this module share.

mod crowd;
mod flow;
mod groups;
mod keys;
mod logs;
mod pace;
mod people;
mod quota;
mod schemas;
mod settings;
mod signatures;
mod wire;

use std::{num::NonZeroU32, sync::Arc};

use domain::{
    ids::{EnrollmentId, RpId, Sealed, Serial, UserId},
    requests::{ActivateRequest, EnrollRequest},
    vendor_states::{PublicKey, Responses},
};
use openssl::{ec::EcGroup, ec::EcKey, nid::Nid, pkey::PKey, rsa::Rsa};
use secrecy::SecretString;
use serde_json::Value;

use super::{Algorithm, Auth, CALLS_PER_SECOND, Client, Dpop, ServiceApp, Settings, Share};
use crate::http::testing::{Reply, Seen, Server, answer, client, json};

fn pem(algorithm: Algorithm) -> String {
    let curve = match algorithm {
        Algorithm::Es256 => Nid::X9_62_PRIME256V1,
        Algorithm::Es384 => Nid::SECP384R1,
        Algorithm::Es512 => Nid::SECP521R1,
        _ => return rsa_pem(),
    };
    let group = EcGroup::from_curve_name(curve).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
}

/// One RSA key for all tests: they are slow to make.
fn rsa_pem() -> String {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    })
    .clone()
}

fn service_app(dpop: Dpop) -> Auth {
    Auth::PrivateKeyJwt(ServiceApp {
        client_id: "0oaClient".into(),
        key_id: Some("k1".into()),
        algorithm: Algorithm::Es256,
        dpop,
        key: pem(Algorithm::Es256).into(),
    })
}

fn okta(server: &Server, auth: Auth) -> Client {
    let org_url = server.url.clone();
    let share = Share::of_percent(50);
    let settings = Settings { org_url, auth, calls_per_second: CALLS_PER_SECOND, share };
    Client::new(&settings, client()).unwrap()
}

fn with_api_token(server: &Server) -> Client {
    okta(server, Auth::ApiToken(SecretString::from("sswsTokenSecret")))
}

/// For lists of many pages: the pace that is gentle to Okta would only cost time.
fn in_a_hurry(server: &Server) -> Client {
    let auth = Auth::ApiToken(SecretString::from("sswsTokenSecret"));
    let settings = Settings {
        org_url: server.url.clone(),
        auth,
        calls_per_second: NonZeroU32::MAX,
        share: Share::of_percent(100),
    };
    Client::new(&settings, client()).unwrap()
}

async fn always(bytes: Vec<u8>) -> (Arc<Server>, Client) {
    let server = Arc::new(Server::always(bytes).await);
    let client = with_api_token(&server);
    (server, client)
}

fn user() -> UserId {
    UserId::new("00uEXAMPLE0000000001").unwrap()
}

fn enrollment() -> EnrollmentId {
    EnrollmentId::new("fwfEXAMPLE0000000001").unwrap()
}

fn key(kid: &str) -> PublicKey {
    PublicKey { kid: kid.into(), x: "eHh4".into(), y: "eXl5".into() }
}

fn enroll_request() -> EnrollRequest {
    EnrollRequest {
        user: user(),
        rp_id: RpId::new("example.okta.com").unwrap(),
        transport_key: key("APCS-Ttrans"),
    }
}

fn activate_request() -> ActivateRequest {
    ActivateRequest {
        user: user(),
        enrollment: enrollment(),
        responses: Responses {
            serial: Serial::new("12345678").unwrap(),
            firmware: "5.7.1".into(),
            pin: Sealed::new("eyJpin"),
            credential: Sealed::new("eyJcredential"),
            credential_key_id: None,
        },
        signing_keys: vec![key("APCS-Tsgnkey-1"), key("APCS-Tsgnkey-2")],
    }
}

fn part(jwt: &str, index: usize) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The claims of a token request's assertion.
fn assertion(seen: &Seen) -> String {
    let field = url::form_urlencoded::parse(seen.body.as_bytes()).find(|(key, _)| key == "client_assertion");
    field.unwrap().1.into_owned()
}

fn error_body(code: &str) -> String {
    format!(
        "{{\"errorCode\":\"{code}\",\"errorSummary\":\"ann.lee@example.com\",\"errorCauses\":{{\"errorSummary\":\"x\"}}}}"
    )
}

fn bytes(status: u16, body: &str) -> Reply {
    Reply::Bytes(json(status, body))
}

fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut all = vec![("content-type", "application/json"), ("date", crate::http::testing::DATE)];
    all.extend_from_slice(headers);
    Reply::Bytes(answer(status, &all, body))
}
