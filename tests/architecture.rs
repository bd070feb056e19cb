//! The shape of the code that the compiler does not see: what is linked into each crate, and what has one home.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The crates that are linked into the operator.
const CRATES: [&str; 6] = ["api", "connect", "domain", "queue", "system", "vendors"];

/// The files of plugin and page: product, and no part of the operator.
fn plugin() -> Vec<PathBuf> {
    ["kubectl-yubikey", "dashboard", "view"]
        .iter()
        .flat_map(|name| files_of(&format!("crates/{name}/src")))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All source files that are part of the operator, not of its tests.
fn sources() -> Vec<PathBuf> {
    CRATES.iter().flat_map(|name| files_of(&format!("crates/{name}/src"))).chain(files_of("src")).collect()
}

fn files_of(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && !["tests.rs", "testing.rs"].contains(&name.as_str())
            {
                found.push(path);
            }
        }
    }
    found
}

/// The module a file holds, from the crate's root; that of another crate begins with its name.
fn module(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root()).unwrap().with_extension("");
    let path = inside.iter().map(|part| part.to_string_lossy().into_owned());
    let mut path: Vec<_> = path.filter(|part| !["src", "crates"].contains(&part.as_str())).collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// The code of a file: no comments, and no tests in it.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    // `mod tests;` may stand at the top; a module with its tests stands at the end.
    let inside = |part: &str| part.trim_start().lines().next().is_some_and(|line| line.ends_with('{'));
    let mut parts = text.split("#[cfg(test)]");
    let first = parts.next().unwrap().to_owned();
    let code = first + &parts.take_while(|part| !inside(part)).collect::<String>();
    code.lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

/// A line up to its comment. Two slashes in a text, as a URL has them, begin none.
fn without_comment(line: &str) -> &str {
    let (mut in_text, mut escaped, mut before) = (false, false, ' ');
    for (at, letter) in line.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // A quotation mark between apostrophes is a letter, no text.
            '"' if !(before == '\'' && line[at + 1..].starts_with('\'')) => in_text = !in_text,
            '/' if !in_text && line[at..].starts_with("//") => return &line[..at],
            _ => {}
        }
        before = letter;
    }
    line
}

#[test]
fn a_comment_is_left_out_and_a_url_is_not() {
    let cases = [
        ("let a = 1; // not this", "let a = 1; "),
        ("/// nor this: https://x", ""),
        (
            r#"get("https://acme.okta.com/api"); create_order()"#,
            r#"get("https://acme.okta.com/api"); create_order()"#,
        ),
        (r#"get("http://a"); // why"#, r#"get("http://a"); "#),
        (r#"say("a \" // b"); send()"#, r#"say("a \" // b"); send()"#),
        (r#"split('"'); // after"#, r#"split('"'); "#),
        (r#"concat!(scheme, "://", host)"#, r#"concat!(scheme, "://", host)"#),
    ];
    for (line, code) in cases {
        assert_eq!(without_comment(line), code, "{line}");
    }
}

/// A file is read as a whole; what has grown beyond this holds more than one idea.
#[test]
fn no_file_is_longer_than_a_reader_takes_in() {
    const LONGEST: usize = 400;
    let long: Vec<_> = sources()
        .into_iter()
        .chain(plugin())
        .filter(|file| fs::read_to_string(file).unwrap().lines().count() > LONGEST)
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:#?}");
}

/// It would start the template's own order beside ours.
#[test]
fn initiate_fulfillment_request_is_never_called() {
    for file in sources() {
        assert!(!code(&file).contains("fulfillment-request"), "{}", file.display());
    }
}

/// Names of the crates that are built for a package: of ours and of others.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--frozen", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--package", package])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn is_kubernetes(name: &str) -> bool {
    name.starts_with("kube") || name.starts_with("k8s")
}

fn is_http_or_async(name: &str) -> bool {
    ["tokio", "futures", "reqwest", "hyper", "axum", "tower", "openssl"]
        .iter()
        .any(|part| name.starts_with(part))
}

#[test]
fn what_must_be_true_is_built_without_async_http_or_kubernetes() {
    let domain = linked("yubikey-shipment-domain");
    assert!(domain.contains("jiff"), "the list is read as it is meant");
    let unwanted: Vec<_> =
        domain.iter().filter(|name| is_kubernetes(name) || is_http_or_async(name)).collect();
    assert_eq!(unwanted, Vec::<&String>::new());
}

#[test]
fn the_vendors_clients_know_no_kubernetes() {
    let vendors = linked("yubikey-shipment-vendors");
    assert!(vendors.contains("reqwest"), "the list is read as it is meant");
    assert_eq!(vendors.iter().filter(|name| is_kubernetes(name)).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn model_sandbox_and_vendors_are_built_without_the_operator() {
    for package in ["model", "sandbox", "soak", "testbed", "operations", "vendors", "connect", "api", "queue"]
    {
        let linked = linked(&format!("yubikey-shipment-{package}"));
        assert!(!linked.contains("yubikey-shipment-operator"), "{package}");
    }
    let model = linked("yubikey-shipment-model");
    let unwanted: Vec<_> =
        model.iter().filter(|name| is_kubernetes(name) || name.starts_with("reqwest")).collect();
    assert_eq!(unwanted, Vec::<&String>::new());
}

#[test]
fn one_crypto_library_and_no_sandbox_are_linked_into_the_operator() {
    let crates = linked("yubikey-shipment-operator");
    assert!(crates.contains("openssl"), "the list is read as it is meant");
    // `rustls-pki-types` is no crypto: reqwest reads PEM with it whatever the TLS library.
    let unwanted = crates.iter().filter(|name| {
        ["ring", "yubikey-shipment-sandbox", "webauthn-rs-core"].contains(&name.as_str())
            || name.starts_with("aws-lc")
            || (name.starts_with("rustls") && *name != "rustls-pki-types")
    });
    assert_eq!(unwanted.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// They act in the name of whoever looks, and are not the operator. The page cannot call a vendor at all.
#[test]
fn the_plugin_and_the_page_are_built_without_the_operator_and_a_second_crypto_library() {
    ["kubectl-yubikey", "yubikey-dashboard"].into_iter().for_each(acts_for_its_caller_only);
    let page = linked("yubikey-dashboard");
    assert!(!page.contains("yubikey-shipment-vendors") && !page.contains("reqwest"), "{page:?}");
}

fn acts_for_its_caller_only(package: &str) {
    let crates = linked(package);
    assert!(crates.contains("yubikey-shipment-domain") && crates.contains("openssl"), "{crates:?}");
    let unwanted = crates.iter().filter(|name| {
        ["yubikey-shipment-operator", "yubikey-shipment-sandbox", "ring"].contains(&name.as_str())
            || name.starts_with("aws-lc")
            || (name.starts_with("rustls") && *name != "rustls-pki-types")
    });
    assert_eq!(unwanted.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// It asks a vendor in one place, with files that the caller names, and changes nothing there.
#[test]
fn the_plugin_only_reads_at_the_vendors_and_in_one_place() {
    const EFFECTS: [&str; 10] = [
        ".order(",
        ".cancel(",
        ".enroll(",
        ".activate(",
        ".send_pin(",
        ".delete_enrollment(",
        ".mark_error(",
        ".create_staged(",
        ".activate_user(",
        "slot(",
    ];
    for file in plugin() {
        let (code, name) = (code(&file), file.to_string_lossy().into_owned());
        let asks = code.contains("vendors::") || code.contains("connect::");
        assert!(!asks || name.contains("kubectl-yubikey/src/vendor"), "{name}");
        for word in EFFECTS {
            assert!(!asks || !code.contains(word), "{word} in {name}");
        }
    }
}

/// Their clients have the caller's credentials; they write no status, and read no Secret.
#[test]
fn the_plugin_and_the_page_make_one_client_write_no_status_and_read_no_secret() {
    for file in plugin() {
        let code = code(&file);
        let home = ["kubectl-yubikey/src/cluster.rs", "dashboard/src/access.rs"]
            .iter()
            .any(|home| file.ends_with(home));
        let made = ["Client::try_from", "Client::try_default", "Client::new("]
            .iter()
            .any(|word| code.contains(word));
        assert!(home || !made, "{}", file.display());
        // In the cluster the page must not find credentials that are not its caller's.
        let page = file.starts_with(root().join("crates/dashboard"));
        assert!(
            !page || !["incluster", "infer()", "Kubeconfig"].iter().any(|word| code.contains(word)),
            "{}",
            file.display()
        );
        for word in ["core::v1::Secret", "patch_status", "replace_status", "reqwest"] {
            assert!(!code.contains(word), "{word} in {}", file.display());
        }
    }
}

/// What it makes has a limit for every call; a client made elsewhere could wait for ever.
#[test]
fn only_one_part_makes_clients_of_the_api_server() {
    for file in sources().iter().filter(|file| !module(file).join("/").starts_with("kubernetes/client")) {
        let code = code(file);
        for word in
            ["Client::try_from", "Client::try_default", "Client::new(", "ClientBuilder", "Config::try_from"]
        {
            let found = code.contains(word) && code.contains("kube::");
            assert!(!found, "{word} in {}", file.display());
        }
    }
}

/// They would stand between a mark and its call, or before a receipt.
#[test]
fn only_one_part_publishes_events() {
    for file in sources().iter().filter(|file| module(file) != ["kubernetes", "events"]) {
        assert!(!code(file).contains("recorder.publish"), "{}", file.display());
    }
}

/// A helper that reads a Secret through the API would need rights that the chart does not give.
#[test]
fn the_operator_never_reads_secrets_through_the_api() {
    for file in sources() {
        assert!(!code(&file).contains("core::v1::Secret"), "{}", file.display());
    }
}

/// Whoever reads the release's page finds there what the chart asks for.
#[test]
fn every_image_that_is_built_is_published_with_its_provenance_and_its_list_of_parts() {
    let script = fs::read_to_string(root().join("hack/image.sh")).unwrap();
    let workflow = fs::read_to_string(root().join(".github/workflows/ci.yaml")).unwrap();
    let page = fs::read_to_string(root().join("docs/releasing.md")).unwrap();
    let images = script.lines().find_map(|line| line.strip_prefix("images=(")?.strip_suffix(')')).unwrap();
    let images: Vec<_> = images.split(' ').collect();
    assert!(workflow.contains("hack/krew/render.sh") && workflow.contains("gh release create"), "the plugin");
    assert!(images.len() >= 3, "{images:?}");
    assert!(workflow.contains(&format!("for image in {}; do", images.join(" "))), "they are pushed");
    for image in images {
        assert!(
            workflow.contains(&format!(".cache/image/{image}\n")),
            "{image} is not handed to the release"
        );
        let subject = format!("subject-name: ${{{{ env.REGISTRY }}}}/{image}\n");
        assert_eq!(workflow.matches(&subject).count(), 2, "{image}: provenance and list of parts");
        assert!(workflow.contains(&format!("sbom-path: dist/image-amd64/{image}.spdx.json")), "{image}");
        let short = image.strip_prefix("yubikey-shipment-").unwrap_or(image);
        assert!(page.contains(image) || page.contains(&format!("…-{short}")), "{image} is not on the page");
    }
}
