"""Runs the tests of the page; one line `ok` or `not ok` for each, and why below it."""

import os
import pathlib
import signal
import sys
import traceback

from playwright.sync_api import sync_playwright

import access
import looks
import stories
from world import World


def ended(*_):
    sys.exit(143)


def tests(words):
    found = [test for module in (stories, access, looks) for test in module.TESTS]
    named = [(test.__name__.replace("_", " "), test) for test in found]
    return [(name, test) for name, test in named if not words or any(word in name for word in words)]


def shown(browser):
    """What stood on the pages that are open."""
    return "\n".join(
        f"{page.url} shows:\n{page.inner_text('body')[:1500]}" for context in browser.contexts for page in context.pages)


def main(words):
    signal.signal(signal.SIGTERM, ended)
    failed = 0
    pictures = pathlib.Path(os.environ["SCREENSHOTS"])
    pictures.mkdir(parents=True, exist_ok=True)
    with World() as world, sync_playwright() as playwright:
        # Root in a container has no sandbox of the kernel to put the browser in.
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, test in tests(words):
            try:
                test(world, browser)
                print(f"ok {name}", flush=True)
            except Exception:  # one test that fails hides no other
                failed += 1
                print(f"not ok {name}\n{traceback.format_exc()}{shown(browser)}", flush=True)
            finally:
                for context in browser.contexts:
                    context.close()
        browser.close()
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
