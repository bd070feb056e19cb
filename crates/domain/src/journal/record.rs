//! Marks and receipts: what is about to be sent, and what became of it.

use jiff::Timestamp;

use super::{
    Accepted, Attempt, EnrollMark, Enrollment, Journal, MAILS_A_DAY, Made, Marked, Order, Receipt,
    RefusedOrder, Requests,
};
use crate::vendor_states::{EnrollmentList, Tracking};

impl Journal {
    /// Opens a mark. `list` is the look the decision was made on; only an enrolment needs it.
    pub fn mark(&mut self, what: Marked, now: Timestamp, list: Option<&EnrollmentList>) {
        match what {
            Marked::Enroll => {
                let mark = EnrollMark {
                    at: now,
                    okta_time: list.map_or(now, |l| l.at),
                    shown: list.map(|l| l.entries.iter().map(|e| e.id.clone()).collect()).unwrap_or_default(),
                };
                self.enrollment = Enrollment::Open(self.enrollment.attempt().saturating_add(1), mark);
                self.retry = false;
            }
            Marked::Order => {
                self.order = Order::Open(self.order.attempt().saturating_add(1), now);
            }
            Marked::Discard => {
                if let Some(unwanted) = &mut self.unwanted {
                    unwanted.mark = Some(now);
                } else if let Some(made) = self.made_mut() {
                    made.discard_mark = Some(now);
                }
            }
            Marked::SendPin => {
                // A mark without a receipt may have been a mail.
                if let Some(open) = self.pin.mark {
                    self.note_mail(open);
                }
                self.pin.id = self.pin.id.saturating_add(1);
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

    /// Attempt and time (UTC) of a mark that is open and was not sent for all that is known. A discard has none: it may be
    /// repeated.
    #[must_use]
    pub const fn open_mark(&self, what: Marked) -> Option<(Attempt, Timestamp)> {
        match (what, &self.enrollment, &self.order, self.pin.mark) {
            (Marked::Enroll, Enrollment::Open(attempt, mark), ..) => Some((*attempt, mark.at)),
            (Marked::Order, _, Order::Open(attempt, at), _) => Some((*attempt, *at)),
            (Marked::SendPin, .., Some(at)) => Some((self.pin.id, at)),
            _ => None,
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
                    key_id: Some(new.key_id.clone()),
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
            Receipt::Unknown | Receipt::WebPage(_) | Receipt::Ordered(_) | Receipt::Done => {}
        }
        true
    }

    fn record_order(&mut self, attempt: Attempt, receipt: &Receipt, generation: i64, now: Timestamp) -> bool {
        let (open, mark) = match &self.order {
            Order::Open(open, mark) | Order::Unknown(open, mark, _) => (*open, *mark),
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
                    missing: None,
                    given_up: false,
                    adopted: false,
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
            Receipt::WebPage(status) => self.order = Order::Unknown(attempt, mark, Some(*status)),
            Receipt::Unknown | Receipt::Enrolled(..) | Receipt::Done => {
                self.order = Order::Unknown(attempt, mark, None);
            }
        }
        true
    }

    fn record_discard(&mut self, attempt: Attempt, receipt: &Receipt) -> bool {
        if self.unwanted.as_ref().is_some_and(|unwanted| unwanted.mark.is_some()) {
            if *receipt == Receipt::Done {
                self.unwanted_is_gone();
            }
            return true;
        }
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
        if self.pin.mark.is_none() || self.pin.id != id {
            return false;
        }
        match receipt {
            Receipt::Done => {
                self.note_mail(now);
                self.pin.mark = None;
                self.pin.resend = false;
                self.times.pin_sent.get_or_insert(now);
            }
            Receipt::Refused { .. } => self.pin.mark = None,
            // It may have gone out: its mark stays open, and counts against the day's limit.
            Receipt::Unknown | Receipt::WebPage(_) | Receipt::Enrolled(..) | Receipt::Ordered(_) => {}
        }
        true
    }

    fn note_mail(&mut self, at: Timestamp) {
        self.pin.mails.push(at);
        let extra = self.pin.mails.len().saturating_sub(MAILS_A_DAY);
        self.pin.mails.drain(..extra);
    }
}
