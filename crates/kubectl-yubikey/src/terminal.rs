//! Where a command writes and asks: results to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _, stderr, stdin, stdout};

use clap::ValueEnum;

use crate::{
    fault::{Fault, Result},
    printing::Paint,
};

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is dumb.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal, or what stands for it.
#[derive(Debug)]
pub struct Terminal {
    /// How results are painted.
    pub paint: Paint,
    warning: Paint,
    /// A person can be asked.
    pub interactive: bool,
    /// Stdout is a screen that can be cleared.
    pub screen: bool,
}

impl Terminal {
    /// The terminal of this process.
    #[must_use]
    pub fn of(colour: Colour) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let painted = |terminal: bool| match colour {
            Colour::Auto => terminal && !plain,
            Colour::Always => true,
            Colour::Never => false,
        };
        Self {
            paint: Paint::new(painted(stdout().is_terminal())),
            warning: Paint::new(painted(stderr().is_terminal())),
            interactive: stdin().is_terminal() && stderr().is_terminal(),
            screen: stdout().is_terminal(),
        }
    }

    /// Prints a result.
    ///
    /// # Errors
    /// If stdout takes nothing more; a closed pipe is no error.
    pub fn print(&self, text: &str) -> Result<()> {
        match stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Tells what is no result: progress, and what was done.
    pub fn tell(&self, text: &str) {
        // Nobody is left to be told that it could not be told.
        let _ = writeln!(stderr(), "{}", crate::printing::clean(text));
    }

    /// Tells what may be wrong although the command goes on; on stderr.
    pub fn warn(&self, text: &str) {
        let _ = writeln!(stderr(), "{} {}", self.warning.warn("warning:"), crate::printing::clean(text));
    }

    /// Says what stopped the command, and the next step.
    pub fn fault(&self, fault: &Fault) {
        let what = crate::printing::clean(&fault.what);
        let next = crate::printing::clean(&fault.next);
        let (error, step) = (self.warning.bad("error:"), self.warning.strong(" next:"));
        let _ = writeln!(stderr(), "{error} {what}\n{step} {next}");
    }

    /// Asks a person for one line.
    ///
    /// # Errors
    /// Where nobody can be asked.
    pub fn ask(&self, question: &str) -> Result<String> {
        if !self.interactive {
            return Err(Fault::usage(
                "a person must answer, and there is no terminal to ask on",
                "give the answer as flags, and --yes",
            ));
        }
        write!(stderr(), "{} ", self.warning.strong(&crate::printing::clean(question)))?;
        stderr().flush()?;
        let mut line = String::new();
        if stdin().read_line(&mut line)? == 0 {
            return Err(Fault::new("nothing was answered, so nothing was done", "run the command again"));
        }
        Ok(line.trim().to_owned())
    }

    /// Asks for leave: `expected` must be typed; anything else is a no.
    ///
    /// # Errors
    /// Where nobody can be asked, or the answer is no.
    pub fn confirm(&self, question: &str, expected: &str) -> Result<()> {
        let answer = self.ask(&format!("{question} Type {expected} to go on:"))?;
        if answer.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        Err(Fault::new("not confirmed, so nothing was done", "run the command again when it is clear"))
    }
}
