//! Every effect at the vendors. A marked one is sent only with the [`Intent`] that the write of its mark returned, and
//! only while that mark is fresh.

use api::shipment::YubiKeyShipment;
use domain::{
    failure::{Arrival, CallError, Failure, Reason},
    fence,
    journal::{Attempt, Journal, Marked, Receipt},
    plan::Idempotent,
    recipient::Recipient,
    requests::{ActivateRequest, EnrollRequest, OrderRequest},
    vendor_states::PublicKey,
};
use jiff::Timestamp;
use system::clock;
use tokio::time::Instant;
use vendors::{okta, yubico};

use crate::{connection::handle::ConnectionHandle, shipment::validate, tasks::Tasks};

/// What can wait is got before the mark.
#[derive(Debug)]
pub enum Prepared {
    /// Transport key, token and turn.
    Enroll(Box<PublicKey>, okta::Permit),
    /// The organization's one-at-a-time slot.
    Order(yubico::OrderPermit),
    /// Token and turn.
    Okta(okta::Permit),
}

/// The right to send one marked effect once: made by the write of its mark, used up by the call.
#[derive(Debug)]
pub struct Intent {
    what: Marked,
    attempt: Attempt,
    marked_at: Timestamp,
    marked: Instant,
    prepared: Prepared,
}

impl Intent {
    /// After the API server showed the mark.
    #[must_use]
    pub const fn new(
        what: Marked,
        attempt: Attempt,
        marked_at: Timestamp,
        marked: Instant,
        prepared: Prepared,
    ) -> Self {
        Self { what, attempt, marked_at, marked, prepared }
    }

    /// Which effect it is.
    #[must_use]
    pub const fn what(&self) -> Marked {
        self.what
    }

    /// The attempt whose mark takes the receipt.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    fn is_fresh(&self) -> bool {
        fence::may_send(self.marked_at, clock::now(), self.marked.elapsed())
    }
}

/// Gets token, key and slot, so that nothing stands between mark and call.
///
/// # Errors
/// What could not be got; nothing was marked.
pub async fn prepare(what: Marked, link: &ConnectionHandle) -> Result<Prepared, Failure> {
    match what {
        Marked::Enroll => {
            // Nobody is enrolled while no order can follow.
            link.yubico.may_order()?;
            let key = link.transport_key().await?;
            let turn = link.okta.prepare().await?;
            Ok(Prepared::Enroll(Box::new(key), turn))
        }
        Marked::Order => Ok(Prepared::Order(link.yubico.slot().await?)),
        Marked::Discard | Marked::SendPin => Ok(Prepared::Okta(link.okta.prepare().await?)),
    }
}

/// The slot for an order, if it is free at once.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_at_once(link: &ConnectionHandle) -> Result<Option<Prepared>, Failure> {
    Ok(link.yubico.try_slot()?.map(Prepared::Order))
}

/// What became of a marked effect, and why if it failed.
#[derive(Debug)]
pub struct Outcome {
    /// For the journal.
    pub receipt: Receipt,
    /// Why it failed, for people; absent where it did not.
    pub failure: Option<Failure>,
}

impl Outcome {
    const fn done(receipt: Receipt) -> Self {
        Self { receipt, failure: None }
    }

    fn failed(what: Marked, error: CallError) -> Self {
        Self { receipt: Receipt::of_failed_call(what, &error), failure: Some(error.failure) }
    }

    /// Nothing went out, and the mark is free again.
    #[must_use]
    pub fn not_sent(reason: Reason, message: &str) -> Self {
        Self { receipt: Receipt::Refused { retryable: true }, failure: Some(Failure::new(reason, message)) }
    }
}

/// Sends a marked effect.
pub async fn run_marked(
    intent: Intent,
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    journal: &Journal,
    recipient: Option<&Recipient>,
) -> Outcome {
    if !intent.is_fresh() {
        return Outcome::not_sent(
            Reason::StatusWriteFailed,
            "Writing the mark took longer than 10 seconds, so nothing was sent; it is tried again.",
        );
    }
    let incomplete = || {
        Outcome::not_sent(
            Reason::StatusUnreadable,
            "A part of the request is missing in the status, so nothing was sent.",
        )
    };
    match intent.prepared {
        Prepared::Enroll(key, _turn) => {
            let Some(user) = journal.user.clone() else { return incomplete() };
            let request = EnrollRequest { user, rp_id: link.facts.rp_id.clone(), transport_key: *key };
            match link.okta.enroll(&request).await {
                Ok(new) => {
                    tracing::info!(enrollment = %new.id, attempt = intent.attempt, "Okta made the enrolment");
                    Outcome::done(Receipt::Enrolled(new, request.rp_id))
                }
                Err(error) => Outcome::failed(intent.what, error),
            }
        }
        Prepared::Order(slot) => {
            let Some(request) = order_request(object, link, journal, recipient) else { return incomplete() };
            match link.yubico.order(&slot, &request).await {
                Ok(ordered) => {
                    // The receipt stands in the log before it is written anywhere else.
                    tracing::info!(order = %ordered.shipment, attempt = intent.attempt, "YubiEnterprise accepted the order");
                    Outcome::done(Receipt::Ordered(ordered.shipment))
                }
                Err(error) => Outcome::failed(intent.what, error),
            }
        }
        Prepared::Okta(_turn) => {
            let Some(user) = &journal.user else { return incomplete() };
            let sent = match (intent.what, journal.made(), &journal.unwanted) {
                (Marked::SendPin, Some(made), _) => link.okta.send_pin(user, &made.id).await,
                (Marked::Discard, _, Some(unwanted)) => link.okta.delete_enrollment(user, &unwanted.id).await,
                (Marked::Discard, Some(made), None) => link.okta.delete_enrollment(user, &made.id).await,
                _ => return incomplete(),
            };
            sent.map_or_else(|error| Outcome::failed(intent.what, error), |()| Outcome::done(Receipt::Done))
        }
    }
}

fn order_request(
    object: &YubiKeyShipment,
    link: &ConnectionHandle,
    journal: &Journal,
    recipient: Option<&Recipient>,
) -> Option<OrderRequest> {
    let requests = journal.made()?.requests.as_ref()?;
    Some(OrderRequest {
        recipient: recipient?.clone(),
        product: validate::product(&object.spec, &link.spec).ok()?,
        delivery: object.spec.delivery.into(),
        pin_request: requests.pin.clone(),
        credential_request: requests.credential.clone(),
    })
}

/// Sends an effect that may be repeated, and notes its success in the journal. Where the process ends before its turn has
/// come, nothing is sent and nothing noted.
///
/// # Errors
/// Why it failed; for a cancellation only what may pass.
pub async fn run_free(
    what: Idempotent,
    link: &ConnectionHandle,
    journal: &mut Journal,
    tasks: &Tasks,
) -> Result<(), Failure> {
    let incomplete = || {
        Failure::new(
            Reason::StatusUnreadable,
            "A part of the request is missing in the status, so nothing was sent.",
        )
    };
    match what {
        Idempotent::Activate => {
            let request = activate_request(link, journal).await?.ok_or_else(incomplete)?;
            let Some(turn) = tasks.unless_closing(link.okta.prepare()).await else { return Ok(()) };
            let _turn = turn?;
            if let Err(error) = link.okta.activate(&request).await {
                if error.arrival == Arrival::Refused {
                    link.forget_signing_keys().await;
                }
                return Err(error.into());
            }
            journal.observe_activation(clock::now());
        }
        Idempotent::Cancel => {
            let id = journal.accepted().map(|order| order.id.clone()).ok_or_else(incomplete)?;
            match link.yubico.cancel(&id).await? {
                yubico::Cancelled::Accepted => journal.observe_cancel(true, clock::now()),
                // Not shown by this path is no proof that it is gone.
                yubico::Cancelled::Gone | yubico::Cancelled::TooLate(_) => {
                    journal.observe_cancel(false, clock::now());
                }
            }
        }
        Idempotent::MarkError => {
            let (Some(user), Some(made)) = (&journal.user, journal.made()) else { return Err(incomplete()) };
            let Some(turn) = tasks.unless_closing(link.okta.prepare()).await else { return Ok(()) };
            let _turn = turn?;
            link.okta.mark_error(user, &made.id).await?;
            journal.observe_marked_error();
        }
    }
    Ok(())
}

async fn activate_request(
    link: &ConnectionHandle,
    journal: &Journal,
) -> Result<Option<ActivateRequest>, Failure> {
    let (Some(user), Some(made), Some(kept)) = (&journal.user, journal.made(), &journal.kept) else {
        return Ok(None);
    };
    let mut signing_keys = link.signing_keys().await?;
    if journal.approved.kept_keys {
        signing_keys.extend(
            kept.signing_keys.iter().filter(|key| !signing_keys.contains(key)).cloned().collect::<Vec<_>>(),
        );
    }
    Ok(Some(ActivateRequest {
        user: user.clone(),
        enrollment: made.id.clone(),
        responses: kept.responses.clone(),
        signing_keys,
    }))
}

/// Is a key that was published when the responses were first seen gone from the set? Read anew: Okta refused them.
pub async fn signing_key_gone(link: &ConnectionHandle, journal: &Journal) -> bool {
    let Some(kept) = &journal.kept else { return false };
    match link.signing_keys().await {
        Ok(current) => kept.signing_keys.iter().any(|key| !current.contains(key)),
        Err(_) => false,
    }
}
