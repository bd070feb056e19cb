//! The road of a shipment: facts in, at most one next step out. Total, deterministic, without client or clock.
//!
//! Read it from the top: [`plan`] derives the stage by matching the journal; each stage is one function. The rules
//! are those of `docs/design.md`; each comment names the accident its rule prevents.

use super::journal::Order;

mod adoption;
mod blocked;
mod claims;
mod delete;
mod first_use;
mod follow;
mod no_responses;
mod order;
mod situation;
mod time_limits;
mod unlisted;

pub use adoption::refusal;
pub use blocked::may_order;
pub use situation::{
    Claimed, Fetch, Idempotent, Idle, Observation, Observed, ObservedUser, Person, Rival, Search, Shared,
    Situation, Step,
};
pub use time_limits::REQUESTS_LIVE;

#[cfg(test)]
pub(crate) mod tests;

/// The next step of this shipment.
#[must_use]
pub fn plan(s: &Situation<'_>) -> Step {
    let step = alone(s);
    match s.claimed {
        Some(claimed) => claims::stop(s, claimed, step),
        None => step,
    }
}

/// The next step, if nobody else has what this shipment has.
fn alone(s: &Situation<'_>) -> Step {
    if s.desired.deleting {
        return delete::delete(s);
    }
    if let Some(step) = blocked::other_organizations(s).or_else(|| order::answered(s)) {
        return step;
    }
    match &s.journal.order {
        Order::Never => order::held(s).unwrap_or_else(|| order::before_order(s)),
        Order::Refused(refused) => order::held(s).unwrap_or_else(|| order::refused_order(s, refused)),
        Order::Open(_, mark) => order::unknown_order(s, *mark, None),
        Order::Unknown(_, mark, page) => order::unknown_order(s, *mark, *page),
        Order::Accepted(order) => first_use::look_or(s, follow::follow(s, order)),
        Order::Cancelled(..) => order::cancelled(s),
    }
}
