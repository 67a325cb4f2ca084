"""A thread in which 100 messages a second arrive, while one writes and while one reads what is older."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import asyncpg

from bench.page import PROBE
from bench.page.figures import Figure

if TYPE_CHECKING:
    from playwright.async_api import Browser

A_SECOND = 100
TEXT = "while the others write all the while, this is typed, key by key, as people do "
READING = 4_000
"""ms for which one reads what is older."""
INSERT = "insert into message (thread_id, role, content) values ($1, 'assistant', $2)"

ABOUT = f"""\
{A_SECOND} messages a second are inserted into the open thread, one a commit, with some emphasis and code in
them. Keys come every 40 ms: the time is from the key's event to the end of the frame that shows it, and
beside it Chromium's own event timing, which is in steps of 8 ms, leaves out what is below 16 and ends when
the frame is presented. There are some lines in the field already: when there are none, this Chromium, which
has no screen, does not present what a key alone changes, and its event timing tells when the next messages
came. Then one scrolls up and reads for {READING / 1000:g} s: how far the text has moved is looked at in
each frame."""


async def measure(browser: "Browser", url: str, database_url: str, thread: int, rounds: int) -> list[Figure]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    await page.goto(urljoin(url, f"/threads/{thread}"))
    await page.locator("textarea").fill(TEXT * 3)
    await page.locator("textarea").press("End")
    await page.evaluate("probe.watchKeys()")
    async with _flood(database_url, thread):
        await page.locator(".entry").nth(100).wait_for(state="attached")
        for _ in range(rounds):
            await page.keyboard.type(TEXT, delay=40)
        keys: Any = await page.evaluate("window.keys")
        await page.locator(".scroller").evaluate("(scroller) => scroller.scrollBy(0, -1500)")
        moved = [float(await page.evaluate("(ms) => probe.movedBy(ms)", READING)) for _ in range(rounds)]
    await context.close()
    return [
        Figure("a key until its frame", "ms", keys["toFrame"], 50),
        Figure("the same as event timing has it", "ms", keys["eventTiming"], 50),
        Figure("what is read has moved by", "px", moved, 0),
    ]


@asynccontextmanager
async def _flood(database_url: str, thread: int) -> AsyncIterator[None]:
    connection: Any = await asyncpg.connect(database_url)
    start = time.perf_counter()

    async def insert() -> None:
        for number in range(1_000_000):
            content = f"Message {number}, with some **emphasis** and `code`, as people write them."
            await connection.execute(INSERT, thread, content)
            await asyncio.sleep(start + number / A_SECOND - time.perf_counter())

    flood = asyncio.create_task(insert())
    try:
        yield
        if flood.done():
            flood.result()
    finally:
        flood.cancel()
        await asyncio.wait([flood])
        await connection.close()
