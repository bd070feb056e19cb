use proptest::prelude::*;
use serde_json::json;

use super::*;

const AT: &str = "2027-01-01T00:00:00.000000Z";

#[derive(Debug, Clone)]
struct Change {
    name: u8,
    event: u8,
    login: u8,
    user: Option<u8>,
    order: Option<u8>,
    open: bool,
    rollout: Option<u8>,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let some = || proptest::option::of(0u8..3);
    let one = (0u8..6, 0u8..8, 0u8..3, some(), some(), any::<bool>(), some());
    proptest::collection::vec(one, 0..60).prop_map(|all| {
        let change = |(name, event, login, user, order, open, rollout)| Change {
            name,
            event,
            login,
            user,
            order,
            open,
            rollout,
        };
        all.into_iter().map(change).collect()
    })
}

fn shipment(change: &Change) -> YubiKeyShipment {
    let mut status = json!({"conditions": [], "observedGeneration": 1});
    if let Some(user) = change.user {
        status["userId"] = json!(format!("00u{user}"));
    }
    if let Some(order) = change.order {
        status["order"] = json!({"attempt": 1, "mark": AT, "outcome": "Accepted",
            "shipmentId": format!("S{order}"), "orderedAt": AT});
    }
    if change.open {
        status["enrollment"] =
            json!({"attempt": 1, "outcome": "Open", "mark": {"at": AT, "oktaTime": AT, "shown": []}});
    }
    let labels = change.rollout.map(|rollout| json!({ROLLOUT_LABEL: format!("r{rollout}")}));
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": format!("s{}", change.name), "namespace": "onboarding", "labels": labels},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": format!("Kim{}@example.com", change.login)},
            "key": {"model": "m"}},
        "status": status,
    }))
    .expect("a shipment")
}

proptest! {
    /// Whatever the watch tells, an object is found under exactly the keys it has, as a walk over all would find it;
    /// a list that is not whole changes nothing.
    #[test]
    fn the_index_finds_what_a_walk_finds(changes in changes()) {
        let index = Index::default();
        let mut all: HashMap<ObjectRef<YubiKeyShipment>, YubiKeyShipment> = HashMap::new();
        let mut listing: Option<HashMap<_, _>> = None;
        for change in &changes {
            let object = shipment(change);
            let name = ObjectRef::from_obj(&object);
            let event = match (change.event, listing.as_mut()) {
                (0, _) => {
                    listing = Some(HashMap::new());
                    Event::Init
                }
                (1, Some(whole)) => {
                    all = std::mem::take(whole);
                    listing = None;
                    Event::InitDone
                }
                (_, Some(whole)) => {
                    whole.insert(name, object.clone());
                    Event::InitApply(object)
                }
                (2, None) => {
                    all.remove(&name);
                    Event::Delete(object)
                }
                (_, None) => {
                    all.insert(name, object.clone());
                    Event::Apply(object)
                }
            };
            index.note(&event);
            let index_keys: HashSet<IndexKey> = all.values().flat_map(Indexed::index_keys).collect();
            for key in index_keys {
                let walked: HashSet<_> =
                    all.iter().filter(|(_, o)| o.index_keys().contains(&key)).map(|(name, _)| name.clone()).collect();
                prop_assert_eq!(index.count(&key), walked.len());
                for name in all.keys() {
                    prop_assert_eq!(index.has(&key, name), walked.contains(name));
                }
                prop_assert_eq!(index.by_index(&key).into_iter().collect::<HashSet<_>>(), walked);
            }
            let kept: usize = all.values().map(|object| object.index_keys().len()).sum();
            let found: usize = read(&index.sides).objects.values().map(Found::len).sum();
            prop_assert_eq!(found, kept, "nothing is left behind");
        }
    }
}

#[test]
fn a_login_counts_whatever_its_capitals_and_until_the_id_is_known() {
    let unknown = shipment(&Change {
        name: 1,
        event: 3,
        login: 1,
        user: None,
        order: None,
        open: false,
        rollout: None,
    });
    assert!(unknown.index_keys().contains(&IndexKey::login("KIM1@example.com")));
    let known = shipment(&Change {
        name: 1,
        event: 3,
        login: 1,
        user: Some(2),
        order: None,
        open: true,
        rollout: None,
    });
    assert!(known.index_keys().contains(&IndexKey::Person("00u2".to_owned())));
    assert!(
        !known.index_keys().contains(&IndexKey::login("kim1@example.com")),
        "a login may be given to another person later"
    );
}
