//! Yubico's keys: the two published sets, and the issuer of attestation certificates.

use josekit::jwk::Jwk;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameBuilder};
use serde_json::{Value, json};

use crate::clock;
use crate::jose;

/// One key of a published set.
#[derive(Debug, Clone)]
pub(crate) struct PublishedKey {
    pub private: Jwk,
    /// Shown under the well-known URL.
    pub listed: bool,
    /// base64 DER, signing keys only.
    pub certificate: Option<String>,
}

/// A JWKS with its private halves, newest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySet {
    pub keys: Vec<PublishedKey>,
    /// What the well-known URL shows of them.
    pub shown: Published,
    made: u32,
}

/// What is published of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Published {
    /// The keys that are listed.
    #[default]
    Whole,
    /// A set without keys.
    Empty,
    /// Keys that say they are on another curve.
    AnotherCurve,
}

/// What becomes of the older keys when a set is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OldKeys {
    /// Still published, still working.
    #[default]
    Listed,
    /// No longer published, still working at Yubico.
    Unlisted,
    /// Gone: what was sealed for them can no longer be opened.
    Dropped,
}

impl KeySet {
    /// Adds a transport key.
    pub fn add_transport(&mut self) -> Result<(), String> {
        self.made += 1;
        let kid = format!("APCS-Ttrans-SBX-{:04}", self.made);
        let private = jose::new_p384(&kid, "enc").map_err(|error| error.to_string())?;
        self.keys.push(PublishedKey { private, listed: true, certificate: None });
        Ok(())
    }

    /// Adds a signing key with its certificate.
    pub fn add_signing(&mut self, issuer: &AttestationIssuer) -> Result<(), String> {
        self.made += 1;
        let kid = format!("APCS-Tsgnkey-SBX-{:04}", self.made);
        let private = jose::new_p384(&kid, "sig").map_err(|error| error.to_string())?;
        let pair = josekit::jwk::alg::ec::EcKeyPair::from_jwk(&private).map_err(|error| error.to_string())?;
        let public = PKey::public_key_from_der(&josekit::jwk::KeyPair::to_der_public_key(&pair))
            .map_err(|error| error.to_string())?;
        let certificate = issuer.sign_plain(&kid, &public).map_err(|error| error.to_string())?;
        self.keys.push(PublishedKey {
            private,
            listed: true,
            certificate: Some(openssl::base64::encode_block(&certificate)),
        });
        Ok(())
    }

    /// Treats all keys so far as old.
    pub fn retire(&mut self, old: OldKeys) {
        match old {
            OldKeys::Listed => {}
            OldKeys::Unlisted => self.keys.iter_mut().for_each(|key| key.listed = false),
            OldKeys::Dropped => self.keys.clear(),
        }
    }

    /// The key in use.
    pub fn current(&self) -> Option<&Jwk> {
        self.keys.last().map(|key| &key.private)
    }

    /// The private key of a kid.
    pub fn by_kid(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().map(|key| &key.private).find(|key| key.key_id() == Some(kid))
    }

    /// The set as published. Transport keys come without `use`, as Yubico's do; signing keys with `x5c`, `use`, `alg`;
    /// and the stray member that is not part of RFC 7517.
    pub fn published(&self) -> Value {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .filter(|key| key.listed && self.shown != Published::Empty)
            .map(|key| {
                let mut public = jose::public_six(&key.private);
                if self.shown == Published::AnotherCurve {
                    public["crv"] = json!("P-256");
                }
                if let Some(certificate) = &key.certificate {
                    public["x5c"] = json!([certificate]);
                    public["alg"] = json!("ES384");
                } else if let Some(members) = public.as_object_mut() {
                    members.remove("use");
                }
                public
            })
            .collect();
        json!({"keys": keys, "SkipUnresolvedJsonWebKeys": true})
    }
}

/// Yubico's attestation root, and the certificates it signs.
#[derive(Debug, Clone)]
pub(crate) struct AttestationIssuer {
    key: PKey<Private>,
    root: X509,
}

/// A new P-256 key.
pub(crate) fn new_p256() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)
}

fn name(common_name: &str, unit: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COUNTRYNAME, "SE")?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Yubico AB (sandbox)")?;
    name.append_entry_by_nid(Nid::ORGANIZATIONALUNITNAME, unit)?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn builder() -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let yesterday = clock::now().as_second() - 24 * 60 * 60;
    let start = Asn1Time::from_unix(yesterday)?;
    let end = Asn1Time::days_from_now(3650)?;
    builder.set_not_before(&start)?;
    builder.set_not_after(&end)?;
    Ok(builder)
}

impl AttestationIssuer {
    /// A new root.
    pub fn new() -> Result<Self, ErrorStack> {
        let key = new_p256()?;
        let subject = name("Yubico FIDO Root CA (sandbox)", "Sandbox")?;
        let mut builder = builder()?;
        builder.set_subject_name(&subject)?;
        builder.set_issuer_name(&subject)?;
        builder.set_pubkey(&key)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { key, root: builder.build() })
    }

    /// The root in PEM, which the sandbox's Okta trusts.
    pub fn root_pem(&self) -> Result<Vec<u8>, ErrorStack> {
        self.root.to_pem()
    }

    /// The attestation certificate (DER) of an authenticator of that model (`WebAuthn`, packed, 8.2.1).
    pub fn attest(
        &self,
        public: &PKey<Private>,
        model: &str,
        aaguid: uuid::Uuid,
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut builder = builder()?;
        builder.set_subject_name(&*name(
            &format!("{model} Attestation (sandbox)"),
            "Authenticator Attestation",
        )?)?;
        builder.set_issuer_name(self.root.subject_name())?;
        builder.set_pubkey(public)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        // id-fido-gen-ce-aaguid: an OCTET STRING in the extension's own.
        let mut value = vec![0x04, 0x10];
        value.extend_from_slice(aaguid.as_bytes());
        builder.append_extension(X509Extension::new_from_der(
            &*Asn1Object::from_str("1.3.6.1.4.1.45724.1.1.4")?,
            false,
            &*Asn1OctetString::new_from_bytes(&value)?,
        )?)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        builder.build().to_der()
    }

    fn sign_plain(
        &self,
        common_name: &str,
        public: &PKey<openssl::pkey::Public>,
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut builder = builder()?;
        builder.set_subject_name(&*name(common_name, "Pre-registration signing")?)?;
        builder.set_issuer_name(self.root.subject_name())?;
        builder.set_pubkey(public)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        builder.build().to_der()
    }
}
