//! When the operator last did something about a world, by the API server's audit log and the vendors' journal.

use std::collections::HashMap;

use kube_test::{AuditLog, Mark, Request};
use serde_json::Value;
use testbed::{
    install::{ACCOUNT, SYSTEM},
    objects::text,
    setup::Fault,
};
use tokio::time::Instant;

use crate::{bed::Bed, world::World};

/// Calls that are due by the clock: polls of parcels, and sources of rollouts.
const DUE: [&str; 8] = [
    "GetFPRShipmentById",
    "ListFPRShipments",
    "ListShipmentsExact",
    "GetShipmentExactById",
    "listUsers",
    "listGroups",
    "listGroupUsers",
    "listLogEvents",
];

/// What was seen so far.
pub(crate) struct Activity {
    log: AuditLog,
    mark: Mark,
    /// The next call of the journal that was not looked at.
    next: u64,
    people: HashMap<String, String>,
    orders: HashMap<String, String>,
    last: HashMap<String, (Instant, String)>,
}

impl Activity {
    /// From now on.
    pub(crate) async fn begin(bed: &Bed, worlds: &[World]) -> Result<Self, Fault> {
        let log = AuditLog::at(&bed.plane.audit_log);
        let mark = log.mark()?;
        let (mut people, mut orders) = (HashMap::new(), HashMap::new());
        for world in worlds {
            people.extend(world.people.iter().map(|person| (person.id.clone(), world.tag.clone())));
        }
        let calls = bed.calls(0).await?;
        for call in &calls {
            let order = text(call, "/shipmentId");
            if let (Some(tag), false) = (people.get(text(call, "/userId")), order.is_empty()) {
                orders.insert(order.to_owned(), tag.clone());
            }
        }
        let next = calls.last().and_then(|call| call["seq"].as_u64()).unwrap_or(0);
        let now = Instant::now();
        let last = worlds.iter().map(|world| (world.tag.clone(), (now, String::new()))).collect();
        Ok(Self { log, mark, next, people, orders, last })
    }

    /// Looks at what came since.
    pub(crate) async fn look(&mut self, bed: &Bed) -> Result<(), Fault> {
        let now = Instant::now();
        let mark = self.log.mark()?;
        for request in Vec::<Request>::from(self.log.since(self.mark)?) {
            if is_written(&request) {
                let tag = if request.namespace().is_empty() { request.name() } else { request.namespace() };
                let what = format!("{} {} {}", request.verb(), request.resource(), request.name());
                self.note(tag, now, what);
            }
        }
        self.mark = mark;
        for call in bed.calls(self.next + 1).await? {
            self.next = self.next.max(call["seq"].as_u64().unwrap_or(0));
            self.called(&call, now);
        }
        Ok(())
    }

    fn called(&mut self, call: &Value, now: Instant) {
        let (user, order) = (text(call, "/userId"), text(call, "/shipmentId"));
        let Some(tag) = self.people.get(user).or_else(|| self.orders.get(order)).cloned() else { return };
        if !order.is_empty() {
            self.orders.insert(order.to_owned(), tag.clone());
        }
        if !DUE.contains(&text(call, "/operation")) {
            self.note(&tag, now, format!("call {} about {user}{order}", text(call, "/operation")));
        }
    }

    fn note(&mut self, tag: &str, now: Instant, what: String) {
        if let Some(last) = self.last.get_mut(tag) {
            *last = (now, what);
        }
    }

    /// Since when nothing was done about a world, and what it was.
    pub(crate) fn last(&self, tag: &str) -> Option<&(Instant, String)> {
        self.last.get(tag)
    }
}

/// The operator changed something, or tried to.
fn is_written(request: &Request) -> bool {
    request.is_write()
        && request.user() == format!("system:serviceaccount:{SYSTEM}:{ACCOUNT}")
        && ["fidoprereg.dev", "events.k8s.io"].contains(&request.group())
}
