//! What preflight reads at `YubiEnterprise`.

use domain::{
    failure::Failure,
    preflight::{Declared, KeySet, Shown, YubicoFacts, is_of_another_region},
};
use vendors::yubico::Client;

use crate::{
    caches::Caches,
    readings::{CATALOGUE, INVENTORY, KEYS, Reading, Readings, Why},
};

/// Reads what is due. While the token is refused, the catalogue stays as it was seen last.
pub async fn look(
    yubico: &Client,
    caches: &Caches,
    readings: &mut Readings,
    declared: &Declared,
    why: Why,
) -> YubicoFacts {
    let access = enter(yubico, caches, readings, why).await;
    if access.is_ok() {
        if readings.products.is_due(CATALOGUE, why) {
            let read = yubico.products().await;
            readings.products.take(read.map(|all| all.iter().map(|product| product.id).collect()), TOKEN);
        }
        if readings.countries.is_due(CATALOGUE, why) {
            readings.countries.take(yubico.countries().await, TOKEN);
        }
        // What an organization of another region shows says nothing about what the connection names.
        if !is_of_another_region(&readings.countries.shown, declared) {
            readings.of_region = (
                readings.inventory.shown.clone(),
                readings.products.shown.clone(),
                readings.countries.shown.clone(),
            );
        }
    }
    if readings.transport.is_due(KEYS, why) {
        let oldest = readings.transport.oldest(KEYS, why);
        note(&mut readings.transport, caches.transport(yubico, oldest).await);
    }
    if readings.signing.is_due(KEYS, why) {
        let oldest = readings.signing.oldest(KEYS, why);
        note(&mut readings.signing, caches.signing(yubico, oldest).await);
    }
    facts(readings, Shown::Observed(access))
}

/// `YubiEnterprise` has roles of accounts in place of scopes.
const TOKEN: &str = "Admin";

/// What was read at earlier looks.
#[must_use]
pub fn facts(readings: &Readings, access: Shown<Result<(), Failure>>) -> YubicoFacts {
    YubicoFacts {
        access,
        inventory: readings.of_region.0.clone(),
        products: readings.of_region.1.clone(),
        countries: readings.of_region.2.clone(),
        countries_of_token: readings.countries.shown.clone(),
        transport_keys: readings.transport.shown.clone(),
        signing_keys: readings.signing.shown.clone(),
    }
}

/// The inventory needs the token, and tells whose it is.
async fn enter(yubico: &Client, caches: &Caches, readings: &mut Readings, why: Why) -> Result<(), Failure> {
    if !readings.inventory.is_due(INVENTORY, why) {
        return Ok(());
    }
    let oldest = readings.inventory.oldest(INVENTORY, why);
    match caches.inventory(yubico, oldest).await {
        Ok(found) => {
            readings.inventory.set(found.map_or(Shown::Missing, Shown::Observed), false);
            Ok(())
        }
        Err(failure) => {
            readings.inventory.retry();
            Err(failure)
        }
    }
}

fn note(reading: &mut Reading<Result<KeySet, Failure>>, read: Result<KeySet, Failure>) {
    let failed = read.is_err();
    reading.set(Shown::Observed(read), failed);
}
