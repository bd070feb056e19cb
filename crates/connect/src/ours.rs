//! What is known to be ours before the vendors are asked: whose keys, and with whom a look may be tried.

use std::collections::HashSet;

use domain::ids::{EnrollmentId, UserId};

/// What the shipments of a cluster show of Okta without any call. Without a cluster: nothing.
#[derive(Debug, Default)]
pub struct Ours {
    /// A few people of this connection, each once.
    pub people: Vec<UserId>,
    /// Orders could be made when somebody last looked: a person of this connection has an enrolment, or the conditions
    /// of its status say so.
    pub road_was_open: bool,
    /// Enrolments that shipments have.
    pub enrollments: HashSet<String>,
    /// People who are being enrolled right now.
    pub ordering: HashSet<String>,
}

impl Ours {
    /// Does a shipment of this cluster have the enrolment?
    #[must_use]
    pub fn claims(&self, enrollment: &EnrollmentId) -> bool {
        self.enrollments.contains(enrollment.as_str())
    }

    /// Is a shipment of this cluster enrolling this person right now?
    #[must_use]
    pub fn is_ordering(&self, user: &UserId) -> bool {
        self.ordering.contains(user.as_str())
    }
}
