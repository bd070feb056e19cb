//! What the operator's token may do: everything is listed, each right is asked for, and there is no other.
//!
//! One walk is recorded by the API server's audit log; a test a right then looks for it there. Take any rule, verb or
//! name from `templates/rbac.yaml` and the test of that right fails, because the operator asks and is refused. `make
//! rights` takes them away one by one, by `WITHOUT_RIGHT`, and looks whether that holds.

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::{
    operator::Launch,
    plane::operator_user,
    root,
    scene::{Scene, own_scene},
    until,
};

/// As the chart grants it.
const LEASE: &str = "yubikey-shipments/yubikey-shipment-operator";

/// One thing that can be allowed: `verb group/resource[/subresource][:name][ in namespace]`.
type Right = String;

fn right(verb: &str, group: &str, resource: &str, name: Option<&str>, namespace: Option<&str>) -> Right {
    let group = if group.is_empty() { "core" } else { group };
    let name = name.map(|name| format!(":{name}")).unwrap_or_default();
    let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
    format!("{verb} {group}/{resource}{name}{place}")
}

/// What was seen of one walk.
struct Walk {
    /// Everything the chart's roles allow.
    granted: BTreeSet<Right>,
    /// Everything the operator asked for, with the worst answer. As narrow as a rule could say it.
    asked: Vec<Asked>,
    /// What the API server answers the token itself, one line a rule: where, and what.
    listed: BTreeSet<String>,
    /// Why the walk ended early.
    failed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    verb: String,
    group: String,
    resource: String,
    name: String,
    namespace: String,
    refused: bool,
}

impl Asked {
    fn read(line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok()?;
        if entry["user"]["username"] != operator_user() || entry["objectRef"]["resource"].is_null() {
            return None;
        }
        let text =
            |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let resource = match text("/objectRef/subresource") {
            sub if sub.is_empty() => text("/objectRef/resource"),
            sub => format!("{}/{sub}", text("/objectRef/resource")),
        };
        Some(Self {
            verb: text("/verb"),
            group: text("/objectRef/apiGroup"),
            resource,
            name: text("/objectRef/name"),
            namespace: text("/objectRef/namespace"),
            refused: entry["responseStatus"]["code"] == 403,
        })
    }

    /// Is this what the right is about?
    fn needs(&self, wanted: &str) -> bool {
        let (verb, group, resource) = (&*self.verb, &*self.group, &*self.resource);
        let names = [None, Some(&*self.name)];
        let places = [None, Some(&*self.namespace)];
        let forms = names.iter().flat_map(|name| places.iter().map(move |place| (*name, *place)));
        forms.into_iter().any(|(name, place)| right(verb, group, resource, name, place) == wanted)
    }
}

static WALK: OnceCell<Walk> = OnceCell::const_new();

async fn walk() -> &'static Walk {
    WALK.get_or_init(record).await
}

async fn record() -> Walk {
    let seen = std::sync::Mutex::new(None);
    own_scene("rights")
        .play(async |scene| {
            scene.rest_operator();
            if let Ok(wanted) = std::env::var("WITHOUT_RIGHT") {
                take_away(scene, &wanted).await;
            }
            // A right that is missing may end the walk; what was asked until then is told all the same.
            let played = AssertUnwindSafe(play(scene)).catch_unwind().await;
            let failed = played.err().map(|cause| {
                let text = cause.downcast_ref::<String>().cloned();
                text.unwrap_or_else(|| "the walk ended early".to_owned())
            });
            let log = std::fs::read_to_string(scene.plane().audit_log.as_ref().unwrap()).unwrap();
            let asked: BTreeSet<_> = log.lines().filter_map(Asked::read).collect();
            *seen.lock().unwrap() = Some(Walk {
                granted: granted(scene).await,
                asked: asked.into_iter().collect(),
                listed: listed(scene).await,
                failed,
            });
        })
        .await;
    seen.into_inner().unwrap().expect("it was played")
}

/// A walk that has use for every right.
async fn play(scene: &Scene) {
    let lease = ["--lease", LEASE, "--lease-seconds", "2", "--identity", "rights"];
    let operator = Launch::on(scene.plane(), "rights").with(&lease).go().await;
    operator.is_ready().await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_ordered().await;

    // Let go of: that is written to an Event on the connection.
    let login = scene.person("lou", "ACTIVE").await;
    let orphan = scene.ship_with("lou", &login, json!({"deletionPolicy": "Orphan"})).await;
    orphan.until_ordered().await;
    orphan.delete().await;
    orphan.until_gone().await;

    // An answer to nothing.
    let me = scene.whoami().await;
    let decision = crate::support::shipment::Handle::decision(&scene.client, &scene.name, "stray");
    let spec = json!({
        "shipmentRef": {"name": "nobody"}, "holdID": "order-1-aaaa", "action": "RetryOrder", "requestedBy": me,
    });
    decision.create("YubiKeyDecision", spec).await;
    decision.until("declined", |object| object.is("Ready") == "False").await;

    // A rollout makes a shipment and takes it back; and an answer to one that is not there.
    let login = scene.person("max", "ACTIVE").await;
    let source = json!({"users": {"list": [{"login": login}]}});
    let rollout = scene.roll("batch", source, json!({"onDelete": "Cancel"})).await;
    rollout.until("a shipment is made", |object| object.tally("inFlight") == 1).await;
    rollout.delete().await;
    rollout.until_gone().await;

    // One with a ledger that tells of all that can become of somebody: a wave that a person lets go on, a key that is
    // activated, and somebody who leaves the source.
    let mut crew = Vec::new();
    for name in ["ann", "bob"] {
        crew.push(json!({"id": scene.sandbox.person(&scene.login(name), "ACTIVE").await}));
    }
    let source = |people: &[Value]| json!({"users": {"list": people, "interval": "1m"}});
    let limits = json!({"waves": [{"count": 1}, {"percent": 100}], "onLeave": "CancelIfNotShipped"});
    let crewed = scene.roll("crew", source(&crew), limits).await;
    let asked = crewed.until_reason("AwaitingApproval").await;
    scene.deliver_until(&crewed, "the first has a key", |object| object.tally("activated") == 1).await;
    let answer = scene.proceed(&crewed, &asked.hold("AwaitingApproval"), json!({})).await;
    scene.accepted_by_rollout(&answer).await;
    crewed.until("the second is on its way", |object| object.tally("served") == 2).await;
    crewed.change(json!({"source": source(&crew[..1])})).await;
    let left = crew[1]["id"].as_str().unwrap().to_owned();
    crewed.until("the second has left", |object| object.ledger(&left) == "Left").await;

    let decision = crate::support::shipment::Handle::decision(&scene.client, &scene.name, "stray-again");
    let spec = json!({
        "rolloutRef": {"name": "nothing"}, "holdID": "wave-aaaa", "action": "Proceed", "requestedBy": me,
    });
    decision.create("YubiKeyDecision", spec).await;
    decision.until("declined", |object| object.is("Ready") == "False").await;

    // The same news twice are one Event.
    let nobody = scene.ship("nobody-there", &scene.login("nobody")).await;
    nobody.until_reason("UserNotFound").await;
    nobody.change(json!({"suspend": true})).await;
    nobody.until_reason("Suspended").await;
    nobody.change(json!({"suspend": null})).await;
    nobody.until_reason("UserNotFound").await;
    let counted = until(async || {
        let log = std::fs::read_to_string(scene.plane().audit_log.as_ref()?).ok()?;
        let asked: Vec<_> = log.lines().filter_map(Asked::read).collect();
        let patched = |a: &Asked| a.verb == "patch" && a.resource == "events";
        let renewed = |a: &Asked| a.verb == "patch" && a.resource == "leases";
        (asked.iter().any(patched) && asked.iter().any(renewed)).then_some(())
    });
    assert!(counted.await.is_some(), "no Event was counted again, or the lease was not renewed");
    operator.stop();
}

async fn items(scene: &Scene, kind: &str) -> Vec<Value> {
    let list = scene.kubectl().run(&["get", kind, "--all-namespaces", "-o", "json"]).await.fine();
    let mut list: Value = serde_json::from_str(&list).unwrap();
    list["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// Everything that bindings give the operator's account.
async fn granted(scene: &Scene) -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for (place, role) in roles(scene).await {
        for rule in role["rules"].as_array().unwrap() {
            rights_of(rule, place.as_deref(), &mut all);
        }
    }
    all
}

/// The roles that are bound to the operator's account, and where they are.
async fn roles(scene: &Scene) -> Vec<(Option<String>, Value)> {
    let bindings = [items(scene, "clusterrolebindings").await, items(scene, "rolebindings").await].concat();
    let mut all = Vec::new();
    for binding in bindings.iter().filter(|binding| binds_the_operator(binding)) {
        let place = binding["metadata"]["namespace"].as_str();
        let text = |member: &str| binding["roleRef"][member].as_str().unwrap();
        let (kind, namespace) = (text("kind").to_lowercase(), place.unwrap_or("default"));
        let command = ["get", &kind, text("name"), "--namespace", namespace, "-o", "json"];
        let role = scene.kubectl().run(&command).await.fine();
        all.push((place.map(str::to_owned), serde_json::from_str(&role).unwrap()));
    }
    all
}

fn binds_the_operator(binding: &Value) -> bool {
    let ours = |subject: &Value| {
        let text = |member: &str| subject[member].as_str().unwrap_or_default();
        let account = format!("system:serviceaccount:{}:{}", text("namespace"), text("name"));
        text("kind") == "ServiceAccount" && account == operator_user()
    };
    binding["subjects"].as_array().is_some_and(|all| all.iter().any(ours))
}

/// Writes the role anew, a rule a right, and one right less.
async fn take_away(scene: &Scene, wanted: &str) {
    let mut found = false;
    for (place, mut role) in roles(scene).await {
        let rules = role["rules"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let single = rules.iter().flat_map(single_rules);
        let stays = |rule: &Value| {
            let mut says = BTreeSet::new();
            rights_of(rule, place.as_deref(), &mut says);
            found |= says.contains(wanted);
            !says.contains(wanted)
        };
        role["rules"] = Value::Array(single.filter(stays).collect());
        scene.kubectl().with_input(&["replace", "-f", "-"], &role.to_string()).await.fine();
    }
    assert!(found, "no role grants: {wanted}");
}

/// A rule for each group, resource, verb and name.
fn single_rules(rule: &Value) -> Vec<Value> {
    let mut all = vec![json!({})];
    for member in ["apiGroups", "resources", "verbs", "resourceNames"] {
        let values = strings(&rule[member]);
        if values.is_empty() {
            continue;
        }
        let one_more = |rule: &Value, value: &str| {
            let mut rule = rule.clone();
            rule[member] = json!([value]);
            rule
        };
        all = all
            .iter()
            .flat_map(|rule| values.iter().map(|value| one_more(rule, value)).collect::<Vec<_>>())
            .collect();
    }
    all
}

fn rights_of(rule: &Value, place: Option<&str>, all: &mut BTreeSet<Right>) {
    let names = strings(&rule["resourceNames"]);
    let names: Vec<_> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    for group in strings(&rule["apiGroups"]) {
        for resource in strings(&rule["resources"]) {
            for verb in strings(&rule["verbs"]) {
                all.extend(names.iter().map(|name| right(verb, group, resource, *name, place)));
            }
        }
    }
}

/// What the API server tells the token of itself, without what it tells every account.
async fn listed(scene: &Scene) -> BTreeSet<String> {
    let home = "yubikey-shipments";
    let at_home = more_than_any(scene, home).await;
    let elsewhere = more_than_any(scene, "default").await;
    assert!(elsewhere.is_subset(&at_home), "it may do more elsewhere than in its own namespace");
    let everywhere = elsewhere.iter().map(|rule| format!("everywhere: {rule}"));
    everywhere
        .chain(at_home.difference(&elsewhere).map(|rule| format!("in its own namespace: {rule}")))
        .collect()
}

async fn more_than_any(scene: &Scene, namespace: &str) -> BTreeSet<String> {
    let any = review(scene, namespace, "system:serviceaccount:default:default").await;
    review(scene, namespace, &operator_user()).await.difference(&any).cloned().collect()
}

async fn review(scene: &Scene, namespace: &str, user: &str) -> BTreeSet<String> {
    let account_namespace = user.split(':').nth(2).unwrap_or_default();
    let groups = [
        "system:serviceaccounts",
        &format!("system:serviceaccounts:{account_namespace}"),
        "system:authenticated",
    ];
    let mut command = vec!["create", "--validate=false", "-f", "-", "-o", "json", "--as", user];
    for group in groups {
        command.extend(["--as-group", group]);
    }
    let asked = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace},
    });
    let answer = scene.kubectl().with_input(&command, &asked.to_string()).await.fine();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let resources = answer["status"]["resourceRules"].as_array().unwrap().iter().map(rule_in_words);
    let paths = answer["status"]["nonResourceRules"].as_array().into_iter().flatten().map(|rule| {
        format!("{} {}", strings(&rule["verbs"]).join(","), strings(&rule["nonResourceURLs"]).join(" "))
    });
    resources.chain(paths).collect()
}

fn rule_in_words(rule: &Value) -> String {
    let groups: Vec<_> = strings(&rule["apiGroups"])
        .into_iter()
        .map(|group| if group.is_empty() { "core" } else { group })
        .collect();
    let names = strings(&rule["resourceNames"]);
    let names = if names.is_empty() { String::new() } else { format!(" named {}", names.join(", ")) };
    format!(
        "{} {}/{}{names}",
        strings(&rule["verbs"]).join(","),
        groups.join(","),
        strings(&rule["resources"]).join(",")
    )
}

/// A test a right: it is granted, asked for, and never refused.
macro_rules! rights {
    ($($name:ident: $right:expr;)*) => {
        const ALL: &[&str] = &[$($right),*];

        $(#[tokio::test]
        async fn $name() {
            is_needed($right).await;
        })*
    };
}

async fn is_needed(wanted: &str) {
    let walk = walk().await;
    let early = walk.failed.as_ref().map(|why| format!("\nThe walk ended early: {why}")).unwrap_or_default();
    let asked: Vec<_> = walk.asked.iter().filter(|asked| asked.needs(wanted)).collect();
    assert!(!asked.is_empty(), "nothing asks to {wanted}: take it from templates/rbac.yaml{early}");
    let refused: Vec<_> = asked.iter().filter(|asked| asked.refused).collect();
    assert!(refused.is_empty(), "the operator needs to {wanted} and may not: {refused:?}{early}");
    assert!(walk.granted.contains(wanted), "templates/rbac.yaml does not grant: {wanted}{early}");
}

rights! {
    shipments_are_listed: "list fidoprereg.dev/yubikeyshipments";
    shipments_are_watched: "watch fidoprereg.dev/yubikeyshipments";
    shipments_are_read_live_where_the_cache_may_lag: "get fidoprereg.dev/yubikeyshipments";
    shipments_get_a_finalizer: "patch fidoprereg.dev/yubikeyshipments";
    steps_are_written_to_shipments: "patch fidoprereg.dev/yubikeyshipments/status";
    rollouts_make_shipments: "create fidoprereg.dev/yubikeyshipments";
    rollouts_take_shipments_back: "delete fidoprereg.dev/yubikeyshipments";
    rollouts_are_listed: "list fidoprereg.dev/yubikeyrollouts";
    rollouts_are_watched: "watch fidoprereg.dev/yubikeyrollouts";
    rollouts_are_read_live_where_the_cache_may_lag: "get fidoprereg.dev/yubikeyrollouts";
    rollouts_get_a_finalizer: "patch fidoprereg.dev/yubikeyrollouts";
    who_is_served_is_written_to_rollouts: "patch fidoprereg.dev/yubikeyrollouts/status";
    connections_are_listed: "list fidoprereg.dev/yubikeyconnections";
    connections_are_watched: "watch fidoprereg.dev/yubikeyconnections";
    connections_are_read_for_news_about_released_shipments: "get fidoprereg.dev/yubikeyconnections";
    connections_get_a_finalizer: "patch fidoprereg.dev/yubikeyconnections";
    faults_are_written_to_connections: "patch fidoprereg.dev/yubikeyconnections/status";
    decisions_are_listed: "list fidoprereg.dev/yubikeydecisions";
    decisions_are_watched: "watch fidoprereg.dev/yubikeydecisions";
    decisions_are_answered: "patch fidoprereg.dev/yubikeydecisions/status";
    news_are_events: "create events.k8s.io/events";
    repeated_news_are_counted: "patch events.k8s.io/events";
    namespaces_are_listed_for_their_labels: "list core/namespaces";
    namespaces_are_watched_for_their_labels: "watch core/namespaces";
    the_cluster_has_an_id: "get core/namespaces:kube-system";
    the_shipments_definition_is_compared:
        "get apiextensions.k8s.io/customresourcedefinitions:yubikeyshipments.fidoprereg.dev";
    the_connections_definition_is_compared:
        "get apiextensions.k8s.io/customresourcedefinitions:yubikeyconnections.fidoprereg.dev";
    the_decisions_definition_is_compared:
        "get apiextensions.k8s.io/customresourcedefinitions:yubikeydecisions.fidoprereg.dev";
    the_rollouts_definition_is_compared:
        "get apiextensions.k8s.io/customresourcedefinitions:yubikeyrollouts.fidoprereg.dev";
    the_lease_is_made: "create coordination.k8s.io/leases in yubikey-shipments";
    the_lease_is_read: "get coordination.k8s.io/leases:yubikey-shipment-operator in yubikey-shipments";
    the_lease_is_renewed: "patch coordination.k8s.io/leases:yubikey-shipment-operator in yubikey-shipments";
}

#[tokio::test]
async fn no_right_is_granted_that_has_no_test() {
    let walk = walk().await;
    let tested: BTreeSet<_> = ALL.iter().map(|&right| right.to_owned()).collect();
    let more: Vec<_> = walk.granted.difference(&tested).collect();
    assert!(more.is_empty(), "granted, but no test shows what for: {more:#?}");
}

#[tokio::test]
async fn nothing_that_the_operator_asks_for_is_refused() {
    let walk = walk().await;
    let refused: Vec<_> = walk.asked.iter().filter(|asked| asked.refused).collect();
    assert!(refused.is_empty() && walk.failed.is_none(), "{refused:#?}\n{:?}", walk.failed);
}

#[tokio::test]
async fn everything_the_token_may_do_is_listed_in_the_docs() {
    let walk = walk().await;
    println!("The operator's token may do this, and what every service account may:");
    for line in &walk.listed {
        println!("  {line}");
    }
    let page = std::fs::read_to_string(root().join("docs/rights.md")).unwrap();
    let block = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let told: BTreeSet<_> = block.lines().map(str::to_owned).collect();
    let whole = walk.listed.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    assert_eq!(told, walk.listed, "docs/rights.md must say this:\n{whole}");
}

#[tokio::test]
async fn the_token_reads_no_secret_and_no_pod() {
    let walk = walk().await;
    // The only thing it may delete: what rollouts made, as far as the admission policy lets it.
    let of_rollouts = "everywhere: create,delete fidoprereg.dev/yubikeyshipments";
    for word in ["secrets", "configmaps", "pods", "*", "escalate", "bind", "impersonate", "update", "delete"]
    {
        let found: Vec<_> =
            walk.listed.iter().filter(|line| line.contains(word) && *line != of_rollouts).collect();
        assert!(found.is_empty(), "{word}: {found:#?}");
    }
}
