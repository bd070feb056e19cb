//! Where the people of a rollout come from.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shipment::KeyRef;

/// Exactly one source of people.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.oktaGroup), has(self.users), has(self.oktaConsole)].exists_one(s, s)").message("spec.source takes exactly one of oktaGroup, users and oktaConsole; remove the others or add one"))]
pub struct Source {
    /// Members of Okta groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta_group: Option<OktaGroupSource>,
    /// A list of people, here or in a `ConfigMap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersSource>,
    /// Whoever an admin adds under "Pre-enrolled authenticators" of Okta's Admin Console from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta_console: Option<OktaConsoleSource>,
}

/// Members of Okta groups.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("!self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.interval) >= duration('1m'))").message("spec.source.oktaGroup.interval is at least 1m; the default of 1h suits most, and the annotation fidoprereg.dev/requestedAt asks for a look now"))]
pub struct OktaGroupSource {
    /// The groups. A person in several gets the key of the first.
    #[schemars(length(min = 1, max = 20))]
    pub groups: Vec<OktaGroup>,
    /// How often the members are read, in Gateway API form. Where the operator may read Okta's System Log it notices a
    /// change within a minute as well.
    #[serde(default = "hourly")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub interval: String,
}

fn hourly() -> String {
    "1h".to_owned()
}

/// A group, and the key its members get.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.name) != has(self.id)").message("spec.source.oktaGroup.groups takes exactly one of name and id for each group; remove the other or add one"))]
pub struct OktaGroup {
    /// Name of the group at Okta, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Id of the group at Okta (`00g…`), which survives a new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::okta_id")]
    pub id: Option<String>,
    /// Which key. Left out: the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyRef>,
}

/// A list of people.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.list) != has(self.configMap)").message("spec.source.users takes exactly one of list and configMap; remove the other or add one"),
    validation = Rule::new("!self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.interval) >= duration('1m'))").message("spec.source.users.interval is at least 1m; the default of 1h suits most, and the annotation fidoprereg.dev/requestedAt asks for a look now")
)]
pub struct UsersSource {
    /// The people themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 5000))]
    pub list: Option<Vec<ListedUser>>,
    /// A `ConfigMap` of the same namespace with a table of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKey>,
    /// How often the list and the people at Okta are read anew, in Gateway API form.
    #[serde(default = "hourly")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub interval: String,
    /// Whether people whom Okta does not know are created. `Staged` needs the connection's `policy.createUsers`, and
    /// for each person firstName, lastName, email and secondEmail.
    #[serde(default)]
    pub create_missing: CreateMissing,
    /// When a staged user is activated at Okta; needs the connection's `policy.createUsers` too.
    #[serde(default)]
    pub activate_user: ActivateUser,
}

/// One person of the list.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.login) != has(self.id)").message("spec.source.users.list takes exactly one of login and id for each person; remove the other or add one"))]
pub struct ListedUser {
    /// Okta login, usually an e-mail address. It may be given to another person later: prefer `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 5, max = 100))]
    pub login: Option<String>,
    /// Okta user id (`00u…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::okta_id")]
    pub id: Option<String>,
    /// Which key. Left out: the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyRef>,
    /// For `createMissing`: what Okta's directory gets. The profile of a person who is there is never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<NewProfile>,
}

/// Profile of a person who is to be created, by Okta's attribute names.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NewProfile {
    /// First name, needed to create the person; an order takes at most 15 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub first_name: Option<String>,
    /// Last name, needed to create the person; an order takes at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub last_name: Option<String>,
    /// Work e-mail address, needed to create the person, who cannot read it before being active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 100))]
    pub email: Option<String>,
    /// Address that a new person can read: Okta mails the PIN there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 100))]
    pub second_email: Option<String>,
    /// Telephone number for the carrier; an order takes at most 40 characters, 255 in India.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub primary_phone: Option<String>,
    /// Street and number; an order takes at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub street_address: Option<String>,
    /// City; an order takes at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub city: Option<String>,
    /// State or province; an order takes at most 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub state: Option<String>,
    /// Postal code; an order takes at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub zip_code: Option<String>,
    /// ISO 3166-1 two-letter code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 2))]
    pub country_code: Option<String>,
    /// Company on the parcel; an order takes at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub organization: Option<String>,
}

/// A table of people: the first line names the columns, which are `login` or `id`, `model`, and the attributes of
/// `profile`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ConfigMapKey {
    /// Name of the `ConfigMap`. The operator may read only those that its installation names.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key of its data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// Whether people whom Okta does not know are created.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreateMissing {
    /// They are reported.
    #[default]
    Never,
    /// They are created as staged users.
    Staged,
}

/// When a staged user is activated at Okta.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActivateUser {
    /// Not by this rollout: others activate the person.
    #[default]
    Never,
    /// Once the key is delivered and activated.
    AfterDelivery,
}

/// The Admin Console's button.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.maxAge.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self.maxAge) >= duration('1m') && duration(self.interval) >= duration('1m'))").message("spec.source.oktaConsole: maxAge and interval are at least 1m; the defaults of 24h and 1m suit most"))]
pub struct OktaConsoleSource {
    /// An event that is older when it is first seen is reported and not ordered, in Gateway API form.
    #[serde(default = "a_day")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub max_age: String,
    /// How often the System Log is read, in Gateway API form.
    #[serde(default = "a_minute")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub interval: String,
}

fn a_day() -> String {
    "24h".to_owned()
}

fn a_minute() -> String {
    "1m".to_owned()
}
