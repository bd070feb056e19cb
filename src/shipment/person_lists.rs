//! Okta's lists of people, as read for the first use of their keys: the shipments of one person look at the same moment,
//! and the second takes what the first has read. One call a person a day, however many keys somebody has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{failure::CallError, first_use::GRACE, ids::UserId, vendor_states::EnrollmentList};
use jiff::Timestamp;
use system::clock;

use crate::connection::handle::ConnectionHandle;

/// Okta org, and the person there.
type Person = (String, UserId);

/// Who waits for it reads after who is reading.
type Place = Arc<tokio::sync::Mutex<Option<Result<EnrollmentList, CallError>>>>;

/// Lists that were read a short while ago.
#[derive(Debug, Default)]
pub struct PersonLists {
    places: Mutex<HashMap<Person, (Timestamp, Place)>>,
}

impl PersonLists {
    /// The person's list, at most an hour old; `afresh`: read now.
    ///
    /// # Errors
    /// Those of the call, also for who would have taken its list.
    pub async fn read(
        &self,
        link: &ConnectionHandle,
        user: &UserId,
        afresh: bool,
    ) -> Result<EnrollmentList, CallError> {
        let org = link.facts.orgs.okta.as_ref().map_or_else(|| link.uid.clone(), ToString::to_string);
        let place = self.place((org, user.clone()), clock::now());
        let mut kept = place.lock().await;
        if let Some(known) = kept.as_ref().filter(|_| !afresh) {
            return known.clone();
        }
        let read = link.okta.enrollments(user).await;
        *kept = Some(read.clone());
        read
    }

    /// The person's place. Old ones go, whoever they are of.
    fn place(&self, person: Person, now: Timestamp) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, (since, _)| now.duration_since(*since).abs() < GRACE);
        let (_, place) = places.entry(person).or_insert_with(|| (now, Place::default()));
        Arc::clone(place)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn person(user: &str) -> Person {
        ("00o1".to_owned(), UserId::new(user).unwrap())
    }

    #[test]
    fn two_shipments_of_one_person_share_a_place_and_two_people_none() {
        let lists = PersonLists::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let first = lists.place(person("00u1"), now);
        assert!(Arc::ptr_eq(&first, &lists.place(person("00u1"), now + SignedDuration::from_mins(59))));
        assert!(!Arc::ptr_eq(&first, &lists.place(person("00u2"), now)));
        let elsewhere = ("00o2".to_owned(), UserId::new("00u1").unwrap());
        assert!(!Arc::ptr_eq(&first, &lists.place(elsewhere, now)), "ids of another org name others");
    }

    #[test]
    fn nothing_is_kept_until_the_next_moment() {
        let lists = PersonLists::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let first = lists.place(person("00u1"), now);
        let next = lists.place(person("00u1"), now + GRACE);
        assert!(!Arc::ptr_eq(&first, &next));
        for set_back in 0..1_000 {
            let _ = lists.place(person(&format!("00u{set_back}")), now + GRACE * set_back);
        }
        assert_eq!(lists.places.lock().unwrap().len(), 1);
    }
}
