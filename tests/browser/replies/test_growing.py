"""A reply that is being written grows in every tab, on any server, and becomes its message."""

import asyncio
from urllib.parse import urljoin

import pytest
from playwright.async_api import Route, expect

from tests.support.page import Open, contents, write
from tests.support.process import Server
from tests.support.told_bot import Teller
from tests.support.told_replies import action, answered, ask

BELOW = 40
"""The lines of a reply that is longer than the window."""

FROM_END = "(one) => one.scrollHeight - one.scrollTop - one.clientHeight"
OF_DOTS = """(selector) => {
    const { left, top, height } = document.querySelector(selector).getBoundingClientRect();
    const { bottom } = document.querySelector(".column").getBoundingClientRect();
    return [left, bottom - top - height / 2];
}"""
"""Where the dots are, in px from the left and from the end of the conversation."""
TOP = "(one) => one.getBoundingClientRect().top"
BOUNCE = """async (one) => {
    for (const beyond of [30, 60, 25, 0]) {
        const scrollTop = one.scrollHeight - one.clientHeight + beyond;
        Object.defineProperty(one, "scrollTop", { get: () => scrollTop, configurable: true });
        one.dispatchEvent(new Event("scroll"));
    }
    delete one.scrollTop;
}"""
REMEMBER = "(one) => { window.remembered = one; }"
IS_REMEMBERED = "(one) => one === window.remembered"


async def test_a_reply_is_shown_that_is_stored_before_the_page_can_show_how_it_grows(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    is_stored = asyncio.Event()

    async def load_late(route: Route) -> None:
        await is_stored.wait()
        await route.continue_()

    await page.route("**/elements/replies.js", load_late)
    await write(page, "Why?")
    reply = await teller.asked()
    reply.say("It is `so`.")
    await expect(page.locator(".entry[data-reply-to]")).to_be_attached()
    reply.end()
    await expect(contents(page)).to_have_text(["Why?", "It is so."])
    is_stored.set()
    await answered(page, teller, "And?", "Yes.")
    await expect(contents(page)).to_have_text(["Why?", "It is so.", "And?", "Yes."])


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


async def test_where_a_bot_types_its_reply_begins(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await answered(page, teller, "Hello", "Hello")
    await page.evaluate(
        """import("/static/bundle/app/model/store.js").then(({ store }) => {
            const { author } = store.messages.at(-1);
            store.typists.start({ thread_id: store.threadId, role: "assistant", author });
        })"""
    )
    await expect(page.locator(".typing")).to_be_visible()
    typing = await page.evaluate(OF_DOTS, ".typing i")
    await ask(page, teller)
    await expect(page.locator(".typing")).to_be_hidden()
    assert await page.evaluate(OF_DOTS, ".thinking .content") == pytest.approx(typing, abs=1)


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


async def test_what_is_being_selected_stays_under_the_mouse_and_selected(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    line = contents(page).last.get_by_text
    reply = await ask(page, teller)
    reply.say("\n\n".join(f"Line {number}." for number in range(BELOW)))
    await expect(line(f"Line {BELOW - 1}.")).to_be_in_viewport()
    before = await line(f"Line {BELOW - 3}.").bounding_box()
    assert before is not None
    await page.mouse.move(before["x"] + 1, before["y"] + 5)
    await page.mouse.down()
    reply.say("\n\nOne more.")
    await expect(line("One more.")).to_be_attached()
    await page.mouse.move(before["x"] + 400, before["y"] + 5, steps=3)  # beyond the end of the line
    assert await line(f"Line {BELOW - 3}.").evaluate(TOP) == before["y"]
    await page.mouse.up()
    reply.say("\n\nAnother.")
    await expect(line("Another.")).to_be_attached()
    reply.end()
    await expect(action(page, "Answer again")).to_be_attached()
    assert await line(f"Line {BELOW - 3}.").evaluate(TOP) == before["y"]
    assert (await page.evaluate("getSelection().toString()")).strip() == f"Line {BELOW - 3}."


async def test_code_is_as_wide_as_it_will_be(open_page: Open, teller: Teller, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    reply = await ask(page, teller)
    reply.say("```py\nif so:")
    await expect(page.locator("code-block")).to_contain_text("if so:")
    before = await page.locator("code-block").bounding_box()
    reply.say(f" {'x' * 30}")
    await expect(page.locator("code-block")).to_contain_text("x" * 30)
    after = await page.locator("code-block").bounding_box()
    assert before is not None
    assert after is not None
    assert before["width"] == after["width"]


async def test_a_click_in_the_text_leaves_nobody_behind(
    open_page: Open, teller: Teller, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    line = contents(page).last.get_by_text
    reply = await ask(page, teller)
    reply.say("\n\n".join(f"Line {number}." for number in range(BELOW)))
    await line(f"Line {BELOW - 3}.").click(button="right")
    await line(f"Line {BELOW - 3}.").click()
    reply.say("\n\nThe end.")
    await expect(line("The end.")).to_be_in_viewport()
    reply.end()


async def test_who_bounces_at_the_end_is_still_there(open_page: Open, teller: Teller, thread: int) -> None:
    """Safari lets one scroll beyond the end, and goes back by itself."""
    page = await open_page(f"/threads/{thread}")
    line = contents(page).last.get_by_text
    reply = await ask(page, teller)
    reply.say("\n\n".join(f"Line {number}." for number in range(BELOW)))
    await expect(line(f"Line {BELOW - 1}.")).to_be_in_viewport()
    await page.locator(".scroller").evaluate(BOUNCE)
    reply.say("\n\nAnd so on.\n\nThe end.")
    await expect(line("The end.")).to_be_in_viewport()
    reply.end()


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
