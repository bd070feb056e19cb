//! One call within its limit, and what is told of one that stays silent.

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    body::Body as Answered,
    http::{Method, Request, Response},
};
use kube::client::Body;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use thiserror::Error;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    pool::Pool,
    watching::{self, is_watch},
};
use crate::readiness::Readiness;

/// The answer did not come.
#[derive(Debug, Error)]
#[error("the API server did not answer within {} s", tenths(*.0))]
pub struct Silent(Duration);

/// The call was not sent: those before it got no answers.
#[derive(Debug, Error)]
#[error("the API server is slow: the call got no turn within {} s and was not sent", tenths(*.0))]
pub struct NoTurn(Duration);

/// What `/readyz?verbose` calls it.
pub(super) const NAME: &str = "API server";

type Fault = Box<dyn Error + Send + Sync>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    call: &'static str,
}

/// Seconds, as exactly as a person reads them.
fn tenths(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

/// Counts calls of the API server that stayed silent.
#[derive(Debug, Default)]
pub struct Silences(Family<Labels, Counter>);

/// What a call is, for the metric.
const CALLS: [&str; 3] = ["read", "write", "watch"];

impl Silences {
    /// Shows the counters from the start, so that the first silence is an increase.
    pub fn register(&self, registry: &mut Registry) {
        for call in CALLS {
            drop(self.0.get_or_create(&Labels { call }));
        }
        registry.register(
            "api_server_timeouts",
            "Calls of the Kubernetes API server that got no answer in time, and watches that went silent",
            self.0.clone(),
        );
    }

    fn count(&self, call: &'static str) {
        self.0.get_or_create(&Labels { call }).inc();
    }
}

/// Tells of silence, and of its end.
#[derive(Debug)]
pub(super) struct Teller {
    silences: Arc<Silences>,
    readiness: Readiness,
}

impl Teller {
    pub(super) const fn new(silences: Arc<Silences>, readiness: Readiness) -> Self {
        Self { silences, readiness }
    }

    fn answered(&self) {
        self.readiness.has(NAME);
    }

    pub(super) fn silent(&self, call: &'static str, path: &str, waited: Duration) {
        self.silences.count(call);
        let why = format!("a {call} got no answer within {} s", tenths(waited));
        let _ = self.readiness.lacks(NAME, &why);
        tracing::warn!(call, path, waited_seconds = tenths(waited), "the API server is silent");
    }
}

/// Waits for a turn. Half of the limit is left for the call itself.
async fn turn(turns: Option<Arc<Semaphore>>, limit: Duration) -> Result<Option<OwnedSemaphorePermit>, Fault> {
    let Some(turns) = turns else { return Ok(None) };
    match tokio::time::timeout(limit / 2, turns.acquire_owned()).await {
        Ok(permit) => Ok(permit.ok()),
        Err(_) => Err(Box::new(NoTurn(limit / 2))),
    }
}

/// Sends a call once it is its turn. The limit holds for the whole answer; a watch only has to begin within it, and
/// takes nobody's turn.
pub(super) async fn send(
    pool: Arc<Pool>,
    teller: Arc<Teller>,
    turns: Option<Arc<Semaphore>>,
    request: Request<Body>,
    limit: Duration,
) -> Result<Response<Answered>, Fault> {
    let watch = is_watch(request.uri());
    let deadline = Instant::now() + limit;
    let _turn = turn(turns.filter(|_| watch.is_none()), limit).await?;
    // What was spent on the turn is no silence of the server.
    let left = deadline.saturating_duration_since(Instant::now());
    let call = match *request.method() {
        _ if watch.is_some() => "watch",
        Method::GET | Method::HEAD => "read",
        _ => "write",
    };
    let path = request.uri().path().to_owned();
    let connections = pool.current();
    let answer = async {
        let answer = connections.client.send(request).await?;
        if watch.is_some() {
            return Ok(answer.map(Answered::new));
        }
        let (head, body) = answer.into_parts();
        Ok::<_, kube::Error>(Response::from_parts(head, Answered::from(body.collect_bytes().await?)))
    };
    let Ok(answer) = tokio::time::timeout_at(deadline, answer).await else {
        teller.silent(call, &path, left);
        pool.replace(&connections);
        return Err(Box::new(Silent(left)));
    };
    let answer = answer?;
    teller.answered();
    let Some(length) = watch else { return Ok(answer) };
    let silent = move |waited| {
        teller.silent(call, &path, waited);
        pool.replace(&connections);
    };
    Ok(answer.map(|body| watching::given_up_when_silent(body, length, silent)))
}
