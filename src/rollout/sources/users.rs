//! A list of people, in the spec or in a table of a `ConfigMap`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::{
    connection::Permission,
    rollout::{
        ConfigMapKey, CreateMissing, ListedUser, NewProfile, UsersSource, YubiKeyRollout, ledger_status,
    },
};
use domain::{
    directory::NewPerson,
    failure::{Failure, Reason},
    ids::{Login, UserId},
    rollout::{Key, Roster, Skip, table},
    vendor_states::User,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, ResourceExt};

use super::{Read, member, template_key};
use crate::{
    connection::handle::ConnectionHandle,
    kubernetes::retry,
    rollout::{object_size, staged_users::Newcomer},
};

/// Most rows of a table.
const MOST_ROWS: usize = 10_000;

/// People whose profiles are held at once: ten full searches.
const AT_ONCE: usize = 400;

/// Who an entry names.
enum Named {
    Login(Login),
    Id(UserId),
}

/// One entry.
struct Entry {
    /// As a person finds it.
    label: String,
    /// Who; `None` if it cannot be read.
    named: Option<Named>,
    key: Option<Key>,
    profile: BTreeMap<String, String>,
}

/// Everybody of the list.
///
/// # Errors
/// `SourceUnreadable`, and whatever stops a read.
pub async fn read(
    rollout: &YubiKeyRollout,
    source: &UsersSource,
    link: &ConnectionHandle,
    client: &Client,
) -> Result<Read, Failure> {
    let mut list = Enlisted::default();
    let mut entries: Vec<Entry> = match (&source.list, &source.config_map) {
        (Some(_), _) => {
            let (people, bytes) = list_of(rollout, client).await?;
            list.read.declared_bytes = bytes;
            let shows = link.spec.policy.show_login == Permission::Allow;
            (1..).zip(&people).map(|(place, user)| listed(user, place, shows)).collect()
        }
        (None, Some(place)) => tabled(&table_of(rollout, place, client).await?)?,
        (None, None) => Vec::new(),
    };
    while !entries.is_empty() {
        let later = entries.split_off(entries.len().min(AT_ONCE));
        let directory = Directory::look(&entries, link).await?;
        list.enlist(rollout, source, link, std::mem::replace(&mut entries, later), &directory);
    }
    Ok(list.end())
}

/// The list as it stands now, and how large it makes the object: the cache does not keep it.
async fn list_of(rollout: &YubiKeyRollout, client: &Client) -> Result<(Vec<ListedUser>, usize), Failure> {
    let api: Api<YubiKeyRollout> = Api::namespaced(client.clone(), &rollout.namespace().unwrap_or_default());
    let live = api.get_opt(&rollout.name_any()).await;
    let live = live.map_err(|error| retry::unread(&error, "the list of spec.source.users"))?;
    let live = live.filter(|live| live.uid() == rollout.uid());
    let bytes = live.as_ref().map_or(0, object_size::declared);
    let list = live.and_then(|live| live.spec.source.users?.list);
    // The watch is about to tell.
    list.map(|list| (list, bytes)).ok_or_else(|| {
        Failure::new(Reason::SourceUnreadable, "The list of spec.source.users has gone; it is read again.")
    })
}

/// `place`: in the list, the first is 1; what the status names where the connection lets it hold no login.
fn listed(user: &ListedUser, place: usize, shows_login: bool) -> Entry {
    let login = user.login.clone().map(|login| if shows_login { login } else { format!("entry {place}") });
    let label = login.or_else(|| user.id.clone()).unwrap_or_default();
    Entry {
        named: named(user.login.as_ref(), user.id.as_ref()),
        label,
        key: user.key.as_ref().and_then(ledger_status::key_of_spec),
        profile: user.profile.as_ref().map(attributes).unwrap_or_default(),
    }
}

fn named(login: Option<&String>, id: Option<&String>) -> Option<Named> {
    match (login, id) {
        (Some(login), None) => Login::new(login.clone()).ok().map(Named::Login),
        (None, Some(id)) => UserId::new(id.clone()).ok().map(Named::Id),
        _ => None,
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

async fn table_of(
    rollout: &YubiKeyRollout,
    place: &ConfigMapKey,
    client: &Client,
) -> Result<String, Failure> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &rollout.namespace().unwrap_or_default());
    let unreadable = |why: String| Failure::new(Reason::SourceUnreadable, why);
    let (name, key) = (&place.name, &place.key);
    let found = match api.get_opt(name).await {
        Ok(found) => found,
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return Err(unreadable(format!(
                "The operator may not read the ConfigMap {name}; whoever installed it names it in the chart's value rollouts.listNamespaces."
            )));
        }
        Err(error) => return Err(retry::unread(&error, "the ConfigMap of spec.source.users")),
    };
    let map = found.ok_or_else(|| {
        unreadable(format!("There is no ConfigMap {name} in this namespace; create it, or correct spec.source.users.configMap."))
    })?;
    map.data.and_then(|mut data| data.remove(key)).ok_or_else(|| {
        unreadable(format!(
            "The ConfigMap {name} has no key {key}; add it, or correct spec.source.users.configMap."
        ))
    })
}

fn tabled(text: &str) -> Result<Vec<Entry>, Failure> {
    let unreadable = |why: String| {
        Failure::new(
            Reason::SourceUnreadable,
            format!("The table cannot be used: {why}; correct the ConfigMap."),
        )
    };
    let rows = table::read(text).map_err(|why| unreadable(why.to_string()))?;
    if rows.len() > MOST_ROWS {
        return Err(unreadable(format!("it has {} rows, and a rollout takes {MOST_ROWS}", rows.len())));
    }
    Ok(rows.into_iter().map(row).collect())
}

fn row(mut row: table::Row) -> Entry {
    let (login, id) = (row.fields.remove("login"), row.fields.remove("id"));
    Entry {
        label: format!("line {}", row.line),
        named: named(login.as_ref(), id.as_ref()).filter(|_| !row.too_long),
        key: row.fields.remove("model").map(Key::Model),
        profile: row.fields,
    }
}

/// Who is at Okta.
struct Directory {
    by_login: HashMap<String, User>,
    by_id: HashMap<UserId, User>,
}

impl Directory {
    async fn look(entries: &[Entry], link: &ConnectionHandle) -> Result<Self, Failure> {
        let (mut logins, mut ids) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.named {
                Some(Named::Login(login)) => logins.push(login.clone()),
                Some(Named::Id(id)) => ids.push(id.clone()),
                None => {}
            }
        }
        let by_login = link.okta.users_by_login(&logins).await?;
        let by_id = link.okta.users_by_id(&ids).await?;
        Ok(Self {
            by_login: by_login
                .into_iter()
                .filter_map(|(login, user)| Some((login.as_str().to_owned(), user?)))
                .collect(),
            by_id: by_id.into_iter().filter_map(|(id, user)| Some((id, user?))).collect(),
        })
    }

    fn find(&self, named: &Named) -> Option<&User> {
        match named {
            Named::Login(login) => self.by_login.get(login.as_str()),
            Named::Id(id) => self.by_id.get(id),
        }
    }
}

/// What the list came to so far.
#[derive(Default)]
struct Enlisted {
    read: Read,
    known: BTreeSet<UserId>,
    logins: BTreeSet<String>,
}

impl Enlisted {
    fn enlist(
        &mut self,
        rollout: &YubiKeyRollout,
        source: &UsersSource,
        link: &ConnectionHandle,
        entries: Vec<Entry>,
        directory: &Directory,
    ) {
        let Self { read, known, logins } = self;
        for entry in entries {
            let Entry { label, named, key, profile } = entry;
            let Some(named) = named else {
                read.roster.unresolved.push((Skip::Malformed, label));
                continue;
            };
            match (directory.find(&named), named) {
                (Some(user), _) if !known.insert(user.id.clone()) => {
                    read.roster.unresolved.push((Skip::DoubleEntry, label));
                }
                (Some(user), _) => {
                    let key = key.or_else(|| template_key(rollout));
                    read.roster.members.push(member(rollout, link, user, key));
                }
                (None, Named::Login(login)) if source.create_missing == CreateMissing::Staged => {
                    if logins.insert(login.as_str().to_lowercase()) {
                        newcomer(link, login, label, profile, read);
                    } else {
                        read.roster.unresolved.push((Skip::DoubleEntry, label));
                    }
                }
                (None, _) => read.roster.unresolved.push((Skip::UserNotFound, label)),
            }
        }
    }

    fn end(self) -> Read {
        let mut read = self.read;
        // Somebody with a new login is not found, and has not left.
        let found = |(skip, _): &(Skip, String)| *skip == Skip::DoubleEntry;
        read.roster.tells_leavers = read.newcomers.is_empty() && read.roster.unresolved.iter().all(found);
        read
    }
}

fn newcomer(
    link: &ConnectionHandle,
    login: Login,
    label: String,
    profile: BTreeMap<String, String>,
    read: &mut Read,
) {
    let Roster { unresolved, to_create, .. } = &mut read.roster;
    if link.spec.policy.create_users == Permission::Forbid {
        unresolved.push((Skip::ForbiddenByConnection, label));
        return;
    }
    match NewPerson::new(login, profile) {
        Ok(person) => {
            to_create.push(label.clone());
            read.newcomers.push(Newcomer { label, person });
        }
        Err(incomplete) => unresolved.push((Skip::IncompleteProfile, format!("{label}: {incomplete}"))),
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
