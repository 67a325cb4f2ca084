"""What axe finds (WCAG 2.2, and what is known to be good practice)."""

from typing import Any

from axe_playwright_python.async_playwright import DEFAULT_OPTIONS, Axe
from playwright.async_api import Page

EVERYTHING: dict[str, Any] = DEFAULT_OPTIONS
LOOKS: dict[str, Any] = DEFAULT_OPTIONS | {
    "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
}
"""The rules about colours and sizes: for a page of which only the looks have changed since axe has seen
it."""


async def no_finding(page: Page, rules: dict[str, Any] = EVERYTHING) -> None:
    # Axe is given to a document once: it is half a megabyte.
    is_there = await page.evaluate("'axe' in window")
    found = await (Axe("null") if is_there else Axe()).run(page, options=rules)
    assert found.violations_count == 0, found.generate_report()
