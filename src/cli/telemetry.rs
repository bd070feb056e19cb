//! Logs. The level is that of a file, else `RUST_LOG`'s; libraries that could print what they carry stay quiet whatever
//! it says.

use std::{io::IsTerminal, path::PathBuf};

use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::format::JsonFields,
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use super::{args::LogFormat, json::Lines, level};

/// Libraries that see whole requests and answers: tokens, sealed responses and addresses pass through them, and
/// their trace lines would print parts of those. A ceiling of its own, beside the level that people choose.
const QUIET: [(&str, LevelFilter); 10] = [
    ("hyper", LevelFilter::INFO),
    ("hyper_util", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    ("kube_client", LevelFilter::INFO),
    // Prints answers of the API server that it cannot read, sealed responses and addresses with them.
    ("kube_client::client", LevelFilter::ERROR),
    // Repeats each failed request, which its caller tells in one line with the remedy.
    ("kube_client::client::builder", LevelFilter::OFF),
    // Its spans repeat ours, and are made and entered for each look at each object.
    ("kube_runtime", LevelFilter::WARN),
    ("tower", LevelFilter::INFO),
    ("native_tls", LevelFilter::INFO),
];

/// Starts logging. With a file the level follows it from then on.
///
/// # Errors
/// If a logger is there already.
pub fn start(
    format: LogFormat,
    level_file: Option<PathBuf>,
) -> Result<(), tracing_subscriber::util::TryInitError> {
    let chosen = level::at_start(level_file);
    let (filter, handle) = reload::Layer::new(chosen.filter);
    let registry = tracing_subscriber::registry().with(filter).with(ceiling());
    match format {
        LogFormat::Text => registry.with(text()).try_init(),
        LogFormat::Json => registry.with(json()).try_init(),
    }?;
    for warning in chosen.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(followed) = chosen.followed {
        drop(tokio::spawn(followed.follow(handle)));
    }
    Ok(())
}

fn ceiling() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_targets(QUIET)
}

fn text<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr)
}

fn json<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    tracing_subscriber::fmt::layer()
        .event_format(Lines)
        .fmt_fields(JsonFields::new())
        .with_writer(std::io::stderr)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// What is said under this level by two lines of ours, one in the spans of a call, and by a library.
    fn said(level: &str) -> String {
        let kept = Kept::default();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(kept.clone());
        let subscriber =
            tracing_subscriber::registry().with(level::read(level).unwrap()).with(ceiling()).with(lines);
        tracing::subscriber::with_default(subscriber, || {
            system::trace::shipment("people", "kim", "1a2b3c4d-5e6f").in_scope(|| {
                system::trace::call("okta", "getUser").in_scope(|| {
                    tracing::warn!("a warning");
                    tracing::debug!("a detail");
                    tracing::trace!(target: "hyper::proto", "a token");
                });
            });
            system::trace::shipment("people", "ann", "ffffffff-5e6f")
                .in_scope(|| tracing::debug!("another detail"));
            tracing::error!(target: "kube_client::client::builder", "repeated");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn libraries_that_carry_secrets_stay_quiet_whatever_the_level_is() {
        let wishes =
            ["trace", "trace,hyper::proto=trace", "[call]=trace", "[shipment]=trace,kube_client=trace"];
        for level in wishes {
            let said = said(level);
            assert!(said.contains("a detail"), "{level}: {said}");
            assert!(!said.contains("a token") && !said.contains("repeated"), "{level}: {said}");
        }
    }

    #[test]
    fn a_line_says_whom_it_is_about_at_every_level() {
        for level in ["warn", "yubikey_shipment_operator::cli=warn", "info", "debug"] {
            let said = said(level);
            let line = said.lines().find(|line| line.contains("a warning")).unwrap();
            assert!(line.contains(r#"shipment="people/kim" id="1a2b3c4d""#), "{level}: {line}");
            assert!(line.contains(r#"operation="getUser""#), "{level}: {line}");
        }
    }

    #[test]
    fn one_shipment_can_be_watched_closely() {
        let said = said("info,[shipment{id=1a2b3c4d}]=debug");
        assert!(said.contains("a detail") && !said.contains("another detail"), "{said}");
    }
}
