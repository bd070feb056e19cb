//! The tutorial, run from its first command to its last as its reader runs it: one shell, in the folder of the sources.

use std::{fmt::Write as _, fs, process::Command};

use crate::support::{helm::another_port, kubectl, operator_program, page, root, tool};

const PAGE: &str = "docs/tutorial.md";

/// Where the page keeps everything.
const STATE: &str = ".state/tutorial";

/// All commands of the page, one after the other. What was built is there already; no test depends on how fast the
/// machine is; the port of the operator's pod is the test's own where another program has it.
fn script(state: &str) -> String {
    let mut script = String::from("set -euo pipefail\n");
    for block in page::whole(PAGE) {
        for page::Line(line) in block {
            if line == "make build" {
                continue;
            }
            let mut line =
                line.replace("--timeout=60s", "--timeout=600s").replace("--timeout=120s", "--timeout=600s");
            if let (true, Some(port)) = (line.starts_with("helm install"), another_port()) {
                line = format!("{line} --set port={port}");
            }
            writeln!(script, "{line}").unwrap();
        }
    }
    script
        .replace(&format!("$PWD/{STATE}"), state)
        .replace(STATE, state)
        .replace("$PWD/target/debug", "$BUILT")
        .replace("target/debug", "$BUILT")
}

/// Ends what the page started, however it ended; the shell's own jobs are gone with `kill %2 %1`.
const ENDS: &str = "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n";

#[tokio::test]
async fn every_command_of_the_tutorial_works_in_its_order_and_leads_to_a_key_that_signs_in() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("tutorial");
    let mut shell = Command::new("bash");
    let tools = tool("kubectl").parent().unwrap().to_owned();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap_or_default());
    shell
        .args(["-c", &format!("{ENDS}{}", script(&state.display().to_string()))])
        .current_dir(root())
        .env("PATH", path)
        .env("BUILT", operator_program().parent().unwrap())
        .env("HOME", dir.path())
        .env_remove("KUBECONFIG");
    let said = kubectl::run(shell, String::new()).await;
    assert!(said.ok, "out: {}\nerr: {}", said.out, said.err);
    for part in [
        "Welcome, Bob!",
        // The doctor, before anything was installed.
        "checks hold",
        // Eve's profile.
        "InvalidRecipient",
        "First name",
        // Ann's order.
        "OrderOutcomeUnknown",
        "kubectl yubikey decide yks/ann-lee",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(!state.exists(), "the page cleans up");
}

/// A block of another kind would be a command that no test runs.
#[test]
fn the_tutorial_has_no_other_blocks_than_commands() {
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let odd: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("```") && !["```", "```console"].contains(line))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(page::whole(PAGE).iter().map(Vec::len).sum::<usize>() > 30);
}
