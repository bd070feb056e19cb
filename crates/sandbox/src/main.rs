//! The command line of the sandbox.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use sandbox::sign_in::{self, SignIn};
use sandbox::{Profile, Settings, serve};
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

/// Stand-in for Okta and `YubiEnterprise`, with real cryptography.
#[derive(Debug, Parser)]
#[command(name = "yubikey-shipment-sandbox", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves both vendors on loopback until SIGTERM or the end of stdin; prints one line of JSON when ready.
    Serve(ServeArgs),
    /// Plugs the key of a parcel in, enters the PIN of a mail, and signs in.
    SignIn(SignInArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Where the CA's certificate and the credentials are written.
    #[arg(long)]
    dir: PathBuf,
    /// Where the first connection's credentials are written instead of DIR/credentials/default.
    #[arg(long, value_name = "DIR")]
    connection_dir: Option<PathBuf>,
    /// Client id of the service app, for a connection that is written beforehand; else it is drawn.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Id of the app's key, likewise.
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Port of the Okta org; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    okta_port: u16,
    /// Port of Yubico; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    yubico_port: u16,
    /// Port of the HRIS; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    hris_port: u16,
    /// Port of the control API; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// The vendors speak http instead of https.
    #[arg(long)]
    plain_http: bool,
    /// Orders move a step along after this many seconds in a state.
    #[arg(long, value_name = "SECONDS", conflicts_with = "manual")]
    step: Option<f64>,
    /// Orders move by command only; this is the default.
    #[arg(long)]
    manual: bool,
    /// The same seed gives the same ids, serials and PINs.
    #[arg(long)]
    seed: Option<u64>,
    /// How what the vendors' documents leave open is set.
    #[arg(long, env = "SANDBOX_PROFILE", value_enum, default_value_t)]
    profile: Profile,
    /// Goes on when stdin ends, for those who start it in the background.
    #[arg(long)]
    keep_running: bool,
}

#[derive(Debug, Args)]
struct SignInArgs {
    /// File with the key, as the control API gives it out.
    #[arg(long)]
    parcel: PathBuf,
    /// File with the mail, as JSON of the outbox or as text.
    #[arg(long)]
    mail: PathBuf,
    /// URL of the Okta org.
    #[arg(long)]
    okta: String,
    /// File with the CA's certificate.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Another PIN than the mail's.
    #[arg(long)]
    pin: Option<String>,
    /// Another RP id than the page's.
    #[arg(long)]
    rp_id: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => run(args).await,
        Command::SignIn(args) => sign(args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: ServeArgs) -> Result<(), String> {
    let step =
        args.step.map(Duration::try_from_secs_f64).transpose().map_err(|error| format!("--step: {error}"))?;
    let settings = Settings {
        dir: args.dir,
        connection_dir: args.connection_dir,
        client_id: args.client_id,
        key_id: args.key_id,
        okta_port: args.okta_port,
        yubico_port: args.yubico_port,
        hris_port: args.hris_port,
        control_port: args.control_port,
        plain_http: args.plain_http,
        step,
        seed: args.seed,
        profile: args.profile,
    };
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let sandbox = serve(settings).await.map_err(|error| error.to_string())?;
    println!("{}", serde_json::to_string(&sandbox.ready).map_err(|error| error.to_string())?);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = end_of_stdin(), if !args.keep_running => {}
    }
    drop(sandbox);
    // The task that reads stdin cannot be stopped otherwise.
    std::process::exit(0);
}

/// Whoever started the sandbox and goes away takes it along.
async fn end_of_stdin() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 256];
    while let Ok(read) = stdin.read(&mut buffer).await {
        if read == 0 {
            return;
        }
    }
}

async fn sign(args: SignInArgs) -> Result<(), String> {
    let with = SignIn {
        parcel: args.parcel,
        mail: args.mail,
        okta: args.okta,
        ca: args.ca,
        pin: args.pin,
        rp_id: args.rp_id,
    };
    println!("{}", sign_in::run(&with).await?);
    Ok(())
}
