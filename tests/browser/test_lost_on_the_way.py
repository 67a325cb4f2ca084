"""What is lost between the page and the database is sent again, until it is stored or discarded."""

import asyncio
import json
import re
from urllib.parse import urljoin

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from chinwag.db.pool import Connection
from tests.support.page import (
    DICE_AT_LEAST,
    WAITING,
    Line,
    Open,
    all_is_stored,
    item,
    states,
    write,
)


@pytest.mark.parametrize("is_given_up", [False, True], ids=["for a moment", "until it is given up"])
async def test_what_was_lost_on_its_way_is_sent_again(
    open_page: Open, db: Connection, thread: int, is_given_up: bool
) -> None:
    page, line = await open_losing_first(open_page, thread, then_cut=is_given_up)
    for content in ("one", "two"):
        await write(page, content)
    if is_given_up:
        await expect(page.get_by_text("Not connected")).to_be_visible()
        await expect(states(page)).to_have_text([WAITING] * 2)
        line.is_cut = False
        await page.get_by_role("button", name="Try again").click()
    await all_is_stored(page, db, thread, ["one", "two"])


async def test_what_was_lost_on_its_way_can_be_discarded(
    open_page: Open, db: Connection, thread: int
) -> None:
    page, line = await open_losing_first(open_page, thread, then_cut=True)
    await write(page, "one")
    await expect(states(page)).to_have_text([WAITING])
    await write(page, "two")
    discarded = page.get_by_role("article").filter(has_text="one")
    await discarded.get_by_role("button", name="Discard").click()
    await expect(page.get_by_text("Not connected")).to_be_visible()
    line.is_cut = False
    await page.get_by_role("button", name="Try again").click()
    await all_is_stored(page, db, thread, ["two"])


async def test_a_database_that_is_away_for_long_makes_nothing_fail(
    open_page: Open, db: Connection, thread: int
) -> None:
    refusals = 0

    def meddle(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            nonlocal refusals
            message = json.loads(frame)
            if "content" not in message or refusals == 12:
                return server.send(frame)
            refusals += 1
            error = {"code": "database_unavailable", "message": "", "client_id": message["client_id"]}
            browser.send(json.dumps({"type": "error", "data": error}))

        browser.on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.add_init_script(DICE_AT_LEAST)
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), meddle)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(item(page, thread)).to_be_visible()
    said = ["one", "two"]
    for content in said:
        await write(page, content)
    await all_is_stored(page, db, thread, said)


async def open_losing_first(open_page: Open, thread: int, *, then_cut: bool) -> tuple[Page, Line]:
    """Open a tab that never waits for a try, and whose first message is lost on its way, with its
    WebSocket."""
    line = Line()
    losses: list[asyncio.Task[None]] = []

    async def lose_first(browser: WebSocketRoute) -> None:
        if line.is_cut:
            return await browser.close()
        server = browser.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if losses or "content" not in str(frame):
                return server.send(frame)
            line.is_cut = then_cut
            losses.append(asyncio.create_task(browser.close()))

        browser.on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.add_init_script(DICE_AT_LEAST)
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), lose_first)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(item(page, thread)).to_be_visible()
    return page, line
