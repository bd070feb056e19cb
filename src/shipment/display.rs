//! What the columns show of a shipment: whose key, and which. A login only where the connection's `policy.showLogin`
//! allows it; a shipment of a rollout names its person by id, which tells nobody whose key it is.

use api::{
    connection::Permission,
    shipment::{Display, YubiKeyShipment},
};
use domain::{ids::Login, journal::Journal};

/// What is shown. `policy`: of the connection, `None` while there is none; then what was shown stays. `login`: as Okta
/// told it in this pass, if it was asked.
#[must_use]
pub fn of(
    object: &YubiKeyShipment,
    journal: &Journal,
    policy: Option<Permission>,
    login: Option<&Login>,
) -> Display {
    Display { user: user(object, journal, policy, login), key: key(object) }
}

fn user(
    object: &YubiKeyShipment,
    journal: &Journal,
    policy: Option<Permission>,
    login: Option<&Login>,
) -> String {
    let spec = &object.spec.user_ref;
    let before = object.status.as_ref().and_then(|status| status.display.as_ref());
    let before = before.map(|display| display.user.clone()).filter(|user| !user.is_empty());
    let id = || journal.user.as_ref().map(ToString::to_string).or_else(|| spec.id.clone());
    let shown = match policy {
        Some(Permission::Forbid) => id(),
        Some(Permission::Allow) => {
            spec.login.clone().or_else(|| login.map(ToString::to_string)).or(before).or_else(id)
        }
        None => before.or_else(|| spec.login.clone()).or_else(id),
    };
    shown.unwrap_or_default()
}

fn key(object: &YubiKeyShipment) -> String {
    let key = &object.spec.key;
    key.model.clone().or_else(|| key.product_id.map(|id| format!("product {id}"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use serde_json::{Value, json};

    use super::*;

    fn object(user: &Value, shown: Option<&str>) -> YubiKeyShipment {
        let mut object = json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment", "metadata": {"name": "x"},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": user, "key": {"model": "m"}},
        });
        if let Some(shown) = shown {
            object["status"] = json!({"observedGeneration": 1, "display": {"user": shown, "key": "m"}});
        }
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn a_login_is_shown_where_the_connection_allows_it_and_nowhere_else() {
        let (by_id, by_login) = (json!({"id": "00u1"}), json!({"login": "kim@x.example"}));
        let login = Login::new("kim@x.example").unwrap();
        let found = Journal { user: Some(UserId::new("00u1").unwrap()), ..Journal::default() };
        let new = Journal::default();
        let (allow, forbid) = (Some(Permission::Allow), Some(Permission::Forbid));
        let cases = [
            ("a rollout's", &by_id, None, &found, allow, Some(&login), "kim@x.example"),
            ("at rest", &by_id, Some("kim@x.example"), &found, allow, None, "kim@x.example"),
            ("not asked yet", &by_id, None, &new, allow, None, "00u1"),
            ("by login", &by_login, None, &new, allow, None, "kim@x.example"),
            ("forbidden, a rollout's", &by_id, None, &found, forbid, Some(&login), "00u1"),
            ("forbidden, by login", &by_login, None, &found, forbid, Some(&login), "00u1"),
            ("forbidden, not found yet", &by_login, None, &new, forbid, None, ""),
            ("forbidden from now on", &by_id, Some("kim@x.example"), &found, forbid, None, "00u1"),
            (
                "forbidden from now on, by login",
                &by_login,
                Some("kim@x.example"),
                &found,
                forbid,
                None,
                "00u1",
            ),
            ("no connection", &by_login, None, &new, None, None, "kim@x.example"),
            ("its connection went, which forbade it", &by_login, Some("00u1"), &found, None, None, "00u1"),
        ];
        for (name, user, shown, journal, policy, login, expected) in cases {
            assert_eq!(of(&object(user, shown), journal, policy, login).user, expected, "{name}");
        }
    }
}
