//! The pages' commands, run as they stand there: the sandbox is installed, and everything is removed again.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::support::{
    helm::{Installation, OPERATOR_IMAGE, SANDBOX_IMAGE, another_port},
    page::{Line, commands},
    ports::free_ports,
    root,
    shipment::Handle,
    until,
};

const PAGE: &str = "docs/install.md";
const SANDBOX: &str = "1. Sandbox first";
const UNINSTALL: &str = "10. Uninstall";
const CHART_OF_DEFINITIONS: &str = "charts/yubikey-shipment-operator-crds/README.md";

/// The namespace of the page's shipment.
const PEOPLE: &str = "onboarding";

/// Ports of the sandbox that no other test has: the machine is one host for all pods.
struct Ports([u16; 3]);

impl Ports {
    fn free() -> Self {
        Self(free_ports())
    }

    /// For the command that installs.
    fn flags(&self, step: u32) -> String {
        let [okta, yubico, control] = self.0;
        let own = another_port().map(|port| format!(",port={port}")).unwrap_or_default();
        format!(
            "--set sandbox.ports.okta={okta},sandbox.ports.yubico={yubico},sandbox.ports.control={control},sandbox.step={step}{own}"
        )
    }

    fn control(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0[2])
    }

    /// Orders ever placed.
    async fn orders(&self) -> usize {
        let state: Value = http().get(self.control("/state")).send().await.unwrap().json().await.unwrap();
        state["shipments"].as_array().expect("a list of orders").len()
    }

    /// Makes a person whom Yubico can send a key to; the answer is the Okta user id.
    async fn person(&self, login: &str) -> String {
        let profile = json!({
            "login": login, "email": login, "firstName": "Kim", "lastName": "Doe", "secondEmail": format!("home.{login}"),
            "primaryPhone": "+1 617-555-0142", "organization": "Example Inc", "streetAddress": "7 Granite Terrace",
            "city": "Concord", "state": "MA", "zipCode": "01742", "countryCode": "US",
        });
        let body = json!({"profile": profile, "status": "ACTIVE"}).to_string();
        let made = http().post(self.control("/people")).body(body).send().await.unwrap();
        let made: Value = made.json().await.unwrap();
        made["id"].as_str().unwrap_or_else(|| panic!("nobody is made: {made}")).to_owned()
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// What makes images and clusters, for which there is a real control plane here.
const MAKES_CLUSTERS: [&str; 4] = ["make ", "kind ", "k3d ", "minikube "];

/// The section's commands for a cluster that is there and has the images.
fn commands_in_the_cluster() -> Vec<Line> {
    let blocks = commands(PAGE, SANDBOX);
    let first = blocks.iter().find(|block| block[0].0.starts_with("helm install"));
    first.expect("the page installs the chart").clone()
}

/// Runs the section's commands until a shipment is declared, or until it is activated.
async fn installed_as_the_page_says(installation: &Installation, ports: &Ports, step: u32, to_the_end: bool) {
    for line in commands_in_the_cluster() {
        if line.0.contains("condition=Activated") && !to_the_end {
            continue;
        }
        let line = match &line.0 {
            helm if helm.starts_with("helm install") => line.with(&ports.flags(step)),
            // No test depends on how fast the machine is.
            wait => Line(
                wait.replace("--timeout=90s", "--timeout=600s").replace("--timeout=180s", "--timeout=600s"),
            ),
        };
        let said = line.run(&installation.plane).await;
        assert!(said.ok, "{}: {}", line.0, said.err);
    }
}

#[tokio::test]
async fn the_pages_commands_lead_from_nothing_to_activated() {
    let installation = Installation::prepare("first").await;
    let commands = commands_in_the_cluster();
    assert!(commands.iter().any(|line| line.0.contains("condition=Activated")), "{commands:?}");
    installed_as_the_page_says(&installation, &Ports::free(), 1, true).await;
    let get = ["get", "yks", "-n", PEOPLE, "bob-ray", "-o", "jsonpath={.status.phase}"];
    assert_eq!(installation.kubectl().run(&get).await.fine(), "Activated");
}

/// The archives that a cluster of each kind loads are those that `make image` writes, of the images that the chart asks for.
#[test]
fn every_kind_of_cluster_gets_both_images_as_they_are_built_and_asked_for() {
    let blocks = commands(PAGE, SANDBOX);
    let lines: Vec<_> = blocks.iter().flatten().map(|line| line.0.clone()).collect();
    let place = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("the page has no command {start}: {lines:#?}"))
    };
    let script = fs::read_to_string(root().join("hack/image.sh")).unwrap();
    assert!(
        script.contains(r#"archive "$3/$name" "$name:$(version)" "$3/$name.tar""#),
        "what is loaded is written"
    );
    assert!(script.contains(r#"build "$root/.cache/image/target" .cache/image"#), "and where");
    for (create, load) in [
        ("kind create cluster", "kind load image-archive "),
        ("k3d cluster create", "k3d image import "),
        ("minikube start", "minikube image load "),
    ] {
        assert!(place("make image") < place(create) && place(create) < place(load), "{create}");
        assert!(place(load) < place("helm install"), "{load}");
        for image in [OPERATOR_IMAGE, SANDBOX_IMAGE] {
            let file = format!(".cache/image/{image}.tar");
            assert!(lines.iter().any(|line| line.starts_with(load) && line.contains(&file)), "{load}{file}");
        }
    }
    let others = lines.iter().filter(|line| !MAKES_CLUSTERS.iter().any(|start| line.starts_with(start)));
    assert!(others.clone().count() >= 5, "{:#?}", others.collect::<Vec<_>>());
}

/// Four people, one at a time.
async fn roll(installation: &Installation, ports: &Ports) -> Handle {
    let client = installation.plane.client().await;
    let rollout = Handle::rollout(&client, PEOPLE, "staff");
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(json!({"id": ports.person(&format!("kim.{number}@example.com")).await}));
    }
    let spec = json!({
        "connectionRef": {"name": "sandbox"}, "source": {"users": {"list": people}}, "budget": 10,
        "mode": "Order", "maxInFlight": 1, "template": {"spec": {"key": {"model": "yubikey-5c-nfc"}}},
    });
    rollout.create("YubiKeyRollout", spec).await;
    rollout.until("one is begun for", |o| o.tally("inFlight") == 1 && o.tally("waiting") == 3).await;
    rollout
}

async fn left(installation: &Installation) -> String {
    let found = installation.kubectl().run(&["get", "crd", "-o", "name"]).await.fine();
    let ours: Vec<_> = found.lines().filter(|name| name.contains("fidoprereg.dev")).collect();
    ours.join(" ")
}

#[tokio::test]
async fn the_pages_commands_install_the_sandbox_and_remove_everything_without_another_order() {
    let installation = Installation::prepare("uninstall").await;
    let ports = Ports::free();
    installed_as_the_page_says(&installation, &ports, 600, false).await;
    roll(&installation, &ports).await;
    let ordered = until(async || (ports.orders().await == 2).then_some(())).await;
    assert!(ordered.is_some(), "the page's shipment and the rollout's first: {}", ports.orders().await);

    let blocks = commands(PAGE, UNINSTALL);
    assert_eq!(blocks.len(), 2, "one that keeps everything, one that removes it");
    assert!(blocks[0].iter().all(|line| blocks[1].contains(line)), "the first is a part of the second");
    for line in &blocks[1] {
        if line.0.starts_with("helm uninstall") {
            assert_eq!(ports.orders().await, 2, "nobody was ordered for in place of those who were deleted");
        }
        let said = line.run(&installation.plane).await;
        assert!(said.ok, "{}: {}", line.0, said.err);
    }
    let gone = until(async || left(&installation).await.is_empty().then_some(())).await;
    assert!(gone.is_some(), "{} stays", left(&installation).await);
}

/// What stands in `crds/`.
fn definitions() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("crds")).unwrap().map(|file| file.unwrap().path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    let name = |text: String| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("name: ").map(str::to_owned));
        line.expect("a definition has a name").trim_matches('"').to_owned()
    };
    texts.map(name).collect()
}

#[test]
fn every_page_that_removes_definitions_names_all_of_them() {
    let all = definitions();
    assert!(all.len() >= 4, "{all:?}");
    for page in [PAGE, CHART_OF_DEFINITIONS] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let command = text.split("kubectl delete crd").nth(1).expect("the page tells how");
        let named: BTreeSet<_> = command
            .split_whitespace()
            .take_while(|word| *word == "\\" || word.ends_with(".fidoprereg.dev"))
            .filter(|word| *word != "\\")
            .map(str::to_owned)
            .collect();
        assert_eq!(named, all, "{page}");
    }
    let rollouts_first = commands(PAGE, UNINSTALL)[1][0].0.contains("yubikeyrollouts");
    assert!(rollouts_first, "a rollout would order for those who are deleted");
}
