//! What `docs/guarantees.md` promises is carried by tests and properties that exist.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

fn text_of(dirs: &[&str]) -> String {
    let mut files = Vec::new();
    for dir in dirs {
        rust_files(&root().join(dir), &mut files);
    }
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n")
}

/// What stands between backticks or asterisks, with what stands before a colon cut off.
fn quoted(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2).map(|part| part.rsplit(": ").next().unwrap())
}

/// Names of tests: sentences with underscores.
fn tests(page: &str) -> BTreeSet<&str> {
    let is_test = |name: &&str| {
        name.matches('_').count() > 2 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    page.lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| quoted(line, '`'))
        .filter(is_test)
        .collect()
}

#[test]
fn every_test_that_the_guarantees_name_exists() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let code = text_of(&["src", "tests", "crates"]);
    let named = tests(&page);
    assert!(named.len() > 60, "only {} tests are named", named.len());
    let missing: Vec<_> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn every_property_of_the_model_carries_a_promise() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let checked = fs::read_to_string(root().join("crates/model/src/check.rs")).unwrap();
    let list = checked.split("PROPERTIES: ").nth(1).unwrap().split("];").next().unwrap();
    let properties: Vec<_> = list.lines().filter_map(|line| line.trim().strip_prefix("(\"")).collect();
    assert!(properties.len() > 8, "{list}");
    for property in properties {
        let name = property.split('"').next().unwrap();
        let told = name.split(", and").next().unwrap();
        assert!(page.contains(told), "docs/guarantees.md does not name the property: {told}");
    }
}

#[test]
fn each_journey_names_files_that_exist_and_none_twice() {
    const MOST_FILES: usize = 15;
    let page = fs::read_to_string(root().join("docs/journeys.md")).unwrap();
    let journeys: Vec<_> = page.split("\n## ").skip(1).collect();
    assert_eq!(journeys.len(), 5);
    for journey in journeys {
        let steps = journey.lines().filter(|line| line.starts_with(|letter: char| letter.is_ascii_digit()));
        let files: Vec<_> = steps.map(|step| step.split('`').nth(1).unwrap()).collect();
        let title = journey.lines().next().unwrap();
        assert!((5..=MOST_FILES).contains(&files.len()), "{title}: {} files", files.len());
        assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len(), "{title} names a file twice");
        let missing: Vec<_> = files.iter().filter(|file| !root().join(file).is_file()).collect();
        assert!(missing.is_empty(), "{title}: there is no {missing:?}");
    }
}

/// The first match of what stands between two texts in a file.
fn between(file: &str, before: &str, after: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{file} has no {before}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("{file} has no {after} behind {before}")).0.to_owned()
}

/// Text outside of blocks, without code, targets of links, and numbers of a list.
fn prose(page: &str) -> String {
    let blocks = page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    let plain: String = blocks.split('`').step_by(2).collect();
    let plain = plain.split("](").map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    let plain = plain.collect::<Vec<_>>().join(" ");
    let unlisted = plain.lines().map(|line| line.trim_start_matches(|c: char| c.is_ascii_digit()));
    unlisted.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_number_of_the_readme_is_that_of_the_project() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let go = between("tools/control-plane/go.mod", "\ngo ", "\n");
    let go = go.rsplit_once('.').unwrap().0;
    let rust = between("Containerfile", "FROM rust:", "-");
    let python = between("hack/lib/prerequisites.sh", "sys.version_info < (", ")").replace(", ", ".");
    for (name, version) in [("Go", go), ("Rust", rust.as_str()), ("Python", python.as_str())] {
        assert!(page.contains(&format!("{name} {version}")), "{name} {version}");
    }
    // What a link's text was cut from begins with the part before it, so every text is looked at once.
    let text = prose(&page);
    let numbers = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
    let numbers = numbers
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let unknown: Vec<_> = numbers.filter(|number| ![go, &rust, &python].contains(number)).collect();
    assert!(unknown.is_empty(), "numbers that nothing checks: {unknown:?}");
    let values = between("README.md", "Ten lines of values are enough:\n\n```yaml\n", "\n```");
    assert!(values.lines().count() <= 10, "{values}");
}
