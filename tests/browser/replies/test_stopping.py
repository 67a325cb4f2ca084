"""A reply is stopped by a button or a key, from any tab, and by nothing else."""

from urllib.parse import urljoin

from playwright.async_api import expect

from tests.support.page import Open, act, contents, field
from tests.support.process import Server
from tests.support.told_bot import Teller
from tests.support.told_replies import ask, button


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
