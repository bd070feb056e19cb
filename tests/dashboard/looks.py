"""What a screen reader, a small window and a dark room need."""

from access import held
from browser import accessible, new_context, open_shipment, person, picture
from world import NAMESPACE


def rollout(world):
    """A rollout that has waves, a budget and somebody who gets nothing."""
    world.person("ivy-ray")
    world.apply("YubiKeyRollout", "staff", {
        "connectionRef": {"name": "default"}, "mode": "DryRun", "budget": 20, "waves": [{"count": 1}, {"percent": 50}],
        "source": {"users": {"list": [{"login": "ivy-ray@example.com"}, {"login": "nobody@example.com"}]}},
        "template": {"spec": {"key": {"model": "yubikey-5c-nfc"}}}})


def every_page_is_accessible_in_light_and_dark_and_in_a_small_window(world, browser):
    hold = held(world, "hal-kay")
    rollout(world)
    paths = {
        "overview": "/", "questions": "/holds", "rollouts": "/rollouts", "connections": "/connections",
        "shipment": f"/shipments/{NAMESPACE}/hal-kay",
        "answer": f"/decide?namespace={NAMESPACE}&object=yks%2Fhal-kay&hold={hold}&choice=RetryOrder",
        "nothing": "/nowhere",
    }
    for scheme, width in (("light", 1180), ("dark", 1180), ("light", 340)):
        with person(world, browser, scheme=scheme, width=width) as page:
            base = page.url.rstrip("/")
            for name, path in paths.items():
                page.goto(base + path)
                page.get_by_role("heading", level=1).wait_for()
                if name == "rollouts":
                    page.get_by_text("Problems by reason").first.wait_for()
                accessible(page, f"{name}, {scheme}, {width} wide")
                beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert beyond <= 0, f"{name} is {beyond} wider than a window of {width}"
                if name in ("rollouts", "connections") and (scheme, width) == ("light", 1180):
                    picture(page, name)
                if name == "shipment" and (scheme, width) != ("light", 1180):
                    picture(page, "dark" if scheme == "dark" else "small")


def the_page_works_without_its_script(world, browser):
    address = world.dashboard("-A")
    context = new_context(browser, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("link", name="Go on to the overview").or_(page.get_by_role("heading", name="Who waits for what")).first.wait_for()
        page.goto(address.split("/enter")[0] + "/")
        page.get_by_label("Search").fill("no-such-person")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("No shipment has").wait_for()
    finally:
        context.close()


def a_click_counts_though_the_page_changes_between_press_and_release(world, browser):
    world.suspended("jo-fox")
    with person(world, browser) as page:
        open_shipment(page, "jo-fox")
        page.get_by_text("I have moved").hover()
        page.mouse.down()
        with page.expect_response(lambda answer: answer.url == page.url) as fresh:
            world.kubectl("label", "yks", "jo-fox", "-n", NAMESPACE, "team=blue")
        # Read once more: the page has had its turn by then.
        fresh.value.finished()
        page.evaluate("fetch(location.href).then((answer) => answer.text())")
        page.mouse.up()
        page.get_by_text("Nothing is ordered yet: correct the address in the Okta profile").wait_for()


TESTS = [
    every_page_is_accessible_in_light_and_dark_and_in_a_small_window,
    the_page_works_without_its_script,
    a_click_counts_though_the_page_changes_between_press_and_release,
]
