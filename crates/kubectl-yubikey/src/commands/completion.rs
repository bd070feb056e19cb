//! `completion`: scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{
    fault::{Exit, Result},
    terminal::Terminal,
};

/// Of `completion`.
#[derive(Debug, Clone, Copy, Args)]
#[command(
    after_help = "For `kubectl-yubikey` itself:\n  source <(kubectl-yubikey completion bash)\nFor `kubectl yubikey`: put kubectl_complete-yubikey, which comes with the plugin, into a folder of PATH;\nkubectl's own completion then asks it."
)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs it.
///
/// # Errors
/// If nothing can be written.
pub fn run(arguments: Arguments, command: Command, terminal: &Terminal) -> Result<Exit> {
    let mut script = Vec::new();
    let mut command = command.bin_name("kubectl-yubikey");
    clap_complete::generate(arguments.shell, &mut command, "kubectl-yubikey", &mut script);
    // For bash the generator names the states of subcommands by the words of `kubectl yubikey`, and the first one not.
    let script = String::from_utf8_lossy(&script).replace("kubectl__subcmd__yubikey", "kubectl__yubikey");
    terminal.print(&script)?;
    Ok(Exit::Done)
}
