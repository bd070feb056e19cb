//! The level of the log, in the form of `RUST_LOG`: read strictly, because a slip of the pen must not silence the log,
//! and followed in a file, so that it changes without a restart.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use system::trace::SPANS;
use tracing_subscriber::{EnvFilter, Registry, filter::LevelFilter, reload};

/// What changes the level of the running process.
pub type Handle = reload::Handle<EnvFilter, Registry>;

/// The file is looked at this often; the kubelet takes up to a minute anyway to bring a changed `ConfigMap`.
const EVERY: Duration = Duration::from_secs(2);

/// Longest content in bytes.
const LONGEST: u64 = 4096;

/// The level of a process that starts.
pub struct Chosen {
    /// The file's level, else that of `RUST_LOG`, else info.
    pub filter: EnvFilter,
    /// What was wrong with a wish; to be said once there is a log.
    pub warnings: Vec<String>,
    /// The file to follow.
    pub followed: Option<Followed>,
}

/// A file that says the level.
pub struct Followed {
    path: PathBuf,
    seen: Result<String, String>,
}

/// The file's level, else that of `RUST_LOG`, else info.
#[must_use]
pub fn at_start(file: Option<PathBuf>) -> Chosen {
    let variable = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    choose(file.map(|path| Followed { seen: content(&path), path }), variable)
}

fn choose(followed: Option<Followed>, variable: Option<String>) -> Chosen {
    let of_file = followed.as_ref().map(|file| (file.path.display().to_string(), file.seen.clone()));
    let of_variable = variable.map(|text| ("RUST_LOG".to_owned(), Ok(text)));
    let mut warnings = Vec::new();
    for (place, text) in of_file.into_iter().chain(of_variable) {
        match text.and_then(|text| read(&text)) {
            Ok(filter) => return Chosen { filter, warnings, followed },
            Err(why) => warnings.push(format!("the log level of {place} is not used: {why}")),
        }
    }
    Chosen { filter: read("info").unwrap_or_default(), warnings, followed }
}

impl Followed {
    /// Takes up what the file says whenever it says something else; never ends.
    pub async fn follow(mut self, handle: Handle) {
        loop {
            tokio::time::sleep(EVERY).await;
            let now = content(&self.path);
            if now != self.seen {
                self.seen = now;
                self.take_up(&handle);
            }
        }
    }

    fn take_up(&self, handle: &Handle) {
        let file = self.path.display();
        match self.seen.clone().and_then(|text| Ok((read(&text)?, text))) {
            Ok((filter, text)) => {
                let say = || tracing::info!(level = text.trim(), "the log level changes");
                // Said under the old level or under the new one, whichever shows it.
                let shown = tracing::enabled!(tracing::Level::INFO);
                if shown {
                    say();
                }
                if let Err(error) = handle.reload(filter) {
                    tracing::error!(%error, "the log level cannot be changed");
                } else if !shown {
                    say();
                }
            }
            Err(why) => tracing::warn!(%file, why, "the log level stays as it is"),
        }
    }
}

/// What the file holds, or why that is not known; compared with what it held before.
fn content(path: &Path) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("it cannot be read ({})", error.kind());
    // Opening a pipe would wait for ever.
    if !fs::metadata(path).map_err(unread)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut text = String::new();
    File::open(path).map_err(unread)?.take(LONGEST + 1).read_to_string(&mut text).map_err(unread)?;
    if text.len() > usize::try_from(LONGEST).unwrap_or(usize::MAX) {
        return Err("it is longer than 4 KiB".to_owned());
    }
    Ok(text)
}

/// Reads a level: a list of `LEVEL` and `TARGET=LEVEL` with commas between. What `EnvFilter` would take for a target
/// and is most likely a misspelt level is refused. Nothing of the text is repeated: it may be another file's.
///
/// # Errors
/// What is wrong, naming the part by its number.
pub fn read(text: &str) -> Result<EnvFilter, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(
            "it is empty; expected a level like info, or info,yubikey_shipment_operator=debug".to_owned()
        );
    }
    if text.lines().count() > 1 {
        return Err("it has more than one line; expected one".to_owned());
    }
    let wrong = |number: usize| {
        format!(
            "its part {number} is neither a level (off, error, warn, info, debug, trace) nor TARGET=LEVEL"
        )
    };
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if let Some(index) = parts.iter().position(|part| !is_directive(part)) {
        return Err(wrong(index + 1));
    }
    let whole = format!("{},{SPANS}=error", parts.join(","));
    EnvFilter::builder().parse(whole).map_err(|_| "it is no list of levels as RUST_LOG has it".to_owned())
}

fn is_directive(part: &str) -> bool {
    let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
    level.parse::<LevelFilter>().is_ok() && !level.is_empty() && !part.starts_with('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_rust_log_has_them() {
        let right = [
            "info",
            " debug\n",
            "WARN",
            "off",
            "info,yubikey_shipment_operator=debug",
            "warn, vendors::okta=trace",
            "info,[shipment{id=1a2b3c4d}]=debug",
            "info,[call{operation=user}]=trace",
        ];
        for text in right {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_refused_and_not_repeated() {
        let wrong = [
            ("", "is empty"),
            ("debgu", "part 1"),
            ("info,yubikey_shipment_operator", "part 2"),
            ("info,yubikey_shipment_operator=debgu", "part 2"),
            ("info,", "part 2"),
            ("=debug", "part 1"),
            ("info\ndebug", "more than one line"),
            ("info,[shipment{=debug", "no list of levels"),
        ];
        for (text, why) in wrong {
            let said = read(text).map(drop).expect_err(text);
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains("debgu"), "{said}");
        }
    }

    #[test]
    fn the_file_goes_before_the_variable_and_what_cannot_be_read_is_said() {
        let file =
            |text: &str| Some(Followed { path: "/config/log-level".into(), seen: Ok(text.to_owned()) });
        let level = |chosen: &Chosen| chosen.filter.max_level_hint();
        let chosen = choose(file("debug"), Some("debgu".to_owned()));
        assert_eq!((level(&chosen), chosen.warnings.len()), (Some(LevelFilter::DEBUG), 0));
        let chosen = choose(file("debgu"), Some("trace".to_owned()));
        assert_eq!((level(&chosen), chosen.warnings.len()), (Some(LevelFilter::TRACE), 1));
        assert!(chosen.warnings[0].contains("/config/log-level"), "{:?}", chosen.warnings);
        let chosen = choose(None, Some("yubikey_shipment_operator".to_owned()));
        assert_eq!((level(&chosen), chosen.warnings.len()), (Some(LevelFilter::INFO), 1));
        assert_eq!(choose(None, None).warnings.len(), 0);
    }

    #[test]
    fn a_file_that_is_missing_huge_or_no_file_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log-level");
        assert!(content(&path).unwrap_err().contains("cannot be read"));
        assert!(content(dir.path()).unwrap_err().contains("no file"));
        fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(content(&path).unwrap_err().contains("4 KiB"));
        fs::write(&path, "debug\n").unwrap();
        assert_eq!(content(&path), Ok("debug\n".to_owned()));
    }
}
