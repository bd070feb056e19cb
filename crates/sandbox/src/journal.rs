//! Every call to either vendor and to the HRIS, in the order they arrived.

use jiff::Timestamp;
use serde::Serialize;

use crate::clock;
use crate::http::About;

/// Which vendor was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    Okta,
    Yubico,
    Hris,
}

/// One call that the sandbox was sent, and its answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub seq: u64,
    pub at: Timestamp,
    pub api: Api,
    pub operation: String,
    pub method: String,
    pub path: String,
    /// What the caller was told; null while the call runs and when the connection was dropped.
    pub status: Option<u16>,
    /// The operation succeeded at the vendor, whatever the caller was told.
    pub committed: bool,
    /// A fault rule had a hand in it.
    pub faulted: bool,
    /// When the answer (or the lack of it) was final; null while the call runs.
    pub finished_at: Option<Timestamp>,
    #[serde(flatten)]
    pub about: About,
}

/// All calls since the start, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
}

impl Journal {
    /// A call has arrived; the answer is its sequence number, counted from 1.
    pub fn arrived(&mut self, api: Api, operation: &str, method: &str, path: &str) -> u64 {
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(Entry {
            seq,
            at: clock::now(),
            api,
            operation: operation.into(),
            method: method.into(),
            path: path.into(),
            status: None,
            committed: false,
            faulted: false,
            finished_at: None,
            about: About::default(),
        });
        seq
    }

    /// Changes a call's entry.
    pub fn update(&mut self, seq: u64, change: impl FnOnce(&mut Entry)) {
        let index = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1));
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            change(entry);
        }
    }

    /// Calls after a sequence number.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.seq > seq)
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.entries.iter().filter(|entry| entry.operation == operation).count()
    }
}
