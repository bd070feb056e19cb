//! A proxy between the operator and both vendors that cannot be read, or that refuses: nothing goes past it.

use serde_json::json;

use crate::support::{
    helm::{Installation, Pod},
    operator::Launch,
    proxy::Proxy,
    sandbox::Sandbox,
    scene::own_scene,
    shipment::Handle,
    until,
};

#[tokio::test]
async fn what_a_proxy_answers_is_told_as_its_answer_and_orders_go_on_once_it_lets_them() {
    own_scene("refusing")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            for status in [407, 403, 502] {
                let proxy = Proxy::refusing(status);
                let launch = Launch::on(scene.plane(), "operator").set("HTTPS_PROXY", &proxy.url());
                let before = scene.sandbox.calls().await.len();
                scene.operate(launch.set("NO_PROXY", "")).await;
                let said = format!("the proxy of HTTPS_PROXY answered HTTP {status}");
                let told = until(async || {
                    let connection = scene.connection().get().await;
                    (connection.reason() == "Unreachable" && connection.message().contains(&said))
                        .then_some(())
                });
                assert!(told.await.is_some(), "{}", scene.connection().get().await.message());
                assert_eq!(scene.sandbox.calls().await.len(), before, "nothing goes past it");
            }
            // An empty variable hides no other one; a line end around it says nothing.
            let proxy = Proxy::tunnel();
            let launch = Launch::on(scene.plane(), "operator").set("HTTPS_PROXY", "");
            let launch = launch.set("https_proxy", &format!("{}\n", proxy.url())).set("NO_PROXY", "");
            scene.operate(launch).await;
            scene.connection().until_reason("Succeeded").await;
            assert!(proxy.was_used());
        })
        .await;
}

fn values(proxy: &str) -> String {
    json!({
        "connections": [{"name": "default", "existingSecret": "okta-yubico"}],
        "env": [{"name": "HTTPS_PROXY", "value": proxy}],
    })
    .to_string()
}

#[tokio::test]
async fn in_a_pod_a_proxy_that_cannot_be_read_ends_the_process_and_one_that_refuses_is_told() {
    let installation = Installation::prepare("podproxy").await;
    let sandbox = Sandbox::start().await;
    installation.secret("okta-yubico", &sandbox.credentials("default")).await;
    let client = installation.plane.client().await;
    let unreadable = "\"http://user:secretWord@127.0.0.1:9\"";
    installation.install_at_once(&values(unreadable)).await.fine();
    let connection = Handle::connection(&client, "default");
    connection.create("YubiKeyConnection", sandbox.connection_spec()).await;
    let told = until(async || {
        let pods = installation.pods().await;
        pods.iter().find(|pod| pod.restarts() > 0).map(Pod::log)
    });
    let log = told.await.expect("the process ends");
    assert!(log.contains("HTTPS_PROXY is in quotation marks"), "{log}");
    assert!(!log.contains("secretWord") && !log.contains("started"), "{log}");
    assert_eq!(sandbox.calls().await.len(), 0, "no vendor is called past the proxy");

    let proxy = Proxy::refusing(407);
    installation.upgrade(&values(&format!("{}\n", proxy.url()))).await.fine();
    let told = connection.until_reason("Unreachable").await;
    assert!(told.message().contains("the proxy of HTTPS_PROXY answered HTTP 407"), "{}", told.message());
    assert_eq!(sandbox.calls().await.len(), 0, "nothing goes past it");
}
