//! More orgs, more apps.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::apps::{self, AppCredentials, AppSpec};
use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call, Reply};
use crate::listeners::{Listener, Servers, bind, port};
use crate::okta::settings::OrgSettings;
use crate::seed;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewOrgs {
    /// The directory under `credentials/`, which is the connection's name.
    name: String,
    /// Another Okta org on its own port; otherwise the first is shared, with an app of its own.
    #[serde(default = "yes")]
    okta: bool,
    /// Another Yubico organization; otherwise the first is shared.
    #[serde(default = "yes")]
    yubico: bool,
    #[serde(default = "emea")]
    countries: Vec<String>,
    #[serde(default)]
    app: AppSpec,
}

fn yes() -> bool {
    true
}

fn emea() -> Vec<String> {
    ["DE", "GB", "FR", "NL", "SE"].map(str::to_string).to_vec()
}

fn app_view(app: &AppCredentials) -> Value {
    json!({
        "clientId": app.client_id, "keyId": app.key_id, "algorithm": app.algorithm,
        "privateKeyPem": app.private_key_pem, "privateKeyJwk": app.private_jwk,
    })
}

/// `POST /orgs`: another Okta org and Yubico organization for a second connection; writes its credentials directory.
pub(crate) fn open(servers: &Servers, call: &Call) -> Answer {
    let request: NewOrgs = body(call)?;
    let failed = |error: &dyn std::fmt::Display| refused(500, &error.to_string());
    if !request.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        || request.name.starts_with('.')
    {
        return Err(refused(400, "name must be a connection's name"));
    }
    let mut world = servers.shared.world();
    let org = if request.okta {
        let sockets = bind(0).map_err(|error| failed(&error))?;
        let port = port(&sockets).map_err(|error| failed(&error))?;
        let url = format!("{}://localhost:{port}", servers.scheme());
        let org = seed::add_okta_org(&mut world, &url).map_err(|error| failed(&error))?;
        servers.open(sockets, Listener::Okta(org)).map_err(|error| failed(&error))?;
        org
    } else {
        0
    };
    let app = apps::register(&mut world, org, &request.app).map_err(|error| refused(400, &error))?;
    let countries: Vec<&str> = request.countries.iter().map(String::as_str).collect();
    let (organization, token) = if request.yubico {
        seed::add_yubico_organization(&mut world, &request.name, &countries)
    } else {
        let first = world.yubico.organizations[0].id.clone();
        let token = seed::add_yubico_token(&mut world, &first, &request.name).unwrap_or_default();
        (first, token)
    };
    let dir = world.place.dir.join("credentials").join(&request.name);
    let ca = Some(servers.ca_pem.as_slice()).filter(|pem| !pem.is_empty());
    apps::write_credentials(&dir, &app, &token, ca).map_err(|error| failed(&error))?;
    let mut view = app_view(&app);
    view["okta"] = json!(world.orgs[org].base_url);
    view["oktaOrganization"] = json!(world.orgs[org].id);
    view["yubico"] = json!(world.yubico.base_url);
    view["yubicoOrganization"] = json!(organization);
    view["yubicoApiToken"] = json!(token);
    view["credentials"] = json!(dir);
    done(&view)
}

/// `POST /apps`: `{algorithm?, dpop?, scopes?, role?, org?}`.
pub(crate) fn register_app(world: &mut World, call: &Call) -> Answer {
    let spec: AppSpec = body(call)?;
    let org =
        world.org_index(spec.org.as_deref()).ok_or_else(|| refused(404, "there is no such Okta org"))?;
    let app = apps::register(world, org, &spec).map_err(|error| refused(400, &error))?;
    done(&app_view(&app))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AppPatch {
    dpop: Option<bool>,
    scopes: Option<Vec<String>>,
    role: Option<bool>,
}

/// `POST /apps/{clientId}`: `{dpop?, scopes?, role?}`; tokens already issued keep what they have.
pub(crate) fn patch_app(world: &mut World, call: &Call) -> Answer {
    let patch: AppPatch = body(call)?;
    let id = call.param("clientId");
    let app = apps::app_mut(world, id).ok_or_else(|| refused(404, "there is no such app"))?;
    app.dpop_bound = patch.dpop.unwrap_or(app.dpop_bound);
    app.has_role = patch.role.unwrap_or(app.has_role);
    app.scopes = patch.scopes.unwrap_or_else(|| app.scopes.clone());
    done(
        &json!({"clientId": app.client_id, "dpop": app.dpop_bound, "scopes": app.scopes, "role": app.has_role}),
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    #[serde(default = "es256")]
    algorithm: String,
}

fn es256() -> String {
    "ES256".into()
}

/// `POST /apps/{clientId}/keys`: `{algorithm?}`; the keys before stay, as at Okta.
pub(crate) fn add_key(world: &mut World, call: &Call) -> Answer {
    let request: NewKey = body(call)?;
    let id = call.param("clientId");
    apps::app_mut(world, id).ok_or_else(|| refused(404, "there is no such app"))?;
    let key = apps::add_key(world, id, &request.algorithm).map_err(|error| refused(400, &error))?;
    done(&app_view(&key))
}

/// `DELETE /apps/{clientId}/keys/{keyId}`; tokens already issued live on.
pub(crate) fn remove_key(world: &mut World, call: &Call) -> Answer {
    let app =
        apps::app_mut(world, call.param("clientId")).ok_or_else(|| refused(404, "there is no such app"))?;
    let before = app.keys.len();
    app.keys.retain(|key| key.key_id() != Some(call.param("keyId")));
    if app.keys.len() == before {
        return Err(refused(404, "the app has no such key"));
    }
    Ok(Reply::empty(204))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OktaSettings {
    /// An empty text takes it away.
    rp_id: Option<String>,
    domains: Option<Vec<String>>,
    user_verification: Option<String>,
    /// Any of [`OrgSettings`]; the others stay.
    #[serde(default)]
    settings: serde_json::Map<String, Value>,
    /// Makes an SSWS API token when true.
    #[serde(default)]
    new_api_token: bool,
}

fn changed(before: &OrgSettings, changes: serde_json::Map<String, Value>) -> Result<OrgSettings, Reply> {
    let mut settings = json!(before);
    for (name, value) in changes {
        settings[name] = value;
    }
    serde_json::from_value(settings).map_err(|error| refused(400, &error.to_string()))
}

/// `POST /okta[?org=ID]`: `{rpId?, domains?, userVerification?, settings?, newApiToken?}`.
pub(crate) fn configure(world: &mut World, call: &Call) -> Answer {
    let request: OktaSettings = body(call)?;
    let index = org_index(world, call)?;
    let fresh = world.dice.token(42);
    let org = world.org(index);
    if let Some(rp_id) = request.rp_id {
        org.rp_id = Some(rp_id).filter(|id| !id.is_empty());
    }
    if let Some(domains) = request.domains {
        org.domains = domains;
    }
    if let Some(user_verification) = request.user_verification {
        org.user_verification = user_verification;
    }
    org.settings = changed(&org.settings, request.settings)?;
    let mut view = json!({
        "id": org.id, "rpId": org.rp_id, "domains": org.domains, "userVerification": org.user_verification,
        "settings": org.settings,
    });
    if request.new_api_token {
        let token = format!("00{fresh}");
        view["apiToken"] = json!(token);
        org.api_tokens.push(token.clone());
        world.secrets.add("oktaApiToken", &token);
    }
    Ok(Reply::json(200, &view))
}
