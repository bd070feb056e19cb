//! Status writes of shipments that the API server took, as its own log tells.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
};

use jiff::Timestamp;
use serde::Deserialize;
use testbed::{diary::Declared, folder::Folder, setup::Fault};

/// When each shipment's status was written, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct Writes(HashMap<(String, String), Vec<Timestamp>>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    verb: String,
    stage_timestamp: Timestamp,
    object_ref: Option<ObjectRef>,
    response_status: Option<ResponseStatus>,
}

#[derive(Debug, Deserialize)]
struct ObjectRef {
    resource: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

impl Writes {
    /// Of a run's folder; nothing where it has no such log: then it is not known what was written.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>, Fault> {
        let mut writes = Self::default();
        let Ok(log) = File::open(folder.audit_log()) else { return Ok(None) };
        for line in BufReader::new(log).lines() {
            let line = line?;
            // Most lines are of other things, and a killed API server leaves half of one.
            if line.contains("\"subresource\":\"status\"")
                && let Ok(request) = serde_json::from_str(&line)
            {
                writes.note(request);
            }
        }
        Ok(Some(writes))
    }

    fn note(&mut self, request: Request) {
        let Some(object) = request.object_ref.filter(|object| object.resource == "yubikeyshipments") else {
            return;
        };
        let taken = request.response_status.is_some_and(|status| (200..300).contains(&status.code));
        if taken && request.verb == "patch" && object.subresource == "status" {
            self.0.entry((object.namespace, object.name)).or_default().push(request.stage_timestamp);
        }
    }

    /// Was the status of this shipment written in this time?
    pub(crate) fn any(&self, declared: &Declared, from: Timestamp, to: Timestamp) -> bool {
        let of = (declared.namespace.clone(), declared.name.clone());
        self.0.get(&of).is_some_and(|all| all.iter().any(|at| *at >= from && *at <= to))
    }
}
