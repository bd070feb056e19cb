//! What is said about the end of a connection's token, in the condition, in Events and in the time of the next look.

use std::time::Duration;

use domain::expiry::{self, Stage};
use jiff::{Timestamp, tz::TimeZone};
use vendors::credentials::expiry::Expiry;

use crate::kubernetes::conditions::Fact;

/// Advice, not a fault: True means that somebody should renew the token, and nothing stops.
pub const CONDITION: &str = "CredentialsExpiring";

/// What is to be done, by whom, and where it goes.
const RENEW: &str = "An Admin of the YubiEnterprise Console makes a new API token (shown once, good for a year); put it \
                     under the key `yubico-api-token` of the Secret that existingSecret names in the chart's value \
                     connections. It is taken up without a restart";

/// When it ends, if that is known.
#[must_use]
pub const fn moment(expiry: Option<&Expiry>) -> Option<Timestamp> {
    match expiry {
        Some(Expiry::At(end)) => Some(*end),
        Some(Expiry::Unknown | Expiry::Unreadable(_)) | None => None,
    }
}

/// How near the end is; `None` where it is not known.
#[must_use]
pub fn stage(expiry: Option<&Expiry>, now: Timestamp) -> Option<Stage> {
    moment(expiry).map(|end| expiry::stage(end, now))
}

/// The usual wait, or less if something is to be said before it is over.
#[must_use]
pub fn sooner(usual: Duration, expiry: Option<&Expiry>, now: Timestamp) -> Duration {
    let change = moment(expiry).and_then(|end| expiry::next_change(end, now));
    // A moment late rather than early: an early look finds nothing to say.
    let until = |at: Timestamp| at.duration_since(now).unsigned_abs() + Duration::from_millis(20);
    change.map_or(usual, |at| usual.min(until(at)))
}

/// The condition. Its words change when a stage begins and at no other time, so that time alone writes nothing.
#[must_use]
pub fn fact(expiry: Option<&Expiry>, connection: &str, now: Timestamp) -> Fact {
    let unknown = |reason: &str, message: String| Fact {
        kind: CONDITION,
        status: None,
        reason: reason.into(),
        message,
    };
    let end = match expiry {
        None => {
            return unknown("NotChecked", "The token of YubiEnterprise could not be read.".into());
        }
        Some(Expiry::Unknown) => {
            return unknown(
                "TokenExpiryUnknown",
                "The token of YubiEnterprise does not tell when it ends. It does so a year after it was made: set a \
                 reminder, or write the time into the Secret under the key `yubico-api-token-expires`, as \
                 2027-03-01T00:00:00Z."
                    .into(),
            );
        }
        Some(Expiry::Unreadable(why)) => return unknown("TokenExpiryUnreadable", format!("{why}.")),
        Some(Expiry::At(end)) => *end,
    };
    let day = end.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC");
    let soon = |reason: &str, what: &str| {
        Fact::new(
            CONDITION,
            true,
            reason,
            format!("The token of YubiEnterprise of connection {connection} {what} {day}. {RENEW}."),
        )
    };
    match expiry::stage(end, now) {
        Stage::Far => {
            Fact::new(CONDITION, false, "TokenValid", format!("The token of YubiEnterprise ends on {day}."))
        }
        Stage::Month => soon("TokenExpiresWithin30Days", "ends on"),
        Stage::Week => soon("TokenExpiresWithin7Days", "ends on"),
        Stage::Day => soon("TokenExpiresWithin1Day", "ends on"),
        Stage::Over => soon("TokenExpired", "ended on"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_words_stand_until_the_next_stage() {
        let end = at("2027-03-01T12:00:00Z");
        let expiry = Expiry::At(end);
        let mut said = Vec::new();
        for hours in (0..24 * 40).rev() {
            let fact = fact(Some(&expiry), "acme", end - SignedDuration::from_hours(hours));
            if said.last() != Some(&fact) {
                said.push(fact);
            }
        }
        let reasons: Vec<_> = said.iter().map(|fact| (fact.reason.as_str(), fact.status)).collect();
        assert_eq!(
            reasons,
            [
                ("TokenValid", Some(false)),
                ("TokenExpiresWithin30Days", Some(true)),
                ("TokenExpiresWithin7Days", Some(true)),
                ("TokenExpiresWithin1Day", Some(true)),
                ("TokenExpired", Some(true)),
            ]
        );
        for fact in &said[1..] {
            for word in ["2027-03-01", "acme", "`yubico-api-token`", "existingSecret", "Console"] {
                assert!(fact.message.contains(word), "{word} in: {}", fact.message);
            }
        }
    }

    #[test]
    fn a_look_comes_at_the_change_and_else_as_usual() {
        let (now, usual) = (at("2027-01-01T00:00:00Z"), Duration::from_secs(5));
        let ends_in = |seconds: i64| Expiry::At(now + SignedDuration::from_secs(seconds));
        assert_eq!(sooner(usual, None, now), usual);
        assert_eq!(sooner(usual, Some(&Expiry::Unknown), now), usual);
        assert_eq!(sooner(usual, Some(&ends_in(3)), now), Duration::from_millis(3_020));
        assert_eq!(sooner(usual, Some(&ends_in(60)), now), usual);
        assert_eq!(sooner(usual, Some(&ends_in(86_400 + 2)), now), Duration::from_millis(2_020));
        assert_eq!(sooner(usual, Some(&ends_in(-5)), now), usual);
    }

    #[test]
    fn where_the_end_is_not_known_it_says_what_to_do() {
        let now = at("2027-01-01T00:00:00Z");
        let fact = fact(Some(&Expiry::Unknown), "acme", now);
        assert_eq!((fact.status, fact.reason.as_str()), (None, "TokenExpiryUnknown"));
        assert!(fact.message.contains("reminder") && fact.message.contains("yubico-api-token-expires"));
    }
}
