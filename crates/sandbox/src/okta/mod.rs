//! The Okta side: an Identity Engine org with the pre-registration API.

pub(crate) mod activation;
pub(crate) mod auth;
pub(crate) mod dpop;
pub(crate) mod errors;
pub(crate) mod expression;
pub(crate) mod factors;
pub(crate) mod groups;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod org;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod preregistration;
pub(crate) mod rate;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod signin;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod users;
pub(crate) mod webauthn;

use hyper::Method;

use crate::http::Route;
use crate::world::World;

const MANAGE: &[&str] = &["okta.users.manage"];
const READ: &[&str] = &["okta.users.read"];
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

/// Every operation the sandbox's Okta knows.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        route!(POST "/oauth2/v1/token", "token", OPEN, token::token),
        route!(GET "/.well-known/okta-organization", "getWellknownOrgMetadata", OPEN, org::metadata),
        route!(POST "/webauthn-registration/api/v1/enroll", "enrollPreregistrationEnrollment", MANAGE, preregistration::enroll),
        route!(POST "/webauthn-registration/api/v1/activate", "activatePreregistrationEnrollment", MANAGE, activation::activate),
        route!(POST "/webauthn-registration/api/v1/send-pin", "sendPin", MANAGE, mail::send_pin),
        route!(POST "/webauthn-registration/api/v1/initiate-fulfillment-request", "generateFulfillmentRequest", MANAGE, preregistration::initiate),
        route!(GET "/webauthn-registration/api/v1/users/{userId}/enrollments", "listWebAuthnPreregistrationFactors", READ, preregistration::list),
        route!(DELETE "/webauthn-registration/api/v1/users/{userId}/enrollments/{enrollmentId}", "deleteWebAuthnPreregistrationFactor", MANAGE, preregistration::delete),
        route!(POST "/webauthn-registration/api/v1/users/{userId}/enrollments/{enrollmentId}/mark-error", "assignFulfillmentErrorWebAuthnPreregistrationFactor", MANAGE, preregistration::mark_error),
        route!(GET "/api/v1/users", "listUsers", READ, users::list),
        route!(POST "/api/v1/users", "createUser", MANAGE, users::create),
        route!(GET "/api/v1/users/{id}", "getUser", READ, users::get),
        route!(GET "/api/v1/users/{id}/groups", "listUserGroups", READ, groups::of_user),
        route!(GET "/api/v1/users/{id}/factors", "listFactors", READ, factors::list),
        route!(POST "/api/v1/users/{id}/lifecycle/activate", "activateUser", MANAGE, users::activate),
        route!(GET "/api/v1/groups", "listGroups", &["okta.groups.read"], groups::list),
        route!(GET "/api/v1/groups/{groupId}", "getGroup", &["okta.groups.read"], groups::get),
        route!(GET "/api/v1/groups/{groupId}/users", "listGroupUsers", &["okta.groups.read"], groups::members),
        route!(GET "/api/v1/authenticators", "listAuthenticators", &["okta.authenticators.read"], org::authenticators),
        route!(GET "/api/v1/authenticators/{authenticatorId}/methods", "listAuthenticatorMethods", &["okta.authenticators.read"], org::methods),
        route!(GET "/api/v1/authenticators/{authenticatorId}/methods/{methodType}", "getAuthenticatorMethod", &["okta.authenticators.read"], org::method),
        route!(GET "/api/v1/policies", "listPolicies", &["okta.policies.read"], org::policies),
        route!(GET "/api/v1/policies/{policyId}/rules", "listPolicyRules", &["okta.policies.read"], org::policy_rules),
        route!(GET "/api/v1/domains", "listCustomDomains", &["okta.domains.read"], org::domains),
        route!(GET "/api/v1/logs", "listLogEvents", &["okta.logs.read"], logs::list),
        route!(POST "/sandbox-sign-in/start", "sandboxSignInStart", OPEN, signin::start),
        route!(POST "/sandbox-sign-in/finish", "sandboxSignInFinish", OPEN, signin::finish),
    ]
}
