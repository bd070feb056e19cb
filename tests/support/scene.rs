//! What most tests need: a namespace, a sandbox, a connection to it, and an operator that follows.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::FutureExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{
    kubectl::Kubectl,
    mount::Mount,
    object::Object,
    operator::{Launch, Operator},
    plane::Plane,
    sandbox::Sandbox,
    shipment::Handle,
};

/// A cluster and an operator that watches all of it.
#[derive(Debug)]
pub struct Stage {
    pub plane: Plane,
    /// `None` while it is stopped.
    operator: Mutex<Option<Operator>>,
    credentials: std::path::PathBuf,
}

/// Never dropped: its processes end with ours.
static SHARED: OnceCell<Stage> = OnceCell::const_new();
static SCENES: AtomicUsize = AtomicUsize::new(0);

impl Stage {
    async fn around(plane: Plane, rust_log: &str) -> Self {
        let operator = Operator::start(&plane, rust_log).await;
        let credentials = operator.credentials.clone();
        Self { plane, operator: Mutex::new(Some(operator)), credentials }
    }

    async fn shared() -> &'static Self {
        SHARED.get_or_init(async || Self::around(Plane::for_all().await, "info").await).await
    }
}

enum Where {
    Shared(&'static Stage),
    Own(Box<Stage>),
}

/// What a test sees.
pub struct Scene {
    /// Of the namespace, and the beginning of all connections' names.
    pub name: String,
    pub client: Client,
    pub sandbox: Sandbox,
    /// The credentials of the first connection.
    pub mount: Mount,
    stage: Where,
    connections: Mutex<HashSet<String>>,
    namespaces: Mutex<HashSet<String>>,
}

/// How a scene is set.
#[derive(Debug, Default)]
pub struct Setting {
    name: String,
    own: bool,
    rust_log: Option<String>,
    connection: Value,
}

/// An ordinary test: the cluster and the operator are shared, the rest is its own.
pub fn scene(name: &str) -> Setting {
    Setting { name: name.to_owned(), ..Setting::default() }
}

/// A test that kills, restarts or counts: everything is its own.
pub fn own_scene(name: &str) -> Setting {
    Setting { own: true, ..scene(name) }
}

impl Setting {
    /// A change to the connection, merged into its spec.
    pub fn connection(mut self, change: Value) -> Self {
        merge(&mut self.connection, change);
        self
    }

    /// What the operator logs.
    pub fn rust_log(mut self, filter: &str) -> Self {
        self.rust_log = Some(filter.to_owned());
        self
    }

    /// Sets the scene, plays the test, reports if it fails, and tidies up.
    pub async fn play(self, test: impl AsyncFnOnce(&Scene)) {
        let scene = Scene::open(self).await;
        let outcome = AssertUnwindSafe(test(&scene)).catch_unwind().await;
        if let Err(failure) = outcome {
            scene.report().await;
            scene.close().await;
            resume_unwind(failure);
        }
        scene.close().await;
    }
}

impl Scene {
    async fn open(setting: Setting) -> Self {
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        let name = format!("it-{}-{}-{number}", setting.name, std::process::id());
        let stage = if setting.own {
            let plane = Plane::own(&setting.name).await;
            Where::Own(Box::new(Stage::around(plane, setting.rust_log.as_deref().unwrap_or("info")).await))
        } else {
            Where::Shared(Stage::shared().await)
        };
        let sandbox = Sandbox::start().await;
        let at = match &stage {
            Where::Shared(stage) => *stage,
            Where::Own(stage) => stage,
        };
        let mount = Mount::copy(&sandbox.credentials("default"), &at.credentials.join(&name));
        let client = at.plane.client().await;
        let scene = Self {
            name: name.clone(),
            client,
            sandbox,
            mount,
            stage,
            connections: Mutex::default(),
            namespaces: Mutex::default(),
        };
        scene.namespace(&name).await;
        let mut spec = scene.connection_spec();
        merge(&mut spec, setting.connection);
        let connection = scene.connect(&name, spec).await;
        // Preflight asks what tests make misbehave: its first look is not theirs.
        connection.until("it was looked at", |object| object.has("/status/conditions/0")).await;
        scene
    }

    pub fn stage(&self) -> &Stage {
        match &self.stage {
            Where::Shared(stage) => stage,
            Where::Own(stage) => stage,
        }
    }

    pub fn plane(&self) -> &Plane {
        &self.stage().plane
    }

    pub fn kubectl(&self) -> Kubectl {
        self.plane().kubectl()
    }

    /// Makes a namespace that goes with the scene.
    pub async fn namespace(&self, name: &str) {
        self.create_namespace(name).await;
        self.namespaces.lock().unwrap().insert(name.to_owned());
    }

    /// By the API: kubectl is all of Kubernetes in one program, and each scene would wait for it to start.
    async fn create_namespace(&self, name: &str) {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        api.create(&PostParams::default(), &namespace).await.expect("the namespace is new");
    }

    /// A connection to the sandbox, with times that suit a test.
    pub fn connection_spec(&self) -> Value {
        self.sandbox.connection_spec()
    }

    /// Declares a connection that goes with the scene.
    pub async fn connect(&self, name: &str, spec: Value) -> Handle {
        let handle = Handle::connection(&self.client, name);
        self.connections.lock().unwrap().insert(name.to_owned());
        handle.create("YubiKeyConnection", spec).await;
        handle
    }

    /// The first connection.
    pub fn connection(&self) -> Handle {
        Handle::connection(&self.client, &self.name)
    }

    /// Mounts credentials for another connection.
    pub fn mount_for(&self, connection: &str, from: &std::path::Path) -> Mount {
        Mount::copy(from, &self.stage().credentials.join(connection))
    }

    /// A login nobody else in the cluster has.
    pub fn login(&self, name: &str) -> String {
        format!("{name}@{}.example", self.name)
    }

    /// A person at Okta; the answer is the login.
    pub async fn person(&self, name: &str, status: &str) -> String {
        let login = self.login(name);
        self.sandbox.person(&login, status).await;
        login
    }

    /// The shipment `kim`, held because its person has a key of other hands already.
    pub async fn existing_key(&self) -> (Handle, Object) {
        let login = self.person("kim", "ACTIVE").await;
        self.sandbox.post(&format!("/people/{login}/enrollments"), json!({"ageMinutes": 600})).await;
        let shipment = self.ship("kim", &login).await;
        let held = shipment.until_held("ExistingKey", &["RetryOrder", "AdoptOrder", "CancelOrder"]).await;
        (shipment, held)
    }

    /// Declares a shipment for a login.
    pub async fn ship(&self, name: &str, login: &str) -> Handle {
        self.ship_with(name, login, json!({})).await
    }

    /// Declares a shipment with more in its spec.
    pub async fn ship_with(&self, name: &str, login: &str, more: Value) -> Handle {
        self.ship_in(&self.name, name, login, more).await
    }

    /// Declares a shipment in another namespace.
    pub async fn ship_in(&self, namespace: &str, name: &str, login: &str, more: Value) -> Handle {
        let spec = self.shipment_spec(login, more);
        let handle = Handle::shipment(&self.client, namespace, name);
        handle.create("YubiKeyShipment", spec).await;
        handle
    }

    /// What a shipment for a login asks for.
    pub fn shipment_spec(&self, login: &str, more: Value) -> Value {
        let mut spec = json!({
            "connectionRef": {"name": self.name}, "userRef": {"login": login}, "key": {"model": "yubikey-5c-nfc"},
        });
        merge(&mut spec, more);
        spec
    }

    /// Events about an object, oldest first: reason and note.
    pub async fn events(&self, namespace: &str, name: &str) -> Vec<(String, String)> {
        let selector = format!("regarding.name={name}");
        let arguments =
            ["get", "events.events.k8s.io", "-n", namespace, "--field-selector", &selector, "-o", "json"];
        let list: Value = serde_json::from_str(&self.kubectl().run(&arguments).await.fine()).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let events = list["items"].as_array().unwrap().iter();
        events.map(|event| (text(&event["reason"]), text(&event["note"]))).collect()
    }

    /// The operator's process; `None` while it is stopped.
    pub fn operator(&self) -> std::sync::MutexGuard<'_, Option<Operator>> {
        self.stage().operator.lock().unwrap()
    }

    /// Starts the operator anew after a test took it away.
    pub async fn start_operator(&self) {
        assert!(matches!(self.stage, Where::Own(_)), "the shared operator is nobody's to restart");
        let operator = Operator::start(self.plane(), "info").await;
        *self.operator() = Some(operator);
    }

    /// Ends the operator and starts another in its place.
    pub async fn operate(&self, launch: Launch) {
        assert!(matches!(self.stage, Where::Own(_)), "the shared operator is nobody's to restart");
        self.rest_operator();
        let operator = launch.go().await;
        operator.is_ready().await;
        *self.operator() = Some(operator);
    }

    /// Ends the operator, if it runs.
    pub fn rest_operator(&self) {
        let running = self.operator().take();
        if let Some(operator) = running {
            operator.stop();
        }
    }

    /// What there is to know when a test fails.
    async fn report(&self) {
        eprintln!("=== what stands in namespace {} ===", self.name);
        for kind in ["yubikeyrollouts", "yubikeyshipments", "yubikeydecisions", "yubikeyconnections"] {
            let said = self.kubectl().run(&["get", kind, "-n", &self.name, "-o", "yaml"]).await.out;
            let lines = said.lines().filter(|line| line.len() < 400);
            eprintln!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
        eprintln!("{}", self.kubectl().run(&["get", "events", "-n", &self.name]).await.out);
        eprintln!("=== what the vendors were asked ===");
        for call in self.sandbox.calls().await.iter().rev().take(40).rev() {
            eprintln!("{:4} {} {:?}", call.seq, call.operation, call.status);
        }
        eprintln!("=== the end of the operator's log ===");
        if let Some(operator) = &*self.operator() {
            let log = std::fs::read_to_string(&operator.log).unwrap_or_default();
            let ours: Vec<_> = log.lines().filter(|line| line.contains(&self.name)).collect();
            eprintln!("{}\n---\n{}", super::tail(&ours.join("\n"), 60), operator.tail(10));
        }
    }

    /// Nothing of it stays for the shared operator to follow; a cluster of one's own ends whole.
    async fn close(&self) {
        if matches!(self.stage, Where::Own(_)) {
            // Before what it talks to: else it would wait for answers that never come.
            let operator = self.operator().take();
            operator.into_iter().for_each(Operator::kill);
            return;
        }
        let namespaces: Vec<_> = self.namespaces.lock().unwrap().iter().cloned().collect();
        for namespace in &namespaces {
            for kind in ["YubiKeyRollout", "YubiKeyShipment"] {
                for handle in Handle::all(&self.client, kind, namespace).await {
                    handle.wipe().await;
                }
            }
        }
        let connections: Vec<_> = self.connections.lock().unwrap().iter().cloned().collect();
        for connection in connections {
            Handle::connection(&self.client, &connection).wipe().await;
        }
        self.mount.remove();
        if self.plane().is_borrowed() {
            for namespace in &namespaces {
                self.kubectl().run(&["delete", "namespace", namespace, "--wait=false"]).await;
            }
        }
    }
}

/// RFC 7386, as the API server merges.
pub fn merge(target: &mut Value, change: Value) {
    let Value::Object(change) = change else {
        if !change.is_null() {
            *target = change;
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in change {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(&name);
        } else {
            merge(&mut target[&name], value);
        }
    }
}
