"""What a person does and sees on the page, for the tests in a browser."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.async_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from chinwag.db.pool import Connection

Open = Callable[..., Coroutine[Any, Any, Page]]

SOON = 20_000
"""The ms in which a page is connected again, however its backoff falls out."""

# Of the dice that stretch the time between two tries: at once, or as late as can be.
DICE_AT_LEAST = "Math.random = () => 0"
DICE_AT_MOST = "Math.random = () => 0.999"

# From now on, the page believes that it is not seen.
HIDDEN = """Object.defineProperty(document, "hidden", { get: () => window.isHidden, configurable: true });
window.isHidden = true;"""

WAITING = "Waiting for the connection"

REFUSED = "the server takes no NUL\0"


class Line:
    """The WebSockets of a page, or of all tabs of a person: a test can cut them, count the tries, and send
    what a server would."""

    def __init__(self, path: str = "/api/v1/ws/", code: int | None = None) -> None:
        self.is_cut = False
        self.tries = 0
        self._sockets: list[WebSocketRoute] = []
        self._path = path
        self._code = code

    async def lay(self, to: Page | BrowserContext) -> None:
        """Route the WebSockets that are opened from now on."""
        await to.route_web_socket(re.compile(self._path), self._route)

    async def cut(self) -> None:
        """Close the WebSockets, and let no other get through."""
        self.is_cut = True
        for socket in self._sockets:
            await socket.close()

    def say(self, type: str, **data: Any) -> None:
        """Send a frame on each WebSocket that was opened."""
        for socket in self._sockets:
            socket.send(json.dumps({"type": type, "data": data}))

    def count(self, *_: object) -> None:
        self.tries += 1

    async def _route(self, browser: WebSocketRoute) -> None:
        self.count()
        if self.is_cut:
            await browser.close(code=self._code)
        else:
            browser.connect_to_server()
            self._sockets.append(browser)


async def open_live(open_page: Open, path: str) -> Page:
    """Open a tab on a thread, which is live: "before" has been written in it and is stored."""
    page = await open_page(path)
    await write(page, "before")
    await is_sent(page)
    return page


async def open_cut_off(open_page: Open, thread: int, script: str = "") -> tuple[Page, Line]:
    """Open a tab on a thread, in which no WebSocket gets through."""
    line = Line()
    line.is_cut = True
    page = await open_page("/static/favicon.svg")
    await page.context.add_init_script(script)
    await line.lay(page.context)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(field(page)).to_be_visible()
    return page, line


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def write(page: Page, content: str) -> None:
    await field(page).fill(content)
    await field(page).press("Enter")


async def act(page: Page, name: str) -> None:
    """Choose an action from the menu of the open thread."""
    await page.get_by_role("button", name="What to do with this chat").click()
    await page.locator(".menu").get_by_role("button", name=name, exact=True).click()


async def is_sent(page: Page) -> None:
    """Wait until the only message of a tab is stored."""
    await expect(page.locator(".message .state")).to_have_text(["Sent"])


async def all_is_stored(page: Page, db: Connection, thread: int, said: list[str]) -> None:
    """Wait until nothing in a tab waits to be stored; then check that it shows what was said, and that this
    is stored."""
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(said)
    assert await stored(db, thread) == said


async def stored(db: Connection, thread: int) -> list[str]:
    rows = await db.fetch("select content from message where thread_id = $1 order by seq", thread)
    return [row["content"] for row in rows]


async def kept(page: Page, what: str = "outbox") -> list[str]:
    """Return the names of what a browser keeps: messages that are to be sent, or a `draft`, or what is
    `read`."""
    keys: list[str] = await page.evaluate("Object.keys(localStorage)")
    return [key for key in keys if key.startswith(f"chinwag.{what}.")]


async def is_kept(page: Page, key: str, value: str) -> None:
    """Wait until a browser keeps this value under this key."""
    # Playwright's own wait_for_function is against the page's Content-Security-Policy.
    await page.evaluate(
        """([key, value]) => new Promise(resolve => {
            const look = () => (localStorage.getItem(key) === value ? resolve() : setTimeout(look, 5));
            look();
        })""",
        [f"chinwag.{key}", value],
    )


def states(page: Page) -> Locator:
    """Return what is said about the messages that are not known to be stored."""
    return page.locator(".message[data-state] .state")


def contents(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation").get_by_role("article").locator(".content")


def item(page: Page, thread: int) -> Locator:
    return page.locator(f"thread-list li[data-id='{thread}'] a")


def complaints_of(context: BrowserContext) -> list[str]:
    """Return a list, to which the complaints of all tabs of a person are added from now on: what is said in
    the console, what nobody has caught, and which other hosts are asked."""
    complaints: list[str] = []

    def note(url: str) -> None:
        if urlsplit(url).hostname != "127.0.0.1":
            complaints.append(url)

    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", lambda request: note(request.url))
    return complaints


def those_that_matter(complaints: list[str]) -> list[str]:
    return [one for one in complaints if not is_network_noise(one)]


def none_matters(complaints: list[str]) -> bool:
    return not those_that_matter(complaints)


def is_network_noise(text: str) -> bool:
    """Whether Chromium itself complains about a connection that the test broke, or about a thread or an
    account that does not exist."""
    broken = r"ERR_(INTERNET_|CONNECTION_|NETWORK_|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)"
    broken += "|closed before (the connection|receiving a handshake)"
    return bool(re.search(rf"{broken}|(status of|response code:) (401|404|409|413|502|503)", text))
