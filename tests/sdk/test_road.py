"""The whole road of a key, each Okta call made by Okta's published SDK."""

import tempfile

import sdk
from case import SdkCase

# After the token, which differs.
CALLS = [
    ("listUsers", 200),
    ("GetTransportKeys", 200),
    ("enrollPreregistrationEnrollment", 200),
    ("listWebAuthnPreregistrationFactors", 200),
    ("CreateFPRShipment", 200),
    ("GetFPRShipmentById", 200),
    ("GetSigningKeys", 200),
    ("activatePreregistrationEnrollment", 200),
    ("listWebAuthnPreregistrationFactors", 200),
    ("sendPin", 204),
    ("GetTransportKeys", 200),
    ("enrollPreregistrationEnrollment", 200),
    ("deleteWebAuthnPreregistrationFactor", 204),
    ("listWebAuthnPreregistrationFactors", 200),
]


class Road(SdkCase):
    async def test_with_dpop(self):
        """private_key_jwt and DPoP: a new, staged person from enrolment to sign-in"""
        app = self.sandbox.register_app(dpop=True)
        before = self.sandbox.last_seq()
        login = "ida.dpop@example.com"
        self.sandbox.hire(login, "STAGED")
        async with sdk.client(self.sandbox, app, dpopEnabled=True) as okta:
            shipment = await self.walk(okta, login, to=[login, f"private.{login}"])
            self.check_token_is_bound(okta)
        # The first proof is answered with a nonce, the second with a token for all the calls.
        dance = [("token", 400), ("token", 200)]
        self.assertEqual(self.sandbox.operations_since(before)[:len(CALLS) + 2], dance + CALLS)
        self.sandbox.command(f"/people/{login}/activate")
        self.check_sign_in(shipment, login)

    async def test_without_dpop(self):
        """private_key_jwt and a bearer token: an active person from enrolment to sign-in"""
        app = self.sandbox.register_app(dpop=False)
        before = self.sandbox.last_seq()
        login = "ida.bearer@example.com"
        self.sandbox.hire(login, "ACTIVE")
        async with sdk.client(self.sandbox, app) as okta:
            shipment = await self.walk(okta, login, to=[login])
            self.assertEqual(okta.get_request_executor()._oauth.get_current_token()[1], "Bearer")
        self.assertEqual(self.sandbox.operations_since(before), [("token", 200)] + CALLS)
        self.check_sign_in(shipment, login)

    async def walk(self, okta, login, to):
        """Enrol, list, order, activate, list, send the PIN; enrol again and delete. The answer is the shipment."""
        user = await self.find(okta, login)
        enrolled = await self.enrol(okta, user.id)
        enrollment_id = enrolled.cred_requests[0].authenticator_enrollment_id
        pending = await sdk.list_as_sent(okta, user.id)
        self.assertEqual([(each["id"], each["status"]) for each in pending], [(enrollment_id, "FULFILLMENT_PENDING")])

        shipment, key = self.delivered(enrolled)
        activated = sdk.good(await self.activate(okta, enrolled, key))
        self.assertEqual(activated.authenticator_enrollment_ids, [enrollment_id])
        await self.check_only_active(okta, user.id, enrollment_id)

        sdk.good(await okta.send_pin(sdk.pin_of(user.id, enrollment_id)))
        self.assertEqual(self.sandbox.look(f"/outbox/latest?person={user.id}")["to"], to)

        second = (await self.enrol(okta, user.id)).cred_requests[0].authenticator_enrollment_id
        self.assertNotEqual(second, enrollment_id)
        sdk.good(await okta.delete_web_authn_preregistration_factor(user.id, second))
        await self.check_only_active(okta, user.id, enrollment_id)
        return shipment

    async def check_only_active(self, okta, user_id, enrollment_id):
        """Read by the SDK's own model, which knows this status."""
        factors = sdk.good(await okta.list_web_authn_preregistration_factors(user_id))
        self.assertEqual([(each.id, each.status.value) for each in factors], [(enrollment_id, "ACTIVE")])
        self.assertIs(factors[0].profile["presetPinAvailable"], True)

    def check_token_is_bound(self, okta):
        """The token is worth nothing without the SDK's DPoP key."""
        token, kind = okta.get_request_executor()._oauth.get_current_token()
        self.assertEqual(kind, "DPoP")
        users = f"{self.sandbox.okta}/api/v1/users"
        status, error = self.sandbox.ask("GET", users, headers={"Authorization": f"Bearer {token}"})
        self.assertEqual((status, error["errorCode"]), (401, "E0000011"))
        status, _ = self.sandbox.ask("GET", users, headers={"Authorization": f"DPoP {token}"})
        self.assertEqual(status, 400)

    def check_sign_in(self, shipment, login):
        """What the SDK activated and had mailed is a key that signs in."""
        with tempfile.TemporaryDirectory() as hands:
            program = self.sandbox.sign_in(shipment, login, hands)
        self.assertEqual(program.returncode, 0, program.stderr)
        self.assertTrue(program.stdout.startswith("Welcome, Ida!"), program.stdout)


class OtherCalls(SdkCase):
    async def test_mark_error(self):
        """mark-error: the SDK's POST without body is taken, and the enrolment is errored"""
        app = self.sandbox.register_app(dpop=False)
        self.sandbox.hire("ida.errored@example.com", "ACTIVE")
        async with sdk.client(self.sandbox, app) as okta:
            user = await self.find(okta, "ida.errored@example.com")
            enrolled = await self.enrol(okta, user.id)
            enrollment_id = enrolled.cred_requests[0].authenticator_enrollment_id
            sdk.good(await okta.assign_fulfillment_error_web_authn_preregistration_factor(user.id, enrollment_id))
            listed = await sdk.list_as_sent(okta, user.id)
        self.assertEqual([each["status"] for each in listed], ["FULFILLMENT_ERRORED"])

    async def test_api_token(self):
        """An API token in place of the app"""
        async with sdk.client_with_api_token(self.sandbox, self.sandbox.new_api_token()) as okta:
            user = await self.find(okta, "bob.ray@example.com")
            self.assertEqual(await sdk.list_as_sent(okta, user.id), [])
