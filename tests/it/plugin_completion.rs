//! Completion, as bash and kubectl ask for it, and the help texts.

use std::process::Command;

use crate::support::plugin::{program, run};

#[tokio::test]
async fn bash_completes_commands_flags_and_values() {
    let mut script = Command::new(program("kubectl-yubikey"));
    script.args(["completion", "bash"]);
    let script = run(script).await.fine();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("completion.bash");
    std::fs::write(&file, script).unwrap();
    for (line, expected) in [
        ("kubectl-yubikey hol", "holds"),
        ("kubectl-yubikey res", "resend-pin"),
        ("kubectl-yubikey decide --cho", "--choice"),
        ("kubectl-yubikey decide ann --choice Adopt", "AdoptOrder"),
        ("kubectl-yubikey status --out", "--output"),
        ("kubectl-yubikey report -o c", "csv"),
        ("kubectl-yubikey audit --cred", "--credentials-dir"),
    ] {
        let words: Vec<_> = line.split(' ').collect();
        let (last, before) = (words.len() - 1, words[words.len() - 2]);
        let ask = format!(
            "source {}; COMP_WORDS=({line}); COMP_CWORD={last}; _kubectl__yubikey kubectl-yubikey '{}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display(),
            words[last],
        );
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", &ask]);
        let offered = run(bash).await.fine();
        assert!(offered.lines().any(|word| word == expected), "{line}: {offered}");
    }
}

#[tokio::test]
async fn zsh_and_fish_have_scripts_of_their_own() {
    for (shell, sign) in [("zsh", "#compdef"), ("fish", "complete -c kubectl-yubikey")] {
        let mut command = Command::new(program("kubectl-yubikey"));
        command.args(["completion", shell]);
        let script = run(command).await.fine();
        assert!(script.contains(sign) && script.contains("resend-pin"), "{shell}");
    }
}

#[tokio::test]
async fn kubectl_asks_a_program_of_its_own_and_gets_a_directive() {
    let ask = async |words: &[&str]| {
        let mut command = Command::new(program("kubectl_complete-yubikey"));
        command.args(words);
        run(command).await.fine()
    };
    assert!(ask(&["hol"]).await.starts_with("holds\t"));
    assert_eq!(ask(&["decide", "ann", "--choice", "Adopt"]).await, "AdoptOrder\n:4\n");
    assert_eq!(ask(&["import", ""]).await, ":0\n");
    assert!(ask(&[""]).await.contains("status\t"));
}

#[tokio::test]
async fn the_help_of_each_command_says_what_it_does_and_shows_examples() {
    for name in [
        "status",
        "holds",
        "decide",
        "resend-pin",
        "approve",
        "suspend",
        "resume",
        "look",
        "order",
        "check",
        "import",
        "audit",
        "report",
        "dashboard",
        "completion",
    ] {
        let mut command = Command::new(program("kubectl-yubikey"));
        command.args([name, "--help"]);
        let help = run(command).await.fine();
        assert!(help.contains(&format!("Usage: kubectl yubikey {name}")), "{help}");
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= 180, "{name} has a line of {widest} letters");
    }
    let mut wrong = Command::new(program("kubectl-yubikey"));
    wrong.arg("staus");
    let said = run(wrong).await.ends(2);
    assert!(said.err.contains("status"), "{}", said.err);
}

#[tokio::test]
async fn without_a_cluster_the_next_step_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program("kubectl-yubikey"));
    command.args(["status", "--kubeconfig"]).arg(folder.path().join("none"));
    let said = run(command).await.ends(1);
    assert!(said.err.contains("no usable kubeconfig") && said.err.contains("next:"), "{}", said.err);
}
