//! What cannot be shown or done: said in a sentence, with the next step, on a page of its own.

use axum::{
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use view::fault::{Exit, Fault};

use crate::document;

/// An end that is no answer.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What the browser is told.
    pub status: StatusCode,
    /// What happened, in a sentence.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl Problem {
    /// With a status of one's own.
    pub fn new(status: StatusCode, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { status, what: what.into(), next: next.into() }
    }

    /// What was asked for does not exist.
    pub fn missing(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what, "Look for it on the overview; it may have been removed.")
    }

    /// What was sent does not fit.
    pub fn unfit(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what, next)
    }

    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::UNAUTHORIZED => "Not signed in",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::NOT_FOUND => "Not there",
            StatusCode::CONFLICT => "Answered meanwhile",
            _ => "That did not work",
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let status = match (fault.code, fault.exit) {
            (Some(401), _) => StatusCode::UNAUTHORIZED,
            (_, Exit::Denied) => StatusCode::FORBIDDEN,
            (Some(404), _) => StatusCode::NOT_FOUND,
            (Some(409), _) => StatusCode::CONFLICT,
            (Some(422), _) | (_, Exit::Usage) => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, sentence(&fault.what), sentence(&fault.next))
    }
}

/// The same with a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '?', '!']) { text } else { format!("{text}.") }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let page = document::problem(self.title(), &self.what, &self.next);
        let mut response = (self.status, page).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
