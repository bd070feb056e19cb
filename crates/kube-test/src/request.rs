//! One request of an audit log.

use serde_json::Value;

/// A finished request, as the audit log has it.
#[derive(Debug, Clone)]
pub struct Request(Value);

impl Request {
    pub(crate) fn new(event: Value) -> Self {
        Self(event)
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.text("/stage") == "ResponseComplete"
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole event (`audit.k8s.io/v1`).
    #[must_use]
    pub fn event(&self) -> &Value {
        &self.0
    }

    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.text("/verb")
    }

    /// Who asked; where a user was impersonated, that user.
    #[must_use]
    pub fn user(&self) -> &str {
        match self.text("/impersonatedUser/username") {
            "" => self.text("/user/username"),
            user => user,
        }
    }

    /// What the program calls itself.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        self.text("/userAgent")
    }

    /// The token that was shown, by its id.
    #[must_use]
    pub fn credential(&self) -> &str {
        self.text("/user/extra/authentication.kubernetes.io~1credential-id/0")
    }

    /// The resource in the plural, and the subresource: `configmaps`, `deployments/status`.
    #[must_use]
    pub fn resource(&self) -> String {
        match self.text("/objectRef/subresource") {
            "" => self.text("/objectRef/resource").to_owned(),
            sub => format!("{}/{sub}", self.text("/objectRef/resource")),
        }
    }

    /// The group of the resource; empty for the core.
    #[must_use]
    pub fn group(&self) -> &str {
        self.text("/objectRef/apiGroup")
    }

    /// The namespace; empty if it was about none, or about all.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text("/objectRef/namespace")
    }

    /// The name of the object; empty if it was about several.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/objectRef/name")
    }

    /// The body that was sent; null where the audit policy does not keep it.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.0["requestObject"]
    }

    /// The HTTP status.
    #[must_use]
    pub fn code(&self) -> u16 {
        let code = self.0.pointer("/responseStatus/code").and_then(Value::as_u64);
        code.and_then(|code| u16::try_from(code).ok()).unwrap_or_default()
    }

    /// When it was finished, by the clock of the API server: RFC 3339, UTC, with microseconds.
    #[must_use]
    pub fn finished_at(&self) -> &str {
        self.text("/stageTimestamp")
    }

    /// Whether it asked for a change.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.verb(), "create" | "update" | "patch" | "delete" | "deletecollection")
    }

    /// Whether it was about an object or several, and asked for no change.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.verb(), "get" | "list" | "watch")
    }

    /// Whether it was granted.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (100..300).contains(&self.code())
    }

    /// Whether it was refused because somebody else had changed the object. That it is there already is no conflict,
    /// though its HTTP status is the same.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == 409 && self.text("/responseStatus/reason") == "Conflict"
    }
}
