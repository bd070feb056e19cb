//! The journal: what we did at the vendors, and what we are not sure we did.
//!
//! It is the in-memory form of `status`. Everything here is a fact that was written or seen; the stage of the
//! road is derived from it by matching, never stored. A receipt goes only into the mark of its own attempt.

use jiff::Timestamp;

use super::{
    failure::Reason,
    hold::Choice,
    ids::{EnrollmentId, KeyId, RpId, Sealed, Serial, ShipmentId, UserId},
    seen::{
        EnrollmentList, EnrollmentStatus, NewEnrollment, ParcelState, Programmed, PublicKey, Responses,
        Tracking,
    },
    wanted::Orgs,
};

/// Number of an attempt; counts up within one resource.
pub type Attempt = u32;

/// Mark of an enrolment: written before the call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnrollMark {
    /// Our clock (UTC).
    pub at: Timestamp,
    /// Okta's clock at the look before (UTC).
    pub okta_time: Timestamp,
    /// What that look showed.
    pub shown: Vec<EnrollmentId>,
}

/// Okta's sealed requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requests {
    /// PIN request.
    pub pin: Sealed,
    /// Credential request.
    pub credential: Sealed,
}

/// An enrolment that exists at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    /// Which attempt made it.
    pub attempt: Attempt,
    /// Its mark.
    pub mark: EnrollMark,
    /// Id of the factor.
    pub id: EnrollmentId,
    /// Key that opens the answer.
    pub key_id: KeyId,
    /// For which host.
    pub rp_id: RpId,
    /// When the answer came, by our clock (UTC).
    pub created_at: Timestamp,
    /// Kept until the order is placed.
    pub requests: Option<Requests>,
    /// Okta was told that the order failed for good.
    pub marked_error: bool,
    /// Written before it is discarded.
    pub discard_mark: Option<Timestamp>,
}

/// The pre-registration at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Enrollment {
    /// No attempt yet.
    Never,
    /// Marked; no receipt.
    Open(Attempt, EnrollMark),
    /// Nothing was made.
    Refused(Attempt),
    /// It exists.
    Made(Made),
    /// We removed it.
    Discarded(Attempt),
}

/// An order that was refused for certain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusedOrder {
    /// Which attempt.
    pub attempt: Attempt,
    /// When it was marked (UTC).
    pub mark: Timestamp,
    /// 401, 403, 429 or not sent: may go again with the same enrolment. 400, 404, 422: not.
    pub retryable: bool,
    /// Generation of the spec that was refused.
    pub generation: i64,
}

/// An accepted order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// Which attempt.
    pub attempt: Attempt,
    /// When it was marked (UTC).
    pub mark: Timestamp,
    /// Id of the shipment.
    pub id: ShipmentId,
    /// When it was accepted (UTC).
    pub ordered_at: Timestamp,
    /// State by the last poll, and since when we see it (UTC).
    pub state: Option<(ParcelState, Timestamp)>,
    /// Carrier data.
    pub tracking: Tracking,
    /// When `YubiEnterprise` took our cancellation (UTC).
    pub cancel_accepted: Option<Timestamp>,
    /// It was too late to cancel.
    pub cancel_refused: bool,
    /// Since when it answers 404 (UTC).
    pub missing_since: Option<Timestamp>,
    /// Seen missing twice, an hour apart.
    pub missing_confirmed: bool,
    /// Was seen failed: should the parcel turn up after all, a person decides.
    pub given_up: bool,
}

/// The order at `YubiEnterprise`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Order {
    /// No attempt yet.
    Never,
    /// Marked; no receipt.
    Open(Attempt, Timestamp),
    /// Sent, no readable answer: it may have been accepted.
    Unknown(Attempt, Timestamp),
    /// Certainly not accepted.
    Refused(RefusedOrder),
    /// Accepted.
    Accepted(Accepted),
    /// Certainly gone.
    Cancelled(Attempt, Timestamp, Option<ShipmentId>),
}

impl Order {
    /// Number of the last attempt.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        match self {
            Self::Never => 0,
            Self::Open(n, _) | Self::Unknown(n, _) | Self::Cancelled(n, ..) => *n,
            Self::Refused(r) => r.attempt,
            Self::Accepted(a) => a.attempt,
        }
    }
}

impl Enrollment {
    /// Number of the last attempt.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        match self {
            Self::Never => 0,
            Self::Open(n, _) | Self::Refused(n) | Self::Discarded(n) => *n,
            Self::Made(m) => m.attempt,
        }
    }
}

/// Yubico's answers and the signing keys that were published when they were first seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The answers.
    pub responses: Responses,
    /// Signing keys of that moment.
    pub signing_keys: Vec<PublicKey>,
}

/// The PIN mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pin {
    /// Number of the mail.
    pub id: u32,
    /// Written before Okta is asked; gone with the receipt.
    pub mark: Option<Timestamp>,
    /// When Okta was asked (UTC), the last three.
    pub mails: Vec<Timestamp>,
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// A decision names it; its end cannot be known beforehand.
    pub id: String,
    /// Why.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// Since when (UTC).
    pub since: Timestamp,
    /// Generation of the spec that is held; a later one ends the hold.
    pub generation: i64,
    /// What can be answered.
    pub choices: Vec<Choice>,
}

/// The failure of the last pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Why.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// Since when (UTC).
    pub since: Timestamp,
    /// How often in a row, as far as the delay still grows.
    pub count: u32,
}

/// First time of each step (UTC). States may go back, these never do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Times {
    /// Enrolled.
    pub enrolled: Option<Timestamp>,
    /// Ordered.
    pub ordered: Option<Timestamp>,
    /// Seen in transit.
    pub shipped: Option<Timestamp>,
    /// Seen delivered.
    pub delivered: Option<Timestamp>,
    /// Activated.
    pub activated: Option<Timestamp>,
    /// PIN mailed.
    pub pin_sent: Option<Timestamp>,
}

/// Everything we did and saw for one shipment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Journal {
    /// For whom; written with the first mark.
    pub user: Option<UserId>,
    /// Under which organizations; written with the first mark.
    pub orgs: Option<Orgs>,
    /// At Okta.
    pub enrollment: Enrollment,
    /// At `YubiEnterprise`.
    pub order: Order,
    /// Serial and firmware of the key.
    pub key: Option<(Serial, String)>,
    /// Sealed answers, until activated.
    pub kept: Option<Kept>,
    /// PIN mail.
    pub pin: Pin,
    /// First times.
    pub times: Times,
    /// What waits for a person.
    pub hold: Option<Hold>,
    /// The failure of the last pass.
    pub trouble: Option<Trouble>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            user: None,
            orgs: None,
            enrollment: Enrollment::Never,
            order: Order::Never,
            key: None,
            kept: None,
            pin: Pin::default(),
            times: Times::default(),
            hold: None,
            trouble: None,
        }
    }
}

/// An effect that must stand in the journal before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marked {
    /// Okta: make an enrolment.
    Enroll,
    /// `YubiEnterprise`: place the order.
    Order,
    /// Okta: remove our pending enrolment.
    Discard,
    /// Okta: mail the PIN.
    SendPin,
}

/// What became of a marked effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The enrolment.
    Enrolled(NewEnrollment, RpId),
    /// The shipment's id.
    Ordered(ShipmentId),
    /// The enrolment is gone, or Okta took the PIN request.
    Done,
    /// Definitely not done. `retryable`: the same request may be sent again.
    Refused {
        /// See above.
        retryable: bool,
    },
    /// It may have been done.
    Unknown,
}

/// Most mails Okta is asked for within a day, and how many times are kept.
pub const MAILS_A_DAY: usize = 3;

impl Journal {
    /// Nothing was ever sent for this shipment.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.enrollment == Enrollment::Never && self.order == Order::Never
    }

    /// Has an effect at the vendors that is not ended: it comes first among the shipments of one person.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let enrolled = matches!(self.enrollment, Enrollment::Open(..) | Enrollment::Made(_));
        let finished = self.times.pin_sent.is_some() || matches!(self.order, Order::Cancelled(..));
        enrolled && !finished
    }

    /// Our enrolment, if it exists.
    #[must_use]
    pub const fn made(&self) -> Option<&Made> {
        match &self.enrollment {
            Enrollment::Made(made) => Some(made),
            _ => None,
        }
    }

    fn made_mut(&mut self) -> Option<&mut Made> {
        match &mut self.enrollment {
            Enrollment::Made(made) => Some(made),
            _ => None,
        }
    }

    /// The accepted order, if there is one.
    #[must_use]
    pub const fn accepted(&self) -> Option<&Accepted> {
        match &self.order {
            Order::Accepted(accepted) => Some(accepted),
            _ => None,
        }
    }

    fn accepted_mut(&mut self) -> Option<&mut Accepted> {
        match &mut self.order {
            Order::Accepted(accepted) => Some(accepted),
            _ => None,
        }
    }

    /// Opens a mark. `list` is the look the decision was made on; only an enrolment needs it.
    pub fn mark(&mut self, what: Marked, now: Timestamp, list: Option<&EnrollmentList>) {
        match what {
            Marked::Enroll => {
                let mark = EnrollMark {
                    at: now,
                    okta_time: list.map_or(now, |l| l.at),
                    shown: list.map(|l| l.entries.iter().map(|e| e.id.clone()).collect()).unwrap_or_default(),
                };
                self.enrollment = Enrollment::Open(self.enrollment.attempt() + 1, mark);
            }
            Marked::Order => self.order = Order::Open(self.order.attempt() + 1, now),
            Marked::Discard => {
                if let Some(made) = self.made_mut() {
                    made.discard_mark = Some(now);
                }
            }
            Marked::SendPin => {
                // A mark without a receipt may have been a mail.
                if let Some(open) = self.pin.mark {
                    self.note_mail(open);
                }
                self.pin.id += 1;
                self.pin.mark = Some(now);
            }
        }
    }

    /// The attempt number that a receipt of this effect must carry.
    #[must_use]
    pub const fn attempt_of(&self, what: Marked) -> Attempt {
        match what {
            Marked::Enroll | Marked::Discard => self.enrollment.attempt(),
            Marked::Order => self.order.attempt(),
            Marked::SendPin => self.pin.id,
        }
    }

    /// Writes what became of a marked effect into the mark of its own attempt. Returns false, and changes
    /// nothing, if that mark is no longer open.
    #[must_use]
    pub fn record(
        &mut self,
        what: Marked,
        attempt: Attempt,
        receipt: &Receipt,
        generation: i64,
        now: Timestamp,
    ) -> bool {
        match what {
            Marked::Enroll => self.record_enroll(attempt, receipt, now),
            Marked::Order => self.record_order(attempt, receipt, generation, now),
            Marked::Discard => self.record_discard(attempt, receipt),
            Marked::SendPin => self.record_pin(attempt, receipt, now),
        }
    }

    fn record_enroll(&mut self, attempt: Attempt, receipt: &Receipt, now: Timestamp) -> bool {
        let Enrollment::Open(open, mark) = &self.enrollment else { return false };
        if *open != attempt {
            return false;
        }
        match receipt {
            Receipt::Enrolled(new, rp_id) => {
                self.enrollment = Enrollment::Made(Made {
                    attempt,
                    created_at: now,
                    mark: mark.clone(),
                    id: new.id.clone(),
                    key_id: new.key_id.clone(),
                    rp_id: rp_id.clone(),
                    requests: Some(Requests {
                        pin: new.pin_request.clone(),
                        credential: new.credential_request.clone(),
                    }),
                    marked_error: false,
                    discard_mark: None,
                });
                self.times.enrolled.get_or_insert(now);
            }
            Receipt::Refused { .. } => self.enrollment = Enrollment::Refused(attempt),
            // The mark stays open and is judged after `settle`.
            Receipt::Unknown | Receipt::Ordered(_) | Receipt::Done => {}
        }
        true
    }

    fn record_order(&mut self, attempt: Attempt, receipt: &Receipt, generation: i64, now: Timestamp) -> bool {
        let (open, mark) = match &self.order {
            Order::Open(open, mark) | Order::Unknown(open, mark) => (*open, *mark),
            _ => return false,
        };
        if open != attempt {
            return false;
        }
        match receipt {
            Receipt::Ordered(id) => {
                self.order = Order::Accepted(Accepted {
                    attempt,
                    mark,
                    id: id.clone(),
                    ordered_at: now,
                    state: None,
                    tracking: Tracking::default(),
                    cancel_accepted: None,
                    cancel_refused: false,
                    missing_since: None,
                    missing_confirmed: false,
                    given_up: false,
                });
                self.times.ordered.get_or_insert(now);
                if let Some(made) = self.made_mut() {
                    made.requests = None;
                }
            }
            Receipt::Refused { retryable } => {
                self.order =
                    Order::Refused(RefusedOrder { attempt, mark, retryable: *retryable, generation });
            }
            Receipt::Unknown | Receipt::Enrolled(..) | Receipt::Done => {
                self.order = Order::Unknown(attempt, mark);
            }
        }
        true
    }

    fn record_discard(&mut self, attempt: Attempt, receipt: &Receipt) -> bool {
        let Enrollment::Made(made) = &self.enrollment else { return false };
        if made.attempt != attempt || made.discard_mark.is_none() {
            return false;
        }
        if *receipt == Receipt::Done {
            self.enrollment = Enrollment::Discarded(attempt);
        }
        true
    }

    fn record_pin(&mut self, id: u32, receipt: &Receipt, now: Timestamp) -> bool {
        let Some(mark) = self.pin.mark else { return false };
        if self.pin.id != id {
            return false;
        }
        match receipt {
            Receipt::Done => {
                self.note_mail(now);
                self.pin.mark = None;
                self.times.pin_sent.get_or_insert(now);
            }
            Receipt::Refused { .. } => self.pin.mark = None,
            // It may have gone out: it counts against the day's limit.
            Receipt::Unknown | Receipt::Enrolled(..) | Receipt::Ordered(_) => self.note_mail(mark),
        }
        true
    }

    fn note_mail(&mut self, at: Timestamp) {
        if self.pin.mails.last() != Some(&at) {
            self.pin.mails.push(at);
        }
        let extra = self.pin.mails.len().saturating_sub(MAILS_A_DAY);
        self.pin.mails.drain(..extra);
    }

    /// A person was found for the reference, under the connection's organizations. Both are fixed once an
    /// enrolment is marked.
    pub fn observe_user(&mut self, user: &UserId, orgs: &Orgs) {
        if matches!(self.enrollment, Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_)) {
            self.user = Some(user.clone());
            self.orgs = Some(orgs.clone());
        }
    }

    /// Okta's list was read: it proves an activation or a discard whose answer was lost.
    pub fn observe_list(&mut self, list: &EnrollmentList, now: Timestamp) {
        let Some(made) = self.made() else { return };
        let ours = list.entries.iter().find(|e| e.id == made.id);
        if made.discard_mark.is_some() && ours.is_none() {
            self.enrollment = Enrollment::Discarded(made.attempt);
            return;
        }
        if ours.is_some_and(|e| e.status == EnrollmentStatus::Active) && self.accepted().is_some() {
            self.observe_activation(now);
        }
    }

    /// The credential is active.
    pub fn observe_activation(&mut self, now: Timestamp) {
        self.times.activated.get_or_insert(now);
        self.kept = None;
    }

    /// The key has signed in, or its PIN was set otherwise: no mail is needed any more.
    pub fn observe_pin_used(&mut self, now: Timestamp) {
        self.pin.mark = None;
        self.times.pin_sent.get_or_insert(now);
    }

    /// `YubiEnterprise` showed the order. `signing_keys` are those published now; needed when responses are
    /// first seen.
    pub fn observe_parcel(
        &mut self,
        state: ParcelState,
        programmed: &Programmed,
        signing_keys: &[PublicKey],
        now: Timestamp,
    ) {
        use super::seen::ParcelClass::{Delivered, Failed, InProgress, Shipped};
        let activated = self.times.activated.is_some();
        let Some(order) = self.accepted_mut() else { return };
        order.missing_since = None;
        order.missing_confirmed = false;
        // The steps inside the warehouse change nothing for anybody here and are not worth a write.
        let inside = |class| class == InProgress;
        let news = match order.state {
            None => !inside(state.class),
            Some((old, _)) => old != state && !(inside(old.class) && inside(state.class)),
        };
        if news {
            order.state = Some((state, now));
        }
        order.given_up |= state.class == Failed;
        if matches!(state.class, Shipped | Delivered) {
            self.times.shipped.get_or_insert(now);
        }
        if state.class == Delivered {
            self.times.delivered.get_or_insert(now);
        }
        if let Programmed::One(responses) = programmed {
            self.key = Some((responses.serial.clone(), responses.firmware.clone()));
            if !activated && self.kept.as_ref().is_none_or(|k| k.responses != **responses) {
                self.kept =
                    Some(Kept { responses: (**responses).clone(), signing_keys: signing_keys.to_vec() });
            }
        }
    }

    /// `YubiEnterprise` answered 404 for the order. Gone for certain only after a 2xx to our own DELETE.
    pub fn observe_missing(&mut self, now: Timestamp) {
        let Some(order) = self.accepted_mut() else { return };
        if order.cancel_accepted.is_some() {
            self.order = Order::Cancelled(order.attempt, order.mark, Some(order.id.clone()));
            return;
        }
        let since = *order.missing_since.get_or_insert(now);
        order.missing_confirmed |= now.duration_since(since) >= jiff::SignedDuration::from_hours(1);
    }

    /// Carrier data was read.
    pub fn observe_tracking(&mut self, tracking: Tracking) {
        if let Some(order) = self.accepted_mut() {
            order.tracking = tracking;
        }
    }

    /// `YubiEnterprise` answered our DELETE.
    pub fn observe_cancel(&mut self, accepted: bool, now: Timestamp) {
        let Some(order) = self.accepted_mut() else { return };
        if accepted {
            order.cancel_accepted = Some(now);
        } else {
            order.cancel_refused = true;
        }
    }

    /// Okta was told that the order failed for good.
    pub fn observe_marked_error(&mut self) {
        if let Some(made) = self.made_mut() {
            made.marked_error = true;
        }
    }
}
