//! Decoding of what the API server shows, one object at a time: a value that only a newer version knows makes one object
//! undecodable, never a whole list. Of an object the caches keep what passes read.

mod field;
mod traces;
mod without;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::Arc};

use api::{
    REQUESTED_AT,
    connection::YubiKeyConnection,
    decision::YubiKeyDecision,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Resource, core::PartialObjectMeta};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed},
};
use serde_json::Value;

use self::without::Without;
use crate::{
    kubernetes::{kept::KeptShipment, uid::Uid},
    metrics::instrument,
};

pub use self::traces::Traces;

/// Nobody reads it, and it may weigh more than the object.
const FIELD_OWNERSHIP: &[&str] = &["metadata", "managedFields"];

/// A kind that is watched.
pub trait Watched: Resource<DynamicType = ()> + Sized {
    /// Its name, also as a label of metrics.
    const KIND: &'static str;

    /// Objects of a page of the first list. A page is held as text and as objects at once, so it weighs more than what
    /// is kept of it.
    const PAGE: u32 = 100;

    /// What the cache keeps of it.
    type Kept: Resource<DynamicType = ()> + Clone + fmt::Debug + Send + Sync + 'static;

    /// As the cache keeps it.
    #[must_use]
    fn keep(self) -> Self::Kept;

    /// The object that is kept; `None` if it cannot be had any more.
    #[must_use]
    fn whole(kept: &Arc<Self::Kept>) -> Option<Arc<Self>>;

    /// What tells a kept object apart from another of its name.
    #[must_use]
    fn uid_of(kept: &Self::Kept) -> Option<Uid> {
        kept.meta().uid.as_deref().map(Uid::of)
    }

    /// Drops what no pass reads from the cache. Field ownership and annotations may weigh more than the rest.
    fn trim(&mut self);

    /// What tells of an object's effects although it cannot be decoded.
    #[must_use]
    fn traces(object: &Value) -> Traces {
        let _ = object;
        Traces::default()
    }
}

impl Watched for YubiKeyShipment {
    const KIND: &'static str = instrument::SHIPMENT;

    type Kept = KeptShipment;

    fn keep(self) -> KeptShipment {
        KeptShipment::new(self)
    }

    fn whole(kept: &Arc<KeptShipment>) -> Option<Arc<Self>> {
        kept.whole()
    }

    fn uid_of(kept: &KeptShipment) -> Option<Uid> {
        kept.uid().cloned()
    }

    fn trim(&mut self) {
        trim(&mut self.metadata);
    }

    fn traces(object: &Value) -> Traces {
        traces::of_shipment(object)
    }
}

impl Watched for YubiKeyConnection {
    const KIND: &'static str = instrument::CONNECTION;

    type Kept = Self;

    fn keep(self) -> Self {
        self
    }

    fn whole(kept: &Arc<Self>) -> Option<Arc<Self>> {
        Some(Arc::clone(kept))
    }

    fn trim(&mut self) {
        trim(&mut self.metadata);
    }
}

impl Watched for YubiKeyDecision {
    const KIND: &'static str = instrument::DECISION;

    type Kept = Self;

    fn keep(self) -> Self {
        self
    }

    fn whole(kept: &Arc<Self>) -> Option<Arc<Self>> {
        Some(Arc::clone(kept))
    }

    fn trim(&mut self) {
        trim(&mut self.metadata);
    }
}

impl Watched for YubiKeyRollout {
    const KIND: &'static str = instrument::ROLLOUT;
    /// Each may be as large as the API server takes.
    const PAGE: u32 = 5;

    type Kept = Self;

    fn keep(self) -> Self {
        self
    }

    fn whole(kept: &Arc<Self>) -> Option<Arc<Self>> {
        Some(Arc::clone(kept))
    }

    /// The list of people is read live when the source is due: kept for every rollout, admitted or not, it would be
    /// most of the process.
    fn trim(&mut self) {
        trim(&mut self.metadata);
        if let Some(list) = self.spec.source.users.as_mut().and_then(|users| users.list.as_mut()) {
            *list = Vec::new();
        }
    }

    fn traces(object: &Value) -> Traces {
        traces::of_rollout(object)
    }
}

impl Watched for PartialObjectMeta<Namespace> {
    const KIND: &'static str = "Namespace";

    type Kept = Self;

    fn keep(self) -> Self {
        self
    }

    fn whole(kept: &Arc<Self>) -> Option<Arc<Self>> {
        Some(Arc::clone(kept))
    }

    fn trim(&mut self) {
        self.metadata.managed_fields = None;
        self.metadata.annotations = None;
    }
}

fn trim(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    if let Some(annotations) = metadata.annotations.as_mut() {
        annotations.retain(|key, _| key == REQUESTED_AT);
    }
    if let Some(labels) = metadata.labels.as_mut() {
        labels.retain(|key, _| key == ROLLOUT_LABEL);
    }
}

/// What is known of an object that this version cannot decode. Nothing is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Undecodable {
    /// Kind as Kubernetes writes it, e.g. `YubiKeyShipment`.
    pub kind: &'static str,
    /// Name, namespace, uid, times, and the label of a rollout.
    pub metadata: ObjectMeta,
    /// Which field, and what is the matter with it: no value of the object but that of a closed list.
    pub why: String,
    /// What it may have done, as far as that can be told.
    pub traces: Traces,
}

impl Undecodable {
    fn of<K: Watched + DeserializeOwned>(object: &Value) -> Self {
        let mut metadata = object.get("metadata").map_or_else(ObjectMeta::default, metadata);
        trim(&mut metadata);
        Self { kind: K::KIND, metadata, why: field::fault::<K>(object), traces: K::traces(object) }
    }

    /// Its namespace; empty if it has none.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.metadata.namespace.clone().unwrap_or_default()
    }

    /// Its name; empty if it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.metadata.name.clone().unwrap_or_default()
    }

    /// As people write it: `onboarding/ann-lee`.
    #[must_use]
    pub fn whole_name(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    /// For people, on the object itself.
    #[must_use]
    pub fn message(&self) -> String {
        format!(
            "This version of the operator cannot decode the object: {}. Nothing is done about it and its finalizer stays; run the version that wrote it, or correct the field.",
            self.why
        )
    }
}

/// As much of it as can be had.
fn metadata(value: &Value) -> ObjectMeta {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    serde_json::from_value(value.clone()).unwrap_or_else(|_| ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        ..ObjectMeta::default()
    })
}

/// An object, or what is known of it if it cannot be decoded. It decodes from any JSON.
#[derive(Debug, Clone)]
pub struct Decoded<K>(pub Result<K, Arc<Undecodable>>);

impl<K: Watched + DeserializeOwned> Decoded<K> {
    /// Decodes and trims.
    #[must_use]
    pub fn read(mut object: Value) -> Self {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        match K::deserialize(&object) {
            Ok(mut decoded) => {
                decoded.trim();
                Self(Ok(decoded))
            }
            Err(_) => Self(Err(Arc::new(Undecodable::of::<K>(&object)))),
        }
    }
}

impl<'de, K: Watched + DeserializeOwned> Deserialize<'de> for Decoded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Without(FIELD_OWNERSHIP).deserialize(deserializer).map(Self::read)
    }
}

impl<K: Watched> Resource for Decoded<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|undecodable| &undecodable.metadata, K::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => object.meta_mut(),
            Err(undecodable) => &mut Arc::make_mut(undecodable).metadata,
        }
    }
}
