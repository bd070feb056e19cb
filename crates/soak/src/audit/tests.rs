//! An auditor is believed only as far as it notices what was doctored.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testbed::folder::{self, Folder};

use super::{Verdict, audit};

const SECRET: &str = "4f1c9d72b0e84a55";

/// A run of three people that went well, to be doctored in one place.
struct Run {
    dir: tempfile::TempDir,
    journal: Vec<Value>,
    state: Value,
    shipments: Vec<Value>,
    diary: Value,
    events: Value,
    log: String,
}

fn at(seconds: i64) -> String {
    let begin = Timestamp::from_second(1_800_000_000).expect("in range");
    (begin + SignedDuration::from_secs(seconds)).to_string()
}

fn user(number: i64) -> String {
    format!("user{number}")
}

impl Run {
    fn good() -> Self {
        let mut run = Self {
            dir: tempfile::tempdir().expect("a directory"),
            journal: Vec::new(),
            state: json!({"shipments": [], "enrollments": []}),
            shipments: Vec::new(),
            diary: json!({
                "seed": 7, "lease": true, "shipments": [], "kills": [], "outages": [], "exits": 0,
                "storm": [at(0), at(600)], "calm": at(700),
            }),
            events: json!([]),
            log: "nothing to see\n".to_owned(),
        };
        for number in 0..3 {
            run.person(number);
        }
        run
    }

    fn person(&mut self, number: i64) {
        let (user, name) = (user(number), format!("person-{number}"));
        let (enrollment, order) = (format!("enrollment{number}"), format!("order{number}"));
        for (second, operation) in [
            (0, "enrollPreregistrationEnrollment"),
            (2, "CreateFPRShipment"),
            (30, "activatePreregistrationEnrollment"),
            (32, "sendPin"),
        ] {
            self.call(number * 100 + second, operation, number);
        }
        push(&mut self.state["shipments"], json!({"id": order, "deleted": false}));
        push(&mut self.state["enrollments"], json!({"id": enrollment, "userId": user, "status": "ACTIVE"}));
        let declared = json!({
            "namespace": "team", "name": name, "login": name, "userId": user, "connection": "c", "at": at(0),
        });
        push(&mut self.diary["shipments"], declared);
        let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "It is as it should be."});
        self.shipments.push(json!({
            "metadata": {"namespace": "team", "name": name},
            "status": {"phase": "Activated", "conditions": [
                condition("Ready", "Activated"), condition("Activated", "Activated"), condition("PinSent", "PinSent"),
            ]},
        }));
    }

    /// A call that was carried out and answered.
    fn call(&mut self, second: i64, operation: &str, number: i64) {
        let mut call = json!({
            "seq": self.journal.len() + 1, "at": at(second), "finishedAt": at(second), "operation": operation,
            "path": format!("/enrollments/enrollment{number}/{operation}"), "status": 200, "committed": true, "faulted": false, "userId": user(number),
            "enrollmentId": format!("enrollment{number}"),
        });
        if operation == "CreateFPRShipment" {
            call["shipmentId"] = json!(format!("order{number}"));
        }
        self.journal.push(call);
    }

    /// The call of a person.
    fn the(&mut self, operation: &str, number: i64) -> &mut Value {
        let user = user(number);
        let mut all = self.journal.iter_mut();
        all.find(|call| call["operation"] == operation && call["userId"] == user.as_str())
            .expect("it was made")
    }

    /// A shipment that waits for a person.
    fn hold(&mut self, number: usize, reason: &str) {
        self.shipments[number]["status"] = json!({
            "phase": "Held",
            "order": {"mark": at(i64::try_from(number).expect("few") * 100 + 2)},
            "hold": {"id": "order-1-abcd", "choices": ["RetryOrder"]},
            "conditions": [
                {"type": "Ready", "status": "False", "reason": reason, "message": "Look into the Console."},
                {"type": "Stalled", "status": "True", "reason": reason, "message": "Look into the Console."},
            ],
        });
    }

    fn kill(&mut self, second: i64) {
        push(&mut self.diary["kills"], json!({"at": at(second), "replica": "operator-a"}));
    }

    /// A status write that the API server answered so.
    fn write(&self, name: &str, second: i64, code: u16) {
        let log = Folder::at(self.dir.path()).audit_log();
        std::fs::create_dir_all(log.parent().expect("a folder")).expect("it is made");
        let request = json!({
            "stage": "ResponseComplete", "verb": "patch", "stageTimestamp": at(second), "responseStatus": {"code": code},
            "objectRef": {"resource": "yubikeyshipments", "namespace": "team", "name": name, "subresource": "status"},
        });
        let known = std::fs::read_to_string(&log).unwrap_or_default();
        std::fs::write(log, format!("{known}{request}\n")).expect("it is written");
    }

    fn verdict(&self) -> (Verdict, Value) {
        let folder = Folder::at(self.dir.path());
        folder.save(folder::JOURNAL, &self.journal).expect("it is written");
        folder.save(folder::STATE, &self.state).expect("it is written");
        folder.save(folder::SHIPMENTS, &self.shipments).expect("it is written");
        folder.save(folder::DIARY, &self.diary).expect("it is written");
        for name in [folder::CONNECTIONS, folder::ROLLOUTS] {
            folder.save(name, &json!([])).expect("it is written");
        }
        folder.save(folder::EVENTS, &self.events).expect("it is written");
        let secrets = json!([{"kind": "token", "value": SECRET}, {"kind": "pin", "value": "20481357"}]);
        folder.save_privately(folder::SECRETS, &secrets).expect("it is written");
        folder.append(folder::METRICS, "calls_total 3\n").expect("it is written");
        std::fs::write(folder.log("operator-a"), &self.log).expect("it is written");
        let verdict = audit(self.dir.path()).expect("it can be judged");
        let line = serde_json::from_str(&verdict.line).expect("the line is JSON");
        (verdict, line)
    }

    /// Exactly this one of the five is not 0.
    fn is_noticed_as(&self, member: &str) {
        let (verdict, line) = self.verdict();
        assert!(!verdict.is_good, "{line}");
        for name in ["double_orders", "lost_orders", "early_pins", "leaks", "unexplained"] {
            let expected = u64::from(name == member);
            assert_eq!(line[name], expected, "{name}: {line} {:?}", verdict.findings);
        }
    }

    fn is_good(&self) {
        let (verdict, line) = self.verdict();
        assert!(verdict.is_good, "{line} {:?}", verdict.findings);
    }
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().expect("a list").push(value);
}

#[test]
fn a_run_that_went_well_is_good_and_its_line_sums_up() {
    let (verdict, line) = Run::good().verdict();
    assert!(verdict.is_good, "{:?}", verdict.findings);
    let sums = json!({
        "seed": 7, "shipments": 3, "kills": 0, "faults": 0, "double_orders": 0, "lost_orders": 0, "early_pins": 0,
        "leaks": 0, "unexplained": 0, "activated": 3, "held": 0, "failed": 0, "cancelled": 0,
    });
    assert_eq!(line, sums);
}

#[test]
fn a_second_order_is_noticed_also_where_it_was_deleted_later() {
    let mut run = Run::good();
    run.call(150, "CreateFPRShipment", 1);
    run.journal.last_mut().expect("one")["shipmentId"] = json!("order1b");
    push(&mut run.state["shipments"], json!({"id": "order1b", "deleted": true}));
    run.is_noticed_as("double_orders");
}

#[test]
fn an_order_that_nobody_declared_is_lost() {
    let mut run = Run::good();
    run.call(400, "CreateFPRShipment", 9);
    run.is_noticed_as("lost_orders");
}

#[test]
fn an_order_that_came_too_late_to_cancel_is_told_and_signs_in_nowhere() {
    let deleted_too_late = || {
        let mut run = Run::good();
        run.call(400, "CreateFPRShipment", 9);
        let note = "Shipment team/person-9 was let go: order order9, enrolment none.";
        push(&mut run.events, json!({"reason": "ShipmentReleased", "note": note}));
        run
    };
    deleted_too_late().is_good();
    let mut run = deleted_too_late();
    run.events[0]["note"] = json!("Shipment team/person-9 was let go: order none, enrolment none.");
    run.is_noticed_as("lost_orders");
    let mut run = deleted_too_late();
    let left = json!({"id": "enrollment9", "userId": user(9), "status": "PENDING"});
    push(&mut run.state["enrollments"], left);
    run.is_noticed_as("lost_orders");
    // Its process died before it knew of the order, and the deletion found that by a search.
    run.kill(401);
    run.is_good();
}

#[test]
fn activated_is_believed_only_as_far_as_okta_shows_it() {
    let mut run = Run::good();
    run.state["enrollments"][1]["status"] = json!("PENDING");
    run.is_noticed_as("lost_orders");
    let mut run = Run::good();
    run.the("sendPin", 1)["committed"] = json!(false);
    run.is_noticed_as("lost_orders");
}

#[test]
fn a_pin_waits_for_the_next_day_only_after_three_mails_that_went_astray() {
    /// As the sandbox notes a call that a fault kept from running.
    fn kept_from_running(call: &mut Value) {
        call["path"] = json!("/webauthn-registration/api/v1/send-pin");
        (call["status"], call["committed"], call["faulted"]) = (json!(502), json!(false), json!(true));
        (call["userId"], call["enrollmentId"]) = (Value::Null, Value::Null);
    }
    let mut run = Run::good();
    kept_from_running(run.the("sendPin", 1));
    run.shipments[1]["status"]["conditions"] = json!([
        {"type": "Ready", "status": "True", "reason": "PinLimitReached", "message": "It waits a day."},
        {"type": "Activated", "status": "True", "reason": "Activated", "message": "It signs in."},
    ]);
    run.is_noticed_as("lost_orders");
    run.shipments[1]["status"]["pin"] = json!({"id": 3, "mails": [at(132), at(150)], "mark": at(170)});
    run.is_noticed_as("lost_orders");
    run.call(151, "sendPin", 1);
    kept_from_running(run.journal.last_mut().expect("just made"));
    run.is_noticed_as("lost_orders");
    push(&mut run.diary["kills"], json!({"at": at(171), "replica": "operator-a"}));
    let (verdict, line) = run.verdict();
    assert!(verdict.is_good && line["activated"] == 3, "{line}");
}

#[test]
fn a_shipment_that_never_comes_to_an_end_is_lost_and_unexplained() {
    let mut run = Run::good();
    run.shipments[1]["status"]["phase"] = json!("Ordered");
    let (_, line) = run.verdict();
    assert_eq!((&line["lost_orders"], &line["unexplained"]), (&json!(1), &json!(1)));
    assert_eq!((&line["activated"], &line["held"]), (&json!(2), &json!(1)), "the ends sum up to all");
}

#[test]
fn a_wait_for_a_rate_limit_that_outlives_the_faults_is_unexplained() {
    let mut run = Run::good();
    run.diary["limited"] = json!(["person-1"]);
    run.is_noticed_as("unexplained");
}

#[test]
fn a_pin_before_the_activation_is_early() {
    let mut run = Run::good();
    let (activation, pin) =
        (run.the("activatePreregistrationEnrollment", 1)["seq"].take(), run.the("sendPin", 1)["seq"].take());
    run.the("activatePreregistrationEnrollment", 1)["seq"] = pin;
    run.the("sendPin", 1)["seq"] = activation;
    run.is_noticed_as("early_pins");
    let mut run = Run::good();
    run.the("activatePreregistrationEnrollment", 1)["committed"] = json!(false);
    run.is_noticed_as("early_pins");
}

#[test]
fn a_secret_is_found_in_logs_and_objects_in_each_encoding() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    for leak in [SECRET.to_owned(), STANDARD.encode(SECRET), "pin=20481357 sent".to_owned()] {
        let mut run = Run::good();
        run.log = format!("calling with {leak}\n");
        run.is_noticed_as("leaks");
        let mut run = Run::good();
        run.shipments[0]["status"]["phaseNote"] = json!(leak);
        run.is_noticed_as("leaks");
    }
    let mut run = Run::good();
    run.log = "2027-01-15T08:00:00.120481357Z\n".to_owned();
    run.is_good();
}

#[test]
fn a_hold_needs_a_lost_answer() {
    let mut run = Run::good();
    run.hold(1, "OrderOutcomeUnknown");
    run.is_noticed_as("unexplained");
}

/// The order was not accepted and its answer did not arrive: nothing can decide that.
fn undecidable() -> Run {
    let mut run = Run::good();
    run.hold(1, "OrderOutcomeUnknown");
    let order = run.the("CreateFPRShipment", 1);
    order["committed"] = json!(false);
    order["status"] = Value::Null;
    order["faulted"] = json!(true);
    order.as_object_mut().expect("a call").remove("shipmentId");
    run
}

#[test]
fn a_hold_after_an_order_without_answer_is_explained_where_nothing_can_be_found() {
    undecidable().is_good();
}

#[test]
fn an_order_without_answer_that_stands_is_found_unless_the_vendor_lists_none() {
    let mut run = Run::good();
    run.hold(1, "OrderOutcomeUnknown");
    let order = run.the("CreateFPRShipment", 1);
    (order["status"], order["faulted"]) = (Value::Null, json!(true));
    run.is_noticed_as("unexplained");
    run.state["settings"] = json!({"listPreregOrders": false});
    run.is_good();
}

#[test]
fn a_hold_for_another_reason_is_not_explained_by_a_lost_order() {
    let mut run = undecidable();
    run.hold(1, "OrderRefused");
    run.is_noticed_as("unexplained");
}

#[test]
fn a_hold_without_choices_is_unexplained() {
    let mut run = undecidable();
    run.shipments[1]["status"]["hold"]["choices"] = json!([]);
    run.is_noticed_as("unexplained");
}

#[test]
fn a_hold_is_unexplained_where_the_search_could_decide() {
    let mut run = undecidable();
    let order = run.the("CreateFPRShipment", 1);
    order["committed"] = json!(true);
    order["shipmentId"] = json!("order1");
    run.is_noticed_as("unexplained");
}

#[test]
fn a_definite_refusal_is_an_answer() {
    let mut run = undecidable();
    run.the("CreateFPRShipment", 1)["status"] = json!(429);
    run.is_noticed_as("unexplained");
}

#[test]
fn a_kill_around_the_call_explains_a_lost_answer_and_one_long_after_it_does_not() {
    let mut run = undecidable();
    let order = run.the("CreateFPRShipment", 1);
    order["status"] = json!(200);
    order["faulted"] = json!(false);
    run.kill(103);
    run.is_good();
    let late = run.diary["kills"][0].as_object_mut().expect("a kill");
    late.insert("at".to_owned(), json!(at(110)));
    run.is_noticed_as("unexplained");
}

#[test]
fn an_alarm_about_the_definitions_is_noticed_as_nobody_changed_them() {
    let mut run = Run::good();
    run.log = "WARN the pass failed reason=CRDOutdated\n".to_owned();
    run.is_noticed_as("unexplained");
}

/// The vendor knows nothing of it, so only the caller can tell.
#[test]
fn a_time_out_of_the_marked_call_explains_an_order_that_never_arrived() {
    let line = |second: i64, person: &str, operation: &str| {
        format!(
            "{} WARN shipment{{shipment=\"team/{person}\"}}:call{{api=\"yubico\" operation=\"{operation}\"}}: it did not answer in time\n",
            at(second)
        )
    };
    let told = |log: String| {
        let mut run = undecidable();
        let never =
            run.journal.iter().position(|c| c["operation"] == "CreateFPRShipment" && c["userId"] == "user1");
        run.journal.remove(never.expect("it is there"));
        run.log = log;
        run
    };
    told(line(104, "person-1", "order")).is_good();
    for other in
        [line(60, "person-1", "order"), line(104, "person-2", "order"), line(104, "person-1", "user")]
    {
        told(other).is_noticed_as("unexplained");
    }
}

/// The machine was busy with other things: the answer came, and six seconds later nothing was written of it yet.
#[test]
fn a_kill_before_anything_was_written_explains_a_lost_receipt_and_one_after_a_write_does_not() {
    let mut run = undecidable();
    let order = run.the("CreateFPRShipment", 1);
    (order["status"], order["faulted"]) = (json!(401), json!(false));
    run.kill(108);
    run.is_noticed_as("unexplained");
    run.write("person-0", 105, 200);
    run.write("person-1", 104, 504);
    run.is_good();
    run.write("person-1", 105, 200);
    run.is_noticed_as("unexplained");
}
