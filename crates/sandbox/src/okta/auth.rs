//! Who calls the management API, and whether it may.

use hyper::Method;

use crate::behaviour::Behaviour;
use crate::clock;
use crate::http::{Call, Reply};
use crate::okta::{dpop, errors};
use crate::world::{OktaOrg, World};

/// Checks token, proof and scope of a call.
pub(crate) fn authorize(world: &mut World, call: &Call, scopes: &[&str]) -> Result<(), Reply> {
    if scopes.is_empty() {
        return Ok(());
    }
    let rate = Rate::of(&world.settings);
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
    count(org, &caller, rate)
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

/// How many calls a window admits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    limit: u32,
    seconds: i64,
}

impl Rate {
    pub(crate) fn of(settings: &Behaviour) -> Self {
        Self {
            limit: settings.okta_requests_a_minute,
            seconds: i64::from(settings.okta_window_seconds.max(1)),
        }
    }

    /// Number of the window that is now.
    fn now(self) -> i64 {
        clock::now().as_second() / self.seconds
    }
}

/// Counts the call against the caller's window.
fn count(org: &mut OktaOrg, caller: &str, rate: Rate) -> Result<(), Reply> {
    let now = rate.now();
    let window = org.rate.entry(caller.to_string()).or_insert((now, 0));
    if window.0 != now {
        *window = (now, 0);
    }
    window.1 += 1;
    if window.1 > rate.limit { Err(errors::too_many()) } else { Ok(()) }
}

/// The three rate-limit headers as they stand after a call.
pub(crate) fn rate_headers(org: &OktaOrg, rate: Rate) -> [(String, String); 3] {
    let now = rate.now();
    let used = org.rate.values().filter(|window| window.0 == now).map(|window| window.1).max().unwrap_or(0);
    [
        ("x-rate-limit-limit".into(), rate.limit.to_string()),
        ("x-rate-limit-remaining".into(), rate.limit.saturating_sub(used).to_string()),
        ("x-rate-limit-reset".into(), ((now + 1) * rate.seconds).to_string()),
    ]
}
