//! Okta's System Log, polled: ascending, without an end, so that Okta always says where to go on.
//!
//! Source: Okta's management `OpenAPI`, tag `SystemLog`, and the guide "System Log query" for polling. The exact
//! form of the details of `system.mfa.preregister.initiate` is not published: Okta's catalogue of events names them
//! with underscores, Okta Workflows shows them in camel case. Both are read, wherever the event carries details.

use std::collections::BTreeSet;

use domain::{
    failure::{CallError, Reason},
    ids::{EventId, GroupId, UserId},
    system_log::{
        ConsoleOrder, EventFault, LogCursor, LogEvent, LogPage, LogPosition, LogQuery, MalformedEvent,
        Membership, MembershipChange, console_product,
    },
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use system::clock;
use url::Url;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    fault, pages, query,
    quota::Bucket,
};
use crate::http::{Answer, not_sent};

const INITIATE: &str = "system.mfa.preregister.initiate";
const JOINED: &str = "group.user_membership.add";
const LEFT: &str = "group.user_membership.remove";

/// Events a page. One has a few KiB, so that a page stays far below the largest answer that is read.
const PAGE: &str = "100";

impl Client {
    /// One page of the events that `query` wants, from `position` on.
    ///
    /// Nothing is left out: an event that cannot be used is [`LogEvent::Malformed`]. Events of groups that were
    /// not asked for are not ours and are passed over.
    ///
    /// # Errors
    /// `ConnectionChanged` if the cursor leads to another organization; status 400 if Okta no longer takes the
    /// cursor: start with a time; `UnreadableAnswer` if the list or its link cannot be read; `OktaForbidden`
    /// names the scope `okta.logs.read`.
    pub async fn log_page(&self, query: &LogQuery, position: &LogPosition) -> Result<LogPage, CallError> {
        let url = match position {
            LogPosition::Since(at) => self.log_url(query, *at)?,
            LogPosition::After(cursor) => self.cursor_url(cursor)?,
        };
        let request = |url| Request { scope: Scope::Logs, ..Request::get("system-log", Bucket::Logs, url) };
        let page = self.page(&url, request, |answer, asked| read_log(answer, asked, query, position)).await;
        page.map_err(|error| fault::name_the_scope(error, "okta.logs.read", "the System Log"))
    }

    fn log_url(&self, query: &LogQuery, since: Timestamp) -> Result<Url, CallError> {
        let mut url = self.url(&["api", "v1", "logs"])?;
        url.query_pairs_mut()
            .append_pair("since", &since.to_string())
            .append_pair("sortOrder", "ASCENDING")
            .append_pair("limit", PAGE);
        query::set(&mut url, "filter", &filter(query));
        Ok(url)
    }

    fn cursor_url(&self, cursor: &LogCursor) -> Result<Url, CallError> {
        let url = Url::parse(cursor.as_str()).ok().filter(|url| self.is_ours(url));
        url.ok_or_else(|| {
            not_sent(
                Reason::ConnectionChanged,
                "the kept position in the System Log belongs to another Okta organization",
            )
        })
    }
}

fn read_log(
    answer: &Answer,
    asked: &Url,
    query: &LogQuery,
    position: &LogPosition,
) -> Result<LogPage, Unread> {
    done(answer)?;
    let next = pages::next(answer, asked)?.map(|url| LogCursor::parse(url.as_str()));
    let next = next.transpose().map_err(|_| answer.unreadable("its link to the next page is too long"))?;
    Ok(read_page(answer, query, position, next)?)
}

/// The expression for these events.
pub(super) fn filter(query: &LogQuery) -> String {
    match query {
        LogQuery::ConsoleOrders => query::equals("eventType", INITIATE),
        LogQuery::Memberships(groups) => {
            let types = [JOINED, LEFT].map(|name| query::equals("eventType", name));
            let targets: Vec<_> = groups.iter().map(|id| query::equals("target.id", id.as_str())).collect();
            format!("({}) and ({})", query::any_of(&types), query::any_of(&targets))
        }
    }
}

pub(super) fn read_page(
    answer: &Answer,
    query: &LogQuery,
    position: &LogPosition,
    next: Option<LogCursor>,
) -> Result<LogPage, CallError> {
    let at =
        answer.date().ok_or_else(|| answer.unreadable("it has no `Date`; a proxy may have taken it out"))?;
    let bodies: Vec<Value> = answer.json()?;
    let more = !bodies.is_empty();
    let events: Vec<LogEvent> = bodies.iter().filter_map(|body| event(body, query)).collect();
    let next = next.map_or_else(|| without_link(&events, position), LogPosition::After);
    Ok(LogPage { events, next, more, at })
}

/// The documentation promises a link to the next page. Should it be missing, the newest event seen is the start of
/// the next page, and is shown once more there.
fn without_link(events: &[LogEvent], position: &LogPosition) -> LogPosition {
    let newest = events.iter().filter_map(LogEvent::published).max();
    match (newest, position) {
        (Some(newest), LogPosition::Since(since)) => LogPosition::Since(newest.max(*since)),
        (Some(newest), LogPosition::After(_)) => LogPosition::Since(newest),
        (None, position) => position.clone(),
    }
}

/// What an event tells; `None` if it is about a group that nobody asked for.
pub(super) fn event(body: &Value, query: &LogQuery) -> Option<LogEvent> {
    let read = match query {
        LogQuery::ConsoleOrders => console_order(body).map(LogEvent::ConsoleOrder),
        LogQuery::Memberships(groups) => match membership(body) {
            Ok(change) if !groups.contains(&change.group) => return None,
            other => other.map(LogEvent::Membership),
        },
    };
    Some(read.unwrap_or_else(|fault| {
        LogEvent::Malformed(MalformedEvent {
            id: id(body).ok(),
            published: published(body).ok(),
            user: the_one(body, "User").and_then(|id| UserId::new(id).ok()),
            fault,
        })
    }))
}

fn console_order(body: &Value) -> Result<ConsoleOrder, EventFault> {
    let (id, published) = head(body, &[INITIATE])?;
    let user = user(body)?;
    let details = Details::of(body);
    details.is("factor_type", "factorType", "webauthn")?;
    details.is("fulfillment_provider", "fulfillmentProvider", "yubico")?;
    let product = console_product(
        &details.desired("yubico_product_id", "yubicoProductId")?,
        &details.desired("yubico_inventory_product_id", "yubicoInventoryProductId")?,
        &details.desired("yubico_customization_id", "yubicoCustomizationId")?,
    )?;
    Ok(ConsoleOrder { id, published, user, product })
}

fn membership(body: &Value) -> Result<Membership, EventFault> {
    let (id, published) = head(body, &[JOINED, LEFT])?;
    let group = the_one(body, "UserGroup").and_then(|id| GroupId::new(id).ok());
    let group = group.ok_or(EventFault::NotOneGroup)?;
    let joined = body.get("eventType").and_then(Value::as_str) == Some(JOINED);
    let change = if joined { MembershipChange::Joined } else { MembershipChange::Left };
    Ok(Membership { id, published, group, user: user(body)?, change })
}

/// What every event has.
fn head(body: &Value, types: &[&str]) -> Result<(EventId, Timestamp), EventFault> {
    let members = body.as_object().ok_or(EventFault::Form)?;
    let id = id(body)?;
    let published = published(body)?;
    let kind = members.get("eventType").and_then(Value::as_str).unwrap_or_default();
    if !types.contains(&kind) {
        return Err(EventFault::OtherType);
    }
    let outcome = members.get("outcome").and_then(|outcome| outcome.get("result")).and_then(Value::as_str);
    if outcome.is_some_and(|result| !result.eq_ignore_ascii_case("success")) {
        return Err(EventFault::NotSuccessful);
    }
    Ok((id, published))
}

fn id(body: &Value) -> Result<EventId, EventFault> {
    let text = body.get("uuid").and_then(Value::as_str).ok_or(EventFault::NoId)?;
    EventId::new(text).map_err(|_| EventFault::NoId)
}

fn published(body: &Value) -> Result<Timestamp, EventFault> {
    let text = body.get("published").and_then(Value::as_str).ok_or(EventFault::NoTime)?;
    text.parse().map(clock::whole).map_err(|_| EventFault::NoTime)
}

fn user(body: &Value) -> Result<UserId, EventFault> {
    the_one(body, "User").and_then(|id| UserId::new(id).ok()).ok_or(EventFault::NotOneUser)
}

fn targets(body: &Value) -> &[Value] {
    body.get("target").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The id of the only target of this type. Okta says that the place in the list means nothing.
fn the_one(body: &Value, kind: &str) -> Option<String> {
    let of_kind =
        targets(body).iter().filter(|target| target.get("type").and_then(Value::as_str) == Some(kind));
    let ids: BTreeSet<&str> = of_kind.map(|target| target.get("id")?.as_str()).collect::<Option<_>>()?;
    let mut ids = ids.into_iter();
    ids.next().filter(|_| ids.next().is_none()).map(str::to_owned)
}

/// Everything that an event says in name and value.
struct Details<'a>(Vec<&'a Map<String, Value>>);

impl<'a> Details<'a> {
    fn of(body: &'a Value) -> Self {
        let entries = targets(body).iter().filter_map(|target| target.get("detailEntry")?.as_object());
        let debug = body.get("debugContext").and_then(|context| context.get("debugData")?.as_object());
        Self(entries.chain(debug).collect())
    }

    /// The one value of a detail, whatever casing it has.
    fn get(&self, snake: &'static str, camel: &str) -> Result<Option<String>, EventFault> {
        let found = self.0.iter().flat_map(|entry| [entry.get(snake), entry.get(camel)]).flatten();
        let mut values = BTreeSet::new();
        for value in found.filter(|value| !value.is_null()) {
            values.insert(text(value).ok_or(EventFault::Unreadable(snake))?);
        }
        let one = values.pop_first();
        if values.is_empty() { Ok(one) } else { Err(EventFault::Contradiction(snake)) }
    }

    fn desired(&self, snake: &'static str, camel: &str) -> Result<String, EventFault> {
        self.get(snake, camel)?.filter(|text| !text.is_empty()).ok_or(EventFault::Missing(snake))
    }

    /// A detail that is not there says nothing against the event.
    fn is(&self, snake: &'static str, camel: &str, desired: &str) -> Result<(), EventFault> {
        match self.get(snake, camel)? {
            Some(value) if !value.eq_ignore_ascii_case(desired) => Err(EventFault::OtherProvider),
            _ => Ok(()),
        }
    }
}

/// Ids are strings here and numbers at Yubico.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
