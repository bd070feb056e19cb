//! `YubiEnterprise`: the token, its region, and whether what the connection names is there. One wrong model of several
//! is advice: the others can be ordered, and its own shipments are held.

use super::{
    check::Check,
    facts::{Declared, KeySet, Model, Orders, Shown, YubicoFacts},
    verdict::{Verdict, of},
};
use crate::{
    failure::{Failure, Reason},
    vendor_states::Inventory,
};

pub(super) fn reachable(access: &Shown<Result<(), Failure>>) -> Verdict {
    of(access, |access| match access {
        Ok(()) => Verdict::Good("YubiEnterprise answers and takes the token.".to_owned()),
        Err(failure) => Verdict::Fault(failure.clone()),
    })
}

/// Not one of the connection's countries: the token is of the other region.
pub(super) fn region(countries: &Shown<Vec<String>>, declared: &Declared) -> Verdict {
    if declared.countries.is_empty() {
        return Verdict::Good("The connection names no countries, so any region fits.".to_owned());
    }
    of(countries, |countries| {
        if countries.is_empty() {
            return Verdict::not_shown("YubiEnterprise shows no countries.");
        }
        if declared.countries.iter().any(|code| countries.contains(code)) {
            return Verdict::Good(
                "The token is of an organization that ships to the connection's countries.".to_owned(),
            );
        }
        Verdict::stop(
            Check::TokenRegionMatches,
            Reason::TokenOfAnotherRegion,
            "The organization of the API token ships to none of the connection's countries",
        )
    })
}

pub(super) fn countries(countries: &Shown<Vec<String>>, declared: &Declared) -> Verdict {
    if declared.countries.is_empty() {
        return Verdict::Good("The connection leaves the countries to YubiEnterprise.".to_owned());
    }
    of(countries, |countries| {
        if countries.is_empty() {
            return Verdict::not_shown("YubiEnterprise shows no countries.");
        }
        let off: Vec<_> =
            declared.countries.iter().filter(|code| !countries.contains(code)).map(String::as_str).collect();
        if off.is_empty() {
            return Verdict::Good("Every country of the connection is enabled.".to_owned());
        }
        Verdict::advice(
            Check::CountriesEnabled,
            Reason::CountryOff,
            &format!(
                "YubiEnterprise ships from this organization to no address in {}, so that orders to there are refused",
                off.join(", ")
            ),
        )
    })
}

/// Stops where no model is left that could be ordered, else it is advice about some.
fn faulty(check: Check, reason: Reason, declared: &Declared, found: &[(String, &Model)]) -> Option<Verdict> {
    if found.is_empty() {
        return None;
    }
    let text = found.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("; ");
    Some(if found.len() == declared.models.len() {
        Verdict::stop(check, reason, &text)
    } else {
        Verdict::advice(check, reason, &text)
    })
}

fn each(declared: &Declared, fault: impl Fn(&Model) -> Option<String>) -> Vec<(String, &Model)> {
    declared.models.iter().filter_map(|model| Some((fault(model)?, model))).collect()
}

pub(super) fn products(facts: &YubicoFacts, declared: &Declared) -> Verdict {
    of(&facts.products, |products| {
        if products.is_empty() {
            return Verdict::not_shown("YubiEnterprise shows no products.");
        }
        let found = each(declared, |model| {
            (!products.contains(&model.product_id))
                .then(|| format!("YubiEnterprise has no product {} (model {})", model.product_id, model.name))
        });
        faulty(Check::ProductsKnown, Reason::ProductUnknown, declared, &found).unwrap_or_else(|| {
            Verdict::Good("YubiEnterprise has every product that the connection names.".to_owned())
        })
    })
}

/// A bucket may be left out of the inventory when it is empty, so that both look alike.
pub(super) fn inventories(facts: &YubicoFacts, declared: &Declared) -> Verdict {
    of(&facts.inventory, |inventory| {
        let found = each(declared, |model| {
            inventory.bucket(model.inventory_product_id).is_none().then(|| {
                format!(
                    "YubiEnterprise shows no inventory product {} (model {}): it does not exist, or it is empty",
                    model.inventory_product_id, model.name
                )
            })
        });
        faulty(Check::InventoriesKnown, Reason::InventoryUnknown, declared, &found).unwrap_or_else(|| {
            Verdict::Good("YubiEnterprise has every inventory that the connection names.".to_owned())
        })
    })
}

/// Whether the buckets pay for the products; a bucket that tells nothing is no fault, and neither is one that is missing
/// or a product that is unknown: those have conditions of their own.
pub(super) fn mapped(facts: &YubicoFacts, declared: &Declared) -> Verdict {
    let unknown = |model: &Model| {
        facts.products.seen().is_some_and(|known| !known.is_empty() && !known.contains(&model.product_id))
    };
    of(&facts.inventory, |inventory| {
        let found = each(declared, |model| {
            let bucket = inventory.bucket(model.inventory_product_id)?;
            let pays = bucket.products.is_empty() || bucket.products.contains(&model.product_id);
            (!pays && !unknown(model)).then(|| {
                format!(
                    "Inventory product {} does not pay for product {} (model {})",
                    model.inventory_product_id, model.product_id, model.name
                )
            })
        });
        faulty(Check::ProductsMapped, Reason::PairNotMapped, declared, &found)
            .unwrap_or_else(|| Verdict::Good("The inventories pay for the products beside them.".to_owned()))
    })
}

/// No list of customizations is documented: only orders show whether an id is taken.
pub(super) fn customizations(declared: &Declared) -> Verdict {
    let with = |orders: Orders| declared.models.iter().filter(move |model| model.orders == orders);
    let doubtful: Vec<_> = with(Orders::Refused)
        .map(|model| format!("{} (model {})", model.customization_id, model.name))
        .collect();
    if !doubtful.is_empty() {
        return Verdict::advice(
            Check::CustomizationsKnown,
            Reason::CustomizationDoubtful,
            &format!(
                "YubiEnterprise refused the last orders with customization id {}, and shows no list to compare with",
                doubtful.join(", ")
            ),
        );
    }
    if with(Orders::Accepted).count() == declared.models.len() && !declared.models.is_empty() {
        return Verdict::Good("YubiEnterprise took orders with every customization id.".to_owned());
    }
    Verdict::not_shown(
        "YubiEnterprise shows no list of customization ids; the first order with each shows whether it is taken. Compare them with what Yubico sent at onboarding.",
    )
}

/// A bucket that is not shown is told elsewhere.
pub(super) fn stock(facts: &YubicoFacts, declared: &Declared) -> Verdict {
    of(&facts.inventory, |inventory| {
        let low: Vec<_> = declared.models.iter().filter_map(|model| low(model, inventory)).collect();
        if low.is_empty() {
            return Verdict::Good("More keys are left than the mark of each model.".to_owned());
        }
        Verdict::advice(Check::StockSufficient, Reason::StockLow, &low.join("; "))
    })
}

/// Without the number: that changes with each order, and the metric `stock` tells it.
fn low(model: &Model, inventory: &Inventory) -> Option<String> {
    let left = inventory.bucket(model.inventory_product_id)?.quantity?;
    if left < 1 {
        return Some(format!("No key of model {} is left", model.name));
    }
    let mark = model.low_stock;
    (left < i64::from(mark)).then(|| format!("Fewer than {mark} keys of model {} are left", model.name))
}

pub(super) fn keys(check: Check, keys: &Shown<Result<KeySet, Failure>>) -> Verdict {
    let stop = |found: &str| Verdict::stop(check, Reason::VendorKeysUnusable, found);
    of(keys, |keys| match keys {
        Ok(KeySet::Usable(_)) => Verdict::Good("Usable P-384 keys are published.".to_owned()),
        Ok(KeySet::Empty) => stop("The published key set is empty"),
        Ok(KeySet::AnotherCurve) => stop("The published key set has no whole public key on the curve P-384"),
        Err(failure) => Verdict::Fault(failure.clone()),
    })
}
