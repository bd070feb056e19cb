//! All that a run left behind.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testbed::{
    diary::Pages,
    folder::{self, Folder},
    objects::Shipments,
    setup::Fault,
};

use super::{
    journal::Journal,
    time_outs::{self, TimeOut},
    writes::Writes,
};

/// A call starts at most this long after its mark.
pub(crate) const LATEST_START: SignedDuration = SignedDuration::from_secs(10);

/// Everything that the audit looks at.
pub(crate) struct Evidence {
    pub pages: Pages,
    pub journal: Journal,
    /// The vendors' world at the end.
    pub state: Value,
    pub shipments: Shipments,
    /// What the operator told about the cluster's objects.
    pub events: Vec<Value>,
    /// Calls whose answer the operator waited for in vain, by its logs.
    pub time_outs: Vec<TimeOut>,
    /// What was written of shipments, where that is known.
    pub writes: Option<Writes>,
}

impl Evidence {
    pub(crate) fn load(folder: &Folder) -> Result<Self, Fault> {
        Ok(Self {
            pages: folder.load(folder::DIARY)?,
            journal: Journal::new(folder.load(folder::JOURNAL)?),
            state: folder.load(folder::STATE)?,
            shipments: Shipments::new(folder.load(folder::SHIPMENTS)?),
            events: folder.load(folder::EVENTS)?,
            time_outs: time_outs::read(folder)?,
            writes: Writes::read(folder)?,
        })
    }

    /// Was a process killed, or the API server away, at some moment of this time?
    pub(crate) fn something_died(&self, from: Timestamp, to: Timestamp) -> bool {
        let killed = self.pages.kills.iter().any(|kill| kill.at >= from && kill.at <= to);
        killed || self.pages.outages.iter().any(|outage| outage.from <= to && outage.to >= from)
    }

    /// When a process was killed first, or the API server away, within this time.
    pub(crate) fn first_death(&self, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
        let kills = self.pages.kills.iter().map(|kill| kill.at);
        let outages = self.pages.outages.iter().filter(|outage| outage.to >= from);
        let all = kills.filter(|at| *at >= from).chain(outages.map(|outage| outage.from.max(from)));
        all.filter(|at| *at <= to).min()
    }

    /// Enrolments of a person that Okta has at the end.
    pub(crate) fn enrollments_of(&self, user: &str) -> impl Iterator<Item = &Value> {
        let all = self.state["enrollments"].as_array().into_iter().flatten();
        all.filter(move |enrollment| enrollment["userId"] == user)
    }
}

/// That much later.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}
