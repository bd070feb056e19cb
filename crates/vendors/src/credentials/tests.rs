use std::{fs, os::unix::fs::symlink, path::Path};

use tempfile::TempDir;

use super::*;

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nverySecretKey\n-----END PRIVATE KEY-----\n";

/// A directory of its own, removed at the end.
struct Dir(TempDir);

impl Dir {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("acme")).unwrap();
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path().join("acme").join(file), content).unwrap();
        self
    }

    async fn read(&self) -> Result<Credentials, Failure> {
        Credentials::read(self.path(), "acme", OktaSecret::PrivateKey, HrisSecret::None).await
    }
}

#[tokio::test]
async fn files_are_read_and_tokens_lose_their_line_break() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY).write("yubico-api-token", "eyJtoken\r\n");
    let read = dir.read().await.unwrap();
    assert_eq!(read.okta.expose_secret(), KEY);
    assert_eq!(read.yubico_token.expose_secret(), "eyJtoken");
    assert!(read.extra_ca.is_none());
    dir.write("okta-api-token", "00token\n").write("ca.crt", "pem");
    let read = Credentials::read(dir.path(), "acme", OktaSecret::ApiToken, HrisSecret::None).await.unwrap();
    assert_eq!(read.okta.expose_secret(), "00token");
    assert_eq!(read.extra_ca.as_deref(), Some(&b"pem"[..]));
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_place() {
    let dir = Dir::new();
    for (file, content) in [("okta-private-key", KEY), ("yubico-api-token", "x")] {
        let failure = dir.read().await.unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsMissing);
        let path = dir.path().join("acme").join(file);
        assert!(failure.message.contains(&format!("`{file}`")), "{}", failure.message);
        assert!(failure.message.contains(&path.display().to_string()), "{}", failure.message);
        assert_eq!(dir.read().await.unwrap_err(), failure, "the same at every try");
        dir.write(file, content);
    }
    dir.read().await.unwrap();
    let other =
        Credentials::read(dir.path(), "other", OktaSecret::PrivateKey, HrisSecret::None).await.unwrap_err();
    assert_eq!(other.reason, Reason::CredentialsMissing);
}

#[tokio::test]
async fn whoever_can_mend_it_is_told_what_is_theirs() {
    let dir = Dir::new();
    let unmounted =
        Credentials::read(dir.path(), "other", OktaSecret::PrivateKey, HrisSecret::None).await.unwrap_err();
    let path = dir.path().join("other/okta-private-key").display().to_string();
    for word in
        [&path, "{name: other, existingSecret: ", "the chart's value connections", "`okta-private-key`"]
    {
        assert!(unmounted.message.contains(word), "{word} in: {}", unmounted.message);
    }
    dir.write("okta-private-key", KEY);
    let lacking = dir.read().await.unwrap_err();
    for word in ["add the key `yubico-api-token` to its Secret", "existingSecret"] {
        assert!(lacking.message.contains(word), "{word} in: {}", lacking.message);
    }
}

#[tokio::test]
async fn the_end_of_a_token_is_its_own_word_else_that_of_the_file_beside_it() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY).write("yubico-api-token", "opaque");
    let silent = dir.read().await.unwrap();
    assert_eq!(silent.yubico_expiry, Expiry::Unknown);
    dir.write("yubico-api-token-expires", "2027-03-01\n");
    let said = dir.read().await.unwrap();
    assert_eq!(said.yubico_expiry, Expiry::At("2027-03-01T00:00:00Z".parse().unwrap()));
    assert_ne!(silent.fingerprint(), said.fingerprint(), "it is taken up like any other file");
    // {"exp":1800000000}
    dir.write("yubico-api-token", "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.c2ln");
    let own = dir.read().await.unwrap();
    assert_eq!(own.yubico_expiry, Expiry::At(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
    dir.write("yubico-api-token", "opaque").write("yubico-api-token-expires", "next spring");
    let Expiry::Unreadable(why) = dir.read().await.unwrap().yubico_expiry else { panic!("it is no time") };
    assert!(why.contains("yubico-api-token-expires") && !why.contains("spring"), "{why}");
    fs::remove_file(dir.path().join("acme/okta-private-key")).unwrap();
    assert!(Credentials::yubico_expiry(dir.path(), "acme").await.is_some(), "whatever else is missing");
}

#[tokio::test]
async fn the_shared_certificates_are_named_by_their_path() {
    let dir = Dir::new();
    let path = dir.path().join("acme/proxy.pem");
    for content in [None, Some(""), Some("no certificate")] {
        if let Some(content) = content {
            dir.write("proxy.pem", content);
        }
        let failure = shared_ca(&path).await.unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsInvalid);
        assert!(failure.message.contains(&path.display().to_string()), "{}", failure.message);
    }
    dir.write("okta-private-key", KEY).write("yubico-api-token", "x").write("ca.crt", "own");
    let alone = dir.read().await.unwrap();
    let both = alone.clone().trusting(b"shared");
    assert_eq!(both.extra_ca.as_deref(), Some(&b"own\nshared"[..]));
    assert_ne!(alone.fingerprint(), both.fingerprint());
}

#[tokio::test]
async fn what_has_the_wrong_form_is_refused_and_not_shown() {
    let long = "a".repeat(65 * 1024);
    let wrong: [(&str, &[u8]); 8] = [
        ("yubico-api-token", b""),
        ("yubico-api-token", b"\n"),
        ("yubico-api-token", b"two tokens"),
        ("yubico-api-token", b"two\ntokens\n"),
        ("yubico-api-token", &[0xff, 0xfe]),
        ("yubico-api-token", long.as_bytes()),
        ("okta-private-key", b"  \n"),
        ("okta-private-key", &[0xff]),
    ];
    for (file, content) in wrong {
        let dir = Dir::new();
        dir.write("okta-private-key", KEY).write("yubico-api-token", "x").write(file, content);
        let failure = dir.read().await.unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsInvalid);
        assert!(
            failure.message.contains(file) && !failure.message.contains("tokens\n"),
            "{}",
            failure.message
        );
    }
    let dir = Dir::new();
    dir.write("okta-private-key", KEY);
    fs::create_dir(dir.path().join("acme/yubico-api-token")).unwrap();
    assert_eq!(dir.read().await.unwrap_err().reason, Reason::CredentialsInvalid);
}

#[tokio::test]
async fn a_name_cannot_lead_out_of_the_directory() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY).write("yubico-api-token", "x");
    let inner = dir.path().join("acme");
    for name in ["", ".", "..", "../acme", "/etc", "a/b", ".hidden", "Acme", "acme\0", "acme."] {
        let failure =
            Credentials::read(&inner, name, OktaSecret::PrivateKey, HrisSecret::None).await.unwrap_err();
        assert_eq!(failure.reason, Reason::ConnectionInvalid, "{name:?}");
    }
}

/// As the kubelet does it: files are links through `..data`, which is swapped for a new directory.
fn publish(at: &Path, revision: &str, token: &str) {
    let fresh = at.join(revision);
    fs::create_dir(&fresh).unwrap();
    fs::write(fresh.join("okta-private-key"), KEY).unwrap();
    fs::write(fresh.join("yubico-api-token"), token).unwrap();
    symlink(revision, at.join("..data_tmp")).unwrap();
    fs::rename(at.join("..data_tmp"), at.join("..data")).unwrap();
}

#[tokio::test]
async fn a_swapped_secret_volume_changes_the_fingerprint() {
    let dir = Dir::new();
    let at = dir.path().join("acme");
    publish(&at, "..2026_01_05", "first");
    for file in ["okta-private-key", "yubico-api-token"] {
        symlink(format!("..data/{file}"), at.join(file)).unwrap();
    }
    let first = dir.read().await.unwrap();
    assert_eq!(first.fingerprint(), dir.read().await.unwrap().fingerprint());
    publish(&at, "..2026_01_06", "second");
    let second = dir.read().await.unwrap();
    assert_eq!(second.yubico_token.expose_secret(), "second");
    assert_ne!(first.fingerprint(), second.fingerprint());
}

#[test]
fn nothing_moves_unseen_between_files() {
    assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
    assert_ne!(fingerprint(&[b"a", b""]), fingerprint(&[b"", b"a"]));
}

#[tokio::test]
async fn credentials_do_not_print() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY).write("yubico-api-token", "eyJtoken").write("ca.crt", "pem");
    let text = format!("{:?}", dir.read().await.unwrap());
    assert!(!text.contains("verySecretKey") && !text.contains("eyJtoken"), "{text}");
}

#[tokio::test]
async fn the_hris_has_files_of_its_own_that_count_only_where_it_is_named() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY).write("yubico-api-token", "x");
    let named =
        async || Credentials::read(dir.path(), "acme", OktaSecret::PrivateKey, HrisSecret::Token).await;
    let missing = named().await.unwrap_err();
    assert_eq!(missing.reason, Reason::CredentialsMissing);
    assert!(missing.message.contains("`hris-token`"), "{}", missing.message);
    dir.write("hris-token", "one two");
    assert_eq!(named().await.unwrap_err().reason, Reason::CredentialsInvalid);
    assert!(dir.read().await.unwrap().hris.is_none(), "nobody looks at it");

    dir.write("hris-token", "hrisTokenSecret\n");
    let read = named().await.unwrap();
    let hris = read.hris.as_ref().unwrap();
    assert_eq!((hris.token.expose_secret(), &hris.extra_ca), ("hrisTokenSecret", &None));
    assert!(!format!("{read:?}").contains("hrisTokenSecret"));
    dir.write("hris-ca.crt", "no certificate");
    let bad = named().await.unwrap_err();
    assert_eq!(bad.reason, Reason::CredentialsInvalid);
    assert!(bad.message.contains("hris-ca.crt"), "{}", bad.message);
    dir.write("hris-ca.crt", certificate());
    let with_ca = named().await.unwrap();
    assert_ne!(with_ca.fingerprint(), read.fingerprint());
    dir.write("hris-token", "anotherToken");
    assert_ne!(named().await.unwrap().fingerprint(), with_ca.fingerprint());
    let own = with_ca.hris.unwrap().extra_ca.unwrap();
    let shared = named().await.unwrap().trusting(b"shared").hris.unwrap().extra_ca.unwrap();
    assert_eq!(
        shared,
        [own, b"shared".to_vec()].join(&b'\n'),
        "what all trust, the HRIS is trusted by as well"
    );
}

#[tokio::test]
async fn a_bundle_as_large_as_a_systems_own_is_taken_and_one_beyond_all_measure_is_not() {
    let dir = Dir::new();
    let (path, one) = (dir.path().join("acme/proxy.pem"), certificate());
    let bundle = |size: usize| one.repeat(size / one.len());
    for size in [219_597, 1024 * 1024, 3 * 1024 * 1024] {
        dir.write("proxy.pem", bundle(size));
        assert!(shared_ca(&path).await.is_ok(), "{size} bytes");
    }
    dir.write("okta-private-key", KEY).write("yubico-api-token", "x").write("ca.crt", bundle(1024 * 1024));
    assert!(dir.read().await.is_ok());
    dir.write("proxy.pem", bundle(5 * 1024 * 1024));
    assert!(shared_ca(&path).await.unwrap_err().message.contains("4 MiB"));
}

/// A private key has a few KiB, and some come with their chain.
#[tokio::test]
async fn a_file_of_sixty_four_kib_is_read_and_one_byte_more_is_not() {
    let dir = Dir::new();
    dir.write("okta-private-key", KEY);
    for (size, too_large) in [(60 * 1024, false), (64 * 1024, false), (64 * 1024 + 1, true)] {
        dir.write("yubico-api-token", "x".repeat(size));
        let read = dir.read().await.map(drop);
        let refused = read.is_err_and(|failure| failure.message.contains("64 KiB"));
        assert_eq!(refused, too_large, "{size} bytes");
    }
}

/// A certificate that nobody signed but itself.
fn certificate() -> Vec<u8> {
    use openssl::{asn1::Asn1Time, ec, hash::MessageDigest, nid::Nid, pkey::PKey, x509::X509};
    let group = ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(ec::EcKey::generate(&group).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}
