#!/usr/bin/env python3
"""Runs the tests against a sandbox of their own: run.py BINARY [NAME...]

With names, only tests whose name contains one of them. The last line counts.
"""

import logging
import os
import signal
import sys
import tempfile
import unittest
from pathlib import Path

import sandbox

here = Path(__file__).resolve().parent


def leave_home(directory):
    """The SDK reads OKTA_* variables, ~/.okta/okta.yaml, okta.yaml in the present
    directory, and sends loopback through HTTP_PROXY: none of it is meant for us."""
    for name in list(os.environ):
        if name.startswith("OKTA_") or name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            del os.environ[name]
    os.environ["HOME"] = directory
    os.chdir(directory)


def chosen(names):
    loader = unittest.TestLoader()
    if names:
        loader.testNamePatterns = [f"*{name}*" for name in names]
    return loader.discover(str(here), pattern="test_*.py")


def run(running, names):
    # After SSL_CERT_FILE is set: the SDK's HTTP library reads it when it is imported.
    import case

    case.SdkCase.sandbox = running
    # The loop of a test case complains of every step that takes a tenth of a
    # second, as the SDK's RSA does.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    return unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(chosen(names))


def count(result):
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped) + len(result.expectedFailures)
    passed = max(0, result.testsRun - failed - skipped)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed else 1


def interrupt(*_):
    raise KeyboardInterrupt


def main(binary, *names):
    # Like Ctrl-C, the one exception that unittest does not count as a failed test:
    # every block is left in order, so that the sandbox ends and its directory goes.
    signal.signal(signal.SIGTERM, interrupt)
    binary = str(Path(binary).resolve())
    with tempfile.TemporaryDirectory(prefix="sdk-test-") as directory:
        leave_home(directory)
        with sandbox.running(binary, directory) as running:
            os.environ["SSL_CERT_FILE"] = running.ca
            return count(run(running, names))


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
