"""First paint, in a real Chromium."""

import importlib.util
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from bench.load import Unfit

if TYPE_CHECKING:
    from playwright.async_api import Browser

CLOCK = Path(__file__).with_name("paint.js")
OPTIONS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync"]
PAGE = 50
"""Messages that the page reads when it is opened."""
LIMIT_MILLISECONDS = 20_000


def missing() -> str | None:
    """What has to be installed before a page can be opened, if anything."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is missing: pip install playwright"
    if shutil.which("chromium") is None:
        return "Chromium is missing; on Debian: apt install chromium"
    return None


def version() -> str:
    command = [shutil.which("chromium") or "chromium", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:2])


async def paints(
    url: str, expected: Mapping[int, str], orders: Sequence[Sequence[int]]
) -> Mapping[int, Sequence[float]]:
    """Open the page of threads, in each order, each time as a person who has nothing in the cache.

    Args:
        expected: the content of the newest message by thread, empty for none.

    Returns:
        By thread, ms from the start of the navigation until its messages are painted.

    Raises:
        Unfit: a page did not show the messages that it should.
    """
    from playwright.async_api import async_playwright  # only here: it need not be installed for the rest

    taken: dict[int, list[float]] = defaultdict(list)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=OPTIONS
        )
        await _paint(browser, url, orders[0][0], expected[orders[0][0]])  # what the first page pays for all
        for order in orders:
            for thread in order:
                taken[thread].append(await _paint(browser, url, thread, expected[thread]))
        await browser.close()
    return taken


async def _paint(browser: "Browser", url: str, thread: int, newest: str) -> float:
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
        raise Unfit(f"the page of thread {thread} shows {painted}, and not {newest!r}")
    return float(painted["ms"])
