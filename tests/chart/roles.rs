//! No role gives a right twice: the one that stands twice outlives the condition around one of the two.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    helm::{HELM, NAMESPACE},
    sets::{documents, kind, render},
};

/// The roles of a stream of documents.
fn roles(stream: &str) -> Vec<Value> {
    let roles = documents(stream).filter(|document| ["Role", "ClusterRole"].contains(&kind(document)));
    roles.map(|role| serde_saphyr::from_str(role).unwrap()).collect()
}

/// A line for each right that two rules of one role give.
fn given_twice(roles: &[Value]) -> Vec<String> {
    let mut twice = Vec::new();
    for role in roles {
        let mut given = BTreeMap::<String, usize>::new();
        for right in role["rules"].as_array().into_iter().flatten().flat_map(rights) {
            *given.entry(right).or_default() += 1;
        }
        let name = role["metadata"]["name"].as_str().unwrap_or_default();
        let more = given.into_iter().filter(|(_, times)| *times > 1);
        twice.extend(more.map(|(right, times)| format!("{name}: {right} is given {times} times")));
    }
    twice
}

fn rights(rule: &Value) -> Vec<String> {
    let texts = |of: &str| -> Vec<String> {
        let all = rule[of].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.map(str::to_owned).collect()
    };
    let mut names = texts("resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut all = Vec::new();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            for name in &names {
                all.extend(texts("verbs").iter().map(|verb| format!("{verb} {group}/{resource} {name}")));
            }
        }
    }
    all
}

async fn grants_nothing_twice(set: &str, more: &[&str]) {
    let roles = roles(&render(HELM, set, NAMESPACE, more).await);
    let gives_any = roles.iter().any(|role| role["rules"].as_array().is_some_and(|rules| !rules.is_empty()));
    // There no rule is the chart's.
    assert_eq!(gives_any, set != "off", "{set}: roles with rules");
    assert_eq!(given_twice(&roles), Vec::<String>::new(), "{set}");
}

async fn of(set: &str) {
    grants_nothing_twice(set, &[]).await;
}

mod no_right_stands_twice {
    each_set!(super::of);
}

#[tokio::test]
async fn no_right_stands_twice_with_the_opposite_of_rollouts_ordering() {
    grants_nothing_twice("everything", &["--set", "rollouts.ordering=true"]).await;
}

#[test]
fn a_right_that_stands_twice_would_be_noticed() {
    let role = json!({"kind": "Role", "metadata": {"name": "x"}, "rules": [
        {"apiGroups": ["g"], "resources": ["a", "b"], "verbs": ["get", "list"]},
        {"apiGroups": ["g"], "resources": ["b"], "verbs": ["list"]},
    ]});
    assert_eq!(given_twice(&[role]), ["x: list g/b  is given 2 times"]);
}
