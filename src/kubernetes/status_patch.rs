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
    core::{DynamicObject, Request, object::HasStatus},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use thiserror::Error;

use super::{client::NoTurn, merge_patch, retry};

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

/// As much of the answer to a write as is looked at: the rest of the object is as it was, by the precondition, and of
/// the answer more than half is field ownership.
#[derive(Deserialize)]
struct Stored<S> {
    metadata: Version,
    status: Option<S>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: Option<String>,
}

/// Writes the difference between two statuses; the object as it stands now. `None`: they are equal and nothing was
/// written.
///
/// # Errors
/// [`CommitError`]; in every case the caller must not act on what it wanted to write.
pub async fn commit<K>(
    api: &Api<K>,
    object: &K,
    old: &K::Status,
    new: &K::Status,
) -> Result<Option<K>, CommitError>
where
    K: Resource + HasStatus + Clone,
    K::Status: Serialize + DeserializeOwned + PartialEq,
{
    if old == new {
        return Ok(None);
    }
    let change = merge_patch::between(&text_of(old)?, &text_of(new)?).map_err(unencodable)?;
    let Some(change) = change else { return Ok(None) };
    let patch = json!({"metadata": {"resourceVersion": object.resource_version()}, "status": change});
    let stored: Stored<K::Status> = send(api, &object.name_any(), patch).await.map_err(classify)?;
    if !fence::counts(new, stored.status.as_ref()) {
        return Err(outdated("the API server stored another status than it was sent").into());
    }
    let mut written = object.clone();
    written.meta_mut().resource_version = stored.metadata.resource_version;
    *written.status_mut() = stored.status;
    Ok(Some(written))
}

async fn send<K, T>(api: &Api<K>, name: &str, patch: Value) -> Result<T, kube::Error>
where
    K: Resource + Clone,
    T: DeserializeOwned,
{
    #[expect(clippy::disallowed_methods, reason = "this is the home of status writes")]
    let request =
        Request::new(api.resource_url()).patch_subresource("status", name, &params(), &Patch::Merge(patch));
    api.clone().into_client().request(request.map_err(kube::Error::BuildRequest)?).await
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

fn text_of(status: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(status).map_err(unencodable)
}

fn unencodable(error: impl std::fmt::Display) -> Failure {
    Failure::new(Reason::StatusWriteFailed, format!("the status cannot be encoded: {error}"))
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
