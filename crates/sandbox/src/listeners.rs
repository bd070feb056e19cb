//! Listeners on loopback and the servers behind them, which hand each request to the vendor's operations or to a command.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use openssl::ssl::{Ssl, SslAcceptor};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_openssl::SslStream;

use crate::gate::{self, Body, Dropped, Tables};
use crate::http::{Call, Reply};
use crate::journal::Api;
use crate::tls::Tls;
use crate::world::Shared;

/// Who is served on a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listener {
    Okta(usize),
    Yubico,
    Hris,
    Control,
}

/// Answers a command to the control API. A command may open another listener, so it is handed the servers. They are given
/// this function instead of naming the commands: the commands name them.
type Commands = dyn Fn(&Servers, &Call) -> Reply + Send + Sync;

/// The running servers, one behind each listener. They share what every connection needs.
#[derive(Clone)]
pub(crate) struct Servers {
    pub shared: Arc<Shared>,
    tables: Arc<Tables>,
    commands: Arc<Commands>,
    acceptor: Option<Arc<SslAcceptor>>,
    /// The HRIS belongs to somebody else: its certificate is signed by another CA.
    hris_acceptor: Option<Arc<SslAcceptor>>,
    /// Empty where the vendors speak plain http.
    pub ca_pem: Arc<Vec<u8>>,
    stop: watch::Receiver<bool>,
}

/// Loopback only. `localhost` may be `::1` too, so that is listened on as well where the machine has it.
pub(crate) fn bind(port: u16) -> io::Result<Vec<StdListener>> {
    let mut tries = 0;
    loop {
        let first = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let second = StdListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port()));
        tries += 1;
        match second {
            Ok(second) => return Ok(vec![first, second]),
            // Somebody else's listener under the same number would get our callers.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 && tries < 50 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => return Ok(vec![first]),
        }
    }
}

/// The port of what `bind` has opened.
pub(crate) fn port(sockets: &[StdListener]) -> io::Result<u16> {
    sockets.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr().map(|address| address.port())
}

impl Servers {
    /// Servers of that world without a listener yet; they end when `stop` says so.
    pub fn new(
        shared: Arc<Shared>,
        tls: Option<Tls>,
        hris_tls: Option<Tls>,
        commands: impl Fn(&Self, &Call) -> Reply + Send + Sync + 'static,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let (acceptor, ca_pem) = tls.map(|tls| (Arc::new(tls.acceptor), tls.ca_pem)).unzip();
        Self {
            shared,
            tables: Arc::new(Tables::new()),
            commands: Arc::new(commands),
            acceptor,
            hris_acceptor: hris_tls.map(|tls| Arc::new(tls.acceptor)),
            ca_pem: Arc::new(ca_pem.unwrap_or_default()),
            stop,
        }
    }

    /// The scheme the vendors' listeners speak.
    pub fn scheme(&self) -> &'static str {
        if self.acceptor.is_some() { "https" } else { "http" }
    }

    /// Serves whoever connects to the sockets of a listener until the sandbox ends.
    pub fn open(&self, sockets: Vec<StdListener>, listener: Listener) -> io::Result<()> {
        for socket in sockets {
            socket.set_nonblocking(true)?;
            tokio::spawn(self.clone().accept(TcpListener::from_std(socket)?, listener));
        }
        Ok(())
    }

    async fn accept(mut self, socket: TcpListener, listener: Listener) {
        while !*self.stop.borrow() {
            tokio::select! {
                accepted = socket.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(self.clone().connection(stream, listener));
                    }
                }
                _ = self.stop.changed() => return,
            }
        }
    }

    async fn connection(self, stream: TcpStream, listener: Listener) {
        stream.set_nodelay(true).ok();
        let acceptor = match listener {
            Listener::Okta(_) | Listener::Yubico => &self.acceptor,
            Listener::Hris => &self.hris_acceptor,
            Listener::Control => &None,
        };
        match acceptor {
            Some(acceptor) => {
                let Ok(mut tls) = Ssl::new(acceptor.context()).and_then(|ssl| SslStream::new(ssl, stream))
                else {
                    return;
                };
                if Pin::new(&mut tls).accept().await.is_ok() {
                    self.talk(TokioIo::new(tls), listener).await;
                }
            }
            None => self.talk(TokioIo::new(stream), listener).await,
        }
    }

    async fn talk<I>(self, io: I, listener: Listener)
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let mut stop = self.stop.clone();
        let service = service_fn(move |request| self.clone().answer(request, listener));
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service);
        tokio::select! {
            // A dropped connection is what a fault rule has asked for, or the client's business.
            _ = connection => {}
            _ = stop.changed() => {}
        }
    }

    async fn answer(self, request: Request<Incoming>, listener: Listener) -> Result<Response<Body>, Dropped> {
        let (org, api) = match listener {
            Listener::Okta(org) => (org, Some(Api::Okta)),
            Listener::Yubico => (0, Some(Api::Yubico)),
            Listener::Hris => (0, Some(Api::Hris)),
            Listener::Control => (0, None),
        };
        let scheme = if api.is_some() { self.scheme() } else { "http" };
        let call = gate::read(request, org, scheme).await?;
        match api {
            Some(api) => gate::vendor(self.shared, self.tables, api, call).await,
            None => Ok(gate::response((self.commands)(&self, &call), &[])),
        }
    }
}
