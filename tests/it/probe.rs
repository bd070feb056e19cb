//! `probe URL`: asks an endpoint where there is no shell.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use crate::support::{NOBODY, operator::Operator, operator_program, plane::Plane, until};

fn probe(url: &str) -> Output {
    // Whatever proxy there is, it is not asked.
    Command::new(operator_program())
        .args(["probe", url])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap()
}

fn says(url: &str, words: &str) {
    let output = probe(url);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(words), "{url}: {said}");
    assert!(output.stdout.is_empty(), "stdout is for results");
}

#[tokio::test]
async fn a_probe_tells_by_its_exit_code_whether_the_operator_answers_well() {
    let plane = Plane::own("probe").await;
    let operator = Operator::start(&plane, "info").await;
    let at = |path: &str| format!("http://{}/{path}", operator.address);
    for path in ["healthz", "readyz", "metrics"] {
        let output = probe(&at(path));
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
    says(&at("nothing"), "404");
    operator.stop();

    // An operator that may not read the shipments is alive and never ready.
    let role = "clusterrole/yubikey-shipments:yubikey-shipment-operator";
    let without_the_first = r#"[{"op": "remove", "path": "/rules/0"}]"#;
    plane.kubectl().run(&["patch", role, "--type", "json", "-p", without_the_first]).await.fine();
    let operator = Operator::launch(&plane, "info").await;
    let alive =
        until(async || probe(&format!("http://{}/healthz", operator.address)).status.success().then_some(()));
    alive.await.expect("it is alive");
    says(&format!("http://{}/readyz", operator.address), "waiting for: ");
    operator.stop();
}

#[test]
fn a_probe_says_why_there_is_no_answer() {
    says(&format!("http://127.0.0.1:{NOBODY}/healthz"), "refused");
    says("https://127.0.0.1:1/healthz", "http://");
    says("nonsense", "URL");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    says(&format!("http://{}/healthz", silent.local_addr().unwrap()), "5 s");
}
