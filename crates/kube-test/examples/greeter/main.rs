//! Runs the example operator in the cluster of the current context. `tests/features/greeter.rs` tests it.

mod operator;

#[tokio::main]
async fn main() -> Result<(), kube::Error> {
    let client = kube::Client::try_default().await?;
    operator::run(kube::Api::all(client)).await;
    Ok(())
}
