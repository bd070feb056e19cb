//! A small world with both vendors, a store guarded by versions, and processes that die anywhere. A tape of random
//! numbers decides what goes wrong; whatever it says, no second key leaves and none is lost.

use proptest::prelude::*;

use super::*;
use crate::{
    failure::{Kind, Reason},
    journal::Unwanted,
    plan::{Idempotent, Idle, Search},
    summary::{self, End},
};

/// What goes wrong at one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    /// The process dies before the call or write.
    DiesBefore,
    /// It takes effect, and the process dies before it knows.
    DiesAfter,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// Nothing happens, and the answer is lost.
    CallLost,
    /// Definitely refused, may go again.
    Refused,
}

#[derive(Debug, Clone)]
struct Tape {
    fates: Vec<u8>,
    next: usize,
}

impl Tape {
    fn fate(&mut self) -> Fate {
        let number = self.fates.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        match number {
            1 => Fate::DiesBefore,
            2 => Fate::DiesAfter,
            3 => Fate::AnswerLost,
            4 => Fate::CallLost,
            5 => Fate::Refused,
            _ => Fate::Fine,
        }
    }

    /// A second process woke up with an older copy of the status.
    fn stale(&mut self) -> bool {
        let number = self.fates.get(self.next).copied().unwrap_or(0);
        number == 6
    }
}

/// An order at the vendor.
#[derive(Debug, Clone)]
struct Order {
    enrollment: String,
}

struct World {
    now: i64,
    stored: Journal,
    version: u32,
    history: Vec<(u32, Journal)>,
    enrollments: Vec<(String, EnrollmentStatus, Timestamp)>,
    orders: Vec<Order>,
    delivered: bool,
    pins: Vec<i64>,
    discarded: Vec<String>,
    tape: Tape,
    /// The connection is bound to the one cluster of this world.
    bound: bool,
    /// The vendor's list shows pre-registered orders.
    listed: bool,
}

struct Died;

impl World {
    fn new(fates: Vec<u8>, bound: bool, listed: bool) -> Self {
        let stored = Journal::default();
        Self {
            now: 0,
            version: 0,
            history: vec![(0, stored.clone())],
            stored,
            enrollments: vec![],
            orders: vec![],
            delivered: false,
            pins: vec![],
            discarded: vec![],
            tape: Tape { fates, next: 0 },
            bound,
            listed,
        }
    }

    fn list(&self) -> EnrollmentList {
        let entries =
            self.enrollments.iter().map(|(id, status, created)| listed(id, status.clone(), *created));
        EnrollmentList { at: at(self.now), entries: entries.collect() }
    }

    /// A write guarded by the version it was read at.
    fn write(&mut self, journal: &Journal, version: &mut u32) -> Result<(), Died> {
        match self.tape.fate() {
            Fate::DiesBefore | Fate::CallLost => return Err(Died),
            fate => {
                if *version != self.version {
                    return Err(Died);
                }
                self.version += 1;
                *version = self.version;
                self.stored = journal.clone();
                self.history.push((self.version, journal.clone()));
                if matches!(fate, Fate::DiesAfter | Fate::AnswerLost) {
                    return Err(Died);
                }
            }
        }
        Ok(())
    }

    /// What the vendor does, and what the sender learns.
    fn send(&mut self, what: Marked, journal: &Journal) -> Result<Receipt, Died> {
        let fate = self.tape.fate();
        match fate {
            Fate::DiesBefore => return Err(Died),
            Fate::CallLost => return Ok(Receipt::Unknown),
            Fate::Refused => return Ok(Receipt::Refused { retryable: true }),
            Fate::Fine | Fate::DiesAfter | Fate::AnswerLost => {}
        }
        let receipt = self.serve(what, journal);
        match fate {
            Fate::DiesAfter => Err(Died),
            Fate::AnswerLost => Ok(Receipt::Unknown),
            _ => Ok(receipt),
        }
    }

    fn serve(&mut self, what: Marked, journal: &Journal) -> Receipt {
        let ours = journal.made().map(|made| made.id.to_string()).unwrap_or_default();
        match what {
            Marked::Enroll => {
                let id = format!("e{}", self.enrollments.len() + self.discarded.len());
                self.enrollments.push((id.clone(), EnrollmentStatus::Pending, at(self.now)));
                Receipt::Enrolled(new_enrollment(&id), rp_id())
            }
            Marked::Order => {
                self.orders.push(Order { enrollment: ours });
                Receipt::Ordered(ShipmentId::new(format!("s{}", self.orders.len())).expect("valid"))
            }
            Marked::Discard => {
                let gone = journal.unwanted.as_ref().map_or(ours, |unwanted| unwanted.id.to_string());
                self.enrollments.retain(|(id, ..)| *id != gone);
                self.discarded.push(gone);
                Receipt::Done
            }
            Marked::SendPin => {
                let active =
                    self.enrollments.iter().any(|(id, s, _)| *id == ours && *s == EnrollmentStatus::Active);
                assert!(active, "a PIN before the activation");
                self.pins.push(self.now);
                Receipt::Done
            }
        }
    }

    fn activate(&mut self, journal: &mut Journal, seen: &mut Observed) -> Result<(), Died> {
        let fate = self.tape.fate();
        if fate == Fate::DiesBefore {
            return Err(Died);
        }
        let ours = journal.made().map(|made| made.id.to_string()).unwrap_or_default();
        assert!(self.delivered, "activated although the parcel is not delivered");
        if !matches!(fate, Fate::CallLost | Fate::Refused) {
            for entry in self.enrollments.iter_mut().filter(|(id, ..)| *id == ours) {
                entry.1 = EnrollmentStatus::Active;
            }
        }
        match fate {
            Fate::Fine => journal.observe_activation(at(self.now)),
            Fate::DiesAfter => return Err(Died),
            _ => {
                let lost = crate::failure::Failure::new(Reason::OktaUnavailable, "lost");
                seen.activation_failed = Some(lost);
            }
        }
        Ok(())
    }

    /// One pass of one process, possibly with an older copy of the status.
    fn pass(&mut self) -> Result<Option<Idle>, Died> {
        let stale = self.tape.stale();
        let (mut version, mut journal) = if stale && self.history.len() > 1 {
            self.history[self.history.len() - 2].clone()
        } else {
            (self.version, self.stored.clone())
        };
        let mut saved = journal.clone();
        let mut seen = Observed::default();
        for _ in 0..40 {
            let desired = Desired { bound: self.bound, first_use: true, ..desired() };
            let now = at(self.now);
            let situation = Situation {
                desired: &desired,
                journal: &journal,
                seen: &seen,
                saved: journal == saved,
                last_look: at(self.now - 1_000_000),
                look_now: false,
                use_look: LastUseLook { asked: true, ..LastUseLook::at(now) },
                rival: None,
                claimed: None,
                now,
            };
            match plan(&situation) {
                Step::Fetch(Fetch::User) => {
                    seen.user = Some(person(UserStatus::Active));
                    journal.observe_user(&user(), &orgs());
                }
                Step::Fetch(Fetch::Enrollments) => {
                    let list = self.list();
                    journal.observe_list(&list, now);
                    seen.list = Some(list);
                }
                Step::Fetch(Fetch::Address) => seen.checked = Some(Ok(())),
                Step::Fetch(Fetch::Parcel) => self.see_parcel(&mut journal, &mut seen),
                Step::Pause(until) => self.now = (until.as_second() - at(0).as_second()).max(self.now),
                Step::Save => {
                    self.write(&journal, &mut version)?;
                    saved = journal.clone();
                }
                Step::Mark(what) => {
                    journal.mark(what, now, seen.list.as_ref());
                    self.write(&journal, &mut version)?;
                    let attempt = journal.attempt_of(what);
                    let receipt = self.send(what, &journal)?;
                    seen.list = None;
                    assert!(
                        journal.record(what, attempt, &receipt, 1, now),
                        "the mark of this process is open"
                    );
                    if matches!(receipt, Receipt::Refused { .. }) {
                        self.write(&journal, &mut version)?;
                        return Ok(None);
                    }
                }
                Step::Run(Idempotent::Activate) => self.activate(&mut journal, &mut seen)?,
                Step::Run(other) => panic!("{other:?} in a world without it"),
                Step::Idle(rest) => {
                    summary::note_end(&mut journal, &End::Idle(rest.clone()), 1, "abc234", now);
                    if journal != saved {
                        self.write(&journal, &mut version)?;
                    }
                    return Ok(Some(rest));
                }
                Step::Fail(_) => return Ok(None),
                Step::Fetch(Fetch::Rivals) => seen.rival_live = Some(false),
                Step::Fetch(Fetch::FirstUse) => {
                    seen.first_use = journal.observe_first_use(&self.list(), now);
                    assert!(seen.first_use.is_some(), "only finished ones are asked about");
                }
                Step::Fetch(Fetch::Search) => self.search(&mut journal, &mut seen),
                Step::Fetch(Fetch::Adoption) => self.adopt(&mut journal, &mut seen),
                // A stale reader may condemn what is ordered long since; the write of its mark meets a conflict.
                Step::MarkOrphaned(id) => journal.unwanted = Some(Unwanted { id, mark: None }),
                Step::Release => panic!("released without a deletion"),
            }
        }
        panic!("the plan does not come to an end");
    }

    /// What the vendor's list shows, if it shows pre-registered orders at all.
    fn search(&self, journal: &mut Journal, seen: &mut Observed) {
        let one = match self.orders.as_slice() {
            [_] if self.listed => ShipmentId::new("s1").ok(),
            _ => None,
        };
        journal.observe_search(one.as_ref(), at(self.now));
        seen.search = Some(one.map_or(Search::Undecided, Search::One));
    }

    fn adopt(&self, journal: &mut Journal, seen: &mut Observed) {
        let Some(adoption) = journal.adoption.clone() else { return };
        if self.orders.is_empty() {
            journal.adoption = None;
            seen.adoption_refused = Some("no such order".into());
        } else {
            journal.observe_adopted(&adoption.shipment, None, at(self.now));
        }
    }

    fn see_parcel(&mut self, journal: &mut Journal, seen: &mut Observed) {
        let Some(order) = self.orders.first() else { return };
        let state = ParcelState::from_id(if self.delivered { 104 } else { 103 });
        let programmed = Programmed::One(Box::new(responses(&order.enrollment)));
        journal.observe_parcel(state, &programmed, &[], at(self.now));
        seen.parcel = Some(Observation::Shown(None));
    }

    fn check(&self) {
        assert!(self.orders.len() <= 1, "ordered twice: {:?}", self.orders);
        for order in &self.orders {
            assert!(
                !self.discarded.contains(&order.enrollment),
                "discarded the enrolment of an accepted order"
            );
        }
        for window in self.pins.windows(4) {
            assert!(window[3] - window[0] >= 86_400, "more than three mails within a day: {window:?}");
        }
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(4_000))]

    /// Never twice, never lost: after any accidents, a fair run ends activated with its PIN sent, or visibly held.
    #[test]
    fn no_accident_orders_twice_or_loses_a_key(
        fates in proptest::collection::vec(0_u8..12, 0..40), deliver_at in 0_usize..12, bound: bool, listed: bool,
    ) {
        let mut world = World::new(fates, bound, listed);
        let mut last = None;
        for round in 0..80 {
            if round == deliver_at {
                world.delivered = true;
            }
            if let Ok(rest) = world.pass() {
                last = rest;
            }
            world.check();
            // First close together, then days apart, so that every limit and deadline passes too.
            world.now += if round < 60 { 200 } else { 90_000 };
        }
        let rest = last.expect("a fair run comes to rest");
        let done = rest.reason == Reason::Activated && world.stored.times.pin_sent.is_some();
        let held = rest.reason.kind() == Kind::Stalled && world.stored.hold.is_some();
        prop_assert!(done || held, "ended with {:?}", rest);
        if bound && listed && !world.orders.is_empty() {
            prop_assert!(done, "an order that the vendor shows is taken over, not held: {:?}", rest);
        }
        if done {
            prop_assert_eq!(world.orders.len(), 1);
            prop_assert!(!world.pins.is_empty());
        }
    }
}
