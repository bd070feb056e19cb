//! Okta and `YubiEnterprise`: what they show.

use std::sync::LazyLock;

use domain::{
    desired::Orgs,
    ids::{KeyId, OktaOrgId, RpId, Sealed, Serial, UserId, YubicoOrgId},
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, NewEnrollment, ParcelClass, ParcelState,
        Responses,
    },
};

use crate::{
    bounds::Bounds,
    state::{EnrolledFate, State, at, enrollment_id},
};

/// Okta's list shows what was made at least this long before (seconds).
pub const LOOK_DELAY: i64 = 2;

type Names = (UserId, [Orgs; 2], RpId, Serial);

static NAMES: LazyLock<Option<Names>> = LazyLock::new(|| {
    let orgs = |yubico| Orgs { okta: OktaOrgId::new("00o1").ok(), yubico: YubicoOrgId::new(yubico).ok() };
    let orgs = [orgs("y1"), orgs("y2")];
    Some((UserId::new("00u1").ok()?, orgs, RpId::new("acme.com").ok()?, Serial::new("12345678").ok()?))
});

#[expect(clippy::expect_used, reason = "constant names are valid")]
fn names() -> &'static Names {
    NAMES.as_ref().expect("constant names are valid")
}

/// The one person.
pub fn user() -> UserId {
    names().0.clone()
}

/// The organizations behind the connection, or behind one with the token of another.
pub fn orgs(other: bool) -> Orgs {
    names().1[usize::from(other)].clone()
}

/// The one host.
pub fn rp_id() -> RpId {
    names().2.clone()
}

fn key_of(n: usize) -> Option<KeyId> {
    KeyId::new(format!("k{n}")).ok()
}

/// What Okta gives for enrolment number `n`.
pub fn new_enrollment(n: usize) -> Option<NewEnrollment> {
    Some(NewEnrollment {
        id: enrollment_id(n)?,
        key_id: key_of(n)?,
        pin_request: Sealed::new("p"),
        credential_request: Sealed::new("c"),
    })
}

/// The key of nobody here.
const STRANGER: usize = 99;

/// What `YubiEnterprise` gives for a key that was programmed for enrolment number `n`, or by mistake for a stranger.
pub fn responses(n: usize, mixed: bool) -> Responses {
    let n = if mixed { STRANGER } else { n };
    Responses {
        serial: names().3.clone(),
        firmware: "5".into(),
        pin: Sealed::new("p"),
        credential: Sealed::new("c"),
        credential_key_id: key_of(n),
    }
}

/// Responses are there once the key was shipped, whatever became of it.
pub fn is_programmed(state: u32) -> bool {
    use ParcelClass::{Delivered, Failed, Lost, Shipped, Unknown};
    matches!(ParcelState::from_id(state).class, Shipped | Delivered | Lost | Failed | Unknown)
}

/// Okta's list at this moment. It may lag behind for longer than a look waits; what it shows it shows in order.
pub fn list(b: &Bounds, s: &State) -> EnrollmentList {
    let shown_until = s.now - b.list_lag.max(LOOK_DELAY);
    let entries = s.enrolled.iter().enumerate().filter(|(_, e)| e.created <= shown_until);
    let entries = entries.filter_map(|(n, e)| {
        let status = match e.fate {
            EnrolledFate::Pending => EnrollmentStatus::Pending,
            EnrolledFate::Active | EnrolledFate::SignedIn => EnrollmentStatus::Active,
            EnrolledFate::Errored => EnrollmentStatus::Errored,
            EnrolledFate::Gone | EnrolledFate::Revoked => return None,
        };
        Some(ListedEnrollment {
            id: enrollment_id(n)?,
            status,
            created: Some(at(e.created)),
            // Of a pending one there is none yet.
            preset_pin_available: Some(e.fate == EnrolledFate::Active),
        })
    });
    EnrollmentList { at: at(s.now), entries: entries.collect() }
}
