//! The API server's own count of what the operator did.

use std::path::Path;

use serde_json::Value;

/// One finished request.
#[derive(Debug, Clone)]
pub struct Request(pub Value);

impl Request {
    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn verb(&self) -> &str {
        self.text("/verb")
    }

    pub fn user(&self) -> &str {
        self.text("/user/username")
    }

    /// The token that was shown, by its id.
    pub fn credential(&self) -> &str {
        self.text("/user/extra/authentication.kubernetes.io~1credential-id/0")
    }

    /// Resource and subresource.
    pub fn resource(&self) -> String {
        match self.text("/objectRef/subresource") {
            "" => self.text("/objectRef/resource").to_owned(),
            sub => format!("{}/{sub}", self.text("/objectRef/resource")),
        }
    }

    pub fn namespace(&self) -> &str {
        self.text("/objectRef/namespace")
    }

    pub fn name(&self) -> &str {
        self.text("/objectRef/name")
    }

    /// The body that was sent.
    pub fn body(&self) -> &Value {
        &self.0["requestObject"]
    }

    pub fn is_write(&self) -> bool {
        matches!(self.verb(), "create" | "update" | "patch" | "delete" | "deletecollection")
    }

    pub fn succeeded(&self) -> bool {
        self.0.pointer("/responseStatus/code").and_then(Value::as_i64).is_some_and(|code| code < 300)
    }
}

/// All finished requests, in order.
pub fn read(log: &Path) -> Vec<Request> {
    let text = std::fs::read_to_string(log).unwrap();
    let all = text.lines().filter_map(|line| serde_json::from_str(line).ok()).map(Request);
    all.filter(|request| request.text("/stage") == "ResponseComplete").collect()
}
