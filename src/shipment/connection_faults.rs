//! What a shipment says where its connection stands in the way.

use domain::{
    failure::{Failure, Kind, Reason},
    plan::Idle,
    summary::End,
};

use super::effects::Outcome;

/// A person must create a connection that is not there; one that is at fault may mend.
#[must_use]
pub fn end(failure: Failure, deleting: bool) -> End {
    let way_out = " This shipment is being deleted: to let it go without touching the vendors, set deletionPolicy Orphan.";
    let message = if deleting { failure.message + way_out } else { failure.message };
    if failure.reason.kind() == Kind::Stalled {
        return End::Idle(Idle { reason: failure.reason, message, until: None, pin: false });
    }
    End::Failed(Failure { message, ..Failure::new(failure.reason, "") })
}

/// Nobody of this name is declared.
#[must_use]
pub fn no_connection(name: &str) -> Failure {
    Failure::new(
        Reason::ConnectionNotFound,
        format!(
            "There is no YubiKeyConnection {name}; create it, or declare the shipment with another spec.connectionRef."
        ),
    )
}

/// The mark stands, and nothing was sent on its word.
#[must_use]
pub fn replaced() -> Outcome {
    Outcome::not_sent(
        Reason::ConnectionNotReady,
        "The connection was changed between the mark and the call, so nothing was sent; it is tried again with the one that stands now.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_that_waits_for_its_connection_names_the_way_out() {
        let fault = || Failure::new(Reason::OktaUnauthorized, "The connection acme is at fault.");
        let End::Failed(told) = end(fault(), true) else { panic!("it may mend") };
        assert!(
            told.message.starts_with("The connection acme is at fault.") && told.message.contains("Orphan")
        );
        assert_eq!(end(fault(), false), End::Failed(fault()));
        let End::Idle(told) = end(no_connection("acme"), true) else { panic!("a person must act") };
        assert!(told.message.contains("Orphan") && told.reason == Reason::ConnectionNotFound);
    }
}
