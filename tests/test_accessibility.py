"""The page is for everybody: by keyboard, in the dark, on a small screen, and as axe sees it."""

from urllib.parse import urljoin

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from app.database import Connection
from tests.page import REFUSED, Open, act, contents, field, item, write

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "1000"}


async def test_everything_can_be_done_with_the_keyboard(open_page: Open) -> None:
    page = await open_page("/")
    await page.get_by_role("button", name="New chat").first.press("Enter")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await expect(contents(page)).to_have_text(["by keyboard"])
    await page.get_by_role("button", name="What to do with this chat").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Pin")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Renamed")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Renamed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_axe_finds_nothing(
    open_page: Open, db: Connection, thread: int, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 720}
    await db.execute("insert into message (thread_id, content) values ($1, 'one')", thread)
    await db.execute("insert into message (thread_id, role, content) values ($1, 'assistant', 'two')", thread)
    look = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = await open_page(f"/threads/{thread}", **look)
    await expect(contents(page)).to_have_text(["one", "two"])
    await write(page, REFUSED)
    await expect(page.get_by_text("Not sent")).to_be_visible()
    await write(page, "x" * 1001)
    await expect(page.get_by_text("It is too long")).to_be_visible()
    await expect(page.get_by_text("1 message could not be sent")).to_be_visible()
    await no_finding(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 720:
        await page.get_by_role("button", name="Chats").click()
        await expect(item(page, thread)).to_be_visible()
        await no_finding(page)
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="What to do with this chat").click()
    await no_finding(page)
    await page.get_by_role("button", name="Pin", exact=True).click()
    await act(page, "Rename")
    await no_finding(page)
    await page.keyboard.press("Escape")
    await act(page, "Delete")
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await no_finding(page)
    await page.keyboard.press("Control+z")
    await page.goto(urljoin(page.url, "/threads/999999"))
    await expect(page.get_by_text("This chat is gone")).to_be_visible()
    await no_finding(page)


async def no_finding(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
