//! Other operators beside ours: as many objects, on the same control plane, in the same run. What they do for an object
//! is not the same; what a platform pays for one is.

use std::{path::PathBuf, str::FromStr, time::Duration};

use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use testbed::{
    cluster::Cluster, control_plane::ControlPlane, folder::Folder, objects, programs::Program, setup::Fault,
    usage::Usage,
};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::{
    figures::{each_ms, float, mib, rounded},
    limits::{LOOK, PATIENCE, SIDE_BY_SIDE},
    quiet::quiet,
};

/// An operator to compare with: `NAME=PROGRAM,DEFINITIONS[,ARGUMENT...]`.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    kind: Kind,
    program: PathBuf,
    /// A file with the definitions of its kinds.
    definitions: PathBuf,
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// External Secrets: a Secret from a store that invents its values, so that no call leaves.
    ExternalSecrets,
    /// cert-manager: a certificate that signs itself.
    CertManager,
}

/// What it took. Memory is resident, in MiB.
#[derive(Debug, Serialize)]
pub(super) struct PeerNumbers {
    name: &'static str,
    objects: usize,
    start_mib: f64,
    cpu_ms_an_object: f64,
    seconds: f64,
    objects_a_second: f64,
    mib: f64,
    restart_cpu_seconds: f64,
    restart_mib: f64,
}

/// A process may wait so long for its caches before it uses any CPU.
const BEGINS: Duration = Duration::from_secs(10);

/// Where its objects are.
const NAMESPACE: &str = "peers";

/// The store or issuer that all its objects name.
const SOURCE: &str = "bench";

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "NAME=PROGRAM,DEFINITIONS[,ARGUMENT...]";
        let (name, rest) = text.split_once('=').ok_or_else(|| format!("{text:?} is not {FORM}"))?;
        let kind = match name {
            "external-secrets" => Kind::ExternalSecrets,
            "cert-manager" => Kind::CertManager,
            other => return Err(format!("{other:?} is no known peer: external-secrets, cert-manager")),
        };
        let mut parts = rest.split(',').map(str::to_owned);
        let program = parts.next().filter(|program| !program.is_empty());
        let (Some(program), Some(definitions)) = (program, parts.next()) else {
            return Err(format!("{text:?} is not {FORM}"));
        };
        Ok(Self {
            kind,
            program: program.into(),
            definitions: definitions.into(),
            arguments: parts.collect(),
        })
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::ExternalSecrets => "external-secrets",
            Self::CertManager => "cert-manager",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::ExternalSecrets => "external-secrets.io",
            Self::CertManager => "cert-manager.io",
        }
    }

    /// Kind of the source, and kind of the objects.
    const fn kinds(self) -> [&'static str; 2] {
        match self {
            Self::ExternalSecrets => ["SecretStore", "ExternalSecret"],
            Self::CertManager => ["Issuer", "Certificate"],
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::ExternalSecrets => &["--metrics-addr=127.0.0.1:0"],
            Self::CertManager => &["--leader-elect=false", "--metrics-listen-address=127.0.0.1:0"],
        }
    }

    fn source(self) -> Value {
        match self {
            Self::ExternalSecrets => {
                let data = json!([{"key": "bench", "value": "invented", "version": "v1"}]);
                json!({"provider": {"fake": {"data": data}}})
            }
            Self::CertManager => json!({"selfSigned": {}}),
        }
    }

    fn one(self, name: &str) -> Value {
        match self {
            Self::ExternalSecrets => {
                let data = json!([{"secretKey": "value", "remoteRef": {"key": "bench", "version": "v1"}}]);
                let store = json!({"name": SOURCE, "kind": "SecretStore"});
                json!({"refreshInterval": "0", "secretStoreRef": store, "target": {"name": name}, "data": data})
            }
            Self::CertManager => json!({
                "secretName": name,
                "dnsNames": [format!("{name}.example.com")],
                "privateKey": {"algorithm": "ECDSA", "size": 256},
                "issuerRef": {"name": SOURCE, "kind": "Issuer"},
            }),
        }
    }
}

/// Runs one peer alone, from nothing to as many objects, and once more beside them.
pub(super) async fn measure(
    peer: &Peer,
    plane: &ControlPlane,
    cluster: &Cluster,
    folder: &Folder,
    count: usize,
) -> Result<PeerNumbers, Fault> {
    let kind = peer.kind;
    plane.apply_server_side(&peer.definitions).await?;
    if cluster.make_namespace(NAMESPACE).await.is_err() {
        eprintln!("the namespace {NAMESPACE} is there from the peer before");
    }
    let version = cluster.stored_version(kind.group(), kind.kinds()[1]).await?;
    let objects = Objects { cluster, kind, version };
    let mut process = peer.start(plane, folder)?;
    objects.make(kind.kinds()[0], SOURCE, kind.source()).await?;
    sleep(BEGINS).await;
    let before = quiet(|| used(&process)).await?;
    let began = Instant::now();
    let names: Vec<_> = (0..count).map(|number| format!("bench-{number}")).collect();
    let make = |name: &String| {
        let (objects, name) = (&objects, name.clone());
        async move { objects.make(kind.kinds()[1], &name, kind.one(&name)).await }
    };
    let all: Vec<_> = names.iter().map(make).collect();
    futures::stream::iter(all).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    objects.until_ready(names, began).await?;
    let seconds = began.elapsed().as_secs_f64();
    let after = quiet(|| used(&process)).await?;
    process.kill().await?;
    let mut process = peer.start(plane, folder)?;
    sleep(BEGINS).await;
    let again = quiet(|| used(&process)).await?;
    process.kill().await?;
    Ok(PeerNumbers {
        name: kind.name(),
        objects: count,
        start_mib: mib(before.resident),
        cpu_ms_an_object: each_ms(after.cpu.saturating_sub(before.cpu), count),
        seconds: rounded(seconds),
        objects_a_second: rounded(float(count) / seconds.max(0.01)),
        mib: mib(after.resident),
        restart_cpu_seconds: rounded(again.cpu.as_secs_f64()),
        restart_mib: mib(again.resident),
    })
}

impl Peer {
    fn start(&self, plane: &ControlPlane, folder: &Folder) -> Result<Program, Fault> {
        let mut command = Command::new(&self.program);
        command.args(self.kind.arguments()).args(&self.arguments);
        if self.kind == Kind::CertManager {
            command.arg("--kubeconfig").arg(&plane.kubeconfig);
        }
        command.env("KUBECONFIG", &plane.kubeconfig).env("NO_PROXY", "localhost,127.0.0.1");
        Program::silent(command, &folder.log(self.kind.name()))
    }
}

fn used(process: &Program) -> Result<Usage, Fault> {
    Usage::of(process.pid().ok_or("the peer does not run; see its log in the folder of the run")?)
}

struct Objects<'a> {
    cluster: &'a Cluster,
    kind: Kind,
    version: String,
}

impl Objects<'_> {
    async fn make(&self, kind: &str, name: &str, spec: Value) -> Result<(), Fault> {
        let group = self.kind.group();
        let began = Instant::now();
        // A definition that was just applied may not be served yet.
        while let Err(fault) =
            self.cluster.make_any([group, &self.version, kind], NAMESPACE, name, &spec).await
        {
            if began.elapsed() > Duration::from_mins(1) {
                return Err(fault);
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// One is asked for at a time, the last first, as ours are.
    async fn until_ready(&self, mut names: Vec<String>, began: Instant) -> Result<(), Fault> {
        let of = [self.kind.group(), &self.version, self.kind.kinds()[1]];
        let api = self.cluster.any(of, NAMESPACE);
        while let Some(name) = names.last() {
            let one = serde_json::to_value(api.get(name).await?)?;
            if objects::is(&one, "Ready") {
                names.pop();
                continue;
            }
            if began.elapsed() > PATIENCE {
                return Err(
                    format!("{} objects of {} do not become ready", names.len(), self.kind.name()).into()
                );
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_with_its_program_and_its_definitions() {
        let peer: Peer = "cert-manager=/bin/controller,/tmp/crds.yaml,--v=2".parse().unwrap();
        assert_eq!((peer.kind, peer.arguments), (Kind::CertManager, vec!["--v=2".to_owned()]));
        for wrong in
            ["cert-manager", "cert-manager=/bin/controller", "cert-manager=,/crds", "flux=/bin/x,/crds"]
        {
            assert!(wrong.parse::<Peer>().is_err(), "{wrong}");
        }
    }
}
