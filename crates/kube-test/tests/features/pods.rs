//! Pods run as processes.

use std::path::Path;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::Api;
use kube_test::{Deadline, wait};
use serde_json::json;

use crate::common::{builder, create, turn};

const SCRIPT: &str = r#"echo "$GREETING, $(cat /etc/name/key)"; echo aside >&2; exec sleep 600"#;

#[tokio::test]
async fn a_pod_runs_as_a_process_of_this_machine() {
    let _turn = turn().await;
    let cluster =
        builder().name("pods").image("example.com/tools/shell", Path::new("/bin/sh")).start().await.unwrap();
    let namespace = cluster.namespace("pods").await.unwrap();
    create(&namespace.api::<ConfigMap>(), "name", "Kim").await;
    let shell = json!({
        "name": "shell", "image": "example.com/tools/shell:1.2", "args": ["-c", SCRIPT],
        "env": [{"name": "GREETING", "value": "Hello"}],
        "volumeMounts": [{"name": "name", "mountPath": "/etc/name"}],
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "greeter"},
        "spec": {"containers": [shell], "volumes": [{"name": "name", "configMap": {"name": "name"}}]},
    });
    namespace.kubectl().apply(&pod.to_string()).await.unwrap();
    let pods: Api<Pod> = namespace.api();
    let pod = wait(&pods, "greeter").until_condition("Ready", "True").await.unwrap();
    let process = cluster.control_plane().unwrap().pod_process(pod);
    assert!(process.pid("shell").is_some() && process.pid("other").is_none());
    assert_eq!(process.restarts("shell"), 0);
    assert!(process.address(80).unwrap().to_string().starts_with("127."));
    assert_eq!(process.log("other").unwrap(), "");
    let said = async || process.log("shell").ok().filter(|log| log.contains("aside"));
    let said = Deadline::default().poll("both lines", said).await.unwrap();
    assert!(said.contains("Hello, Kim"), "{said}");
}
