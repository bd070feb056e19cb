//! A connection's limits, as a queue waits for them.

use std::sync::Arc;

use domain::{backoff, failure::CallError};
use queue::budget_queue::{Budget, Short, Vendor};
use vendors::{
    okta::{Calls, Reservation},
    yubico::OrderPlace,
};

use crate::connection::handle::ConnectionHandle;

/// What a pass needs to be able to finish what it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Calls to Okta.
    pub okta: Calls,
    /// Calls to `YubiEnterprise`.
    pub yubico: Yubico,
}

/// What a pass needs of `YubiEnterprise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yubico {
    /// Nothing that could not wait.
    Nothing,
    /// That it takes calls.
    Calls,
    /// A place among those whose order follows in time.
    Order,
}

/// What was reserved.
#[derive(Debug)]
pub struct Reserved {
    /// Calls to Okta, if some were needed.
    pub okta: Option<Arc<Reservation>>,
    _place: Option<OrderPlace>,
}

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
        Ok(Reserved { okta, _place: place })
    }

    fn a_window(&self, need: Need) -> Option<u64> {
        self.okta.a_window(need.okta)
    }
}

fn short(of: Vendor, error: &CallError) -> Short {
    Short { of, wait: error.failure.retry_after.unwrap_or(backoff::UNNAMED.unsigned_abs()) }
}
