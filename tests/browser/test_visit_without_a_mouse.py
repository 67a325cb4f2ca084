"""A visit without a mouse, from the first word to bringing back a chat that was deleted."""

import pytest
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, field, item

TABS = 40
"""More than there are things to stop at on the page."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"}


async def test_a_visit_by_keyboard_alone(open_page: Open, db: Connection) -> None:
    page = await open_page("/")
    press = page.keyboard.press
    await expect(page.get_by_text("What’s on your mind?")).to_be_visible()

    # A conversation, in two chats.
    await say(page, "Is the walrus back?")
    await expect(contents(page)).to_have_text(["Is the walrus back?"] * 2)
    await say(page, "Since Monday.")
    await expect(contents(page)).to_have_count(4)
    await tab_to(page, "button", "New chat")
    await press("Enter")
    await say(page, "Something else")
    await expect(contents(page)).to_have_count(2)
    second = await opened(page)

    # A name.
    await page.evaluate("customElements.whenDefined('thread-actions').then(() => {})")
    await press("F2")
    await page.keyboard.type("Odds and ends")
    await press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Odds and ends")
    await expect(field(page)).to_be_focused()

    # A search leads to the other one.
    await press("Control+k")
    await page.keyboard.type("walrus ba")
    await expect(page.get_by_role("option")).to_have_count(3)  # its title, and what both said
    await press("ArrowDown")
    await press("Enter")
    await expect(page.get_by_role("article").nth(1)).to_be_focused()
    first = await opened(page)
    assert first != second

    # From message to message, back to writing, to the chat below.
    await press("ArrowUp")
    await expect(page.get_by_role("article").nth(0)).to_be_focused()
    await press("/")
    await expect(field(page)).to_be_focused()
    await press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Odds and ends")

    # It is deleted, brought back, and deleted by the menu.
    await tab_to(page, "button", "What to do with this chat")
    await press("Control+Shift+Backspace")
    await expect(item(page, second)).to_have_count(0)
    await press("Control+z")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Odds and ends")
    await expect(item(page, second)).to_be_visible()
    await tab_to(page, "button", "What to do with this chat")
    await press("Enter")
    for _ in range(4):
        await press("Tab")
    await expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    await press("Enter")
    await tab_to(page, "button", "Dismiss")
    async with page.expect_response(lambda response: response.request.method == "DELETE"):
        await press("Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Is the walrus back?")
    assert [row["id"] for row in await db.fetch("select id from thread")] == [first]


async def say(page: Page, content: str) -> None:
    await expect(field(page)).to_be_focused()
    await page.keyboard.type(content)
    await page.keyboard.press("Enter")


async def tab_to(page: Page, role: str, name: str) -> None:
    wanted = page.get_by_role(role, name=name, exact=True).locator("visible=true")  # type: ignore[arg-type]
    for _ in range(TABS):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("(one) => one === document.activeElement"):
            return
    pytest.fail(f"the Tab key does not lead to {name}")


async def opened(page: Page) -> int:
    await page.wait_for_url("**/threads/**")
    return int(page.url.split("/threads/")[1].split("/")[0])
