//! What the targets share: an answer of a vendor written as text, and what must be true of every error.
//!
//! An assertion that fails is a finding, as a panic of the operator is.

pub mod answer;
pub mod conversation;
pub mod people;
pub mod usual;

use domain::{
    failure::{Arrival, CallError},
    ids::Sealed,
};
use vendors::http::{Answer, LONGEST_WISH, Nature};

/// Seeds begin every text with this that no message may repeat. No message of ours holds it by itself.
pub const SECRET: &str = "secret-";

/// Longest message: a status carries it, and people read it.
const MESSAGE: usize = 600;

/// No message may repeat what a vendor or a file said, or grow with it.
///
/// # Panics
/// If it does.
pub fn is_discreet(message: &str) {
    assert!(!message.contains(SECRET), "the message repeats a secret: {message}");
    assert!(message.len() <= MESSAGE, "the message is long: {} bytes", message.len());
    assert!(!message.chars().any(char::is_control), "the message has a control character");
}

/// What must be true of every answer that is no usable success.
///
/// # Panics
/// If it is not.
pub fn is_fair(answer: &Answer, error: &CallError) {
    is_discreet(&error.failure.message);
    is_discreet(&error.to_string());
    assert!(error.failure.retry_after.is_none_or(|wait| wait <= LONGEST_WISH));
    assert!(error.status.is_none_or(|status| status == answer.status), "a status out of nothing");
    if answer.is_success() {
        assert_eq!(error.arrival, Arrival::Unclear, "a success that cannot be read may have been done");
    }
    if error.arrival == Arrival::Refused {
        assert!((400..500).contains(&answer.status) && !matches!(answer.status, 408 | 409));
        let closed = matches!(answer.status, 400 | 401 | 403 | 404 | 422 | 429);
        assert!(answer.nature != Nature::Order || closed, "an order counts as refused by {}", answer.status);
    }
}

/// The value, once what must be true of an error is.
pub fn fair<T>(answer: &Answer, result: Result<T, CallError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            is_fair(answer, &error);
            None
        }
    }
}

/// Passed on whole, printed never.
///
/// # Panics
/// If it can be printed or the status cannot keep it.
pub fn is_sealed(sealed: &Sealed) {
    assert!(!sealed.expose().is_empty() && sealed.expose().len() <= Sealed::LIMIT);
    assert_eq!(format!("{sealed:?}"), format!("Sealed({} bytes)", sealed.expose().len()));
}
