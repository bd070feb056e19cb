//! Objects that are awaited.

use std::{
    fmt::{self, Debug},
    panic::Location,
    time::Duration,
};

use kube::{Api, Resource};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Deadline, Result, Timeout, condition, events};

/// Waits for something to be true of one object.
///
/// A request that fails is repeated until the deadline, so that a test may stop the API server meanwhile; the last
/// failure is in the report.
#[must_use = "nothing is waited for before one of the `until` methods is called"]
pub struct Wait<K> {
    api: Api<K>,
    name: String,
    duration: Duration,
    at: &'static Location<'static>,
}

/// Waits for something to be true of the object `name`: see [`Wait`].
#[track_caller]
pub fn wait<K: Clone>(api: &Api<K>, name: &str) -> Wait<K> {
    Wait { api: api.clone(), name: name.to_owned(), duration: Deadline::DEFAULT, at: Location::caller() }
}

impl<K: Resource + Clone + Debug + DeserializeOwned + Serialize> Wait<K> {
    /// Gives up after that long; otherwise after [`Deadline::DEFAULT`].
    pub fn within(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Waits until the object is there and this holds of it. `what` says it in words, for the report.
    ///
    /// # Errors
    /// [`Error::Timeout`](crate::Error::Timeout): it tells the last state of the object and its Events.
    pub async fn until(self, what: &str, holds: impl Fn(&K) -> bool) -> Result<K> {
        self.look(what, |object| object.filter(|object| holds(object))).await
    }

    /// Waits until a condition of `status.conditions` has this status: `"True"`, `"False"` or `"Unknown"`.
    ///
    /// Where the condition tells an `observedGeneration`, it must be that of the object: what was said of an older spec
    /// does not count.
    ///
    /// # Errors
    /// As [`Wait::until`].
    pub async fn until_condition(self, kind: &str, status: &str) -> Result<K> {
        self.until(&format!("condition {kind} is {status}"), |object| condition::is(object, kind, status))
            .await
    }

    /// Waits until the object is not there.
    ///
    /// # Errors
    /// As [`Wait::until`].
    pub async fn until_gone(self) -> Result<()> {
        self.look("it is gone", |object| object.is_none().then_some(())).await
    }

    async fn look<T>(&self, what: &str, met: impl Fn(Option<K>) -> Option<T>) -> Result<T> {
        let deadline = Deadline::after(self.duration);
        let mut last = None;
        let met = deadline.ask(async || {
            let answer = self.api.get_opt(&self.name).await;
            let met = answer.as_ref().ok().and_then(|object| met(object.clone()));
            last = Some(answer);
            met
        });
        match met.await {
            Some(met) => Ok(met),
            None => Err(Box::new(self.missed(what, deadline.elapsed(), last).await).into()),
        }
    }

    async fn missed(&self, what: &str, waited: Duration, last: Option<kube::Result<Option<K>>>) -> Timeout {
        let mut timeout = Timeout::of(what, waited, self.at);
        timeout.object = format!("{}/{}", self.api.resource_url(), self.name);
        // A short deadline may have passed before there was any answer.
        let last = match last {
            Some(last) => Ok(last),
            None => tokio::time::timeout(events::PATIENCE, self.api.get_opt(&self.name)).await,
        };
        match last {
            Ok(Ok(object)) => timeout.last = object.as_ref().map(readable),
            Ok(Err(error)) => timeout.problem = Some(error.to_string()),
            Err(_) => timeout.problem = Some("no answer".to_owned()),
        }
        let client = self.api.clone().into_client();
        timeout.events = events::lines(client, &self.name, timeout.last.as_ref()).await;
        timeout
    }
}

fn readable(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let Some(metadata) = value.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    value
}

impl<K> Debug for Wait<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("name", &self.name)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}
