//! What people answer in most worlds.

use domain::hold::Choice;

pub const ALL: [Choice; 4] =
    [Choice::RetryOrder, Choice::AdoptOrder, Choice::CancelOrder, Choice::DiscardEnrollment];
