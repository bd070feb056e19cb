//! Live: a stream that says "something changed". The page then asks for itself again, so that what is shown is made in
//! one place, under the caller's rights of that moment.

use std::{convert::Infallible, sync::Arc, time::Duration};

use api::{decision::YubiKeyDecision, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{
    FutureExt as _, Stream, StreamExt as _,
    stream::{self, BoxStream},
};
use kube::{
    Api, Client, Resource,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        WatchStreamExt as _,
        watcher::{self, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};

use crate::{context, problem::Problem, settings::Settings};

/// Streams at a time: each holds some watches at the API server.
const MOST: usize = 200;

/// What comes together is told once.
const TOGETHER: Duration = Duration::from_millis(300);

/// How often an open stream shows that it lives.
const ALIVE: Duration = Duration::from_secs(20);

/// What streams share.
#[derive(Clone)]
pub struct Live {
    places: Arc<Semaphore>,
    ends: watch::Receiver<bool>,
}

impl Live {
    /// `ends`: turns true when all of them end.
    pub fn new(ends: watch::Receiver<bool>) -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), ends }
    }
}

/// Tells the page of changes, as server-sent events, until the browser goes away or the process ends.
pub async fn stream(
    State(settings): State<Arc<Settings>>,
    Extension(live): Extension<Live>,
    request: Request,
) -> Response {
    match open(&settings, live, request) {
        Ok(events) => Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn open(
    settings: &Settings,
    live: Live,
    request: Request,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + use<>, Problem> {
    let (parts, _) = request.into_parts();
    let client = context::caller_of(&parts)?.client;
    let scope = context::scope(&parts, settings)?.namespace;
    let place = live.places.try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are open at a time to follow changes live.",
            "Reload the page to see what changed.",
        )
    })?;
    let kinds = [
        changes::<YubiKeyShipment>(&client, scope.as_deref()),
        changes::<YubiKeyRollout>(&client, scope.as_deref()),
        changes::<YubiKeyDecision>(&client, scope.as_deref()),
    ];
    let told = together(stream::select_all(kinds)).map(|()| Event::default().event("changed").data("1"));
    // Nobody may be watched any more: the page is told not to come again.
    let told = told.chain(stream::once(async { Event::default().event("denied").data("1") }));
    let mut ends = live.ends;
    let end = async move {
        // An error means that whoever would say so is gone.
        let _ = ends.wait_for(|over| *over).await;
    };
    Ok(told.take_until(Box::pin(end)).map(move |event| {
        let _held = &place;
        Ok(event)
    }))
}

/// One item for each change of a kind; it ends where the caller may not watch it.
fn changes<K>(client: &Client, scope: Option<&str>) -> BoxStream<'static, ()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    // Only metadata: nothing of it is shown.
    let api: Api<PartialObjectMeta<K>> = match scope {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let allowed = events.take_while(|event| {
        let refused = event.as_ref().err().is_some_and(is_refused);
        async move { !refused }
    });
    let changed = allowed.filter_map(async |event| match event {
        Ok(watcher::Event::Apply(_) | watcher::Event::Delete(_) | watcher::Event::InitDone) => Some(()),
        // It is tried again by itself.
        Ok(watcher::Event::Init | watcher::Event::InitApply(_)) | Err(_) => None,
    });
    changed.boxed()
}

fn is_refused(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(kube::Error::Api(status))
    | watcher::Error::WatchStartFailed(kube::Error::Api(status))
    | watcher::Error::WatchError(status)) = error
    else {
        return false;
    };
    [401, 403].contains(&status.code)
}

/// The same, with a pause after the first of several.
fn together(changes: impl Stream<Item = ()> + Unpin) -> impl Stream<Item = ()> {
    stream::unfold(changes, async |mut changes| {
        changes.next().await?;
        tokio::time::sleep(TOGETHER).await;
        while changes.next().now_or_never().flatten().is_some() {}
        Some(((), changes))
    })
}
