"""The page is for everybody: by keyboard, in the dark, on a small screen, and as axe sees it."""


import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.page import Open, contents, field

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


async def no_finding(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
