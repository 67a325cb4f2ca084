"""A thread of 100,000 messages, of which the page holds what is near."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from bench.growth.past import content
from bench.page import PROBE
from bench.page.figures import Figure
from bench.page.first_paint import CLOCK
from chinwag.errors import LoadFailed

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PAGES = 200
"""How often a person scrolls to the end of the messages that are held."""

ABOUT = f"""\
A long thread is opened by its address. Then the page jumps to its first message and to the newest, searches
all messages for one in the middle and jumps to it, and scrolls upwards through {PAGES} pages of 50 messages.
The times run from the key, the click or the navigation to the frame that shows the message. The memory is
that of JavaScript after garbage collection, before those pages and after them."""

JUMP = """([detail, seq]) => probe.msUntilSeen(
    () => document.querySelector("message-list").dispatchEvent(new CustomEvent("jump", { detail })), seq)"""
CHOOSE = """(seq) => probe.msUntilSeen(
    () => document.querySelector("[role=option][aria-selected=true]").click(), seq)"""


async def measure(
    browser: "Browser", url: str, thread: int, messages: int, rounds: int
) -> list[Figure]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(path=CLOCK)
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    opened, first, newest, found = [], [], [], []
    for _ in range(rounds):
        opened.append(await _open(page, url, thread, content(messages)))
        first.append(await page.evaluate(JUMP, ["first", 1]))
        newest.append(await page.evaluate(JUMP, ["newest", messages]))
        found.append(await _find(page, messages // 2))
    before = await _heap(page)
    most = await page.evaluate("(times) => probe.readOlder(times)", PAGES)
    after = await _heap(page)
    await context.close()
    return [
        Figure("open at the end", "ms", opened, 500),
        Figure("jump to the first", "ms", first, 500),
        Figure("jump to the newest", "ms", newest, 500),
        Figure("search, first results", "ms", [one for one, _ in found], 500),
        Figure("from a result to its message", "ms", [one for _, one in found], 500),
        Figure("message elements in the document", "", [most], 500),
        Figure("memory before", "MB", [before]),
        Figure(f"memory after {PAGES} pages", "MB", [after]),
    ]


async def _open(page: "Page", url: str, thread: int, newest: str) -> float:
    await page.goto("about:blank")
    await page.goto(urljoin(url, f"/threads/{thread}"))
    painted = await page.evaluate("window.firstPaint")
    if painted["newest"] != newest:
        raise LoadFailed(f"the page shows {painted}")
    return float(painted["ms"])


async def _find(page: "Page", seq: int) -> tuple[float, float]:
    """Return the ms from the last key until the result is there, and from choosing it until the message is
    seen."""
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    searched = await field.evaluate(
        """(field, words) => new Promise((resolve) => {
            const start = performance.now();
            const look = () => document.querySelector(".messages [role=option]")
                ? resolve(performance.now() - start) : requestAnimationFrame(look);
            field.value = words;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            look();
        })""",
        str(seq),
    )
    return float(searched), float(await page.evaluate(CHOOSE, seq))


async def _heap(page: "Page") -> float:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("HeapProfiler.enable")
    await devtools.send("HeapProfiler.collectGarbage")
    await devtools.send("Performance.enable")
    answer: Any = await devtools.send("Performance.getMetrics")
    await devtools.detach()
    metrics = {metric["name"]: metric["value"] for metric in answer["metrics"]}
    return float(metrics["JSHeapUsedSize"]) / 1e6
