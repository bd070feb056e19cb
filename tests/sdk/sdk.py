"""Okta's SDK: how a client is made, how its answers are read, and the one operation it cannot read."""

import json

from okta.client import Client
from okta.models.ec_key_jwk import ECKeyJWK
from okta.models.enrollment_activation_request import EnrollmentActivationRequest
from okta.models.enrollment_initialization_request import EnrollmentInitializationRequest
from okta.models.pin_request import PinRequest
from okta.models.web_authn_cred_response import WebAuthnCredResponse

SCOPES = ["okta.users.manage", "okta.users.read"]
# The sandbox speaks at this name, so this is what its keys are made for.
RP_ID = "localhost"


def client(sandbox, app, **changes):
    """A client for a registered service app. To be used with `async with`."""
    return configured(sandbox, {
        "authorizationMode": "PrivateKey",
        "clientId": app["clientId"],
        "privateKey": app["privateKeyJwk"],
        "scopes": SCOPES,
        **changes,
    })


def client_with_api_token(sandbox, token):
    """A client with an SSWS token. The SDK writes scheme and token into one word,
    `SSWStoken`, where Okta documents `SSWS token`: the blank comes from here."""
    return configured(sandbox, {"authorizationMode": "SSWS", "token": f" {token}"})


def configured(sandbox, authorization):
    return Client({
        "orgUrl": sandbox.okta,
        "requestTimeout": 20,
        "logging": {"enabled": False},
        **authorization,
    })


# --- answers ---
#
# The SDK raises nothing: a call answers (value, response, error), or (response,
# error) for operations without a value. An answer without body always counts as
# a success there, whatever its status, so the status is looked at as well.

def good(answer):
    """The value of an answer that must be a good one."""
    *_, response, error = answer
    if error is not None:
        raise AssertionError(f"the SDK answers {error!r}")
    if not 200 <= response.status_code < 300:
        raise AssertionError(f"the SDK took {response.status_code} for a success: {response.headers}")
    return answer[0]


def refusal(answer):
    """The error of an answer that must be a refusal."""
    error = answer[-1]
    if error is None:
        raise AssertionError(f"not refused: {answer}")
    return error


# --- requests ---

def key_as_okta_takes_it(key, use):
    """The six members of the schema. Yubico's keys carry no `use`."""
    return ECKeyJWK(kid=key["kid"], kty=key["kty"], crv=key["crv"], use=use, x=key["x"], y=key["y"])


def enrolment_of(user_id, transport_key):
    return EnrollmentInitializationRequest(
        user_id=user_id,
        fulfillment_provider="yubico",
        enrollment_rp_ids=[RP_ID],
        yubico_transport_key_jwk=key_as_okta_takes_it(transport_key, "enc"),
    )


def activation_of(user_id, enrollment_id, key, signing_keys):
    """`key` is what Yubico says about the delivered key."""
    response = WebAuthnCredResponse(
        authenticator_enrollment_id=enrollment_id,
        cred_response_jwe=key["fido_credential_responses"][0],
    )
    return EnrollmentActivationRequest(
        user_id=user_id,
        fulfillment_provider="yubico",
        serial=key["serial_number"],
        version=key["firmware_version"],
        pin_response_jwe=key["fido_pin_response"],
        cred_responses=[response],
        yubico_signing_jwks=[key_as_okta_takes_it(each, "sig") for each in signing_keys],
    )


def pin_of(user_id, enrollment_id):
    return PinRequest(user_id=user_id, fulfillment_provider="yubico", authenticator_enrollment_id=enrollment_id)


async def list_as_sent(okta, user_id):
    """The enrolments of a person, unread.

    `list_web_authn_preregistration_factors` cannot be used while an order is
    open: its model takes `status` for a closed enumeration that lacks
    FULFILLMENT_PENDING and FULFILLMENT_ERRORED, which Okta sends (issues 546 and
    574 of the SDK), and raises. So the SDK builds, authorizes and sends the
    request as ever, by the very calls of that method, and only the answer stays
    plain JSON.
    """
    method, url, headers, body, _ = okta._list_web_authn_preregistration_factors_serialize(
        user_id=user_id, _request_auth=None, _content_type=None, _headers=None, _host_index=0,
    )
    executor = okta.get_request_executor()
    request, error = await executor.create_request(method, url, body, headers)
    if error is not None:
        raise AssertionError(f"the SDK answers {error!r}")
    response, text, error = await executor.execute(request)
    if error is not None or response.status != 200:
        raise AssertionError(f"the SDK answers {error!r} to {response}")
    return json.loads(text)
