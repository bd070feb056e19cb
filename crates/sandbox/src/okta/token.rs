//! The org's token endpoint: client credentials with a private-key JWT, DPoP where the app is bound to it.

use jiff::SignedDuration;
use josekit::jwk::Jwk;
use serde_json::{Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::ids::noise;
use crate::jose;
use crate::okta::{dpop, errors};
use crate::world::{AccessToken, App, OktaOrg, World};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN_SECONDS: i64 = 3600;

/// `POST /oauth2/v1/token`.
pub(crate) fn token(world: &mut World, call: &Call) -> Answer {
    if !call.header("content-type").unwrap_or_default().starts_with("application/x-www-form-urlencoded") {
        return Err(errors::oauth(
            400,
            "invalid_request",
            "The content type must be application/x-www-form-urlencoded.",
        ));
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if field("grant_type") != Some("client_credentials") {
        return Err(errors::oauth(
            400,
            "unsupported_grant_type",
            "The grant type is not supported by this app.",
        ));
    }
    if field("client_secret").is_some() || call.header("authorization").is_some() {
        let text = "Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method.";
        return Err(errors::oauth(400, "invalid_client", text));
    }
    if field("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(errors::oauth(
            400,
            "invalid_request",
            "The client_assertion_type is missing or not supported.",
        ));
    }
    let assertion = field("client_assertion").unwrap_or_default();
    let org = world.org(call.org);
    let app = client(org, assertion)?;
    let scopes = requested_scopes(&app, field("scope").unwrap_or_default())?;
    let bound_to = proof_key(org, call, &app)?;
    issue(world, call.org, &app, scopes, bound_to)
}

/// Authenticates the client: 401 `invalid_client` in whatever way the assertion is wrong.
fn client(org: &mut OktaOrg, assertion: &str) -> Result<App, Reply> {
    let refuse = |text: &str| errors::oauth(401, "invalid_client", text);
    let malformed = || refuse("The client_assertion token is malformed.");
    let header = jose::header(assertion).ok_or_else(malformed)?;
    let unverified = jose::unverified_payload(assertion).ok_or_else(malformed)?;
    let issuer = unverified["iss"].as_str().unwrap_or_default();
    if unverified["sub"].as_str() != Some(issuer) {
        return Err(refuse("The issuer and the subject of client_assertion must both be the client id."));
    }
    let app = org
        .apps
        .iter()
        .find(|app| app.client_id == issuer)
        .cloned()
        .ok_or_else(|| refuse("Invalid value for 'client_id' parameter."))?;
    let key = registered_key(&app, header.get("kid").and_then(Value::as_str))
        .ok_or_else(|| refuse("The client_assertion's kid names no registered key."))?;
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let claims = jose::verify_with(assertion, key, algorithm)
        .ok_or_else(|| refuse("The client_assertion signature is invalid."))?;
    check_assertion(org, &claims)?;
    Ok(app)
}

fn registered_key<'a>(app: &'a App, kid: Option<&str>) -> Option<&'a Jwk> {
    match kid {
        Some(kid) => app.keys.iter().find(|key| key.key_id() == Some(kid)),
        // Only with a single key does Okta know which one is meant.
        None => app.keys.first().filter(|_| app.keys.len() == 1),
    }
}

fn check_assertion(org: &mut OktaOrg, claims: &Value) -> Result<(), Reply> {
    let refuse = |text: &str| Err(errors::oauth(401, "invalid_client", text));
    let now = clock::now().as_second();
    let audience = format!("{}/oauth2/v1/token", org.base_url);
    if claims["aud"].as_str() != Some(audience.as_str()) {
        return refuse(
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        );
    }
    let Some(expires) = claims["exp"].as_i64() else {
        return refuse("The client_assertion token must have an 'exp' claim that is a number.");
    };
    if expires <= now {
        return refuse("The client_assertion token is expired.");
    }
    if expires > now + TOKEN_SECONDS {
        return refuse("The client_assertion token has an expiration too far into the future.");
    }
    if claims["iat"].as_i64().is_some_and(|issued| issued > now) {
        return refuse("The client_assertion token is issued in the future.");
    }
    let Some(jti) = claims["jti"].as_str().filter(|jti| !jti.is_empty()) else {
        return refuse("The client_assertion token must have a 'jti' claim.");
    };
    if !org.used_assertions.insert(jti.to_string()) {
        return refuse("The client_assertion has already been used (client_assertion_already_used).");
    }
    Ok(())
}

fn requested_scopes(app: &App, scope: &str) -> Result<Vec<String>, Reply> {
    let scopes: Vec<String> =
        scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_string).collect();
    if scopes.is_empty() {
        return Err(errors::oauth(
            400,
            "invalid_scope",
            "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
        ));
    }
    if scopes.iter().any(|scope| !app.scopes.contains(scope)) {
        return Err(errors::oauth(400, "invalid_scope", "One or more scopes are not granted to this app."));
    }
    Ok(scopes)
}

/// The key a token shall be bound to, if any; a first proof is sent back for the nonce.
fn proof_key(org: &mut OktaOrg, call: &Call, app: &App) -> Result<Option<Value>, Reply> {
    if call.headers.get("dpop").is_none() && !app.dpop_bound {
        return Ok(None);
    }
    let proof =
        dpop::check(org, call, None).map_err(|text| errors::oauth(400, "invalid_dpop_proof", &text))?;
    let is_client_key = |key: &Jwk| jose::thumbprint_members(key.as_ref()) == proof.key;
    if app.keys.iter().any(is_client_key) {
        let text = "The DPoP proof JWT must not be signed with the client authentication key.";
        return Err(errors::oauth(400, "invalid_dpop_proof", text));
    }
    if proof.nonce.as_deref().is_some_and(|nonce| org.knows_nonce(nonce)) {
        return Ok(Some(proof.key));
    }
    let nonce = org.current_nonce();
    Err(errors::oauth(400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
        .header("dpop-nonce", nonce))
}

fn issue(world: &mut World, org: usize, app: &App, scopes: Vec<String>, bound_to: Option<Value>) -> Answer {
    let id = noise(24);
    let now = clock::now();
    let org = world.org(org);
    let claims = json!({
        "ver": 1, "jti": format!("AT.{id}"), "iss": org.base_url, "aud": org.base_url, "sub": app.client_id,
        "cid": app.client_id, "iat": now.as_second(), "exp": now.as_second() + TOKEN_SECONDS, "scp": scopes,
    });
    let value = jose::sign(&claims, &org.signing_key, "JWT")
        .map_err(|_| errors::oauth(500, "server_error", "The token could not be signed."))?;
    let scope = scopes.join(" ");
    let token_type = if bound_to.is_some() { "DPoP" } else { "Bearer" };
    let expires = now + SignedDuration::from_secs(TOKEN_SECONDS);
    org.access_tokens
        .insert(value.clone(), AccessToken { client_id: app.client_id.clone(), scopes, expires, bound_to });
    world.secrets.add("accessToken", &value);
    Ok(Reply::json(
        200,
        &json!({"token_type": token_type, "expires_in": TOKEN_SECONDS, "access_token": value, "scope": scope}),
    )
    .header("cache-control", "no-cache, no-store"))
}
