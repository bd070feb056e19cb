//! What the tests share: one control plane, and few words for objects.

use std::{
    env,
    path::{Path, PathBuf},
};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, api::PostParams};
use kube_test::{Builder, Cluster, Namespace, variables};
use serde_json::json;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

/// Each control plane costs some 320 MB.
static ROOM: Semaphore = Semaphore::const_new(2);

/// The control plane program.
pub fn program() -> PathBuf {
    if let Some(path) = env::var_os(variables::CONTROL_PLANE) {
        return path.into();
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.map(|directory| directory.join(".cache/bin/control-plane")).find(|path| path.is_file());
    found.expect("KUBE_TEST_CONTROL_PLANE names the control plane program")
}

pub fn builder() -> Builder {
    Cluster::builder().control_plane(program()).parent(env!("CARGO_TARGET_TMPDIR"))
}

/// The cluster of all tests that leave it as it is.
pub async fn cluster() -> &'static Cluster {
    SHARED.get_or_init(async || builder().name("shared").start().await.unwrap()).await
}

/// A namespace in the shared cluster.
pub async fn namespace(prefix: &str) -> Namespace {
    cluster().await.namespace(prefix).await.unwrap()
}

/// A turn among the tests that have a control plane of their own.
pub async fn turn() -> SemaphorePermit<'static> {
    ROOM.acquire().await.unwrap()
}

pub fn config_map(name: &str, value: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"key": value}})).unwrap()
}

pub async fn create(maps: &Api<ConfigMap>, name: &str, value: &str) -> ConfigMap {
    maps.create(&PostParams::default(), &config_map(name, value)).await.unwrap()
}

pub fn value(map: &ConfigMap) -> &str {
    map.data.as_ref().and_then(|data| data.get("key")).map_or("", String::as_str)
}
