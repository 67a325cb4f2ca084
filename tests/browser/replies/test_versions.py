"""A reply is written again, a question edited, a failure tried again: all versions are there to be read."""

from urllib.parse import urljoin

import httpx
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Open, contents, field, write
from tests.support.process import Server
from tests.support.sql import until
from tests.support.told_bot import Teller
from tests.support.told_replies import action, answered, ask, button

ALL_IS_READ = """
    select read_seq = last_seq from read_mark join thread on thread.id = thread_id where thread_id = $1
"""


async def test_a_failure_is_told_and_is_tried_again(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    reply.say("Half of")
    reply.fail("model_stalled")
    await expect(page.get_by_text("The model stopped in the middle")).to_be_visible()
    await expect(button(page, "Stop the reply")).to_be_hidden()
    await page.reload()
    await expect(page.get_by_text("The model stopped in the middle")).to_be_visible()
    await no_finding(page)
    await button(page, "Try again").click()
    again = await teller.asked()
    await expect(page.get_by_text("The model stopped in the middle")).to_be_hidden()
    again.say("All of it.")
    again.cut()
    await expect(page.get_by_text("Cut off at the limit", exact=True)).to_be_visible()
    await expect(contents(page)).to_have_text(["Why?", "All of it."])


async def test_a_reply_is_written_again_and_its_versions_are_switched_by_keys(
    open_page: Open, teller: Teller, other: Server, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    two = await open_page(urljoin(other.url, f"/threads/{thread}"))
    await answered(page, teller, "Why?", "First.")
    await action(page, "Answer again").click()
    again = await teller.asked()
    assert again.question == "Why?"
    again.say("Second")
    for tab in (page, two):
        await expect(contents(tab)).to_have_text(["Why?", "Second"])
        await expect(tab.get_by_text("2/2")).to_be_visible()
    again.say(".")
    again.end()
    for tab in (page, two):
        await expect(contents(tab)).to_have_text(["Why?", "Second."])
    await expect(action(page, "Answer again")).to_be_visible()
    await no_finding(page)
    await action(page, "Previous version").focus()
    await page.keyboard.press("Enter")
    await expect(contents(page)).to_have_text(["Why?", "First."])
    await expect(page.get_by_label("Version 1 of 2")).to_be_visible()
    await expect(action(page, "Previous version")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(contents(page)).to_have_text(["Why?", "Second."])
    await expect(contents(two)).to_have_text(["Why?", "Second."])
    await page.goto(urljoin(page.url, f"/threads/{thread}/2"))
    await expect(contents(page)).to_have_text(["Why?", "First."])


async def test_a_version_that_is_not_held_is_read(
    open_page: Open, teller: Teller, http: httpx.AsyncClient, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await answered(page, teller, "Why?", "First.")
    for number in range(60):
        await write(page, f"n {number}")
        (await teller.asked()).end()
    await http.post(f"/threads/{thread}/messages/2/regenerate")
    again = await teller.asked()
    again.say("Second.")
    again.end()
    await expect(contents(page).filter(has_text="Second.")).to_have_count(1)
    await page.reload()
    await page.locator(".scroller").hover()
    second = page.get_by_role("article").filter(has_text="Second.")
    await second.get_by_role("button", name="Previous version").click()
    await expect(contents(page).filter(has_text="First.")).to_have_count(1)
    await expect(second).to_have_count(0)


async def test_the_newest_question_is_edited(
    open_page: Open, teller: Teller, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await answered(page, teller, "Why?", "So.")
    await field(page).fill("something else")
    await action(page, "Edit").click()
    await expect(field(page)).to_have_value("Why?")
    await expect(page.get_by_text("You are editing your question")).to_be_visible()
    await no_finding(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("You are editing your question")).to_be_hidden()
    await expect(field(page)).to_have_value("something else")
    await action(page, "Edit").click()
    await field(page).fill("Why not?")
    await page.keyboard.press("Enter")
    reply = await teller.asked()
    assert reply.question == "Why not?"
    await expect(field(page)).to_have_value("something else")
    reply.say("Not so.")
    reply.end()
    await expect(contents(page)).to_have_text(["Why not?", "Not so."])
    await action(page, "Previous version").click()
    await expect(contents(page)).to_have_text(["Why?", "So."])
    address = page.url
    await until(db, ALL_IS_READ, thread)  # or the page would tell it as it is left
    await page.goto("about:blank")
    await db.execute("update read_mark set read_seq = 0 where thread_id = $1", thread)
    await page.goto(address)
    await expect(contents(page)).to_have_text(["Why not?", "Not so."])
    await expect(page.locator(".unread-from:not([hidden])")).to_have_count(1)


async def test_a_question_whose_reply_was_stopped_is_edited(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    reply.say("So")
    await expect(contents(page).last).to_have_text("So")
    await button(page, "Stop the reply").click()
    await reply.until_left()
    await action(page, "Edit").click()
    await field(page).fill("Why not?")
    await page.keyboard.press("Enter")
    again = await teller.asked()
    assert again.question == "Why not?"
    again.say("Not so.")
    again.end()
    await expect(contents(page)).to_have_text(["Why not?", "Not so."])


async def test_an_edited_question_survives_a_reload_and_is_sent_once(
    open_page: Open, teller: Teller, http: httpx.AsyncClient, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await answered(page, teller, "Why?", "So.")
    await action(page, "Edit").click()
    await page.context.set_offline(True)
    await field(page).fill("Why not?")
    await page.keyboard.press("Enter")
    await expect(contents(page)).to_have_text(["Why not?"])
    await page.context.set_offline(False)
    await page.reload()
    (await teller.asked()).end()
    messages = (await http.get(f"/threads/{thread}/messages", params={"after": 2})).json()
    assert [(one["content"], one["replaces"]) for one in messages[:1]] == [("Why not?", 1)]
    assert sum(one["role"] == "user" for one in messages) == 1


async def test_a_reply_is_copied(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}", permissions=["clipboard-read", "clipboard-write"])
    await answered(page, teller, "Why?", "It is **so**.")
    await page.get_by_role("article").last.focus()
    await page.keyboard.press("Tab")
    await expect(action(page, "Copy")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(action(page, "Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "It is **so**."
