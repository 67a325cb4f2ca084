"""What axe finds (WCAG 2.2, and what is known to be good practice)."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page


async def no_finding(page: Page) -> None:
    # Axe is given to a document once: it is half a megabyte.
    is_there = await page.evaluate("'axe' in window")
    found = await (Axe("null") if is_there else Axe()).run(page)
    assert found.violations_count == 0, found.generate_report()
