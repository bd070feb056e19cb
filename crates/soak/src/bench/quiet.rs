//! When a process is at rest, by the CPU that it uses.

use std::time::Duration;

use testbed::{setup::Fault, usage::Usage};
use tokio::time::{Instant, sleep};

use super::limits::{LOOK, PATIENCE};

/// A process that used less than [`HARDLY`] in this time is quiet.
const SILENCE: Duration = Duration::from_secs(1);

/// Processor time that a process at rest may use in [`SILENCE`].
const HARDLY: Duration = Duration::from_millis(10);

/// What it has used once it uses nothing more.
pub(super) async fn quiet(usage: impl Fn() -> Result<Usage, Fault>) -> Result<Usage, Fault> {
    let began = Instant::now();
    let mut before = usage()?;
    loop {
        sleep(Duration::from_secs(2)).await;
        let now = usage()?;
        if now.cpu.saturating_sub(before.cpu) <= Duration::from_millis(20) || began.elapsed() > PATIENCE {
            return Ok(now);
        }
        before = now;
    }
}

/// When it became quiet.
pub(super) async fn settled(usage: impl Fn() -> Result<Usage, Fault>) -> Result<Instant, Fault> {
    let began = Instant::now();
    let (mut since, mut used) = (began, usage()?.cpu);
    while since.elapsed() < SILENCE && began.elapsed() < PATIENCE {
        sleep(LOOK).await;
        let now = usage()?.cpu;
        if now.saturating_sub(used) > HARDLY {
            (since, used) = (Instant::now(), now);
        }
    }
    Ok(since)
}
