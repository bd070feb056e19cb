//! The only write of a status: guarded by the resourceVersion of the object the decision was made on, validated
//! strictly, and compared with what the API server says it stored.
//!
//! This is the fence of the whole operator, not the lease: a stale reader gets a conflict instead of a second key.

use domain::{
    failure::{Failure, Reason},
    fence,
};
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams, ValidationDirective},
    core::DynamicObject,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{client::NoTurn, retry};

/// Who the API server says wrote.
pub const FIELD_MANAGER: &str = "yubikey-shipment-operator";

/// Why nothing may be done on the word of this write.
#[derive(Debug, Error)]
pub enum CommitError {
    /// The object changed meanwhile: read it live and plan anew, never send the same patch again.
    #[error("the object changed meanwhile")]
    Conflict,
    /// The object is gone.
    #[error("the object is gone")]
    Gone,
    /// The write was refused, or the API server stored something else.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Nobody knows: it may have been done, and may still be done later.
    #[error(transparent)]
    Unanswered(Failure),
}

/// Parameters of every write.
#[must_use]
pub fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::default()
    }
}

/// Writes the difference between two statuses. `None`: they are equal and nothing was written.
///
/// # Errors
/// [`CommitError`]; in every case the caller must not act on what it wanted to write.
pub async fn commit<K, S>(
    api: &Api<K>,
    object: &K,
    old: &S,
    new: &S,
    status_of: impl Fn(&K) -> Option<&S>,
) -> Result<Option<K>, CommitError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
    S: Serialize + PartialEq,
{
    let Some(change) = difference(&to_value(old)?, &to_value(new)?) else { return Ok(None) };
    let patch = json!({"metadata": {"resourceVersion": object.resource_version()}, "status": change});
    #[expect(clippy::disallowed_methods, reason = "this is the home of status writes")]
    let written =
        api.patch_status(&object.name_any(), &params(), &Patch::Merge(patch)).await.map_err(classify)?;
    if fence::counts(new, status_of(&written)) {
        return Ok(Some(written));
    }
    Err(outdated("the API server stored another status than it was sent").into())
}

/// Writes the conditions of an object that cannot be decoded with what the column shows of them, and nothing else of it.
///
/// # Errors
/// As every guarded write.
pub async fn write_conditions(
    api: &Api<DynamicObject>,
    object: &DynamicObject,
    conditions: Vec<Value>,
    summary: Option<String>,
) -> Result<(), CommitError> {
    let patch = json!({
        "metadata": {"resourceVersion": object.resource_version()},
        "status": {"conditions": conditions, "summary": summary},
    });
    #[expect(clippy::disallowed_methods, reason = "this is the home of status writes")]
    let written = api.patch_status(&object.name_any(), &params(), &Patch::Merge(patch)).await;
    written.map(drop).map_err(classify)
}

fn to_value(status: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(status).map_err(|error| {
        Failure::new(Reason::StatusWriteFailed, format!("the status cannot be encoded: {error}"))
    })
}

fn outdated(what: &str) -> Failure {
    Failure::new(
        Reason::CRDOutdated,
        format!(
            "{what}, so nothing was sent to the vendors: the served CRD is older than this operator; apply the CRDs of this version."
        ),
    )
}

/// Sorts an API error.
#[must_use]
pub fn classify(error: kube::Error) -> CommitError {
    match error {
        kube::Error::Api(status) if status.is_conflict() => CommitError::Conflict,
        kube::Error::Api(status) if status.is_not_found() => CommitError::Gone,
        kube::Error::Api(status) if status.message.contains("strict decoding error") => {
            outdated("the API server does not know a field of the status").into()
        }
        kube::Error::Api(status) if status.code >= 500 => CommitError::Unanswered(Failure::new(
            Reason::StatusWriteFailed,
            format!(
                "the API server may have failed in the write ({} {}); it is tried again.",
                status.code, status.reason
            ),
        )),
        kube::Error::Api(status) => Failure::new(
            Reason::StatusWriteFailed,
            format!(
                "the API server refused the write ({} {}); check the operator's RBAC and the API server.",
                status.code, status.reason
            ),
        )
        .into(),
        kube::Error::Service(fault) if fault.is::<NoTurn>() => {
            Failure::new(Reason::StatusWriteFailed, format!("{fault}; it is tried again.")).into()
        }
        other => {
            tracing::warn!(error = %other, "API server write failed");
            CommitError::Unanswered(Failure::new(
                Reason::StatusWriteFailed,
                "the API server did not answer the write; it is tried again.",
            ))
        }
    }
}

/// Sorts the error of a read.
#[must_use]
pub fn unread(error: kube::Error) -> CommitError {
    match error {
        kube::Error::Api(status) if status.is_not_found() => CommitError::Gone,
        other => retry::unread(&other, "the object as it is now").into(),
    }
}

/// RFC 7386 merge patch that turns `old` into `new`; `None` if they are equal.
fn difference(old: &Value, new: &Value) -> Option<Value> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let mut patch = Map::new();
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
            for (key, value) in new {
                match old.get(key).map(|before| difference(before, value)) {
                    None => drop(patch.insert(key.clone(), value.clone())),
                    Some(Some(change)) => drop(patch.insert(key.clone(), change)),
                    Some(None) => {}
                }
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (old, new) => (old != new).then(|| new.clone()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(target: &mut Value, patch: &Value) {
        let (Value::Object(target), Value::Object(patch)) = (&mut *target, patch) else {
            *target = patch.clone();
            return;
        };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                apply(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-e]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map("[a-e]", tree(), 0..5)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    fn answered(code: u16, reason: &str) -> CommitError {
        let status = kube::core::Status { code, reason: reason.to_owned(), ..kube::core::Status::default() };
        classify(kube::Error::Api(status.boxed()))
    }

    /// The server may give up on a write that its store then takes.
    #[test]
    fn a_write_counts_as_refused_only_where_the_server_says_so() {
        assert!(matches!(answered(409, "Conflict"), CommitError::Conflict));
        assert!(matches!(answered(404, "NotFound"), CommitError::Gone));
        for (code, reason) in [(403, "Forbidden"), (422, "Invalid"), (429, "TooManyRequests")] {
            assert!(matches!(answered(code, reason), CommitError::Failed(_)), "{code}");
        }
        for (code, reason) in [(500, "InternalError"), (503, "ServiceUnavailable"), (504, "Timeout")] {
            assert!(matches!(answered(code, reason), CommitError::Unanswered(_)), "{code}");
        }
        let silent = kube::Error::Service("no answer".into());
        assert!(matches!(classify(silent), CommitError::Unanswered(_)));
    }

    proptest! {
        /// The API server's merge gives exactly the status that was meant.
        #[test]
        fn the_difference_turns_old_into_new(old in object(), new in object()) {
            let mut merged = old.clone();
            if let Some(patch) = difference(&old, &new) {
                apply(&mut merged, &patch);
            }
            prop_assert_eq!(merged, new);
        }

        #[test]
        fn nothing_is_written_at_rest(status in object()) {
            prop_assert_eq!(difference(&status, &status), None);
        }
    }
}
