//! The Admin Console's button: each event once. How far the log was read is written together with whom it named.

use api::{
    connection::{KeyChoice, KeyModel, YubiKeyConnectionSpec},
    durations,
    rollout::{ConsoleCursor, OktaConsoleSource, RefusedEvent, YubiKeyRollout},
};
use domain::{
    failure::{Failure, Reason},
    ids::EventId,
    rollout::{Entry, Key, Member, RolloutState, Roster, State},
    system_log::{ConsoleOrder, LogCursor, LogEvent, LogPosition, LogQuery, MalformedEvent},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use system::clock;

use crate::connection::handle::ConnectionHandle;

/// Pages of one look; the next look goes on.
const PAGES: usize = 10;

/// Events that are known again: the log may show one twice, late, or out of order.
const REMEMBERED: usize = 500;

/// Refused events that the status shows.
const SHOWN: usize = 50;

/// Words for events that start nothing.
const TOO_OLD: &str = "EventTooOld";
const MALFORMED: &str = "EventMalformed";
const UNKNOWN_PRODUCT: &str = "EventUnknownProduct";
const SERVED_BEFORE: &str = "EventServedBefore";

/// What each of those words means.
pub const REFUSALS: [(&str, &str); 4] = [
    (
        TOO_OLD,
        "These events of the Admin Console were older than spec.source.oktaConsole.maxAge when they were seen, so nothing is ordered; press Add again if the key is wanted.",
    ),
    (
        MALFORMED,
        "These events of the Admin Console lack something or contradict themselves, so nothing is ordered; look at them in Okta's System Log and press Add again.",
    ),
    (
        UNKNOWN_PRODUCT,
        "The ids of these events of the Admin Console are those of no entry of the connection's keys, so nothing is ordered; press Add again with ids of the connection, or ask its owner to add them.",
    ),
    (
        SERVED_BEFORE,
        "This rollout has served these people before, so the event orders nothing; declare a YubiKeyShipment for another key.",
    ),
];

/// Where the log is read first: from now on, by Okta's clock. Whatever lies before belongs to whoever ordered until then.
///
/// # Errors
/// If the log cannot be read.
pub async fn start(link: &ConnectionHandle) -> Result<ConsoleCursor, Failure> {
    let look = async |from| link.okta.log_page(&LogQuery::ConsoleOrders, &LogPosition::Since(from)).await;
    let now = look(clock::now()).await?.at;
    let mut cursor = ConsoleCursor { next: now.to_string(), ..ConsoleCursor::default() };
    // Okta tells its time in seconds: what this second has brought so far lies before, too.
    for event in look(now).await?.events {
        if let Some(id) = id_of(&event) {
            is_news(id, &mut cursor);
        }
    }
    Ok(cursor)
}

const fn id_of(event: &LogEvent) -> Option<&EventId> {
    match event {
        LogEvent::ConsoleOrder(order) => Some(&order.id),
        LogEvent::Malformed(event) => event.id.as_ref(),
        LogEvent::Membership(_) => None,
    }
}

/// Takes up what the log shows since the last look. True if there may be more at once.
///
/// In a dry run nobody is put down to be served: the answer names them instead.
///
/// # Errors
/// If the log cannot be read; what was taken up until then stays.
pub async fn read(
    rollout: &YubiKeyRollout,
    source: &OktaConsoleSource,
    link: &ConnectionHandle,
    cursor: &mut ConsoleCursor,
    rollout_state: &mut RolloutState,
    told: &mut Vec<Member>,
) -> Result<bool, Failure> {
    let dry = rollout.spec.mode == api::rollout::Mode::DryRun;
    let max_age = durations::of("source.oktaConsole.maxAge", &source.max_age, Reason::SpecUnreadable)?;
    for _ in 0..PAGES {
        let from = position(cursor);
        let page = match link.okta.log_page(&LogQuery::ConsoleOrders, &from).await {
            Ok(page) => page,
            // Okta no longer takes the place: what is young enough is looked through again, and known events are
            // passed over.
            Err(error) if error.status == Some(400) && matches!(from, LogPosition::After(_)) => {
                cursor.next = now_less(max_age).to_string();
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        let oldest = page.at.checked_sub(max_age).unwrap_or(Timestamp::MIN);
        for event in &page.events {
            take(event, oldest, dry, &link.spec, cursor, rollout_state, told);
        }
        if page.more || is_stale(&from, page.at) {
            cursor.next = match &page.next {
                LogPosition::Since(at) => at.to_string(),
                LogPosition::After(cursor) => cursor.as_str().to_owned(),
            };
        }
        if !page.more {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where nothing happened the place stays, so that nothing is written; but a time must not grow older than the log.
fn is_stale(from: &LogPosition, now: Timestamp) -> bool {
    matches!(from, LogPosition::Since(at) if now.duration_since(*at) > SignedDuration::from_hours(1))
}

/// A cursor that cannot be read leads back to a moment ago: events that are known are passed over.
fn position(cursor: &ConsoleCursor) -> LogPosition {
    if let Ok(at) = cursor.next.parse::<Timestamp>() {
        return LogPosition::Since(at);
    }
    match LogCursor::parse(cursor.next.clone()) {
        Ok(known) => LogPosition::After(known),
        Err(_) => LogPosition::Since(now_less(SignedDuration::from_mins(5))),
    }
}

fn now_less(time: SignedDuration) -> Timestamp {
    system::clock::now().checked_sub(time).unwrap_or(Timestamp::MIN)
}

fn take(
    event: &LogEvent,
    oldest: Timestamp,
    dry: bool,
    connection: &YubiKeyConnectionSpec,
    cursor: &mut ConsoleCursor,
    rollout_state: &mut RolloutState,
    told: &mut Vec<Member>,
) {
    match event {
        LogEvent::Membership(_) => {}
        LogEvent::Malformed(event) => malformed(event, cursor),
        LogEvent::ConsoleOrder(order) => {
            if !is_news(&order.id, cursor) {
                return;
            }
            match refusal(order, oldest, connection, rollout_state) {
                Some(reason) => {
                    refuse(cursor, Some(order.id.to_string()), Some(order.user.to_string()), reason);
                }
                None if dry => told.push(told_of(order, connection)),
                None => {
                    rollout_state.ledger.0.insert(order.user.clone(), entry(order, connection));
                }
            }
        }
    }
}

fn malformed(event: &MalformedEvent, cursor: &mut ConsoleCursor) {
    if event.id.as_ref().is_some_and(|id| !is_news(id, cursor)) {
        return;
    }
    let (id, user) = (event.id.as_ref(), event.user.as_ref());
    refuse(cursor, id.map(ToString::to_string), user.map(ToString::to_string), MALFORMED);
}

/// Notes the event; false if it was taken up before.
fn is_news(id: &EventId, cursor: &mut ConsoleCursor) -> bool {
    if cursor.seen.iter().any(|seen| seen == id.as_str()) {
        return false;
    }
    cursor.seen.push(id.to_string());
    let extra = cursor.seen.len().saturating_sub(REMEMBERED);
    cursor.seen.drain(..extra);
    true
}

fn refusal(
    order: &ConsoleOrder,
    oldest: Timestamp,
    connection: &YubiKeyConnectionSpec,
    rollout_state: &RolloutState,
) -> Option<&'static str> {
    if order.published < oldest {
        Some(TOO_OLD)
    } else if model(order, connection).is_none() {
        Some(UNKNOWN_PRODUCT)
    } else if rollout_state.ledger.0.contains_key(&order.user) {
        Some(SERVED_BEFORE)
    } else {
        None
    }
}

fn refuse(cursor: &mut ConsoleCursor, event: Option<String>, user_id: Option<String>, reason: &str) {
    tracing::warn!(event, reason, "an event of the Admin Console starts nothing");
    cursor.refused.push(RefusedEvent { event, user_id, reason: reason.to_owned() });
    let extra = cursor.refused.len().saturating_sub(SHOWN);
    cursor.refused.drain(..extra);
}

/// The connection's model of exactly these ids.
fn model<'a>(order: &ConsoleOrder, connection: &'a YubiKeyConnectionSpec) -> Option<&'a KeyModel> {
    connection.keys.iter().find(|key| {
        key.product_id == order.product.product_id
            && key.inventory_product_id == order.product.inventory_product_id
            && key.customization_id == order.product.customization_id.as_str()
    })
}

/// As the event names it, where the connection admits more than its models' names.
fn key(order: &ConsoleOrder, connection: &YubiKeyConnectionSpec) -> Key {
    if connection.policy.keys == KeyChoice::ModelsOnly
        && let Some(model) = model(order, connection)
    {
        return Key::Model(model.name.clone());
    }
    Key::Ids {
        product: order.product.product_id,
        inventory: order.product.inventory_product_id,
        customization: order.product.customization_id.clone(),
    }
}

fn entry(order: &ConsoleOrder, connection: &YubiKeyConnectionSpec) -> Entry {
    let day = order.published.to_zoned(TimeZone::UTC).date();
    Entry { state: State::Waiting, day, key: key(order, connection), times: 0, answered: false }
}

fn told_of(order: &ConsoleOrder, connection: &YubiKeyConnectionSpec) -> Member {
    Member { id: order.user.clone(), login: None, key: key(order, connection), skip: None, staged: false }
}

/// Whom the log has named so far: the ledger, which nobody leaves.
#[must_use]
pub fn roster(rollout_state: &RolloutState, told: &[Member]) -> Roster {
    let of_ledger = rollout_state.ledger.0.iter().map(|(id, entry)| Member {
        id: id.clone(),
        login: None,
        key: entry.key.clone(),
        skip: None,
        staged: false,
    });
    let fresh = told.iter().filter(|member| !rollout_state.ledger.0.contains_key(&member.id)).cloned();
    Roster { members: of_ledger.chain(fresh).collect(), ..Roster::default() }
}
