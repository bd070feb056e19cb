//! How a cluster is come by.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{self, Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::sync::OnceCell;

use crate::{
    Cluster, Error, Result, command,
    control_plane::{ControlPlane, Settings},
    directory::Directory,
    tools::Tools,
    variables::CLUSTER,
};

/// How a [`Cluster`] is come by: started, or borrowed.
#[derive(Debug, Clone)]
#[must_use = "no cluster is there before `open`, `start` or `borrow` is called"]
pub struct Builder {
    tools: Tools,
    directory: Option<PathBuf>,
    parent: PathBuf,
    name: String,
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            tools: Tools::default(),
            directory: None,
            parent: env::temp_dir(),
            name: String::new(),
            settings: Settings::default(),
        }
    }
}

impl Builder {
    /// The control plane program; otherwise [`CONTROL_PLANE`](crate::variables::CONTROL_PLANE) names it.
    pub fn control_plane(mut self, program: impl Into<PathBuf>) -> Self {
        self.tools.control_plane = Some(program.into());
        self
    }

    /// kubectl; otherwise [`KUBECTL`](crate::variables::KUBECTL) names it, else it is the control plane's own, else the one in `PATH`.
    pub fn kubectl(mut self, program: impl Into<PathBuf>) -> Self {
        self.tools.kubectl = Some(program.into());
        self
    }

    /// Helm; otherwise [`HELM`](crate::variables::HELM) names it, else it is the one beside the control plane program, else the one in `PATH`.
    pub fn helm(mut self, program: impl Into<PathBuf>) -> Self {
        self.tools.helm = Some(program.into());
        self
    }

    /// The cluster's directory. It stays: a control plane that is started there later goes on with what is stored.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Where the cluster's directory is made; otherwise among the temporary files of the machine.
    pub fn parent(mut self, directory: impl Into<PathBuf>) -> Self {
        self.parent = directory.into();
        self
    }

    /// Becomes a part of the directory's name, so that a person can tell several apart.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Runs the containers of an image as processes of this machine: `program` is its entry point. The image is named
    /// without tag and digest. Pods of other images are said to be running, and do nothing.
    pub fn image(mut self, image: &str, program: &Path) -> Self {
        let mut pair = OsString::from(format!("{image}="));
        // The control plane works in another directory.
        pair.push(path::absolute(program).unwrap_or_else(|_| program.to_owned()));
        self.settings.images.push(pair);
        self
    }

    /// The port of the API server; otherwise a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// How long the control plane may take until it is ready; otherwise
    /// [`Deadline::DEFAULT`](crate::Deadline::DEFAULT).
    pub fn ready_within(mut self, duration: Duration) -> Self {
        self.settings.ready_within = duration;
        self
    }

    /// As the environment says: with [`CLUSTER`]`=current` the cluster of `KUBECONFIG` is borrowed, otherwise a control
    /// plane is started.
    ///
    /// # Errors
    /// As [`Builder::start`] and [`Builder::borrow`], and [`Error::Environment`] if a variable says something else.
    pub async fn open(self) -> Result<Cluster> {
        match env::var_os(CLUSTER).unwrap_or_default().to_str() {
            Some("") => self.start().await,
            Some("current") => match env::var_os("KUBECONFIG").filter(|files| !files.is_empty()) {
                Some(kubeconfig) => self.borrow(&kubeconfig).await,
                None => Err(Error::Environment {
                    variable: "KUBECONFIG",
                    problem: format!("must name the cluster that {CLUSTER}=current means"),
                }),
            },
            _ => Err(Error::Environment {
                variable: CLUSTER,
                problem: "may only be `current`, or not be set at all".to_owned(),
            }),
        }
    }

    /// Starts a control plane.
    ///
    /// # Errors
    /// [`Error::ControlPlaneUnnamed`] and [`Error::ControlPlaneMissing`]; what
    /// [`Announced::start`](crate::Announced::start) says; and [`Error::Io`] for its directory.
    pub async fn start(self) -> Result<Cluster> {
        let program = self.tools.control_plane()?;
        let directory = self.make_directory()?;
        let control_plane = ControlPlane::start_in(directory.path(), program, self.settings).await?;
        Ok(Cluster::around(directory, self.tools, Some(control_plane)))
    }

    /// Borrows the cluster of the current context of a kubeconfig: a path, or several as `KUBECONFIG` has them.
    ///
    /// The context is copied: what `kubectl config use-context` does meanwhile has no effect.
    ///
    /// # Errors
    /// [`Error::Command`] if the kubeconfig cannot be used, and [`Error::Start`] if there is no kubectl.
    pub async fn borrow(self, kubeconfig: impl AsRef<OsStr>) -> Result<Cluster> {
        let directory = self.make_directory()?;
        let mut view: Command = self.tools.kubectl().command();
        view.args(["config", "view", "--minify", "--raw", "--flatten", "-o", "json"]);
        view.env("KUBECONFIG", kubeconfig);
        let text = command::run(view, "").await?.ok()?;
        let cluster = Cluster::around(directory, self.tools, None);
        cluster.write_borrowed(&text)?;
        Ok(cluster)
    }

    fn make_directory(&self) -> Result<Directory> {
        match &self.directory {
            Some(path) => Directory::of_the_caller(path),
            None => Directory::make(&self.parent, &self.name),
        }
    }
}

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

impl Cluster {
    /// How one is started or borrowed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The cluster of all tests of this process, opened as the environment says ([`Builder::open`]) by the first that
    /// asks. It ends with the process.
    ///
    /// # Errors
    /// As [`Builder::open`]; the next to ask tries again.
    pub async fn shared() -> Result<&'static Self> {
        SHARED.get_or_try_init(|| Self::builder().name("shared").open()).await
    }
}
