"""What the sandbox refuses is told by the SDK as Okta's refusal."""

import sdk
from case import SdkCase


class Refusals(SdkCase):
    async def check_token_refused(self, code, app, **changes):
        """No token, and therefore no call that needs one."""
        before = self.sandbox.last_seq()
        async with sdk.client(self.sandbox, app, **changes) as okta:
            request = sdk.enrolment_of("00uNobody00000000000", self.sandbox.keys("yubico-transport-keys")[0])
            error = sdk.refusal(await okta.enroll_preregistration_enrollment(request))
        self.assertEqual(error.error_code, code, error)
        operations = {operation for operation, _ in self.sandbox.operations_since(before)}
        self.assertEqual(operations, {"token", "GetTransportKeys"})
        return error

    def check_signature_refused(self, error):
        """The very reason, so that no other fault of the request passes for it."""
        self.assertEqual(error.status, 401)
        self.assertIn("signature", error.error_summary)

    def app_with_foreign_key(self, dpop):
        """Client id and kid of one app, the private key of another."""
        app, other = (self.sandbox.register_app(dpop=dpop) for _ in range(2))
        key = {**other["privateKeyJwk"], "kid": app["keyId"]}
        return {**app, "privateKeyJwk": key}

    async def test_wrong_key(self):
        """A foreign key under the right kid, without DPoP"""
        error = await self.check_token_refused("invalid_client", self.app_with_foreign_key(dpop=False))
        self.check_signature_refused(error)

    async def test_wrong_key_with_dpop(self):
        """A foreign key under the right kid, with DPoP"""
        error = await self.check_token_refused(
            "invalid_client", self.app_with_foreign_key(dpop=True), dpopEnabled=True,
        )
        self.check_signature_refused(error)

    async def test_unknown_kid(self):
        """A key that was never registered"""
        app = self.sandbox.register_app(dpop=False)
        await self.check_token_refused("invalid_client", app, kid="nobody-knows-it")

    async def test_bound_app_without_proof(self):
        """An app that must use DPoP and does not"""
        await self.check_token_refused("invalid_dpop_proof", self.sandbox.register_app(dpop=True))

    async def test_scope_not_granted(self):
        """A scope that the app does not have"""
        app = self.sandbox.register_app(dpop=False, scopes=["okta.users.read"])
        await self.check_token_refused("invalid_scope", app)

    async def test_role_missing(self):
        """The scopes, but no admin role"""
        app = self.sandbox.register_app(dpop=False, role=False)
        async with sdk.client(self.sandbox, app) as okta:
            error = sdk.refusal(await okta.list_users())
        self.assertEqual((error.status, error.error_code), (403, "E0000006"))

    async def test_unknown_enrolment(self):
        """Delete and send-pin for an enrolment that does not exist"""
        app = self.sandbox.register_app(dpop=False)
        async with sdk.client(self.sandbox, app) as okta:
            user = await self.find(okta, "bob.ray@example.com")
            deleted = sdk.refusal(await okta.delete_web_authn_preregistration_factor(user.id, "fwfNobody"))
            mailed = sdk.refusal(await okta.send_pin(sdk.pin_of(user.id, "fwfNobody")))
        self.assertEqual((deleted.status, deleted.error_code), (404, "E0000007"))
        self.assertEqual((mailed.status, mailed.error_code), (404, "E0000007"))
