//! Starts a sandbox: its world, its listeners, the clock of the warehouse, and the files for whoever connects.

use std::fs;
use std::io;
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::apps::{self, AppSpec};
use crate::behaviour::Profile;
use crate::clock;
use crate::control;
use crate::hris::records::Hris;
use crate::http::Call;
use crate::ids::noise;
use crate::listeners::{Listener, Servers, bind, port};
use crate::seed;
use crate::tls::Tls;
use crate::warehouse;
use crate::world::{Place, Shared};

/// How a sandbox is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the CA's certificate and the credentials are written.
    pub dir: PathBuf,
    /// Where the first connection's credentials are written; none: `credentials/default` in `dir`.
    pub connection_dir: Option<PathBuf>,
    /// Client id of the service app; none: drawn.
    pub client_id: Option<String>,
    /// Id of the app's key; none: drawn.
    pub key_id: Option<String>,
    /// Port of the Okta org; 0 lets the system choose.
    pub okta_port: u16,
    /// Port of Yubico; 0 lets the system choose.
    pub yubico_port: u16,
    /// Port of the HRIS; 0 lets the system choose.
    pub hris_port: u16,
    /// Port of the control API; 0 lets the system choose.
    pub control_port: u16,
    /// The vendors speak http instead of https.
    pub plain_http: bool,
    /// Orders move a step along after this time in a state; none: by command only.
    pub step: Option<Duration>,
    /// The same seed gives the same ids, serials and PINs.
    pub seed: Option<u64>,
    /// How what the documents leave open is set.
    pub profile: Profile,
}

impl Settings {
    /// Ports chosen by the system, https, orders moved by command.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            connection_dir: None,
            client_id: None,
            key_id: None,
            okta_port: 0,
            yubico_port: 0,
            hris_port: 0,
            control_port: 0,
            plain_http: false,
            step: None,
            seed: None,
            profile: Profile::Default,
        }
    }
}

/// Where everything is, printed as one line of JSON when the sandbox is ready.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// URL of the Okta org.
    pub okta: String,
    /// URL of Yubico, without `/v1`.
    pub yubico: String,
    /// URL of the HRIS's one operation.
    pub hris: String,
    /// Directory with what opens the HRIS: `hris-token` and `hris-ca.crt`, to be put beside a connection's credentials.
    pub hris_credentials: PathBuf,
    /// URL of the control API.
    pub control: String,
    /// File with the CA's certificate.
    pub ca: PathBuf,
    /// A credentials directory for an operator, with the connection `default` unless that has a place of its own.
    pub credentials: PathBuf,
    /// Client id of the service app.
    pub client_id: String,
    /// Id of the app's key.
    pub key_id: String,
    /// Algorithm of the app's key.
    pub algorithm: String,
    /// The Okta org's id.
    pub okta_organization: String,
    /// The Yubico organization's id.
    pub yubico_organization: String,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port or a file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Keys or certificates.
    #[error("{0}")]
    Keys(String),
}

/// A running sandbox; it ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where everything is.
    pub ready: Ready,
    stop: watch::Sender<bool>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Starts a sandbox.
///
/// # Errors
/// When a port is taken, a file cannot be written or a key cannot be made.
pub async fn serve(mut settings: Settings) -> Result<Sandbox, ServeError> {
    settings.dir = std::path::absolute(&settings.dir)?;
    let keys = |error: &dyn std::fmt::Display| ServeError::Keys(error.to_string());
    let tls = if settings.plain_http { None } else { Some(Tls::new().map_err(|error| keys(&error))?) };
    let hris_tls = if settings.plain_http { None } else { Some(Tls::new().map_err(|error| keys(&error))?) };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let okta = bind(settings.okta_port)?;
    let yubico = bind(settings.yubico_port)?;
    let hris = bind(settings.hris_port)?;
    let control = bind(settings.control_port)?;
    let url = |scheme: &str, host: &str, listeners: &[StdListener]| -> io::Result<String> {
        Ok(format!("{scheme}://{host}:{}", port(listeners)?))
    };
    let (okta_url, yubico_url) = (url(scheme, "localhost", &okta)?, url(scheme, "localhost", &yubico)?);
    let hris_url = format!("{}/v2/yubikey-recipient", url(scheme, "localhost", &hris)?);
    let control_url = url("http", "127.0.0.1", &control)?;

    fs::create_dir_all(&settings.dir)?;
    let place = Place {
        dir: settings.dir.clone(),
        step: settings.step,
        control_url: control_url.clone(),
        profile: settings.profile,
    };
    let mut world =
        seed::world(settings.seed, &okta_url, &yubico_url, place).map_err(|error| keys(&error))?;
    let spec = AppSpec {
        client_id: settings.client_id.clone(),
        key_id: settings.key_id.clone(),
        ..AppSpec::default()
    };
    let app = apps::register(&mut world, 0, &spec).map_err(|error| keys(&error))?;
    let organization = world.yubico.organizations[0].clone();
    let token = organization.tokens.first().map(|token| token.value.clone()).unwrap_or_default();
    let ca_pem = tls.as_ref().map(|tls| tls.ca_pem.clone());
    let ca = settings.dir.join("ca.crt");
    fs::write(&ca, ca_pem.as_deref().unwrap_or_default())?;
    let credentials = settings.dir.join("credentials");
    let connection = settings.connection_dir.clone().unwrap_or_else(|| credentials.join("default"));
    apps::write_credentials(&connection, &app, &token, ca_pem.as_deref())?;
    fs::create_dir_all(settings.dir.join("credentials-jwk"))?;
    let jwk = app.private_jwk.to_string();
    apps::write_private(&settings.dir.join("credentials-jwk/okta-private-key.jwk"), jwk.as_bytes())?;

    let hris_credentials = settings.dir.join("hris");
    world.hris = Hris { token: noise(40), ..Hris::default() };
    let hris_token = world.hris.token.clone();
    world.secrets.add("hrisToken", &hris_token);
    fs::create_dir_all(&hris_credentials)?;
    apps::write_private(&hris_credentials.join("hris-token"), hris_token.as_bytes())?;
    if let Some(tls) = &hris_tls {
        fs::write(hris_credentials.join("hris-ca.crt"), &tls.ca_pem)?;
    }

    let ready = Ready {
        okta: okta_url,
        yubico: yubico_url,
        hris: hris_url,
        hris_credentials,
        control: control_url,
        ca,
        credentials,
        client_id: app.client_id,
        key_id: app.key_id,
        algorithm: app.algorithm,
        okta_organization: world.orgs[0].id.clone(),
        yubico_organization: organization.id,
    };
    let (stop, stopped) = watch::channel(false);
    let shared = Arc::new(Shared::new(world));
    let commands = control::routes();
    let answer = move |servers: &Servers, call: &Call| control::answer(servers, &commands, call);
    let servers = Servers::new(shared.clone(), tls, hris_tls, answer, stopped.clone());
    servers.open(okta, Listener::Okta(0))?;
    servers.open(yubico, Listener::Yubico)?;
    servers.open(hris, Listener::Hris)?;
    servers.open(control, Listener::Control)?;
    if let Some(step) = settings.step {
        tokio::spawn(clock(shared, stopped, step));
    }
    Ok(Sandbox { ready, stop })
}

/// Moves orders along when they have been in a state long enough.
async fn clock(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>, step: Duration) {
    let tick = (step / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let mut ticks = tokio::time::interval(tick);
    while !*stopped.borrow() {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => return,
        }
        let mut world = shared.world();
        for index in 0..world.yubico.shipments.len() {
            let shipment = &world.yubico.shipments[index];
            let waited = clock::now().duration_since(shipment.state_since);
            if !shipment.deleted && waited.unsigned_abs() >= step {
                warehouse::step(&mut world, index);
            }
        }
    }
}
