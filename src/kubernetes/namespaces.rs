//! Labels of namespaces, for `allowedNamespaces`: watched, or asked for one by one where the operator may not list them.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::failure::Failure;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, ResourceExt,
    core::PartialObjectMeta,
    runtime::reflector::{ObjectRef, Store},
};
use system::clock;
use tokio::sync::Mutex;

use super::retry;
use crate::{
    kubernetes::watches::{self, Opening, Scope},
    readiness::Readiness,
};

/// Labels that were asked for are at most this old when they decide.
const FRESH: SignedDuration = SignedDuration::from_mins(2);
/// How often it is looked whether the listed namespaces are there.
const LOOK: Duration = Duration::from_mins(1);
/// The same while one is not.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Labels of a namespace.
pub type Labels = BTreeMap<String, String>;

/// What is known of namespaces.
pub struct Namespaces(Source);

enum Source {
    Watched(Store<PartialObjectMeta<Namespace>>),
    Asked { client: Client, names: Vec<String>, known: Mutex<HashMap<String, (Timestamp, Option<Labels>)>> },
}

impl Namespaces {
    /// Knows the namespaces of this scope; the future keeps that up and never ends.
    #[must_use]
    pub fn of(opening: Opening<'_>, scope: &Scope) -> (Self, BoxFuture<'static, ()>) {
        let Opening { client, readiness, .. } = opening;
        match scope {
            Scope::Cluster => {
                readiness.needs("namespaces");
                let (store, stream) = watches::namespaces(opening);
                (Self(Source::Watched(store)), stream.for_each(|_| async {}).boxed())
            }
            Scope::Namespaces(names) => {
                let (client, names) = (client.clone(), names.clone());
                let keeper = look_after(client.clone(), names.clone(), readiness.clone()).boxed();
                (Self(Source::Asked { client, names, known: Mutex::default() }), keeper)
            }
        }
    }

    /// Resolves once labels can be told.
    pub async fn wait_until_ready(&self) {
        if let Source::Watched(store) = &self.0 {
            // A writer that is gone says nothing any more.
            let _ = store.wait_until_ready().await;
        }
    }

    /// The namespaces that are listed; `None` if all are watched.
    #[must_use]
    pub fn listed(&self) -> Option<&[String]> {
        match &self.0 {
            Source::Watched(_) => None,
            Source::Asked { names, .. } => Some(names),
        }
    }

    /// Is there a namespace of this name? Asked live where namespaces are listed.
    ///
    /// # Errors
    /// If the API server does not tell.
    pub async fn exists(&self, name: &str) -> Result<bool, kube::Error> {
        match &self.0 {
            Source::Watched(store) => Ok(store.get(&ObjectRef::new(name)).is_some()),
            Source::Asked { client, .. } => Ok(ask(client, name).await?.is_some()),
        }
    }

    /// Is the namespace being deleted, or gone? Asked live where namespaces are listed.
    ///
    /// # Errors
    /// If the API server does not tell.
    pub async fn is_ending(&self, name: &str) -> Result<bool, Failure> {
        match &self.0 {
            Source::Watched(store) => Ok(store
                .get(&ObjectRef::new(name))
                .is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some())),
            Source::Asked { client, .. } => {
                let found = ask(client, name).await;
                let found = found.map_err(|error| retry::unread(&error, "the namespace"))?;
                Ok(found.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()))
            }
        }
    }

    /// The labels of a namespace; `None` if there is none of that name.
    ///
    /// # Errors
    /// If the API server does not show it.
    pub async fn labels(&self, name: &str) -> Result<Option<Labels>, Failure> {
        match &self.0 {
            Source::Watched(store) => Ok(store.get(&ObjectRef::new(name)).map(|n| n.labels().clone())),
            Source::Asked { client, known, .. } => {
                // Held while asking, so that many shipments of one namespace ask once.
                let mut known = known.lock().await;
                if let Some((at, labels)) = known.get(name)
                    && clock::now().duration_since(*at) < FRESH
                {
                    return Ok(labels.clone());
                }
                let found = ask(client, name).await;
                let found = found.map_err(|error| retry::unread(&error, "the namespace"))?;
                let labels = found.map(|namespace| namespace.labels().clone());
                known.insert(name.to_owned(), (clock::now(), labels.clone()));
                Ok(labels)
            }
        }
    }
}

async fn ask(client: &Client, name: &str) -> Result<Option<PartialObjectMeta<Namespace>>, kube::Error> {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(client.clone());
    api.get_opt(name).await
}

/// Says which of the listed namespaces are not there. Their watches take them up by themselves once they are.
async fn look_after(client: Client, names: Vec<String>, readiness: Readiness) {
    loop {
        let mut all = true;
        for name in &names {
            let what = format!("namespace {name}");
            let why = match ask(&client, name).await {
                Ok(Some(_)) => {
                    readiness.has(&what);
                    continue;
                }
                Ok(None) => "there is no such namespace; create it, or take it off --namespaces".to_owned(),
                Err(error) => error.to_string(),
            };
            all = false;
            if readiness.lacks(&what, &why) {
                tracing::warn!(namespace = name, why, "a namespace that shall be watched is not there");
            }
        }
        tokio::time::sleep(if all { LOOK } else { LOOK_AGAIN }).await;
    }
}
