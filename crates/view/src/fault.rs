//! How a command ends: exit codes, and faults that say what happened and what to do next.

use std::{fmt, process::ExitCode};

/// How a command ended. The numbers are documented in `docs/command-line.md` and in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing is found where the command looks for something.
    Done,
    /// It failed; the fault says what happened and what to do next.
    Failed,
    /// The arguments do not fit; clap ends with the same number.
    Usage,
    /// Something waits for a person, or faults were found.
    Found,
    /// The API server does not allow it.
    Denied,
    /// Ended by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Found => 3,
            Self::Denied => 4,
            Self::Interrupted => 130,
        }
    }

    /// [`Exit::Found`] if so.
    #[must_use]
    pub const fn found(found: bool) -> Self {
        if found { Self::Found } else { Self::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What stopped a command, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened, to what.
    pub what: String,
    /// What to do next.
    pub next: String,
    /// How the process ends.
    pub exit: Exit,
    /// Status code of the API server's answer, if that is what stopped it.
    pub code: Option<u16>,
}

/// The end of a command.
pub type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// A failure: what happened, and what to do next.
    #[must_use]
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), exit: Exit::Failed, code: None }
    }

    /// Arguments that do not fit.
    #[must_use]
    pub fn usage(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(what, next) }
    }

    /// What the API server, or the way to it, answered to `doing` (as in "list shipments of namespace x").
    #[must_use]
    pub fn of_api(doing: &str, error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self { code: Some(status.code), ..refused(doing, status) },
            kube::Error::Auth(error) => Self::new(
                format!("cannot {doing}: the credentials of the kubeconfig cannot be used: {error}"),
                "sign in to the cluster again, then try `kubectl auth whoami`",
            ),
            other => Self::new(
                format!("cannot {doing}: {}", chain(other)),
                "see whether `kubectl get yks` reaches the same cluster; --context and --kubeconfig choose another",
            ),
        }
    }
}

fn refused(doing: &str, status: &kube::core::Status) -> Fault {
    let said = format!("cannot {doing}: {}", status.message);
    match status.code {
        401 => Fault::new(said, "sign in to the cluster again, then try `kubectl auth whoami`"),
        403 => Fault {
            exit: Exit::Denied,
            ..Fault::new(
                said,
                "see what you may with `kubectl auth can-i --list`; docs/rights.md names the role for each task (view, edit, decide, rollout)",
            )
        },
        // Without a name it is the kind that is not there.
        404 if status.details.as_ref().is_none_or(|details| details.name.is_empty()) => Fault::new(
            said,
            "the cluster does not know the resources of fidoprereg.dev: install the chart of definitions, or choose another --context",
        ),
        404 => Fault::new(said, "see what there is with `kubectl yubikey status -A`"),
        409 => Fault::new(said, "somebody changed it meanwhile: look again and repeat the command"),
        422 => Fault::new(said, "correct what the message names and repeat the command"),
        _ => Fault::new(said, "try again; if it stays, look at the API server"),
    }
}

/// The error with what caused it, which kube's own text leaves out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("input or output failed: {error}"), "try again")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n next: {}", self.what, self.next)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(code: u16, name: &str) -> Fault {
        let status = json!({"status": "Failure", "message": "said", "reason": "", "code": code, "details": {"name": name}});
        let error = kube::Error::Api(Box::new(serde_json::from_value(status).unwrap()));
        Fault::of_api("read it", &error)
    }

    #[test]
    fn every_refusal_says_what_to_do_next_and_only_a_forbidden_one_ends_with_four() {
        for code in [400, 401, 403, 404, 409, 422, 500, 503] {
            let fault = answered(code, "ann-lee");
            assert!(fault.what.starts_with("cannot read it: said") && fault.next.len() > 8, "{fault:?}");
            assert_eq!(fault.exit == Exit::Denied, code == 403, "{code}");
        }
        assert!(answered(404, "").next.contains("definitions"));
        assert!(answered(404, "ann-lee").next.contains("kubectl yubikey status"));
    }

    #[test]
    fn exit_codes_are_as_documented() {
        let all = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Found, Exit::Denied, Exit::Interrupted];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 130]);
        let page = include_str!("../../../docs/command-line.md");
        for exit in all {
            assert!(page.contains(&format!("| {} |", exit.code())), "{exit:?}");
        }
    }
}
