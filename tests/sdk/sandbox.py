"""The sandbox as a child process, its control API, and the Yubico half of an order."""

import contextlib
import json
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# The product, stock and customization the sandbox's organization may order.
ITEM = {"product_id": 29, "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83"}

PROFILE = {
    "firstName": "Ida",
    "lastName": "Bell",
    "organization": "Example Inc",
    "primaryPhone": "+1 617-555-0107",
    "streetAddress": "7 Elm Street",
    "city": "Boston",
    "state": "MA",
    "zipCode": "02108",
    "countryCode": "US",
}


class Sandbox:
    """What the tests see of the running sandbox."""

    def __init__(self, binary, ready):
        self.binary = binary
        self.okta = ready["okta"]
        self.yubico = ready["yubico"]
        self.control = ready["control"]
        self.ca = ready["ca"]
        self.yubico_token = Path(ready["credentials"], "default", "yubico-api-token").read_text(encoding="utf-8").strip()
        # Never through a proxy: everything asked here is on this machine.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca)),
        )

    def ask(self, method, url, body=None, headers=None):
        """Status and JSON of an answer, whatever the status is."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, parsed(refusal.read())

    def ask_well(self, method, url, body=None, headers=None):
        """The JSON of an answer that must be a good one."""
        status, answer = self.ask(method, url, body, headers)
        if not 200 <= status < 300:
            raise AssertionError(f"{method} {url} answers {status}: {answer}")
        return answer

    # --- the control API ---

    def command(self, path, body=None):
        return self.ask_well("POST", self.control + path, body or {})

    def look(self, path):
        return self.ask_well("GET", self.control + path)

    def register_app(self, **settings):
        """A service app. RS256, because the SDK signs with nothing else."""
        return self.command("/apps", {"algorithm": "RS256", **settings})

    def new_api_token(self):
        return self.command("/okta", {"newApiToken": True})["apiToken"]

    def hire(self, login, status):
        profile = {**PROFILE, "login": login, "email": login, "secondEmail": f"private.{login}"}
        return self.command("/people", {"profile": profile, "status": status})

    def operations_since(self, seq):
        """What the vendors were asked after the call `seq`: pairs of operation and status."""
        return [(call["operation"], call["status"]) for call in self.look(f"/journal?since={seq}")]

    def last_seq(self):
        return max((call["seq"] for call in self.look("/journal")), default=0)

    # --- Yubico's half ---

    def keys(self, name):
        return self.ask_well("GET", f"{self.yubico}/.well-known/{name}.jwks")["keys"]

    def order(self, pin_request, credential_requests):
        """Orders a key as the Yubico guide has it; the answer is the shipment's id."""
        requests = {"fido_pin_request": pin_request, "fido_credential_requests": credential_requests}
        answer = self._yubico("POST", "/v1/fpr/shipments", {
            "delivery_type": 1,
            "recipient": {
                "recipient_company": PROFILE["organization"],
                "recipient_email": "private.ida@example.com",
                "recipient_firstname": PROFILE["firstName"],
                "recipient_lastname": PROFILE["lastName"],
                "recipient_telephone": PROFILE["primaryPhone"],
            },
            "mailing_address": {
                "street_line1": PROFILE["streetAddress"],
                "street_line2": "",
                "city": PROFILE["city"],
                "region": PROFILE["state"],
                "postal_code": PROFILE["zipCode"],
                "country_code_2": PROFILE["countryCode"],
            },
            "shipment_items": [{**ITEM, "product_customizations": [requests]}],
        })
        return answer["shipment_id"]

    def deliver(self, shipment):
        """Lets the parcel arrive; the answer is what Yubico says about the key in it."""
        self.command("/advance", {"steps": 4, "shipment": shipment})
        details = self._yubico("GET", f"/v1/fpr/shipments/{shipment}")
        return details["shipment_items"][0]["product_data"][0]

    def _yubico(self, method, path, body=None):
        return self.ask_well(method, self.yubico + path, body, {"Authorization": f"Bearer {self.yubico_token}"})

    # --- the person with the key ---

    def sign_in(self, shipment, login, hands):
        """Signs in with nothing but the parcel and the mail, which are put into the directory `hands`."""
        parcel, mail = Path(hands, "parcel.json"), Path(hands, "mail.json")
        parcel.write_text(json.dumps(self.look(f"/parcels/{shipment}")), encoding="utf-8")
        latest = self.look(f"/outbox/latest?person={urllib.parse.quote(login)}")
        mail.write_text(json.dumps(latest), encoding="utf-8")
        return subprocess.run(
            [self.binary, "sign-in", "--parcel", parcel, "--mail", mail, "--okta", self.okta, "--ca", self.ca],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
        )


def parsed(body):
    return json.loads(body) if body else None


@contextlib.contextmanager
def running(binary, directory):
    """A sandbox that ends when the block does. It would also end with this
    process, however that ends: it reads our end of a pipe."""
    with open(Path(directory, "sandbox.log"), "wb") as log:
        child = subprocess.Popen(
            [binary, "serve", "--dir", Path(directory, "sandbox"), "--manual"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )
    try:
        line = child.stdout.readline()
        if not line:
            reason = Path(log.name).read_text(encoding="utf-8", errors="replace").strip()
            raise SystemExit(f"{binary} did not start: {reason or 'it said nothing'}")
        yield Sandbox(binary, json.loads(line))
    finally:
        end(child)


def end(child):
    child.stdin.close()
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
