//! What the environment says, as a process sees it: each test starts itself again, with other variables.

use std::{env, ffi::OsStr, process::Command};

use kube_test::{Cluster, Deadline, Error, Output, run, variables};
use tokio::net::TcpStream;

use crate::common::{cluster, program, turn};

const CHILD: &str = "KUBE_TEST_OWN_CHILD";

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// This test in a process of its own; it knows nothing of the variables that this process has.
async fn child(test: &str, set: &[(&str, &OsStr)]) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    for variable in [variables::CLUSTER, variables::CONTROL_PLANE, "KUBECONFIG"] {
        command.env_remove(variable);
    }
    command.env(CHILD, "1").envs(set.iter().copied());
    let output = run(command, "").await.unwrap();
    assert!(output.is_ok(), "{output:?}");
    output
}

fn told<'a>(output: &'a Output, what: &str) -> &'a str {
    let line = output.stdout.lines().find_map(|line| line.split_once(what));
    line.unwrap_or_else(|| panic!("{output:?}")).1.trim()
}

#[tokio::test]
async fn current_means_the_cluster_of_the_kubeconfig() {
    if is_child() {
        let borrowed = Cluster::shared().await.unwrap();
        assert!(borrowed.is_borrowed());
        println!("cluster: {}", borrowed.id().await.unwrap());
        return;
    }
    // The control plane is kubectl too, under that name.
    let directory = tempfile::tempdir().unwrap();
    let kubectl = directory.path().join("kubectl");
    std::os::unix::fs::symlink(program(), &kubectl).unwrap();
    let set = [
        (variables::CLUSTER, OsStr::new("current")),
        ("KUBECONFIG", cluster().await.kubeconfig_file().as_os_str()),
        (variables::KUBECTL, kubectl.as_os_str()),
    ];
    let output = child("environment::current_means_the_cluster_of_the_kubeconfig", &set).await;
    assert_eq!(told(&output, "cluster: "), cluster().await.id().await.unwrap());
}

#[tokio::test]
async fn a_shared_control_plane_ends_with_its_process() {
    if is_child() {
        let own = Cluster::shared().await.unwrap();
        assert!(!own.is_borrowed());
        own.client().await.unwrap().apiserver_version().await.unwrap();
        println!("server: {}", own.kubeconfig().unwrap().server());
        return;
    }
    let _turn = turn().await;
    let set = [(variables::CONTROL_PLANE, program())];
    let set = set.each_ref().map(|(name, path)| (*name, path.as_os_str()));
    let output = child("environment::a_shared_control_plane_ends_with_its_process", &set).await;
    let address = told(&output, "server: https://");
    let gone = async || TcpStream::connect(address).await.is_err().then_some(());
    Deadline::default().poll("nobody listens there any more", gone).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_the_environment_is_said() {
    if is_child() {
        let error = Cluster::shared().await.unwrap_err();
        assert!(matches!(error, Error::Environment { .. } | Error::ControlPlaneUnnamed), "{error:?}");
        println!("error: {error}");
        return;
    }
    let test = "environment::what_is_wrong_with_the_environment_is_said";
    let other = child(test, &[(variables::CLUSTER, OsStr::new("other"))]).await;
    assert!(told(&other, "error: ").starts_with("KUBE_TEST_CLUSTER may only be `current`"), "{other:?}");
    let lost = child(test, &[(variables::CLUSTER, OsStr::new("current"))]).await;
    assert!(told(&lost, "error: ").starts_with("KUBECONFIG must name the cluster"), "{lost:?}");
    let unnamed = child(test, &[]).await;
    assert!(told(&unnamed, "error: ").contains("set KUBE_TEST_CONTROL_PLANE"), "{unnamed:?}");
}
