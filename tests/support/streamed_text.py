"""Text that is being written, on the page."""

from typing import Any

from playwright.async_api import Page, expect

from tests.support.page import Open

# A message of nobody, in which `stream` writes. The last one is shown as it would be at once.
START = """async () => {
    const { StreamedText } = await import("/static/bundle/app/text/streamed-text.js");
    const { formatted } = await import("/static/bundle/app/text/formatted-text.js");
    window.StreamedText = StreamedText;
    window.formatted = formatted;
    window.told = document.createElement("div");
    told.className = "content";
    document.querySelector(".entries").append(told);
    window.streamed = new StreamedText(told);
    window.stream = (text, from = 0, step = 20) => {
        for (let end = from; end < text.length; end += step) streamed.show(text.slice(0, end));
    };
}"""


async def start(open_page: Open, thread: int, **options: Any) -> Page:
    """Open a tab on a thread, in which a test can have text written."""
    page = await open_page(f"/threads/{thread}", **options)
    await expect(page.locator(".entries")).to_be_attached()
    await page.evaluate(START)
    return page
