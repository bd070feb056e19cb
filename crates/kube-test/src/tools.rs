//! Where the programs are.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Error, Result,
    variables::{CONTROL_PLANE, HELM, KUBECTL},
};

/// Paths that the caller names; what is named nowhere is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools {
    pub(crate) control_plane: Option<PathBuf>,
    pub(crate) kubectl: Option<PathBuf>,
    pub(crate) helm: Option<PathBuf>,
}

/// A program, and the arguments that lead to the part of it that is meant.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: Vec::new() }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments);
        command
    }
}

impl Tools {
    pub(crate) fn control_plane(&self) -> Result<PathBuf> {
        let path = named(self.control_plane.as_ref(), CONTROL_PLANE).ok_or(Error::ControlPlaneUnnamed)?;
        if path.is_file() { Ok(path) } else { Err(Error::ControlPlaneMissing(path)) }
    }

    /// The control plane's own kubectl is of its version.
    pub(crate) fn kubectl(&self) -> Program {
        if let Some(path) = named(self.kubectl.as_ref(), KUBECTL) {
            return Program::new(path);
        }
        match self.control_plane() {
            Ok(path) => Program { path, arguments: vec!["kubectl".into()] },
            Err(_) => Program::new("kubectl"),
        }
    }

    /// The one beside the control plane before the machine's.
    pub(crate) fn helm(&self) -> Program {
        if let Some(path) = named(self.helm.as_ref(), HELM) {
            return Program::new(path);
        }
        let beside = self.control_plane().ok().map(|path| path.with_file_name("helm"));
        Program::new(beside.filter(|path| path.is_file()).unwrap_or_else(|| Path::new("helm").to_owned()))
    }
}

fn named(option: Option<&PathBuf>, variable: &str) -> Option<PathBuf> {
    option.cloned().or_else(|| env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from))
}
