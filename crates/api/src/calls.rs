//! How often a connection looks at orders, and the times of its calls.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When `YubiEnterprise` is asked about an order. The vendor advises once or twice a day, and once about 15
/// minutes after the order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.firstAfter.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.firstAfter) >= duration('1s') && duration(self.interval) >= duration('1s'))").message("spec.polling: firstAfter and interval are at least 1s; the defaults of 20m and 6h suit the vendor"))]
pub struct Polling {
    /// First look after the order.
    #[serde(default = "first_after")]
    #[schemars(schema_with = "super::schema::duration")]
    pub first_after: String,
    /// Time between looks after that; each shipment has its own moment within it.
    #[serde(default = "interval")]
    #[schemars(schema_with = "super::schema::duration")]
    pub interval: String,
    /// From this many orders under way on they are followed by the organization's list, 100 a call and once an hour,
    /// where the list shows pre-registered orders; below it, and where it does not, by one call an order.
    #[serde(default = "list_from")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub list_from: u32,
    /// Whether Okta is asked if a person has used the key that came: `Daily` for two weeks after the delivery, then
    /// weekly until 90 days after it, one call each, until the first use was seen.
    #[serde(default)]
    pub first_use: FirstUse,
}

/// Is the first use of a key looked for?
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstUse {
    /// Once a day for two weeks after the delivery, then once a week until 90 days after it.
    #[default]
    Daily,
    /// Okta is not asked.
    Never,
}

const fn list_from() -> u32 {
    100
}

fn first_after() -> String {
    "20m".to_owned()
}

fn interval() -> String {
    "6h".to_owned()
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            first_after: first_after(),
            interval: interval(),
            list_from: list_from(),
            first_use: FirstUse::default(),
        }
    }
}

/// Time limits of calls.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!self.settle.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.timeout.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.settle) - duration(self.timeout) - duration('10s') >= duration(self.timeout))").message("spec.calls.settle must be at least twice spec.calls.timeout and 10s, so that a call of another process, which may start 10s after its mark, has ended before its outcome is judged; raise settle"),
    validation = Rule::new("!self.timeout.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.timeout) >= duration('1s') && duration(self.timeout) <= duration('5m'))").message("spec.calls.timeout must lie between 1s and 5m; 30s suits both vendors"),
    validation = Rule::new("!self.lookDelay.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.lookDelay) <= duration('1m'))").message("spec.calls.lookDelay is at most 1m; 2s suits Okta")
)]
pub struct Calls {
    /// Longest time a call may take.
    #[serde(default = "timeout")]
    #[schemars(schema_with = "super::schema::duration")]
    pub timeout: String,
    /// How long an open mark is left alone before its outcome is judged; at least twice `timeout` and 10s.
    #[serde(default = "settle")]
    #[schemars(schema_with = "super::schema::duration")]
    pub settle: String,
    /// Time between the enrolment and the second look at Okta's list.
    #[serde(default = "look_delay")]
    #[schemars(schema_with = "super::schema::duration")]
    pub look_delay: String,
}

fn timeout() -> String {
    "30s".to_owned()
}

fn settle() -> String {
    "5m".to_owned()
}

fn look_delay() -> String {
    "2s".to_owned()
}

impl Default for Calls {
    fn default() -> Self {
        Self { timeout: timeout(), settle: settle(), look_delay: look_delay() }
    }
}
