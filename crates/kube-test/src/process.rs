//! Programs that end with the test process, however that ends: they watch the end of a pipe that only it holds.

mod announced;
mod supervised;

use std::process::{Command, Stdio};

pub use announced::Announced;
pub use supervised::Supervised;

/// To one process, which may be gone.
fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args([format!("-{name}"), pid.to_string()]).stderr(Stdio::null()).status();
}
