//! What both vendors show about the people, enrolments and orders that a cluster knows: read once, for `audit`. It keeps
//! addresses for the comparison only and prints none.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use api::connection::YubiKeyConnectionSpec;
use connect::clients::Clients;
use domain::{
    failure::CallError,
    ids::{Login, ShipmentId, UserId},
    recipient::Field,
    text,
    vendor_states::{ListedEnrollment, ListedOrder, ParcelState, User},
};

use super::{file::Declared, person::full_name, reached};
use crate::fault::Result;

/// What a vendor showed, or why it could not be asked, in words.
pub type Asked<T> = std::result::Result<T, String>;

/// Whom and what to ask about.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// People by id.
    pub ids: BTreeSet<UserId>,
    /// People whose id no status tells.
    pub logins: BTreeSet<String>,
    /// Orders that are not known to have come to their end.
    pub orders: BTreeSet<ShipmentId>,
}

/// What one connection's vendors showed.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What Okta showed, or why it was not asked.
    pub okta: Asked<AtOkta>,
    /// What `YubiEnterprise` showed, or why it was not asked.
    pub yubico: Asked<AtYubico>,
}

/// What Okta showed.
#[derive(Debug, Clone, Default)]
pub struct AtOkta {
    /// Id of the organization.
    pub organization: Option<String>,
    /// Logins that were asked for, with whose they are.
    pub logins: BTreeMap<String, UserId>,
    /// The people; `None`: Okta has no such user.
    pub people: BTreeMap<UserId, Option<Person>>,
}

/// One person at Okta.
#[derive(Clone)]
pub struct Person {
    /// First and last name.
    pub name: String,
    /// E-mail addresses that an order may have, in one spelling.
    pub addresses: BTreeSet<String>,
    /// What Okta's list shows of pre-registered factors.
    pub enrollments: Asked<Vec<ListedEnrollment>>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Name and addresses are personal data.
        f.debug_struct("Person").field("enrollments", &self.enrollments).finish_non_exhaustive()
    }
}

/// What `YubiEnterprise` showed.
#[derive(Debug, Clone)]
pub struct AtYubico {
    /// Id of the organization, where shown.
    pub organization: Option<String>,
    /// The list of orders. What it lacks proves nothing.
    pub listed: Asked<Vec<ListedOrder>>,
    /// Orders that were asked for; `None`: not shown (404).
    pub orders: BTreeMap<ShipmentId, Asked<Option<ParcelState>>>,
}

/// Asks both vendors; changes nothing there. `tell` hears of each thing that was asked.
///
/// # Errors
/// If the credential files cannot be looked for. What a vendor does not answer is told in the result.
pub async fn see(
    directory: &Path,
    connection: &Declared,
    wanted: &Wanted,
    mut tell: impl FnMut(),
) -> Result<Seen> {
    let reached = reached::reach(directory, &connection.name, &connection.spec).await?;
    let clients = match reached.clients {
        Ok(clients) => clients,
        Err(failure) => return Ok(Seen { okta: Err(failure.message.clone()), yubico: Err(failure.message) }),
    };
    let okta = okta(&clients, &connection.spec, wanted, &mut tell).await.map_err(|error| said(&error));
    let yubico = yubico(&clients, wanted, &mut tell).await.map_err(|error| said(&error));
    Ok(Seen { okta, yubico })
}

fn said(error: &CallError) -> String {
    error.failure.message.clone()
}

async fn okta(
    clients: &Clients,
    spec: &YubiKeyConnectionSpec,
    wanted: &Wanted,
    tell: &mut impl FnMut(),
) -> std::result::Result<AtOkta, CallError> {
    let organization = clients.okta.organization().await?;
    let logins: Vec<_> = wanted.logins.iter().filter_map(|login| Login::read(login).ok()).collect();
    let mut users: Vec<(UserId, Option<User>)> = Vec::new();
    let mut seen = AtOkta { organization: Some(organization.id.as_str().to_owned()), ..AtOkta::default() };
    for (login, user) in clients.okta.users_by_login(&logins).await? {
        let Some(user) = user else { continue };
        let asked = wanted.logins.iter().filter(|asked| Login::read(asked).is_ok_and(|asked| asked == login));
        seen.logins.extend(asked.map(|asked| (asked.clone(), user.id.clone())));
        users.push((user.id.clone(), Some(user)));
    }
    let ids: Vec<_> = wanted.ids.iter().cloned().collect();
    users.extend(clients.okta.users_by_id(&ids).await?);
    for (id, user) in users {
        if seen.people.contains_key(&id) {
            continue;
        }
        let person = match user {
            None => None,
            Some(user) => Some(Person {
                name: full_name(&user),
                addresses: addresses(&user, spec),
                enrollments: match clients.okta.enrollments(&id).await {
                    Ok(list) => Ok(list.entries),
                    Err(error) => Err(said(&error)),
                },
            }),
        };
        seen.people.insert(id, person);
        tell();
    }
    Ok(seen)
}

async fn yubico(
    clients: &Clients,
    wanted: &Wanted,
    tell: &mut impl FnMut(),
) -> std::result::Result<AtYubico, CallError> {
    let inventory = clients.yubico.inventory().await?;
    let listed = clients.yubico.order_book().await.map_err(|error| said(&error));
    let shown: BTreeMap<&ShipmentId, ParcelState> =
        listed.iter().flatten().filter_map(|order| Some((&order.id, order.state?))).collect();
    let mut orders = BTreeMap::new();
    for id in &wanted.orders {
        let state = match shown.get(id) {
            Some(state) => Ok(Some(*state)),
            None => match clients.yubico.shipment(id).await {
                Ok(parcel) => Ok(Some(parcel.state)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(said(&error)),
            },
        };
        orders.insert(id.clone(), state);
        tell();
    }
    Ok(AtYubico { organization: inventory.organization.map(|id| id.as_str().to_owned()), listed, orders })
}

/// Where an order for this person may go: the mapped attribute, the usual one, and the login.
fn addresses(user: &User, spec: &YubiKeyConnectionSpec) -> BTreeSet<String> {
    let mapping = spec.recipient_mapping.as_ref().and_then(|mapping| serde_json::to_value(mapping).ok());
    let mapped = mapping.as_ref().and_then(|mapping| mapping.get(Field::Email.name())?.as_str());
    let attributes = mapped.into_iter().chain(Field::Email.default_attribute());
    let texts = attributes.filter_map(|attribute| user.profile.get(attribute).map(String::as_str));
    let login = user.login.as_ref().map(Login::as_str);
    texts.chain(login).filter(|text| text.contains('@')).map(text::folded).collect()
}
