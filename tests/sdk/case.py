"""What all test cases share."""

import unittest

import sdk


class SdkCase(unittest.IsolatedAsyncioTestCase):
    # Set by run.py, which starts it.
    sandbox = None

    async def find(self, okta, login):
        """A person by login, the way that works with DPoP: by search, never by a login in the path."""
        found = sdk.good(await okta.list_users(search=f'profile.login eq "{login}"'))
        self.assertEqual([user.profile.login for user in found], [login])
        return found[0]

    async def enrol(self, okta, user_id):
        """The answer to an enrolment with exactly one credential."""
        transport_key = self.sandbox.keys("yubico-transport-keys")[0]
        enrolled = sdk.good(await okta.enroll_preregistration_enrollment(sdk.enrolment_of(user_id, transport_key)))
        self.assertEqual(len(enrolled.cred_requests), 1)
        return enrolled

    def delivered(self, enrolled):
        """Yubico's half: order and delivery. The shipment's id, and what Yubico says about the key."""
        shipment = self.sandbox.order(enrolled.pin_request_jwe, [enrolled.cred_requests[0].cred_request_jwe])
        return shipment, self.sandbox.deliver(shipment)

    async def activate(self, okta, enrolled, key):
        request = sdk.activation_of(
            enrolled.user_id,
            enrolled.cred_requests[0].authenticator_enrollment_id,
            key,
            self.sandbox.keys("yubico-sign"),
        )
        return await okta.activate_preregistration_enrollment(request)
