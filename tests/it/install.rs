//! The chart, installed with Helm as a platform team does it. The operator is the process that its Pod describes: nobody
//! but the chart says how it is started.

use std::{fs, path::Path};

use kube::Client;
use serde_json::{Value, json};

use crate::support::{
    calls::{MAIL, ORDER},
    helm::{Installation, NAMESPACE, Pod, RELEASE},
    ports::free_ports,
    sandbox::Sandbox,
    shipment::Handle,
    tail, until,
};

const LEADS: &str = "this process leads";

/// The namespace of the shipments.
const PEOPLE: &str = "onboarding";

/// What a team writes for its first installation.
const VALUES: &str = "\
connections:
  - name: default
    existingSecret: okta-yubico
log:
  format: json
  level: info
";

/// A cluster with the chart and a sandbox, and the admin's client.
struct Site {
    installation: Installation,
    sandbox: Sandbox,
    client: Client,
}

impl Site {
    /// Before anything is installed: a namespace, a Secret, and the vendors.
    async fn prepare(name: &str) -> Self {
        let installation = Installation::prepare(name).await;
        let sandbox = Sandbox::start().await;
        installation.secret("okta-yubico", &sandbox.credentials("default")).await;
        installation.kubectl().run(&["create", "namespace", PEOPLE]).await.fine();
        let client = installation.plane.client().await;
        Self { installation, sandbox, client }
    }

    async fn connect(&self) -> Handle {
        let connection = Handle::connection(&self.client, "default");
        connection.create("YubiKeyConnection", self.sandbox.connection_spec()).await;
        connection
    }

    async fn ship(&self, name: &str) -> Handle {
        let login = format!("{name}@example.com");
        self.sandbox.person(&login, "ACTIVE").await;
        let shipment = Handle::shipment(&self.client, PEOPLE, name);
        let spec = json!({
            "connectionRef": {"name": "default"}, "userRef": {"login": login}, "key": {"model": "yubikey-5c-nfc"},
        });
        shipment.create("YubiKeyShipment", spec).await;
        shipment
    }

    async fn arrives(&self, shipment: &Handle) {
        let object = shipment.until_ordered().await;
        self.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
        shipment.until_reason("Activated").await;
    }

    async fn orders(&self) -> (usize, usize) {
        (self.sandbox.count(ORDER).await, self.sandbox.orders().await.len())
    }

    /// The old token stops working; the Secret gets the new one, as an admin would write it.
    async fn rotate_token(&self) {
        self.sandbox.post("/tokens/expire", json!({"okta": false, "yubico": true})).await;
        let token = self.sandbox.post("/tokens/yubico", json!({})).await;
        let patch = json!({"stringData": {"yubico-api-token": token["token"]}}).to_string();
        let patch = ["patch", "secret", "okta-yubico", "-n", NAMESPACE, "--type=merge", "-p", &patch];
        self.installation.kubectl().run(&patch).await.fine();
    }
}

/// The Pod's arguments, with what only stands for the pod's file system and network told apart.
fn is_started_as_its_pod_says(pod: &Pod) {
    let (written, given) = (pod.arguments(), pod.process_arguments());
    assert_eq!(written.len(), given.len(), "{written:?}\n{given:?}");
    for (written, given) in written.iter().zip(&given) {
        let local = written.contains("[::]:") || written.contains("=/etc/");
        let ending = written.rsplit(['/', ':']).next().unwrap();
        assert!(if local { given.ends_with(ending) } else { given == written }, "{written} became {given}");
    }
    let environment = pod.process_environment();
    assert!(environment.contains(&format!("YKS_IDENTITY={}", pod.name())), "{environment:?}");
    for foreign in ["CARGO", "USER=", "RUST_BACKTRACE="] {
        assert!(!environment.iter().any(|variable| variable.starts_with(foreign)), "{environment:?}");
    }
}

/// The directory that the process was told to read credentials from.
fn credentials(pod: &Pod) -> String {
    let arguments = pod.process_arguments();
    let named = arguments.iter().find_map(|argument| argument.strip_prefix("--credentials-dir="));
    named.expect("it is told where credentials are").to_owned()
}

#[tokio::test]
async fn a_team_installs_it_rotates_a_token_upgrades_removes_and_comes_back() {
    assert!(VALUES.lines().count() <= 10);
    let site = Site::prepare("install").await;
    site.installation.install(VALUES).await.fine();
    let pod = site.installation.pod().await;
    is_started_as_its_pod_says(&pod);
    assert_eq!(pod.get("/readyz").await.map(|(code, _)| code), Some(200), "helm waited until it was ready");
    let connection = site.connect().await;
    connection.until_reason("Succeeded").await;
    site.arrives(&site.ship("ann").await).await;
    assert_eq!(site.orders().await, (1, 1));

    a_rotated_token_is_taken_up(&site, &pod, &connection).await;
    the_level_changes_in_the_running_process(&site, &pod, &connection).await;
    values_change_the_process(&site, &pod).await;
    it_can_be_removed_and_comes_back(&site).await;
}

/// The Secret changes in the API; the process that runs finds another file in its place.
async fn a_rotated_token_is_taken_up(site: &Site, pod: &Pod, connection: &Handle) {
    let mount = Path::new(&credentials(pod)).join("default");
    let data = || fs::read_link(mount.join("..data")).unwrap();
    let before = data();
    let link = fs::read_link(mount.join("yubico-api-token")).unwrap();
    assert_eq!(link, Path::new("..data/yubico-api-token"), "as a kubelet mounts a Secret");
    site.rotate_token().await;
    let swapped = until(async || (data() != before).then_some(())).await;
    assert!(swapped.is_some(), "the files follow the Secret");
    connection.look_now().await;
    connection.until("usable with the new token", |object| object.is("Ready") == "True").await;
    site.arrives(&site.ship("bob").await).await;
    assert_eq!(site.orders().await, (2, 2));
    let now = site.installation.pod().await;
    assert_eq!((now.pid(), now.restarts()), (pod.pid(), 0), "nothing was restarted");
}

/// Is every line one object?
fn is_json(log: &str) -> bool {
    log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object()))
}

/// From values.yaml through the `ConfigMap` and its mounted file.
async fn the_level_changes_in_the_running_process(site: &Site, pod: &Pod, connection: &Handle) {
    assert!(!pod.log().contains("DEBUG"), "log.level is info");
    site.installation.upgrade(&VALUES.replace("info", "debug")).await.fine();
    let debug = until(async || {
        connection.look_now().await;
        pod.log().contains("DEBUG").then_some(())
    });
    assert!(debug.await.is_some(), "log.level is debug: {}", tail(&pod.log(), 20));
    let now = site.installation.pod().await;
    assert_eq!((now.pid(), now.restarts()), (pod.pid(), 0), "nothing was restarted");
}

/// What is changed in values.yaml is changed in the process, and nowhere else was anything to change.
async fn values_change_the_process(site: &Site, pod: &Pod) {
    let said = pod.log();
    assert!(is_json(&said), "log.format is json: {}", tail(&said, 5));
    let values = VALUES.replace("json", "text").replace("info", "debug") + "leaseSeconds: 20\nreplicas: 2\n";
    site.installation.upgrade(&values).await.fine();
    let two = until(async || {
        let pods = site.installation.pods().await;
        (pods.len() == 2 && pods.iter().all(|pod| pod.pid().is_some())).then_some(pods)
    });
    let two = two.await.expect("two pods");
    for pod in &two {
        is_started_as_its_pod_says(pod);
        let arguments = pod.process_arguments();
        for argument in ["--log-format=text", "--lease-seconds=20"] {
            assert!(arguments.iter().any(|given| given == argument), "{argument} in {arguments:?}");
        }
        assert!(!is_json(&pod.log()), "log.format is text: {}", tail(&pod.log(), 5));
    }
    let gone = until(async || (!pod.runs()).then_some(())).await;
    assert!(gone.is_some(), "the old process ends");
    one_of_them_leads(site, &two).await;
}

async fn one_of_them_leads(site: &Site, pods: &[Pod]) {
    let leader = until(async || {
        let lease = ["get", "lease", RELEASE, "-n", NAMESPACE, "-o", "jsonpath={.spec.holderIdentity}"];
        let holder = site.installation.kubectl().run(&lease).await.fine();
        pods.iter().find(|pod| pod.name() == holder && pod.log().contains(LEADS))
    });
    let leader = leader.await.expect("one of the pods holds the lease and says so");
    for pod in pods {
        assert_eq!(pod.log().contains(LEADS), pod.name() == leader.name(), "one leads");
        assert_eq!(pod.get("/readyz").await.map(|(code, _)| code), Some(200), "both are ready");
    }
    site.arrives(&site.ship("cay").await).await;
    assert_eq!(site.orders().await, (3, 3), "one of two replicas orders");
    assert!(leader.log().contains("DEBUG"), "log.level is debug: {}", tail(&leader.log(), 20));
}

/// Removing the operator removes no shipment, and the next one goes on where it was.
async fn it_can_be_removed_and_comes_back(site: &Site) {
    let dan = site.ship("dan").await;
    let order = dan.until_ordered().await;
    // A new order stands in a state that is held as soon as a look finds it there.
    site.sandbox.set_state(order.text("/status/order/shipmentId"), 3).await;
    dan.look_now().await;
    let order = dan.until_phase("Ordered").await;
    let pods = site.installation.pods().await;
    site.installation.uninstall().await.fine();
    let ended = until(async || pods.iter().all(|pod| !pod.runs()).then_some(())).await;
    assert!(ended.is_some(), "the processes end with the release");
    let kept =
        site.installation.kubectl().run(&["get", "yubikeyshipments", "-n", PEOPLE, "-o", "name"]).await;
    assert_eq!(kept.fine().lines().count(), 4, "all shipments stay, and their definition");
    let before = dan.get().await;
    let said = format!("{}: {}", before.reason(), before.message());
    assert_eq!((before.phase(), before.is("Ordered")), (order.phase(), "True"), "{said}");

    site.installation.install(VALUES).await.fine();
    site.arrives(&dan).await;
    Handle::shipment(&site.client, PEOPLE, "ann").look_now().await;
    assert_eq!(site.orders().await, (4, 4), "what was ordered before is not ordered again");
    assert_eq!(site.sandbox.count(MAIL).await, 4, "one PIN each");
}

#[tokio::test]
async fn helm_test_tells_an_operator_that_is_ready_from_one_that_is_not() {
    let site = Site::prepare("helm-test").await;
    let powerless = format!("{VALUES}rbac:\n  create: false\n");
    site.installation.install_at_once(&powerless).await.fine();
    site.installation.pod().await;
    let failed = site.installation.test().await;
    assert!(!failed.ok, "without rights it cannot be ready: {}", failed.out);
    site.installation.upgrade(VALUES).await.fine();
    let passed = site.installation.test().await;
    assert!(passed.ok && passed.out.contains("Succeeded"), "{}\n{}", passed.out, passed.err);
}

#[tokio::test]
async fn the_sandbox_of_the_chart_walks_a_shipment_without_any_secret() {
    let installation = Installation::prepare("sandboxed").await;
    installation.kubectl().run(&["create", "namespace", PEOPLE]).await.fine();
    installation.install(&sandbox_values()).await.fine();
    let client = installation.plane.client().await;
    Handle::connection(&client, "sandbox").until_reason("Succeeded").await;
    let shipment = Handle::shipment(&client, PEOPLE, "bob-ray");
    let spec = json!({
        "connectionRef": {"name": "sandbox"}, "userRef": {"login": "bob.ray@example.com"},
        "key": {"model": "yubikey-5c-nfc"},
    });
    shipment.create("YubiKeyShipment", spec).await;
    shipment.until_reason("Activated").await;
}

/// Its ports are the machine's here, where other tests run too.
fn sandbox_values() -> String {
    let [okta, yubico, control] = free_ports();
    format!(
        "sandbox:\n  enabled: true\n  step: 1\n  ports: {{okta: {okta}, yubico: {yubico}, control: {control}}}\n"
    )
}
