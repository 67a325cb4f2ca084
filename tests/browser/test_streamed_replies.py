"""A reply that is being written: it grows in every tab, on any server, and becomes its message."""

from collections.abc import AsyncIterator
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import SOON, Line, Open, act, contents, field, write
from tests.support.process import Server, ServerStarter
from tests.support.told_bot import Teller, ToldReply

BELOW = 40
"""The lines of a reply that is longer than the window."""

FROM_END = "(one) => one.scrollHeight - one.scrollTop - one.clientHeight"
OF_DOTS = """(selector) => {
    const { left, top, height } = document.querySelector(selector).getBoundingClientRect();
    const { bottom } = document.querySelector(".column").getBoundingClientRect();
    return [left, bottom - top - height / 2];
}"""
"""Where the dots are, in px from the left and from the end of the conversation."""
REMEMBER = "(one) => { window.remembered = one; }"
IS_REMEMBERED = "(one) => one === window.remembered"


@pytest.fixture(scope="module")
async def teller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with Teller.started(tmp_path_factory.mktemp("told")) as teller:
        yield teller


@pytest.fixture(scope="module")
def settings(teller: Teller) -> dict[str, str]:
    return teller.settings | {"CHINWAG_POSTS_PER_SECOND": "0"}


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, settings: dict[str, str], teller: Teller) -> Server:
    return start_server(settings, directory=teller.directory)


@pytest.fixture(scope="module")
def other(start_server: ServerStarter, settings: dict[str, str], teller: Teller) -> Server:
    """Another server on the same database."""
    return start_server(settings, directory=teller.directory)


@pytest.fixture
async def thread(http: httpx.AsyncClient) -> int:
    """The id of a new thread with the bot and one person."""
    response = await http.post("/threads", json={"title": "Thread"})
    id: int = response.json()["id"]
    return id


async def ask(page: Page, teller: Teller, question: str = "Why?") -> ToldReply:
    await write(page, question)
    reply = await teller.asked()
    assert reply.question == question
    await expect(page.locator(".thinking")).to_be_visible()
    return reply


async def test_a_reply_grows_in_two_tabs_on_two_servers_and_becomes_its_message(
    open_page: Open, teller: Teller, other: Server, thread: int
) -> None:
    one = await open_page(f"/threads/{thread}")
    two = await open_page(urljoin(other.url, f"/threads/{thread}"))
    reply = await ask(one, teller)
    await expect(two.locator(".thinking")).to_be_visible()
    reply.say("It is **so")
    for page in (one, two):
        await expect(contents(page).last).to_contain_text("It is")
        await contents(page).last.evaluate(REMEMBER)
    reply.say("** because.")
    for page in (one, two):
        await expect(contents(page)).to_have_text(["Why?", "It is so because."])
    await two.reload()
    await expect(two.locator(".entry[data-reply-to]")).to_be_visible()
    reply.say(" Really.")
    for page in (one, two):
        await expect(contents(page)).to_have_text(["Why?", "It is so because. Really."])
    reply.end()
    for page in (one, two):
        await expect(action(page, "Answer again")).to_be_attached()
        await expect(contents(page)).to_have_text(["Why?", "It is so because. Really."])
        await expect(page.locator(".typing")).to_be_hidden()
    assert await contents(one).last.evaluate(IS_REMEMBERED), "it is the same element"
    await one.reload()
    await expect(contents(one)).to_have_text(["Why?", "It is so because. Really."])


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


async def test_where_a_bot_types_its_reply_begins(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await answered(page, teller, "Hello", "Hello")
    await page.evaluate(
        """import("/static/model/store.js").then(({ store }) => {
            const { author } = store.messages.at(-1);
            store.typists.start({ thread_id: store.threadId, role: "assistant", author });
        })"""
    )
    await expect(page.locator(".typing")).to_be_visible()
    typing = await page.evaluate(OF_DOTS, ".typing i")
    await ask(page, teller)
    await expect(page.locator(".typing")).to_be_hidden()
    assert await page.evaluate(OF_DOTS, ".thinking .content") == pytest.approx(typing, abs=1)


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
    await page.goto("about:blank")
    await db.execute("update read_mark set read_seq = 0 where thread_id = $1", thread)
    await page.goto(address)
    await expect(contents(page)).to_have_text(["Why not?", "Not so."])
    await expect(page.locator(".unread-from:not([hidden])")).to_have_count(1)


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


async def test_the_view_follows_only_who_is_at_the_end(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    scroller = page.locator(".scroller")
    line = contents(page).last.get_by_text
    reply = await ask(page, teller)
    reply.say("\n\n".join(f"Line {number}." for number in range(BELOW)))
    await expect(line(f"Line {BELOW - 1}.")).to_be_in_viewport()
    await scroller.evaluate("(one) => one.scrollBy(0, -25)")
    before = await line(f"Line {BELOW - 5}.").bounding_box()
    for number in range(BELOW, 2 * BELOW):
        reply.say(f"\n\nLine {number}.")
    await expect(line(f"Line {2 * BELOW - 1}.")).to_be_attached()
    assert await line(f"Line {BELOW - 5}.").bounding_box() == before
    await scroller.evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
    reply.say("\n\nThe end.")
    await expect(line("The end.")).to_be_in_viewport()
    reply.end()
    await expect(action(page, "Answer again")).to_be_in_viewport()
    assert await scroller.evaluate(FROM_END) < 1


async def test_screen_readers_hear_sentences_and_the_end(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    spoken = page.locator(".spoken p")
    reply = await ask(page, teller)
    await expect(spoken).to_have_text(["Told replies."])
    for piece in ("It is ", "**so**", ". And th"):
        reply.say(piece)
    await expect(spoken).to_have_text(["Told replies.", "It is so."])
    reply.say("en?\n\n```sh\nls. -l\n```\n")
    await expect(spoken).to_have_text(["Told replies.", "It is so.", "And then?"])
    reply.end()
    await expect(spoken.last).to_have_text("The reply is complete.")
    live = page.locator("[aria-live]").filter(has=page.get_by_role("article"))
    await expect(live).to_have_count(0)


async def test_a_reply_is_copied(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}", permissions=["clipboard-read", "clipboard-write"])
    await answered(page, teller, "Why?", "It is **so**.")
    await page.get_by_role("article").last.focus()
    await page.keyboard.press("Tab")
    await expect(action(page, "Copy")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(action(page, "Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "It is **so**."


async def answered(page: Page, teller: Teller, question: str, answer: str) -> None:
    reply = await ask(page, teller, question)
    reply.say(answer)
    reply.end()
    await expect(action(page, "Answer again")).to_be_attached()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def action(page: Page, name: str) -> Locator:
    """A button at the newest message that has such a one."""
    return page.locator(".actions").get_by_role("button", name=name, exact=True).last
