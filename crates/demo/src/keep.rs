//! Everything stays up, and what can be done with it.

use std::{io::IsTerminal as _, time::Duration};

use testbed::{
    install::{ACCOUNT, SYSTEM},
    setup::Fault,
};

use crate::{
    cli::Method,
    cluster,
    road::Cast,
    stage::{PEOPLE, Stage},
};

/// How often it is looked whether all still runs.
const GLANCE: Duration = Duration::from_secs(1);

/// Says what to look at in another terminal.
pub(crate) fn explain(stage: &Stage, method: Option<Method>, cast: &Cast) {
    let kubeconfig = match &stage.cluster {
        Some(cluster) if !stage.current => cluster.kubeconfig_file().display().to_string(),
        _ => cluster::kubeconfig().to_string_lossy().into_owned(),
    };
    let tools = stage.tools.display();
    let by_kubectl = if stage.current {
        format!("kubectl get events --namespace {PEOPLE}")
    } else {
        format!("kubectl logs --namespace {SYSTEM} deployment/{ACCOUNT} --follow")
    };
    let (advice, asked) = match method {
        None => (
            "Correct Eve's profile, ask for a look now, and her key goes the same road:",
            "yubikeyshipment eve-long".to_owned(),
        ),
        Some(method) => ("Correct Eve's profile:", format!("yubikeyrollout {}", method.name())),
    };
    let control = stage.vendors.as_ref().map_or("", |vendors| vendors.told("control"));
    println!(
        "
Everything stays up. In another terminal:

  export KUBECONFIG={kubeconfig} PATH={tools}:$PATH
  kubectl get yubikeyshipments --namespace {PEOPLE} -o wide
  kubectl describe yubikeyshipment {ann} --namespace {PEOPLE}
  kubectl explain yubikeyshipment.spec
  {by_kubectl}

{advice}

  curl {control}/people/eve.long@example.com --data '{{\"profile\": {{
    \"firstName\": \"Eve\", \"lastName\": \"Long\", \"organization\": \"Example Inc\", \"primaryPhone\": \"+1 617-555-0199\",
    \"streetAddress\": \"12345 Old Post Road\", \"city\": \"Cambridge\", \"state\": \"MA\"}}}}'
  kubectl annotate {asked} --namespace {PEOPLE} --overwrite fidoprereg.dev/requestedAt=\"$(date)\"
  kubectl get yubikeyshipments --namespace {PEOPLE} --watch

  what the vendors see: people, parcels, the outbox   {control}
  what the operator does                              {log}
  its metrics                                         http://{listen}/metrics
",
        ann = cast.shipment("ann-lee"),
        log = stage.operator_log.display(),
        listen = stage.listen,
    );
}

/// Until somebody presses Enter, where somebody can; else until a signal.
pub(crate) async fn until_enter(stage: &mut Stage) -> Result<(), Fault> {
    let somebody = std::io::stdin().is_terminal();
    if somebody {
        println!("Enter or Ctrl-C ends it, and so does make demo-stop.");
    } else {
        println!("make demo-stop ends it.");
    }
    let enter = async {
        if somebody {
            let line = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
            let _ = line.await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let mut look = tokio::time::interval(GLANCE);
    tokio::pin!(enter);
    loop {
        tokio::select! {
            () = &mut enter => return Ok(()),
            _ = look.tick() => stage.check_alive()?,
        }
    }
}
