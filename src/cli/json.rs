//! Log lines for machines: one object a line. What a line says stands at the top, what it is about under `span`: the
//! fields of all spans around it in one object, so that `.span.id` is the shipment's wherever the line comes from.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use system::clock;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

/// The form of a line.
#[derive(Debug, Clone, Copy)]
pub struct Lines;

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    target: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    span: Map<String, Value>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // Libraries that log otherwise bring their own target as a field.
        let target = fields.0.remove("log.target");
        fields.0.retain(|name, _| !name.starts_with("log."));
        let line = Line {
            timestamp: format!("{:.6}", clock::now()),
            level: event.metadata().level().as_str(),
            target: target.as_ref().and_then(Value::as_str).unwrap_or(event.metadata().target()),
            fields: fields.0,
            span: around(context),
        };
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

/// A fault of the process as a line of its own: said at every level, and where there is no logger yet.
#[must_use]
pub fn fault(message: &str) -> String {
    let line = Line {
        timestamp: format!("{:.6}", clock::now()),
        level: "ERROR",
        target: env!("CARGO_CRATE_NAME"),
        fields: Map::from_iter([("message".to_owned(), message.into())]),
        span: Map::new(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// The fields of all spans around the line; of two with one name the inner one's.
fn around<S, N>(context: &FmtContext<'_, S, N>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    let mut all = Map::new();
    let Some(scope) = context.event_scope() else { return all };
    for span in scope.from_root() {
        let extensions = span.extensions();
        let text = extensions.get::<FormattedFields<N>>().map_or("", |formatted| formatted.fields.as_str());
        if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
            all.extend(fields);
        }
    }
    all
}

/// The fields of an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            // These stand at the top already.
            taken @ ("timestamp" | "level" | "target" | "span") => format!("{taken}_"),
            name => name.to_owned(),
        };
        self.0.insert(name, value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }
}
