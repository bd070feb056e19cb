//! Rows for a spreadsheet, and the month that a key counts in.

use api::shipment::YubiKeyShipment;

use crate::fault::{Fault, Result};

/// The month (UTC) of the order.
pub(super) fn month(shipment: &YubiKeyShipment) -> String {
    let order = shipment.status.as_ref().and_then(|status| status.order.as_ref());
    let ordered = order.and_then(|order| order.ordered_at.as_ref());
    ordered.map_or_else(|| "-".to_owned(), |at| at.0.strftime("%Y-%m").to_string())
}

/// A spreadsheet must not take a name for a formula.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '@', '\t', '\r']) || (cell.starts_with('-') && cell.len() > 1) {
        return format!("'{cell}");
    }
    cell
}

/// As CSV, the header in small letters.
///
/// # Errors
/// If it cannot be written.
pub(super) fn csv(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<String> {
    let unwritable = |error: &dyn std::fmt::Display| {
        Fault::new(format!("the table cannot be written: {error}"), "use -o json")
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = header.iter().map(|name| name.to_lowercase());
    writer.write_record(header).map_err(|error| unwritable(&error))?;
    for row in rows {
        writer.write_record(row.into_iter().map(harmless)).map_err(|error| unwritable(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| unwritable(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in ["=1+1", "+1", "@sum", "-1+2"] {
            assert!(harmless(evil.to_owned()).starts_with('\''), "{evil}");
        }
        assert_eq!(harmless("-".to_owned()), "-");
        assert_eq!(harmless("hr".to_owned()), "hr");
    }
}
