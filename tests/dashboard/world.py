"""What the page stands on: a real API server, the sandbox as both vendors, the operator, and the page itself."""

import base64
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ["PROGRAMS"])
NAMESPACE = "onboarding"
PATIENCE = 120
PROFILE = {
    "firstName": "Kim", "lastName": "Doe", "primaryPhone": "+1 617-555-0142", "organization": "Example Inc",
    "streetAddress": "7 Granite Terrace", "city": "Concord", "state": "MA", "zipCode": "01742", "countryCode": "US",
}
# Everything asked here is on this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(what, ask, patience=PATIENCE):
    """Asks until the answer is something; a test waits for what a user would see, and for no time."""
    end = time.monotonic() + patience
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s for this: {what}")
        time.sleep(0.2)


class World:
    def __init__(self):
        self.processes = contextlib.ExitStack()
        self.dir = pathlib.Path(self.processes.enter_context(tempfile.TemporaryDirectory(prefix="dashboard-")))

    def __enter__(self):
        self.start_sandbox()
        self.start_cluster()
        self.install()
        self.start_operator()
        self.connect()
        return self

    def __exit__(self, *failure):
        if failure[0] is not None:
            print(self.log("operator")[-3000:], flush=True)
        self.processes.close()

    def log(self, name):
        path = self.dir / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, name, *command, environment=None):
        """Starts a program; its answer is the first line of its output. Its stdin is open as long as this lives."""
        log = open(self.dir / f"{name}.log", "ab")
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            env={**os.environ, "NO_PROXY": "localhost,127.0.0.1", **(environment or {})},
        )
        self.processes.callback(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def first_line(self, name, process):
        line = process.stdout.readline().decode()
        assert line, f"{name} ended by itself: {self.log(name)[-2000:]}"
        return line.strip()

    def start_sandbox(self):
        process = self.start("sandbox", PROGRAMS / "yubikey-shipment-sandbox", "serve", "--manual", "--dir", self.dir / "sandbox")
        self.sandbox = json.loads(self.first_line("sandbox", process))
        self.post("/settings", {"oktaRequestsAMinute": 1200})

    def start_cluster(self):
        process = self.start("control-plane", os.environ["CONTROL_PLANE_BIN"], "serve", "--dir", self.dir / "cluster")
        self.first_line("control-plane", process)
        self.kubeconfig = self.dir / "cluster" / "admin.kubeconfig"

    def install(self):
        self.kubectl("apply", "--server-side", "-f", ROOT / "crds")
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        self.kubectl("create", "namespace", NAMESPACE)

    def start_operator(self):
        # Its rights are tested elsewhere; here it has the admin's.
        self.start(
            "operator", PROGRAMS / "yubikey-shipment-operator", "run", "--listen", "127.0.0.1:0",
            "--credentials-dir", self.sandbox["credentials"], environment={"KUBECONFIG": str(self.kubeconfig)},
        )

    def connect(self):
        ready = self.sandbox
        spec = {
            "okta": {"orgUrl": ready["okta"], "auth": {"privateKeyJwt": {
                "clientId": ready["clientId"], "keyId": ready["keyId"], "algorithm": ready["algorithm"]}}},
            "yubico": {
                "apiUrl": ready["yubico"] + "/v1",
                "transportKeysUrl": ready["yubico"] + "/.well-known/yubico-transport-keys.jwks",
                "signingKeysUrl": ready["yubico"] + "/.well-known/yubico-sign.jwks"},
            "keys": [{"name": "yubikey-5c-nfc", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"}],
            "polling": {"firstAfter": "1s", "interval": "1s"},
            "calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"},
            "allowedNamespaces": {"from": "All"},
        }
        self.apply("YubiKeyConnection", "default", spec, namespace=None)
        until("the connection is ready", lambda: self.condition("ykc", "default", "Ready") == "True")

    # --- the cluster ---

    def run_kubectl(self, *arguments, given=None):
        return subprocess.run(
            [os.environ["KUBECTL"], "--kubeconfig", str(self.kubeconfig), *[str(part) for part in arguments]],
            input=given, capture_output=True, text=True, timeout=90, check=False,
        )

    def kubectl(self, *arguments, given=None):
        ran = self.run_kubectl(*arguments, given=given)
        assert ran.returncode == 0, f"kubectl {arguments}: {ran.stderr}"
        return ran.stdout

    def apply(self, kind, name, spec, namespace=NAMESPACE):
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        document = {"apiVersion": "fidoprereg.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
        self.kubectl("apply", "-f", "-", given=json.dumps(document))

    def get(self, kind, name):
        ran = self.run_kubectl("get", kind, name, "-n", NAMESPACE, "-o", "json")
        return json.loads(ran.stdout) if ran.returncode == 0 else {}

    def condition(self, kind, name, wanted):
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        return next((one["status"] for one in conditions if one["type"] == wanted), None)

    def status(self, name):
        return self.get("yks", name).get("status", {})

    def until_status(self, name, what, holds):
        return until(f"{name}: {what}; it is {json.dumps(self.status(name))[:1500]}", lambda: (lambda s: s if holds(s) else None)(self.status(name)))

    def decisions(self):
        return json.loads(self.kubectl("get", "ykd", "-n", NAMESPACE, "-o", "json"))["items"]

    # --- people and parcels ---

    def post(self, path, body):
        request = urllib.request.Request(self.sandbox["control"] + path, data=json.dumps(body).encode())
        with opener.open(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def state(self):
        with opener.open(self.sandbox["control"] + "/state", timeout=20) as answer:
            return json.loads(answer.read())

    def enrollments(self, login):
        """States of the keys that Okta has for a person."""
        state = self.state()
        user = next(one["id"] for one in state["people"] if one["login"] == login)
        return [one["status"] for one in state["enrollments"] if one["userId"] == user]

    def orders(self, login):
        """Orders for a person that were accepted, the deleted ones too."""
        return [one for one in self.state()["shipments"] if one["recipientEmail"] == login]

    def mails(self, login):
        """Mails to a person, who may get them at a second address."""
        return [one for one in self.state()["outbox"] if login in one["to"]]

    def person(self, name):
        login = f"{name}@example.com"
        self.post("/people", {"profile": {**PROFILE, "login": login, "email": login, "secondEmail": f"home.{login}"}, "status": "ACTIVE"})
        return login

    def ship(self, name, **more):
        login = self.person(name)
        spec = {"connectionRef": {"name": "default"}, "userRef": {"login": login}, "key": {"model": "yubikey-5c-nfc"}, **more}
        self.apply("YubiKeyShipment", name, spec)
        return login

    def ordered(self, name, **more):
        """A shipment whose order is accepted, and the order."""
        self.ship(name, **more)
        status = self.until_status(name, "ordered", lambda s: s.get("order", {}).get("shipmentId"))
        return status["order"]["shipmentId"]

    def suspended(self, name):
        """A shipment that orders nothing yet, and says so."""
        self.ship(name, suspend=True)
        self.until_status(name, "suspended", lambda s: s.get("conditions"))

    def parcel(self, order, state):
        self.post(f"/shipments/{order}/state", {"id": state})

    # --- the page ---

    def dashboard(self, *arguments):
        """`kubectl yubikey dashboard`; the answer is the address that it prints."""
        name = f"dashboard-{len(list(self.dir.glob('dashboard-*.log')))}"
        process = self.start(
            name, PROGRAMS / "kubectl-yubikey", "dashboard", *arguments, environment={"KUBECONFIG": str(self.kubeconfig)})
        return self.first_line(name, process)

    def dashboard_of_the_cluster(self):
        """`yubikey-dashboard`, as its pod runs it; the answer is its origin. Whoever looks brings a token."""
        view = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))["clusters"][0]["cluster"]
        authority = self.dir / "api-server.crt"
        authority.write_bytes(base64.b64decode(view["certificate-authority-data"]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        origin = f"http://127.0.0.1:{port}"
        process = self.start(
            "page", PROGRAMS / "yubikey-dashboard", "--listen", f"127.0.0.1:{port}", "--origin", origin,
            "--api-server", view["server"], "--certificate-authority", authority, environment={"KUBECONFIG": "/nowhere"})
        self.first_line("page", process)
        return origin

    def account(self, name, *roles):
        """A token of a service account with these rules in the namespace: resources and verbs."""
        self.kubectl("create", "serviceaccount", name, "-n", NAMESPACE)
        for number, (resources, verbs) in enumerate(roles):
            role = f"{name}-{number}"
            self.kubectl("create", "role", role, "-n", NAMESPACE, f"--resource={resources}", f"--verb={verbs}")
            self.kubectl("create", "rolebinding", role, "-n", NAMESPACE, f"--role={role}", f"--serviceaccount={NAMESPACE}:{name}")
            resource, verb = resources.split(",")[0], verbs.split(",")[0]
            until(f"{name} may {verb} {resource}", lambda: self.run_kubectl(
                "auth", "can-i", verb, resource, "-n", NAMESPACE, "--as", f"system:serviceaccount:{NAMESPACE}:{name}").returncode == 0)
        return self.kubectl("create", "token", name, "-n", NAMESPACE).strip()
