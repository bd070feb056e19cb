//! Control planes: one for all tests that leave the definitions alone, and others for those that install them.

use std::{fs, path::Path};

use kube_test::{Builder, Cluster, Deadline, Kubectl};
use serde_json::json;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::helm::{HELM, NAMESPACE, root, tool};

/// Each costs some 320 MB, and processor time while it starts.
static ROOM: Semaphore = Semaphore::const_new(2);

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

/// Where the examples declare shipments.
pub const PEOPLE: &str = "onboarding";

/// A cluster with our definitions and with what the sets of values name. Tests leave both alone.
pub async fn shared() -> &'static Cluster {
    SHARED
        .get_or_init(|| async {
            let cluster = builder("shared", HELM).start().await.unwrap();
            cluster.apply_definition_manifests(&definitions()).await.unwrap();
            prepare(&cluster).await;
            cluster
        })
        .await
}

/// A cluster of its own that has never seen our kinds.
pub async fn bare(name: &str) -> Own {
    bare_for(name, HELM).await
}

/// The same, and this Helm.
pub async fn bare_for(name: &str, helm: &str) -> Own {
    let permit = ROOM.acquire().await.unwrap();
    let cluster = builder(name, helm).start().await.unwrap();
    prepare(&cluster).await;
    Own { cluster, _permit: permit }
}

/// A cluster of one test.
#[derive(Debug)]
pub struct Own {
    pub cluster: Cluster,
    _permit: SemaphorePermit<'static>,
}

/// With the programs that `make build` makes, whatever the environment names.
fn builder(name: &str, helm: &str) -> Builder {
    let builder = Cluster::builder().control_plane(tool("control-plane"));
    let builder = builder.kubectl(tool("kubectl")).helm(tool(helm));
    builder.parent(Path::new(env!("CARGO_TARGET_TMPDIR")).join("chart")).name(name)
}

/// All definitions of `crds/`.
pub fn definitions() -> String {
    let files = fs::read_dir(root().join("crds")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.collect::<Vec<_>>().join("\n---\n")
}

/// Namespaces, and the runtime that a set of values names.
async fn prepare(cluster: &Cluster) {
    let gvisor = json!({
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc",
    });
    let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "contractors"}});
    let example = fs::read_to_string(root().join("examples/namespace.yaml")).unwrap();
    let all = [restricted(NAMESPACE), plain.to_string(), gvisor.to_string(), example].join("\n---\n");
    cluster.kubectl().apply(&all).await.unwrap();
    until_pods_may_come(&cluster.kubectl().in_namespace(NAMESPACE)).await;
}

fn restricted(name: &str) -> String {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}).to_string()
}

/// A controller gives each namespace the account that its pods have; before that, every pod is refused.
pub async fn until_pods_may_come(kubectl: &Kubectl) {
    let ask = async || kubectl.run(&["get", "serviceaccount", "default"]).await.ok();
    Deadline::default().poll("the namespace has its default account", ask).await.unwrap();
}
