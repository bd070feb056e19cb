//! The text of a conversation: parts, with a line of four dashes between them. A part is an answer as in [`answer`], or
//! one word that says what happens, some with a number.

use domain::failure::{Arrival, CallError, Failure, Reason};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::HeaderValue;
use vendors::http::{Answer, Api, Nature};

use crate::answer;

/// Between two parts.
pub const BREAK: &[u8] = b"\n----\n";

/// Longest time that passes at once, in seconds: some four months.
const LONGEST: i64 = 10_000_000;

/// What happens beside answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many seconds pass.
    Wait(i64),
    /// The process is killed; another one goes on from what is stored.
    Crash,
    /// The shipment is deleted.
    Delete,
    /// The connection is replaced.
    Moved,
    /// The next write is refused.
    Conflict,
    /// The next write is stored, and its answer is lost.
    LostWrite,
    /// The next write is stored, and the process is killed before it knows.
    CrashStored,
    /// The next call leaves, and the process is killed before an answer comes.
    CrashSent,
    /// The next call gets no answer.
    Silence,
    /// The next call does not leave.
    Unsent,
}

impl Event {
    fn parse(part: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(part).ok()?.trim();
        Some(match text {
            "crash" => Self::Crash,
            "delete" => Self::Delete,
            "moved" => Self::Moved,
            "conflict" => Self::Conflict,
            "lost-write" => Self::LostWrite,
            "crash-stored" => Self::CrashStored,
            "crash-sent" => Self::CrashSent,
            "silence" => Self::Silence,
            "unsent" => Self::Unsent,
            _ => {
                let seconds = text.strip_prefix("wait ")?.parse().ok()?;
                Self::Wait(i64::clamp(seconds, 0, LONGEST))
            }
        })
    }
}

/// What comes of a call.
pub enum Called {
    /// An answer, or none.
    Ended(Result<Answer, CallError>),
    /// The process is killed, here or because the text is over.
    Crash,
}

/// What is left of a conversation.
pub struct Script<'a> {
    parts: std::iter::Peekable<std::vec::IntoIter<&'a [u8]>>,
}

impl<'a> Script<'a> {
    /// Of the whole text.
    pub fn new(input: &'a [u8]) -> Self {
        Self { parts: parts(input).into_iter().peekable() }
    }

    /// The next part, if it is an event that may happen here.
    pub fn event(&mut self, here: impl Fn(Event) -> bool) -> Option<Event> {
        let event = Event::parse(self.parts.peek()?).filter(|event| here(*event))?;
        self.parts.next();
        Some(event)
    }

    /// What comes of a call that is sent now. What cannot happen to a call is passed over.
    pub fn answer(&mut self, api: Api, nature: Nature, now: Timestamp) -> Called {
        for part in self.parts.by_ref() {
            match Event::parse(part) {
                Some(Event::CrashSent) => return Called::Crash,
                Some(Event::Silence) => return Called::Ended(Err(failed(Arrival::Unclear))),
                Some(Event::Unsent) => return Called::Ended(Err(failed(Arrival::NotSent))),
                Some(_) => {}
                None => {
                    if let Some(answer) = answered(part, api, nature, now) {
                        return Called::Ended(Ok(answer));
                    }
                }
            }
        }
        Called::Crash
    }

    /// Nothing is left.
    pub fn is_over(&mut self) -> bool {
        self.parts.peek().is_none()
    }
}

/// The parts of a text.
pub fn parts(input: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(BREAK.len()).position(|window| window == BREAK) {
        parts.push(&rest[..at]);
        rest = &rest[at + BREAK.len()..];
    }
    parts.push(rest);
    parts
}

fn failed(arrival: Arrival) -> CallError {
    let failure = Failure::new(Reason::OktaUnavailable, "no answer came");
    CallError { arrival, status: None, failure, web_page: None }
}

/// A header `date: now` is the time of the world; any other stays what it is.
fn answered(part: &[u8], api: Api, nature: Nature, now: Timestamp) -> Option<Answer> {
    let (_, mut answer) = answer::parse(part, api, |_| Nature::Read)?;
    (answer.nature, answer.sent, answer.received) = (nature, now, now);
    if answer.headers.get("date").is_some_and(|date| date == "now") {
        let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
        answer.headers.insert("date", HeaderValue::from_str(&date).ok()?);
    }
    Some(answer)
}
