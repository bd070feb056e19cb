//! A shipment as its cache keeps it. One that is at rest for good is kept packed: of a hundred thousand nearly all are,
//! and each would weigh several kilobytes. Nothing is left out; whoever looks at one unpacks it.

use std::{borrow::Cow, sync::Arc};

use api::shipment::{
    IN_USE, Phase, YubiKeyShipment, YubiKeyShipmentStatus,
    progress::{is_finished, is_followed},
};
use domain::first_use;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer};

use super::{conditions, uid::Uid};

/// A finished shipment as it is written most often, made up: what a packed one shares with it takes no room.
const PATTERN: &[u8] = include_bytes!("kept/pattern.json");

/// What the cache keeps of a shipment.
#[derive(Debug, Clone)]
pub struct KeptShipment {
    /// Name and namespace, which a cache finds it by, and nothing else: names are copied often, and whatever stands
    /// here with them.
    metadata: ObjectMeta,
    uid: Option<Uid>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Arc<YubiKeyShipment>),
    Packed(Arc<Packed>),
}

/// A shipment at rest.
#[derive(Debug)]
pub struct Packed {
    /// The connection it names.
    pub connection: Box<str>,
    /// `status.phase`, kept outside for the metrics.
    pub phase: Option<Phase>,
    /// Since when (UTC) its key lies somewhere unused, as long as that is looked for.
    pub unused_since: Option<Timestamp>,
    /// Of its JSON, in bytes.
    length: usize,
    bytes: Box<[u8]>,
}

/// For whoever walks over all and would not unpack each.
#[derive(Debug, Clone, Copy)]
pub enum Glance<'a> {
    /// It is not packed.
    Whole(&'a YubiKeyShipment),
    /// It waits for nobody.
    Packed(&'a Packed),
}

impl KeptShipment {
    /// Packs what is at rest.
    #[must_use]
    pub fn new(object: YubiKeyShipment) -> Self {
        let from = &object.metadata;
        let metadata = ObjectMeta {
            name: from.name.clone(),
            namespace: from.namespace.clone(),
            ..ObjectMeta::default()
        };
        let uid = from.uid.as_deref().map(Uid::of);
        let packed = if rests(&object) { Packed::of(&object) } else { None };
        let body =
            packed.map_or_else(|| Body::Whole(Arc::new(object)), |packed| Body::Packed(Arc::new(packed)));
        Self { metadata, uid, body }
    }

    /// The shipment. `None` cannot happen: what is packed was unpacked once to see that it can be.
    #[must_use]
    pub fn whole(&self) -> Option<Arc<YubiKeyShipment>> {
        match &self.body {
            Body::Whole(object) => Some(Arc::clone(object)),
            Body::Packed(packed) => packed.unpacked().map(Arc::new),
        }
    }

    /// What tells it apart from another of its name.
    #[must_use]
    pub const fn uid(&self) -> Option<&Uid> {
        self.uid.as_ref()
    }

    /// A look that unpacks nothing.
    #[must_use]
    pub fn glance(&self) -> Glance<'_> {
        match &self.body {
            Body::Whole(object) => Glance::Whole(object),
            Body::Packed(packed) => Glance::Packed(packed),
        }
    }
}

/// Is nothing to be done about it, now or by time, and nobody asked?
fn rests(object: &YubiKeyShipment) -> bool {
    let Some(status) = &object.status else { return false };
    let stalled = conditions::find(&status.conditions, "Stalled").is_some_and(|one| one.status == "True");
    object.metadata.deletion_timestamp.is_none()
        && is_finished(status)
        && !is_followed(status)
        && status.hold.is_none()
        && !stalled
}

/// A key that lies somewhere, and since when, as long as its use is looked for.
#[must_use]
pub fn unused_since(status: &YubiKeyShipmentStatus) -> Option<Timestamp> {
    let in_use = conditions::find(&status.conditions, IN_USE)?;
    let unused = in_use.status == "False" && in_use.reason == first_use::NOT_USED_YET;
    status.times.as_ref()?.delivered.as_ref().filter(|_| unused).map(|at| at.0)
}

impl Packed {
    fn of(object: &YubiKeyShipment) -> Option<Self> {
        let text = serde_json::to_vec(object).ok()?;
        let bytes = lz4_flex::block::compress_with_dict(&text, PATTERN).into_boxed_slice();
        let status = object.status.as_ref()?;
        let packed = Self {
            connection: object.spec.connection_ref.name.as_str().into(),
            phase: status.phase,
            unused_since: unused_since(status),
            length: text.len(),
            bytes,
        };
        (packed.text()? == text).then_some(packed)
    }

    fn text(&self) -> Option<Vec<u8>> {
        lz4_flex::block::decompress_with_dict(&self.bytes, self.length, PATTERN).ok()
    }

    fn unpacked(&self) -> Option<YubiKeyShipment> {
        serde_json::from_slice(&self.text()?).ok()
    }
}

/// The controller could watch by itself; here it is handed what was decoded.
impl<'de> Deserialize<'de> for KeptShipment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        YubiKeyShipment::deserialize(deserializer).map(Self::new)
    }
}

impl Resource for KeptShipment {
    type DynamicType = ();
    type Scope = <YubiKeyShipment as Resource>::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        YubiKeyShipment::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        YubiKeyShipment::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        YubiKeyShipment::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        YubiKeyShipment::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests;
