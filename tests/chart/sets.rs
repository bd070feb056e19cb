//! The sets of values in the chart's folder `ci/`, each rendered once a run.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    sync::{Arc, LazyLock, Mutex},
};

use tokio::sync::OnceCell;

use crate::helm::{self, HELM, HELM_3, NAMESPACE, chart, values};

/// Hands all sets to another macro, behind what that is to get besides.
macro_rules! all_sets {
    ($then:ident $($first:tt)*) => {
        $then! { $($first)*
            connection credentials dashboard everything external ha minimal namespaced off openshift proxy sandbox
            sandbox_everything unset
        }
    };
}

/// A test for each set, which the function gets by its name.
macro_rules! each_set {
    ($check:path) => {
        all_sets! { each_of $check; }
    };
}

macro_rules! each_of {
    ($check:path; $($set:ident)+) => { $(
        #[tokio::test]
        async fn $set() {
            $check(&stringify!($set).replace('_', "-")).await;
        }
    )+ };
}

macro_rules! names {
    ($($set:ident)+) => { [$(stringify!($set)),+] };
}

#[test]
fn every_set_of_the_folder_is_tested() {
    let files = fs::read_dir(format!("{}/ci", chart())).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap().replace("-values.yaml", ""))
        .collect();
    let tested: BTreeSet<_> = all_sets!(names).iter().map(|set| set.replace('_', "-")).collect();
    assert_eq!(files, tested, "the list of sets in tests/chart/sets.rs, and charts/*/ci");
}

/// All objects of the chart with a set of values, tests and hooks among them.
pub async fn render(program: &str, set: &str, namespace: &str, more: &[&str]) -> String {
    let (chart, values) = (chart(), values(set));
    let head = ["template", "yubikey-shipment-operator", &chart, "--namespace", namespace, &values];
    helm::run(program, &[&head, more].concat(), "").await.ok().unwrap()
}

static RENDERED: LazyLock<Mutex<HashMap<String, Arc<OnceCell<String>>>>> = LazyLock::new(Mutex::default);

/// The set as it is rendered for everybody.
pub async fn rendered(set: &str) -> String {
    let cell = Arc::clone(RENDERED.lock().unwrap().entry(set.to_owned()).or_default());
    cell.get_or_init(|| render(HELM, set, NAMESPACE, &[])).await.clone()
}

/// The documents of a stream.
pub fn documents(stream: &str) -> impl Iterator<Item = &str> {
    stream.split("---\n").filter(|document| document.contains("\nkind: ") || document.starts_with("kind: "))
}

/// The kind of a document.
pub fn kind(document: &str) -> &str {
    document.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or_default()
}

/// The documents of one kind.
pub fn of_kind(stream: &str, wanted: &str) -> String {
    documents(stream).filter(|document| kind(document) == wanted).collect::<Vec<_>>().join("---\n")
}

mod lints {
    each_set!(super::is_clean);
}

async fn is_clean(set: &str) {
    helm::run(HELM, &["lint", "--strict", &values(set), &chart()], "").await.ok().unwrap();
}

mod helm_3_renders_the_same {
    each_set!(super::is_the_same_in_helm_3);
}

/// The same objects in the same order; the two differ in blank lines between them.
async fn is_the_same_in_helm_3(set: &str) {
    let lines = |text: String| {
        text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let (newest, three) = (rendered(set).await, render(HELM_3, set, NAMESPACE, &[]).await);
    pretty_equal(&lines(newest), &lines(three));
}

/// Names the first line that differs; whole manifests would fill the screen.
pub fn pretty_equal(one: &str, other: &str) {
    for (number, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        assert_eq!(one, other, "line {}", number + 1);
    }
    assert_eq!(one.lines().count(), other.lines().count(), "one has more lines than the other");
}
