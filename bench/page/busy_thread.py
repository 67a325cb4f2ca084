"""A thread in which 100 messages arrive in a second, while a person writes, and while a person reads older
ones."""

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
"""The ms for which a person reads older messages."""
INSERT = "insert into message (thread_id, role, content) values ($1, 'assistant', $2)"

ABOUT = f"""\
{A_SECOND} messages per second are inserted into the open thread, one per commit, with some emphasis and code
in them. A key is pressed every 40 ms. The time runs from the event of the key to the end of the frame that
shows it. The second line has Chromium's own event timing, which has steps of 8 ms, leaves out what is below
16 ms, and ends when the frame is presented. There are some lines in the field already: when it is empty,
this Chromium, which has no screen, does not present what a key alone changes, and its event timing would
show when the next messages came. Then the reader scrolls up and reads for {READING / 1000:g} s, and each
frame is checked for how far the text has moved."""


async def measure(
    browser: "Browser", url: str, database_url: str, thread: int, rounds: int, *, small: bool = False
) -> list[Figure]:
    text, reading = (TEXT[:10], 500) if small else (TEXT, READING)
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
            await page.keyboard.type(text, delay=40)
        keys: Any = await page.evaluate("window.keys")
        await page.locator(".scroller").evaluate("(scroller) => scroller.scrollBy(0, -1500)")
        moved = [float(await page.evaluate("(ms) => probe.movedBy(ms)", reading)) for _ in range(rounds)]
    await context.close()
    return [
        Figure("a key until its frame", "ms", keys["toFrame"], 50),
        Figure("the same as event timing has it", "ms", keys["eventTiming"], 50),
        Figure("shift of the text that is being read", "px", moved, 0),
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
