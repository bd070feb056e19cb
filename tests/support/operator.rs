//! The operator as a process of this machine, with the rights of the chart's service account and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kube_test::Supervised;

use super::{plane::Plane, until};

/// Longer than calls under way are waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running operator.
#[derive(Debug)]
pub struct Operator {
    process: Supervised,
    /// stdout and stderr.
    pub log: PathBuf,
    /// Where health and metrics are served.
    pub address: String,
    /// One directory a connection.
    pub credentials: PathBuf,
}

impl Operator {
    /// Starts it and waits until it watches.
    pub async fn start(plane: &Plane, rust_log: &str) -> Self {
        let operator = Self::launch(plane, rust_log).await;
        operator.is_ready().await;
        operator
    }

    /// Waits until it watches.
    pub async fn is_ready(&self) {
        let ready = until(async || self.get("readyz").await.filter(|text| text == "ok\n")).await;
        assert!(ready.is_some(), "the operator is not ready:\n{}", self.tail(40));
    }

    /// Starts it.
    pub async fn launch(plane: &Plane, rust_log: &str) -> Self {
        Launch::on(plane, "operator").set("RUST_LOG", rust_log).go().await
    }

    /// What it answers at a path; `None` if it does not or says no.
    pub async fn get(&self, path: &str) -> Option<String> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("http://{}/{path}", self.address)).send().await.ok()?;
        if answer.status().is_success() { answer.text().await.ok() } else { None }
    }

    /// The most that it ever had in memory, in MiB.
    pub fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    /// The end of its log.
    pub fn tail(&self, lines: usize) -> String {
        super::tail(&read(&self.log), lines)
    }

    /// Everything it said.
    pub fn said(&self) -> String {
        read(&self.log)
    }

    /// SIGTERM; it must end by itself and well.
    pub fn stop(self) {
        let status = self.process.terminate(PATIENCE).unwrap();
        let well = status.is_some_and(|status| status.success());
        assert!(well, "the operator ended with {status:?}:\n{}", super::tail(&read(&self.log), 40));
    }

    /// SIGKILL.
    pub fn kill(self) {
        self.process.kill().unwrap();
    }
}

/// How an operator is started.
#[derive(Debug)]
pub struct Launch {
    program: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    credentials: PathBuf,
}

impl Launch {
    /// One of several operators of a cluster, told apart by name.
    pub fn on(plane: &Plane, name: &str) -> Self {
        let credentials = plane.dir.join("credentials");
        fs::create_dir_all(&credentials).unwrap();
        let launch = Self {
            program: vec![super::operator_program().to_str().unwrap().to_owned()],
            arguments: vec!["run".to_owned()],
            environment: Vec::new(),
            log: plane.dir.join(format!("{name}.log")),
            credentials: credentials.clone(),
        };
        launch
            .with(&["--listen", "127.0.0.1:0", "--credentials-dir", credentials.to_str().unwrap()])
            .set("KUBECONFIG", plane.operator_kubeconfig.to_str().unwrap())
            .set("RUST_LOG", "info")
            .set("NO_COLOR", "1")
            // Everything here is on this machine.
            .set("NO_PROXY", "localhost,127.0.0.1")
    }

    /// Listens there, in place of IPv4's loopback.
    pub fn listen(mut self, address: &str) -> Self {
        let place = self.arguments.iter().position(|argument| argument == "127.0.0.1:0");
        address.clone_into(&mut self.arguments[place.expect("it is told where to listen")]);
        self
    }

    /// Through another program, which becomes the operator.
    pub fn through(mut self, words: &[&str]) -> Self {
        self.program.splice(0..0, words.iter().map(|&word| word.to_owned()));
        self
    }

    /// More arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// A variable of its environment; the last word counts.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    pub async fn go(self) -> Operator {
        let Self { program, arguments, environment, log, credentials } = self;
        let before = read(&log).len();
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(arguments).envs(environment);
        let process = Supervised::start(&command, &log).unwrap();
        let address = until(async || address(&log, before)).await;
        let address = address.unwrap_or_else(|| panic!("the operator does not start:\n{}", read(&log)));
        Operator { process, log, address, credentials }
    }
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}

/// The address that the system chose, from the line that says so.
fn address(log: &Path, from: usize) -> Option<String> {
    let text = read(log);
    // As text or as JSON.
    let after = |line: &str| {
        let end = ["address=\"", "\"address\":\""].iter().find_map(|name| line.split_once(name))?.1;
        Some(end.split_once('"')?.0.to_owned())
    };
    text.get(from..)?.lines().find_map(after)
}
