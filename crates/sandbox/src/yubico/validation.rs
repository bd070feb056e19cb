//! Everything that can be wrong with an order, and with an address that somebody asks about before ordering.

use serde_json::{Value, json};

use crate::behaviour::{AddressVerdicts, Behaviour};
use crate::http::{Answer, Call, Reply};
use crate::world::{Organization, Product, World};
use crate::yubico::auth::organization;
use crate::yubico::errors::invalid;
use crate::yubico::order::{Address, Item, Order, Recipient};
use crate::yubico::request::body;

/// What was found wrong, and how lengths are counted.
struct Findings {
    faults: Vec<String>,
    in_bytes: bool,
}

impl Findings {
    fn push(&mut self, fault: String) {
        self.faults.push(fault);
    }
}

fn text(faults: &mut Findings, field: &str, value: &str, limit: usize, required: bool) {
    if required && value.trim().is_empty() {
        faults.push(format!("{field} is required"));
    }
    let length = if faults.in_bytes { value.len() } else { value.chars().count() };
    if length > limit {
        faults.push(format!("{field} must be at most {limit} characters"));
    }
}

impl Order {
    /// Every fault of the order, for this organization.
    pub fn faults(
        &self,
        organization: &Organization,
        products: &[Product],
        settings: &Behaviour,
    ) -> Vec<String> {
        let mut faults = Findings { faults: Vec::new(), in_bytes: settings.lengths_in_bytes };
        match self.delivery_type {
            None if settings.delivery_type_required => faults.push("delivery_type is required".into()),
            None | Some(1 | 2) => {}
            Some(_) => faults.push("delivery_type must be 1 or 2".into()),
        }
        self.recipient.check(&mut faults, &self.mailing_address.country_code_2);
        self.mailing_address.check(&mut faults, organization);
        match self.shipment_items.as_slice() {
            [item] => item.check(&mut faults, organization, products),
            _ => faults.push("shipment_items must hold exactly one item".into()),
        }
        faults.faults
    }
}

impl Recipient {
    fn check(&self, faults: &mut Findings, country: &str) {
        text(faults, "recipient_company", &self.recipient_company, 20, true);
        text(faults, "recipient_email", &self.recipient_email, 80, true);
        if !self.recipient_email.contains('@') {
            faults.push("recipient_email is not an e-mail address".into());
        }
        text(faults, "recipient_firstname", &self.recipient_firstname, 15, true);
        text(faults, "recipient_lastname", &self.recipient_lastname, 20, true);
        let longest = if country == "IN" { 255 } else { 40 };
        text(faults, "recipient_telephone", &self.recipient_telephone, longest, true);
        if !self.recipient_telephone.chars().all(|c| c.is_ascii_digit() || "+-( )".contains(c)) {
            faults.push("recipient_telephone may hold only 0-9 + - ( ) and blanks".into());
        }
    }
}

impl Address {
    fn check(&self, faults: &mut Findings, organization: &Organization) {
        text(faults, "street_line1", &self.street_line1, 60, true);
        text(faults, "street_line2", self.street_line2.as_deref().unwrap_or_default(), 60, false);
        text(faults, "city", &self.city, 60, true);
        text(faults, "postal_code", &self.postal_code, 20, true);
        let region = self.region.as_deref().unwrap_or_default();
        if matches!(self.country_code_2.as_str(), "US" | "CA") {
            if region.len() != 2 || !region.chars().all(|c| c.is_ascii_uppercase()) {
                faults.push("region must be a two-letter code in US and CA".into());
            }
        } else {
            text(faults, "region", region, 50, false);
        }
        if !organization.countries.contains(&self.country_code_2) {
            faults.push("country_code_2 is not enabled for this organization".into());
        }
    }
}

impl Item {
    fn check(&self, faults: &mut Findings, organization: &Organization, products: &[Product]) {
        if self.product_quantity != 1 {
            faults.push("product_quantity must be 1".into());
        }
        if !products.iter().any(|product| product.id == self.product_id) {
            faults.push("product_id is not known".into());
        }
        match organization.buckets.iter().find(|bucket| bucket.product_id == self.inventory_product_id) {
            None => faults.push("inventory_product_id is not known".into()),
            Some(bucket) if !bucket.product_mapping.contains(&self.product_id) => {
                faults.push("inventory_product_id may not buy this product_id".into());
            }
            Some(_) => {}
        }
        if !organization.customizations.contains(&self.customization_id) {
            faults.push("customization_id is not known".into());
        }
        let [customization] = self.product_customizations.as_slice() else {
            faults.push("product_customizations must hold exactly one entry".into());
            return;
        };
        if customization.fido_pin_request.is_empty() {
            faults.push("fido_pin_request is required".into());
        }
        if customization.fido_credential_requests.len() != 1
            || customization.fido_credential_requests.iter().any(String::is_empty)
        {
            faults.push("fido_credential_requests must hold exactly one request".into());
        }
    }
}

/// `POST /v1/validate-address`.
pub(crate) fn validate_address(world: &mut World, call: &Call) -> Answer {
    let organization = organization(world, call)?.clone();
    let address: Address = body(call)?;
    let mut faults = Findings { faults: Vec::new(), in_bytes: world.settings.lengths_in_bytes };
    address.check(&mut faults, &organization);
    let nowhere = format!("{} {}", address.street_line1, address.city).to_lowercase();
    if nowhere.contains("nowhere") || nowhere.contains("undeliverable") {
        faults.push("The address could not be found.".into());
    }
    for line in [Some(&address.street_line1), address.street_line2.as_ref()].into_iter().flatten() {
        world.secrets.add("street", line);
    }
    let faults = faults.faults;
    if world.settings.address_verdicts == AddressVerdicts::RefusalsOnly {
        return if faults.is_empty() { Ok(Reply::empty(200)) } else { Err(invalid(&faults)) };
    }
    let details: Vec<Value> = faults.iter().map(|fault| json!({"description": fault})).collect();
    let status = if faults.is_empty() { "deliverable" } else { "undeliverable" };
    Ok(Reply::json(200, &json!({"status": status, "details": details})))
}
