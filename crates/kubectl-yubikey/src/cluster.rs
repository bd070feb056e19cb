//! The API server, in the name of whoever runs the command.

use std::time::Duration;

use kube::{
    Api, Client, Config, Resource,
    config::{KubeConfigOptions, Kubeconfig},
    core::NamespaceResourceScope,
};

use crate::{
    fault::{Fault, Result},
    options::Global,
    view::listing,
};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A client, and the namespaces that the command is about.
#[derive(Clone)]
pub struct Cluster {
    /// Asks the API server with the rights of whoever runs the command.
    pub client: Client,
    /// The namespace of commands that are about one.
    pub namespace: String,
    /// `None`: all of them.
    pub scope: Option<String>,
}

impl Cluster {
    /// As kubectl finds it.
    ///
    /// # Errors
    /// If there is no usable kubeconfig.
    pub async fn of(global: &Global) -> Result<Self> {
        let mut config = config(global).await?;
        config.connect_timeout = Some(CONNECT);
        if let Some(user) = &global.impersonate {
            config.auth_info.impersonate = Some(user.clone());
            config.auth_info.impersonate_groups =
                (!global.impersonate_groups.is_empty()).then(|| global.impersonate_groups.clone());
        }
        let namespace = global.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let scope = (!global.all_namespaces).then(|| namespace.clone());
        let client = Client::try_from(config).map_err(|error| Fault::of_api("reach the cluster", &error))?;
        Ok(Self { client, namespace, scope })
    }

    /// Objects of the namespaces that the command is about.
    #[must_use]
    pub fn scoped<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        match &self.scope {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// Objects of one namespace.
    #[must_use]
    pub fn of_namespace<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The namespaces, in words.
    #[must_use]
    pub fn place(&self) -> String {
        listing::place(self.scope.as_deref())
    }
}

async fn config(global: &Global) -> Result<Config> {
    let options = KubeConfigOptions { context: global.context.clone(), ..KubeConfigOptions::default() };
    let next =
        "name another with --kubeconfig and --context, and see what `kubectl config get-contexts` shows";
    let unusable = |error: &kube::config::KubeconfigError| {
        Fault::new(format!("there is no usable kubeconfig: {error}"), next)
    };
    let Some(path) = &global.kubeconfig else {
        return match Config::from_kubeconfig(&options).await {
            Ok(config) => Ok(config),
            // In a pod there is none, and kubectl needs none there either.
            Err(error) if global.context.is_none() => Config::incluster().map_err(|_| unusable(&error)),
            Err(error) => Err(unusable(&error)),
        };
    };
    let file = Kubeconfig::read_from(path).map_err(|error| unusable(&error))?;
    Config::from_custom_kubeconfig(file, &options).await.map_err(|error| unusable(&error))
}
