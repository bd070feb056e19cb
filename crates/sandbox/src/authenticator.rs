//! A software authenticator: what the warehouse programs, the parcel carries and the sign-in program plugs in.
//!
//! Everything that makes it a key (credentials, private keys, counters) is sealed under the PIN. Without the PIN there is no
//! assertion; a wrong PIN costs a try, and after eight the sealed part is erased.

use openssl::hash::{MessageDigest, hash};
use openssl::pkcs5::pbkdf2_hmac;
use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use serde::{Deserialize, Serialize};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use thiserror::Error;

use crate::ids::{b64, unb64};
use crate::vendor_keys::{AttestationIssuer, new_p256};

const PIN_TRIES: u32 = 8;
/// Few: a key of the sandbox opens nothing, and while it is programmed the vendors answer nobody.
const PBKDF2_ROUNDS: usize = 1_000;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED_DATA: u8 = 0x40;
const ES256: i128 = -7;

/// Why the key did not do what was asked.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The PIN is not the one the key was programmed with.
    #[error("wrong PIN, {0} tries left")]
    WrongPin(u32),
    /// Too many wrong PINs: the key has erased itself.
    #[error("the key is blocked after too many wrong PINs and has erased its credentials")]
    Blocked,
    /// No credential for this relying party, or none of those allowed.
    #[error("the key holds no credential for the RP id {0:?}")]
    NoCredential(String),
    /// The caller's options are not such a request.
    #[error("the options are not readable: {0}")]
    Options(String),
    /// OpenSSL or CBOR failed.
    #[error("the key failed: {0}")]
    Failed(String),
}

fn failed(error: impl std::fmt::Display) -> KeyError {
    KeyError::Failed(error.to_string())
}

/// A key as it lies in the parcel.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoftKey {
    /// Model name, as printed on the bag.
    pub model: String,
    /// Serial number, as printed on the key.
    pub serial: String,
    /// Firmware version, e.g. `5.7.1`.
    pub firmware: String,
    /// AAGUID of the model.
    pub aaguid: uuid::Uuid,
    /// PIN tries left.
    pub pin_retries: u32,
    salt: String,
    sealed: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredCredential {
    rp_id: String,
    id: String,
    user_handle: String,
    private_key: String,
    sign_count: u32,
}

/// What is printed on a new key.
#[derive(Debug, Clone)]
pub(crate) struct Blank {
    pub model: String,
    pub serial: String,
    pub firmware: String,
    pub aaguid: uuid::Uuid,
}

/// A credential to be made: the creation options of the relying party and the origin of its page.
#[derive(Debug, Clone)]
pub(crate) struct CredentialRequest {
    pub options: Value,
    pub origin: String,
}

/// Programs a blank: sets the PIN and makes one credential a request. The registrations are in the order of the requests.
pub(crate) fn program(
    blank: &Blank,
    pin: &str,
    requests: &[CredentialRequest],
    issuer: &AttestationIssuer,
) -> Result<(SoftKey, Vec<Value>), KeyError> {
    let mut stored = Vec::new();
    let mut registrations = Vec::new();
    for request in requests {
        let (credential, registration) = make_credential(blank, request, issuer)?;
        stored.push(credential);
        registrations.push(registration);
    }
    let mut salt = [0; 16];
    rand_bytes(&mut salt).map_err(failed)?;
    let mut key = SoftKey {
        model: blank.model.clone(),
        serial: blank.serial.clone(),
        firmware: blank.firmware.clone(),
        aaguid: blank.aaguid,
        pin_retries: PIN_TRIES,
        salt: b64(salt),
        sealed: None,
    };
    key.seal(pin, &stored)?;
    Ok((key, registrations))
}

fn make_credential(
    blank: &Blank,
    request: &CredentialRequest,
    issuer: &AttestationIssuer,
) -> Result<(StoredCredential, Value), KeyError> {
    let options = &request.options;
    let text = |pointer: &str| {
        options
            .pointer(pointer)
            .and_then(Value::as_str)
            .ok_or_else(|| KeyError::Options(format!("{pointer} is missing")))
    };
    let (rp_id, challenge, user_handle) = (text("/rp/id")?, text("/challenge")?, text("/user/id")?);
    let mut id = [0; 32];
    rand_bytes(&mut id).map_err(failed)?;
    let key = new_p256().map_err(failed)?;
    let auth_data = attested_data(rp_id, blank.aaguid, &id, &key)?;
    let client_data = client_data("webauthn.create", challenge, &request.origin);

    let attestation_key = new_p256().map_err(failed)?;
    let certificate = issuer.attest(&attestation_key, &blank.model, blank.aaguid).map_err(failed)?;
    let signature = sign(&attestation_key, &auth_data, client_data.as_bytes())?;
    let statement = cbor_map([
        (Cbor::Text("alg".into()), Cbor::Integer(ES256)),
        (Cbor::Text("sig".into()), Cbor::Bytes(signature)),
        (Cbor::Text("x5c".into()), Cbor::Array(vec![Cbor::Bytes(certificate)])),
    ]);
    let object = cbor_map([
        (Cbor::Text("fmt".into()), Cbor::Text("packed".into())),
        (Cbor::Text("attStmt".into()), statement),
        (Cbor::Text("authData".into()), Cbor::Bytes(auth_data)),
    ]);
    let registration = json!({
        "id": b64(id), "rawId": b64(id), "type": "public-key",
        "response": {
            "attestationObject": b64(serde_cbor_2::to_vec(&object).map_err(failed)?),
            "clientDataJSON": b64(client_data),
            "transports": ["usb", "nfc"],
        },
        "clientExtensionResults": {},
    });
    let stored = StoredCredential {
        rp_id: rp_id.into(),
        id: b64(id),
        user_handle: user_handle.into(),
        private_key: b64(key.private_key_to_der().map_err(failed)?),
        sign_count: 1,
    };
    Ok((stored, registration))
}

impl SoftKey {
    /// Signs a relying party's challenge, as a browser on `origin` would ask for after the PIN was typed.
    ///
    /// # Errors
    /// A wrong PIN, a blocked key, or no credential for the relying party.
    pub fn assert(&mut self, pin: &str, options: &Value, origin: &str) -> Result<Value, KeyError> {
        let mut stored = self.unseal(pin)?;
        let rp_id = options["rpId"].as_str().ok_or_else(|| KeyError::Options("rpId is missing".into()))?;
        let challenge =
            options["challenge"].as_str().ok_or_else(|| KeyError::Options("challenge is missing".into()))?;
        let allowed: Vec<&str> = options["allowCredentials"]
            .as_array()
            .map(|list| list.iter().filter_map(|entry| entry["id"].as_str()).collect())
            .unwrap_or_default();
        let credential = stored
            .iter_mut()
            .find(|credential| {
                credential.rp_id == rp_id && (allowed.is_empty() || allowed.contains(&credential.id.as_str()))
            })
            .ok_or_else(|| KeyError::NoCredential(rp_id.into()))?;
        credential.sign_count += 1;

        let mut auth_data = hash(MessageDigest::sha256(), rp_id.as_bytes()).map_err(failed)?.to_vec();
        auth_data.push(USER_PRESENT | USER_VERIFIED);
        auth_data.extend_from_slice(&credential.sign_count.to_be_bytes());
        let client_data = client_data("webauthn.get", challenge, origin);
        let der = unb64(&credential.private_key).ok_or_else(|| failed("the stored key is damaged"))?;
        let key = PKey::private_key_from_der(&der).map_err(failed)?;
        let signature = sign(&key, &auth_data, client_data.as_bytes())?;
        let assertion = json!({
            "id": credential.id, "rawId": credential.id, "type": "public-key",
            "response": {
                "authenticatorData": b64(&auth_data),
                "clientDataJSON": b64(client_data),
                "signature": b64(signature),
                "userHandle": credential.user_handle,
            },
            "clientExtensionResults": {},
        });
        self.seal(pin, &stored)?;
        Ok(assertion)
    }

    fn pin_key(&self, pin: &str) -> Result<[u8; 32], KeyError> {
        let salt = unb64(&self.salt).ok_or_else(|| failed("the salt is damaged"))?;
        let mut key = [0; 32];
        pbkdf2_hmac(pin.as_bytes(), &salt, PBKDF2_ROUNDS, MessageDigest::sha256(), &mut key)
            .map_err(failed)?;
        Ok(key)
    }

    fn seal(&mut self, pin: &str, stored: &[StoredCredential]) -> Result<(), KeyError> {
        let plain = serde_json::to_vec(stored).map_err(failed)?;
        let (mut nonce, mut tag) = ([0; 12], [0; 16]);
        rand_bytes(&mut nonce).map_err(failed)?;
        let key = self.pin_key(pin)?;
        let sealed =
            encrypt_aead(Cipher::aes_256_gcm(), &key, Some(&nonce), self.serial.as_bytes(), &plain, &mut tag)
                .map_err(failed)?;
        self.sealed = Some(b64([nonce.as_slice(), tag.as_slice(), sealed.as_slice()].concat()));
        self.pin_retries = PIN_TRIES;
        Ok(())
    }

    fn unseal(&mut self, pin: &str) -> Result<Vec<StoredCredential>, KeyError> {
        let sealed = self.sealed.as_deref().ok_or(KeyError::Blocked)?;
        let bytes = unb64(sealed)
            .filter(|bytes| bytes.len() > 28)
            .ok_or_else(|| failed("the sealed part is damaged"))?;
        let (nonce, rest) = bytes.split_at(12);
        let (tag, cipher) = rest.split_at(16);
        let key = self.pin_key(pin)?;
        match decrypt_aead(Cipher::aes_256_gcm(), &key, Some(nonce), self.serial.as_bytes(), cipher, tag) {
            Ok(plain) => serde_json::from_slice(&plain).map_err(failed),
            Err(_) => Err(self.count_wrong_pin()),
        }
    }

    fn count_wrong_pin(&mut self) -> KeyError {
        self.pin_retries = self.pin_retries.saturating_sub(1);
        if self.pin_retries == 0 {
            self.sealed = None;
            return KeyError::Blocked;
        }
        KeyError::WrongPin(self.pin_retries)
    }
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
    json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string()
}

fn sign(key: &PKey<Private>, auth_data: &[u8], client_data: &[u8]) -> Result<Vec<u8>, KeyError> {
    let digest = hash(MessageDigest::sha256(), client_data).map_err(failed)?;
    let mut signer = Signer::new(MessageDigest::sha256(), key).map_err(failed)?;
    signer.sign_oneshot_to_vec(&[auth_data, &digest].concat()).map_err(failed)
}

/// Authenticator data with attested credential data (`WebAuthn` 6.5.1).
fn attested_data(
    rp_id: &str,
    aaguid: uuid::Uuid,
    id: &[u8],
    key: &PKey<Private>,
) -> Result<Vec<u8>, KeyError> {
    let mut data = hash(MessageDigest::sha256(), rp_id.as_bytes()).map_err(failed)?.to_vec();
    data.push(USER_PRESENT | USER_VERIFIED | ATTESTED_DATA);
    data.extend_from_slice(&1_u32.to_be_bytes());
    data.extend_from_slice(aaguid.as_bytes());
    data.extend_from_slice(&u16::try_from(id.len()).map_err(failed)?.to_be_bytes());
    data.extend_from_slice(id);
    data.extend(serde_cbor_2::to_vec(&cose_key(key)?).map_err(failed)?);
    Ok(data)
}

/// The public key as COSE writes it: EC2, ES256, P-256.
fn cose_key(key: &PKey<Private>) -> Result<Cbor, KeyError> {
    let ec = key.ec_key().map_err(failed)?;
    let mut context = openssl::bn::BigNumContext::new().map_err(failed)?;
    let (mut x, mut y) =
        (openssl::bn::BigNum::new().map_err(failed)?, openssl::bn::BigNum::new().map_err(failed)?);
    ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context).map_err(failed)?;
    Ok(cbor_map([
        (Cbor::Integer(1), Cbor::Integer(2)),
        (Cbor::Integer(3), Cbor::Integer(ES256)),
        (Cbor::Integer(-1), Cbor::Integer(1)),
        (Cbor::Integer(-2), Cbor::Bytes(x.to_vec_padded(32).map_err(failed)?)),
        (Cbor::Integer(-3), Cbor::Bytes(y.to_vec_padded(32).map_err(failed)?)),
    ]))
}

fn cbor_map<const N: usize>(entries: [(Cbor, Cbor); N]) -> Cbor {
    Cbor::Map(entries.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SoftKey {
        let issuer = AttestationIssuer::new().unwrap();
        let blank = Blank {
            model: "YubiKey 5C NFC".into(),
            serial: "1".into(),
            firmware: "5.7.1".into(),
            aaguid: uuid::Uuid::from_u128(7),
        };
        let options = json!({"rp": {"id": "localhost"}, "challenge": "AAAA", "user": {"id": "AAAA"}});
        let request = CredentialRequest { options, origin: "https://localhost".into() };
        program(&blank, "123456", &[request], &issuer).unwrap().0
    }

    #[test]
    fn eight_wrong_pins_erase_the_key() {
        let mut key = key();
        let options = json!({"rpId": "localhost", "challenge": "AAAA", "allowCredentials": []});
        for left in (1..8).rev() {
            assert_eq!(
                key.assert("000000", &options, "https://localhost").unwrap_err(),
                KeyError::WrongPin(left)
            );
        }
        assert_eq!(key.assert("000000", &options, "https://localhost").unwrap_err(), KeyError::Blocked);
        assert_eq!(key.assert("123456", &options, "https://localhost").unwrap_err(), KeyError::Blocked);
    }

    #[test]
    fn the_right_pin_gives_the_tries_back() {
        let mut key = key();
        let options = json!({"rpId": "localhost", "challenge": "AAAA"});
        assert!(key.assert("0000000", &options, "https://localhost").is_err());
        assert!(key.assert("123456", &options, "https://localhost").is_ok());
        assert_eq!(key.pin_retries, 8);
        let other = json!({"rpId": "example.com", "challenge": "AAAA"});
        assert_eq!(
            key.assert("123456", &other, "https://localhost").unwrap_err(),
            KeyError::NoCredential("example.com".into())
        );
    }
}
