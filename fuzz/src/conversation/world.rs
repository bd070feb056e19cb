//! The store, the clock, and what a driver does; and what must be true whatever was answered: an order is sent on the
//! word of its stored mark only, and never beside one that may have been accepted; whatever ends a process, the store
//! knows of every order that may stand; no message repeats an answer.

use std::sync::{Arc, LazyLock};

use api::shipment::{YubiKeyShipmentStatus, journal_status};
use domain::{
    desired::Desired,
    failure::{Failure, Reason},
    fence,
    first_use::LastUseLook,
    journal::{Journal, MAILS_A_DAY, Marked, Order, Receipt},
    pass::{Ending, Facts, Live, Pass, Task, Written},
    plan::{Fetch, Idempotent},
    summary::{self, End},
};
use jiff::{SignedDuration, Timestamp};
use vendors::http::Nature;

use super::{
    reads,
    script::{Called, Event, Script},
};
use crate::{answer::SENT, is_discreet, usual::usual};

/// Tasks of a conversation that is not played to its end.
const MOST_TASKS: usize = 400;

/// Until a failed pass is tried again, in seconds.
const AGAIN: i64 = 60;

/// With `TRACE` in the environment each task is told, for whoever looks at a finding.
static TRACED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TRACE").is_some());

/// Plays the conversation until nothing is left of it.
pub fn play(input: &[u8]) {
    let mut world = World::new(input);
    for _ in 0..MOST_TASKS {
        if world.over {
            break;
        }
        world.step();
    }
    world.every_order_is_known();
}

struct World<'a> {
    script: Script<'a>,
    now: Timestamp,
    desired: Desired,
    same_connection: bool,
    stored: Arc<Journal>,
    pass: Pass,
    /// When the pass comes back.
    until: Option<Timestamp>,
    /// When the parcel was read.
    last_look: Timestamp,
    /// When it was looked whether the key is used.
    use_look: Timestamp,
    /// It waits for somebody, or for nothing at all.
    rests: bool,
    /// What became of each order that was sent.
    orders: Vec<Receipt>,
    /// When mails were asked for that may have been sent.
    mails: Vec<Timestamp>,
    over: bool,
}

impl<'a> World<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self {
            script: Script::new(input),
            now: Timestamp::from_second(SENT).expect("in range"),
            desired: usual(),
            same_connection: true,
            stored: Arc::default(),
            pass: Pass::new(Arc::default(), Journal::default()),
            until: None,
            last_look: Timestamp::UNIX_EPOCH,
            use_look: Timestamp::from_second(SENT).expect("in range"),
            rests: false,
            orders: Vec::new(),
            mails: Vec::new(),
            over: false,
        }
    }

    /// One task, after what happens before it.
    fn step(&mut self) {
        let between = |event| matches!(event, Event::Wait(_) | Event::Crash | Event::Delete | Event::Moved);
        while let Some(event) = self.script.event(between) {
            self.rests = false;
            match event {
                Event::Wait(seconds) => self.wait(SignedDuration::from_secs(seconds)),
                Event::Crash => self.begin(),
                Event::Delete => self.desired.deleting = true,
                _ => self.same_connection = false,
            }
        }
        if *TRACED {
            eprintln!("{} {:?}", self.now, self.pass.task());
        }
        match self.pass.task().clone() {
            Task::Plan => self.with_facts(Pass::plan),
            Task::Fetch(what) => self.fetch(what),
            Task::Pause(until) => {
                self.now = self.now.max(until);
                self.pass.paused();
            }
            Task::Prepare(_) => self.pass.prepared(Ok(())),
            Task::Save(_) => {
                self.pass.note_progress(1);
                self.write();
            }
            Task::Mark(..) => self.write(),
            Task::Send(what, _, marked_at) => self.send(what, marked_at),
            Task::Run(what) => self.run(what),
            Task::Record(_) => {
                match self.with_facts(|pass, facts| pass.idle_after_receipt(facts)) {
                    Some(idle) => self.pass.note_end(&End::Idle(idle), 1, "x", self.now),
                    None => self.pass.note_progress(1),
                }
                self.write();
            }
            Task::Reread(_) => {
                let live = self.live();
                self.pass.onto_live(live, self.now);
            }
            Task::Keep(_) => {
                let live = self.live();
                if self.pass.onto_live(live, self.now) {
                    self.write();
                } else {
                    self.pass.written(Written::Stored);
                }
            }
            Task::End(ending) => self.end(&ending),
            Task::Release => self.over = true,
            Task::Over => self.next(),
        }
    }

    fn wait(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap_or(self.now);
    }

    /// Another pass, from what is stored.
    fn begin(&mut self) {
        (self.same_connection, self.until) = (true, None);
        self.pass = Pass::new(Arc::clone(&self.stored), (*self.stored).clone());
    }

    /// The process is killed in the middle of a call; where the text is over, nothing follows.
    fn crash(&mut self) {
        self.over = self.script.is_over();
        self.begin();
    }

    /// The next pass, when it is due. A pass that nothing wakes any more ends the conversation.
    fn next(&mut self) {
        if self.rests || self.script.is_over() {
            self.over = true;
            return;
        }
        match self.until {
            Some(until) => self.now = self.now.max(until),
            None => self.wait(SignedDuration::from_secs(AGAIN)),
        }
        self.begin();
    }

    fn with_facts<T>(&mut self, with: impl FnOnce(&mut Pass, &Facts<'_>) -> T) -> T {
        let facts = Facts {
            desired: &self.desired,
            last_look: self.last_look,
            look_now: false,
            use_look: LastUseLook::at(self.use_look),
            rival: None,
            claimed: None,
            same_connection: self.same_connection,
            now: self.now,
        };
        with(&mut self.pass, &facts)
    }

    fn live(&self) -> Live {
        Live::Shown(Box::new((*self.stored).clone()), 1)
    }

    /// Stores the journal as the API server would, unless it refuses.
    fn write(&mut self) {
        let here = |event| matches!(event, Event::Conflict | Event::LostWrite | Event::CrashStored);
        let event = self.script.event(here);
        if event == Some(Event::Conflict) {
            return self.pass.written(Written::Refused);
        }
        self.stored = Arc::new(as_stored(&self.pass.journal));
        assert_eq!(*self.stored, self.pass.journal, "the status keeps the journal");
        match event {
            Some(Event::CrashStored) => return self.begin(),
            Some(_) => return self.pass.written(Written::Refused),
            None => {}
        }
        self.pass.note_stored();
        self.pass.written(Written::Stored);
    }

    fn fetch(&mut self, what: Fetch) {
        if what == Fetch::Rivals {
            self.pass.observed.rival_live = Some(false);
            self.pass.fetched(Ok(()));
            return;
        }
        let Called::Ended(answer) = self.script.answer(reads::asks(what), Nature::Read, self.now) else {
            return self.crash();
        };
        let read = match answer {
            Ok(answer) => reads::fetched(&mut self.pass, what, &answer, self.now),
            Err(error) => Err(error.failure),
        };
        match what {
            Fetch::Parcel if read.is_ok() => self.last_look = self.now,
            Fetch::FirstUse => self.use_look = self.now,
            _ => {}
        }
        self.pass.fetched(read);
    }

    fn send(&mut self, what: Marked, marked_at: Timestamp) {
        self.may_send(what);
        let elapsed = self.now.duration_since(marked_at).unsigned_abs();
        let (receipt, failure) = if fence::may_send(marked_at, self.now, elapsed) {
            let (api, nature) = reads::sends(what);
            // From here on it may have been done, whatever becomes of this process.
            let before = self.note_sent(what);
            let Called::Ended(answer) = self.script.answer(api, nature, self.now) else {
                return self.crash();
            };
            let (receipt, failure) = reads::receipt(what, answer);
            self.note_receipt(before, &receipt);
            (receipt, failure)
        } else {
            let late = Failure::new(Reason::StatusWriteFailed, "the mark is too old");
            (Receipt::Refused { retryable: true }, Some(late))
        };
        self.pass.sent(receipt, failure, 1, self.now);
    }

    fn may_send(&self, what: Marked) {
        let marked = match what {
            Marked::Discard => {
                self.stored.unwanted.as_ref().is_some_and(|unwanted| unwanted.mark.is_some())
                    || self.stored.made().is_some_and(|made| made.discard_mark.is_some())
            }
            _ => self
                .stored
                .open_mark(what)
                .is_some_and(|(open, _)| open == self.pass.journal.attempt_of(what)),
        };
        assert!(marked, "{what:?} is sent without a mark in the store");
        match what {
            Marked::Enroll => assert!(!self.desired.deleting, "a resource that goes gets no key"),
            Marked::Order => {
                assert!(!self.desired.deleting, "a resource that goes gets no key");
                let none = self.orders.iter().all(|receipt| matches!(receipt, Receipt::Refused { .. }));
                assert!(none, "a second order beside {:?}", self.orders);
            }
            Marked::SendPin => {
                let day = SignedDuration::from_hours(24);
                let today = self.mails.iter().filter(|at| self.now.duration_since(**at) < day).count();
                assert!(today < MAILS_A_DAY, "a mail more than {MAILS_A_DAY} a day");
                assert!(self.stored.times.activated.is_some(), "a PIN for a key that is not activated");
            }
            Marked::Discard => {}
        }
    }

    fn note_sent(&mut self, what: Marked) -> Option<usize> {
        match what {
            Marked::Order => {
                self.orders.push(Receipt::Unknown);
                Some(self.orders.len() - 1)
            }
            Marked::SendPin => {
                self.mails.push(self.now);
                None
            }
            Marked::Enroll | Marked::Discard => None,
        }
    }

    fn note_receipt(&mut self, order: Option<usize>, receipt: &Receipt) {
        if let Some(noted) = order.and_then(|index| self.orders.get_mut(index)) {
            *noted = receipt.clone();
        }
    }

    fn run(&mut self, what: Idempotent) {
        let journal = &self.pass.journal;
        match what {
            Idempotent::Activate => {
                assert!(journal.kept.is_some() && journal.accepted().is_some(), "nothing to activate with");
                assert!(!self.desired.deleting, "a key that is cancelled is not activated");
            }
            Idempotent::Cancel => assert!(self.desired.deleting && journal.accepted().is_some()),
            Idempotent::MarkError => assert!(journal.times.activated.is_none()),
        }
        let Called::Ended(answer) = self.script.answer(reads::runs(what), Nature::Change, self.now) else {
            return self.crash();
        };
        let ran = match answer {
            Ok(answer) => reads::ran(&mut self.pass.journal, what, &answer, self.now),
            Err(error) => Err(error.failure),
        };
        self.pass.ran(ran, false);
    }

    fn end(&mut self, ending: &Ending) {
        let end = ending.end();
        let (message, until) = match &end {
            End::Idle(idle) => (&idle.message, idle.until),
            End::Failed(failure) => (&failure.message, None),
        };
        is_discreet(message);
        assert!(!message.contains("does not come to an end"), "{message}");
        self.until = until;
        self.rests = matches!(end, End::Idle(_)) && until.is_none();
        self.pass.note_end(&end, 1, "x", self.now);
        let _ = summary::summarise(&self.pass.journal, &end, self.desired.deleting);
        self.write();
    }

    /// What was sent and not refused is never forgotten.
    fn every_order_is_known(&self) {
        let stands = self.orders.iter().find(|receipt| !matches!(receipt, Receipt::Refused { .. }));
        let Some(stands) = stands else { return };
        match &self.stored.order {
            Order::Open(..) | Order::Unknown(..) | Order::Accepted(_) | Order::Cancelled(..) => {}
            other => panic!("{stands:?} was sent, and the store knows {other:?}"),
        }
    }
}

/// As the API server gives it back.
fn as_stored(journal: &Journal) -> Journal {
    let mut status = YubiKeyShipmentStatus::default();
    journal_status::write(journal, &mut status);
    let text = serde_json::to_string(&status).expect("a status is JSON");
    let status = serde_json::from_str(&text).expect("a status is read again");
    journal_status::read(&status).expect("a status of ours can be read")
}
