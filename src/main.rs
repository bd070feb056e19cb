//! Entry point: subcommands, then into the library.

use std::process::ExitCode;

// One thread: the work waits for others nearly always, and threads that wake each other cost more than they bring.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    yubikey_shipment_operator::cli::main().await
}
