//! The binary: one line when ready, an end with stdin, and the sign-in with nothing but parcel and mail.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::operator::start;

const PROGRAM: &str = env!("CARGO_BIN_EXE_yubikey-shipment-sandbox");

#[test]
fn serve_prints_one_line_and_ends_with_stdin() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--manual", "--seed", "1", "--dir"])
        .arg(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    for name in ["okta", "yubico", "control", "ca", "credentials", "clientId", "keyId", "yubicoOrganization"]
    {
        assert!(ready[name].is_string(), "{name}");
    }
    for file in ["okta-private-key", "yubico-api-token", "ca.crt"] {
        assert!(dir.path().join("credentials/default").join(file).is_file(), "{file}");
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(lines.next().is_none());
}

#[test]
fn a_connection_can_be_written_beforehand() {
    let dir = tempfile::tempdir().unwrap();
    let connection = dir.path().join("beforehand");
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--client-id", "0oaChart", "--key-id", "chart", "--dir"])
        .arg(dir.path())
        .arg("--connection-dir")
        .arg(&connection)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((ready["clientId"].as_str(), ready["keyId"].as_str()), (Some("0oaChart"), Some("chart")));
    for file in ["okta-private-key", "yubico-api-token", "ca.crt"] {
        assert!(connection.join(file).is_file(), "{file}");
    }
    assert!(!dir.path().join("credentials/default").exists());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn sign_in_says_welcome_or_why_not() {
    let world = start().await;
    let with = world.ready_to_sign_in().await;
    let run = async |extra: &[&str]| {
        let mut command = tokio::process::Command::new(PROGRAM);
        command.args(["sign-in", "--okta", &with.okta]);
        command
            .arg("--parcel")
            .arg(&with.parcel)
            .arg("--mail")
            .arg(&with.mail)
            .arg("--ca")
            .arg(with.ca.as_ref().unwrap());
        let output = command.args(extra).output().await.unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, _, reason) = run(&["--pin", "123456"]).await;
    assert_eq!((code, reason.as_str()), (Some(1), "wrong PIN, 7 tries left\n"));
    let (code, _, reason) = run(&["--rp-id", "example.com"]).await;
    assert_eq!(code, Some(1));
    assert!(reason.contains("example.com"));
    let (code, welcome, _) = run(&[]).await;
    assert_eq!(code, Some(0));
    assert!(welcome.starts_with("Welcome, Ann! ann.lee@example.com signed in with YubiKey 5C NFC "));
}
