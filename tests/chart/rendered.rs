//! What the sets of values render.

use std::fs;

use crate::{
    helm::{self, HELM, HELM_3, NAMESPACE, chart, copy, rendered_with, values},
    sets::{documents, kind, of_kind, pretty_equal, rendered},
};

/// Does any line contain this?
fn has(text: &str, part: &str) -> bool {
    text.lines().any(|line| line.contains(part))
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|is| is == line)
}

#[tokio::test]
async fn makes_what_the_values_say_and_no_more() {
    for (set, wanted, count) in [
        ("minimal", "CustomResourceDefinition", 4),
        ("credentials", "CustomResourceDefinition", 0),
        ("credentials", "ValidatingAdmissionPolicy", 0),
        ("credentials", "YubiKeyConnection", 0),
        ("connection", "YubiKeyConnection", 1),
        ("sandbox", "YubiKeyConnection", 1),
        ("minimal", "PodDisruptionBudget", 0),
        ("ha", "PodDisruptionBudget", 1),
        ("minimal", "NetworkPolicy", 0),
        ("proxy", "NetworkPolicy", 1),
        ("everything", "ServiceMonitor", 1),
        ("everything", "PrometheusRule", 1),
        ("minimal", "Role", 1),
        ("namespaced", "Role", 4),
        ("everything", "Role", 2),
        ("minimal", "Deployment", 1),
        ("dashboard", "Deployment", 2),
        ("dashboard", "ServiceAccount", 2),
        ("dashboard", "NetworkPolicy", 2),
    ] {
        let text = rendered(set).await;
        assert_eq!(documents(&text).filter(|it| kind(it) == wanted).count(), count, "{wanted} in {set}");
    }
}

#[tokio::test]
async fn mounts_secrets_whole() {
    let text = rendered("everything").await;
    let ends = "mountPath: /etc/yubikey-shipment-operator/credentials/emea";
    assert!(text.lines().any(|line| line.ends_with(ends)), "emea's Secret is mounted as a directory");
    let mut code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    assert!(!code.any(|line| line.contains("subPath:")), "a subPath is never updated");
}

/// The alerts and the board are tested elsewhere, as files: here nothing of them is evaluated, only moved to the right.
#[tokio::test]
async fn embeds_alerts_and_dashboard_unchanged() {
    let rule = monitoring("prometheusRule").await;
    let rule = rule.split_once("\nspec:\n").unwrap().1;
    let rule = rule.lines().filter(|line| !line.starts_with("  # Byte for byte"));
    assert_same_file("alerts.yaml", rule, "  ");
    let board = monitoring("dashboard").await;
    let board = board.split_once("|-\n").unwrap().1;
    assert_same_file("dashboard.json", board.lines(), "    ");
}

async fn monitoring(which: &str) -> String {
    let on = format!("metrics.{which}.enabled=true");
    rendered_with(&["--set", &on, "--show-only", "templates/monitoring.yaml"]).await
}

/// Blank lines and what stands at the end of a line say nothing.
fn assert_same_file<'a>(name: &str, embedded: impl Iterator<Item = &'a str>, indent: &str) {
    let lines = |all: Vec<&str>| {
        let all = all.into_iter().map(str::trim_end).filter(|line| !line.is_empty());
        all.collect::<Vec<_>>().join("\n")
    };
    let file = fs::read_to_string(format!("{}/files/{name}", chart())).unwrap();
    let embedded = embedded.map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
    pretty_equal(&lines(file.lines().collect()), &lines(embedded));
}

#[tokio::test]
async fn a_network_policy_opens_what_is_listed_and_the_proxys_port_with_it() {
    for (set, ports) in [
        ("ha", "443 53 6443"),
        ("everything", "3128 53 5353 6443 8443 9480"),
        ("openshift", "443 53 5353 6443"),
        ("proxy", "443 53 6443 8080 8443"),
        ("sandbox", "443 53 6443"),
    ] {
        assert_eq!(egress(set).await, ports, "{set}");
    }
}

/// The ports to which the `NetworkPolicy` lets the operator go.
async fn egress(set: &str) -> String {
    let text = rendered(set).await;
    let policy =
        documents(&text).find(|document| document.contains("/templates/networkpolicy.yaml\n")).unwrap();
    let out = policy.split_once("\n  egress:\n").unwrap().1;
    let port = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let mut ports: Vec<_> = out.split("port: ").skip(1).map(port).collect();
    ports.sort();
    ports.dedup();
    ports.join(" ")
}

/// Each of the thresholds stands where its alert compares, and nowhere else.
#[tokio::test]
async fn thresholds_of_the_values_stand_in_the_alerts() {
    let text = rendered("everything").await;
    for threshold in [
        "< 45 * 86400",
        ">= 14 * 86400",
        "< 14 * 86400",
        "> 1 * 86400",
        "> 21 * 86400",
        "> 60 * 86400",
        ") > 0.1",
        ") > 0.3",
        "_sum[30m])) > 2",
    ] {
        let count = text.lines().filter(|line| line.ends_with(threshold)).count();
        assert_eq!(count, 1, "{threshold}");
    }
    for default in ["30", "7", "3"] {
        for compared in ["<", ">", "="] {
            assert!(!has(&text, &format!("{compared} {default} * 86400")), "{compared} {default} is left");
        }
    }
}

#[tokio::test]
async fn leaves_to_the_platform_what_a_value_leaves_unset_and_lets_its_user_read_the_credentials() {
    let pod = async |set| of_kind(&rendered(set).await, "Deployment");
    let minimal = pod("minimal").await;
    assert!(has_line(&minimal, "        fsGroup: 65532"));
    assert!(has(&minimal, "runAsUser: 65532"));
    let openshift = pod("openshift").await;
    for part in ["fsGroup", "runAsUser", "runAsGroup"] {
        assert!(!has(&openshift, part), "{part}");
    }
    for part in ["runAsNonRoot: true", "readOnlyRootFilesystem: true", "defaultMode: 0444"] {
        assert!(has(&openshift, part), "{part}");
    }
    assert!(!has(&pod("unset").await, "securityContext"));
    assert!(has(&pod("credentials").await, "defaultMode: 0440"));
}

/// As an umbrella chart with its own keys merges them. A null in its values.yaml has no effect in some versions of Helm, a
/// null of a later file has.
#[tokio::test]
async fn renders_under_an_umbrella_chart_whose_keys_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    let umbrella = dir.path();
    fs::create_dir(umbrella.join("charts")).unwrap();
    copy(&chart(), &umbrella.join("charts/yubikey-shipment-operator"));
    fs::write(umbrella.join("Chart.yaml"), UMBRELLA).unwrap();
    fs::write(umbrella.join("values.yaml"), UMBRELLA_VALUES).unwrap();
    let template = ["template", "up", umbrella.to_str().unwrap(), "--namespace", NAMESPACE];
    let image = "mirror.example.com/yubikey-shipment-operator:";
    for program in [HELM, HELM_3] {
        let text = helm::run(program, &template, "").await.ok().unwrap();
        let named = [format!("image: {image}"), format!("image: \"{image}")];
        assert!(named.iter().any(|named| has(&text, named)), "{program}: {image}");
        assert!(!has(&text, "runAsUser"), "{program}");
    }
    let later =
        "yubikey-shipment-operator: {securityContext: null, podSecurityContext: {runAsNonRoot: null}}";
    let text = helm::run(HELM, &[&template[..], &["--values", "-"]].concat(), later).await.ok().unwrap();
    assert!(!has(&text, "runAsNonRoot") && !has(&text, "readOnlyRootFilesystem"));
    let off = ["--set", "yubikey-shipment-operator.enabled=false"];
    let text = helm::run(HELM, &[&template[..], &off].concat(), "").await.ok().unwrap();
    assert!(!has(&text, "kind"), "switched off, it renders nothing: {text}");
}

const UMBRELLA: &str = "\
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies:
  - {name: yubikey-shipment-operator, version: 0.x.x, condition: yubikey-shipment-operator.enabled, tags: [operators]}
";

const UMBRELLA_VALUES: &str = "\
global: {imageRegistry: mirror.example.com, team: platform}
tags: {operators: true}
yubikey-shipment-operator:
  enabled: true
  tags: {x: true}
  x-anchors: {a: 1}
  podSecurityContext: {runAsUser: \"\", runAsGroup: \"\", fsGroup: \"\"}
";

#[tokio::test]
async fn names_images_at_the_registry_of_the_values() {
    for (set, image) in [
        ("external", "image: mirror.example.com:5000/team/yubikey-shipment-operator:"),
        ("sandbox-everything", "image: mirror.example.com/yubikey-shipment-sandbox@sha256:"),
        ("minimal", "image: yubikey-shipment-operator:"),
    ] {
        assert!(has(&of_kind(&rendered(set).await, "Deployment"), image), "{set}: {image}");
    }
}

/// As Argo CD and Kustomize render it.
#[tokio::test]
async fn without_a_cluster_to_ask_connections_are_ordinary_objects() {
    let hook = "helm.sh/hook: post";
    assert!(!has(&rendered("connection").await, hook));
    assert!(!has(&rendered("sandbox").await, hook));
    // Argo CD names what the cluster serves, and asks for nothing.
    let served = ["--api-versions", "apiregistration.k8s.io/v1/APIService"];
    let text = rendered_with(&[&[values("connection").as_str()], &served[..]].concat()).await;
    assert!(!has(&text, hook));
}

/// The page has an account that is bound to nothing, mounts no token, and is met by no selector of the operator.
#[tokio::test]
async fn the_page_has_no_right_no_token_and_no_selector_of_the_operator() {
    let only = async |template: &str| {
        let path = format!("templates/{template}.yaml");
        let text = rendered_with(&[&values("dashboard"), "--show-only", &path]).await;
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        code.collect::<Vec<_>>().join("\n")
    };
    let page = only("dashboard").await;
    assert_eq!(page.matches("automountServiceAccountToken: false").count(), 2);
    for part in ["Role", "secret", "Secret", "serviceAccountToken:"] {
        assert!(!page.contains(part), "the page has: {part}");
    }
    let ends = |text: &str, end: &str| text.lines().any(|line| line.ends_with(end));
    assert!(ends(&page, "serviceAccountName: yks-yubikey-shipment-operator-dashboard"));
    assert!(!only("rbac").await.contains("dashboard"), "no right is the page's");
    assert!(ends(&page, "app.kubernetes.io/name: yubikey-shipment-operator-dashboard"));
    assert!(!ends(&page, "app.kubernetes.io/name: yubikey-shipment-operator"));
    assert!(has_line(&page, "            - --origin=https://yubikeys.example.com"));
    assert!(has(&page, "image: mirror.example.com/yubikey-dashboard:"));
    assert!(
        !ends(page.split_once("\n  egress:\n").unwrap().0, "port: 443"),
        "the API server is for egress only"
    );
}

#[tokio::test]
async fn nobody_may_come_to_the_page_unless_somebody_is_named() {
    let on = "dashboard.enabled=true,networkPolicy.enabled=true,dashboard.origins={https://a.example}";
    let page = rendered_with(&["--set", on, "--show-only", "templates/dashboard.yaml"]).await;
    assert!(has_line(&page, "  ingress: []"), "{page}");
}

#[tokio::test]
async fn packaged_it_renders_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    helm::run(HELM, &["package", &chart(), "--destination", to], "").await.ok().unwrap();
    let package = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let name = ["template", "yubikey-shipment-operator", package.to_str().unwrap(), "--namespace", NAMESPACE];
    let packaged = helm::run(HELM, &name, "").await.ok().unwrap();
    pretty_equal(&rendered("minimal").await, &packaged);
}
