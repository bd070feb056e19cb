//! Users, as the API server knows them: by name and groups.

/// A user by name, impersonated by the admin: it has the rights that RBAC gives to that name and to its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    groups: Vec<String>,
}

impl User {
    /// A user without groups but `system:authenticated`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), groups: Vec::new() }
    }

    /// In one group more.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// The user that a service account is.
    #[must_use]
    pub fn of_service_account(namespace: &str, name: &str) -> Self {
        Self::new(&format!("system:serviceaccount:{namespace}:{name}"))
    }

    /// Its name, as the audit log has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Groups that it is in, beside those that the API server adds itself.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }
}
