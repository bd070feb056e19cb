//! A certificate authority of one evening, and the certificate for localhost it signs.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

use crate::clock;
use crate::vendor_keys::new_p256;

/// The listeners' TLS, and the CA's certificate in PEM for those who shall trust it.
pub(crate) struct Tls {
    pub acceptor: SslAcceptor,
    pub ca_pem: Vec<u8>,
}

fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn builder(key: &PKey<Private>, subject: &X509Name, issuer: &X509Name) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let start = Asn1Time::from_unix(clock::now().as_second() - 3600)?;
    let end = Asn1Time::days_from_now(90)?;
    builder.set_not_before(&start)?;
    builder.set_not_after(&end)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

impl Tls {
    /// A new CA with its one server certificate; the CA's key is forgotten.
    pub fn new() -> Result<Self, ErrorStack> {
        let ca_key = new_p256()?;
        let ca_name = name("YubiKey shipment sandbox CA")?;
        let mut ca = builder(&ca_key, &ca_name, &ca_name)?;
        ca.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        ca.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&ca.x509v3_context(None, None))?;
        ca.append_extension(identifier)?;
        ca.sign(&ca_key, MessageDigest::sha256())?;
        let ca = ca.build();

        let key = new_p256()?;
        let mut server = builder(&key, &name("localhost")?, &ca_name)?;
        server.append_extension(BasicConstraints::new().critical().build()?)?;
        server.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        server.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let identifier =
            AuthorityKeyIdentifier::new().keyid(true).build(&server.x509v3_context(Some(&ca), None))?;
        server.append_extension(identifier)?;
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .ip("127.0.0.1")
            .ip("::1")
            .build(&server.x509v3_context(Some(&ca), None))?;
        server.append_extension(names)?;
        server.sign(&ca_key, MessageDigest::sha256())?;

        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_private_key(&key)?;
        acceptor.set_certificate(&server.build())?;
        Ok(Self { acceptor: acceptor.build(), ca_pem: ca.to_pem()? })
    }
}
