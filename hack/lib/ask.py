#!/usr/bin/env python3
"""Talks HTTP and JSON for the shell scripts, with nothing but the standard library.

ask.py port                              a free port on loopback
ask.py pod-port PORT                     that port, if pods can listen on it, else a free one
ask.py field FILE NAME                   one field of a JSON file
ask.py ok URL                            exit code 0 if it answers 2xx
ask.py get URL                           prints the answer
ask.py post URL [JSON]                   posts that or nothing, prints nothing
ask.py people URL                        id and first name of each person of a sandbox
ask.py connection FILE NAMESPACE         patch that points examples/connection.yaml at a sandbox
"""

import json
import socket
import sys
import urllib.error
import urllib.request

# Never through a proxy: everything asked here is on this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(url, data=None):
    try:
        with opener.open(urllib.request.Request(url, data=data), timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{url} answers {refusal.code}: {refusal.read().decode()[:300]}")
    except OSError as error:
        sys.exit(f"{url} does not answer: {error}")


def load(file):
    with open(file, encoding="utf-8") as text:
        return json.load(text)


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def pod_port(wished):
    """Each pod has an address of its own in 127/8, but a program that listens on
    a port of all addresses is in the way of all of them."""
    try:
        with socket.socket() as pod:
            pod.bind(("127.255.255.254", wished))
        return wished
    except OSError:
        return port()


def connection(file, namespace):
    """A merge patch: null removes what only a real organization has."""
    ready = load(file)
    return json.dumps({
        "spec": {
            "okta": {
                "orgUrl": ready["okta"],
                "signInHost": None,
                "rpId": None,
                "auth": {"privateKeyJwt": {
                    "clientId": ready["clientId"], "keyId": ready["keyId"], "algorithm": ready["algorithm"],
                }},
            },
            "yubico": {
                "apiUrl": ready["yubico"] + "/v1",
                "transportKeysUrl": ready["yubico"] + "/.well-known/yubico-transport-keys.jwks",
                "signingKeysUrl": ready["yubico"] + "/.well-known/yubico-sign.jwks",
            },
            # The sandbox leaves each state after seconds, not days.
            "polling": {"firstAfter": "3s", "interval": "1s"},
            "calls": {"timeout": "10s", "settle": "30s", "lookDelay": "1s"},
            "allowedNamespaces": {"names": [namespace]},
            # METHOD=console orders what is clicked; the one namespace may.
            "policy": {"sources": {"oktaConsole": "Allow"}},
        },
    })


def main(arguments):
    match arguments:
        case ["port"]:
            print(port())
        case ["pod-port", wished]:
            print(pod_port(int(wished)))
        case ["field", file, name]:
            print(load(file)[name])
        case ["ok", url]:
            call(url)
        case ["get", url]:
            print(call(url))
        case ["post", url]:
            call(url, data=b"")
        case ["post", url, body]:
            call(url, data=body.encode())
        case ["people", url]:
            for person in json.loads(call(url))["people"]:
                print(person["id"], person["login"].split("@")[0].replace(".", "-"))
        case ["connection", file, namespace]:
            print(connection(file, namespace))
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
