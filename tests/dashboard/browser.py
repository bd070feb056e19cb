"""A person at the page: a browser that has opened the address, and watches what it loads."""

import contextlib
import os
import pathlib
from urllib.parse import urlsplit

PICTURES = pathlib.Path(os.environ["SCREENSHOTS"])
AXE = pathlib.Path(os.environ["AXE"])


def new_context(browser, **options):
    """A browser of its own, whose pages wait a minute for what is to be seen: the machine may be busy."""
    context = browser.new_context(**options)
    context.set_default_timeout(60_000)
    return context


@contextlib.contextmanager
def person(world, browser, *arguments, scheme="light", width=1180, height=860):
    """A page that has opened the address; at its end nothing may have come from another host, or been blocked."""
    address = world.dashboard(*(arguments or ("-A",)))
    context = new_context(browser, color_scheme=scheme, viewport={"width": width, "height": height}, locale="en-GB")
    page = context.new_page()
    host = urlsplit(address).netloc
    strange, faults = [], []
    page.on("request", lambda request: strange.append(request.url) if urlsplit(request.url).netloc != host else None)
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.wait_for_url(f"http://{host}/")
    try:
        yield page
    finally:
        context.close()
    assert not strange, f"requests to other hosts: {strange}"
    blocked = [fault for fault in faults if "Content Security Policy" in fault or "Error" in fault]
    assert not blocked, f"the browser complains: {blocked}"


def picture(page, name):
    page.screenshot(path=PICTURES / f"dashboard-{name}.png", animations="disabled")


def accessible(page, what):
    """No serious finding of axe-core. Its script goes in by the debugger, for the page's policy lets none in."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"] if one["impact"] in ("serious", "critical")
    ]
    assert not serious, f"{what}: {serious}"


def search(page, words):
    page.get_by_label("Search").fill(words)
    page.get_by_role("button", name="Show").click()


def open_shipment(page, name):
    """As the help desk does it: the caller says a name."""
    page.get_by_role("link", name="Overview").click()
    search(page, name)
    page.get_by_role("rowheader").get_by_role("link", name=name).click()


def decide(page, reason=""):
    """Confirms an answer."""
    page.get_by_label("Why, for the auditor").fill(reason)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("Accepted.", exact=True).wait_for()
