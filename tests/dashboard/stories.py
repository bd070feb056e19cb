"""The five stories of the help desk, told on the page."""

from browser import decide, open_shipment, person, picture
from world import NAMESPACE, until


def delete(page, summary, name):
    """Deletes the shipment on the page, as the section says, and waits for its end."""
    page.locator("details", has_text=summary).get_by_role("link", name="Delete the shipment").click()
    page.get_by_text("Shall this shipment be deleted?").wait_for()
    page.get_by_label("Type the name").fill(name)
    picture(page, "deletion")
    page.get_by_role("button", name="Delete the shipment").click()
    page.get_by_text("It is gone.", exact=True).wait_for()


def the_mail_with_the_pin_is_lost_and_sent_once_more(world, browser):
    order = world.ordered("ann-lee")
    world.parcel(order, 104)
    world.until_status("ann-lee", "activated", lambda s: s.get("phase") == "Activated" and s.get("pin", {}).get("mails"))
    with person(world, browser) as page:
        open_shipment(page, "ann-lee")
        picture(page, "journey")
        page.get_by_text("I never got the mail with the PIN").click()
        page.get_by_role("link", name="Send the PIN once more").click()
        decide(page, "lost the mail, identity checked by phone")
    status = world.until_status("ann-lee", "mailed twice", lambda s: len(s["pin"]["mails"]) == 2)
    record = status["decisions"][0]
    assert (record["action"], record["requestedBy"], record["accepted"]) == ("ResendPin", "admin", True), record
    assert len(world.mails("ann-lee@example.com")) == 2, world.mails("ann-lee@example.com")


def a_parcel_is_lost_the_page_tells_it_by_itself_and_its_key_is_made_useless(world, browser):
    order = world.ordered("bo-day")
    # Accepted: a state before that is a question of its own after a moment.
    world.parcel(order, 3)
    with person(world, browser) as page:
        row = page.get_by_role("row", name="bo-day")
        row.get_by_text("AwaitingShipment").wait_for()
        world.parcel(order, 105)
        # Nobody reloads: the page hears of it.
        row.get_by_text("ParcelLost").wait_for()
        picture(page, "overview")
        row.get_by_role("link", name="Answer").click()
        page.get_by_text("The parcel is lost. Shall its key be made useless?").first.wait_for()
        picture(page, "question")
        page.get_by_role("link", name="DiscardEnrollment").click()
        assert page.get_by_label("The pending enrolment's id").input_value(), "the page knows the enrolment"
        picture(page, "answer")
        decide(page, "the carrier gave it up")
    until("Okta has no key of the lost parcel", lambda: world.enrollments("bo-day@example.com") == [])
    [decision] = [one["spec"] for one in world.decisions() if one["spec"]["shipmentRef"]["name"] == "bo-day"]
    assert decision["reason"] == "the carrier gave it up" and decision["requestedBy"] == "admin", decision


def somebody_moved_before_the_shipment_and_the_page_says_what_is_still_possible(world, browser):
    world.suspended("cy-orr")
    with person(world, browser) as page:
        open_shipment(page, "cy-orr")
        page.get_by_text("I have moved").click()
        page.get_by_text("Nothing is ordered yet: correct the address in the Okta profile").wait_for()
        world.kubectl("patch", "yks", "cy-orr", "-n", NAMESPACE, "--type=merge", "-p", '{"spec":{"suspend":false}}')
        # What was opened stays open while the page changes by itself.
        page.get_by_text("the address of an order cannot be changed").wait_for()
        order = world.status("cy-orr")["order"]["shipmentId"]
        delete(page, "I have moved", "cy-orr")
    assert [(one["id"], one["deleted"]) for one in world.orders("cy-orr@example.com")] == [(order, True)]
    assert world.enrollments("cy-orr@example.com") == []


def an_answer_is_unknown_and_the_order_of_the_console_is_taken_over(world, browser):
    world.post("/settings", {"listPreregOrders": False})
    world.post("/faults", {"match": {"operation": "CreateFPRShipment"}, "effect": {"kind": "drop", "when": "after"}})
    world.ship("di-fay")
    with person(world, browser) as page:
        page.get_by_role("link", name="Questions").click()
        hold = page.locator("article", has_text="di-fay")
        hold.get_by_text("Does the Console show it?").wait_for()
        # The answer that may pay twice is marked as one, and asks for more than a click.
        hold.get_by_role("link", name="RetryOrder").click()
        page.get_by_text("This may pay for another key.").wait_for()
        assert page.get_by_label("Type the name").count() == 1
        picture(page, "warning")
        page.get_by_role("link", name="Do nothing").click()
        page.get_by_role("link", name="AdoptOrder").click()
        [order] = world.orders("di-fay@example.com")
        page.get_by_label("The order's id").fill(order["id"])
        decide(page, "found in the Console")
    world.until_status("di-fay", "taken over", lambda s: s.get("order", {}).get("shipmentId") == order["id"])
    assert len(world.orders("di-fay@example.com")) == 1, "no second key left"
    world.post("/settings", {"listPreregOrders": True})


def a_leaver_gets_no_key_that_signs_in_and_the_page_says_who_ends_it(world, browser):
    order = world.ordered("eve-roe")
    world.parcel(order, 103)
    world.until_status("eve-roe", "shipped", lambda s: s.get("phase") == "Shipped")
    world.post("/people/eve-roe@example.com", {"status": "DEPROVISIONED"})
    world.parcel(order, 104)
    with person(world, browser) as page:
        open_shipment(page, "eve-roe")
        page.get_by_text("UserNotEligible").first.wait_for()
        page.get_by_text("Nothing is to be answered").wait_for()
        page.get_by_text("They left the company").click()
        page.get_by_text("its key never signs in").wait_for()
        delete(page, "They left the company", "eve-roe")
    assert "ACTIVE" not in world.enrollments("eve-roe@example.com")
    assert not world.mails("eve-roe@example.com"), "no PIN was mailed"


TESTS = [
    the_mail_with_the_pin_is_lost_and_sent_once_more,
    a_parcel_is_lost_the_page_tells_it_by_itself_and_its_key_is_made_useless,
    somebody_moved_before_the_shipment_and_the_page_says_what_is_still_possible,
    an_answer_is_unknown_and_the_order_of_the_console_is_taken_over,
    a_leaver_gets_no_key_that_signs_in_and_the_page_says_who_ends_it,
]
