"""Servers that are away for longer than a page tries in quick succession: every tab comes back by itself."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.nginx import nginx_before
from tests.support.page import HIDDEN, SOON, Line, Open, contents, states, stored, write
from tests.support.process import ServerStarter

QUICK_TRIES = 60
"""The seconds of the page's time in which its five quick tries have failed."""
AWAY = 60
"""The seconds of the page's time for which the servers are away after that."""
BACKGROUND_PAUSE = 30
"""The most seconds between two tries in the background."""


class Tab:
    """A tab with a clock of its own, and the line of its WebSockets."""

    def __init__(self, page: Page, line: Line) -> None:
        self.page = page
        self.line = line

    async def has_given_up(self) -> bool:
        return await self.page.locator("connection-status").get_attribute("data-state") == "disconnected"

    async def pass_time(self, seconds: int, until: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Let the page's time pass, second by second, `until` something holds."""
        for _ in range(seconds):
            await self.page.clock.run_for(1_000)
            if until and await until():
                return
        assert until is None, f"not within {seconds} s of the page's time"

    async def pass_time_to_the_next_try(self) -> None:
        tries = self.line.tries

        async def has_tried() -> bool:
            # Where the processor is busy, it may have tried, with success, before the tries were counted.
            return self.line.tries > tries or not await self.has_given_up()

        await self.pass_time(BACKGROUND_PAUSE, has_tried)


OpenTab = Callable[..., Coroutine[Any, Any, Tab]]


@pytest.fixture
def open_tab(open_page: Open) -> OpenTab:
    """Opens a tab of another person, on the thread at an address."""

    async def open(url: str, line: Line | None = None) -> Tab:
        page = await open_page("/static/favicon.svg")
        await page.clock.install()
        tab = Tab(page, line or Line())
        if line:
            await line.lay(page)
        else:
            page.on("websocket", tab.line.count)
        await page.goto(urljoin(page.url, url))
        return tab

    return open


@pytest.mark.parametrize("is_behind_nginx", [False, True], ids=["refused", "502 of nginx"])
async def test_after_a_minute_without_servers_every_tab_comes_back_untouched(
    open_tab: OpenTab,
    db: Connection,
    http: httpx.AsyncClient,
    start_server: ServerStarter,
    settings: dict[str, str],
    thread: int,
    is_behind_nginx: bool,
) -> None:
    elsewhere = (await http.post("/threads", json={"title": "Elsewhere"})).json()["id"]
    settings = settings | {"CHINWAG_SIGN_IN": "anyone"}  # nobody behind nginx is known to be on this computer
    server = start_server(settings)
    with ExitStack() as stack:
        url = (stack.enter_context(nginx_before([server])) if is_behind_nginx else server).url
        tabs = [await open_tab(f"{url}/threads/{id}") for id in (thread, thread, elsewhere)]
        await tabs[1].page.evaluate(HIDDEN)
        for number, tab in enumerate(tabs):
            await write(tab.page, f"before {number}")
            await is_well(tab.page)
        server.kill()
        for number, tab in enumerate(tabs):
            await tab.pass_time(QUICK_TRIES, tab.has_given_up)
            await write(tab.page, f"unsent {number}")  # which makes it try anew
            await tab.pass_time(QUICK_TRIES, tab.has_given_up)
            await expect(tab.page.get_by_role("button", name="Try again")).to_be_visible()
            await tab.pass_time(AWAY)
            assert await tab.has_given_up()
        start_server(settings, port=server.port)
        for tab in tabs:
            await tab.pass_time_to_the_next_try()
        for tab in tabs:
            await is_well(tab.page)
    said = await stored(db, thread)
    assert said[:2] == ["before 0", "before 1"]
    assert sorted(said[2:]) == ["unsent 0", "unsent 1"]
    assert await stored(db, elsewhere) == ["before 2", "unsent 2"]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/ws/threads", 4003), (r"/ws/threads/\d", None), ("/ws/threads$", None)],
    ids=["no database", "only the thread", "only the list"],
)
async def test_whichever_socket_was_given_up_comes_back_untouched(
    open_tab: OpenTab, db: Connection, thread: int, path: str, code: int | None
) -> None:
    line = Line(path, code)
    line.is_cut = True
    tab = await open_tab(f"/threads/{thread}", line)
    await write(tab.page, "unsent")

    async def has_used_up_its_tries() -> bool:
        return line.tries > 20

    await tab.pass_time(20 * BACKGROUND_PAUSE, has_used_up_its_tries)
    line.is_cut = False
    await tab.pass_time_to_the_next_try()
    await is_well(tab.page)
    await expect(contents(tab.page)).to_have_text(["unsent"])
    assert await stored(db, thread) == ["unsent"]


async def is_well(page: Page) -> None:
    """Wait until a page is connected and has nothing to send."""
    status = page.locator("connection-status")
    await expect(status).to_have_attribute("data-state", "connected", timeout=SOON)
    await expect(states(page)).to_have_count(0, timeout=SOON)
