//! The control API: what an admin, a warehouse worker or a test does to the world.

mod commands;
mod crowd;
mod enrollments;
mod events;
mod hris;
mod orgs;
mod people;
mod reads;
mod request;
mod view;

use hyper::Method;

use crate::control::request::refused;
use crate::http::{Call, Matched, Reply, Route, find};
use crate::listeners::Servers;
use crate::world::World;

/// An operation on the world, or one that opens new listeners.
pub(crate) struct ControlRoute {
    route: Route<World>,
    opens: bool,
}

macro_rules! route {
    ($method:ident $pattern:literal, $handler:path) => {
        ControlRoute {
            route: Route {
                method: Method::$method,
                pattern: $pattern,
                operation: "",
                scopes: &[],
                handler: $handler,
            },
            opens: false,
        }
    };
}

/// Every command of the control API, with its path.
pub(crate) fn routes() -> Vec<ControlRoute> {
    let mut routes = vec![
        route!(GET "/", view::page),
        route!(GET "/state", reads::state),
        route!(GET "/journal", reads::journal),
        route!(GET "/secrets", reads::secrets),
        route!(GET "/outbox", reads::outbox),
        route!(GET "/outbox/{id}", reads::mail),
        route!(GET "/parcels/{shipmentId}", reads::parcel),
        route!(POST "/people", people::create),
        route!(POST "/people/many", crowd::create),
        route!(GET "/people/{id}", people::get),
        route!(POST "/people/{id}", people::patch),
        route!(DELETE "/people/{id}", people::delete),
        route!(POST "/people/{id}/activate", people::activate),
        route!(POST "/people/{id}/console-order", events::console_order),
        route!(POST "/groups", people::create_group),
        route!(POST "/people/{id}/factors", people::add_factor),
        route!(POST "/groups/{id}", people::patch_group),
        route!(DELETE "/groups/{id}", people::delete_group),
        route!(GET "/events", events::list),
        route!(POST "/events", events::write),
        route!(POST "/events/release", events::release),
        route!(POST "/events/{id}/repeat", events::repeat),
        route!(POST "/shipments/{id}/state", commands::set_state),
        route!(DELETE "/shipments/{id}", commands::delete_shipment),
        route!(POST "/people/{id}/enrollments", enrollments::create),
        route!(POST "/enrollments/{id}", enrollments::patch),
        route!(DELETE "/enrollments/{id}", enrollments::delete),
        route!(POST "/advance", commands::advance),
        route!(GET "/faults", commands::faults),
        route!(POST "/faults", commands::add_fault),
        route!(DELETE "/faults", commands::clear_faults),
        route!(DELETE "/faults/{id}", commands::remove_fault),
        route!(POST "/keys/rotate", commands::rotate_keys),
        route!(POST "/tokens/expire", commands::expire_tokens),
        route!(POST "/tokens/yubico", commands::new_yubico_token),
        route!(POST "/stock", commands::set_stock),
        route!(POST "/countries", commands::set_countries),
        route!(POST "/keys/publish", commands::publish_keys),
        route!(GET "/hris", hris::list),
        route!(POST "/hris/{id}", hris::set),
        route!(GET "/settings", commands::settings),
        route!(POST "/settings", commands::change_settings),
        route!(POST "/profile", commands::choose_profile),
        route!(POST "/okta", orgs::configure),
        route!(POST "/apps", orgs::register_app),
        route!(POST "/apps/{clientId}", orgs::patch_app),
        route!(POST "/apps/{clientId}/keys", orgs::add_key),
        route!(DELETE "/apps/{clientId}/keys/{keyId}", orgs::remove_key),
        route!(POST "/reset", commands::reset),
    ];
    // Opens a listener, so it is answered by `orgs::open`, not by the handler.
    routes.push(ControlRoute { opens: true, ..route!(POST "/orgs", commands::settings) });
    routes
}

/// Answers a command.
pub(crate) fn answer(servers: &Servers, routes: &[ControlRoute], call: &Call) -> Reply {
    for control in routes {
        match find(std::slice::from_ref(&control.route), &call.method, &call.path) {
            Matched::Route(route, params) => {
                let call = Call { params, ..call.clone() };
                let answer = if control.opens {
                    orgs::open(servers, &call)
                } else {
                    (route.handler)(&mut servers.shared.world(), &call)
                };
                return answer.unwrap_or_else(|refusal| refusal);
            }
            Matched::WrongMethod | Matched::Nothing => {}
        }
    }
    refused(404, "there is no such command")
}
