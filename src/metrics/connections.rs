//! What is known of each connection, kept until it is read: stock, expiry of credentials, time to activation and to the
//! first use.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, histogram::Histogram},
    registry::Unit,
};

/// The only credential whose end can be known: keys of Okta apps do not expire.
const YUBICO_TOKEN: &str = "yubico-api-token";

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// Of all connections, by uid: one that was made again begins anew.
#[derive(Debug, Default)]
pub struct Connections(Mutex<BTreeMap<String, Known>>);

#[derive(Debug)]
struct Known {
    stock: Vec<(String, i64)>,
    low_stock: Vec<(String, u32)>,
    expiry: Option<Timestamp>,
    activation: Histogram,
    first_use: Histogram,
}

impl Default for Known {
    fn default() -> Self {
        // A parcel within a city to one that customs keeps.
        let days = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 28.0, 42.0, 60.0].map(|days| days * DAY);
        let hours = [HOUR, 6.0 * HOUR, 12.0 * HOUR];
        // Looked for once a day, and not beyond three months.
        let used = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 28.0, 42.0, 60.0, 90.0].map(|days| days * DAY);
        Self {
            stock: Vec::new(),
            low_stock: Vec::new(),
            expiry: None,
            activation: Histogram::new(hours.into_iter().chain(days)),
            first_use: Histogram::new(used),
        }
    }
}

impl Connections {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the keys left for each model of the connection, as just read; a model that is not named has no number.
    pub fn set_stock(&self, uid: &str, stock: Vec<(String, i64)>) {
        self.all().entry(uid.to_owned()).or_default().stock = stock;
    }

    /// Sets the mark of each model, `keys[].lowStock` or its default: with fewer keys, `StockSufficient` is False.
    pub fn set_low_stock(&self, uid: &str, marks: Vec<(String, u32)>) {
        self.all().entry(uid.to_owned()).or_default().low_stock = marks;
    }

    /// Sets when the connection's token of `YubiEnterprise` expires (UTC); `None` is not known.
    pub fn set_expiry(&self, uid: &str, at: Option<Timestamp>) {
        self.all().entry(uid.to_owned()).or_default().expiry = at;
    }

    /// Counts the time from the accepted order to the activation of one credential.
    pub fn observe_activation(&self, uid: &str, took: Duration) {
        self.all().entry(uid.to_owned()).or_default().activation.observe(took.as_secs_f64());
    }

    /// Counts the time from the delivery of one key to its first use, as it was seen.
    pub fn observe_first_use(&self, uid: &str, took: Duration) {
        self.all().entry(uid.to_owned()).or_default().first_use.observe(took.as_secs_f64());
    }

    /// Writes the series of the connections that exist, by name and uid, and forgets the others. What was read while this process led
    /// is left out once it does not lead any more: another one reads it by then.
    ///
    /// # Errors
    /// If the text cannot be written.
    pub fn encode(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        existing: &BTreeMap<String, String>,
        leads: bool,
    ) -> fmt::Result {
        let mut kept = self.all();
        kept.retain(|uid, _| existing.values().any(|known| known == uid));
        for uid in existing.values() {
            kept.entry(uid.clone()).or_default();
        }
        let all: BTreeMap<&str, &Known> =
            existing.iter().filter_map(|(name, uid)| Some((name.as_str(), kept.get(uid)?))).collect();
        if leads {
            encode_stock(encoder, &all)?;
            encode_low_stock(encoder, &all)?;
            encode_expiry(encoder, &all)?;
        }
        let help = "Time from the accepted order to the activation, counted once for each credential.";
        encode_times(encoder, &all, ("order_to_activation", help), |known| &known.activation)?;
        let help =
            "Time from the delivery of a key to its first use, as it was seen, counted once for each key.";
        encode_times(encoder, &all, ("delivery_to_first_use", help), |known| &known.first_use)
    }
}

fn encode_stock(encoder: &mut DescriptorEncoder<'_>, all: &BTreeMap<&str, &Known>) -> fmt::Result {
    if all.values().all(|known| known.stock.is_empty()) {
        return Ok(());
    }
    let help = "Keys left at YubiEnterprise for each model of a connection, as last read.";
    let mut family = encoder.encode_descriptor("stock", help, None, MetricType::Gauge)?;
    for (connection, known) in all {
        for (model, left) in &known.stock {
            let labels = [("connection", *connection), ("model", model.as_str())];
            family.encode_family(&labels)?.encode_gauge(left)?;
        }
    }
    Ok(())
}

fn encode_low_stock(encoder: &mut DescriptorEncoder<'_>, all: &BTreeMap<&str, &Known>) -> fmt::Result {
    if all.values().all(|known| known.low_stock.is_empty()) {
        return Ok(());
    }
    let help = "Fewer keys of the model than this are too few, as the connection says in keys[].lowStock.";
    let mut family = encoder.encode_descriptor("stock_low_threshold", help, None, MetricType::Gauge)?;
    for (connection, known) in all {
        for (model, mark) in &known.low_stock {
            let labels = [("connection", *connection), ("model", model.as_str())];
            family.encode_family(&labels)?.encode_gauge(&i64::from(*mark))?;
        }
    }
    Ok(())
}

fn encode_expiry(encoder: &mut DescriptorEncoder<'_>, all: &BTreeMap<&str, &Known>) -> fmt::Result {
    if all.values().all(|known| known.expiry.is_none()) {
        return Ok(());
    }
    let help = "When a credential of a connection expires, in seconds since 1970, where that is known.";
    let (name, unit) = ("credential_expiry_timestamp", Unit::Seconds);
    let mut family = encoder.encode_descriptor(name, help, Some(&unit), MetricType::Gauge)?;
    for (connection, known) in all {
        let Some(at) = known.expiry else { continue };
        let labels = [("connection", *connection), ("credential", YUBICO_TOKEN)];
        family.encode_family(&labels)?.encode_gauge(&at.as_second())?;
    }
    Ok(())
}

fn encode_times(
    encoder: &mut DescriptorEncoder<'_>,
    all: &BTreeMap<&str, &Known>,
    (name, help): (&str, &str),
    of: fn(&Known) -> &Histogram,
) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for (connection, known) in all {
        let labels = [("connection", *connection)];
        of(known).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prometheus_client::{collector::Collector, encoding::text::encode, registry::Registry};

    use super::*;

    #[derive(Debug)]
    struct Fixed(Arc<Connections>, BTreeMap<String, String>, bool);

    impl Collector for Fixed {
        fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
            self.0.encode(&mut encoder, &self.1, self.2)
        }
    }

    /// `existing`: names, which are uids as well unless both are told.
    fn read(known: &Arc<Connections>, existing: &[&str], leads: bool) -> String {
        let both = |text: &&str| match text.split_once('=') {
            Some((name, uid)) => (name.to_owned(), uid.to_owned()),
            None => ((*text).to_owned(), (*text).to_owned()),
        };
        let mut registry = Registry::default();
        let existing = existing.iter().map(both).collect();
        registry.register_collector(Box::new(Fixed(Arc::clone(known), existing, leads)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
    }

    fn known() -> Arc<Connections> {
        let known = Arc::new(Connections::default());
        for name in ["a", "b"] {
            known.set_stock(name, vec![("5c".to_owned(), 7), ("5n".to_owned(), 0)]);
            known.set_low_stock(name, vec![("5c".to_owned(), 20)]);
            known.set_expiry(name, Some(Timestamp::from_second(1_900_000_000).unwrap()));
            known.observe_activation(name, Duration::from_secs(50_000));
            known.observe_first_use(name, Duration::from_secs(200_000));
        }
        known
    }

    #[test]
    fn a_deleted_connection_leaves_no_series() {
        let known = known();
        assert!(read(&known, &["a", "b"], true).contains(r#"stock{connection="b",model="5n"} 0"#));
        let after = read(&known, &["a"], true);
        assert!(after.contains(r#"stock{connection="a",model="5c"} 7"#), "{after}");
        assert!(!after.contains(r#""b""#), "{after}");
        let again = read(&known, &["a", "b"], true);
        assert!(again.contains(r#"order_to_activation_seconds_count{connection="b"} 0"#), "{again}");
    }

    #[test]
    fn a_connection_that_was_made_again_begins_anew() {
        let known = known();
        let again = read(&known, &["a=another"], true);
        assert!(!again.contains("stock{") && !again.contains("expiry"), "{again}");
        assert!(again.contains(r#"order_to_activation_seconds_count{connection="a"} 0"#), "{again}");
    }

    #[test]
    fn what_only_a_leader_reads_is_told_by_the_leader_only() {
        let known = known();
        let told =
            r#"credential_expiry_timestamp_seconds{connection="a",credential="yubico-api-token"} 1900000000"#;
        assert!(read(&known, &["a"], true).contains(told));
        let mark = r#"stock_low_threshold{connection="a",model="5c"} 20"#;
        assert!(read(&known, &["a"], true).contains(mark));
        let standby = read(&known, &["a"], false);
        assert!(!standby.contains("stock") && !standby.contains("expiry"), "{standby}");
        let bucket = r#"order_to_activation_seconds_bucket{le="86400.0",connection="a"} 1"#;
        assert!(standby.contains(bucket), "{standby}");
        let used = r#"delivery_to_first_use_seconds_bucket{le="259200.0",connection="a"} 1"#;
        assert!(standby.contains(used), "{standby}");
    }

    #[test]
    fn an_expiry_that_is_not_known_any_more_is_not_told() {
        let known = known();
        known.set_expiry("a", None);
        assert!(!read(&known, &["a"], true).contains("expiry"));
    }
}
