//! What a step came to.

/// What a request came to.
pub(crate) enum Outcome {
    Done,
    /// The API server refused it, and says why.
    Refused(String),
    /// There is nothing that the step could be about.
    Idle,
}
