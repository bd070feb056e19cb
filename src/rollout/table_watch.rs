//! A changed table has its rollout looked at, at once: of each `ConfigMap` that a rollout was read from, the next change
//! is waited for.

use std::{sync::Arc, time::Duration};

use api::rollout::YubiKeyRollout;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, ResourceExt,
    api::{PartialObjectMeta, WatchEvent, WatchParams},
    runtime::reflector::ObjectRef,
};

use crate::context::Context;

/// Where the operator may read the `ConfigMap` and not watch it, as in an older installation, it is asked for so often.
const ASKED: Duration = Duration::from_secs(15);

/// Waits for the next change of a `ConfigMap` after this version of it (`None`: it is not there), unless somebody waits
/// already, and has the rollout looked at then.
pub fn follow(ctx: &Arc<Context>, rollout: &YubiKeyRollout, name: &str, version: Option<String>) {
    let uid = rollout.uid().unwrap_or_default();
    if !ctx.rollout_memory.tables.begin_following(&uid) {
        return;
    }
    let object = ObjectRef::from_obj(rollout);
    let api = Api::namespaced(ctx.client.clone(), &rollout.namespace().unwrap_or_default());
    let (ctx, name) = (Arc::clone(ctx), name.to_owned());
    ctx.tasks.clone().spawn(async move {
        let waited = ctx.tasks.unless_closing(changed(&ctx, &object, &api, &name, version)).await;
        let has_changed = waited == Some(true);
        ctx.rollout_memory.tables.end_following(&uid, has_changed);
        if has_changed {
            tracing::info!(name, "the table of a rollout changed");
            // False: the rollout is gone.
            let _ = ctx.rollouts.wake(&object);
        }
    });
}

/// True once it has changed; false if nobody reads it any more.
async fn changed(
    ctx: &Context,
    object: &ObjectRef<YubiKeyRollout>,
    api: &Api<ConfigMap>,
    name: &str,
    version: Option<String>,
) -> bool {
    loop {
        if !is_read(ctx, object, name) {
            return false;
        }
        if !has_event(api, name, version.as_deref()).await {
            tokio::time::sleep(ASKED).await;
        }
        // Asked for again also after an event: a watch may begin with the object as it was.
        if let Ok(found) = api.get_metadata_opt(name).await
            && found.as_ref().and_then(ResourceExt::resource_version) != version
        {
            return true;
        }
    }
}

/// Does the rollout still take its people from there?
fn is_read(ctx: &Context, object: &ObjectRef<YubiKeyRollout>, name: &str) -> bool {
    ctx.rollouts.get(object).is_some_and(|rollout| {
        let users = rollout.spec.source.users.as_ref();
        users.and_then(|users| users.config_map.as_ref()).is_some_and(|place| place.name == name)
    })
}

/// Waits for an event, or for the watch to end by itself. False: it cannot be watched.
async fn has_event(api: &Api<ConfigMap>, name: &str, version: Option<&str>) -> bool {
    let only = WatchParams::default().fields(&format!("metadata.name={name}"));
    let Ok(events) = api.watch_metadata(&only, version.unwrap_or("0")).await else { return false };
    let mut events = events.boxed();
    loop {
        match events.try_next().await {
            Ok(Some(WatchEvent::Bookmark(_))) => {}
            Ok(Some(WatchEvent::Error(_))) | Err(_) => return false,
            Ok(Some(event)) if version.is_some() || is_there(&event) => return true,
            Ok(Some(_)) => {}
            Ok(None) => return true,
        }
    }
}

const fn is_there(event: &WatchEvent<PartialObjectMeta<ConfigMap>>) -> bool {
    matches!(event, WatchEvent::Added(_) | WatchEvent::Modified(_))
}
