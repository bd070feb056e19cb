//! A control plane of our own.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;

use crate::{Announced, Deadline, Error, Result};

/// Longest wait for its end, before it is killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// etcd, API server and controllers, as one process of this machine.
#[derive(Debug)]
pub struct ControlPlane {
    program: PathBuf,
    settings: Settings,
    pub(crate) state: PathBuf,
    stderr: PathBuf,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
    /// `None` while it is stopped.
    process: Mutex<Option<Announced>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Each as `IMAGE=PROGRAM`.
    pub(crate) images: Vec<OsString>,
    pub(crate) port: u16,
    pub(crate) ready_within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { images: Vec::new(), port: 0, ready_within: Deadline::DEFAULT }
    }
}

/// What it says when it is ready.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    kubeconfig: PathBuf,
    audit_log: PathBuf,
}

impl ControlPlane {
    pub(crate) async fn start_in(directory: &Path, program: PathBuf, settings: Settings) -> Result<Self> {
        let mut control_plane = Self {
            program,
            settings,
            state: directory.join("control-plane"),
            stderr: directory.join("control-plane.stderr"),
            kubeconfig: PathBuf::new(),
            audit_log: PathBuf::new(),
            process: Mutex::default(),
        };
        let (process, ready) = control_plane.announced().await?;
        control_plane.kubeconfig = ready.kubeconfig;
        control_plane.audit_log = ready.audit_log;
        *control_plane.process() = Some(process);
        Ok(control_plane)
    }

    /// Starts it after [`ControlPlane::stop`] or [`ControlPlane::kill`], on what is stored, and waits until it is
    /// ready. One that runs is left alone.
    ///
    /// It listens where it did, unless somebody took that port: then it chooses another, and kubeconfigs must be read
    /// again; with [`Builder::port`](crate::Builder::port) it is an error.
    ///
    /// # Errors
    /// As [`Announced::start`].
    pub async fn start(&self) -> Result<()> {
        if self.process().is_some() {
            return Ok(());
        }
        let (process, _) = self.announced().await?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Stops it in order; what it stored stays. One that is stopped is left alone.
    ///
    /// # Errors
    /// [`Error::Io`] if its end cannot be waited for.
    pub async fn stop(&self) -> Result<()> {
        self.end(|mut process| {
            process.resume();
            if process.stop(PATIENCE)?.is_none() {
                process.kill()?;
            }
            Ok(())
        })
        .await
    }

    /// SIGKILL, as when a machine is lost; what it stored stays. One that is stopped is left alone.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be killed.
    pub async fn kill(&self) -> Result<()> {
        self.end(|mut process| process.kill().map(drop)).await
    }

    /// It stands still: it keeps its connections, takes new ones, and answers nothing.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn pause(&self) -> Result<()> {
        self.process().as_ref().map(Announced::pause).ok_or(Error::Stopped("pause"))
    }

    /// It goes on after [`ControlPlane::pause`].
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn resume(&self) -> Result<()> {
        self.process().as_ref().map(Announced::resume).ok_or(Error::Stopped("resume"))
    }

    /// Everything that it stores, but for snapshots: keys, etcd, logs.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub(crate) fn audit_log(&self) -> &Path {
        &self.audit_log
    }

    fn process(&self) -> MutexGuard<'_, Option<Announced>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn end(&self, how: impl FnOnce(Announced) -> Result<()> + Send + 'static) -> Result<()> {
        let Some(process) = self.process().take() else { return Ok(()) };
        blocking(move || how(process)).await
    }

    async fn announced(&self) -> Result<(Announced, Ready)> {
        let mut command = Command::new(&self.program);
        command.args(["serve", "--port", &self.settings.port.to_string(), "--dir"]).arg(&self.state);
        for image in &self.settings.images {
            command.arg("--run").arg(image);
        }
        let (log, within) = (self.stderr.clone(), self.settings.ready_within);
        let (process, line) = blocking(move || Announced::start(command, &log, within)).await?;
        let ready =
            serde_json::from_str(&line).map_err(Error::json("the ready line of the control plane"))?;
        Ok((process, ready))
    }
}

/// Work that blocks, away from the threads of the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(Error::io("a task was cancelled")(std::io::Error::other(error))),
    }
}
