//! A source that names nobody. Of one that named people before and of one that never did, people must do different
//! things.

use api::rollout::YubiKeyRolloutStatus;
use domain::{failure::Reason, rollout::Ledger};

use crate::kubernetes::conditions;

/// Why nobody is served, and what to do. `before`: the status that stands.
#[must_use]
pub fn told(before: &YubiKeyRolloutStatus, ledger: &Ledger) -> (Reason, String) {
    let served = ledger.people();
    if served > 0 {
        let says = format!(
            "Everybody has left the source: it names nobody any more. Keys of {served} people were begun before; spec.onLeave says what becomes of those orders, and nobody new is ordered for. If that is right, delete the rollout; else put the people back into the group or the table."
        );
        return (Reason::EverybodyLeft, says);
    }
    if named_somebody(before) {
        let says = "Everybody has left the source: it named people before and names nobody any more. No key was begun for any of them. If that is right, delete the rollout; else put the people back into the group or the table.";
        return (Reason::EverybodyLeft, says.to_owned());
    }
    let says = "The source names nobody: the group has no members, or the table has a header and no rows. Nothing is ordered; add people, or delete the rollout.";
    (Reason::NoPeople, says.to_owned())
}

/// Did it name people when it was last read, or was that said already?
fn named_somebody(before: &YubiKeyRolloutStatus) -> bool {
    let said = conditions::find(&before.conditions, "Ready")
        .is_some_and(|ready| ready.reason == Reason::EverybodyLeft.as_str());
    said || before.counts.as_ref().is_some_and(|counts| counts.members > 0)
}

#[cfg(test)]
mod tests {
    use api::rollout::Counts;
    use domain::{
        ids::UserId,
        rollout::{Entry, Key, State},
    };
    use jiff::Timestamp;

    use super::*;
    use crate::kubernetes::conditions::Fact;

    fn served(times: u32) -> Ledger {
        let entry = Entry {
            state: State::Left,
            day: jiff::civil::date(2027, 1, 1),
            key: Key::Model("m".to_owned()),
            times,
            answered: false,
        };
        Ledger([(UserId::new("00u1").unwrap(), entry)].into())
    }

    fn named(members: u32) -> YubiKeyRolloutStatus {
        let counts = Counts { members, ..Counts::default() };
        YubiKeyRolloutStatus { counts: Some(counts), ..YubiKeyRolloutStatus::default() }
    }

    fn said(reason: Reason) -> YubiKeyRolloutStatus {
        let facts = vec![Fact::new("Ready", false, reason.as_str(), "x")];
        let conditions = conditions::build(facts, &[], 1, Timestamp::UNIX_EPOCH);
        YubiKeyRolloutStatus { conditions, ..named(0) }
    }

    #[test]
    fn a_source_that_was_left_and_one_that_was_always_empty_are_told_apart() {
        let nobody = Ledger::default();
        let cases = [
            ("never read", YubiKeyRolloutStatus::default(), &nobody, Reason::NoPeople),
            ("empty then and now", named(0), &nobody, Reason::NoPeople),
            ("said before", said(Reason::NoPeople), &nobody, Reason::NoPeople),
            ("a dry run's people left", named(3), &nobody, Reason::EverybodyLeft),
            ("and that was said", said(Reason::EverybodyLeft), &nobody, Reason::EverybodyLeft),
            ("some were served", named(0), &served(1), Reason::EverybodyLeft),
            ("only named by an event", named(0), &served(0), Reason::NoPeople),
            ("served, and a new process", YubiKeyRolloutStatus::default(), &served(2), Reason::EverybodyLeft),
        ];
        for (name, before, ledger, reason) in cases {
            let (told, message) = told(&before, ledger);
            assert_eq!(told, reason, "{name}");
            assert!(message.contains("delete the rollout"), "{name}: the step is named");
        }
    }
}
