//! Answers, read as the operator reads them, and put where the operator puts them.

use domain::{
    failure::{CallError, Failure, Reason},
    ids::RpId,
    journal::{Journal, Marked, Receipt},
    pass::Pass,
    plan::{Fetch, Idempotent, Observation, ObservedUser, Person, Search},
    vendor_states::{AddressVerdict, Programmed},
};
use jiff::Timestamp;
use vendors::{
    http::{Answer, Api, Nature},
    okta,
    yubico::{self, Cancelled},
};

use crate::{fair, people::recipient, usual::usual};

/// Whom a read asks.
pub const fn asks(what: Fetch) -> Api {
    match what {
        Fetch::User | Fetch::Enrollments | Fetch::FirstUse | Fetch::Rivals => Api::Okta,
        Fetch::Address | Fetch::Parcel | Fetch::Search | Fetch::Adoption => Api::Yubico,
    }
}

/// Reads one answer into the pass.
pub fn fetched(pass: &mut Pass, what: Fetch, answer: &Answer, now: Timestamp) -> Result<(), Failure> {
    let (journal, seen) = (&mut pass.journal, &mut pass.observed);
    match what {
        Fetch::User => match okta::decode::user(answer)? {
            Some(user) => {
                journal.observe_user(&user.id, &usual().orgs);
                seen.recipient = Some(recipient());
                seen.user = Some(Person::Found(ObservedUser { id: user.id, status: user.status }));
            }
            None => seen.user = Some(Person::Unknown),
        },
        Fetch::Enrollments => {
            let list = okta::decode::enrollments(answer)?;
            journal.observe_list(&list, now);
            seen.first_use = journal.observe_first_use(&list, now);
            seen.list = Some(list);
        }
        Fetch::FirstUse => {
            let list = okta::decode::enrollments(answer)?;
            seen.first_use = journal.observe_first_use(&list, now);
        }
        Fetch::Rivals => seen.rival_live = Some(false),
        Fetch::Address => {
            seen.checked = Some(match yubico::decode::verdict(answer)? {
                AddressVerdict::Deliverable | AddressVerdict::Undecided(_) => Ok(()),
                AddressVerdict::Undeliverable(_) => {
                    Err(Failure::new(Reason::InvalidRecipient, "not deliverable"))
                }
            });
        }
        Fetch::Parcel => return parcel(pass, answer, now).map_err(Failure::from),
        Fetch::Search => {
            let found = yubico::decode::search(answer, &recipient())?;
            let mut fits = found.iter().filter(|order| order.differs.is_empty());
            let one = match (fits.next(), fits.next()) {
                (Some(only), None) => Some(only.id.clone()),
                _ => None,
            };
            journal.observe_search(one.as_ref(), now);
            seen.search = Some(one.map_or(Search::Undecided, Search::One));
        }
        Fetch::Adoption => {
            let Some(adoption) = journal.adoption.clone() else { return Ok(()) };
            let shown = yubico::decode::compared(answer, &adoption.shipment, &recipient())?;
            if let Some(order) = shown.filter(|order| order.differs.is_empty()) {
                journal.observe_adopted(&adoption.shipment, order.created, now);
            } else {
                journal.adoption = None;
                seen.adoption_refused = Some("it is another's".to_owned());
            }
        }
    }
    Ok(())
}

fn parcel(pass: &mut Pass, answer: &Answer, now: Timestamp) -> Result<(), CallError> {
    let parcel = match yubico::decode::shipment(answer) {
        Err(error) if error.is_not_found() => {
            pass.journal.observe_missing(now);
            pass.observed.parcel = Some(Observation::Missing);
            return Ok(());
        }
        read => read?,
    };
    let odd = match &parcel.programmed {
        Programmed::Unexpected(what) => Some(what.clone()),
        Programmed::NotYet | Programmed::One(_) => None,
    };
    pass.journal.observe_parcel(parcel.state, &parcel.programmed, &[], now);
    pass.observed.parcel = Some(Observation::Shown(odd));
    Ok(())
}

/// Whom a marked call asks, and how it counts.
pub const fn sends(what: Marked) -> (Api, Nature) {
    match what {
        Marked::Enroll => (Api::Okta, Nature::Create),
        Marked::Order => (Api::Yubico, Nature::Order),
        Marked::Discard | Marked::SendPin => (Api::Okta, Nature::Change),
    }
}

/// What came of a marked call.
pub fn receipt(what: Marked, answer: Result<Answer, CallError>) -> (Receipt, Option<Failure>) {
    match answer.and_then(|answer| read_receipt(what, &answer)) {
        Ok(receipt) => (receipt, None),
        Err(error) => (Receipt::of_failed_call(what, &error), Some(error.failure)),
    }
}

fn read_receipt(what: Marked, answer: &Answer) -> Result<Receipt, CallError> {
    let receipt = match what {
        Marked::Enroll => okta::decode::enrolled(answer).map(|new| Receipt::Enrolled(new, rp_id())),
        Marked::Order => yubico::decode::receipt(answer).map(|ordered| Receipt::Ordered(ordered.shipment)),
        Marked::Discard => okta::decode::deleted(answer).map(|()| Receipt::Done),
        Marked::SendPin => okta::decode::pin_sent(answer).map(|()| Receipt::Done),
    };
    fair(answer, receipt.clone());
    receipt
}

fn rp_id() -> RpId {
    RpId::new("example.com").expect("an RP id")
}

/// Whom a call without a mark asks.
pub const fn runs(what: Idempotent) -> Api {
    match what {
        Idempotent::Activate | Idempotent::MarkError => Api::Okta,
        Idempotent::Cancel => Api::Yubico,
    }
}

/// What came of a call without a mark.
pub fn ran(journal: &mut Journal, what: Idempotent, answer: &Answer, now: Timestamp) -> Result<(), Failure> {
    match what {
        Idempotent::Activate => {
            let ours = journal.made().expect("an enrolment to activate").id.clone();
            okta::decode::activated(answer, &ours)?;
            journal.observe_activation(now);
        }
        Idempotent::Cancel => {
            let accepted = matches!(yubico::decode::cancelled(answer)?, Cancelled::Accepted);
            journal.observe_cancel(accepted, now);
        }
        Idempotent::MarkError => {
            okta::decode::pin_sent(answer)?;
            journal.observe_marked_error();
        }
    }
    Ok(())
}
