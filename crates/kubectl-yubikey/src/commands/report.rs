//! `report`: orders, activations, holds, lost parcels and first uses by connection, namespace and month; or whose keys are
//! not used.

mod sheet;
mod unused;

use std::collections::BTreeMap;

use api::shipment::{OrderOutcome, YubiKeyShipment};
use clap::Args;
use domain::vendor_states::{ParcelClass, ParcelState};
use kube::ResourceExt as _;
use serde::Serialize;

use crate::{
    cluster::Cluster,
    fault::{Exit, Result},
    objects,
    options::{Global, TableOutput},
    printing::{self, Table},
    terminal::Terminal,
};

/// Of `report`.
#[derive(Debug, Args)]
#[command(
    after_help = "A key counts in the month (UTC) of its order; what was never ordered stands in the month `-`. Units are orders\nthat YubiEnterprise accepted and that were not cancelled: what is paid for. Only shipments that still exist count.\nUsed are keys that their person was seen to sign in with; unused those of which Okta was asked and no sign-in was seen.\n\nExamples:\n  kubectl yubikey report -A\n  kubectl yubikey report -A --unused\n  kubectl yubikey report -A -o csv > keys.csv"
)]
pub struct Arguments {
    /// For reading, for a spreadsheet, or for a program
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: TableOutput,
    /// Only this month, as in 2027-01
    #[arg(long, value_name = "MONTH")]
    month: Option<String>,
    /// Whose keys were delivered and not used, the longest first
    #[arg(long)]
    unused: bool,
}

/// What one row counts for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Group {
    month: String,
    connection: String,
    namespace: String,
    key: String,
}

/// Keys of one group, counted by how far they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Counts {
    declared: u32,
    ordered: u32,
    units: u32,
    delivered: u32,
    activated: u32,
    held: u32,
    lost: u32,
    failed: u32,
    cancelled: u32,
    used: u32,
    unused: u32,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    group: &'a Group,
    #[serde(flatten)]
    counts: &'a Counts,
}

/// What is left at `YubiEnterprise`, as the connection's check says it.
#[derive(Debug, Clone, Serialize)]
struct Stock {
    connection: String,
    sufficient: String,
    message: String,
}

/// Runs it.
///
/// # Errors
/// If shipments cannot be listed.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    let shipments = objects::told(objects::list::<YubiKeyShipment>(&cluster, "shipments").await?, terminal);
    if arguments.unused {
        let rows = unused::rows(&shipments, arguments.month.as_deref());
        terminal.print(&unused::text(&rows, arguments.output, terminal)?)?;
        return Ok(Exit::Done);
    }
    let mut groups = count(&shipments);
    groups.retain(|group, _| arguments.month.as_ref().is_none_or(|month| group.month == *month));
    let stock = stock(&cluster).await;
    let text = match arguments.output {
        TableOutput::Table => table(&groups, &stock, terminal),
        TableOutput::Csv => csv(&groups)?,
        TableOutput::Json => {
            let rows: Vec<_> = groups.iter().map(|(group, counts)| Row { group, counts }).collect();
            printing::document(
                &serde_json::json!({"rows": rows, "stock": stock}),
                crate::options::Output::Json,
            )?
        }
    };
    terminal.print(&text)?;
    Ok(Exit::Done)
}

fn count(shipments: &[YubiKeyShipment]) -> BTreeMap<Group, Counts> {
    let mut groups: BTreeMap<Group, Counts> = BTreeMap::new();
    for shipment in shipments {
        add(groups.entry(group(shipment)).or_default(), shipment);
    }
    groups
}

fn group(shipment: &YubiKeyShipment) -> Group {
    let status = shipment.status.as_ref();
    let key = status.and_then(|s| s.display.as_ref()).map(|display| display.key.clone());
    Group {
        month: sheet::month(shipment),
        connection: shipment.spec.connection_ref.name.clone(),
        namespace: shipment.namespace().unwrap_or_default(),
        key: key.or_else(|| shipment.spec.key.model.clone()).unwrap_or_default(),
    }
}

fn add(counts: &mut Counts, shipment: &YubiKeyShipment) {
    counts.declared += 1;
    let Some(status) = &shipment.status else { return };
    let order = status.order.as_ref();
    let times = status.times.clone().unwrap_or_default();
    let class =
        order.and_then(|order| order.state.as_ref()).map(|state| ParcelState::from_id(state.id).class);
    let outcome = order.map(|order| order.outcome);
    let was_ordered =
        order.is_some_and(|order| order.ordered_at.is_some()) || outcome == Some(OrderOutcome::Accepted);
    let cancelled = outcome == Some(OrderOutcome::Cancelled);
    for (count, holds) in [
        (&mut counts.ordered, was_ordered),
        (&mut counts.units, was_ordered && !cancelled),
        (&mut counts.delivered, times.delivered.is_some()),
        (&mut counts.activated, times.activated.is_some()),
        (&mut counts.held, status.hold.is_some()),
        (&mut counts.lost, class == Some(ParcelClass::Lost)),
        (&mut counts.failed, class == Some(ParcelClass::Failed)),
        (&mut counts.cancelled, cancelled),
        (&mut counts.used, times.used.is_some()),
        (&mut counts.unused, unused::is_unused(status)),
    ] {
        *count += u32::from(holds);
    }
}

async fn stock(cluster: &Cluster) -> Vec<Stock> {
    let connections = objects::visible_connections(cluster).await;
    let of = |connection: &api::connection::YubiKeyConnection| {
        let status = connection.status.as_ref()?;
        let condition = status.conditions.iter().find(|condition| condition.type_ == "StockSufficient")?;
        Some(Stock {
            connection: connection.name_any(),
            sufficient: condition.status.clone(),
            message: condition.message.clone(),
        })
    };
    connections.iter().filter_map(of).collect()
}

const HEADER: [&str; 15] = [
    "MONTH",
    "CONNECTION",
    "NAMESPACE",
    "KEY",
    "DECLARED",
    "ORDERED",
    "UNITS",
    "DELIVERED",
    "ACTIVATED",
    "HELD",
    "LOST",
    "FAILED",
    "CANCELLED",
    "USED",
    "UNUSED",
];

fn cells(group: &Group, counts: &Counts) -> Vec<String> {
    let texts = [&group.month, &group.connection, &group.namespace, &group.key].map(Clone::clone);
    let Counts {
        declared,
        ordered,
        units,
        delivered,
        activated,
        held,
        lost,
        failed,
        cancelled,
        used,
        unused,
    } = counts;
    let numbers =
        [declared, ordered, units, delivered, activated, held, lost, failed, cancelled, used, unused];
    texts.into_iter().chain(numbers.map(ToString::to_string)).collect()
}

fn table(groups: &BTreeMap<Group, Counts>, stock: &[Stock], terminal: &Terminal) -> String {
    let mut table = Table::new(&HEADER);
    for (group, counts) in groups {
        table.row(cells(group, counts));
    }
    let mut text = table.text(terminal.paint);
    if !stock.is_empty() {
        let mut shown = Table::new(&["CONNECTION", "STOCK", "MESSAGE"]);
        for one in stock {
            let word = match one.sufficient.as_str() {
                "True" => "sufficient",
                "False" => "low",
                _ => "unknown",
            };
            shown.row(vec![one.connection.clone(), word.to_owned(), one.message.clone()]);
        }
        text = format!("{text}\n{}", shown.text(terminal.paint));
    }
    text
}

fn csv(groups: &BTreeMap<Group, Counts>) -> Result<String> {
    sheet::csv(&HEADER, groups.iter().map(|(group, counts)| cells(group, counts)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shipment(status: &Value) -> YubiKeyShipment {
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment", "metadata": {"name": "x", "namespace": "hr"},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"id": "00u1"}, "key": {"model": "nfc"}},
            "status": status,
        }))
        .unwrap()
    }

    fn order(outcome: &str, at: Option<&str>, state: Option<u32>) -> Value {
        let mut order = json!({"attempt": 1, "outcome": outcome, "mark": "2027-01-01T00:00:00Z"});
        if let Some(at) = at {
            order["orderedAt"] = json!(at);
        }
        if let Some(id) = state {
            order["state"] = json!({"id": id, "name": "x", "since": "2027-01-02T00:00:00Z"});
        }
        json!({"observedGeneration": 1, "order": order})
    }

    #[test]
    fn keys_are_counted_in_the_month_of_their_order_and_cancelled_ones_cost_nothing() {
        let mut activated = order("Accepted", Some("2027-01-31T23:59:59Z"), Some(104));
        activated["times"] = json!({"delivered": "2027-02-03T00:00:00Z", "activated": "2027-02-03T00:00:00Z", "used": "2027-02-04T00:00:00Z"});
        let all = [
            shipment(&activated),
            shipment(&order("Accepted", Some("2027-02-01T00:00:00Z"), Some(105))),
            shipment(&order("Accepted", Some("2027-02-02T00:00:00Z"), Some(107))),
            shipment(&order("Cancelled", Some("2027-02-02T00:00:00Z"), None)),
            shipment(&order("Refused", None, None)),
            shipment(
                &json!({"observedGeneration": 1, "hold": {"id": "h", "reason": "ExistingKey", "message": "m", "since": "2027-01-01T00:00:00Z", "generation": 1}}),
            ),
        ];
        let groups = count(&all);
        insta::assert_snapshot!(csv(&groups).unwrap());
    }
}
