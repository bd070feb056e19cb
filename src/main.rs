//! Entry point: subcommands, then into the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    yubikey_shipment_operator::cli::main().await
}
