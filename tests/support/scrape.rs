//! What `/metrics` says, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

/// The prefix of all our metrics.
pub const PREFIX: &str = "yubikey_shipment_operator_";

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Without our prefix.
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
    /// The value as it is written.
    written: String,
}

/// One scrape.
#[derive(Debug)]
pub struct Scrape {
    pub text: String,
    /// Of each family without our prefix, as `# TYPE` says it.
    pub types: BTreeMap<String, String>,
    pub samples: Vec<Sample>,
}

impl Scrape {
    /// Reads a scrape of either form.
    pub fn of(text: &str) -> Self {
        let mut scrape = Self { text: text.to_owned(), types: BTreeMap::new(), samples: Vec::new() };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                let before = scrape.types.insert(ours(name), kind.to_owned());
                assert_eq!(before, None, "{name} stands twice");
            } else if !line.starts_with('#') {
                scrape.samples.push(sample(line));
            }
        }
        scrape
    }

    /// The value of one series; the labels as `name=value`.
    pub fn value(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let wanted: BTreeMap<_, _> = labels.iter().map(|label| label.split_once('=').unwrap()).collect();
        let is = |sample: &&Sample| {
            let own: BTreeMap<_, _> = sample.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            sample.name == name && own == wanted
        };
        self.samples.iter().find(is).map(|sample| sample.value)
    }

    /// The sum over all series of a name that counts something.
    pub fn count(&self, name: &str) -> usize {
        let of_it = self.samples.iter().filter(|sample| sample.name == name);
        of_it.map(|sample| sample.written.parse::<usize>().expect("a whole number")).sum()
    }

    /// Names of samples to the names of their labels, by which documentation and reality are compared: of a histogram
    /// the family's name, of a counter with `_total`, of an info with `_info`.
    pub fn documented_form(&self) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let mut form = BTreeMap::new();
        for (family, kind) in &self.types {
            let (name, suffixes): (_, &[&str]) = match kind.as_str() {
                "counter" => (format!("{family}_total"), &["_total"]),
                "info" => (format!("{family}_info"), &["_info"]),
                "histogram" => (family.clone(), &["_bucket", "_sum", "_count"]),
                _ => (family.clone(), &[""]),
            };
            let samples = self.samples.iter().filter(|sample| {
                suffixes.iter().any(|suffix| sample.name.strip_suffix(suffix) == Some(family.as_str()))
            });
            let labels: BTreeSet<String> = samples
                .flat_map(|sample| sample.labels.keys().filter(|label| *label != "le").cloned())
                .collect();
            form.insert(name, (kind.clone(), labels));
        }
        form
    }

    /// Every series by its name and labels.
    pub fn series(&self) -> BTreeSet<String> {
        let series = self.samples.iter().map(|sample| format!("{}{:?}", sample.name, sample.labels));
        series.collect()
    }
}

fn ours(name: &str) -> String {
    name.strip_prefix(PREFIX).unwrap_or_else(|| panic!("{name} does not begin with {PREFIX}")).to_owned()
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("no labels: {line}"));
    let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
        let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Sample {
        name: ours(name),
        labels: labels.collect(),
        value: value.parse().unwrap(),
        written: value.to_owned(),
    }
}
