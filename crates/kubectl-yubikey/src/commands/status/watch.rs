//! `status --watch`: the same again at each change.

use std::time::Duration;

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use futures::{Stream, StreamExt as _, stream};
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
    runtime::{WatchStreamExt as _, watcher},
};

use super::{overview::read, render::shown};
use crate::{
    cluster::Cluster,
    fault::{Exit, Result},
    terminal::Terminal,
};

/// Changes that come together are shown together.
const TOGETHER: Duration = Duration::from_millis(300);
/// Changes that one look answers.
const AT_ONCE: usize = 1024;
/// Times that are shown grow old without a change.
const ANYWAY: Duration = Duration::from_mins(1);

/// Shows it until Ctrl-C, which the caller waits for.
pub async fn run(cluster: &Cluster, name: Option<&str>, terminal: &mut Terminal) -> Result<Exit> {
    let mut changes = stream::select(changes::<YubiKeyShipment>(cluster), changes::<YubiKeyRollout>(cluster))
        .ready_chunks(AT_ONCE);
    let mut before = String::new();
    loop {
        let overview = read(cluster, name, terminal).await?;
        let text = shown(cluster, &overview, terminal);
        if terminal.screen {
            // Clears the screen and begins at its top.
            terminal.print(&format!("\u{1b}[2J\u{1b}[H{text}"))?;
        } else if text != before {
            let gap = if before.is_empty() { "" } else { "---\n" };
            terminal.print(&format!("{gap}{text}"))?;
        }
        before = text;
        // No change within the time is a reason to show the times anew.
        let _ = tokio::time::timeout(ANYWAY, changes.next()).await;
        tokio::time::sleep(TOGETHER).await;
    }
}

/// One item for each change of a kind. Objects are not decoded: a strange one is a change too.
fn changes<K>(cluster: &Cluster) -> impl Stream<Item = ()> + use<K> + Unpin
where
    K: kube::Resource<DynamicType = ()>,
{
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match &cluster.scope {
        Some(namespace) => Api::namespaced_with(cluster.client.clone(), namespace, &resource),
        None => Api::all_with(cluster.client.clone(), &resource),
    };
    // A failed watch is begun again; meanwhile the time alone shows it anew.
    let events = watcher(api, watcher::Config::default()).default_backoff();
    Box::pin(events.filter_map(async |event| match event {
        Ok(watcher::Event::Apply(_) | watcher::Event::Delete(_) | watcher::Event::InitDone) => Some(()),
        Ok(_) | Err(_) => None,
    }))
}
