//! A state in one line, for traces.

use domain::{
    journal::{Enrollment, Journal, Order},
    pass::Task,
    summary::End,
};

use crate::state::{Slot, State, seconds};

/// Everything that matters, short.
pub fn line(s: &State) -> String {
    let mut parts = vec![format!("{:>7} s", s.now)];
    for (n, slot) in s.slots.iter().enumerate() {
        parts.push(format!("status {n}: {}", status(slot)));
    }
    for (p, pass) in s.passes.iter().enumerate() {
        if let Some(pass) = pass {
            let old = if pass.current { "" } else { " (on an old version)" };
            parts.push(format!("process {p} next: {}{old}", task(pass.machine.task())));
        }
    }
    let enrolled = s.enrolled.iter().enumerate().map(|(n, e)| match e.slot {
        Some(slot) => format!("e{n} of {slot} {:?}", e.fate),
        None => format!("e{n} of another tool {:?}", e.fate),
    });
    let orders = s.orders.iter().enumerate().map(|(n, o)| {
        format!(
            "s{n} of {} with e{} {}{}",
            o.slot,
            o.enrollment,
            o.state,
            if o.cancelled { " cancelled" } else { "" }
        )
    });
    let vendors: Vec<_> = enrolled.chain(orders).collect();
    parts.push(format!("vendors: [{}]", vendors.join(", ")));
    if let Some(rule) = s.broken {
        parts.push(format!("BROKEN: {rule:?}"));
    }
    parts.join(" | ")
}

fn task(task: &Task) -> String {
    match task {
        Task::Send(what, attempt, at) => format!("send {what:?} {attempt} marked at {} s", seconds(*at)),
        Task::End(ending) => match ending.end() {
            End::Idle(rest) => format!("write the end {}", rest.reason),
            End::Failed(failure) => format!("write the failure {}", failure.reason),
        },
        other => format!("{other:?}"),
    }
}

fn status(slot: &Slot) -> String {
    let Some(live) = &slot.live else { return "gone".to_owned() };
    let deleting = if live.deleting { " deleting" } else { "" };
    format!("{}{deleting}", journal(&live.journal))
}

fn journal(journal: &Journal) -> String {
    let enrollment = match &journal.enrollment {
        Enrollment::Never => "-".to_owned(),
        Enrollment::Open(n, _) => format!("enrol {n} open"),
        Enrollment::Refused(n) => format!("enrol {n} refused"),
        Enrollment::Made(made) => {
            format!("{}{}", made.id, if made.discard_mark.is_some() { " discarding" } else { "" })
        }
        Enrollment::Discarded(n) => format!("enrol {n} discarded"),
    };
    let order = match &journal.order {
        Order::Never => "-".to_owned(),
        Order::Open(n, _) => format!("order {n} open"),
        Order::Unknown(n, _, _) => format!("order {n} unknown"),
        Order::Refused(refused) => format!("order {} refused", refused.attempt),
        Order::Accepted(accepted) => accepted.id.to_string(),
        Order::Cancelled(..) => "cancelled".to_owned(),
    };
    let hold =
        journal.hold.as_ref().map(|hold| format!(" held {} {}", hold.reason, hold.id)).unwrap_or_default();
    let unwanted = journal.unwanted.as_ref().map(|u| format!(" unwanted {}", u.id)).unwrap_or_default();
    let active = if journal.times.activated.is_some() { " active" } else { "" };
    let pin = if journal.times.pin_sent.is_some() { " PIN sent" } else { "" };
    format!("{enrollment}/{order}{active}{pin}{unwanted}{hold}")
}
