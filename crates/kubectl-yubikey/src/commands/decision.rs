//! A decision in one's own name: made with one call, then followed until the operator took it up.

use std::time::Duration;

use api::decision::YubiKeyDecision;
use clap::Args;
use kube::{Api, ResourceExt as _, runtime::wait};

pub use crate::view::decision::Draft;
use crate::{
    cluster::Cluster,
    fault::{Fault, Result},
    terminal::Terminal,
    view::decision::{check_reason, reply},
};

/// How a decision is given.
#[derive(Debug, Clone, Args)]
pub struct Giving {
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Do not ask; for scripts
    #[arg(short, long)]
    pub yes: bool,
    /// How many seconds to wait for the operator's reply; 0: do not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u64,
}

impl Giving {
    /// Does it fit into a decision?
    ///
    /// # Errors
    /// If the reason does not.
    pub fn check(&self) -> Result<()> {
        check_reason("--reason", self.reason.as_deref())
    }
}

/// Gives a decision and tells what became of it.
///
/// # Errors
/// If it may not be given, or the operator declined it.
pub async fn give(cluster: &Cluster, draft: &Draft, giving: &Giving, terminal: &Terminal) -> Result<()> {
    giving.check()?;
    let made = draft.give(&cluster.client, giving.reason.as_deref()).await?;
    let api: Api<YubiKeyDecision> = cluster.of_namespace(&draft.namespace);
    let (name, namespace) = (made.name_any(), &draft.namespace);
    terminal.print(&format!("yubikeydecision/{name} created\n"))?;
    if giving.wait == 0 {
        return Ok(());
    }
    let answered = wait::await_condition(api, &name, |decision: Option<&YubiKeyDecision>| {
        decision.is_none_or(|decision| reply(decision).is_some())
    });
    let limit = Duration::from_secs(giving.wait);
    let Ok(answered) = tokio::time::timeout(limit, answered).await else {
        terminal.warn(&format!(
            "the decision is made, and the operator did not reply within {} s; see `kubectl get ykd {name} -n {namespace}`",
            giving.wait
        ));
        return Ok(());
    };
    let answered = answered.map_err(|error| {
        Fault::new(
            format!("the decision is made, and its fate cannot be watched: {error}"),
            format!("see `kubectl get ykd {name} -n {namespace}`; do not decide again before"),
        )
    })?;
    match answered.as_ref().and_then(reply) {
        Some(("False", message)) => Err(Fault::new(
            format!("declined: {message}"),
            format!("see `kubectl yubikey status {} -n {namespace}`", draft.object),
        )),
        Some((_, message)) => {
            terminal.tell(&format!("Accepted. {message}"));
            Ok(())
        }
        // Whoever removed it meanwhile knows why.
        None => Err(Fault::new(
            "the decision was removed before it was taken up",
            format!("see `kubectl yubikey status {} -n {namespace}`", draft.object),
        )),
    }
}
