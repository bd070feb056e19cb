//! The ledger and the open questions, between the status and the domain.

use crate::{
    rollout::{LedgerEntry, LedgerKey, RolloutHold, YubiKeyRolloutStatus},
    shipment::KeyRef,
};
use domain::{
    failure::{Failure, Reason},
    hold::Choice,
    ids::{CustomizationId, UserId},
    rollout::{CancelGuard, Entry, Hold, Key, Ledger, Question, RolloutState},
};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use system::clock;

/// Reads what a status says.
///
/// # Errors
/// `StatusUnreadable`: a ledger that is not understood must not be taken for an empty one.
pub fn read(status: &YubiKeyRolloutStatus) -> Result<RolloutState, Failure> {
    let mut ledger = Ledger::default();
    for (id, entry) in &status.ledger {
        let id = UserId::new(id.clone()).map_err(|_| unreadable("a name of status.ledger"))?;
        ledger.0.insert(id, entry_of(entry, &status.keys)?);
    }
    Ok(RolloutState { ledger, wave: status.wave.unwrap_or(0), holds: holds(&status.holds)?, leave: None })
}

fn unreadable(what: &str) -> Failure {
    Failure::new(
        Reason::StatusUnreadable,
        format!("{what} cannot be read, so nothing is done; restore the status from a backup."),
    )
}

fn entry_of(entry: &LedgerEntry, keys: &[LedgerKey]) -> Result<Entry, Failure> {
    let key = usize::try_from(entry.key).ok().and_then(|place| keys.get(place));
    let key = key.and_then(key_of).ok_or_else(|| unreadable("a key of status.ledger"))?;
    let day: Date = entry.day.parse().map_err(|_| unreadable("a day of status.ledger"))?;
    Ok(Entry { state: entry.state.into(), day, key, times: entry.times, answered: entry.answered })
}

fn key_of(key: &LedgerKey) -> Option<Key> {
    key_from(key.model.as_ref(), key.product_id, key.inventory_product_id, key.customization_id.as_ref())
}

/// Which key a spec names.
#[must_use]
pub fn key_of_spec(key: &KeyRef) -> Option<Key> {
    key_from(key.model.as_ref(), key.product_id, key.inventory_product_id, key.customization_id.as_ref())
}

fn key_from(
    model: Option<&String>,
    product: Option<u32>,
    inventory: Option<u32>,
    customization: Option<&String>,
) -> Option<Key> {
    if let Some(model) = model {
        return Some(Key::Model(model.clone()));
    }
    let customization = CustomizationId::new(customization?.clone()).ok()?;
    Some(Key::Ids { product: product?, inventory: inventory?, customization })
}

/// As a shipment names it.
#[must_use]
pub fn key_ref(key: &Key) -> KeyRef {
    match key {
        Key::Model(model) => KeyRef {
            model: Some(model.clone()),
            product_id: None,
            inventory_product_id: None,
            customization_id: None,
        },
        Key::Ids { product, inventory, customization } => KeyRef {
            model: None,
            product_id: Some(*product),
            inventory_product_id: Some(*inventory),
            customization_id: Some(customization.to_string()),
        },
    }
}

/// Puts the book into a status. Keys keep their places: entries name them by number.
pub fn write(rollout_state: &RolloutState, status: &mut YubiKeyRolloutStatus) {
    let mut keys = status.keys.clone();
    let mut known: Vec<Option<Key>> = keys.iter().map(key_of).collect();
    let mut place = |key: &Key| {
        let at = known.iter().position(|other| other.as_ref() == Some(key)).unwrap_or_else(|| {
            let key_ref = key_ref(key);
            keys.push(LedgerKey {
                model: key_ref.model,
                product_id: key_ref.product_id,
                inventory_product_id: key_ref.inventory_product_id,
                customization_id: key_ref.customization_id,
            });
            known.push(Some(key.clone()));
            known.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    };
    let entries = rollout_state.ledger.0.iter().map(|(id, entry)| {
        let wire = LedgerEntry {
            state: entry.state.into(),
            day: entry.day.to_string(),
            key: place(&entry.key),
            times: entry.times,
            answered: entry.answered,
        };
        (id.to_string(), wire)
    });
    status.ledger = entries.collect();
    status.keys = keys;
    status.wave = (rollout_state.wave > 0).then_some(rollout_state.wave);
    status.holds = rollout_state.holds.iter().map(hold).collect();
}

/// The question's reason, as conditions and problems say it.
#[must_use]
pub const fn reason(question: Question) -> &'static str {
    match question {
        Question::Wave => Reason::AwaitingApproval.as_str(),
        Question::Cancel(guard) => reason_of(guard).as_str(),
        Question::Again | Question::Deleted => Reason::ShipmentDeleted.as_str(),
    }
}

/// Why nothing is cancelled by itself.
#[must_use]
pub const fn reason_of(guard: CancelGuard) -> Reason {
    match guard {
        CancelGuard::SourceEmpty => Reason::SourceEmpty,
        CancelGuard::TooManyLeaving => Reason::TooManyLeaving,
    }
}

fn hold(hold: &Hold) -> RolloutHold {
    RolloutHold {
        id: hold.id.clone(),
        reason: reason(hold.question).to_owned(),
        message: says(hold),
        since: MicroTime(hold.since),
        choices: vec![Choice::Proceed.as_str().to_owned()],
        people: hold.people.clone(),
        total: u32::try_from(hold.total).unwrap_or(u32::MAX),
    }
}

/// What is asked, and how to answer.
#[must_use]
pub fn says(hold: &Hold) -> String {
    let (id, total) = (&hold.id, hold.total);
    let how = format!("a YubiKeyDecision with rolloutRef, holdID {id} and action Proceed");
    match hold.question {
        Question::Wave => format!("Wave {total} is through; the next one begins after {how}."),
        Question::Cancel(CancelGuard::SourceEmpty) => format!(
            "The source names nobody any more, so {total} open shipments would be cancelled. Nothing is cancelled: correct the source, or confirm with {how}."
        ),
        Question::Cancel(CancelGuard::TooManyLeaving) => format!(
            "{total} people with open shipments left the source at once, which is more than 5 and more than a tenth. Nothing is cancelled: correct the source, or confirm with {how}."
        ),
        Question::Again => format!(
            "Shipments of {total} people were deleted. They are not made again, unless {how}, which names the people in userIDs."
        ),
        Question::Deleted => format!(
            "Somebody deleted shipments of {total} people, so nobody new is ordered for. To uninstall, or to end this rollout, delete it. To go on without these people, confirm with {how}; whoever it names in userIDs gets a shipment again."
        ),
    }
}

fn holds(all: &[RolloutHold]) -> Result<Vec<Hold>, Failure> {
    let question = |hold: &RolloutHold| match Reason::parse(&hold.reason) {
        Some(Reason::AwaitingApproval) => Some(Question::Wave),
        Some(Reason::SourceEmpty) => Some(Question::Cancel(CancelGuard::SourceEmpty)),
        Some(Reason::TooManyLeaving) => Some(Question::Cancel(CancelGuard::TooManyLeaving)),
        // The one that stops is about exactly these people.
        Some(Reason::ShipmentDeleted) if hold.people.is_some() => Some(Question::Deleted),
        Some(Reason::ShipmentDeleted) => Some(Question::Again),
        _ => None,
    };
    all.iter()
        .map(|hold| {
            Ok(Hold {
                id: hold.id.clone(),
                question: question(hold).ok_or_else(|| unreadable("a reason of status.holds"))?,
                since: clock::whole(hold.since.0),
                people: hold.people.clone(),
                total: usize::try_from(hold.total).unwrap_or_default(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::rollout::State;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::rollout::LedgerState;

    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            "[a-z]{1,8}".prop_map(Key::Model),
            (1..200_u32, 1..200_u32, "[A-Z]{6}").prop_map(|(product, inventory, customization)| Key::Ids {
                product,
                inventory,
                customization: CustomizationId::new(customization).unwrap(),
            })
        ]
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let states = [
            State::Waiting,
            State::Begun,
            State::Made,
            State::Activated,
            State::Leaving,
            State::Left,
            State::Deleted,
        ];
        (proptest::sample::select(states.to_vec()), 1..28_i8, key(), 0..4_u32, any::<bool>()).prop_map(
            |(state, day, key, times, answered)| Entry {
                state,
                day: date(2027, 2, day),
                key,
                times,
                answered,
            },
        )
    }

    proptest! {
        /// What is written is what is read, over JSON, whatever was written before.
        #[test]
        fn a_ledger_comes_back_as_it_was(
            first in proptest::collection::btree_map("00u[A-Za-z0-9]{3}", entry(), 0..20),
            second in proptest::collection::btree_map("00u[A-Za-z0-9]{3}", entry(), 0..20),
        ) {
            let mut status = YubiKeyRolloutStatus::default();
            for entries in [first, second] {
                let ledger = entries.into_iter().map(|(id, entry)| (UserId::new(id).unwrap(), entry)).collect();
                let rollout_state = RolloutState { ledger: Ledger(ledger), wave: 2, ..RolloutState::default() };
                write(&rollout_state, &mut status);
                let text = serde_json::to_string(&status).unwrap();
                let back: YubiKeyRolloutStatus = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read(&back).unwrap(), rollout_state);
            }
        }
    }

    /// The API server takes no object of more than 1.5 MiB.
    #[test]
    fn a_ledger_of_thousands_stays_far_below_what_the_api_server_takes() {
        let entry = Entry {
            state: State::Activated,
            day: date(2027, 2, 3),
            key: Key::Model("yubikey-5c-nfc".to_owned()),
            times: 1,
            answered: false,
        };
        for (people, most) in [(5_000, 420_000), (10_000, 840_000)] {
            let id = |number| UserId::new(format!("00u{number:017}")).unwrap();
            let ledger = Ledger((0..people).map(|number| (id(number), entry.clone())).collect());
            let mut status = YubiKeyRolloutStatus::default();
            write(&RolloutState { ledger, ..RolloutState::default() }, &mut status);
            let size = serde_json::to_string(&status).unwrap().len();
            assert!(size < most, "{people} people take {size} bytes");
        }
    }

    #[test]
    fn a_ledger_that_names_a_key_nobody_knows_is_not_taken_for_an_empty_one() {
        let mut status = YubiKeyRolloutStatus::default();
        let entry = LedgerEntry {
            state: LedgerState::Made,
            day: "2027-02-03".to_owned(),
            key: 0,
            times: 1,
            answered: false,
        };
        status.ledger.insert("00u1".to_owned(), entry);
        assert_eq!(read(&status).unwrap_err().reason, Reason::StatusUnreadable);
    }

    #[test]
    fn a_question_comes_back_as_it_was() {
        let questions = [
            (Question::Wave, None),
            (Question::Cancel(CancelGuard::SourceEmpty), Some("a")),
            (Question::Cancel(CancelGuard::TooManyLeaving), Some("b")),
            (Question::Again, None),
            (Question::Deleted, Some("c")),
        ];
        let hold = |(question, people): (Question, Option<&str>)| Hold {
            id: "x-k7f3ab".to_owned(),
            question,
            since: "2027-02-03T04:05:06Z".parse().unwrap(),
            people: people.map(str::to_owned),
            total: 3,
        };
        let rollout_state = RolloutState { holds: questions.map(hold).to_vec(), ..RolloutState::default() };
        let mut status = YubiKeyRolloutStatus::default();
        write(&rollout_state, &mut status);
        assert_eq!(read(&status).unwrap(), rollout_state);
    }

    #[test]
    fn a_time_finer_than_it_is_written_is_read_as_it_will_be() {
        let hold = serde_json::from_str(
            r#"{"id": "x-k7f3ab", "reason": "AwaitingApproval", "message": "", "choices": ["Proceed"], "total": 3,
                "since": "2027-02-03T04:05:06.0000002Z"}"#,
        )
        .unwrap();
        let status = YubiKeyRolloutStatus { holds: vec![hold], ..YubiKeyRolloutStatus::default() };
        let since = read(&status).unwrap().holds[0].since;
        assert_eq!(since, "2027-02-03T04:05:06Z".parse().unwrap());
    }
}
