//! What a process has used, as the kernel tells.

use std::{fs, time::Duration};

use crate::setup::Fault;

/// Ticks of the kernel's clock for processes: 100 a second on every Linux that the operator runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time so far, and memory in KiB.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// CPU time so far.
    pub cpu: Duration,
    /// Memory now, KiB.
    pub resident: u64,
    /// Most memory so far, KiB.
    pub peak: u64,
}

impl Usage {
    /// Reads `/proc`.
    ///
    /// # Errors
    /// The process is gone, or the kernel tells in another form.
    pub fn of(pid: u32) -> Result<Self, Fault> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program may hold blanks; it ends with the last bracket.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<u32>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).ok_or("/proc/PID/stat has another form")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Ok(Self { cpu: TICK * (user + system), resident: kib("VmRSS:"), peak: kib("VmHWM:") })
    }
}
