"""The first visit of a person who has nothing in the cache."""

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from bench.growth.past import content
from bench.page.figures import Figure
from bench.page.first_paint import paint

if TYPE_CHECKING:
    from playwright.async_api import Browser

MESSAGES = 30

ABOUT = f"""\
A browser with a new profile opens the address of a thread with {MESSAGES} short messages. The bytes are
those of all answers with their headers, until nothing has been requested for half a second. What is loaded
later, when somebody opens it, such as the search, is not included. The first message counts as painted with
the frame that shows it; the time runs from the start of the navigation, and is measured in other visits,
because it takes time to count bytes. The server, PostgreSQL and Chromium (without GPU) share the machine."""


async def measure(browser: "Browser", url: str, thread: int, rounds: int) -> list[Figure]:
    weights = [await _weigh(browser, url, thread) for _ in range(rounds)]
    kilobytes, requests = ([weight[number] for weight in weights] for number in range(2))
    newest = content(MESSAGES)
    milliseconds = [await paint(browser, url, thread, newest) for _ in range(6 * rounds)]
    return [
        Figure("over the wire", "kB", kilobytes, 55),
        Figure("requests", "", requests),
        Figure("first message painted", "ms", milliseconds, 300, of_median=True),
    ]


async def _weigh(browser: "Browser", url: str, thread: int) -> tuple[float, float]:
    """Return the kB and the number of requests of one visit."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        network = await context.new_cdp_session(page)
        requests: list[str] = []
        sizes: list[float] = []
        network.on("Network.requestWillBeSent", lambda event: requests.append(event["request"]["url"]))
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        await network.send("Network.enable")
        await page.goto(urljoin(url, f"/threads/{thread}"), wait_until="networkidle")
        return sum(sizes) / 1000, len(requests)
    finally:
        await context.close()
