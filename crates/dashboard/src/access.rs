//! In whose name the API server is asked. There are two ways, and in both it is the person who looks: on one's own
//! machine with one's own kubeconfig, in the cluster with the bearer token that each request brings.

use axum::http::{HeaderValue, Request, header::AUTHORIZATION};
use kube::{Client, Config, client::Body};
use openssl::error::ErrorStack;

use crate::secret::Secret;

/// In whose name.
#[derive(Debug, Clone)]
pub enum Access {
    /// One person's, on loopback.
    Own(Own),
    /// That of each caller.
    Callers(Callers),
}

/// One person's page on loopback.
#[derive(Clone)]
pub struct Own {
    /// A client with the person's credentials.
    pub(crate) client: Client,
    /// Stands in the address that the person opens, then in a cookie.
    pub(crate) token: Secret,
    /// Stands in each form.
    pub(crate) form: Secret,
    /// Cookies do not tell ports apart, so the name does.
    pub(crate) cookie: String,
}

impl Own {
    /// A page with this client. `port`: where it listens.
    ///
    /// # Errors
    /// If there is no randomness for its tokens.
    pub fn new(client: Client, port: u16) -> Result<Self, ErrorStack> {
        let cookie = format!("yubikey-dashboard-{port}");
        Ok(Self { client, token: Secret::random()?, form: Secret::random()?, cookie })
    }

    /// Path and query of the address to open.
    #[must_use]
    pub fn entrance(&self) -> String {
        format!("/enter?token={}", self.token.reveal())
    }
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

/// A page for many, each with a token of their own.
#[derive(Clone)]
pub struct Callers {
    /// Reaches the API server, and has no credentials.
    nobody: Client,
}

impl Callers {
    /// Of an API server. Credentials in `config` are left out.
    ///
    /// # Errors
    /// If no client can be made, such as without a readable CA.
    pub fn new(mut config: Config) -> Result<Self, kube::Error> {
        config.auth_info = kube::config::AuthInfo::default();
        Ok(Self { nobody: Client::try_from(config)? })
    }

    /// A client that asks in the name of whoever holds the token.
    #[must_use]
    pub(crate) fn client(&self, authorization: HeaderValue) -> Client {
        let nobody = self.nobody.clone();
        let service = tower::service_fn(move |mut request: Request<Body>| {
            // One caller's header and no other: nothing of an earlier request can stay in it.
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
            let nobody = nobody.clone();
            async move { nobody.send(request).await }
        });
        Client::new(service, "default")
    }
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callers").finish_non_exhaustive()
    }
}

/// The Authorization header that is passed on: marked, so that no log shows it. `None` unless it is one bearer token.
#[must_use]
pub(crate) fn bearer(given: &HeaderValue) -> Option<HeaderValue> {
    let (scheme, token) = given.to_str().ok()?.split_once(' ')?;
    let whole = !token.is_empty() && token.chars().all(|sign| sign.is_ascii_graphic() && sign != ',');
    let mut passed = (scheme.eq_ignore_ascii_case("bearer") && whole)
        .then(|| HeaderValue::from_str(&format!("Bearer {token}")).ok())??;
    passed.set_sensitive(true);
    Some(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_token_is_passed_on() {
        let passed = |text: &'static str| bearer(&HeaderValue::from_static(text));
        let token = passed("bearer abc.def-_").unwrap();
        assert!(token.is_sensitive() && token.to_str().unwrap() == "Bearer abc.def-_");
        for text in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a,Bearer b", "abc"] {
            assert!(passed(text).is_none(), "{text}");
        }
    }
}
