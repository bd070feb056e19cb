//! Several clusters, namespaces and connections that declare a key for the same person.

use serde_json::{Value, json};

use crate::support::{
    calls::ORDER,
    elsewhere::{Elsewhere, turn},
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    until,
};

const RIVALS: [&str; 2] = ["AnotherOrderForUser", "ExistingKey"];

#[tokio::test]
async fn two_clusters_that_declare_the_same_people_at_once_order_one_key_each() {
    let _turn = turn().await;
    own_scene("twins")
        .play(async |scene| {
            let other = Elsewhere::beside(scene, scene.connection_spec()).await;
            for connection in [scene.connection(), other.connection()] {
                connection.until("it can be used", |object| object.is("Ready") == "True").await;
            }
            let mut people = Vec::new();
            for number in 0..4 {
                let name = format!("kim-{number}");
                people.push((scene.person(&name, "ACTIVE").await, name));
            }
            let mut pairs = Vec::new();
            for (login, name) in &people {
                let there = other.ship(name, scene.shipment_spec(login, json!({})));
                let (here, there) = tokio::join!(scene.ship(name, login), there);
                pairs.push((here, there));
            }
            for (here, there) in &pairs {
                one_is_ordered_the_other_held(here, there).await;
            }
            for (login, _) in &people {
                assert_eq!(orders_of(scene, login).await, 1, "one key for {login}");
            }
            assert_eq!(scene.sandbox.enrollments().await.len(), people.len(), "the loser's is removed");
            other.operator.stop();
        })
        .await;
}

async fn orders_of(scene: &Scene, login: &str) -> usize {
    scene.sandbox.orders().await.iter().filter(|order| order["recipientEmail"] == login).count()
}

/// Waits for both; the answer is the one that is held.
async fn one_is_ordered_the_other_held(here: &Handle, there: &Handle) -> Object {
    let settled = until(async || {
        let both = [here.get().await, there.get().await];
        let ordered = both.iter().filter(|object| object.is("Ordered") == "True").count();
        assert!(ordered < 2, "both ordered");
        let held = both.iter().find(|object| RIVALS.contains(&object.reason())).cloned();
        if ordered == 1 { held } else { None }
    });
    let held = settled.await.expect("one is ordered and the other held");
    assert_eq!((held.phase(), held.is("Stalled")), ("Held", "True"));
    held
}

#[tokio::test]
async fn a_cluster_that_is_not_the_ordering_one_only_reads_and_lets_go_without_touching_anything() {
    let _turn = turn().await;
    own_scene("reader")
        .play(async |scene| {
            let bound = json!({"orderingCluster": scene.plane().id().await});
            let mut connection = scene.connection_spec();
            connection["orderingCluster"] = bound["orderingCluster"].clone();
            scene.connection().change(bound).await;
            let other = Elsewhere::beside(scene, connection).await;
            let login = scene.person("kim", "ACTIVE").await;
            let sam = scene.person("sam", "ACTIVE").await;
            // The reader comes first for one, second for the other.
            let reader = other.ship("sam", scene.shipment_spec(&sam, json!({}))).await;
            let held = reader.until_reason("NotOrderingCluster").await;
            assert!(held.message().contains("orderingCluster"), "{}", held.message());
            assert!(scene.sandbox.effects_since(0).await.is_empty());
            for (name, login) in [("kim", &login), ("sam", &sam)] {
                scene.ship(name, login).await.until_ordered().await;
            }
            let since = scene.sandbox.last_call().await;
            let late = other.ship("kim", scene.shipment_spec(&login, json!({}))).await;
            late.until_reason("NotOrderingCluster").await;
            for shipment in [&late, &reader] {
                shipment.look_now().await;
                shipment.delete().await;
                shipment.until_gone().await;
            }
            let sent = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "{sent:#?}");
            let orders = scene.sandbox.orders().await;
            assert!(orders.len() == 2 && orders.iter().all(|order| order["deleted"] == false), "{orders:#?}");
            assert_eq!(scene.sandbox.enrollments().await.len(), 2);
            other.operator.stop();
        })
        .await;
}

#[tokio::test]
async fn a_cluster_that_lost_the_right_to_order_lets_go_of_its_orders() {
    scene("unbound")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_ordered().await;
            let since = scene.sandbox.last_call().await;
            scene.connection().change(json!({"orderingCluster": "none"})).await;
            scene.connection().until("the change was seen", Object::is_current).await;
            shipment.delete().await;
            shipment.until_gone().await;
            let sent = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "{sent:#?}");
            assert_eq!(scene.sandbox.orders().await[0]["deleted"], false);
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn two_connections_of_one_okta_org_order_one_key_a_person() {
    scene("doors")
        .play(async |scene| {
            let name = format!("{}-b", scene.name);
            let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
            let second = scene.connect(&name, scene.connection_spec()).await;
            for connection in [&scene.connection(), &second] {
                connection.until("it can be used", |object| object.is("Ready") == "True").await;
            }
            let login = scene.person("kim", "ACTIVE").await;
            let by_second: Value = json!({"connectionRef": {"name": name}});
            let (here, there) =
                tokio::join!(scene.ship("kim", &login), scene.ship_with("kim-b", &login, by_second));
            one_is_ordered_the_other_held(&here, &there).await;
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
            assert_eq!(scene.sandbox.enrollments().await.len(), 1);
            mount.remove();
        })
        .await;
}
