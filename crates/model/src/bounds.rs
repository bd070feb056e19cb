//! What one world may do, and how often: the bounds within which it is explored without gaps.

use domain::{
    desired::{ActivationGate, ExistingKey, OnDelete, OnTimeout, PinGate},
    hold::Choice,
};

use crate::state::Event;

/// One world: what it begins with, and how much may happen in it.
#[expect(clippy::struct_excessive_bools, reason = "a set of switches")]
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Name in reports and on the command line.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Shipments, all for one person; the cluster of each.
    pub clusters: Vec<usize>,
    /// The shipment each process works on.
    pub processes: Vec<usize>,
    /// The connection is bound to cluster 0; others only read.
    pub bound: bool,
    /// `YubiEnterprise` lists pre-registered orders.
    pub listed: bool,
    /// Okta's list shows what was made at least so long before, in seconds; 0: as soon as a look may ask.
    pub list_lag: i64,
    /// Accidents in one run: crash, lost call or answer, refusal, stale read, pruned write.
    pub faults: u8,
    /// Jumps of time in one run.
    pub jumps: u8,
    /// Lengths of jumps, in seconds.
    pub lengths: Vec<i64>,
    /// Things that happen in one run.
    pub happenings: u8,
    /// What may happen.
    pub events: Vec<Event>,
    /// Answers of people in one run.
    pub answers: u8,
    /// Answers that people may give; copies of older ones are given too.
    pub choices: Vec<Choice>,
    /// What activation waits for, of every shipment.
    pub activation: ActivationGate,
    /// What they do about a carrier that stays silent.
    pub on_timeout: OnTimeout,
    /// What their PIN mails wait for.
    pub pin: PinGate,
    /// What they do about a pre-registered key that is there already.
    pub existing: ExistingKey,
    /// `spec.orderBefore`, in seconds after the start.
    pub order_before: Option<i64>,
    /// The order is placed already when the world begins.
    pub ordered: bool,
    /// And the status emptied then.
    pub emptied: bool,
    /// And the parcel was delivered then.
    pub delivered: bool,
    /// Passes begin between two polls too.
    pub early: bool,
    /// Small enough to be explored with the same bounds where others are made smaller.
    pub whole: bool,
    /// Kinds of accidents.
    pub faults_of: Accidents,
}

/// Which accidents there are.
#[expect(clippy::struct_excessive_bools, reason = "a set of switches")]
#[derive(Debug, Clone, Copy)]
pub struct Accidents {
    /// A process dies.
    pub crashes: bool,
    /// Calls and answers are lost.
    pub losses: bool,
    /// Vendors refuse calls.
    pub refusals: bool,
    /// Reads from an old cache, or one that lacks other objects.
    pub stale: bool,
    /// The API server prunes the mark, or its answer to a receipt is lost.
    pub store: bool,
    /// `YubiEnterprise` shows no order for a while.
    pub region: bool,
}

impl Accidents {
    /// All of them.
    pub const ALL: Self =
        Self { crashes: true, losses: true, refusals: true, stale: true, store: true, region: true };
    /// No accident of any kind.
    pub const NONE: Self =
        Self { crashes: false, losses: false, refusals: false, stale: false, store: false, region: false };
}

/// Longer than a look takes, shorter than anything else.
pub const SETTLED: i64 = 310;
/// Sealed requests have expired.
pub const EXPIRED: i64 = 16 * 60;
/// A mark is no longer judged.
pub const HOUR: i64 = 61 * 60;
/// Final states are believed, mails may go again.
pub const DAY: i64 = 25 * 3_600;
/// The carrier stayed silent.
pub const FORTNIGHT: i64 = 15 * 24 * 3_600;

impl Bounds {
    /// A plain world: one shipment, one process, nothing goes wrong.
    #[must_use]
    pub fn plain(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            clusters: vec![0],
            processes: vec![0],
            bound: false,
            listed: false,
            list_lag: 0,
            faults: 0,
            jumps: 0,
            lengths: vec![],
            happenings: 0,
            events: vec![],
            answers: 0,
            choices: vec![],
            activation: ActivationGate::Delivery,
            on_timeout: OnTimeout::Hold,
            pin: PinGate::Activation,
            existing: ExistingKey::Hold,
            order_before: None,
            ordered: false,
            emptied: false,
            delivered: false,
            early: false,
            whole: false,
            faults_of: Accidents::ALL,
        }
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        let bound = if self.bound { "bound" } else { "unbound" };
        let listed = if self.listed { "orders listed" } else { "orders not listed" };
        let lags =
            if self.list_lag > 0 { format!(", Okta's list lags {} s", self.list_lag) } else { String::new() };
        let deletes = self.events.iter().any(|e| matches!(e, Event::Delete(OnDelete::Cancel)));
        format!(
            "{} shipment(s) of one person, {} process(es), {bound}, {listed}{}{lags}; at most {} accidents, {} jumps of {:?} s, {} of {} happenings{}, {} answers of {} kinds",
            self.clusters.len(),
            self.processes.len(),
            if self.ordered { ", order placed before" } else { "" },
            self.faults,
            self.jumps,
            self.lengths,
            self.happenings,
            self.events.len(),
            if deletes { " (deletion too)" } else { "" },
            self.answers,
            self.choices.len(),
        )
    }
}
