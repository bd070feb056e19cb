//! Rights, which take effect a moment after they are given.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::{Api, api::PostParams};

use crate::{Cluster, Deadline, Error, Result, User};

/// Something that one may do, or not: a verb and a resource.
#[derive(Debug, Clone)]
pub struct Access(ResourceAttributes);

impl Access {
    /// In all namespaces. `resource` is the plural, with its group unless that is the core: `configmaps`,
    /// `deployments.apps`.
    #[must_use]
    pub fn new(verb: &str, resource: &str) -> Self {
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        Self(ResourceAttributes {
            verb: Some(verb.to_owned()),
            resource: Some(resource.to_owned()),
            group: Some(group.to_owned()),
            ..ResourceAttributes::default()
        })
    }

    /// In one namespace.
    #[must_use]
    pub fn in_namespace(mut self, name: &str) -> Self {
        self.0.namespace = Some(name.to_owned());
        self
    }

    /// To one object only.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.0.name = Some(name.to_owned());
        self
    }

    /// To a subresource, such as `status`.
    #[must_use]
    pub fn subresource(mut self, name: &str) -> Self {
        self.0.subresource = Some(name.to_owned());
        self
    }

    fn words(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{} {} in {:?}", text(&self.0.verb), text(&self.0.resource), text(&self.0.namespace))
    }

    fn review(&self) -> SelfSubjectAccessReview {
        let spec = SelfSubjectAccessReviewSpec {
            resource_attributes: Some(self.0.clone()),
            ..SelfSubjectAccessReviewSpec::default()
        };
        SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() }
    }
}

impl Cluster {
    /// Whether a user may do something, by the rules that the API server knows now.
    ///
    /// # Errors
    /// [`Error::Api`], and as [`Cluster::client_as`].
    pub async fn is_allowed(&self, user: &User, access: &Access) -> Result<bool> {
        let api = Api::all(self.client_as(user).await?);
        let said = api.create(&PostParams::default(), &access.review()).await;
        let said: SelfSubjectAccessReview =
            said.map_err(Error::api(format!("asking whether {} may {}", user.name(), access.words())))?;
        Ok(said.status.is_some_and(|status| status.allowed))
    }

    /// Waits until a user may do something, or may not any more: the API server takes up a changed rule when it has
    /// heard of it, which is not at once.
    ///
    /// # Errors
    /// [`Error::Timeout`](crate::Error::Timeout), and as [`Cluster::client_as`].
    pub async fn until_allowed(&self, user: &User, access: &Access, allowed: bool) -> Result<()> {
        let (api, review) = (Api::all(self.client_as(user).await?), access.review());
        let what = format!("{} {} {}", user.name(), if allowed { "may" } else { "may not" }, access.words());
        let ask = async || {
            let said = api.create(&PostParams::default(), &review).await.ok()?.status?;
            (said.allowed == allowed).then_some(())
        };
        Deadline::default().poll(&what, ask).await
    }
}
