//! Platforms that give a pod less than it asks for: another user, one family of addresses.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use crate::support::{
    mount::Mount,
    operator::{Launch, Operator},
    plane::Plane,
    sandbox::Sandbox,
    shipment::Handle,
};

/// As `OpenShift` assigns them: a user of the namespace's range, in root's group, and the `fsGroup` of the same number.
const USER: u32 = 1_000_680_000;

const PEOPLE: &str = "onboarding";

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Only root becomes somebody else.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

async fn status(address: &str, path: &str) -> Option<u16> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://{address}/{path}")).send().await.ok()?;
    Some(answer.status().as_u16())
}

/// The files that a kubelet would have written, all of them.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.is_symlink()).partition(|path| path.is_dir());
    files.into_iter().chain(directories.iter().flat_map(|inner| self::files(inner))).collect()
}

/// As a kubelet mounts it with this mode: root's, and of the `fsGroup` if there is one.
fn mounted(directory: &Path, mode: u32, group: Option<u32>) {
    let all = files(directory);
    assert!(all.len() >= 2, "{all:?}");
    for file in all {
        chown(&file, Some(0), group.or(Some(0))).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// What stands for the token of the pod, given to the user whom the platform chose.
fn given_to_the_user(plane: &Plane) {
    chown(&plane.operator_kubeconfig, Some(USER), Some(0)).unwrap();
    let mut directory: &Path = &plane.dir;
    while let Some(parent) = directory.parent() {
        let mode = fs::metadata(directory).unwrap().permissions().mode();
        // Of directories of the test's own: others are open, or nobody's business.
        if mode & 0o001 == 0 {
            fs::set_permissions(directory, fs::Permissions::from_mode(mode | 0o011)).unwrap();
        }
        if directory.ends_with("target") {
            break;
        }
        directory = parent;
    }
}

/// The whole road under an assigned user, whose right to the credentials is this mode and group.
async fn walks(name: &str, mode: u32, group: Option<u32>) {
    if !is_root() {
        println!("{name}: only root can become another user; not run");
        return;
    }
    let plane = Plane::own(name).await;
    let sandbox = Sandbox::start().await;
    plane.kubectl().run(&["create", "namespace", PEOPLE]).await.fine();
    given_to_the_user(&plane);
    let (user, groups) = (format!("--reuid={USER}"), group.map(|group| format!("--groups={group}")));
    let groups = groups.as_deref().unwrap_or("--clear-groups");
    let launch = Launch::on(&plane, "operator").through(&["setpriv", &user, "--regid=0", groups, "--"]);
    let mount = Mount::copy(&sandbox.credentials("default"), &plane.dir.join("credentials/default"));
    mounted(mount.dir(), mode, group);
    let operator = launch.go().await;
    operator.is_ready().await;

    let client = plane.client().await;
    let connection = Handle::connection(&client, "default");
    connection.create("YubiKeyConnection", sandbox.connection_spec()).await;
    connection.until_reason("Succeeded").await;
    sandbox.person("ann@example.com", "ACTIVE").await;
    let shipment = Handle::shipment(&client, PEOPLE, "ann");
    let spec = serde_json::json!({
        "connectionRef": {"name": "default"}, "userRef": {"login": "ann@example.com"},
        "key": {"model": "yubikey-5c-nfc"},
    });
    shipment.create("YubiKeyShipment", spec).await;
    let order = shipment.until_ordered().await;
    sandbox.set_state(order.text("/status/order/shipmentId"), 104).await;
    shipment.until_reason("Activated").await;
    operator.stop();
}

#[tokio::test]
async fn an_assigned_user_reads_the_credentials_by_the_assigned_fs_group() {
    walks("fs-group", 0o440, Some(USER)).await;
}

/// The mode that the chart writes where it names no `fsGroup`.
#[tokio::test]
async fn an_assigned_user_without_an_fs_group_reads_the_credentials_too() {
    walks("no-fs-group", 0o444, None).await;
}

async fn answers_at(operator: &Operator, address: &str) {
    for path in ["healthz", "readyz", "metrics"] {
        assert_eq!(status(address, path).await, Some(200), "{address}/{path}:\n{}", operator.tail(20));
    }
}

#[tokio::test]
async fn a_pod_with_ipv6_alone_is_probed_and_scraped() {
    if !has_ipv6() {
        println!("this machine has no IPv6; not run");
        return;
    }
    let plane = Plane::own("ipv6").await;
    let operator = Launch::on(&plane, "operator").listen("[::1]:0").go().await;
    operator.is_ready().await;
    answers_at(&operator, &operator.address).await;
    let port = operator.address.rsplit(':').next().unwrap();
    assert_eq!(status(&format!("127.0.0.1:{port}"), "healthz").await, None, "nothing listens on IPv4");
    let probed = std::process::Command::new(crate::support::operator_program())
        .args(["probe", &format!("http://{}/readyz", operator.address)])
        .status();
    assert!(probed.unwrap().success(), "as `helm test` asks");
    operator.stop();
}

/// What the chart says: one argument for every cluster.
#[tokio::test]
async fn a_pod_of_the_chart_is_reached_over_either_family() {
    let plane = Plane::own("either").await;
    let operator = Launch::on(&plane, "operator").listen("[::]:0").go().await;
    operator.is_ready().await;
    let port = operator.address.rsplit(':').next().unwrap();
    answers_at(&operator, &format!("{}:{port}", Ipv4Addr::LOCALHOST)).await;
    if has_ipv6() {
        answers_at(&operator, &format!("[{}]:{port}", Ipv6Addr::LOCALHOST)).await;
    }
    operator.stop();
}
