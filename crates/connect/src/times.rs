//! The times of a connection, read once, where it is examined.

use api::{connection::YubiKeyConnectionSpec, durations};
use domain::{
    desired::CallLimits,
    failure::{Failure, Reason},
    fence,
};
use jiff::SignedDuration;

/// What a spec says in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Limits of calls.
    pub calls: CallLimits,
    /// From the order to the first look at the parcel.
    pub first_after: SignedDuration,
    /// Between looks at the parcel.
    pub interval: SignedDuration,
    /// Longest silence of a carrier, for shipments that name none.
    pub delivery_timeout: Option<SignedDuration>,
}

impl Times {
    /// Reads them.
    ///
    /// # Errors
    /// `ConnectionInvalid`, naming the field that cannot be read.
    pub fn of(spec: &YubiKeyConnectionSpec) -> Result<Self, Failure> {
        let read = |field: &str, text: &str| durations::of(field, text, Reason::ConnectionInvalid);
        let timeout = read("calls.timeout", &spec.calls.timeout)?;
        let activation = spec.defaults.as_ref().and_then(|defaults| defaults.activation.as_ref());
        let delivery_timeout = activation.and_then(|activation| activation.delivery_timeout.as_deref());
        Ok(Self {
            calls: CallLimits {
                timeout,
                settle: fence::settled(timeout, read("calls.settle", &spec.calls.settle)?),
                look_delay: read("calls.lookDelay", &spec.calls.look_delay)?,
            },
            first_after: read("polling.firstAfter", &spec.polling.first_after)?,
            interval: read("polling.interval", &spec.polling.interval)?,
            delivery_timeout: delivery_timeout
                .map(|text| read("defaults.activation.deliveryTimeout", text))
                .transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(change: &Value) -> YubiKeyConnectionSpec {
        let mut spec = json!({
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
            "allowedNamespaces": {"from": "All"},
        });
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn the_defaults_are_read() {
        let times = Times::of(&spec(&json!({}))).unwrap();
        assert_eq!(times.calls.timeout, SignedDuration::from_secs(30));
        assert_eq!(times.calls.settle, SignedDuration::from_mins(5));
        assert_eq!(times.delivery_timeout, None);
    }

    /// A connection from before the rule, or behind definitions of another version.
    #[test]
    fn a_mark_is_left_alone_as_long_as_a_call_may_be_under_way_whatever_the_spec_says() {
        let calls = json!({"timeout": "2s", "settle": "4s", "lookDelay": "1s"});
        let times = Times::of(&spec(&json!({"calls": calls}))).unwrap();
        assert_eq!(times.calls.settle, SignedDuration::from_secs(14), "twice 2 s, and 10 s for a late start");
    }

    #[test]
    fn a_time_that_cannot_be_read_is_a_fault_of_the_connection_that_names_it() {
        let long = "99999999999999999999h";
        for (field, change) in [
            ("calls.timeout", json!({"calls": {"timeout": long}})),
            ("calls.settle", json!({"calls": {"settle": "5 m"}})),
            ("calls.lookDelay", json!({"calls": {"lookDelay": ""}})),
            ("polling.firstAfter", json!({"polling": {"firstAfter": "soon"}})),
            ("polling.interval", json!({"polling": {"interval": "1d"}})),
            (
                "defaults.activation.deliveryTimeout",
                json!({"defaults": {"activation": {"deliveryTimeout": long}}}),
            ),
        ] {
            let failure = Times::of(&spec(&change)).unwrap_err();
            assert_eq!(failure.reason, Reason::ConnectionInvalid, "{field}");
            assert!(failure.message.contains(&format!("spec.{field} ")), "{field}: {}", failure.message);
        }
    }
}
