//! The Yubico side: YubiEnterprise Delivery with pre-registration.

pub(crate) mod auth;
pub(crate) mod errors;
pub(crate) mod order;
pub(crate) mod request;
pub(crate) mod shipments;
pub(crate) mod stock;
pub(crate) mod validation;

use hyper::Method;

use crate::http::{Answer, Call, Reply, Route};
use crate::world::World;

const TOKEN: &[&str] = &["token"];
const OPEN: &[&str] = &[];

macro_rules! route {
    ($method:ident $pattern:literal, $operation:literal, $scopes:expr, $handler:path) => {
        Route {
            method: Method::$method,
            pattern: $pattern,
            operation: $operation,
            scopes: $scopes,
            handler: $handler,
        }
    };
}

/// Every operation the sandbox's Yubico knows.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        route!(POST "/v1/fpr/shipments", "CreateFPRShipment", TOKEN, shipments::create),
        route!(GET "/v1/fpr/shipments", "ListFPRShipments", TOKEN, shipments::list_prereg),
        route!(GET "/v1/fpr/shipments/{id}", "GetFPRShipmentById", TOKEN, shipments::get_prereg),
        route!(GET "/v1/shipments_exact", "ListShipmentsExact", TOKEN, shipments::list_exact),
        route!(GET "/v1/shipments_exact/{id}", "GetShipmentExactById", TOKEN, shipments::get_exact),
        route!(DELETE "/v1/shipments_exact/{id}", "DeleteShipmentExactById", TOKEN, shipments::delete),
        route!(POST "/v1/validate-address", "ValidateAddress", TOKEN, validation::validate_address),
        route!(GET "/v1/inventory", "GetInventory", TOKEN, stock::inventory),
        route!(GET "/v1/products", "GetProducts", TOKEN, stock::products),
        route!(GET "/v1/products/{id}", "GetProductById", TOKEN, stock::product),
        route!(GET "/v1/countries", "GetCountries", TOKEN, stock::countries),
        route!(GET "/v1/shippablekeys", "GetShippableKeys", TOKEN, stock::shippable_keys),
        route!(GET "/.well-known/yubico-transport-keys.jwks", "GetTransportKeys", OPEN, transport_keys),
        route!(GET "/.well-known/yubico-sign.jwks", "GetSigningKeys", OPEN, signing_keys),
    ]
}

fn transport_keys(world: &mut World, _: &Call) -> Answer {
    Ok(Reply::json(200, &world.yubico.transport.published()))
}

fn signing_keys(world: &mut World, _: &Call) -> Answer {
    Ok(Reply::json(200, &world.yubico.signing.published()))
}
