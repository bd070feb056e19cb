//! Room in the object that holds the ledger. etcd takes no object of more than 1.5 MiB, and a ledger that cannot be
//! written would stop everything, so nobody new is begun long before.

use std::io;

use api::rollout::{CreateMissing, MOST_PEOPLE, YubiKeyRollout, YubiKeyRolloutStatus};
use serde::Serialize;

/// Bytes of JSON up to which people are added. The rest is for what the entries that are there still become, for
/// problems, holds and answers.
pub const MOST_BYTES: usize = 1_300_000;

/// Bytes of a ledger entry, at most as long as it is begun.
const A_PERSON: usize = 128;

/// Bytes of an entry of those who were created at Okta.
const A_CREATED_PERSON: usize = 100;

/// For how many more people there is room. `declared_bytes` is what the declaration takes where it was last read whole.
#[must_use]
pub fn people(rollout: &YubiKeyRollout, declared_bytes: usize, status: &YubiKeyRolloutStatus) -> u32 {
    let creates =
        rollout.spec.source.users.as_ref().is_some_and(|users| users.create_missing == CreateMissing::Staged);
    let one = A_PERSON + if creates { A_CREATED_PERSON } else { 0 };
    let by_size = MOST_BYTES.saturating_sub(size(rollout, declared_bytes, status)) / one;
    let entries = status.ledger.len().max(status.created.len());
    let by_count = usize::try_from(MOST_PEOPLE).unwrap_or(usize::MAX).saturating_sub(entries);
    u32::try_from(by_size.min(by_count)).unwrap_or(u32::MAX)
}

/// Whether the status can be written with the plan of its dry run.
#[must_use]
pub fn takes_plan(rollout: &YubiKeyRollout, declared_bytes: usize, status: &YubiKeyRolloutStatus) -> bool {
    status.plan.is_empty()
        || (u32::try_from(status.plan.len()).is_ok_and(|people| people <= MOST_PEOPLE)
            && size(rollout, declared_bytes, status) <= MOST_BYTES)
}

/// What to do when there is none.
#[must_use]
pub fn full(waiting: u32) -> String {
    format!(
        "The object of this rollout has no room for more people, and {waiting} wait: the API server takes no larger one. Declare another rollout for them, and take them out of the source of this one."
    )
}

/// What to do when no event of the Admin Console can be taken up any more.
#[must_use]
pub fn closed() -> String {
    "The object of this rollout has no room for more people: the API server takes no larger one. Declare another rollout with the same source, delete this one, and press Add again for whoever was added in between.".to_owned()
}

/// What to do when the plan of a dry run does not fit.
#[must_use]
pub fn no_plan(eligible: u32) -> String {
    format!(
        "{eligible} people would get a key, and status.plan has no room for so many: the API server takes no larger object. Divide the source among several rollouts."
    )
}

/// Bytes of JSON of what is declared.
#[must_use]
pub fn declared(rollout: &YubiKeyRollout) -> usize {
    json(&rollout.metadata).saturating_add(json(&rollout.spec))
}

fn size(rollout: &YubiKeyRollout, declared_bytes: usize, status: &YubiKeyRolloutStatus) -> usize {
    declared(rollout).max(declared_bytes).saturating_add(json(status))
}

/// Bytes of JSON; what cannot be encoded is as large as can be.
fn json(part: &impl Serialize) -> usize {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, part).map_or(usize::MAX, |()| counted.0)
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use api::rollout::{CreatedUser, LedgerEntry, LedgerState, YubiKeyRolloutSpec};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    use serde_json::json;

    use super::*;

    /// etcd's default for one request.
    const ETCD: usize = 1_572_864;

    fn rollout(source: &serde_json::Value) -> YubiKeyRollout {
        let spec = json!({"connectionRef": {"name": "acme"}, "source": source, "budget": 10_000});
        let spec: YubiKeyRolloutSpec = serde_json::from_value(spec).unwrap();
        YubiKeyRollout::new("keys-2027", spec)
    }

    fn table() -> YubiKeyRollout {
        rollout(&json!({"users": {"configMap": {"name": "staff", "key": "csv"}}}))
    }

    fn creating() -> YubiKeyRollout {
        rollout(&json!({"users": {"configMap": {"name": "staff", "key": "csv"}, "createMissing": "Staged"}}))
    }

    fn id(number: usize) -> String {
        format!("00u{number:017}")
    }

    fn serve(status: &mut YubiKeyRolloutStatus, number: usize) {
        let day = "2027-02-03".to_owned();
        let entry = LedgerEntry { state: LedgerState::Begun, day, key: 0, times: 1, answered: false };
        status.ledger.insert(id(number), entry);
    }

    /// As many as fit, and then the largest that can become of them.
    fn filled(rollout: &YubiKeyRollout, creates: bool) -> YubiKeyRolloutStatus {
        let mut status = YubiKeyRolloutStatus::default();
        let mut number = 0;
        while let Some(more) = Some(people(rollout, 0, &status)).filter(|more| *more > 0) {
            for _ in 0..more.min(500) {
                number += 1;
                serve(&mut status, number);
                if creates {
                    let mark = MicroTime("2027-02-03T04:05:06.123456Z".parse().unwrap());
                    let entry = CreatedUser { mark, id: Some(id(number)) };
                    status.created.insert(format!("{number:020}"), entry);
                }
            }
        }
        for entry in status.ledger.values_mut() {
            entry.state = LedgerState::Deleted;
            entry.answered = true;
        }
        status
    }

    #[test]
    fn ten_thousand_people_fit_and_not_one_more() {
        let status = filled(&table(), false);
        assert_eq!(status.ledger.len(), 10_000);
        assert!(size(&table(), 0, &status) < ETCD);
    }

    #[test]
    fn people_who_are_created_end_before_the_api_server_refuses_the_object() {
        let status = filled(&creating(), true);
        assert!(status.ledger.len() > 7_000, "{} people", status.ledger.len());
        assert!(size(&creating(), 0, &status) < ETCD, "{} bytes", size(&creating(), 0, &status));
        assert_eq!(people(&creating(), 0, &status), 0);
    }

    #[test]
    fn a_list_in_the_spec_takes_its_share_of_the_room() {
        let profile = json!({"streetAddress": "x".repeat(190)});
        let list: Vec<_> = (0..5_000).map(|n| json!({"id": id(n), "profile": profile})).collect();
        let large = rollout(&json!({"users": {"list": list}}));
        let (all, left) = (
            people(&table(), 0, &YubiKeyRolloutStatus::default()),
            people(&large, 0, &YubiKeyRolloutStatus::default()),
        );
        assert!(left < all / 10, "{left} of {all}");
        assert!(size(&large, 0, &filled(&large, false)) < ETCD);
        let trimmed = people(&table(), declared(&large), &YubiKeyRolloutStatus::default());
        assert_eq!(trimmed, left, "also where the cache holds no list");
    }

    #[test]
    fn a_plan_that_does_not_fit_is_not_written() {
        let plan = |people: usize| YubiKeyRolloutStatus {
            plan: (0..people).map(|n| (id(n), "yubikey-5c-nfc".to_owned())).collect(),
            ..YubiKeyRolloutStatus::default()
        };
        assert!(takes_plan(&table(), 0, &plan(10_000)));
        assert!(!takes_plan(&table(), 0, &plan(10_001)), "the definition takes no more");
        let mut long = plan(9_000);
        for key in long.plan.values_mut() {
            *key = "k".repeat(120);
        }
        assert!(!takes_plan(&table(), 0, &long));
    }
}
