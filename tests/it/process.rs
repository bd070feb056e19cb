//! Faults of the process: it ends within seconds, not well, with one line that says what to do.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{NOBODY, operator::Operator, operator_program, plane::Plane, scene::scene, until};

/// It gives up after ten seconds; more is only for a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the operator until it gives up; the answer is what it wrote to stderr.
fn gives_up(arguments: &[&str], environment: &[(&str, &Path)]) -> String {
    let mut command = Command::new(operator_program());
    command.args(arguments).env_clear().envs(environment.iter().copied());
    // Of two of these tests at once neither has the other's port.
    command.env("YKS_LISTEN", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let end = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            let said = child.wait_with_output().unwrap();
            panic!("it does not give up:\n{}", String::from_utf8_lossy(&said.stderr));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "the exit code tells");
    assert!(output.stdout.is_empty(), "stdout is for results");
    String::from_utf8(output.stderr).unwrap()
}

/// One line, naming what is wrong and what to do.
fn one_line(said: &str, words: &[&str]) {
    assert_eq!(said.trim_end().lines().count(), 1, "one line:\n{said}");
    for word in words {
        assert!(said.contains(word), "{word} in: {said}");
    }
}

#[test]
fn without_its_credentials_directory_it_says_how_to_name_one() {
    let said = gives_up(&["run", "--credentials-dir", "/no/such/place"], &[]);
    one_line(&said, &["/no/such/place", "--credentials-dir"]);
}

#[test]
fn with_a_bundle_of_certificates_that_is_none_it_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("proxy-ca.pem");
    let file = bundle.to_str().unwrap();
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap(), "--extra-ca", file];
    one_line(&gives_up(&arguments, &[]), &["--extra-ca", file, "does not exist"]);
    std::fs::write(&bundle, "no certificate\n").unwrap();
    one_line(&gives_up(&arguments, &[]), &["--extra-ca", file, "PEM"]);
}

#[test]
fn with_a_proxy_that_cannot_be_read_it_names_the_variable_and_never_its_value() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap()];
    for value in ["ftp://user:secretWord@proxy:21", "\"http://user:secretWord@proxy:1\"", "http://[::1:3128"]
    {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
            let said = gives_up(&arguments, &[(name, Path::new(value))]);
            one_line(&said, &[name, "e.g. http://proxy.example.com:3128"]);
            assert!(!said.contains("secretWord"), "{said}");
        }
    }
}

#[test]
fn with_a_kubeconfig_that_names_a_proxy_it_says_so_and_never_the_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap()];
    for own in ["http://user:secretWord@proxy:3128", "http://user:secret Word@proxy:3128"] {
        let mut config: serde_json::Value = serde_json::from_str(&config("https://127.0.0.1:9")).unwrap();
        config["clusters"][0]["cluster"]["proxy-url"] = own.into();
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let said = gives_up(&arguments, &[("KUBECONFIG", &kubeconfig)]);
        one_line(&said, &["KUBECONFIG", "proxy-url"]);
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn without_a_cluster_it_says_where_one_is_configured() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap()];
    one_line(&gives_up(&arguments, &[]), &["KUBECONFIG"]);
    one_line(&gives_up(&arguments, &[("KUBECONFIG", Path::new("/no/such/file"))]), &["KUBECONFIG"]);
    let broken = dir.path().join("kubeconfig");
    std::fs::write(&broken, "clusters: [{").unwrap();
    one_line(&gives_up(&arguments, &[("KUBECONFIG", &broken)]), &["KUBECONFIG"]);
}

#[test]
fn with_a_cluster_that_does_not_answer_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, config(&format!("https://127.0.0.1:{NOBODY}"))).unwrap();
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap()];
    one_line(&gives_up(&arguments, &[("KUBECONFIG", &kubeconfig)]), &["does not answer", "KUBECONFIG"]);
}

#[test]
fn with_a_cluster_that_is_silent_it_does_not_wait_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, config(&format!("https://{}", silent.local_addr().unwrap()))).unwrap();
    let arguments = ["run", "--credentials-dir", dir.path().to_str().unwrap()];
    one_line(&gives_up(&arguments, &[("KUBECONFIG", &kubeconfig)]), &["does not answer"]);
}

fn config(server: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "none"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

#[test]
fn a_flag_that_does_not_exist_is_named() {
    let said = gives_up(&["run", "--credentials-dir", "/tmp", "--no-such-flag"], &[]);
    assert!(said.contains("--no-such-flag") && said.contains("--help"), "{said}");
    let said = gives_up(&["run", "--credentials-dir", "/tmp", "--listen", "nowhere"], &[]);
    assert!(said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn with_an_address_that_is_taken_it_says_how_to_choose_another() {
    scene("taken")
        .play(async |scene| {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = taken.local_addr().unwrap().to_string();
            let credentials = scene.plane().dir.to_str().unwrap();
            let arguments = ["run", "--credentials-dir", credentials, "--listen", &address];
            let said = gives_up(&arguments, &[("KUBECONFIG", &scene.plane().operator_kubeconfig)]);
            one_line(&said, &[&address, "--listen"]);
        })
        .await;
}

#[tokio::test]
async fn without_rights_or_definitions_or_with_older_ones_it_names_them_and_the_remedy() {
    let plane = Plane::bare("process").await;
    let arguments = ["run", "--credentials-dir", plane.dir.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let run = || gives_up(&arguments, &[("KUBECONFIG", &plane.operator_kubeconfig)]);
    plane.install_rights().await;
    one_line(&run(), &["yubikeyconnections.fidoprereg.dev", "is missing", "kubectl apply"]);
    plane.install_definitions().await;
    forget_a_field(&plane).await;
    one_line(&run(), &["yubikeyshipments.fidoprereg.dev", "status.order.mark", "kubectl apply"]);
    plane.install_definitions().await;
    let rights = plane.kubectl().run(&["get", "clusterrolebinding", "-o", "name"]).await.fine();
    let ours = rights.lines().find(|name| name.contains("yubikey-shipments:")).unwrap();
    plane.kubectl().run(&["delete", ours]).await.fine();
    plane.until_operator_may("list", "yubikeyshipments.fidoprereg.dev", false).await;
    one_line(&run(), &["refuses", "RBAC"]);
}

#[tokio::test]
async fn it_ends_when_asked_even_while_the_cluster_refuses_the_shipments() {
    let plane = Plane::own("refused").await;
    let role = "clusterrole/yubikey-shipments:yubikey-shipment-operator";
    let without_the_first = r#"[{"op": "remove", "path": "/rules/0"}]"#;
    plane.kubectl().run(&["patch", role, "--type", "json", "-p", without_the_first]).await.fine();
    plane.until_operator_may("list", "yubikeyshipments.fidoprereg.dev", false).await;
    let operator = Operator::launch(&plane, "info").await;
    let told = until(async || operator.tail(50).contains("forbidden").then_some(())).await;
    assert!(told.is_some(), "the log says why nothing happens:\n{}", operator.tail(20));
    let others =
        until(async || (!asked(&operator, "readyz").await.1.contains("connections (")).then_some(()));
    assert!(others.await.is_some(), "only what is missing is named: {:?}", asked(&operator, "readyz").await);
    let (status, body) = asked(&operator, "readyz").await;
    assert_eq!(status, 503);
    for word in ["waiting for:", "shipments", "forbidden"] {
        assert!(body.contains(word), "{word} in: {body}");
    }
    assert_eq!(asked(&operator, "healthz").await.0, 200);
    operator.stop();
}

#[tokio::test]
async fn it_stays_alive_and_ready_while_the_cluster_is_away() {
    let plane = Plane::own("away").await;
    let operator = Operator::start(&plane, "info").await;
    let (_, all) = asked(&operator, "readyz?verbose").await;
    for line in
        ["[+]connections", "[+]decisions", "[+]definitions", "[+]namespaces", "[+]shipments", "role: leader"]
    {
        assert!(all.lines().any(|said| said == line), "{line} in: {all}");
    }
    plane.stop().await;
    let missed = until(async || {
        let (_, all) = asked(&operator, "readyz?verbose").await;
        all.lines().any(|line| line.starts_with("[-]")).then_some(())
    });
    assert!(missed.await.is_some(), "the watches notice");
    assert_eq!(asked(&operator, "healthz").await.0, 200);
    assert_eq!(asked(&operator, "readyz").await, (200, "ok\n".to_owned()));
    operator.stop();
}

/// Status and body, whatever they are.
async fn asked(operator: &Operator, path: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://{}/{path}", operator.address)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What an operator finds that is newer than its definitions.
async fn forget_a_field(plane: &Plane) {
    let field = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/order/properties/mark";
    let patch = json!([{"op": "remove", "path": field}]).to_string();
    let name = "yubikeyshipments.fidoprereg.dev";
    plane.kubectl().run(&["patch", "crd", name, "--type", "json", "-p", &patch]).await.fine();
}
