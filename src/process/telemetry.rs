//! Logs. The level is `RUST_LOG`'s; libraries that could print what they carry stay quiet whatever it says.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, filter::Directive, layer::SubscriberExt, util::SubscriberInitExt};

use super::args::LogFormat;

/// Libraries that see whole requests and answers: tokens, sealed responses and addresses pass through them, and
/// their trace lines would print parts of those.
const QUIET: [&str; 10] = [
    "hyper=info",
    "hyper_util=info",
    "h2=info",
    "reqwest=info",
    "kube_client=info",
    // Prints answers of the API server that it cannot read, sealed responses and addresses with them.
    "kube_client::client=error",
    // Repeats each failed request, which its caller tells in one line with the remedy.
    "kube_client::client::builder=off",
    "kube_runtime=info",
    "tower=info",
    "native_tls=info",
];

/// Starts logging.
///
/// # Errors
/// If a logger is there already.
pub fn start(format: LogFormat) -> Result<(), tracing_subscriber::util::TryInitError> {
    let registry = tracing_subscriber::registry().with(filter());
    match format {
        LogFormat::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr),
            )
            .try_init(),
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    }
}

fn filter() -> EnvFilter {
    let wished = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    QUIET.iter().filter_map(|text| text.parse::<Directive>().ok()).fold(wished, EnvFilter::add_directive)
}
