//! Whose keys were delivered and not used: what an IT admin asks about first.

use api::shipment::{IN_USE, YubiKeyShipment, YubiKeyShipmentStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use serde::Serialize;
use system::clock;

use super::sheet;
use crate::{
    fault::Result,
    options::{Output, TableOutput},
    printing::{self, Table, ago},
    terminal::Terminal,
};

/// One key that lies somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    namespace: String,
    name: String,
    connection: String,
    user: String,
    key: String,
    serial: String,
    /// Delivered, else mailed its PIN, where no carrier told of the delivery.
    since: Option<Timestamp>,
    /// Why it is told so.
    reason: String,
}

/// Was Okta asked, and no sign-in seen? What nobody looked for is not told as unused.
pub(super) fn is_unused(status: &YubiKeyShipmentStatus) -> bool {
    in_use(status).is_some_and(|condition| condition.status == "False")
}

fn in_use(status: &YubiKeyShipmentStatus) -> Option<&Condition> {
    status.conditions.iter().find(|condition| condition.type_ == IN_USE)
}

/// Those of this month's orders, the longest first.
pub(super) fn rows(shipments: &[YubiKeyShipment], of: Option<&str>) -> Vec<Row> {
    let in_month = |shipment: &&YubiKeyShipment| of.is_none_or(|of| sheet::month(shipment) == of);
    let mut rows: Vec<Row> = shipments.iter().filter(in_month).filter_map(row).collect();
    rows.sort_by(|a, b| (a.since, &a.namespace, &a.name).cmp(&(b.since, &b.namespace, &b.name)));
    rows
}

fn row(shipment: &YubiKeyShipment) -> Option<Row> {
    let status = shipment.status.as_ref().filter(|status| is_unused(status))?;
    let display = status.display.clone();
    let times = status.times.clone().unwrap_or_default();
    Some(Row {
        namespace: shipment.namespace().unwrap_or_default(),
        name: shipment.name_any(),
        connection: shipment.spec.connection_ref.name.clone(),
        user: display.as_ref().map(|display| display.user.clone()).unwrap_or_default(),
        key: display.map(|display| display.key).unwrap_or_default(),
        serial: status.key.as_ref().map(|key| key.serial.clone()).unwrap_or_default(),
        since: times.delivered.or(times.pin_sent).map(|at| at.0),
        reason: in_use(status).map(|condition| condition.reason.clone()).unwrap_or_default(),
    })
}

const HEADER: [&str; 8] = ["NAMESPACE", "NAME", "CONNECTION", "USER", "KEY", "SERIAL", "DELIVERED", "REASON"];

fn cells(row: &Row, since: String) -> Vec<String> {
    let Row { namespace, name, connection, user, key, serial, reason, .. } = row.clone();
    vec![namespace, name, connection, user, key, serial, since, reason]
}

/// As it was asked for.
///
/// # Errors
/// If it cannot be written.
pub(super) fn text(rows: &[Row], output: TableOutput, terminal: &Terminal) -> Result<String> {
    let at = |row: &Row| row.since.map(|at| at.to_string()).unwrap_or_default();
    match output {
        TableOutput::Csv => sheet::csv(&HEADER, rows.iter().map(|row| cells(row, at(row)))),
        TableOutput::Json => printing::document(&serde_json::json!({"unused": rows}), Output::Json),
        TableOutput::Table if rows.is_empty() => {
            terminal.tell("No key that is looked for was delivered and not used.");
            Ok(String::new())
        }
        TableOutput::Table => {
            let now = clock::now();
            let mut table = Table::new(&HEADER);
            for row in rows {
                let since = row.since.map(|at| format!("{} ago", ago(at, now))).unwrap_or_default();
                table.row(cells(row, since));
            }
            Ok(table.text(terminal.paint))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shipment(name: &str, delivered: &str, in_use: Option<(&str, &str)>) -> YubiKeyShipment {
        let conditions: Vec<Value> = in_use
            .map(|(status, reason)| {
                json!({"type": "InUse", "status": status, "reason": reason, "message": "m",
                    "lastTransitionTime": "2027-02-01T00:00:00Z"})
            })
            .into_iter()
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": name, "namespace": "hr"},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"id": "00u1"}, "key": {"model": "nfc"}},
            "status": {"observedGeneration": 1, "conditions": conditions,
                "display": {"user": "=cmd@example.com", "key": "nfc"},
                "order": {"attempt": 1, "outcome": "Accepted", "mark": delivered, "orderedAt": delivered},
                "times": {"delivered": delivered, "pinSent": "2027-03-01T00:00:00Z"}},
        }))
        .unwrap()
    }

    #[test]
    fn only_keys_that_were_looked_for_and_not_seen_used_are_told_the_longest_first() {
        let all = [
            shipment("young", "2027-02-02T00:00:00Z", Some(("False", "NotUsedYet"))),
            shipment("used", "2027-01-01T00:00:00Z", Some(("True", "Used"))),
            shipment("not-looked-for", "2027-01-01T00:00:00Z", None),
            shipment("not-shown", "2027-01-01T00:00:00Z", Some(("Unknown", "NotShown"))),
            shipment("old", "2026-09-01T00:00:00Z", Some(("False", "NotLookedForAnyMore"))),
        ];
        let names = |of| rows(&all, of).into_iter().map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(names(None), ["old", "young"]);
        assert_eq!(names(Some("2027-02")), ["young"]);
        let text = sheet::csv(&HEADER, rows(&all, None).iter().map(|row| cells(row, String::new()))).unwrap();
        let first = "namespace,name,connection,user,key,serial,delivered,reason";
        assert_eq!(text.lines().next(), Some(first));
        assert!(text.contains("hr,old,acme,'=cmd@example.com,nfc,,,NotLookedForAnyMore"), "{text}");
    }
}
