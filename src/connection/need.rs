//! What a pass needs of the vendors' limits, and what was reserved for it.

use std::sync::Arc;

use vendors::{
    okta::{Calls, Reservation},
    yubico::OrderPlace,
};

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
    /// A place among those whose order follows in time, if one was needed.
    pub place: Option<OrderPlace>,
}
