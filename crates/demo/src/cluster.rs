//! The cluster: an API server of our own, or the caller's; and the vendors beside it.

use std::{env, ffi::OsString, path::PathBuf};

use kube_test::{Builder, Cluster};
use testbed::{
    install::{ACCOUNT, SYSTEM},
    setup::Fault,
    vendors::Vendors,
};

use crate::{
    stage::{PEOPLE, Stage},
    told::fault,
};

/// The definitions that the chart installs.
pub(crate) const DEFINITIONS: [&str; 4] = [
    "yubikeyconnections.fidoprereg.dev",
    "yubikeydecisions.fidoprereg.dev",
    "yubikeyrollouts.fidoprereg.dev",
    "yubikeyshipments.fidoprereg.dev",
];

/// The operator's image, as the chart names it: its containers are processes of the operator that was built.
pub(crate) const IMAGE: &str = "yubikey-shipment-operator";

/// The sandbox's parcels change their state after so many seconds. Less than the connection's `polling.firstAfter`, or the
/// first look would find them unchecked.
const STEP: &str = "2";

fn builder(stage: &Stage) -> Builder {
    let tool = |name: &str| stage.tools.join(name);
    let builder = Cluster::builder().control_plane(tool("control-plane")).kubectl(tool("kubectl"));
    builder.helm(tool("helm")).directory(stage.state.join("cluster"))
}

async fn vendors(program: PathBuf, dir: PathBuf) -> Result<Vendors, Fault> {
    Vendors::serve(&program, &dir, &["--step", STEP]).await
}

/// Starts an API server, and the vendors beside it.
pub(crate) async fn start(stage: &mut Stage) -> Result<(), Fault> {
    let own = builder(stage).image(IMAGE, &stage.operator_program());
    let vendors = vendors(stage.sandbox_program(), stage.state.join("sandbox"));
    let starting = stage.starting.insert(tokio::spawn(own.start()));
    let cluster = async { Ok::<_, Fault>(starting.await??) };
    let (cluster, vendors) = tokio::try_join!(cluster, vendors)?;
    (stage.starting, stage.cluster, stage.vendors) = (None, Some(cluster), Some(vendors));
    stage.note("a Kubernetes API server, and the sandbox in the part of Okta and YubiEnterprise");
    Ok(())
}

/// Where the caller's kubeconfig is.
pub(crate) fn kubeconfig() -> OsString {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".kube/config").into();
    env::var_os("KUBECONFIG").filter(|files| !files.is_empty()).unwrap_or_else(home)
}

/// Takes the caller's cluster, unless something of ours is there already.
pub(crate) async fn use_current(stage: &mut Stage) -> Result<(), Fault> {
    let borrowed = builder(stage).borrow(kubeconfig()).await;
    let cluster = borrowed.map_err(|_| fault("CLUSTER=current needs a kubeconfig with a current context"))?;
    let kubectl = cluster.kubectl();
    let context = kubectl.run(&["config", "current-context"]).await?.trim().to_owned();
    println!("WARNING: the demo uses the cluster of your current context");
    println!("           context  {context}");
    println!("           server   {}", cluster.kubeconfig()?.server());
    println!(
        "         It installs custom resource definitions and cluster-wide RBAC, and removes them at the end."
    );
    let ready = kubectl.output(&["get", "--raw", "/readyz"], "").await?;
    if !ready.is_ok() {
        return Err(fault(format!("the cluster of the context {context} does not answer")));
    }
    // The demo's operator would follow shipments that are real.
    let there = ["--ignore-not-found", "-o", "name"];
    let others = kubectl.run(&[&["get", "crd"], &DEFINITIONS[..], &there].concat()).await?;
    if !others.is_empty() {
        return Err(fault(format!(
            "the context {context} has custom resources of this operator already; the demo keeps away from them"
        )));
    }
    let others = kubectl.run(&[&["get", "namespace", PEOPLE, SYSTEM][..], &there].concat()).await?;
    if !others.is_empty() {
        let others = others.trim().replace('\n', " and ");
        return Err(fault(format!(
            "the context {context} has {others} already; the demo would delete them at its end"
        )));
    }
    stage.vendors = Some(vendors(stage.sandbox_program(), stage.state.join("sandbox")).await?);
    stage.note("the sandbox in the part of Okta and YubiEnterprise");
    stage.cluster = Some(cluster);
    stage.current_prepared = true;
    Ok(())
}

/// What the demo made in the caller's cluster goes, while the operator still runs, because shipments wait for it to leave the
/// vendors in order.
pub(crate) async fn leave_current(stage: &Stage) {
    println!("cleaning up in the cluster");
    let Some(cluster) = &stage.cluster else { return };
    let gone = ["--ignore-not-found", "--timeout=30s"];
    let later = ["--ignore-not-found", "--wait=false"];
    let kubectl = cluster.kubectl();
    let people = ["--namespace", PEOPLE];
    for what in [
        [&["delete", "yubikeyrollouts", "--all"][..], &people, &gone].concat(),
        [&["delete", "yubikeyshipments", "--all"][..], &people, &gone].concat(),
        [&["delete", "yubikeyconnection", "default"][..], &gone].concat(),
    ] {
        show(kubectl.run(&what).await);
    }
    let uninstall = ["uninstall", ACCOUNT, "--ignore-not-found", "--wait", "--timeout", "30s"];
    if let Err(error) = cluster.helm().in_namespace(SYSTEM).run(&uninstall).await {
        eprintln!("{error}");
    }
    show(kubectl.run(&[&["delete", "namespace", PEOPLE, SYSTEM][..], &later].concat()).await);
    show(kubectl.run(&[&["delete", "crd"], &DEFINITIONS[..], &later].concat()).await);
}

/// What cannot be removed is told, and the rest goes on.
fn show(said: kube_test::Result<String>) {
    match said {
        Ok(said) => print!("{said}"),
        Err(error) => eprintln!("{error}"),
    }
}
