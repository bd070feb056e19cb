//! Events, as reports and tests read them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::{Api, Client, api::ListParams};
use serde_json::Value;

/// Longest that a report waits for an answer: an API server that does not answer may be what is reported.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A line for each Event about an object, oldest first.
pub(crate) async fn lines(client: Client, name: &str, object: Option<&Value>) -> Vec<String> {
    let text = |pointer: &str| object.and_then(|object| object.pointer(pointer)).and_then(Value::as_str);
    let mut selector = format!("involvedObject.name={name}");
    for (field, pointer) in [("uid", "/metadata/uid"), ("namespace", "/metadata/namespace")] {
        if let Some(value) = text(pointer) {
            selector = format!("{selector},involvedObject.{field}={value}");
        }
    }
    match tokio::time::timeout(PATIENCE, about(&Api::all(client), &selector)).await {
        Ok(Ok(events)) => events.iter().map(line).collect(),
        Ok(Err(error)) => vec![format!("they cannot be read: {error}")],
        Err(_) => vec![format!("they cannot be read: no answer within {PATIENCE:?}")],
    }
}

/// The Events that a field selector selects, oldest first.
pub(crate) async fn about(api: &Api<Event>, selector: &str) -> kube::Result<Vec<Event>> {
    let mut events = api.list(&ListParams::default().fields(selector)).await?.items;
    events.sort_by_key(|event| event.metadata.creation_timestamp.clone().map(|time| time.0));
    Ok(events)
}

fn line(event: &Event) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let times = event.series.as_ref().and_then(|series| series.count).or(event.count);
    let times = times.filter(|count| *count > 1).map(|count| format!(" ({count} times)")).unwrap_or_default();
    format!("{} {}{times}: {}", text(&event.type_), text(&event.reason), text(&event.message))
}
