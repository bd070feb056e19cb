//! Who calls the management API, and whether it may.

use hyper::Method;

use crate::clock;
use crate::http::{Call, Reply};
use crate::okta::rate::{self, Rate};
use crate::okta::{dpop, errors};
use crate::world::{OktaOrg, World};

/// Checks token, proof and scope of a call.
pub(crate) fn authorize(world: &mut World, call: &Call, scopes: &[&str]) -> Result<(), Reply> {
    if scopes.is_empty() {
        return Ok(());
    }
    let rate = Rate::of(&world.settings, &call.path);
    let org = world.org(call.org);
    let Some((scheme, credential)) = call.header("authorization").and_then(|value| value.split_once(' '))
    else {
        return Err(errors::invalid_token());
    };
    let caller = match scheme {
        "SSWS" if org.api_tokens.iter().any(|token| token == credential) => credential.to_string(),
        "Bearer" | "DPoP" => access_token(org, call, scheme, credential, scopes)?,
        _ => return Err(errors::invalid_token()),
    };
    rate::count(org, &caller, rate)
}

fn access_token(
    org: &mut OktaOrg,
    call: &Call,
    scheme: &str,
    value: &str,
    scopes: &[&str],
) -> Result<String, Reply> {
    let token = org.access_tokens.get(value).cloned().ok_or_else(errors::invalid_token)?;
    if token.expires <= clock::now() || token.bound_to.is_some() != (scheme == "DPoP") {
        return Err(errors::invalid_token());
    }
    if let Some(key) = &token.bound_to {
        let base_url = org.base_url.clone();
        let refuse = |text: &str| errors::dpop(&base_url, text);
        let proof = dpop::check(org, call, Some(value)).map_err(|text| refuse(&text))?;
        if proof.key != *key {
            return Err(refuse(
                "The DPoP proof JWT is not signed with the key the access token is bound to.",
            ));
        }
    }
    let app =
        org.apps.iter().find(|app| app.client_id == token.client_id).ok_or_else(errors::invalid_token)?;
    if !app.has_role || !scopes.iter().any(|scope| covers(&token.scopes, scope, &call.method)) {
        return Err(errors::forbidden());
    }
    Ok(token.client_id)
}

/// `manage` includes `read` for GET.
fn covers(granted: &[String], wanted: &str, method: &Method) -> bool {
    let manage = wanted.replace(".read", ".manage");
    granted.iter().any(|scope| scope == wanted || (*method == Method::GET && *scope == manage))
}
