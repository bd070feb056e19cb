//! The Yubico side: YubiEnterprise Delivery with pre-registration.

pub(crate) mod orders;
pub(crate) mod shipments;
pub(crate) mod stock;

use hyper::Method;
use serde_json::json;

use crate::clock;
use crate::http::{Answer, Call, Reply, Route};
use crate::world::{Organization, World};

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
        route!(POST "/v1/validate-address", "ValidateAddress", TOKEN, orders::validate_address),
        route!(GET "/v1/inventory", "GetInventory", TOKEN, stock::inventory),
        route!(GET "/v1/products", "GetProducts", TOKEN, stock::products),
        route!(GET "/v1/products/{id}", "GetProductById", TOKEN, stock::product),
        route!(GET "/v1/countries", "GetCountries", TOKEN, stock::countries),
        route!(GET "/v1/shippablekeys", "GetShippableKeys", TOKEN, stock::shippable_keys),
        route!(GET "/.well-known/yubico-transport-keys.jwks", "GetTransportKeys", OPEN, transport_keys),
        route!(GET "/.well-known/yubico-sign.jwks", "GetSigningKeys", OPEN, signing_keys),
    ]
}

/// An error body of Yubico. Its real schema is unknown; clients may rely on the status only.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message}))
}

/// All faults of a body at once.
pub(crate) fn invalid(faults: &[String]) -> Reply {
    Reply::json(
        400,
        &json!({"code": "invalid_request", "message": "The request is not valid.", "errors": faults}),
    )
}

pub(crate) fn not_found() -> Reply {
    error(404, "not_found", "The resource was not found.")
}

/// The organization of a call's token: 401 for a wrong or expired one.
pub(crate) fn organization<'a>(world: &'a World, call: &Call) -> Result<&'a Organization, Reply> {
    let token =
        call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let now = clock::now();
    world
        .yubico
        .organizations
        .iter()
        .find(|organization| {
            organization.tokens.iter().any(|known| known.value == token && known.expires > now)
        })
        .ok_or_else(|| error(401, "unauthorized", "The API token is wrong or has expired."))
}

fn transport_keys(world: &mut World, _: &Call) -> Answer {
    Ok(Reply::json(200, &world.yubico.transport.published()))
}

fn signing_keys(world: &mut World, _: &Call) -> Answer {
    Ok(Reply::json(200, &world.yubico.signing.published()))
}
