//! Placeholder of the next step.
