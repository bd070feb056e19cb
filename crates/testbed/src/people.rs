//! Who is to get a key, and from which namespace it is asked for.

use serde_json::{Value, json};

use crate::{
    setup::Fault,
    vendors::{Org, Vendors},
};

/// A person at Okta and the shipment that will be declared.
#[derive(Debug, Clone)]
pub struct Person {
    /// The namespace of the shipment.
    pub namespace: String,
    /// The name of the shipment.
    pub name: String,
    /// Okta login, which the shipment names.
    pub login: String,
    /// Okta user id.
    pub user_id: String,
    /// The connection to order with.
    pub connection: String,
}

impl Person {
    /// The spec of the shipment that will be declared.
    #[must_use]
    pub fn spec(&self) -> Value {
        json!({
            "connectionRef": {"name": self.connection}, "userRef": {"login": self.login},
            "key": {"model": "yubikey-5c-nfc"},
        })
    }
}

/// Shipments lie in as many namespaces.
const NAMESPACES: usize = 5;

/// Names of the namespaces.
pub fn namespaces() -> impl Iterator<Item = String> {
    (0..NAMESPACES).map(|number| format!("team-{number}"))
}

/// Creates everybody at Okta, with an address that Yubico takes.
///
/// # Errors
/// The sandbox refuses, or does not answer.
pub async fn create(vendors: &Vendors, orgs: &[Org], count: usize) -> Result<Vec<Person>, Fault> {
    let mut people = Vec::new();
    for (number, org) in (0..count).zip(orgs.iter().cycle()) {
        let name = format!("person-{number:04}");
        let login = format!("{name}@{}.example", org.name);
        // Newcomers and colleagues.
        let status = if number % 3 == 0 { "STAGED" } else { "ACTIVE" };
        let body = json!({"profile": profile(number, &login), "status": status});
        let made = vendors.post(&format!("/people?org={}", org.okta()), body).await?;
        people.push(Person {
            namespace: format!("team-{}", number % NAMESPACES),
            name,
            login,
            user_id: made["id"].as_str().unwrap_or_default().to_owned(),
            connection: org.name.clone(),
        });
    }
    Ok(people)
}

/// A profile that Yubico takes, with an address of its own.
#[must_use]
pub fn profile(number: usize, login: &str) -> Value {
    json!({
        "login": login, "email": login, "firstName": "Kim", "lastName": format!("Doe {number:04}"),
        "secondEmail": format!("home.{login}"), "primaryPhone": format!("+1 617-555-{number:04}"),
        "organization": "Example Inc", "streetAddress": format!("{} Granite Terrace", 1000 + number),
        "city": "Concord", "state": "MA", "zipCode": "01742", "countryCode": "US",
    })
}
