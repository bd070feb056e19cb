//! Two replicas of the operator, which are killed and started again at once.

use std::path::PathBuf;

use tokio::{net::TcpListener, process::Command};

use crate::{
    diary::{Diary, Kill},
    folder::{self, Folder},
    install::{ACCOUNT, SYSTEM},
    programs::Program,
    setup::{Fault, Setup},
    usage::Usage,
};

/// One replica over all its lives.
#[derive(Debug)]
pub struct Replica {
    name: String,
    program: Option<Program>,
    operator: PathBuf,
    arguments: Vec<String>,
    kubeconfig: PathBuf,
    address: String,
    folder: Folder,
    log_level: &'static str,
}

impl Replica {
    /// Starts one for the first time. Without `lease` it always acts.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub async fn start(
        setup: &Setup,
        folder: &Folder,
        name: &str,
        kubeconfig: PathBuf,
        credentials: &std::path::Path,
        lease: bool,
    ) -> Result<Self, Fault> {
        // Free now, and asked for again after each kill: nobody else is given it at random.
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string();
        let mut arguments = ["run", "--listen", &address, "--credentials-dir"].map(str::to_owned).to_vec();
        arguments.push(credentials.display().to_string());
        if lease {
            let lease = format!("{SYSTEM}/{ACCOUNT}");
            let more = ["--lease", &lease, "--lease-seconds", "2", "--identity", name];
            arguments.extend(more.map(str::to_owned));
        }
        let mut replica = Self {
            name: name.to_owned(),
            program: None,
            operator: setup.operator.clone(),
            arguments,
            kubeconfig,
            address,
            folder: folder.clone(),
            log_level: "info,yubikey_shipment_operator=debug",
        };
        replica.launch()?;
        Ok(replica)
    }

    fn launch(&mut self) -> Result<(), Fault> {
        let mut command = Command::new(&self.operator);
        command.args(&self.arguments).env("KUBECONFIG", &self.kubeconfig).env("NO_COLOR", "1");
        command.env("RUST_LOG", self.log_level);
        // Everything here is on this machine.
        command.env("NO_PROXY", "localhost,127.0.0.1");
        self.program = Some(Program::silent(command, &self.folder.log(&self.name))?);
        Ok(())
    }

    /// Another life with the log that users have.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub async fn restart_quiet(&mut self) -> Result<(), Fault> {
        self.stop().await?;
        self.log_level = "info";
        self.launch()
    }

    /// SIGKILL, and a new life at once.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub async fn kill(&mut self, diary: &Diary) -> Result<(), Fault> {
        let Some(program) = &mut self.program else { return Ok(()) };
        if !program.has_ended() {
            program.kill().await?;
            let kill = Kill { at: crate::clock::now(), replica: self.name.clone() };
            diary.note(|pages| pages.kills.push(kill));
        }
        self.launch()
    }

    /// A replica that found no API server at its start gives up; a cluster starts it again.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub fn revive(&mut self, diary: &Diary) -> Result<(), Fault> {
        if self.program.as_mut().is_none_or(Program::has_ended) {
            diary.note(|pages| pages.exits += 1);
            self.launch()?;
        }
        Ok(())
    }

    /// What its process has used so far.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub fn usage(&self) -> Result<Usage, Fault> {
        let pid = self.program.as_ref().and_then(Program::pid).ok_or("the operator does not run")?;
        Usage::of(pid)
    }

    /// Does it say that all its watches have listed?
    pub async fn is_ready(&self, http: &reqwest::Client) -> bool {
        let answer = http.get(format!("http://{}/readyz", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// One more sample of its metrics; none while it starts.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub async fn sample(&self, http: &reqwest::Client) -> Result<(), Fault> {
        let Ok(answer) = http.get(format!("http://{}/metrics", self.address)).send().await else {
            return Ok(());
        };
        let text = answer.text().await.unwrap_or_default();
        self.folder.append(folder::METRICS, &format!("# {} at {}\n{text}", self.name, crate::clock::now()))
    }

    /// Ends it.
    ///
    /// # Errors
    /// The process cannot be started or ended, or its log not be opened.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        match &mut self.program {
            Some(program) => program.kill().await,
            None => Ok(()),
        }
    }
}
