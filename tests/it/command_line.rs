//! What the programs say of themselves: the page of flags and commands is written from their `--help`, and they end with
//! the codes that it names.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use crate::support::{kubectl, operator_program, plugin, root};

const PAGE: &str = "docs/command-line.md";
const FROM: &str = "<!-- written: from here -->\n";
const TO: &str = "<!-- written: to here -->\n";

/// Each program, and what people type.
fn programs() -> [(PathBuf, &'static str, &'static str); 2] {
    [
        (operator_program().to_owned(), "yubikey-shipment-operator", "The operator"),
        (plugin::program("kubectl-yubikey"), "kubectl yubikey", "The plugin"),
    ]
}

async fn help(program: &PathBuf, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).arg("--help").env_clear();
    kubectl::run(command, String::new()).await.fine()
}

/// Names under `Commands:`, without clap's own `help`.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn said(text: &mut String, heading: &str, help: &str) {
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    write!(text, "\n{heading}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
}

#[tokio::test]
async fn the_page_has_every_flag_and_command_as_the_programs_say_them() {
    let mut written = String::new();
    for (program, typed, title) in programs() {
        let whole = help(&program, &[]).await;
        said(&mut written, &format!("## {title}: `{typed}`"), &whole);
        let names = commands(&whole);
        assert!(names.len() > 2, "{typed}: {whole}");
        for name in names {
            said(&mut written, &format!("### `{typed} {name}`"), &help(&program, &[&name]).await);
        }
    }
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(FROM).expect("the page has the first mark");
    let (now, after) = rest.split_once(TO).expect("the page has the second mark");
    let wanted = format!("{written}\n");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, format!("{before}{FROM}{wanted}{TO}{after}")).unwrap();
        return;
    }
    assert!(now == wanted, "{PAGE} differs from the programs: run this test with UPDATE_PAGES=1\n{written}");
}

#[tokio::test]
async fn the_operator_ends_with_the_codes_of_the_page() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    for (arguments, code) in [
        (&["crds"][..], 0),
        (&["--version"], 0),
        (&["run", "--credentials-dir", "no/such/directory"], 1),
        (&["probe", "http://127.0.0.1:9/readyz"], 1),
        (&["probe", "no url"], 2),
        (&["run", "--no-such-flag"], 2),
    ] {
        let mut command = Command::new(operator_program());
        command.args(arguments).env_clear();
        let ended = plugin::run(command).await;
        assert_eq!(ended.code, code, "{arguments:?}: {}", ended.err);
        assert!(page.contains(&format!("| {code} |")), "{code}");
        assert!(code == 0 || !ended.err.trim().is_empty(), "{arguments:?} says why");
    }
}
