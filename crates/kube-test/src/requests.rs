//! Requests of an audit log, narrowed down and counted.

use std::{collections::BTreeMap, ops::Deref};

use crate::{Request, User};

/// Requests of an audit log, in order. Each method narrows them down.
///
/// `log.read()?.by_user(&operator).about("configmaps").writes().len()` is how often the operator wrote any.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Requests(Vec<Request>);

impl Requests {
    pub(crate) fn new(all: Vec<Request>) -> Self {
        Self(all)
    }

    /// Those of which this holds.
    pub fn filter(mut self, holds: impl Fn(&Request) -> bool) -> Self {
        self.0.retain(holds);
        self
    }

    /// Those of a user.
    pub fn by_user(self, user: &User) -> Self {
        self.filter(|request| request.user() == user.name())
    }

    /// Those of programs whose user agent begins like this.
    pub fn by_user_agent(self, prefix: &str) -> Self {
        self.filter(|request| request.user_agent().starts_with(prefix))
    }

    /// Those about a resource: `configmaps`, and apart from it `configmaps/status`.
    pub fn about(self, resource: &str) -> Self {
        self.filter(|request| request.resource() == resource)
    }

    /// Those about objects of a namespace.
    pub fn in_namespace(self, name: &str) -> Self {
        self.filter(|request| request.namespace() == name)
    }

    /// Those about one object by name, whatever its kind.
    pub fn named(self, name: &str) -> Self {
        self.filter(|request| request.name() == name)
    }

    /// Those that asked for a change, granted or not.
    pub fn writes(self) -> Self {
        self.filter(Request::is_write)
    }

    /// Those that asked for no change.
    pub fn reads(self) -> Self {
        self.filter(Request::is_read)
    }

    /// Those that were granted.
    pub fn succeeded(self) -> Self {
        self.filter(Request::succeeded)
    }

    /// Those that were refused because somebody else had changed the object.
    pub fn conflicts(self) -> Self {
        self.filter(Request::is_conflict)
    }

    /// How many there are of each sort.
    pub fn count_by<T: Ord>(&self, sort: impl Fn(&Request) -> T) -> BTreeMap<T, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.0 {
            *counts.entry(sort(request)).or_default() += 1;
        }
        counts
    }
}

impl Deref for Requests {
    type Target = [Request];

    fn deref(&self) -> &[Request] {
        &self.0
    }
}

impl From<Requests> for Vec<Request> {
    fn from(requests: Requests) -> Self {
        requests.0
    }
}

impl IntoIterator for Requests {
    type Item = Request;
    type IntoIter = std::vec::IntoIter<Request>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Requests {
    type Item = &'a Request;
    type IntoIter = std::slice::Iter<'a, Request>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
