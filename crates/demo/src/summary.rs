//! Where everybody is at the end.

use testbed::{objects::message, setup::Fault};

use crate::{
    road::Cast,
    stage::{PEOPLE, Stage},
    told::faults,
};

/// Of three shipments, declared one by one.
pub(crate) async fn of_shipments(stage: &Stage, cast: &Cast) -> Result<(), Fault> {
    println!();
    show_shipments(stage).await?;
    println!();
    println!("ann-lee   a new colleague, staged at Okta when the key was ordered: Activated and signed in");
    println!("bob-ray   a colleague with an account: Activated and signed in");
    println!("eve-long  a profile that does not fit on a parcel: Held, nothing was ordered, because");
    let eve = stage.kubectl()?.json(&["get", "yubikeyshipment", cast.shipment("eve-long")]).await?;
    println!("{}", faults(message(&eve)));
    Ok(())
}

/// As kubectl shows them.
pub(crate) async fn show_shipments(stage: &Stage) -> Result<(), Fault> {
    println!("$ kubectl get yubikeyshipments --namespace {PEOPLE}");
    print!("{}", stage.kubectl()?.run(&["get", "yubikeyshipments"]).await?);
    Ok(())
}
