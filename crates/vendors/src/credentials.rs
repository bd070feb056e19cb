//! Credentials as files: a Kubernetes Secret mounted at `<directory>/<connection>/`. The operator has no
//! access to Secrets by itself; the kubelet swaps the files when the Secret changes, so they are read again
//! and again and compared by fingerprint.

mod directory;
pub mod expiry;
mod fingerprint;
mod pasted_token;

use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use domain::failure::{Failure, Reason};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;

pub use self::fingerprint::Fingerprint;
use self::{
    directory::{Directory, plain_name},
    expiry::Expiry,
    fingerprint::fingerprint,
};
use crate::{http, pasted};

/// Largest file with a key or a token, in bytes. A private key has a few KiB.
pub const FILE_LIMIT: u64 = 64 * 1024;

/// Largest bundle of certificates, in bytes. A system's own has some hundred KiB, and a Secret or `ConfigMap` holds 1 MiB.
pub const BUNDLE_LIMIT: u64 = 4 * 1024 * 1024;

/// Which secret the connection's `okta.auth` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OktaSecret {
    /// `okta-private-key`, for `privateKeyJwt`.
    PrivateKey,
    /// `okta-api-token`, for `apiToken`.
    ApiToken,
}

impl OktaSecret {
    /// The file's name, which is the Secret's key.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::PrivateKey => "okta-private-key",
            Self::ApiToken => "okta-api-token",
        }
    }
}

/// The API token of `YubiEnterprise`.
const YUBICO_TOKEN: &str = "yubico-api-token";

/// When that token ends, for where the token itself does not tell; optional.
const YUBICO_TOKEN_EXPIRES: &str = "yubico-api-token-expires";

/// Certificates trusted beside the system's; optional.
const EXTRA_CA: &str = "ca.crt";

/// Token of the HRIS, where the connection names one.
const HRIS_TOKEN: &str = "hris-token";

/// Certificates that the HRIS is trusted by beside the system's; optional.
const HRIS_CA: &str = "hris-ca.crt";

/// Whether the connection names an HRIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HrisSecret {
    /// It does: `hris-token` is needed.
    Token,
    /// It does not: files for one are not looked at.
    None,
}

/// What opens the HRIS. Does not print.
#[derive(Clone)]
pub struct HrisCredentials {
    /// Bearer token, the file `hris-token`.
    pub token: SecretString,
    /// Certificates that the HRIS is trusted by beside the system's, as PEM; the file `hris-ca.crt`.
    pub extra_ca: Option<Vec<u8>>,
}

/// Reads of one directory until no swap falls between two files.
const TRIES: usize = 4;

/// What one connection's directory holds. Does not print.
#[derive(Clone)]
pub struct Credentials {
    /// Private key (PEM or JWK) or API token of Okta.
    pub okta: SecretString,
    /// API token of `YubiEnterprise`.
    pub yubico_token: SecretString,
    /// Certificates that both vendors are trusted by beside the system's, as PEM; the file `ca.crt`.
    pub extra_ca: Option<Vec<u8>>,
    /// When `yubico_token` ends.
    pub yubico_expiry: Expiry,
    /// Of the HRIS, where the connection names one.
    pub hris: Option<HrisCredentials>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("extra_ca", &self.extra_ca.is_some())
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the files of one connection.
    ///
    /// # Errors
    /// `CredentialsMissing` or `CredentialsInvalid`, naming the file and what is expected in it.
    pub async fn read(
        directory: &Path,
        connection: &str,
        okta: OktaSecret,
        hris: HrisSecret,
    ) -> Result<Self, Failure> {
        Self::read_folder(directory.join(plain_name(connection)?), connection, okta, hris).await
    }

    /// Reads the files of one connection that stand in this very folder.
    ///
    /// # Errors
    /// As [`Credentials::read`].
    pub async fn read_folder(
        path: PathBuf,
        connection: &str,
        okta: OktaSecret,
        hris: HrisSecret,
    ) -> Result<Self, Failure> {
        let directory = Directory { path, connection };
        let mut version = directory.version().await;
        for _ in 1..TRIES {
            let found = Self::read_once(&directory, okta, hris).await;
            let after = directory.version().await;
            if version == after {
                return found;
            }
            // A new key read beside an old token would be a fault that nobody made.
            version = after;
        }
        Self::read_once(&directory, okta, hris).await
    }

    async fn read_once(
        directory: &Directory<'_>,
        okta: OktaSecret,
        hris: HrisSecret,
    ) -> Result<Self, Failure> {
        let okta_secret = match okta {
            OktaSecret::PrivateKey => private_key(directory).await?,
            OktaSecret::ApiToken => token(directory, okta.file()).await?,
        };
        let yubico_token = token(directory, YUBICO_TOKEN).await?;
        let extra_ca = bundle(&directory.path.join(EXTRA_CA)).await?;
        let hris = match hris {
            HrisSecret::Token => Some(hris_credentials(directory).await?),
            HrisSecret::None => None,
        };
        let (yubico_expiry, said) = end_of(directory, &yubico_token).await;
        let fingerprint = fingerprint(&[
            okta.file().as_bytes(),
            okta_secret.expose_secret().as_bytes(),
            yubico_token.expose_secret().as_bytes(),
            extra_ca.as_deref().unwrap_or_default(),
            &said,
            hris.as_ref().map(|hris| hris.token.expose_secret().as_bytes()).unwrap_or_default(),
            hris.as_ref().and_then(|hris| hris.extra_ca.as_deref()).unwrap_or_default(),
        ]);
        Ok(Self { okta: okta_secret, yubico_token, extra_ca, yubico_expiry, hris, fingerprint })
    }

    /// When the token of `YubiEnterprise` ends, whatever is wrong with the other files; `None` if there is no token.
    pub async fn yubico_expiry(directory: &Path, connection: &str) -> Option<Expiry> {
        let directory = Directory { path: directory.join(plain_name(connection).ok()?), connection };
        let token = token(&directory, YUBICO_TOKEN).await.ok()?;
        Some(end_of(&directory, &token).await.0)
    }

    /// The same with certificates of the whole process trusted as well.
    #[must_use]
    pub fn trusting(mut self, shared_ca: &[u8]) -> Self {
        self.fingerprint = fingerprint(&[self.fingerprint.bytes(), shared_ca]);
        let with_own =
            |own: Option<Vec<u8>>| Some([own.unwrap_or_default().as_slice(), shared_ca].join(&b'\n'));
        self.extra_ca = with_own(self.extra_ca.take());
        if let Some(hris) = &mut self.hris {
            hris.extra_ca = with_own(hris.extra_ca.take());
        }
        self
    }

    /// Changes when any file changes.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// What the token tells counts: the file beside it may have been forgotten when the token was renewed. Also what stands
/// in that file.
async fn end_of(directory: &Directory<'_>, token: &SecretString) -> (Expiry, Vec<u8>) {
    let path = directory.path.join(YUBICO_TOKEN_EXPIRES);
    let said = optional(&path).await;
    let contents = said.as_ref().ok().cloned().flatten().unwrap_or_default();
    if let Some(end) = expiry::of_token(token.expose_secret()) {
        return (Expiry::At(end), contents);
    }
    let end = match said {
        Ok(None) => Expiry::Unknown,
        Err(failure) => Expiry::Unreadable(failure.message),
        Ok(Some(bytes)) => std::str::from_utf8(&bytes).ok().and_then(expiry::of_text).map_or_else(
            || {
                Expiry::Unreadable(format!(
                    "{} is no time; write one like 2027-03-01T00:00:00Z",
                    path.display()
                ))
            },
            Expiry::At,
        ),
    };
    (end, contents)
}

/// The bundle of certificates that every connection trusts.
///
/// # Errors
/// `CredentialsInvalid`, naming the file.
pub async fn shared_ca(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes =
        bundle(path).await.map_err(|failure| Failure::new(Reason::CredentialsInvalid, failure.message))?;
    let bytes = bytes.ok_or_else(|| {
        invalid(path, "does not exist; mount a PEM bundle of certificates there, or leave out --extra-ca")
    })?;
    http::certificates(&bytes, &path.display().to_string())?;
    Ok(bytes)
}

async fn hris_credentials(directory: &Directory<'_>) -> Result<HrisCredentials, Failure> {
    let path = directory.path.join(HRIS_CA);
    let extra_ca = bundle(&path).await?;
    if let Some(pem) = &extra_ca {
        http::certificates(pem, &path.display().to_string())?;
    }
    Ok(HrisCredentials { token: token(directory, HRIS_TOKEN).await?, extra_ca })
}

async fn private_key(directory: &Directory<'_>) -> Result<SecretString, Failure> {
    let name = OktaSecret::PrivateKey.file();
    read_private_key(&directory.path.join(name), required(directory, name).await?)
}

/// What a file with a private key holds. Its kind is examined where the algorithm is known.
///
/// # Errors
/// `CredentialsInvalid`, naming the file and nothing of its contents.
pub fn read_private_key(path: &Path, bytes: Vec<u8>) -> Result<SecretString, Failure> {
    let text = text(path, bytes)?;
    if text.trim().is_empty() {
        return Err(invalid(path, "is empty; expected a PEM or JWK private key"));
    }
    Ok(text.into())
}

async fn token(directory: &Directory<'_>, name: &str) -> Result<SecretString, Failure> {
    read_token(&directory.path.join(name), required(directory, name).await?)
}

/// What a file with one token holds, without what people paste around it: quotation marks, the word before it in a
/// header, line ends.
///
/// # Errors
/// `CredentialsInvalid`, naming the file and nothing of its contents.
pub fn read_token(path: &Path, bytes: Vec<u8>) -> Result<SecretString, Failure> {
    let token = pasted_token::read(&text(path, bytes)?).map_err(|fault| invalid(path, &fault))?;
    Ok(token.into())
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    pasted::text(bytes).ok_or_else(|| {
        invalid(path, "is no text; if it is a key in DER, turn it into PEM (openssl pkey -inform DER)")
    })
}

async fn required(directory: &Directory<'_>, name: &str) -> Result<Vec<u8>, Failure> {
    let path = directory.path.join(name);
    match optional(&path).await? {
        Some(bytes) => Ok(bytes),
        None => Err(Failure::new(Reason::CredentialsMissing, missing(directory, name).await)),
    }
}

/// Whoever installed the chart and whoever wrote the Secret are often two people: each is told their part.
async fn missing(directory: &Directory<'_>, name: &str) -> String {
    let (path, connection) = (directory.path.join(name), directory.connection);
    if tokio::fs::metadata(&directory.path).await.is_ok() {
        return format!(
            "there is no {}: what is mounted for this connection has no `{name}`; add the key `{name}` to its \
             Secret (existingSecret in the chart's value connections; a mount with subPath never changes)",
            path.display()
        );
    }
    format!(
        "there is no {}: nothing is mounted for this connection; add {{name: {connection}, existingSecret: SECRET}} \
         to the chart's value connections, where the Secret has the key `{name}`",
        path.display()
    )
}

/// The contents of a file with a key or a token, or `None` if there is no such file.
async fn optional(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    within(path, FILE_LIMIT, "64 KiB, more than any key or token has").await
}

/// The same of a bundle of certificates.
async fn bundle(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    within(path, BUNDLE_LIMIT, "4 MiB; leave only the CAs in that are needed").await
}

async fn within(path: &Path, limit: u64, said: &str) -> Result<Option<Vec<u8>>, Failure> {
    let metadata = match tokio::fs::metadata(path).await {
        Ok(metadata) => metadata,
        Err(error) if is_absent(error.kind()) => return Ok(None),
        Err(error) => return Err(unreadable(path, error.kind())),
    };
    // Opening a pipe would wait for ever.
    if !metadata.is_file() {
        return Err(invalid(path, "is no file"));
    }
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if is_absent(error.kind()) => return Ok(None),
        Err(error) => return Err(unreadable(path, error.kind())),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).await.map_err(|e| unreadable(path, e.kind()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(invalid(path, &format!("is larger than {said}")));
    }
    Ok(Some(bytes))
}

const fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, kind: ErrorKind) -> Failure {
    Failure::new(
        Reason::CredentialsMissing,
        format!("{} cannot be read: {kind}; check the volume's mode and owner", path.display()),
    )
}

fn invalid(path: &Path, what: &str) -> Failure {
    Failure::new(Reason::CredentialsInvalid, format!("{} {what}", path.display()))
}

#[cfg(test)]
mod tests;
