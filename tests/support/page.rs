//! Commands of a page, run as its reader runs them.

use std::{fs, process::Command};

use super::{
    helm::helm,
    kubectl::{self, Said},
    plane::Plane,
};

/// One command of a `console` block, with its continued lines and what is fed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(pub String);

/// The commands of a section, a list for each of its `console` blocks.
pub fn commands(page: &str, section: &str) -> Vec<Vec<Line>> {
    let path = super::root().join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    of_section(&text, section)
}

/// The commands of a whole page, a list for each of its `console` blocks.
pub fn whole(page: &str) -> Vec<Vec<Line>> {
    let path = super::root().join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    blocks(text.lines().map(|line| (true, line)))
}

fn of_section(text: &str, section: &str) -> Vec<Vec<Line>> {
    let (mut here, heading) = (false, format!("## {section}"));
    let lines = text.lines().map(|line| {
        if line.starts_with("## ") {
            here = line == heading;
        }
        (here, line)
    });
    let found = blocks(lines);
    assert!(!found.is_empty(), "the page has no commands under: {section}");
    found
}

/// The blocks that begin where a line is wanted.
fn blocks<'a>(lines: impl Iterator<Item = (bool, &'a str)>) -> Vec<Vec<Line>> {
    let (mut blocks, mut inside) = (Vec::new(), false);
    for (wanted, line) in lines {
        if inside && line == "```" {
            inside = false;
        } else if inside {
            add(blocks.last_mut().unwrap(), line);
        } else if wanted && line == "```console" {
            inside = true;
            blocks.push(Vec::new());
        }
    }
    blocks
}

fn add(block: &mut Vec<Line>, line: &str) {
    match (line.strip_prefix("$ "), block.last_mut()) {
        (Some(command), _) => block.push(Line(command.to_owned())),
        (None, Some(last)) => last.0.extend(["\n", line]),
        (None, None) => panic!("a block begins with a command: {line}"),
    }
}

impl Line {
    /// Runs it in the folder of the sources, with the cluster's own kubectl and Helm.
    pub async fn run(&self, plane: &Plane) -> Said {
        let tools = super::tool("kubectl").parent().unwrap().display().to_string();
        let path = format!("{tools}:{}", std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("bash");
        shell.args(["-euc", &self.0]).current_dir(super::root());
        shell.env("PATH", path);
        for (name, value) in helm(plane).get_envs() {
            shell.env(name, value.unwrap());
        }
        kubectl::run(shell, String::new()).await
    }

    /// The same with more arguments.
    pub fn with(&self, arguments: &str) -> Self {
        Self(format!("{} {arguments}", self.0))
    }
}

#[test]
fn commands_of_a_section_are_read_with_all_their_lines() {
    let page = "## 1. One\n```console\n$ a \\\n    b\n$ c <<END\nd\nEND\n```\n## 2. Two\ntext\n```yaml\n$ no\n```\n```console\n$ e\n```\n";
    assert_eq!(of_section(page, "1. One"), [[Line("a \\\n    b".into()), Line("c <<END\nd\nEND".into())]]);
    assert_eq!(of_section(page, "2. Two"), [[Line("e".into())]]);
}
