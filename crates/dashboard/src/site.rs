//! Under which addresses the page is reached. A request for another host comes from a page that bent its own name to
//! this address (DNS rebinding); a request of another origin comes from another page of the browser.

use url::Url;

/// Why an address cannot be one of the page.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no origin: give scheme and host, with a port if it is not the usual one, as in https://yubikeys.example.com"
)]
pub struct SiteError(String);

/// The addresses of the page.
#[derive(Debug, Clone, Default)]
pub struct Site {
    origins: Vec<String>,
}

impl Site {
    /// From origins such as `https://yubikeys.example.com`.
    ///
    /// # Errors
    /// If one of them is none: with a path, without a host, or of another scheme than HTTP.
    pub fn of<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, SiteError> {
        let origins = origins.into_iter().map(|text| origin(text).ok_or_else(|| SiteError(text.to_owned())));
        Ok(Self { origins: origins.collect::<Result<_, _>>()? })
    }

    /// A port of loopback.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self { origins: ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}")).to_vec() }
    }

    /// Is a request's Host one of ours? The port may be left out, or named, where it is the usual one.
    #[must_use]
    pub fn is_host(&self, host: &str) -> bool {
        let same = |own: &String| {
            let scheme = own.split("://").next().unwrap_or_default();
            origin(&format!("{scheme}://{host}")).is_some_and(|asked| asked == *own)
        };
        self.origins.iter().any(same)
    }

    /// Is a request's Origin one of ours?
    #[must_use]
    pub fn is_origin(&self, given: &str) -> bool {
        origin(given).is_some_and(|given| self.origins.contains(&given))
    }

    /// Is it reached over TLS only? Then cookies may be, too.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        !self.origins.is_empty() && self.origins.iter().all(|origin| origin.starts_with("https://"))
    }
}

/// An origin as browsers write it; `None` if the text is something else.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = ["http", "https"].contains(&url.scheme())
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        // `http:host` and `http://host\` are read as addresses too.
        && text.contains("://")
        && !text.contains(['\\', '@', ' ', '\t', '\n']);
    plain.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_host_is_ours() {
        let site = Site::loopback(8090);
        for host in ["127.0.0.1:8090", "localhost:8090", "LOCALHOST:8090"] {
            assert!(site.is_host(host), "{host}");
        }
        for host in [
            "evil.example:8090",
            "127.0.0.1",
            "127.0.0.1:8091",
            "localhost.evil.example:8090",
            "",
            "127.0.0.1:8090@evil.example",
            "evil.example/127.0.0.1:8090",
            "127.0.0.1:8090/x",
            "[::1]:8090",
        ] {
            assert!(!site.is_host(host), "{host}");
        }
        let site = Site::of(["https://Keys.example.com", "https://other.example:8443"]).unwrap();
        for host in ["keys.example.com", "keys.example.com:443", "other.example:8443"] {
            assert!(site.is_host(host), "{host}");
        }
        for host in ["keys.example.com:80", "other.example", "example.com"] {
            assert!(!site.is_host(host), "{host}");
        }
    }

    #[test]
    fn only_our_own_origin_is_ours() {
        let site = Site::of(["https://keys.example.com"]).unwrap();
        assert!(site.is_origin("https://keys.example.com") && site.is_secure());
        for origin in [
            "null",
            "",
            "http://keys.example.com",
            "https://keys.example.com:444",
            "https://keys.example.com.evil.example",
            "https://evil.example",
            "https://keys.example.com@evil.example",
            "file:///",
        ] {
            assert!(!site.is_origin(origin), "{origin}");
        }
        assert!(!Site::loopback(1).is_secure());
    }

    #[test]
    fn what_is_no_origin_is_refused_at_the_start() {
        for text in
            ["keys.example.com", "https://keys.example.com/path", "ftp://x", "https://", "https://x?y", ""]
        {
            assert!(Site::of([text]).is_err(), "{text}");
        }
    }
}
