"""What a person does and sees on the page, for the tests in a browser."""

from playwright.async_api import Locator, Page


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def write(page: Page, content: str) -> None:
    await field(page).fill(content)
    await field(page).press("Enter")


def contents(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation").get_by_role("article").locator(".content")
