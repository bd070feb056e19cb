//! The status that people and tools read, from the plan and from what stands in its way.

use api::{
    rollout::{Counts, Problem, YubiKeyRollout, YubiKeyRolloutStatus, ledger_status},
    shipment::FailureStatus,
};
use domain::{
    backoff,
    failure::{Failure, Kind, Reason},
    rollout::{Blocked, Bound, Plan, Question},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::memory::Known;
use crate::{
    kubernetes::conditions::{self, Fact},
    rollout::{nobody, object_size, sources::console},
};

/// Condition of the source.
const SYNCED: &str = "Synced";

/// Failures in a row that are more than a moment of the network.
const LASTING: u32 = 3;

/// Examples of one problem in the status, and letters of one of them.
const EXAMPLES: usize = 5;
const LETTERS: usize = 500;

/// What a status is made from.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The plan whose book is written.
    pub plan: &'a Plan,
    /// What stops every effect.
    pub blocked: Option<&'a Blocked>,
    /// What the process knows of the source.
    pub known: &'a Known,
    /// What went wrong while the plan was carried out.
    pub failure: Option<&'a Failure>,
    /// Orders, or only tells what it would do.
    pub orders: bool,
    /// People are still looked at one by one.
    pub checking: bool,
    /// The clock (UTC).
    pub now: Timestamp,
}

/// The status to be written.
#[must_use]
pub fn of(rollout: &YubiKeyRollout, basis: YubiKeyRolloutStatus, parts: Parts<'_>) -> YubiKeyRolloutStatus {
    let Parts { plan, known, now, .. } = parts;
    let mut status = basis;
    ledger_status::write(&plan.rollout_state, &mut status);
    let before = rollout.status.clone().unwrap_or_default();
    let generation = rollout.metadata.generation.unwrap_or_default();
    if known.roster.is_some() {
        status.counts = Some(counts(plan));
        status.problems = problems(plan, &status);
        status.plan = plan.would.iter().map(|(id, key)| (id.to_string(), key.to_string())).collect();
        if status.counts != before.counts || status.problems != before.problems {
            status.synced_at = known.read_at.map(MicroTime);
        }
    }
    status.failure = failure(&before, parts);
    let is_told = object_size::takes_plan(rollout, known.declared_bytes, &status);
    if !is_told {
        status.plan.clear();
    }
    let facts = facts(&before, parts, is_told);
    status.conditions = conditions::build(facts, &before.conditions, generation, now);
    status.conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
    status.summary = conditions::summary(&status.conditions);
    status.observed_generation = generation;
    // Answered by a look at the source, made or refused.
    if let Some(answered) = &known.answered {
        status.last_handled_reconcile_at.clone_from(answered);
    }
    status
}

/// The status as it is, with how it stands now: of a rollout that goes, or whose status cannot be planned on.
#[must_use]
pub fn standing(rollout: &YubiKeyRollout, stand: &ReadySummary, now: Timestamp) -> YubiKeyRolloutStatus {
    let mut status = rollout.status.clone().unwrap_or_default();
    let generation = rollout.metadata.generation.unwrap_or_default();
    let synced = conditions::find(&status.conditions, SYNCED).cloned();
    let mut built = conditions::build(stand.facts(), &status.conditions, generation, now);
    built.extend(synced);
    built.sort_by(|a, b| a.type_.cmp(&b.type_));
    status.conditions = built;
    status.summary = conditions::summary(&status.conditions);
    status.observed_generation = generation;
    status
}

fn counts(plan: &Plan) -> Counts {
    let counts = &plan.counts;
    let skipped = &counts.skipped;
    Counts {
        members: counts.members,
        eligible: counts.eligible,
        skipped: skipped.values().sum(),
        skipped_by_reason: skipped.iter().map(|(skip, n)| (skip.as_str().to_owned(), *n)).collect(),
        waiting: counts.waiting,
        served: counts.served,
        in_flight: counts.in_flight,
        activated: counts.activated,
        held: counts.held,
        by_phase: counts.by_phase.iter().map(|(phase, n)| ((*phase).to_owned(), *n)).collect(),
    }
}

fn problems(plan: &Plan, status: &YubiKeyRolloutStatus) -> Vec<Problem> {
    let mut all: Vec<Problem> = plan
        .problems
        .iter()
        .map(|problem| Problem {
            reason: problem.reason.clone(),
            message: problem.message.clone(),
            total: problem.total,
            examples: problem
                .examples
                .iter()
                .map(|example| example.chars().take(LETTERS).collect())
                .collect(),
        })
        .collect();
    let refused = status.cursor.iter().flat_map(|cursor| &cursor.refused);
    for (reason, message) in console::REFUSALS {
        let those: Vec<_> = refused.clone().filter(|event| event.reason == reason).collect();
        if !those.is_empty() {
            let examples = those.iter().rev().take(EXAMPLES).map(|event| {
                event
                    .event
                    .clone()
                    .or_else(|| event.user_id.clone())
                    .unwrap_or_else(|| "without an id".to_owned())
            });
            all.push(Problem {
                reason: reason.to_owned(),
                message: message.to_owned(),
                total: u32::try_from(those.len()).unwrap_or(u32::MAX),
                examples: examples.collect(),
            });
        }
    }
    all.truncate(50);
    all
}

/// The failure of the pass; written first and then each time its backoff grows. A wait for a known time is none.
fn failure(before: &YubiKeyRolloutStatus, parts: Parts<'_>) -> Option<FailureStatus> {
    let failure = parts.failure.or(parts.known.failure.as_ref()).filter(|failure| !failure.is_wait())?;
    let same = before.failure.as_ref().filter(|old| old.reason == failure.reason.as_str());
    Some(FailureStatus {
        reason: failure.reason.as_str().to_owned(),
        message: failure.message.clone(),
        since: same.map_or(MicroTime(parts.now), |old| old.since.clone()),
        count: parts.known.failures.clamp(1, backoff::LAST_COUNT),
    })
}

fn facts(before: &YubiKeyRolloutStatus, parts: Parts<'_>, is_told: bool) -> Vec<Fact> {
    let mut facts = stand(before, parts, is_told).facts();
    facts.push(synced(before, parts));
    facts
}

fn synced(before: &YubiKeyRolloutStatus, parts: Parts<'_>) -> Fact {
    match (&parts.known.failure, &parts.known.roster) {
        (Some(failure), _) => Fact::new(SYNCED, false, failure.reason.as_str(), failure.message.clone()),
        (None, Some(_)) => Fact::new(SYNCED, true, "Succeeded", "The source was read whole."),
        (None, None) => match conditions::find(&before.conditions, SYNCED) {
            Some(old) if old.status == "True" => Fact::new(SYNCED, true, "Succeeded", old.message.clone()),
            _ => Fact {
                kind: SYNCED,
                status: None,
                reason: Reason::Syncing.as_str().to_owned(),
                message: "The source has not been read yet.".to_owned(),
            },
        },
    }
}

/// How it stands, in the words of kstatus.
#[derive(Debug)]
pub struct ReadySummary {
    ready: bool,
    reconciling: bool,
    stalled: bool,
    reason: Reason,
    message: String,
}

impl ReadySummary {
    fn fine(reason: Reason, message: impl Into<String>) -> Self {
        Self { ready: true, reconciling: false, stalled: false, reason, message: message.into() }
    }

    /// It goes on by itself.
    pub fn under_way(reason: Reason, message: impl Into<String>) -> Self {
        Self { ready: false, reconciling: true, stalled: false, reason, message: message.into() }
    }

    /// A person must do something.
    pub fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self { ready: false, reconciling: false, stalled: true, reason, message: message.into() }
    }

    /// As the kind of the failure is.
    #[must_use]
    pub fn failed(failure: &Failure) -> Self {
        if failure.reason.kind() == Kind::Stalled {
            Self::stalled(failure.reason, failure.message.clone())
        } else {
            Self::under_way(failure.reason, failure.message.clone())
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let says = |kind, so| Fact::new(kind, so, self.reason.as_str(), self.message.clone());
        let mut facts = vec![says("Ready", self.ready)];
        facts.extend(self.reconciling.then(|| says("Reconciling", true)));
        facts.extend(self.stalled.then(|| says("Stalled", true)));
        facts
    }
}

/// The first of these that is so. `is_told`: the plan of a dry run stands in the status.
fn stand(before: &YubiKeyRolloutStatus, parts: Parts<'_>, is_told: bool) -> ReadySummary {
    let Parts { plan, blocked, known, .. } = parts;
    let passing = |failure: &&Failure| known.roster.is_some() && failure.reason.kind() != Kind::Stalled;
    if let Some(Blocked::Connection(failure)) = blocked {
        return ReadySummary::failed(failure);
    }
    if let Some(failure) = known.failure.as_ref().filter(|failure| !passing(failure)) {
        return ReadySummary::failed(failure);
    }
    if let (None, Some(progress)) = (&known.roster, known.progress) {
        let says = format!(
            "The source is being read: {} of {} rows are looked up at Okta so far, within the share of its rate limits that the connection leaves (okta.rateLimitShare); nothing is ordered before the last.",
            progress.done, progress.total
        );
        return ReadySummary::under_way(Reason::Syncing, says);
    }
    if known.roster.is_none() {
        let says = "The source is being read; it is read once a minute at most, so a changed spec may wait for that.";
        return ReadySummary::under_way(Reason::Syncing, says);
    }
    let asked =
        |desired: fn(Question) -> bool| plan.rollout_state.holds.iter().find(|hold| desired(hold.question));
    if let Some(hold) = asked(|question| matches!(question, Question::Cancel(_))) {
        let Question::Cancel(guard) = hold.question else {
            return ReadySummary::under_way(Reason::Syncing, "The source is being read.");
        };
        return ReadySummary::stalled(ledger_status::reason_of(guard), ledger_status::says(hold));
    }
    if blocked == Some(&Blocked::Paused) {
        return ReadySummary::fine(
            Reason::Paused,
            "spec.paused is set: nobody new is ordered for and nothing is cancelled; unset it to go on.",
        );
    }
    if let Some(hold) = asked(|question| question == Question::Deleted).filter(|_| parts.orders) {
        return ReadySummary::stalled(Reason::ShipmentDeleted, ledger_status::says(hold));
    }
    if let Some(failure) = parts.failure.filter(|_| known.failures >= LASTING) {
        return ReadySummary::failed(failure);
    }
    if known.roster.as_ref().is_some_and(|roster| roster.tells_leavers && roster.total() == 0) {
        let (reason, says) = nobody::told(before, &plan.rollout_state.ledger);
        return ReadySummary::stalled(reason, says);
    }
    if !parts.orders && !is_told {
        return ReadySummary::stalled(Reason::ObjectFull, object_size::no_plan(plan.counts.eligible));
    }
    in_order(parts, asked(|question| question == Question::Wave).map(ledger_status::says))
}

fn in_order(parts: Parts<'_>, wave: Option<String>) -> ReadySummary {
    let Parts { plan, checking, .. } = parts;
    let counts = &plan.counts;
    if !parts.orders {
        if checking {
            return ReadySummary::under_way(
                Reason::Validating,
                "People are looked at one by one; nothing is ordered.",
            );
        }
        let (eligible, skipped) = (counts.eligible, counts.members - counts.eligible);
        return ReadySummary::fine(
            Reason::DryRun,
            format!(
                "Nothing is ordered: {eligible} of {} people would get a key, {skipped} are skipped; status.plan and status.problems tell who and why. Set spec.mode to Order to order.",
                counts.members
            ),
        );
    }
    if plan.bound == Some(Bound::Budget) {
        return ReadySummary::stalled(
            Reason::BudgetExhausted,
            format!(
                "{} people wait and spec.budget is used up by {} keys, begun or granted anew; raise it to go on.",
                counts.waiting,
                plan.rollout_state.ledger.served().saturating_add(plan.rollout_state.ledger.promised())
            ),
        );
    }
    if plan.bound == Some(Bound::Room) {
        return ReadySummary::stalled(Reason::ObjectFull, object_size::full(counts.waiting));
    }
    if let Some(says) = wave {
        return ReadySummary::fine(Reason::AwaitingApproval, says);
    }
    if counts.waiting > 0 || counts.in_flight > 0 {
        return ReadySummary::fine(
            Reason::RollingOut,
            format!(
                "{} of {} eligible people have an activated key; {} shipments are on their way, {} people wait for their turn.",
                counts.activated, counts.eligible, counts.in_flight, counts.waiting
            ),
        );
    }
    ReadySummary::fine(
        Reason::Complete,
        format!(
            "{} of {} eligible people have an activated key, and nothing is on its way.",
            counts.activated, counts.eligible
        ),
    )
}
