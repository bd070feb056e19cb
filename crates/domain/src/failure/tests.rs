use super::*;

#[test]
fn every_reason_is_found_by_its_name() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
    }
    assert_eq!(Reason::parse("NoSuchReason"), None);
}

/// The rows of the page's tables that have a column of kinds: the names of a row, and what its kind is.
fn rows_with_a_kind(page: &str) -> Vec<(Vec<&str>, &str)> {
    let mut rows = Vec::new();
    let mut kinds = false;
    for line in page.lines() {
        if !line.starts_with('|') {
            kinds = false;
            continue;
        }
        kinds |= line.starts_with("| reason | kind |");
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if kinds && cells[1].starts_with('`') {
            rows.push((cells[1].split('`').skip(1).step_by(2).collect(), cells[2]));
        }
    }
    rows
}

#[test]
fn the_page_of_reasons_has_each_of_them_with_its_kind_and_no_other() {
    let page = include_str!("../../../../docs/reasons.md");
    let rows = rows_with_a_kind(page);
    for (names, kind) in &rows {
        for name in names {
            // What a condition says where nothing is wrong.
            if *name == "Succeeded" {
                continue;
            }
            let reason = Reason::parse(name);
            let reason =
                reason.unwrap_or_else(|| panic!("docs/reasons.md explains {name}, which is no reason"));
            // Advice waits for nothing.
            let told = match reason.kind() {
                Kind::Stalled => vec!["held"],
                Kind::Waiting => vec!["waits", "advice"],
                Kind::Transient => vec!["passes"],
                Kind::Auth => vec!["connection"],
            };
            assert!(
                told.iter().any(|word| kind.starts_with(word)),
                "{name} is {told:?} and the page says {kind}"
            );
        }
    }
    for reason in Reason::ALL {
        // Where nothing was looked at yet, there is nothing to explain.
        let told = *reason == Reason::Pending || page.contains(&format!("| `{}`", reason.as_str()));
        let told = told || rows.iter().any(|(names, _)| names.contains(&reason.as_str()));
        assert!(told, "docs/reasons.md does not explain {}", reason.as_str());
    }
}
