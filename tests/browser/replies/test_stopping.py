"""A reply is stopped by a button or a key, from any tab, and by nothing else."""

from urllib.parse import urljoin

from playwright.async_api import expect

from tests.support.page import Line, Open, act, contents, field, write
from tests.support.process import Server
from tests.support.told_bot import Teller
from tests.support.told_replies import ask, button

SAFARI_ENDS_COMPOSITION = """(field) => field.dispatchEvent(
    new KeyboardEvent("keydown", { key: "Escape", keyCode: 229, bubbles: true, cancelable: true })
)"""


async def test_the_stop_button_is_where_send_is_while_the_field_is_empty(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    where = await button(page, "Send").bounding_box()
    reply = await ask(page, teller)
    reply.say("Once upon a time")
    await expect(button(page, "Stop the reply")).to_be_visible()
    assert await button(page, "Stop the reply").bounding_box() == where
    await field(page).press_sequentially("and")
    assert await button(page, "Send").bounding_box() == where
    await expect(button(page, "Stop the reply")).to_be_hidden()
    await field(page).fill("")
    await expect(contents(page).last).to_have_text("Once upon a time")
    await button(page, "Stop the reply").click()
    await reply.until_left()
    await expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    await expect(contents(page)).to_have_text(["Why?", "Once upon a time"])
    await expect(button(page, "Send")).to_be_visible()
    await expect(field(page)).to_be_focused()


async def test_escape_stops_from_another_tab_on_another_server(
    open_page: Open, teller: Teller, other: Server, thread: int
) -> None:
    one = await open_page(f"/threads/{thread}")
    two = await open_page(urljoin(other.url, f"/threads/{thread}"))
    reply = await ask(one, teller)
    reply.say("Once")
    await expect(contents(two).last).to_have_text("Once")
    await act(two, "Rename")
    await two.keyboard.press("Escape")  # means that the title stays
    reply.say(" upon")
    await expect(contents(two).last).to_have_text("Once upon")
    await two.keyboard.press("Escape")
    await reply.until_left()
    for page in (one, two):
        await expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
        await expect(contents(page)).to_have_text(["Why?", "Once upon"])


async def test_a_key_that_means_something_else_stops_nothing(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    await expect(button(page, "Stop the reply")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    await page.keyboard.down("Escape")
    await expect(page.get_by_role("dialog", name="Find")).to_be_hidden()
    await page.keyboard.down("Escape")  # it is held down for a little longer
    await page.keyboard.up("Escape")
    await page.keyboard.press("Shift+Escape")
    await field(page).focus()
    ime = await page.context.new_cdp_session(page)
    await ime.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    await expect(field(page)).to_have_value("にほ")
    await page.keyboard.press("Escape")
    await field(page).evaluate(SAFARI_ENDS_COMPOSITION)
    reply.say("Because.")
    reply.end()
    await expect(contents(page)).to_have_text(["Why?", "Because."])
    await expect(page.get_by_text("Stopped", exact=True)).to_have_count(0)


async def test_on_touch_no_keyboard_covers_what_was_said(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}", has_touch=True, is_mobile=True)
    reply = await ask(page, teller)
    reply.say("Once upon a time")
    await expect(contents(page).last).to_have_text("Once upon a time")
    await field(page).blur()
    await button(page, "Stop the reply").tap()
    await reply.until_left()
    await expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    await expect(field(page)).not_to_be_focused()


async def test_what_stops_is_loaded_before_a_reply_begins(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page("/static/favicon.svg")
    line = Line("/api/v1/ws/threads/")
    await line.lay(page.context)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(page.locator("main")).to_have_attribute("data-view", "open")
    await expect(page.locator("connection-status")).to_have_attribute("data-state", "connected")
    await line.cut()
    async with page.expect_request("**/elements/replies.js"):
        await write(page, "Why?")
    line.is_cut = False
    (await teller.asked()).end()


async def test_the_second_click_on_send_stops_nothing(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    first = await ask(page, teller)
    await expect(button(page, "Stop the reply")).to_be_visible()
    await field(page).fill("And then?")
    await button(page, "Send").dblclick()
    second = await teller.asked()
    first.say("Because.")
    first.end()
    await expect(contents(page)).to_contain_text(["Why?", "And then?", "Because.", ""])
    second.say("Then all was well.")
    second.end()
    await expect(contents(page)).to_have_text(["Why?", "And then?", "Because.", "Then all was well."])
    await expect(page.get_by_text("Stopped", exact=True)).to_have_count(0)
