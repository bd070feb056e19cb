//! One of the guide's three ways to order for many, in place of single shipments.

use kube_test::Kubectl;
use serde_json::{Value, json};
use testbed::{objects::message, setup::Fault};

use crate::{
    cli::Method,
    road::{Cast, click},
    stage::{PEOPLE, Stage, text},
    summary::show_shipments,
    told::{folded, indented},
};

async fn rollout(stage: &Stage, method: Method) -> Result<Value, Fault> {
    Ok(stage.kubectl()?.json(&["get", "yubikeyrollout", method.name()]).await?)
}

/// Waits until the rollout's status says so.
async fn until_it_is(stage: &Stage, method: Method, path: &str, value: &str) -> Result<(), Fault> {
    let condition = format!("--for=jsonpath={{{path}}}={value}");
    let wait = ["wait", "yubikeyrollout", method.name(), &condition, "--timeout=60s"];
    if stage.kubectl()?.output(&wait, "").await?.is_ok() {
        return Ok(());
    }
    let why = message(&rollout(stage, method).await?).to_owned();
    Err(stage.fault(format!("the rollout did not come to {path} = {value}: {why}")))
}

/// A dry run first, where the rollout's example says so; then the word to begin.
pub(crate) async fn begin(stage: &Stage, method: Method, cast: &mut Cast) -> Result<(), Fault> {
    let everything = stage.vendors()?.get("/state").await?;
    for person in everything["people"].as_array().into_iter().flatten() {
        let word = |name: &str| person[name].as_str().unwrap_or_default();
        let name = word("login").split('@').next().unwrap_or_default().replace('.', "-");
        cast.people.insert(word("id").to_owned(), name);
    }
    if method == Method::Group {
        make_groups(stage).await?;
    }
    let (kubectl, name) = (stage.kubectl()?, method.name());
    let example = stage.root.join(format!("examples/rollouts/{name}.yaml"));
    kubectl.run(&["apply", "-f", text(&example)?]).await?;
    let declared = rollout(stage, method).await?;
    let mode = declared["spec"]["mode"].as_str().unwrap_or_default();
    stage.note(&format!("examples/rollouts/{name}.yaml, mode {mode}"));
    if method == Method::Console {
        return click_for_all(stage, &kubectl).await;
    }
    until_it_is(stage, method, ".status.counts.eligible", "2").await?;
    stage.note("the dry run tells who would get what, and every problem; neither vendor was sent anything");
    show(stage, method).await?;
    if !kubectl.run(&["get", "yubikeyshipments", "-o", "name"]).await?.is_empty() {
        return Err(stage.fault("a dry run made a shipment"));
    }
    let order = r#"{"spec": {"mode": "Order"}}"#;
    kubectl.run(&["patch", "yubikeyrollout", name, "--type", "merge", "-p", order]).await?;
    stage.note("mode: Order, the word to begin");
    Ok(())
}

async fn make_groups(stage: &Stage) -> Result<(), Fault> {
    for (name, members) in [
        ("YubiKey 5C NFC", vec!["ann.lee@example.com", "eve.long@example.com"]),
        ("YubiKey 5 NFC", vec!["bob.ray@example.com"]),
    ] {
        stage.vendors()?.post("/groups", json!({"name": name, "members": members})).await?;
    }
    stage.note("the IT admin puts Ann and Eve into the Okta group YubiKey 5C NFC, Bob into YubiKey 5 NFC");
    Ok(())
}

async fn click_for_all(stage: &Stage, kubectl: &Kubectl) -> Result<(), Fault> {
    // What was clicked before the rollout looked is the template's.
    let synced = ["wait", "yubikeyrollout", "console", "--for=condition=Synced", "--timeout=60s"];
    kubectl.run(&synced).await?;
    for (person, product) in [("ann.lee", "29"), ("bob.ray", "1"), ("eve.long", "4711")] {
        click(stage, person, product).await?;
    }
    // One look now; by itself the log is read once a minute.
    let now = format!("fidoprereg.dev/requestedAt={:.0}", testbed::clock::now());
    kubectl.run(&["annotate", "yubikeyrollout", "console", "--overwrite", &now]).await?;
    stage.note(
        "an IT admin clicks Pre-enrolled authenticators → Add for Ann, for Bob, and for Eve with a Product ID nobody knows",
    );
    Ok(())
}

/// The rollout as kubectl shows it, and its problems.
async fn show(stage: &Stage, method: Method) -> Result<(), Fault> {
    println!("\n$ kubectl get yubikeyrollouts --namespace {PEOPLE}");
    print!("{}", stage.kubectl()?.run(&["get", "yubikeyrollouts"]).await?);
    let rollout = rollout(stage, method).await?;
    for problem in rollout["status"]["problems"].as_array().into_iter().flatten() {
        let word = |name: &str| problem[name].as_str().unwrap_or_default();
        let line = format!("{} ({}): {}", word("reason"), problem["total"], word("message"));
        print!("{}", indented(&folded(&line, 110), 7));
    }
    println!();
    Ok(())
}

/// What the rollout says in the end, and why Eve got nothing.
pub(crate) async fn summary(stage: &Stage, method: Method) -> Result<(), Fault> {
    until_it_is(stage, method, ".status.counts.activated", "2").await?;
    show(stage, method).await?;
    show_shipments(stage).await?;
    println!(
        "\nAnn and Bob: ordered for by the rollout, Activated and signed in. Eve: no shipment, see above."
    );
    let made = stage.kubectl()?.run(&["get", "yubikeyshipments", "-o", "name"]).await?;
    if made.lines().count() != 2 {
        return Err(stage.fault("there are not two shipments"));
    }
    Ok(())
}
