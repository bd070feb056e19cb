//! `WebAuthn` at the relying party. What is verified, the library verifies.

use std::time::Duration;

use serde_json::Value;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{
    AttestationCaList, AttestationConveyancePreference, AuthenticationState, Credential, PublicKeyCredential,
    RegisterPublicKeyCredential, RegistrationState, UserVerificationPolicy,
};

/// A registration that has been asked for, and the credential once it was made.
#[derive(Debug)]
pub(crate) struct Registration {
    state: RegistrationState,
    /// The creation options as they go to the authenticator.
    pub options: Value,
    /// Where the relying party's page lives.
    pub origin: String,
    pub credential: Option<Credential>,
}

/// A sign-in under way.
#[derive(Debug)]
pub(crate) struct Challenge {
    state: AuthenticationState,
    pub rp_id: String,
    pub origin: String,
}

fn relying_party(rp_id: &str, origin: &str) -> Result<WebauthnCore, String> {
    let origin = Url::parse(origin).map_err(|error| error.to_string())?;
    Ok(WebauthnCore::new_unsafe_experts_only(
        "Okta (sandbox)",
        rp_id,
        vec![origin],
        Duration::from_mins(5),
        None,
        None,
    ))
}

impl Registration {
    /// Asks for a new credential.
    pub fn start(
        rp_id: &str,
        origin: &str,
        user_id: &str,
        login: &str,
        display: &str,
    ) -> Result<Self, String> {
        let core = relying_party(rp_id, origin)?;
        let builder = core
            .new_challenge_register_builder(user_id.as_bytes(), login, display)
            .map_err(|error| error.to_string())?
            .attestation(AttestationConveyancePreference::Direct)
            .user_verification_policy(UserVerificationPolicy::Required)
            .reject_synchronised_authenticators(true);
        let (response, state) =
            core.generate_challenge_register(builder).map_err(|error| error.to_string())?;
        let options = serde_json::to_value(response.public_key).map_err(|error| error.to_string())?;
        Ok(Self { state, options, origin: origin.into(), credential: None })
    }

    /// Verifies an authenticator's answer: challenge, origin, RP id, user verification, and the attestation's chain to a root.
    pub fn finish(&self, rp_id: &str, answer: &Value, roots: &[u8]) -> Result<Credential, String> {
        let core = relying_party(rp_id, &self.origin)?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_value(answer.clone()).map_err(|error| error.to_string())?;
        let roots = AttestationCaList::try_from(roots).map_err(|error| error.to_string())?;
        core.register_credential(&answer, &self.state, Some(&roots)).map_err(|error| error.to_string())
    }
}

impl Challenge {
    /// A challenge for the credentials of a person under one RP id.
    pub fn start(rp_id: &str, origin: &str, credentials: Vec<Credential>) -> Result<(Self, Value), String> {
        let core = relying_party(rp_id, origin)?;
        let builder = core
            .new_challenge_authenticate_builder(credentials, Some(UserVerificationPolicy::Required))
            .map_err(|error| error.to_string())?;
        let (response, state) =
            core.generate_challenge_authenticate(builder).map_err(|error| error.to_string())?;
        let options = serde_json::to_value(response.public_key).map_err(|error| error.to_string())?;
        Ok((Self { state, rp_id: rp_id.into(), origin: origin.into() }, options))
    }

    /// Verifies an assertion; the answer is the credential's id and its new counter.
    pub fn finish(&self, answer: &Value) -> Result<(Vec<u8>, u32), String> {
        let core = relying_party(&self.rp_id, &self.origin)?;
        let answer: PublicKeyCredential =
            serde_json::from_value(answer.clone()).map_err(|error| error.to_string())?;
        let result = core.authenticate_credential(&answer, &self.state).map_err(|error| error.to_string())?;
        if !result.user_verified() {
            return Err("the user was not verified".into());
        }
        Ok((result.cred_id().clone(), result.counter()))
    }
}
