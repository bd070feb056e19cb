//! `kubectl yubikey`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    kubectl_yubikey::run().await
}
