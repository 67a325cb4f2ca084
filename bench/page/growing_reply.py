"""A long reply that arrives in pieces, while a person writes."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import asyncpg

from bench.contestants import ROOT
from bench.page import PROBE
from bench.page.figures import Figure

if TYPE_CHECKING:
    from playwright.async_api import Browser

CHARACTERS = 50_000
PIECE = 625
PAUSE = 0.025
"""The seconds between two pieces: a server gathers what its bots write for so long."""
TEXT = "what is typed meanwhile, key by key, "
ASK = "insert into message (thread_id, content) values ($1, 'Tell me all.') returning id"
TELL = "select notify_frame($1, 0, frame('draft', $2::json))"

ABOUT = f"""\
A reply of {CHARACTERS // 1000} kB of Markdown arrives in the open thread, in pieces of {PIECE} characters,
one every {PAUSE * 1000:g} ms, in {CHARACTERS / PIECE * PAUSE:g} s. A key is pressed every 40 ms until the
reply is complete. The times of the keys are those of the busy thread."""


async def measure(
    browser: "Browser", url: str, database_url: str, thread: int, rounds: int, *, small: bool = False
) -> list[Figure]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    await page.goto(urljoin(url, f"/threads/{thread}"))
    await page.locator("textarea").fill(TEXT * 6)
    await page.locator("textarea").press("End")
    await page.evaluate("probe.watchKeys()")
    connection: Any = await asyncpg.connect(database_url)
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")[: CHARACTERS // 10 if small else CHARACTERS]
    for number in range(rounds):
        question = await connection.fetchval(ASK, thread)
        draft = {"thread_id": thread, "reply_to": question, "author": None}
        reply = page.locator(f'.entry[data-reply-to="{question}"] .content')
        while await reply.count() == 0:  # what shows replies is loaded with the first
            await connection.execute(TELL, thread, json.dumps(draft | {"ordinal": 1, "text": ""}))
            await asyncio.sleep(PAUSE)
        stream = asyncio.create_task(_tell(connection, thread, draft, f"{text}\n\nThe end of {number}."))
        while not stream.done():
            await page.keyboard.type(TEXT[:10] if small else TEXT, delay=40)
        stream.result()
        await reply.get_by_text(f"The end of {number}.").wait_for()
        end = json.dumps({"thread_id": thread, "reply_to": question})
        await connection.execute("select notify_frame($1, 0, frame('draft.end', $2::json))", thread, end)
        await reply.wait_for(state="detached")
    keys: Any = await page.evaluate("window.keys")
    await connection.close()
    await context.close()
    return [
        Figure("a key until its frame", "ms", keys["toFrame"], 50),
        Figure("the same as event timing has it", "ms", keys["eventTiming"], 50),
    ]


async def _tell(connection: Any, thread: int, draft: dict[str, object], text: str) -> None:
    """Tell the text in pieces."""
    start = time.perf_counter()
    for number in range(0, len(text), PIECE):
        piece = {"ordinal": 2 + number // PIECE, "append": text[number : number + PIECE]}
        await connection.execute(TELL, thread, json.dumps(draft | piece))
        await asyncio.sleep(start + number / PIECE * PAUSE - time.perf_counter())
