"""Readers that are the browser's own code, in a real Chromium whose network goes away and whose laptop
sleeps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from playwright.async_api import BrowserContext, CDPSession, Page, async_playwright

from tests.storm.history import History, Reading
from tests.storm.persons import Person
from tests.support.chromium import launch

READ_SECONDS = 0.5

FOLLOW = """
    async ([thread, after]) => {
        const { WebSocketService } = await import("/static/net/websocket-service.js");
        const service = WebSocketService.getInstance();
        window.taken = [];
        window.oddities = [];
        for (const type of ["gone", "rewound"])
            service.addEventListener(type, () => window.oddities.push(type));
        setInterval(() => service.canRetry && service.retry(), 1000);  // as a person would
        const take = ({ seq, content }) => window.taken.push([seq, content.split(" ")[0]]);
        service.connect(thread, take, { after }).catch(() => {});
    }
"""
TAKE = "() => [window.taken.splice(0), window.oddities.splice(0)]"


class ReadingBrowser:
    """A page that follows a thread on one server, with the service of the chat's own page."""

    def __init__(self, page: Page, devtools: CDPSession, history: History, reading: Reading) -> None:
        self._page = page
        self._devtools = devtools
        self._history = history
        self.reading = reading

    async def run(self) -> None:
        while True:
            lines, oddities = await self._page.evaluate(TAKE)
            for seq, label in lines:
                # As it comes: a repeat or a gap is for the judge.
                self._history.take(self.reading, (seq, label))
            self._history.oddities.extend(f"{self.reading.name}: {oddity}" for oddity in oddities)
            await asyncio.sleep(READ_SECONDS)

    async def set_offline(self, offline: bool) -> None:
        await self._page.context.set_offline(offline)

    async def set_asleep(self, asleep: bool) -> None:
        state = "frozen" if asleep else "active"
        await self._devtools.send("Page.setWebLifecycleState", {"state": state})


@asynccontextmanager
async def open_browsers(
    history: History, places: list[tuple[str, int]], person: Person
) -> AsyncIterator[list[ReadingBrowser]]:
    """Open a tab of a browser of its own for each pair of a server's URL and a thread."""
    if not places:
        yield []
        return
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        chromium = await launch(playwright)
        stack.push_async_callback(chromium.close)
        readers = []
        for url, thread in places:
            context = await chromium.new_context()
            token = person.headers["Cookie"].partition("=")[2]
            await context.add_cookies([{"name": "chinwag", "value": token, "url": url}])
            readers.append(await _follow(context, url, thread, history))
        yield readers


async def _follow(context: BrowserContext, url: str, thread: int, history: History) -> ReadingBrowser:
    page = await context.new_page()
    # A page of this server that has nothing to do itself.
    await page.goto(f"{url}/static/favicon.svg")
    devtools = await context.new_cdp_session(page)
    await page.evaluate(FOLLOW, [thread, 0])
    name = f"Chromium on thread {thread}"
    return ReadingBrowser(page, devtools, history, history.reading(name, thread))
