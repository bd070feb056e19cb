//! The loop alone: what follows on what, whatever the planner wants. A small world plays the store and both vendors.

use super::*;
use crate::{
    desired::Desired,
    ids::ShipmentId,
    plan::{
        Fetch, Observation, ObservedUser, Person,
        tests::{NEVER_ASKED, at, desired, enrolled, listed, new_enrollment, orgs, responses, rp_id, user},
    },
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, ParcelState, Programmed, UserStatus,
    },
};

/// The store, both vendors and a clock, all of them kind.
struct World {
    now: i64,
    stored: Arc<Journal>,
    enrolled: Option<ListedEnrollment>,
    parcel: u32,
    /// Everything that was sent, in order.
    sent: Vec<&'static str>,
    writes: usize,
}

impl World {
    fn new() -> Self {
        Self { now: 0, stored: Arc::default(), enrolled: None, parcel: 3, sent: vec![], writes: 0 }
    }

    fn begin(&self) -> Pass {
        Pass::new(Arc::clone(&self.stored), (*self.stored).clone())
    }

    /// Plays one pass to its end. Until when it rests.
    fn play(&mut self) -> Option<Timestamp> {
        let mut pass = self.begin();
        let mut until = None;
        while *pass.task() != Task::Over {
            if let Task::End(Ending::Idle(idle)) = pass.task() {
                until = idle.until;
            }
            self.perform(&mut pass);
        }
        until
    }

    fn store(&mut self, pass: &mut Pass) {
        self.writes += usize::from(pass.journal != *self.stored);
        pass.note_stored();
        self.stored = Arc::clone(pass.stored());
        pass.written(Written::Stored);
    }

    fn perform(&mut self, pass: &mut Pass) {
        match pass.task().clone() {
            Task::Plan => with_facts(&desired(), self.now, true, |facts| pass.plan(facts)),
            Task::Fetch(what) => {
                self.fetch(pass, what);
                pass.fetched(Ok(()));
            }
            Task::Pause(until) => {
                self.now = until.as_second() - at(0).as_second();
                pass.paused();
            }
            Task::Prepare(_) => pass.prepared(Ok(())),
            Task::Save(_) | Task::Mark(..) => self.store(pass),
            Task::Send(what, ..) => {
                let receipt = self.send(what);
                assert!(pass.sent(receipt, None, 1, at(self.now)));
            }
            Task::Run(what) => {
                self.run(pass, what);
                pass.ran(Ok(()), false);
            }
            Task::Record(_) => {
                let end = with_facts(&desired(), self.now, true, |facts| pass.idle_after_receipt(facts));
                let end = End::Idle(end.expect("after an order the pass rests"));
                pass.note_end(&end, 1, "x", at(self.now));
                self.store(pass);
            }
            Task::End(ending) => {
                pass.note_end(&ending.end(), 1, "x", at(self.now));
                self.store(pass);
            }
            other => panic!("{other:?}"),
        }
    }

    fn fetch(&self, pass: &mut Pass, what: Fetch) {
        match what {
            Fetch::User => {
                pass.journal.observe_user(&user(), &orgs());
                let status = UserStatus::Active;
                pass.observed.user = Some(Person::Found(ObservedUser { id: user(), status }));
            }
            Fetch::Enrollments => {
                let list =
                    EnrollmentList { at: at(self.now), entries: self.enrolled.iter().cloned().collect() };
                pass.journal.observe_list(&list, at(self.now));
                pass.observed.list = Some(list);
            }
            Fetch::Address => pass.observed.checked = Some(Ok(())),
            Fetch::Rivals => pass.observed.rival_live = Some(false),
            Fetch::Parcel => {
                let state = ParcelState::from_id(self.parcel);
                let programmed = if self.parcel >= 103 {
                    Programmed::One(Box::new(responses("ours")))
                } else {
                    Programmed::NotYet
                };
                pass.journal.observe_parcel(state, &programmed, &[], at(self.now));
                pass.observed.parcel = Some(Observation::Shown(None));
            }
            Fetch::Search | Fetch::Adoption | Fetch::FirstUse => panic!("nothing was lost, nor asked"),
        }
    }

    fn send(&mut self, what: Marked) -> Receipt {
        match what {
            Marked::Enroll => {
                self.sent.push("enrol");
                self.enrolled = Some(listed("ours", EnrollmentStatus::Pending, at(self.now)));
                Receipt::Enrolled(new_enrollment("ours"), rp_id())
            }
            Marked::Order => {
                self.sent.push("order");
                Receipt::Ordered(ShipmentId::new("s1").expect("valid"))
            }
            Marked::SendPin => {
                self.sent.push("PIN");
                Receipt::Done
            }
            Marked::Discard => panic!("nothing is removed"),
        }
    }

    fn run(&mut self, pass: &mut Pass, what: Idempotent) {
        assert_eq!(what, Idempotent::Activate);
        self.sent.push("activate");
        self.enrolled = Some(listed("ours", EnrollmentStatus::Active, at(self.now)));
        pass.journal.observe_activation(at(self.now));
    }
}

fn with_facts<T>(desired: &Desired, now: i64, same: bool, plan: impl FnOnce(&Facts<'_>) -> T) -> T {
    plan(&Facts {
        desired,
        last_look: at(now - 1_000_000),
        look_now: false,
        use_look: NEVER_ASKED,
        rival: None,
        claimed: None,
        same_connection: same,
        now: at(now),
    })
}

/// A pass that is about to write the mark of its enrolment.
fn about_to_mark(world: &mut World) -> Pass {
    let mut pass = world.begin();
    while !matches!(pass.task(), Task::Mark(Marked::Enroll, _)) {
        world.perform(&mut pass);
    }
    pass
}

/// A pass with an enrolment whose receipt stands nowhere.
fn about_to_carry(world: &mut World) -> Pass {
    let mut pass = about_to_mark(world);
    while world.enrolled.is_none() {
        world.perform(&mut pass);
    }
    assert!(pass.carries());
    pass
}

#[test]
fn weeks_of_a_shipment_pass_in_four_writes_before_its_parcel_and_three_after() {
    let mut world = World::new();
    let next = world.play().expect("it is followed");
    assert_eq!(world.sent, ["enrol", "order"]);
    assert_eq!(world.writes, 3, "enrol mark; enrolment with the order's mark; ordered");
    world.now = next.as_second() - at(0).as_second();
    world.parcel = 103;
    world.now = world.play().expect("it is followed").as_second() - at(0).as_second();
    world.now += 14 * 24 * 3_600;
    world.parcel = 104;
    while world.sent.len() < 4 {
        world.play();
    }
    assert_eq!(world.sent, ["enrol", "order", "activate", "PIN"]);
    let writes = world.writes;
    world.play();
    assert_eq!(world.writes, writes, "nothing is written at rest");
}

#[test]
fn what_was_marked_is_sent_only_on_the_word_of_its_write() {
    for refused in [Written::Refused, Written::Gone] {
        let mut pass = about_to_mark(&mut World::new());
        pass.written(refused);
        assert_eq!(*pass.task(), Task::Over, "{refused:?}: the same patch is never sent on a newer version");
    }
}

#[test]
fn no_mark_is_written_under_a_connection_that_was_replaced_meanwhile() {
    let mut world = World::new();
    let mut pass = world.begin();
    while !matches!(pass.task(), Task::Prepare(_)) {
        world.perform(&mut pass);
    }
    pass.prepared(Ok(()));
    with_facts(&desired(), 0, false, |facts| pass.plan(facts));
    assert_eq!(
        (pass.task(), pass.journal == *world.stored || pass.journal.user.is_some()),
        (&Task::Over, true)
    );
    assert!(pass.journal.open_mark(Marked::Enroll).is_none());
}

/// A slot may come late: what was true when it was asked for may be so no longer.
#[test]
fn the_plan_is_asked_again_once_everything_is_prepared() {
    let mut world = World::new();
    let mut pass = world.begin();
    while !matches!(pass.task(), Task::Prepare(_)) {
        world.perform(&mut pass);
    }
    pass.prepared(Ok(()));
    let suspended = UserStatus::Suspended;
    pass.observed.user = Some(Person::Found(ObservedUser { id: user(), status: suspended }));
    while !matches!(pass.task(), Task::End(_)) {
        with_facts(&desired(), 0, true, |facts| pass.plan(facts));
    }
    assert!(pass.journal.open_mark(Marked::Enroll).is_none());
}

#[test]
fn a_receipt_whose_write_is_refused_is_kept_and_written_alone() {
    let mut world = World::new();
    let mut pass = about_to_carry(&mut world);
    while !matches!(pass.task(), Task::Mark(Marked::Order, _)) {
        world.perform(&mut pass);
    }
    pass.written(Written::Refused);
    let Task::Keep(carried) = pass.task() else { panic!("{:?}", pass.task()) };
    assert_eq!(carried.what, Marked::Enroll);
    let live = || Live::Shown(Box::new((*world.stored).clone()), 1);
    assert!(pass.onto_live(live(), at(5)));
    assert!(pass.journal.made().is_some() && pass.journal.open_mark(Marked::Order).is_none());
    pass.written(Written::Refused);
    assert!(matches!(pass.task(), Task::Keep(_)), "until it stands");
    assert!(pass.onto_live(live(), at(6)));
    pass.note_stored();
    pass.written(Written::Stored);
    assert_eq!(*pass.task(), Task::Over);
}

#[test]
fn a_receipt_goes_with_the_next_write_and_is_then_kept_no_more() {
    let mut world = World::new();
    let mut pass = about_to_carry(&mut world);
    while !matches!(pass.task(), Task::Send(Marked::Order, ..)) {
        world.perform(&mut pass);
    }
    assert!(!pass.carries() && world.stored.made().is_some());
}

#[test]
fn a_pass_that_was_stopped_begins_nothing_and_writes_what_it_knows() {
    let mut pass = about_to_mark(&mut World::new());
    pass.stop();
    assert_eq!(*pass.task(), Task::Over);
    let mut pass = about_to_carry(&mut World::new());
    pass.stop();
    assert!(matches!(pass.task(), Task::Keep(_)));
}

/// An order that was sent, with its receipt still to be written.
fn about_to_record() -> (World, Pass) {
    let mut world = World::new();
    let mut pass = world.begin();
    while !matches!(pass.task(), Task::Record(_)) {
        world.perform(&mut pass);
    }
    (world, pass)
}

#[test]
fn the_receipt_of_an_order_is_written_until_it_stands() {
    let (world, mut pass) = about_to_record();
    for _ in 0..100 {
        pass.written(Written::Refused);
        assert!(matches!(pass.task(), Task::Reread(_)));
        assert!(pass.onto_live(Live::Shown(Box::new((*world.stored).clone()), 1), at(5)));
        assert!(matches!(pass.task(), Task::Record(_)) && pass.journal.accepted().is_some());
    }
    pass.written(Written::Refused);
    assert!(!pass.onto_live(Live::Unreadable, at(6)));
    assert!(matches!(pass.task(), Task::Record(_)), "it may be readable next time");
}

#[test]
fn an_orders_receipt_that_stands_already_or_has_no_object_any_more_ends_the_pass() {
    let (_, mut pass) = about_to_record();
    pass.written(Written::Refused);
    assert!(!pass.onto_live(Live::Another, at(5)));
    assert_eq!(*pass.task(), Task::Over);
    let (_, mut pass) = about_to_record();
    let first_write_got_through = pass.journal.clone();
    pass.written(Written::Refused);
    assert!(!pass.onto_live(Live::Shown(Box::new(first_write_got_through), 1), at(5)));
    assert_eq!(*pass.task(), Task::Over);
    let (_, mut pass) = about_to_record();
    pass.written(Written::Gone);
    assert_eq!(*pass.task(), Task::Over);
}

#[test]
fn a_plan_that_does_not_come_to_an_end_is_stopped_and_said() {
    let mut pass = Pass::new(Arc::default(), Journal::default());
    let mut plans = 0;
    while !matches!(pass.task(), Task::End(_)) {
        with_facts(&desired(), 0, true, |facts| pass.plan(facts));
        plans += 1;
        // What was to be read is not noted.
        if matches!(pass.task(), Task::Fetch(_)) {
            pass.fetched(Ok(()));
        }
    }
    assert_eq!(plans, MOST_PLANS + 1);
    let Task::End(Ending::Stalled(failure) | Ending::Failed(failure)) = pass.task() else { panic!() };
    assert_eq!(failure.reason, Reason::StatusUnreadable);
}

#[test]
fn a_failed_read_ends_the_pass_and_changes_nothing() {
    let stored = Arc::new(enrolled());
    let mut pass = Pass::new(Arc::clone(&stored), (*stored).clone());
    with_facts(&desired(), 10, true, |facts| pass.plan(facts));
    assert!(matches!(pass.task(), Task::Fetch(_)), "{:?}", pass.task());
    pass.fetched(Err(Failure::new(Reason::OktaUnavailable, "no answer")));
    assert!(matches!(pass.task(), Task::End(Ending::Failed(_))) && pass.journal == *stored);
}
