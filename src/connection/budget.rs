//! A connection's limits, as a queue waits for them.

use std::sync::Arc;

use domain::{backoff, failure::CallError};
use queue::budget_queue::{Budget, Short, Vendor};

use crate::connection::{
    handle::ConnectionHandle,
    need::{Need, Reserved, Yubico},
};

impl Budget for ConnectionHandle {
    type Need = Need;
    type Reserved = Reserved;

    fn reserve(&self, need: Need) -> Result<Reserved, Short> {
        let yubico = |error: CallError| short(Vendor::Yubico, &error);
        let place = match need.yubico {
            Yubico::Nothing => None,
            Yubico::Calls => self.yubico.open_door().map(|()| None).map_err(yubico)?,
            Yubico::Order => self.yubico.place().map(Some).map_err(yubico)?,
        };
        let okta = if need.okta.is_none() {
            None
        } else {
            let reserved = self.okta.reserve(need.okta).map_err(|error| short(Vendor::Okta, &error))?;
            Some(Arc::new(reserved))
        };
        Ok(Reserved { okta, place })
    }

    fn a_window(&self, need: Need) -> Option<u64> {
        self.okta.a_window(need.okta)
    }
}

fn short(of: Vendor, error: &CallError) -> Short {
    Short { of, wait: error.failure.retry_after.unwrap_or(backoff::UNNAMED.unsigned_abs()) }
}
