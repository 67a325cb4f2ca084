"""What a person does and sees on the page, for the tests in a browser."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page, WebSocketRoute

Open = Callable[..., Coroutine[Any, Any, Page]]


class Line:
    """The WebSockets of a page, or of all windows of a person: a test can cut them."""

    def __init__(self) -> None:
        self.is_cut = False

    async def lay(self, to: Page | BrowserContext) -> None:
        """For the sockets that are opened from now on."""
        await to.route_web_socket(re.compile("/api/v1/ws/"), self._route)

    async def _route(self, browser: WebSocketRoute) -> None:
        if self.is_cut:
            await browser.close()
        else:
            browser.connect_to_server()


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def write(page: Page, content: str) -> None:
    await field(page).fill(content)
    await field(page).press("Enter")


def contents(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation").get_by_role("article").locator(".content")


def item(page: Page, thread: int) -> Locator:
    return page.locator(f"thread-list li[data-id='{thread}'] a")


def is_network_noise(text: str) -> bool:
    """What Chromium itself says of a connection that we broke, or of a thread that we asked for in vain."""
    return bool(re.search(r"ERR_(INTERNET_|CONNECTION_|NETWORK_|EMPTY_RESPONSE)|status of 404", text))
