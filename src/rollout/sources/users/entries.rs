//! The entries of a list or a table: who is named, with which key and which profile.

use std::collections::BTreeMap;

use api::rollout::{ListedUser, NewProfile, ledger_status};
use domain::{
    failure::{Failure, Reason},
    ids::{Login, UserId},
    rollout::{Key, table},
};

/// Most rows of a table.
const MOST_ROWS: usize = 10_000;

/// Who an entry names.
#[derive(Debug)]
pub(super) enum Named {
    Login(Login),
    /// The id; where a login stands beside it, that one must be the person's.
    Id(UserId, Option<Login>),
}

/// One entry of the list, or one row of the table.
pub(super) struct Entry {
    /// As a person finds it.
    pub label: String,
    /// Who; or why it cannot be read.
    pub named: Result<Named, String>,
    pub key: Option<Key>,
    pub profile: BTreeMap<String, String>,
}

/// An entry of the list in the spec. `place`: in the list, the first is 1; what the status names where the connection
/// lets it hold no login.
pub(super) fn listed(user: &ListedUser, place: usize, shows_login: bool) -> Entry {
    let login = user.login.clone().map(|login| if shows_login { login } else { format!("entry {place}") });
    let label = login.or_else(|| user.id.clone()).unwrap_or_default();
    Entry {
        named: named(user.login.as_deref(), user.id.as_deref()),
        label,
        key: user.key.as_ref().and_then(ledger_status::key_of_spec),
        profile: user.profile.as_ref().map(attributes).unwrap_or_default(),
    }
}

fn named(login: Option<&str>, id: Option<&str>) -> Result<Named, String> {
    let login = login.map(Login::read).transpose().map_err(|fault| fault.to_string())?;
    let id = id.map(UserId::new).transpose().map_err(|fault| fault.to_string())?;
    match (login, id) {
        (login, Some(id)) => Ok(Named::Id(id, login)),
        (Some(login), None) => Ok(Named::Login(login)),
        (None, None) => Err("names nobody: neither login nor id has a value".to_owned()),
    }
}

/// By Okta's names.
fn attributes(profile: &NewProfile) -> BTreeMap<String, String> {
    [
        ("firstName", &profile.first_name),
        ("lastName", &profile.last_name),
        ("email", &profile.email),
        ("secondEmail", &profile.second_email),
        ("primaryPhone", &profile.primary_phone),
        ("streetAddress", &profile.street_address),
        ("city", &profile.city),
        ("state", &profile.state),
        ("zipCode", &profile.zip_code),
        ("countryCode", &profile.country_code),
        ("organization", &profile.organization),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
    .collect()
}

/// The entries of a table.
///
/// # Errors
/// `SourceUnreadable`, with the place of what is wrong.
pub(super) fn tabled(text: &str) -> Result<Vec<Entry>, Failure> {
    let rows = table::read(text).map_err(|why| unreadable(&why.to_string()))?;
    if rows.len() > MOST_ROWS {
        return Err(unreadable(&format!("it has {} rows, and a rollout takes {MOST_ROWS}", rows.len())));
    }
    Ok(rows.into_iter().map(row).collect())
}

/// The table itself is at fault.
pub(super) fn unreadable(why: &str) -> Failure {
    Failure::new(Reason::SourceUnreadable, format!("The table cannot be used: {why}; correct the ConfigMap."))
}

fn row(mut row: table::Row) -> Entry {
    let (login, id) = (row.fields.remove("login"), row.fields.remove("id"));
    let named = match row.fault {
        Some(fault) => Err(fault),
        None => named(login.as_deref(), id.as_deref()),
    };
    Entry {
        label: format!("line {}", row.line),
        named,
        key: row.fields.remove("model").map(Key::Model),
        profile: row.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::directory::ATTRIBUTES_OF_NEW_PEOPLE;
    use serde_json::Value;

    use super::*;

    /// Attributes of a profile in the spec, with their longest value.
    fn of_the_schema() -> BTreeMap<String, usize> {
        let schema = serde_json::to_value(schemars::schema_for!(NewProfile)).unwrap();
        let properties = schema["properties"].as_object().unwrap().clone();
        let longest = |field: &Value| usize::try_from(field["maxLength"].as_u64().unwrap()).unwrap();
        properties.iter().map(|(name, field)| (name.clone(), longest(field))).collect()
    }

    #[test]
    fn the_spec_and_a_table_take_the_same_attributes() {
        let listed = ATTRIBUTES_OF_NEW_PEOPLE.map(|(name, longest)| (name.to_owned(), longest));
        assert_eq!(of_the_schema(), BTreeMap::from(listed));
        let all: serde_json::Map<_, _> =
            of_the_schema().into_keys().map(|name| (name.clone(), Value::from(name))).collect();
        let profile: NewProfile = serde_json::from_value(all.clone().into()).unwrap();
        let written: BTreeMap<_, _> = all.keys().map(|name| (name.clone(), name.clone())).collect();
        assert_eq!(attributes(&profile), written, "each of them is written");
    }

    #[test]
    fn a_row_with_id_and_login_is_the_one_of_the_id_and_a_faulty_one_says_why() {
        let text = "id,login,model\n00u1,Ann@x.example,nfc\n,,nfc\n,ann lee@x.example,\n00u1\n,ann@x.example\u{a0},\n";
        let entries = tabled(text).unwrap();
        let Ok(Named::Id(id, Some(login))) = &entries[0].named else { panic!("another") };
        assert_eq!((id.as_str(), login.as_str()), ("00u1", "Ann@x.example"));
        let fault = |number: usize| entries[number].named.as_ref().err().cloned().unwrap_or_default();
        assert!(fault(1).contains("names nobody"), "{}", fault(1));
        assert!(fault(2).contains("U+0020"), "{}", fault(2));
        assert!(fault(3).contains("1 field"), "{}", fault(3));
        let Ok(Named::Login(login)) = &entries[4].named else { panic!("another") };
        assert_eq!(login.as_str(), "ann@x.example");
    }

    #[test]
    fn a_table_with_a_column_of_its_own_is_refused_whole() {
        let refused = tabled("login,department\nann@x.example,finance\n").err().unwrap();
        assert_eq!(refused.reason, Reason::SourceUnreadable);
        assert!(
            refused.message.contains("department") && !refused.message.contains("finance"),
            "{}",
            refused.message
        );
        let entries = tabled("login,model,city\nann@x.example,nfc,Bonn\n").unwrap();
        assert_eq!(entries[0].profile, BTreeMap::from([("city".to_owned(), "Bonn".to_owned())]));
    }
}
