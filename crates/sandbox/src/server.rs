//! Listeners, the clock of the warehouse, and the files for whoever connects.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener as StdListener};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use openssl::ssl::{Ssl, SslAcceptor};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_openssl::SslStream;

use crate::apps::{self, AppSpec};
use crate::clock;
use crate::control;
use crate::gate::{self, Body, Dropped, Tables};
use crate::hris::Hris;
use crate::ids::noise;
use crate::journal::Api;
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

/// Who is served on a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door {
    Okta(usize),
    Yubico,
    Hris,
    Control,
}

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct House {
    pub shared: Arc<Shared>,
    tables: Arc<Tables>,
    control: Arc<Vec<control::ControlRoute>>,
    acceptor: Option<Arc<SslAcceptor>>,
    /// The HRIS belongs to somebody else: its certificate is signed by another CA.
    hris_acceptor: Option<Arc<SslAcceptor>>,
    pub ca_pem: Arc<Vec<u8>>,
    stop: watch::Receiver<bool>,
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
    let place = Place { dir: settings.dir.clone(), step: settings.step, control_url: control_url.clone() };
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
    let house = House {
        shared: Arc::new(Shared::new(world)),
        tables: Arc::new(Tables::new()),
        control: Arc::new(control::routes()),
        acceptor: tls.map(|tls| Arc::new(tls.acceptor)),
        hris_acceptor: hris_tls.map(|tls| Arc::new(tls.acceptor)),
        ca_pem: Arc::new(ca_pem.unwrap_or_default()),
        stop: stopped,
    };
    house.open(okta, Door::Okta(0))?;
    house.open(yubico, Door::Yubico)?;
    house.open(hris, Door::Hris)?;
    house.open(control, Door::Control)?;
    if let Some(step) = settings.step {
        tokio::spawn(clock(house.clone(), step));
    }
    Ok(Sandbox { ready, stop })
}

/// Loopback only. `localhost` may be `::1` too, so that door is opened as well where the machine has it.
pub(crate) fn bind(port: u16) -> io::Result<Vec<StdListener>> {
    let mut tries = 0;
    loop {
        let first = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let second = StdListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port()));
        tries += 1;
        match second {
            Ok(second) => return Ok(vec![first, second]),
            // Somebody else's door under the same number would get our callers.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 && tries < 50 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => return Ok(vec![first]),
        }
    }
}

/// The port of what `bind` has opened.
pub(crate) fn port(listeners: &[StdListener]) -> io::Result<u16> {
    listeners.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr().map(|address| address.port())
}

/// Moves orders along when they have been in a state long enough.
async fn clock(mut house: House, step: Duration) {
    let tick = (step / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let mut ticks = tokio::time::interval(tick);
    while !*house.stop.borrow() {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = house.stop.changed() => return,
        }
        let mut world = house.shared.world();
        for index in 0..world.yubico.shipments.len() {
            let shipment = &world.yubico.shipments[index];
            let waited = clock::now().duration_since(shipment.state_since);
            if !shipment.deleted && waited.unsigned_abs() >= step {
                warehouse::step(&mut world, index);
            }
        }
    }
}

impl House {
    /// The scheme the vendors' listeners speak.
    pub fn scheme(&self) -> &'static str {
        if self.acceptor.is_some() { "https" } else { "http" }
    }

    /// Serves the listeners of a door until the sandbox ends.
    pub fn open(&self, listeners: Vec<StdListener>, door: Door) -> io::Result<()> {
        for listener in listeners {
            listener.set_nonblocking(true)?;
            tokio::spawn(self.clone().accept(TcpListener::from_std(listener)?, door));
        }
        Ok(())
    }

    async fn accept(mut self, listener: TcpListener, door: Door) {
        while !*self.stop.borrow() {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(self.clone().connection(stream, door));
                    }
                }
                _ = self.stop.changed() => return,
            }
        }
    }

    async fn connection(self, stream: TcpStream, door: Door) {
        stream.set_nodelay(true).ok();
        let acceptor = match door {
            Door::Okta(_) | Door::Yubico => &self.acceptor,
            Door::Hris => &self.hris_acceptor,
            Door::Control => &None,
        };
        match acceptor {
            Some(acceptor) => {
                let Ok(mut tls) = Ssl::new(acceptor.context()).and_then(|ssl| SslStream::new(ssl, stream))
                else {
                    return;
                };
                if Pin::new(&mut tls).accept().await.is_ok() {
                    self.talk(TokioIo::new(tls), door).await;
                }
            }
            None => self.talk(TokioIo::new(stream), door).await,
        }
    }

    async fn talk<I>(self, io: I, door: Door)
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let mut stop = self.stop.clone();
        let service = service_fn(move |request| self.clone().answer(request, door));
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service);
        tokio::select! {
            // A dropped connection is what a fault rule has asked for, or the client's business.
            _ = connection => {}
            _ = stop.changed() => {}
        }
    }

    async fn answer(self, request: Request<Incoming>, door: Door) -> Result<Response<Body>, Dropped> {
        let (org, api) = match door {
            Door::Okta(org) => (org, Some(Api::Okta)),
            Door::Yubico => (0, Some(Api::Yubico)),
            Door::Hris => (0, Some(Api::Hris)),
            Door::Control => (0, None),
        };
        let scheme = if api.is_some() { self.scheme() } else { "http" };
        let call = gate::read(request, org, scheme).await?;
        match api {
            Some(api) => gate::vendor(self.shared, self.tables, api, call).await,
            None => Ok(gate::response(control::answer(&self, &self.control, &call), &[])),
        }
    }
}
