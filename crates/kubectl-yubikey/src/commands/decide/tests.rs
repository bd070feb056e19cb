use super::*;

fn hold(reason: &str, choices: &[&str]) -> HoldView {
    HoldView {
        namespace: "onboarding".into(),
        object: "yks/ann-lee".into(),
        user: "ann.lee@example.com".into(),
        id: "order-1-k7f3ab".into(),
        reason: reason.into(),
        since: system::clock::now(),
        question: "Does the Console show it?".into(),
        message: "YubiEnterprise gave no readable answer.".into(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        enrollment: Some("fwn1".into()),
    }
}

#[test]
fn the_question_tells_the_facts_where_each_choice_leads_and_which_may_pay_twice() {
    let text = question::shown(&hold("OrderOutcomeUnknown", &["RetryOrder", "AdoptOrder", "CancelOrder"]));
    insta::assert_snapshot!(text, @r"
    onboarding/yks/ann-lee for ann.lee@example.com: OrderOutcomeUnknown since 0s, hold order-1-k7f3ab

      Does the Console show it?
      YubiEnterprise gave no readable answer.
      Its enrolment at Okta: fwn1

      1  RetryOrder
         leads to: the next attempt: look at Okta's list, remove our pending enrolment, enrol, order
         be sure that: no order of this shipment exists: look in the YubiEnterprise Console. Else two parcels are on their way; the first then never signs in
         ! may pay for another key

      2  AdoptOrder
         leads to: the order is taken over, if no other shipment has it, it is for the same product and inventory ids, was made in the time of our call, and is for the same recipient. What contradicts is named and the hold stays
         be sure that: it is this shipment's. What YubiEnterprise does not show, you vouch for

      3  CancelOrder
         leads to: without an order: give up, remove our pending enrolment; the phase is Cancelled
         be sure that: no order of this shipment exists
    ");
}

#[test]
fn many_holds_never_get_an_answer_that_may_order() {
    for (reason, choice) in [
        ("OrderRefused", Choice::RetryOrder),
        ("ExistingKey", Choice::RetryOrder),
        ("AwaitingApproval", Choice::Proceed),
        ("EnrollOutcomeUnknown", Choice::DiscardEnrollment),
        ("StatusBehindVendors", Choice::DiscardEnrollment),
        ("AReasonOfTomorrow", Choice::DiscardEnrollment),
        ("OrderOutcomeUnknown", Choice::AdoptOrder),
        ("AwaitingApproval", Choice::ResendPin),
    ] {
        let fault = many::admitted(reason, choice).unwrap_err();
        assert_eq!(fault.exit, Exit::Usage, "{reason} {choice:?}");
    }
    for (reason, choice) in [
        ("DeliveryTimedOut", Choice::ApproveActivation),
        ("ParcelLost", Choice::DiscardEnrollment),
        ("CancelInConsole", Choice::ConfirmCancelled),
        ("ExistingKey", Choice::CancelOrder),
        ("SigningKeyGone", Choice::ActivateWithKeptKeys),
    ] {
        assert!(many::admitted(reason, choice).is_ok(), "{reason} {choice:?}");
    }
}

#[test]
fn an_answer_that_the_hold_does_not_admit_is_refused_with_those_it_does() {
    let held = hold("ParcelLost", &["DiscardEnrollment"]);
    let fault = among(&held, Choice::RetryOrder).unwrap_err();
    assert!(fault.exit == Exit::Usage && fault.next.contains("DiscardEnrollment"), "{fault}");
    assert!(answerable(&hold("UserNotEligible", &[])).unwrap_err().what.contains("ends by itself"));
    assert!(answerable(&hold("X", &["AnswerOfTomorrow"])).unwrap_err().next.contains("operator's version"));
}

#[test]
fn of_several_questions_one_must_be_named_and_one_that_is_gone_is_not_answered() {
    let (a, b) = (
        hold("SourceEmpty", &["Proceed"]),
        HoldView { id: "wave-2".into(), ..hold("AwaitingApproval", &["Proceed"]) },
    );
    let both = || vec![a.clone(), b.clone()];
    assert_eq!(pick(both(), "ykr/staff", "hr", None).unwrap_err().exit, Exit::Usage);
    assert_eq!(pick(both(), "ykr/staff", "hr", Some("wave-2")).unwrap(), b);
    assert!(pick(both(), "ykr/staff", "hr", Some("old")).unwrap_err().what.contains("wave-2"));
    assert!(pick(Vec::new(), "yks/ann", "hr", None).unwrap_err().what.contains("no hold"));
}
