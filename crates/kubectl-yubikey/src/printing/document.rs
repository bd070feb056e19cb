//! Results as documents for programs.

use serde::Serialize;

use crate::{
    fault::{Fault, Result},
    options::Output,
};

/// A document for programs.
///
/// # Errors
/// If it cannot be written.
pub fn document(value: &impl Serialize, output: Output) -> Result<String> {
    let unwritable = |error: &dyn std::fmt::Display| {
        Fault::new(
            format!("the result cannot be written: {error}"),
            "leave out -o, and report this as a fault",
        )
    };
    match output {
        Output::Yaml => serde_saphyr::to_string(value).map_err(|error| unwritable(&error)),
        Output::Json | Output::Wide => {
            serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| unwritable(&error))
        }
    }
}
