"""Who goes away in the middle of a reply and comes back sees it once, as it is now, and loses nothing."""

from urllib.parse import urljoin

from playwright.async_api import expect

from tests.support.page import SOON, Line, Open, contents, field
from tests.support.told_bot import Teller
from tests.support.told_replies import action, ask, button


async def test_what_has_ended_while_there_was_no_connection_is_shown_once(
    open_page: Open, teller: Teller, thread: int
) -> None:
    line = Line()
    page = await open_page("/static/favicon.svg")
    await line.lay(page.context)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    reply = await ask(page, teller)
    reply.say("Once upon")
    await expect(contents(page).last).to_have_text("Once upon")
    await line.cut()
    await expect(page.locator("connection-status")).not_to_have_attribute("data-state", "connected")
    await expect(contents(page)).to_have_text(["Why?", "Once upon"])
    reply.say(" a time.")
    reply.end()
    line.is_cut = False
    await expect(contents(page)).to_have_text(["Why?", "Once upon a time."], timeout=SOON)
    await expect(button(page, "Stop the reply")).to_be_hidden()


async def test_by_the_button_of_the_browser(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    reply.say("Once upon")
    await expect(contents(page).last).to_have_text("Once upon")
    await page.goto(urljoin(page.url, "/profile"))
    reply.say(" a time")
    await page.go_back()
    await expect(contents(page)).to_have_text(["Why?", "Once upon a time"])
    await expect(button(page, "Stop the reply")).to_be_visible()
    reply.say(" all was well.")
    await expect(contents(page).last).to_have_text("Once upon a time all was well.")
    await page.goto(urljoin(page.url, "/profile"))
    reply.end()
    await page.go_back()
    await expect(page.locator(".entry[data-seq]")).to_have_count(2)
    await expect(contents(page)).to_have_text(["Why?", "Once upon a time all was well."])
    await expect(button(page, "Stop the reply")).to_be_hidden()


async def test_to_a_tab_that_the_browser_had_frozen(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    tab = await page.context.new_cdp_session(page)
    reply = await ask(page, teller)
    reply.say("Once upon")
    await expect(contents(page).last).to_have_text("Once upon")
    await tab.send("Page.setWebLifecycleState", {"state": "frozen"})
    reply.say(" a time.")
    reply.end()
    await tab.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(contents(page)).to_have_text(["Why?", "Once upon a time."], timeout=SOON)
    await expect(button(page, "Stop the reply")).to_be_hidden()


async def test_to_what_was_being_written_meanwhile(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    await field(page).press_sequentially("And")
    reply.say("Because.")
    await expect(contents(page).last).to_have_text("Because.")
    await field(page).press_sequentially(" th")
    reply.end()
    await expect(action(page, "Answer again")).to_be_attached()
    await field(page).press_sequentially("en")
    await expect(field(page)).to_be_focused()
    await expect(field(page)).to_have_value("And then")
