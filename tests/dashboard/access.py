"""Who may do what: another page of the browser nothing, a person without rights nothing, the keyboard everything."""

import http.server
import threading
from urllib.parse import urlsplit

from browser import new_context, person, picture
from world import NAMESPACE


def held(world, name):
    """A shipment that asks something, and the id of its question."""
    login = world.person(name)
    world.post(f"/people/{login}/enrollments", {"ageMinutes": 600})
    world.apply("YubiKeyShipment", name, {"connectionRef": {"name": "default"}, "userRef": {"login": login}, "key": {"model": "yubikey-5c-nfc"}})
    return world.until_status(name, "held", lambda s: s.get("hold"))["hold"]["id"]


class Evil(http.server.BaseHTTPRequestHandler):
    page = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_):
        pass


def another_page_of_the_browser_can_neither_answer_nor_read_nor_frame(world, browser):
    hold = held(world, "fay-ito")
    before = len(world.decisions())
    address = world.dashboard("-A")
    target = f"http://{urlsplit(address).netloc}"
    fields = {"namespace": NAMESPACE, "object": "yks/fay-ito", "hold": hold, "choice": "CancelOrder", "sure": "yes", "form": "x"}
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
    Evil.page = (f"<form method=post action='{target}/decisions'>{inputs}<button>Win</button></form>"
                 f"<iframe src='{target}/'></iframe>").encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = new_context(browser)
    try:
        # The person has the dashboard open in the same browser: the cookie is there.
        own = context.new_page()
        own.goto(address)
        own.wait_for_url(f"{target}/")
        for host in ("127.0.0.1", "localhost"):
            page = context.new_page()
            page.goto(f"http://{host}:{server.server_port}/")
            assert all("Who waits for what" not in (frame.content() if frame != page.main_frame else "") for frame in page.frames)
            read = page.evaluate("async (url) => { try { return (await (await fetch(url, {credentials: 'include'})).text()).length } catch { return -1 } }", target)
            assert read == -1, "what is shown cannot be read"
            with page.expect_navigation() as answer:
                page.get_by_role("button", name="Win").click()
            assert answer.value.status == 403, answer.value.status
            page.get_by_text("comes from another page of the browser").wait_for()
    finally:
        context.close()
        server.shutdown()
    assert len(world.decisions()) == before and world.status("fay-ito")["hold"]["id"] == hold


def a_stranger_to_the_token_sees_nothing(world, browser):
    address = world.dashboard("-A")
    context = new_context(browser)
    try:
        page = context.new_page()
        answer = page.goto(f"http://{urlsplit(address).netloc}/")
        assert answer.status == 401
        page.get_by_text("has not opened the address with the token").wait_for()
    finally:
        context.close()


def a_person_without_rights_sees_why(world, browser):
    with person(world, browser, "-A", "--as", "visitor") as page:
        page.get_by_text("cannot list resource \"yubikeyshipments\"").wait_for()
        page.get_by_text("You are visitor").wait_for()
        picture(page, "denied")
        page.get_by_role("link", name="Connections").click()
        page.get_by_text("cannot list resource \"yubikeyconnections\"").wait_for()


READ = ("yubikeyshipments.fidoprereg.dev,yubikeyrollouts.fidoprereg.dev", "get,list,watch")
DECIDE = ("yubikeydecisions.fidoprereg.dev", "create,get,list,watch")


def in_the_cluster_each_caller_has_their_own_rights_and_the_page_has_none(world, browser):
    held(world, "jo-orr")
    origin = world.dashboard_of_the_cluster()
    tokens = {"reader": world.account("reader", READ), "desk": world.account("desk", READ, DECIDE), "stranger": world.account("stranger")}

    def as_caller(name):
        # The part of the sign-in proxy.
        headers = {"authorization": f"Bearer {tokens[name]}"} if name else {}
        page = new_context(browser, extra_http_headers=headers).new_page()
        return page, page.goto(f"{origin}/?ns={NAMESPACE}")

    page, answer = as_caller(None)
    assert answer.status == 401
    page.get_by_text("brought no bearer token").wait_for()
    page, answer = as_caller("stranger")
    page.get_by_text("cannot list resource \"yubikeyshipments\"").wait_for()
    page.get_by_text(f"You are system:serviceaccount:{NAMESPACE}:stranger").wait_for()
    for name, said in (("reader", "cannot create resource \"yubikeydecisions\""), ("desk", "Accepted.")):
        page, answer = as_caller(name)
        assert answer.status == 200
        page.get_by_role("rowheader").get_by_role("link", name="jo-orr").click()
        page.get_by_role("link", name="CancelOrder").click()
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Decide").click()
        page.get_by_text(said).wait_for()
        page.context.close()
    record = world.until_status("jo-orr", "given up", lambda s: s.get("phase") == "Cancelled")["decisions"]
    assert [one["requestedBy"] for one in record] == [f"system:serviceaccount:{NAMESPACE}:desk"], record


def press_until(page, name, most=80):
    """The tabulator, until something has the focus; what has it can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate("(() => { const a = document.activeElement; const s = getComputedStyle(a); return {text: (a.textContent || a.id || a.name).trim(), id: a.id, outline: s.outlineStyle, width: parseFloat(s.outlineWidth)} })()")
        assert at["outline"] != "none" and at["width"] >= 2, f"the focus is not seen on {at}"
        if name in (at["text"], at["id"]) or (name.endswith("*") and at["text"].startswith(name[:-1])):
            return
    raise AssertionError(f"the keyboard never reaches {name}")


def everything_is_done_with_the_keyboard_alone(world, browser):
    held(world, "gus-oro")
    with person(world, browser) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main", "the way past the header"
        press_until(page, "q")
        page.keyboard.type("gus-oro")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=gus-oro**")
        press_until(page, f"{NAMESPACE}/gus-oro")
        page.keyboard.press("Enter")
        page.wait_for_url("**/shipments/**")
        press_until(page, "CancelOrder*")
        page.keyboard.press("Enter")
        page.wait_for_url("**/decide**")
        press_until(page, "reason")
        page.keyboard.type("has a key")
        press_until(page, "sure")
        page.keyboard.press("Space")
        press_until(page, "Decide*")
        page.keyboard.press("Enter")
        page.get_by_text("Accepted.", exact=True).wait_for()
    world.until_status("gus-oro", "given up", lambda s: s.get("phase") == "Cancelled")


TESTS = [
    another_page_of_the_browser_can_neither_answer_nor_read_nor_frame,
    a_stranger_to_the_token_sees_nothing,
    a_person_without_rights_sees_why,
    in_the_cluster_each_caller_has_their_own_rights_and_the_page_has_none,
    everything_is_done_with_the_keyboard_alone,
]
