//! What `docs/guarantees.md` promises is carried by tests that are run and look at something, and by properties that exist.
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

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tests that the page's tables name, each with its file as the page gives it: `file: name`, and further names
/// without a file are of the one before.
fn named_tests(page: &str) -> BTreeSet<(&str, &str)> {
    let is_test = |name: &str| {
        name.matches('_').count() > 2 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut named = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let mut file = "";
        for part in quoted(line) {
            let (prefix, name) = part.rsplit_once(": ").unwrap_or((file, part));
            if is_test(name) {
                file = prefix;
                named.insert((file, name));
            }
        }
    }
    named
}

/// Where the tests of a file are that the page gives.
fn files_of(given: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match given {
        "planner" => rust_files(&root().join("crates/domain/src/plan/tests"), &mut files),
        "world" => files.push(root().join("crates/domain/src/plan/tests/world.rs")),
        folder if folder.contains('/') && root().join(folder).is_dir() => {
            rust_files(&root().join(folder), &mut files);
        }
        path if path.contains('/') => files.push(root().join(path)),
        name => files.push(root().join(format!("tests/it/{name}.rs"))),
    }
    files
}

/// A function's attributes and body, both as text.
fn function<'a>(code: &'a str, name: &str) -> Option<(String, &'a str)> {
    let at = code.find(&format!("fn {name}("))?;
    let start = code[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent: String = code[start..at].chars().take_while(|c| *c == ' ').collect();
    let before = code[..start].lines().rev().map(str::trim);
    let attributes: Vec<_> = before.take_while(|line| line.starts_with(['#', '/'])).collect();
    let end = code[at..].find(&format!("\n{indent}}}\n")).map_or(code.len(), |end| at + end);
    Some((attributes.join("\n"), &code[at..end]))
}

/// Does a body look at anything, by itself or by functions of its file that it calls?
fn looks(code: &str, body: &str, depth: usize) -> bool {
    let by_itself = ["assert", "until", "expect(", "expect_err(", "unwrap_err("];
    if by_itself.iter().any(|word| body.contains(word)) {
        return true;
    }
    let calls = body.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').skip(2).collect::<BTreeSet<_>>();
    depth > 0
        && calls
            .iter()
            .filter(|name| !name.is_empty())
            .filter_map(|name| function(code, name))
            .any(|(_, helper)| looks(code, helper, depth - 1))
}

/// Why a file carries no promise by a test of this name; `None` if it does.
fn fault_of(code: &str, name: &str) -> Option<&'static str> {
    const HELPERS_OF_HELPERS: usize = 2;
    let Some((attributes, body)) = function(code, name) else { return Some("is not in that file") };
    let is_run = attributes.lines().any(|line| line.starts_with("#[") && line.contains("test"));
    // A macro makes tests of what stands in its braces.
    let in_macro = code[..code.find(body).unwrap()].lines().last().is_some_and(|line| line.starts_with(' '));
    if !is_run && !in_macro {
        return Some("is no test: no attribute runs it");
    }
    if attributes.contains("#[ignore") {
        return Some("is ignored");
    }
    (!looks(code, body, HELPERS_OF_HELPERS)).then_some("looks at nothing")
}

#[test]
fn every_test_that_the_guarantees_name_is_run_where_they_say_and_looks_at_something() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let named = named_tests(&page);
    assert!(named.len() > 60, "only {} tests are named", named.len());
    let mut faults = Vec::new();
    for (file, name) in named {
        let code: Vec<_> = files_of(file).iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        if let Some(fault) = fault_of(&code.join("\n"), name) {
            faults.push(format!("{file}: {name} {fault}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_name_that_carries_nothing_is_found() {
    let code = "
        fn not_a_test_at_all() {
            assert!(true);
        }
        #[test]
        #[ignore]
        fn ignored_for_now_and_ever() {
            assert!(true);
        }
        #[test]
        fn only_calls_but_never_looks() {
            run();
        }
        fn run() {
            let _ = 1;
        }
        #[tokio::test]
        async fn looks_through_a_helper_function() {
            checked().await;
        }
        async fn checked() {
            assert_eq!(1, 1);
        }
    ";
    let lines: Vec<_> = code.lines().map(|line| line.strip_prefix("        ").unwrap_or("")).collect();
    let code = lines.join("\n");
    assert_eq!(fault_of(&code, "not_a_test_at_all"), Some("is no test: no attribute runs it"));
    assert_eq!(fault_of(&code, "ignored_for_now_and_ever"), Some("is ignored"));
    assert_eq!(fault_of(&code, "only_calls_but_never_looks"), Some("looks at nothing"));
    assert_eq!(fault_of(&code, "of_another_file_by_name"), Some("is not in that file"));
    assert_eq!(fault_of(&code, "looks_through_a_helper_function"), None);
}

#[test]
fn a_name_without_a_file_is_of_the_file_before() {
    let page =
        "| a | `held: one_two_three_four`, `five_six_seven_eight`; `src/x.rs: nine_ten_eleven_twelve` |";
    let expected = [
        ("held", "five_six_seven_eight"),
        ("held", "one_two_three_four"),
        ("src/x.rs", "nine_ten_eleven_twelve"),
    ];
    assert_eq!(named_tests(page), BTreeSet::from(expected));
}

#[test]
fn every_property_of_the_model_carries_a_promise() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    for (file, at_least) in [("check.rs", 20), ("rollouts/check.rs", 7)] {
        let list = between(&format!("crates/model/src/{file}"), "PROPERTIES: ", "];");
        let properties: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        assert!(properties.len() >= at_least, "{list}");
        for property in properties {
            let told = property.split(", and").next().unwrap();
            assert!(page.contains(told), "docs/guarantees.md does not name the property: {told}");
        }
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
