//! Enrolments as somebody else makes, changes and removes them: another tool, an admin in the Admin Console.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::clock;
use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call, Reply};
use crate::okta::preregistration::{new_enrollment, view};
use crate::world::{Enrollment, World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    /// Any status, unknown ones too.
    status: Option<String>,
    /// Created this many minutes ago.
    age_minutes: Option<i64>,
}

impl Change {
    fn apply(self, enrollment: &mut Enrollment) {
        if let Some(status) = self.status {
            enrollment.status = status;
        }
        if let Some(minutes) = self.age_minutes {
            enrollment.created = clock::now() - SignedDuration::from_mins(minutes);
        }
        enrollment.last_updated = clock::now();
    }
}

/// `POST /people/{id or login}/enrollments`: `{status?, ageMinutes?}`, an enrolment nobody here has ordered a key for.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let change: Change = body(call)?;
    let (id, key_id) = (world.dice.okta_id("fwf"), world.dice.token(20));
    let org = world.org(index);
    let person = org.person(call.param("id")).ok_or_else(|| refused(404, "there is no such person"))?;
    let mut enrollment =
        new_enrollment(org, person, &org.host(), id, &key_id).map_err(|error| refused(500, &error))?;
    change.apply(&mut enrollment);
    let shown = view(&org.base_url, &enrollment, &enrollment.status);
    org.enrollments.push(enrollment);
    done(&shown)
}

/// `POST /enrollments/{id}`: `{status?, ageMinutes?}`.
pub(crate) fn patch(world: &mut World, call: &Call) -> Answer {
    let change: Change = body(call)?;
    let id = call.param("id");
    for org in &mut world.orgs {
        if let Some(enrollment) = org.enrollments.iter_mut().find(|enrollment| enrollment.id == id) {
            change.apply(enrollment);
            return done(&view(&org.base_url, enrollment, &enrollment.status));
        }
    }
    Err(refused(404, "there is no such enrolment"))
}

/// `DELETE /enrollments/{id}`.
pub(crate) fn delete(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    for org in &mut world.orgs {
        if let Some(at) = org.enrollments.iter().position(|enrollment| enrollment.id == id) {
            org.enrollments.remove(at);
            return Ok(Reply::empty(204));
        }
    }
    Err(refused(404, "there is no such enrolment"))
}
