//! A release of the chart in a cluster, with a namespace for people's shipments.

use std::fs;

use kube_test::{Cluster, Deadline, Helm, Kubectl, Output, User};

use crate::{
    clusters::{self, Own, PEOPLE},
    helm::{NAMESPACE, chart, root, values},
};

/// The release `yks`. No operator runs, so no connection becomes ready: Helm, which would wait for that too, is not told
/// to wait; the Deployment is waited for.
#[derive(Debug)]
pub struct Release {
    pub cluster: Cluster,
    /// Of the operator.
    pub namespace: String,
    /// Of the shipments.
    pub people: String,
}

impl Release {
    /// In a cluster that has only this one.
    pub fn alone(own: &Own) -> Self {
        Self { cluster: own.cluster.clone(), namespace: NAMESPACE.to_owned(), people: PEOPLE.to_owned() }
    }

    /// Beside others: in namespaces that nobody else has. What the chart makes in the whole cluster has the namespace in
    /// its name.
    pub async fn beside_others(name: &str) -> Self {
        let cluster = clusters::shared().await.clone();
        let namespace = cluster.namespace(name).await.unwrap().name().to_owned();
        let people = cluster.namespace(&format!("{name}-people")).await.unwrap().name().to_owned();
        let label = "pod-security.kubernetes.io/enforce=restricted";
        cluster.kubectl().run(&["label", "namespace", &namespace, label]).await.unwrap();
        clusters::until_pods_may_come(&cluster.kubectl().in_namespace(&namespace)).await;
        Self { cluster, namespace, people }
    }

    /// The same, with every value set but those that would meet another release: what belongs to the whole cluster, or to
    /// everybody who has the role `edit`.
    pub async fn with_everything(name: &str, more: &[&str]) -> Self {
        let release = Self::beside_others(name).await;
        release.install_everything(more).await;
        release
    }

    async fn install_everything(&self, more: &[&str]) {
        let arguments = self.everything(more);
        self.install(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    /// Upgrades a release [`Release::with_everything`].
    pub async fn upgrade_everything(&self, more: &[&str]) {
        let arguments = self.everything(more);
        self.upgrade(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    fn everything(&self, more: &[&str]) -> Vec<String> {
        let people = &self.people;
        let apart = format!(
            "crds.install=false,aggregatedRoles.decideWithEdit=false,aggregatedRoles.rolloutsWithEdit=false,\
             connections[1].name={people},dashboard.namespace={people},metrics.dashboard.namespace={people},\
             rollouts.listNamespaces={{{people}}}"
        );
        let all =
            [values("everything"), "--set".to_owned(), WITHOUT_FOREIGN.to_owned(), "--set".to_owned(), apart];
        all.into_iter().chain(more.iter().map(|&one| one.to_owned())).collect()
    }

    /// Helm in the release's namespace.
    pub fn helm(&self) -> Helm {
        self.cluster.helm().in_namespace(&self.namespace)
    }

    /// kubectl as the admin, in the namespace of the shipments.
    pub fn kubectl(&self) -> Kubectl {
        self.cluster.kubectl().in_namespace(&self.people)
    }

    /// What Helm says to an installation that may fail.
    pub async fn try_install(&self, chart: &str, arguments: &[&str], input: &str) -> Output {
        let install = [&["install", "yks", chart][..], arguments].concat();
        self.helm().output(&install, input).await.unwrap()
    }

    /// `helm install`; the Deployment becomes available.
    pub async fn install(&self, arguments: &[&str]) {
        self.try_install(&chart(), arguments, "").await.ok().unwrap();
        self.until_available().await;
    }

    /// `helm upgrade` to these values alone; the Deployment becomes available.
    pub async fn upgrade(&self, arguments: &[&str]) {
        let upgrade = ["upgrade", "yks", &chart(), "--reset-values"];
        self.helm().run(&[&upgrade[..], arguments].concat()).await.unwrap();
        self.until_available().await;
    }

    /// `helm uninstall`, which must end by itself.
    pub async fn uninstall(&self) {
        self.helm().run(&["uninstall", "yks", "--wait", "--timeout", "60s"]).await.unwrap();
    }

    pub async fn until_available(&self) {
        let wait =
            ["rollout", "status", "--timeout=120s", "deployment", "-l", "app.kubernetes.io/instance=yks"];
        self.cluster.kubectl().in_namespace(&self.namespace).run(&wait).await.unwrap();
    }

    /// Has the release's manifest a line that contains this?
    pub async fn has(&self, part: &str) -> bool {
        let manifest = self.helm().run(&["get", "manifest", "yks"]).await.unwrap();
        manifest.lines().any(|line| line.contains(part))
    }

    /// The account that the release with every value set gives the operator.
    pub fn operator(&self) -> User {
        User::of_service_account(&self.namespace, "courier")
    }

    /// Declares the shipment of `examples/`, ann-lee.
    pub async fn declare_shipment(&self) {
        let shipment = fs::read_to_string(root().join("examples/shipments/ann-lee.yaml")).unwrap();
        let here = shipment.replace("namespace: onboarding", &format!("namespace: {}", self.people));
        self.kubectl().apply(&here).await.unwrap();
    }
}

/// What the cluster of the tests has no use for, or no kind for.
pub const WITHOUT_FOREIGN: &str = "nodeSelector=null,tolerations=null,metrics.serviceMonitor.enabled=false,metrics.prometheusRule.enabled=false";

/// Waits until a command fails in these words: what controllers and policies do takes its own time.
pub async fn until_fails(kubectl: &Kubectl, arguments: &[&str], input: &str, sentence: &str) {
    let ask = async || {
        let said = kubectl.output(arguments, input).await.unwrap();
        (!said.is_ok() && said.stderr.contains(sentence)).then_some(())
    };
    Deadline::default().poll(&format!("it is refused: {sentence}"), ask).await.unwrap();
}
