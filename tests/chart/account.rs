//! What somebody may do, as the API server answers.

use kube_test::{Access, Cluster, User};

/// Somebody whose rights are looked at.
#[derive(Debug)]
pub struct Account<'a> {
    cluster: &'a Cluster,
    user: User,
}

impl<'a> Account<'a> {
    pub fn new(cluster: &'a Cluster, user: User) -> Self {
        Self { cluster, user }
    }

    /// May do each of these, in every namespace where none is named: `VERB RESOURCE[/SUBRESOURCE] [NAME] [in NAMESPACE]`.
    pub async fn may(&self, all: &[&str]) {
        for words in all {
            assert!(self.is_allowed(words).await, "{} may not {words}", self.user.name());
        }
    }

    /// May do none of these; where no namespace is named, in that which kubectl takes then. `in *` means in all.
    pub async fn may_not(&self, all: &[&str]) {
        for words in all {
            let somewhere =
                if words.contains(" in ") { (*words).to_owned() } else { format!("{words} in default") };
            assert!(!self.is_allowed(&somewhere).await, "{} may {words}", self.user.name());
        }
    }

    /// Waits until it may: the API server takes up changed roles when it has heard of them.
    pub async fn until_may(&self, words: &str) {
        self.cluster.until_allowed(&self.user, &access(words), true).await.unwrap();
    }

    /// Waits until it may not any more.
    pub async fn until_may_not(&self, words: &str) {
        self.cluster.until_allowed(&self.user, &access(words), false).await.unwrap();
    }

    async fn is_allowed(&self, words: &str) -> bool {
        self.cluster.is_allowed(&self.user, &access(words)).await.unwrap()
    }
}

fn access(words: &str) -> Access {
    let (what, namespace) = words.split_once(" in ").unwrap_or((words, "*"));
    let mut parts = what.split(' ');
    let (verb, resource) = (parts.next().unwrap(), parts.next().unwrap());
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let group = if resource.starts_with("yubikey") { ".fidoprereg.dev" } else { "" };
    let mut access = Access::new(verb, &format!("{resource}{group}"));
    if !subresource.is_empty() {
        access = access.subresource(subresource);
    }
    if let Some(name) = parts.next() {
        access = access.named(name);
    }
    if namespace == "*" { access } else { access.in_namespace(namespace) }
}
