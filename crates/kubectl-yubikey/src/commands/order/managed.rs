//! Is a namespace managed from Git? Then what is created by hand is foreign there.

use api::shipment::YubiKeyShipment;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Resource as _, api::ObjectMeta};

use crate::{cluster::Cluster, objects};

/// Labels and annotations that the two leave on what they apply.
const MARKS: [(&str, &str); 5] = [
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("argocd.argoproj.io/managed-by", "Argo CD"),
];

/// By whom the namespace, or what stands in it, is managed. What one may not see is taken for unmanaged.
pub async fn by(cluster: &Cluster) -> Option<&'static str> {
    let namespace = Api::<Namespace>::all(cluster.client.clone()).get(&cluster.namespace).await;
    if let Some(by) = namespace.ok().and_then(|namespace| marked(namespace.meta())) {
        return Some(by);
    }
    let shipments = objects::list::<YubiKeyShipment>(cluster, "shipments").await.ok()?;
    shipments.objects.iter().find_map(|shipment| marked(shipment.meta()))
}

fn marked(meta: &ObjectMeta) -> Option<&'static str> {
    let has = |name: &str| {
        [&meta.labels, &meta.annotations].into_iter().flatten().any(|marks| marks.contains_key(name))
    };
    MARKS.iter().find(|(name, _)| has(name)).map(|(_, by)| *by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_flux_and_argo_cd_are_known_and_others_are_not() {
        let with = |name: &str, label: bool| {
            let marks = Some([(name.to_owned(), "x".to_owned())].into());
            let (labels, annotations) = if label { (marks, None) } else { (None, marks) };
            marked(&ObjectMeta { labels, annotations, ..ObjectMeta::default() })
        };
        for (name, by) in MARKS {
            assert_eq!(with(name, true), Some(by));
            assert_eq!(with(name, false), Some(by));
        }
        assert_eq!(with("app.kubernetes.io/name", true), None);
        assert_eq!(marked(&ObjectMeta::default()), None);
    }
}
