//! Certificates that are trusted beside the system's, as a PEM bundle.

use domain::failure::{Failure, Reason};
use native_tls::Certificate;
use openssl::x509::X509;

/// The certificates of a PEM bundle, all of them; `file` is where it stands, for people. Marks of byte order are passed
/// over, wherever bundles were joined.
///
/// # Errors
/// `CredentialsInvalid` if it is none, or an empty one, or one of which a part cannot be read.
pub fn certificates(pem: &[u8], file: &str) -> Result<Vec<Certificate>, Failure> {
    let pem = without_marks(pem);
    let stack = X509::stack_from_pem(&pem).map_err(|_| invalid(file, NO_BUNDLE))?;
    if stack.is_empty() {
        return Err(invalid(file, NO_BUNDLE));
    }
    let begun = count(&pem, b"CERTIFICATE-----") / 2;
    if stack.len() < begun {
        let some = format!(
            "has {begun} certificates of which {} can be read; look for lines that were changed",
            stack.len()
        );
        return Err(invalid(file, &some));
    }
    let read = |x509: &X509| Certificate::from_der(&x509.to_der().ok()?).ok();
    stack.iter().map(read).collect::<Option<_>>().ok_or_else(|| invalid(file, NO_BUNDLE))
}

const NO_BUNDLE: &str =
    "is not a PEM bundle of certificates; put the issuing CA's certificates there or leave the file out";

fn invalid(file: &str, what: &str) -> Failure {
    Failure::new(Reason::CredentialsInvalid, format!("{file} {what}"))
}

/// OpenSSL passes over whatever does not begin with five hyphens: a mark before them would hide a certificate.
fn without_marks(pem: &[u8]) -> Vec<u8> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut kept = Vec::with_capacity(pem.len());
    let mut rest = pem;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(MARK) {
            rest = after;
        } else {
            kept.push(*first);
            rest = after;
        }
    }
    kept
}

fn count(pem: &[u8], word: &[u8]) -> usize {
    pem.windows(word.len()).filter(|window| *window == word).count()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::certificate, *};

    fn one() -> String {
        String::from_utf8(certificate().0.to_pem().unwrap()).unwrap()
    }

    #[test]
    fn a_bundle_is_read_whole_however_it_was_joined() {
        let (a, b) = (one(), one());
        for bundle in [
            format!("{a}{b}"),
            format!("\u{feff}{a}\u{feff}{b}"),
            format!("# CA one\n{a}\nCA two\n{b}\n\n"),
            format!("{a}{b}").replace('\n', "\r\n"),
            format!("{a}\n{a}"),
        ] {
            assert_eq!(certificates(bundle.as_bytes(), "`ca.crt`").unwrap().len(), 2, "{bundle}");
        }
    }

    #[test]
    fn a_bundle_of_which_a_part_cannot_be_read_is_refused() {
        let (a, b) = (one(), one());
        let (half, _) = b.split_at(b.len() / 2);
        for bundle in [
            format!("{a}{half}"),
            format!(" {a}{b}"),
            format!("{a}> {b}"),
            format!("{a}{b}").replace('\n', "\\n"),
            format!("{a}{b}").replace('\n', " "),
            format!("{}{b}", a.replace("-----BEGIN", "----BEGIN")),
        ] {
            let failure = certificates(bundle.as_bytes(), "`ca.crt`").map(drop).unwrap_err();
            assert_eq!(failure.reason, Reason::CredentialsInvalid, "{bundle}");
            assert!(failure.message.contains("`ca.crt`"), "{}", failure.message);
        }
    }
}
