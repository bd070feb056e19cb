//! The form in which a scrape is answered: Prometheus' text or `OpenMetrics`, as the scraper's `Accept` has it.
//!
//! Forms: <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>. Weights: RFC 9110, section 12.4.2.

use std::collections::HashMap;

use mime::Mime;

/// A form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Prometheus' own, version 0.0.4. Every scraper reads it, so it answers those that do not say what they read.
    Prometheus,
    /// `OpenMetrics` 1.0.0, for a scraper that asks for it.
    OpenMetrics,
}

impl Form {
    /// The form that the scraper weighs highest; of equal ones the first that it names. A header that cannot be read, or
    /// that admits neither form, is answered with Prometheus' text: a scrape that fails tells nobody anything.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let mut best = (0, Self::Prometheus);
        for (weight, form) in accept.split(',').filter_map(offered) {
            if weight > best.0 {
                best = (weight, form);
            }
        }
        best.1
    }

    /// The header `Content-Type` of the answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What the registry wrote (`OpenMetrics`), in this form.
    #[must_use]
    pub fn of(self, open_metrics: String) -> String {
        match self {
            Self::Prometheus => as_prometheus(&open_metrics),
            Self::OpenMetrics => open_metrics,
        }
    }
}

/// One range of an `Accept` header with its weight in thousandths; `None` is a form that is not spoken here.
fn offered(range: &str) -> Option<(u32, Form)> {
    let range: Mime = range.trim().parse().ok()?;
    let of = |name: &str| range.get_param(name).map(|value| value.as_str().to_owned());
    let weight = of("q").map_or(Some(1000), |weight| thousandths(&weight))?;
    let is = |version: &str| of("version").is_none_or(|given| given == version);
    let form = match range.essence_str() {
        "application/openmetrics-text" if is("1.0.0") => Form::OpenMetrics,
        "text/plain" if is("0.0.4") => Form::Prometheus,
        "text/*" | "*/*" => Form::Prometheus,
        _ => return None,
    };
    Some((weight, form))
}

fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() > 3 || whole.len() != 1 || !digits(whole) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok().filter(|weight| *weight <= 1000)
}

/// The forms differ in the names that HELP and TYPE give to counters and infos, in two types, and in two lines that the
/// older one has not.
fn as_prometheus(text: &str) -> String {
    let kinds: HashMap<&str, &str> = text.lines().filter_map(kind).collect();
    let mut plain = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.starts_with("# UNIT ") && *line != "# EOF") {
        described(line, &kinds, &mut plain);
        plain.push('\n');
    }
    plain
}

/// Family and type that a TYPE line names.
fn kind(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

fn described(line: &str, kinds: &HashMap<&str, &str>, plain: &mut String) {
    let head = ["# HELP ", "# TYPE "].into_iter().find(|head| line.starts_with(head));
    let Some((head, (family, said))) =
        head.and_then(|head| Some((head, line.get(head.len()..)?.split_once(' ')?)))
    else {
        plain.push_str(line);
        return;
    };
    let suffix = match kinds.get(family) {
        Some(&"counter") => "_total",
        Some(&"info") => "_info",
        _ => "",
    };
    let said = match said {
        "info" | "stateset" if head == "# TYPE " => "gauge",
        "unknown" if head == "# TYPE " => "untyped",
        said => said,
    };
    for part in [head, family, suffix, " ", said] {
        plain.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_the_scraper_weighs_highest() {
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, form) in [
            ("", Form::Prometheus),
            ("*/*", Form::Prometheus),
            ("text/*", Form::Prometheus),
            ("text/plain", Form::Prometheus),
            ("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1", Form::Prometheus),
            ("application/openmetrics-text; version=1.0.0, text/plain", Form::OpenMetrics),
            ("text/plain, application/openmetrics-text", Form::Prometheus),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.5, */*;q=0.1", Form::OpenMetrics),
            ("text/plain;q=0.25,application/openmetrics-text;q=0.75", Form::OpenMetrics),
            ("application/openmetrics-text;q=0, text/plain;q=0.1", Form::Prometheus),
            ("application/openmetrics-text;version=2.0.0", Form::Prometheus),
            ("application/openmetrics-text;q=7", Form::Prometheus),
            ("application/json", Form::Prometheus),
            (";;,,q=", Form::Prometheus),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.9,text/plain;q=0.1",
                Form::Prometheus,
            ),
            (prometheus_3, Form::OpenMetrics),
        ] {
            assert_eq!(Form::accepted(accept), form, "{accept}");
        }
    }

    #[test]
    fn the_older_form_names_families_as_their_series() {
        let text = "# HELP a_reconciles Passes.\n# TYPE a_reconciles counter\na_reconciles_total{k=\"# EOF\"} 1\n\
            # HELP a_took_seconds Time.\n# TYPE a_took_seconds histogram\n# UNIT a_took_seconds seconds\n\
            a_took_seconds_bucket{le=\"+Inf\"} 1\n# HELP a_build This.\n# TYPE a_build info\na_build_info{v=\"1\"} 1\n\
            # TYPE a_x unknown\na_x 1\n# EOF\n";
        let plain = "# HELP a_reconciles_total Passes.\n# TYPE a_reconciles_total counter\na_reconciles_total{k=\"# EOF\"} 1\n\
            # HELP a_took_seconds Time.\n# TYPE a_took_seconds histogram\na_took_seconds_bucket{le=\"+Inf\"} 1\n\
            # HELP a_build_info This.\n# TYPE a_build_info gauge\na_build_info{v=\"1\"} 1\n# TYPE a_x untyped\na_x 1\n";
        assert_eq!(Form::Prometheus.of(text.to_owned()), plain);
        assert_eq!(Form::OpenMetrics.of(text.to_owned()), text);
    }
}
