//! What tools of other projects make of our objects: kstatus and Argo CD's health (by `.cache/bin/judge`), `kubectl
//! wait` and `helm --wait`.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    helm::helm,
    kubectl::{self, Said},
    object::Object,
    scene::Scene,
    tool,
};

/// Where the health scripts and their test data are.
pub const SCRIPTS: &str = "examples/gitops/argocd/resource_customizations";

/// A status and what is said about it.
pub type Word = (String, String);

/// Longer than anything is awaited that is there already: a tool that only gave up says so.
const GIVES_UP: &str = "60s";

/// How long something is awaited that does not come.
const SOON: &str = "2s";

/// How waiting for an object goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It ends well and at once.
    Ends,
    /// It ends at once with the object's own message.
    Fails,
    /// It goes on until the time is up.
    GoesOn,
}

impl Waiting {
    /// As tools that follow kstatus wait.
    pub fn by(kstatus: &str) -> Self {
        match kstatus {
            "Current" => Self::Ends,
            "Failed" => Self::Fails,
            _ => Self::GoesOn,
        }
    }
}

/// kstatus and health of an object.
pub async fn judged(object: &Object) -> (Word, Word) {
    let mut judge = Command::new(tool("judge"));
    judge.args(["health", "--scripts"]).arg(super::root().join(SCRIPTS));
    let said = kubectl::run(judge, object.0.to_string()).await.fine();
    let verdict: Value = serde_json::from_str(&said).unwrap();
    let word = |value: &Value| {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("message"))
    };
    (word(&verdict["kstatus"]), word(&verdict["argo"]))
}

/// Decodes files into published types; the answer has one line a document, faults are errors.
pub async fn strict(files: &[String]) -> Said {
    let mut judge = Command::new(tool("judge"));
    judge.args(["strict", "--skip-unknown"]).args(files);
    kubectl::run(judge, String::new()).await
}

impl Scene {
    /// A command of helm.
    pub async fn helm(&self, arguments: &[&str]) -> Said {
        let mut helm = helm(self.plane());
        helm.args(arguments);
        kubectl::run(helm, String::new()).await
    }

    /// `helm --wait` on a chart that declares the object as it stands.
    pub async fn helm_waits(&self, object: &Object, waiting: Waiting) {
        let chart = tempfile::tempdir().unwrap();
        let name = object.text("/metadata/name");
        let release = format!("wait-{name}").to_lowercase();
        write_chart(chart.path(), object);
        let patience = if waiting == Waiting::GoesOn { SOON } else { GIVES_UP };
        let path = chart.path().to_str().unwrap();
        let arguments = ["upgrade", "--install", &release, path, "--namespace", &self.name];
        let more = ["--take-ownership", "--wait", "--timeout", patience];
        let said = self.helm(&[arguments.as_slice(), &more].concat()).await;
        is_as_awaited(&said, object, waiting);
    }

    /// `kubectl wait --for=condition=Ready`, which knows nothing of kstatus.
    pub async fn kubectl_waits(&self, object: &Object, ready: bool) {
        let kind = object.text("/kind").to_lowercase();
        let what = format!("{kind}/{}", object.text("/metadata/name"));
        let wait = ["wait", &what, "-n", &self.name, "--for=condition=Ready", "--timeout=0s"];
        let said = self.kubectl().run(&wait).await;
        assert_eq!(said.ok, ready, "kubectl wait on {what}: {}{}", said.out, said.err);
        if !ready {
            // Fails for want of the condition, and for nothing else.
            assert!(said.err.contains("condition not met"), "{}", said.err);
            let unready = ["wait", &what, "-n", &self.name, "--for=condition=Ready=false", "--timeout=0s"];
            let known = object.is("Ready").is_empty() || self.kubectl().run(&unready).await.ok;
            assert!(known, "Ready is False, or there is none yet");
        }
    }
}

fn write_chart(dir: &std::path::Path, object: &Object) {
    let head = json!({"apiVersion": "v2", "name": "one", "version": "0.1.0"});
    std::fs::write(dir.join("Chart.yaml"), head.to_string()).unwrap();
    let manifest = json!({
        "apiVersion": object.0["apiVersion"], "kind": object.0["kind"],
        "metadata": {"name": object.0["metadata"]["name"]}, "spec": object.0["spec"],
    });
    std::fs::create_dir(dir.join("templates")).unwrap();
    std::fs::write(dir.join("templates/one.yaml"), manifest.to_string()).unwrap();
}

fn is_as_awaited(said: &Said, object: &Object, waiting: Waiting) {
    let name = object.text("/metadata/name");
    let gave_up = said.err.contains("context deadline exceeded");
    match waiting {
        Waiting::Ends => assert!(said.ok, "helm --wait on {name}: {}", said.err),
        Waiting::Fails => {
            assert!(!said.ok && !gave_up, "helm --wait on {name} fails at once: {}", said.err);
            assert!(said.err.contains("status: Failed"), "{}", said.err);
            assert!(said.err.contains(object.message()), "it says why: {}", said.err);
        }
        Waiting::GoesOn => assert!(!said.ok && gave_up, "helm --wait on {name} goes on: {}", said.err),
    }
}
