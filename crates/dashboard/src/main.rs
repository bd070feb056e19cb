//! `yubikey-dashboard`: the page in the cluster. It passes the bearer token of each request on to the API server and has
//! no credentials of its own; a sign-in proxy in front of it sets that header.

use std::{fmt, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use dashboard::{Access, Callers, Settings, Site};
use kube::Config;
use openssl::x509::X509;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "yubikey-dashboard",
    version,
    about = "Serves the page of the YubiKey shipment operator to whoever brings a bearer token of this cluster"
)]
struct Arguments {
    /// Where to listen
    #[arg(long, env = "YKD_LISTEN", default_value = "[::]:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Under which address people open the page, as in <https://yubikeys.example.com>; may be given several times
    #[arg(
        long = "origin",
        env = "YKD_ORIGIN",
        required = true,
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    origins: Vec<String>,
    /// The API server
    #[arg(
        long,
        env = "YKD_API_SERVER",
        default_value = "https://kubernetes.default.svc",
        value_name = "URL"
    )]
    api_server: String,
    /// CAs of the API server, in PEM; left out: those of the system
    #[arg(long, env = "YKD_CERTIFICATE_AUTHORITY", value_name = "FILE")]
    certificate_authority: Option<PathBuf>,
    /// The namespace that is shown if nobody names one; left out: all of them
    #[arg(long, env = "YKD_NAMESPACE", value_name = "NAMESPACE")]
    namespace: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let said = |what: &str, error: &dyn fmt::Display| format!("{what}: {error}");
    let site =
        Site::of(arguments.origins.iter().map(String::as_str)).map_err(|error| said("--origin", &error))?;
    let url = arguments
        .api_server
        .parse::<axum::http::Uri>()
        .map_err(|error| said("--api-server is no URL", &error))?;
    let mut config = Config::new(url);
    if let Some(path) = &arguments.certificate_authority {
        let pem = tokio::fs::read(path).await;
        let pem = pem.map_err(|error| {
            said(&format!("--certificate-authority {} cannot be read", path.display()), &error)
        })?;
        config.root_cert = Some(authorities(&pem)?);
    }
    let callers = Callers::new(config).map_err(|error| said("the API server cannot be called", &error))?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener =
        listener.map_err(|error| said(&format!("cannot listen on {}", arguments.listen), &error))?;
    let address = listener.local_addr().map_err(|error| said("there is no address to listen on", &error))?;
    let mut end = signal(SignalKind::terminate()).map_err(|error| said("SIGTERM cannot be heard", &error))?;
    println!("listening on {address}");
    let settings = Settings { access: Access::Callers(callers), site, namespace: arguments.namespace };
    let ends = async move {
        tokio::select! {
            _ = end.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    dashboard::serve(listener, settings, ends).await.map_err(|error| said("serving failed", &error))
}

fn authorities(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let found = X509::stack_from_pem(pem)
        .and_then(|all| all.iter().map(|one| one.to_der()).collect::<Result<Vec<_>, _>>());
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("--certificate-authority holds no certificate: give a file in PEM".to_owned()),
        Err(error) => Err(format!("--certificate-authority is no PEM: {error}")),
    }
}
