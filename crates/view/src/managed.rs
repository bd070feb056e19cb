//! Is an object managed from Git? What is deleted by hand there comes back, and what is made by hand is foreign.

use kube::api::ObjectMeta;

/// Labels and annotations that the two leave on what they apply.
const MARKS: [(&str, &str); 5] = [
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("argocd.argoproj.io/managed-by", "Argo CD"),
];

/// By whom the object is managed.
#[must_use]
pub fn by(meta: &ObjectMeta) -> Option<&'static str> {
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
            by(&ObjectMeta { labels, annotations, ..ObjectMeta::default() })
        };
        for (name, by) in MARKS {
            assert_eq!(with(name, true), Some(by));
            assert_eq!(with(name, false), Some(by));
        }
        assert_eq!(with("app.kubernetes.io/name", true), None);
        assert_eq!(by(&ObjectMeta::default()), None);
    }
}
