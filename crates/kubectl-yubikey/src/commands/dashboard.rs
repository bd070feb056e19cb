//! `dashboard`: the page, on loopback and in one's own name.

use std::net::Ipv4Addr;

use clap::Args;
use dashboard::{Access, Own, Settings, Site};
use tokio::net::TcpListener;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    options::Global,
    terminal::Terminal,
};

/// Of `dashboard`.
#[derive(Debug, Args)]
#[command(
    after_help = "Listens on 127.0.0.1 only. Whoever opens the printed address acts with your rights, so pass it to nobody.\nIt is valid until the command ends; Ctrl-C ends it.\n\nExamples:\n  kubectl yubikey dashboard -A\n  kubectl yubikey dashboard -n hr --port 8090"
)]
pub struct Arguments {
    /// The port; 0: one that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

/// Runs it until Ctrl-C.
///
/// # Errors
/// If the port cannot be had.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await.map_err(|error| {
        Fault::new(
            format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port),
            "choose another --port, or leave it out",
        )
    })?;
    let port = listener.local_addr()?.port();
    let own = Own::new(cluster.client.clone(), port)
        .map_err(|error| Fault::new(format!("there is no randomness for a token: {error}"), "try again"))?;
    terminal.tell(&format!(
        "The dashboard of {}, in your name. Open this address in a browser of this machine; Ctrl-C ends it.",
        cluster.place()
    ));
    terminal.print(&format!("http://127.0.0.1:{port}{}\n", own.entrance()))?;
    let settings =
        Settings { access: Access::Own(own), site: Site::loopback(port), namespace: cluster.scope.clone() };
    // Ctrl-C ends the command as a whole.
    dashboard::serve(listener, settings, std::future::pending()).await?;
    Ok(Exit::Done)
}
