"""The time from the start of a navigation until the messages of a thread are painted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from bench.browser import launched
from chinwag.errors import LoadFailed

if TYPE_CHECKING:
    from playwright.async_api import Browser

CLOCK = Path(__file__).with_name("first_paint.js")
PAGE = 50
"""The number of messages that the page reads when it is opened."""
LIMIT_MILLISECONDS = 20_000


async def paints(
    url: str, expected: Mapping[int, str], orders: Sequence[Sequence[int]]
) -> Mapping[int, Sequence[float]]:
    """Open the page of each thread, in each order, each time as a person who has nothing in the cache.

    Args:
        expected: the content of the newest message by thread; empty if there is none.

    Returns:
        By thread, the ms from the start of the navigation until its messages are painted.
    """
    taken: dict[int, list[float]] = defaultdict(list)
    async with launched() as browser:
        await paint(browser, url, orders[0][0], expected[orders[0][0]])  # what the first page pays for all
        for order in orders:
            for thread in order:
                taken[thread].append(await paint(browser, url, thread, expected[thread]))
    return taken


async def paint(browser: "Browser", url: str, thread: int, newest: str) -> float:
    """Return the ms until the messages of one thread are painted for a person who has nothing in the
    cache."""
    context = await browser.new_context()
    context.set_default_timeout(LIMIT_MILLISECONDS)
    try:
        await context.add_init_script(path=CLOCK)
        page = await context.new_page()
        await page.goto(urljoin(url, f"/threads/{thread}"))
        painted = await page.evaluate("window.firstPaint")
    finally:
        await context.close()
    if painted["newest"] != newest or painted["messages"] > PAGE:
        raise LoadFailed(f"the page of thread {thread} shows {painted}, and not {newest!r}")
    return float(painted["ms"])
