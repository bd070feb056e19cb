//! The process: arguments, start, health, metrics, logs, orderly end.

pub mod args;
pub mod health;
mod json;
mod level;
mod listen;
mod probe;
pub mod startup;
pub mod telemetry;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use api::definitions;
use clap::Parser;
use kube::ResourceExt;
use system::random;

use self::{
    args::{Arguments, Command, LeaseName, LogFormat, Run},
    startup::Fault,
};
use crate::{kubernetes::leader_election::Settings, metrics::Metrics, readiness::Readiness, run};

/// Runs the subcommand of the command line.
pub async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let json = matches!(&command, Command::Run(arguments) if arguments.log_format == LogFormat::Json);
    let ended = match command {
        Command::Run(arguments) => operate(arguments).await.map_err(|fault| fault.to_string()),
        Command::Crds { dir } => crds(dir.as_deref()),
        Command::Probe { url } => probe::probe(&url).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            if json {
                eprintln!("{}", json::fault(&fault));
            } else {
                eprintln!("yubikey-shipment-operator: {fault}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn operate(arguments: Run) -> Result<(), Fault> {
    let proxies = startup::proxies()?;
    startup::check_credentials(&arguments.credentials_dir)?;
    startup::check_extra_ca(arguments.extra_ca.as_deref()).await?;
    telemetry::start(arguments.log_format, arguments.log_level_file.clone())
        .map_err(|error| Fault::Logging(error.to_string()))?;
    for warning in proxies.warnings() {
        tracing::warn!("{warning}");
    }
    let listener = listen::listen(arguments.listen)
        .map_err(|error| Fault::Listen(arguments.listen.to_string(), error.to_string()))?;
    let address = listener.local_addr().map(|a| a.to_string()).unwrap_or_default();
    let metrics = Arc::new(Metrics::default());
    let readiness = Readiness::missing(["definitions"]);
    let served = tokio::spawn(health::serve(listener, readiness.clone(), Arc::clone(&metrics)));
    let api_server = startup::api_server(Arc::clone(&metrics.silences), readiness.clone()).await?;
    let client = api_server.client();
    startup::check_crds(&client).await?;
    readiness.has("definitions");
    let cluster = startup::cluster_id(&client).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address, "started");
    let lease = lease(&arguments);
    let setup = run::Setup {
        api_server,
        scope: arguments.scope(),
        shared_ca: arguments.extra_ca,
        proxies,
        credentials_dir: arguments.credentials_dir,
        cluster,
        metrics,
        readiness,
        lease,
    };
    run::run(setup, stop_signal()).await;
    served.abort();
    tracing::info!("ended");
    Ok(())
}

fn lease(arguments: &Run) -> Option<Settings> {
    let LeaseName { namespace, name } = arguments.lease.clone()?;
    let identity = arguments.identity.clone().unwrap_or_else(|| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}-{:08x}", host.trim(), u32::from_le_bytes(random::bytes()))
    });
    Some(Settings { namespace, name, identity, duration: Duration::from_secs(arguments.lease_seconds) })
}

/// SIGTERM or SIGINT.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be watched; the process ends only by SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping: calls under way are finished");
}

fn crds(dir: Option<&Path>) -> Result<(), String> {
    for crd in definitions::all() {
        let text = definitions::to_yaml(&crd).map_err(|error| error.to_string())?;
        match dir {
            None => println!("---\n{text}"),
            Some(dir) => {
                let path = dir.join(format!("{}.yaml", crd.name_any()));
                std::fs::create_dir_all(dir)
                    .and_then(|()| std::fs::write(&path, text))
                    .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
            }
        }
    }
    Ok(())
}
