use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::kubernetes::{index::IndexKey, undecodable::Notice};

/// A shipment that can be decoded, or not.
fn shipment(name: u8, good: bool) -> Decoded<YubiKeyShipment> {
    let delivery = if good { "Standard" } else { "Drone" };
    Decoded::read(json!({
        "metadata": {"name": format!("s{name}"), "namespace": "onboarding", "uid": format!("u{name}")},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "kim@example.com"}, "key": {"model": "m"},
            "delivery": delivery},
    }))
}

type Note = Box<dyn Fn(&Event<YubiKeyShipment>)>;

struct Watch {
    sorting: Sorting<YubiKeyShipment, Note>,
    index: Arc<Index<YubiKeyShipment>>,
    notices: UnboundedReceiver<Notice>,
}

impl Watch {
    fn open(place: Option<&str>, undecodables: Undecodables, notices: UnboundedReceiver<Notice>) -> Self {
        let (store, writer) = reflector::store();
        let index = Arc::new(Index::default());
        let noted = Arc::clone(&index);
        let sorting = Sorting {
            place: place.map(str::to_owned),
            store,
            writer,
            undecodables,
            listed: BTreeSet::new(),
            note: Box::new(move |event: &Event<YubiKeyShipment>| noted.note(event)) as Note,
        };
        Self { sorting, index, notices }
    }

    fn new() -> Self {
        let (undecodables, notices) = Undecodables::new();
        Self::open(None, undecodables, notices)
    }

    /// Names in the cache and names of what cannot be decoded.
    fn known(&self) -> [Vec<String>; 2] {
        let mut cached: Vec<_> = self.sorting.store.state().iter().map(|one| one.name_any()).collect();
        cached.sort();
        let mut bad: Vec<_> =
            self.sorting.undecodables.of_kind("YubiKeyShipment").iter().map(|one| one.name()).collect();
        bad.sort();
        [cached, bad]
    }

    fn indexed(&self) -> usize {
        self.index.count(&IndexKey::Connection("acme".to_owned()))
    }

    fn told(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(notice) = self.notices.try_recv() {
            all.push(match notice {
                Notice::Found(one) => format!("+{}", one.name()),
                Notice::Over(one) => format!("-{}", one.name()),
            });
        }
        all
    }
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn an_object_that_turns_undecodable_leaves_the_cache_and_comes_back() {
    let mut watch = Watch::new();
    for event in [
        Event::Init,
        Event::InitApply(shipment(1, true)),
        Event::InitApply(shipment(2, false)),
        Event::InitDone,
    ] {
        watch.sorting.take(event);
    }
    assert_eq!((watch.known(), watch.indexed()), ([names(["s1"]), names(["s2"])], 1));
    assert_eq!(watch.told(), ["+s2"]);
    let gone = watch.sorting.take(Event::Apply(shipment(1, false)));
    assert!(matches!(gone, Some(Event::Delete(_))), "whoever followed it hears of it");
    assert_eq!((watch.known(), watch.indexed()), ([names([]), names(["s1", "s2"])], 0));
    watch.sorting.take(Event::Apply(shipment(1, false)));
    assert_eq!(watch.told(), ["+s1"], "the same fault is told once");
    watch.sorting.take(Event::Apply(shipment(2, true)));
    watch.sorting.take(Event::Delete(shipment(1, false)));
    assert_eq!((watch.known(), watch.indexed()), ([names(["s2"]), names([])], 1));
    assert_eq!(watch.told(), ["-s2", "-s1"]);
}

#[test]
fn a_list_of_one_namespace_tells_nothing_of_another() {
    let (undecodables, notices) = Undecodables::new();
    let (_, none) = Undecodables::new();
    let mut here = Watch::open(Some("onboarding"), undecodables.clone(), notices);
    let mut there = Watch::open(Some("elsewhere"), undecodables, none);
    here.sorting.take(Event::Apply(shipment(1, false)));
    there.sorting.take(Event::Init);
    there.sorting.take(Event::InitDone);
    assert_eq!(here.known()[1], ["s1"]);
    here.sorting.take(Event::Init);
    here.sorting.take(Event::InitDone);
    assert_eq!(here.known()[1], names([]), "it went while nobody watched");
    assert_eq!(here.told(), ["+s1", "-s1"]);
}

fn events() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    proptest::collection::vec((0u8..4, 0u8..5, any::<bool>()), 0..60)
}

proptest! {
    /// Every object that is there is in the cache or among what cannot be decoded, whatever happens in between.
    #[test]
    fn every_object_is_known_on_one_side(events in events()) {
        let mut watch = Watch::new();
        let mut there: BTreeMap<u8, bool> = BTreeMap::new();
        for (kind, name, good) in events {
            match kind {
                0 | 1 => {
                    there.insert(name, good);
                    watch.sorting.take(Event::Apply(shipment(name, good)));
                }
                2 => {
                    there.remove(&name);
                    watch.sorting.take(Event::Delete(shipment(name, good)));
                }
                _ => {
                    // A new list, of which one object has changed meanwhile.
                    there.insert(name, good);
                    watch.sorting.take(Event::Init);
                    for (name, good) in &there {
                        watch.sorting.take(Event::InitApply(shipment(*name, *good)));
                    }
                    watch.sorting.take(Event::InitDone);
                }
            }
            let side = |desired: bool| -> Vec<String> {
                there.iter().filter(|(_, good)| **good == desired).map(|(name, _)| format!("s{name}")).collect()
            };
            prop_assert_eq!(watch.known(), [side(true), side(false)]);
            prop_assert_eq!(watch.indexed(), side(true).len());
        }
    }
}
