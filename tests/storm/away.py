"""`python -m tests.storm.away`: a server is away for a minute, and every tab comes back untouched.

Three tabs of one browser: one that is seen, one that is hidden, one on another thread. In each, a message is
sent while the server is away. The exit status is 1 if a tab is not connected, or a message is not stored,
within 30 s of the server's return.
"""

import asyncio
import sys
import time
from urllib.parse import urljoin

import click
from playwright.async_api import BrowserContext, Page, async_playwright
from playwright.async_api import TimeoutError as TooLate

from tests.storm.alone import Alone, alone
from tests.support.chromium import launch
from tests.support.page import HIDDEN, contents, states, stored, write

WELL = 'connection-status[data-state="connected"]'


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="How long the server is away.")
@click.option("--limit", default=30.0, show_default=True, help="Seconds in which all is well again.")
def main(seconds: float, limit: float) -> None:
    """Kill the server, start it again after a while, and watch the tabs of a browser."""
    sys.exit(asyncio.run(measure(seconds, limit)))


async def measure(seconds: float, limit: float) -> int:
    async with alone("away", {}) as one, async_playwright() as playwright:
        chromium = await launch(playwright)
        db = await one.connect()
        threads = [await db.fetchval("insert into thread default values returning id") for _ in range(2)]
        tabs = await _open(await chromium.new_context(), one, [threads[0], threads[0], threads[1]])
        await tabs[1].evaluate(HIDDEN)
        await asyncio.to_thread(one.server.kill)
        for number, tab in enumerate(tabs):
            await write(tab, f"unsent {number}")
        await asyncio.sleep(seconds)
        shown = [await tab.locator("connection-status").get_attribute("data-state") for tab in tabs]
        click.echo(f"after {seconds:g} s without a server the tabs are {', '.join(map(str, shown))}")
        await one.start()
        back = time.monotonic()
        are_well = await asyncio.gather(*(_is_well(tab, back, limit) for tab in tabs))
        there = [content for thread in threads for content in await stored(db, thread)]
        click.echo(f"stored: {', '.join(sorted(there))}")
        await chromium.close()
    return 0 if all(are_well) and sorted(there) == ["unsent 0", "unsent 1", "unsent 2"] else 1


async def _open(context: BrowserContext, one: Alone, threads: list[int]) -> list[Page]:
    tabs = []
    for thread in threads:
        tabs.append(await context.new_page())
        await tabs[-1].goto(urljoin(one.server.url, f"/threads/{thread}"))
        await tabs[-1].locator(WELL).wait_for(state="attached")
        await contents(tabs[-1]).first.or_(tabs[-1].get_by_text("Nothing here yet")).wait_for()
    return tabs


async def _is_well(tab: Page, since: float, limit: float) -> bool:
    """Whether the page is connected and has nothing to send, in time."""
    deadline = since + limit
    try:
        await tab.locator(WELL).wait_for(state="attached", timeout=1000 * limit)
        await (
            states(tab)
            .nth(0)
            .wait_for(state="detached", timeout=1000 * max(0.001, deadline - time.monotonic()))
        )
    except TooLate:
        click.echo(f"a tab is not well after {limit:g} s")
        return False
    click.echo(f"a tab is connected and has sent all after {time.monotonic() - since:.1f} s")
    return True


if __name__ == "__main__":
    main()
