//! The level of the log, in the form of `RUST_LOG`: read strictly, because a slip of the pen must not silence the log,
//! and followed in a file, so that it changes without a restart.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::telemetry::Handle;
use crate::trace::SPANS;

/// The file is looked at this often; the kubelet takes up to a minute anyway to bring a changed `ConfigMap`.
const EVERY: Duration = Duration::from_secs(2);

/// Longest content in bytes.
const LONGEST: u64 = 4096;

/// The level of a process that starts.
pub struct Chosen {
    /// The level.
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
    let mut warnings = Vec::new();
    let followed = file.map(|path| Followed { seen: content(&path), path });
    let wished = followed.as_ref().and_then(|followed| {
        let level = followed.seen.clone().and_then(|text| read(&text));
        let warning =
            |why| warnings.push(format!("the log level of {} is not used: {why}", followed.path.display()));
        level.map_err(warning).ok()
    });
    let filter = wished.unwrap_or_else(|| {
        let text = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
        let level = text.map(|text| read(&text)).transpose();
        let warning = |why| warnings.push(format!("RUST_LOG is not used: {why}"));
        level.map_err(warning).ok().flatten().unwrap_or_else(info)
    });
    Chosen { filter, warnings, followed }
}

fn info() -> EnvFilter {
    let spans = format!("{SPANS}=error").parse();
    let filter = EnvFilter::default().add_directive(LevelFilter::INFO.into());
    match spans {
        Ok(spans) => filter.add_directive(spans),
        Err(_) => filter,
    }
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
            "warn, yubikey_shipment_operator::okta=trace",
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
