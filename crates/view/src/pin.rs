//! Another PIN mail: the person lost the first.

use api::shipment::YubiKeyShipment;
use domain::{hold::Choice, journal::MAILS_A_DAY};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;

use crate::decision::Draft;

/// Beginning of the id that a wish for another PIN mail names.
pub const PIN_MAIL: &str = "pin-";

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// A wish for another mail.
#[derive(Debug, Clone)]
pub struct AnotherMail {
    /// The decision that asks for it.
    pub draft: Draft,
    /// The newest mail, if it is of the last day.
    pub last: Option<Timestamp>,
    /// When this one goes out, if the day's mails are used up; else it goes out at once.
    pub goes_out: Option<Timestamp>,
}

/// What asking once more would do.
///
/// # Errors
/// Why no mail can be asked for, as the end of a sentence about the shipment.
pub fn another_mail(shipment: &YubiKeyShipment, now: Timestamp) -> Result<AnotherMail, &'static str> {
    let status = shipment.status.clone().unwrap_or_default();
    let sent = status.times.as_ref().and_then(|times| times.pin_sent.as_ref());
    let (Some(pin), Some(_)) = (status.pin.as_ref(), sent) else {
        return Err("no PIN was mailed yet, so none can be mailed again");
    };
    if pin.resend == Some(true) {
        return Err("another mail is asked for already");
    }
    let last = pin.mails.iter().rev().take(MAILS_A_DAY).map(|mail| mail.0);
    let of_the_day: Vec<_> = last.filter(|mail| now.duration_since(*mail) < A_DAY).collect();
    let full = of_the_day.len() >= MAILS_A_DAY;
    let oldest = of_the_day.last().filter(|_| full);
    Ok(AnotherMail {
        draft: Draft::new(
            shipment.namespace().unwrap_or_default(),
            format!("yks/{}", shipment.name_any()),
            format!("{PIN_MAIL}{}", pin.id),
            Choice::ResendPin,
        ),
        last: of_the_day.first().copied(),
        goes_out: oldest.and_then(|mail| mail.checked_add(A_DAY).ok()),
    })
}
